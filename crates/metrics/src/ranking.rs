//! How well scores put one class before the rest, whatever the threshold.

/// Area under the receiver operating characteristic: the chance that a picture of the class scores higher than one of the rest,
/// equal scores counting half. `None` where there are only pictures of one kind. `scores` and `is_class` go together.
pub fn roc_auc(scores: &[f64], is_class: &[bool]) -> Option<f64> {
    let ranked = ranked(scores, is_class);
    let positives = is_class.iter().filter(|it| **it).count() as f64;
    let negatives = is_class.len() as f64 - positives;
    if positives == 0.0 || negatives == 0.0 {
        return None;
    }
    let (mut wins, mut before) = (0.0, 0.0); // positives of higher score so far
    for (of_class, of_rest) in groups(&ranked) {
        wins += of_rest * (before + of_class / 2.0);
        before += of_class;
    }
    Some(wins / (positives * negatives))
}

/// Average precision, the area under the curve of precision against recall summed in steps:
/// `sum over thresholds of (recall_n - recall_(n-1)) * precision_n`. `None` where no picture is of the class.
pub fn average_precision(scores: &[f64], is_class: &[bool]) -> Option<f64> {
    let ranked = ranked(scores, is_class);
    let positives = is_class.iter().filter(|it| **it).count() as f64;
    if positives == 0.0 {
        return None;
    }
    let (mut area, mut found, mut seen) = (0.0, 0.0, 0.0);
    for (of_class, of_rest) in groups(&ranked) {
        found += of_class;
        seen += of_class + of_rest;
        area += of_class / positives * (found / seen);
    }
    Some(area)
}

/// Highest score first.
fn ranked(scores: &[f64], is_class: &[bool]) -> Vec<(f64, bool)> {
    let mut ranked: Vec<(f64, bool)> = scores.iter().copied().zip(is_class.iter().copied()).collect();
    ranked.sort_by(|one, other| other.0.total_cmp(&one.0));
    ranked
}

/// Of each run of equal scores, how many are of the class and how many are not.
fn groups(ranked: &[(f64, bool)]) -> impl Iterator<Item = (f64, f64)> {
    ranked.chunk_by(|one, other| one.0 == other.0).map(|equal| {
        let of_class = equal.iter().filter(|it| it.1).count();
        (of_class as f64, (equal.len() - of_class) as f64)
    })
}
