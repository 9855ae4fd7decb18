//! Medians and spread. Times have a long tail on a machine that does other things too; means would follow it.

/// How values are spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The lowest.
    pub min: f64,
    /// A quarter lies at or below it.
    pub lower: f64,
    /// Half lies at or below it.
    pub median: f64,
    /// Three quarters lie at or below it.
    pub upper: f64,
    /// The highest.
    pub max: f64,
}

/// The spread of `values`, linear between neighbours as `numpy.percentile` does it; `None` when there are none.
pub fn spread(values: &[f64]) -> Option<Spread> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    let at = |share: f64| {
        let place = share * last as f64;
        let (below, above) = (place.floor() as usize, place.ceil() as usize);
        sorted[below] + (sorted[above] - sorted[below]) * place.fract()
    };
    Some(Spread { min: at(0.0), lower: at(0.25), median: at(0.5), upper: at(0.75), max: at(1.0) })
}

/// The median; `None` when there are no values.
pub fn median(values: &[f64]) -> Option<f64> {
    spread(values).map(|spread| spread.median)
}

/// `theirs / ours`, repetition by repetition: what both measured while the machine was in one state. Repetitions that
/// one side lacks are left out.
pub fn ratios(theirs: &[(u32, f64)], ours: &[(u32, f64)]) -> Vec<f64> {
    let of = |repetition| ours.iter().find(|(other, _)| *other == repetition).map(|(_, value)| *value);
    theirs.iter().filter_map(|&(repetition, value)| Some(value / of(repetition)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // numpy.percentile([7, 1, 4, 2], [0, 25, 50, 75, 100]) = [1, 1.75, 3, 4.75, 7]
    #[test]
    fn quartiles_are_those_of_numpy() {
        let expected = Spread { min: 1.0, lower: 1.75, median: 3.0, upper: 4.75, max: 7.0 };
        assert_eq!(spread(&[7.0, 1.0, 4.0, 2.0]), Some(expected));
        assert_eq!(median(&[5.0]), Some(5.0));
        assert_eq!(spread(&[]), None);
    }

    #[test]
    fn ratios_pair_what_was_measured_in_one_repetition() {
        let (theirs, ours) = ([(1, 6.0), (2, 8.0), (4, 1.0)], [(2, 2.0), (1, 2.0), (3, 9.0)]);
        assert_eq!(ratios(&theirs, &ours), [3.0, 4.0]);
    }
}
