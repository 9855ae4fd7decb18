//! Narrower grids around the lowest objective, as the tutorial advises for learning rates: log-spaced values first, then more
//! of them between the neighbours of the best.
//!
//! A round is a grid. Each later one has as many values on every spaced axis, between the best value's two neighbours in the
//! round before, and never outside the axis's own range; an axis that lists its values keeps the best one's. So the distance
//! between values shrinks by half the number of intervals a round, and a best value at an end of the range is approached
//! from inside.

use super::{Next, Seen};
use crate::space::{Axis, Span, Values, number};

/// Values on a range that is given to draw from.
const OF_A_RANGE: usize = 5;
/// Rounds after which values of four digits no longer differ.
const ROUNDS: usize = 20;

/// The next combination of the present round; the first of a new one where all of it has ended.
pub(super) fn next(axes: &[Axis], seen: &[Seen]) -> Next {
    let mut round: Vec<Axis> = axes.iter().map(first).collect();
    // Trials of the rounds so far: a round follows from those before it, whatever came later.
    let mut earlier: Vec<&Seen> = Vec::new();
    for _ in 0..ROUNDS {
        for settings in (0..super::grid::size(&round)).map(|i| super::grid::nth(&round, i)) {
            let Some(trial) = seen.iter().find(|it| it.settings == settings) else { return Next::Try(settings) };
            if !earlier.contains(&trial) {
                earlier.push(trial);
            }
        }
        if earlier.iter().any(|it| it.objective.is_none()) {
            return Next::Wait;
        }
        let finite = earlier.iter().filter_map(|it| Some((it, it.objective.filter(|it| it.is_finite())?)));
        let Some((best, _)) = finite.min_by(|a, b| a.1.total_cmp(&b.1)) else { return Next::Done };
        let narrowed = axes.iter().zip(&round).zip(&best.settings);
        round = narrowed.map(|((axis, last), (_, best))| narrower(axis, last, best)).collect();
    }
    Next::Done
}

/// The axis in the first round.
fn first(axis: &Axis) -> Axis {
    let values = match axis.values {
        Values::Drawn(span) => Values::Spaced(span, OF_A_RANGE),
        ref values => values.clone(),
    };
    axis.with(values)
}

/// The axis in the round after `last`, whose best value is `text`.
fn narrower(axis: &Axis, last: &Axis, text: &str) -> Axis {
    let values = match (&last.values, axis.span(), number(text)) {
        (&Values::Spaced(Span { low, high, scale }, count), Some(whole), Some(best)) => {
            let (bottom, step) = (scale.place(low), (scale.place(high) - scale.place(low)) / (count.max(2) - 1) as f64);
            // Not from the rounded value where it is one of the round's, so that the ends are values of the round again.
            let at = last.listed().iter().position(|it| it == text);
            let place = at.map_or_else(|| scale.place(best), |i| bottom + i as f64 * step);
            let side = |way: f64| scale.value(place + way * step).clamp(whole.low, whole.high);
            Values::Spaced(Span { low: side(-1.0), high: side(1.0), scale }, count)
        }
        _ => Values::Listed(vec![text.to_owned()]),
    };
    axis.with(values)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{axis, run};
    use super::super::{Next, Seen, Strategy};

    #[test]
    fn each_round_is_narrower_around_the_lowest() {
        // Lowest at 0.05; the first round's best is 0.1, whose neighbours are 0.01 and 1.
        let tried = run(Strategy::Zoom, &[axis("rate=1e-4..1:log5")], 12, 0, |v| (v[0] / 0.05).ln().powi(2));
        let rates: Vec<f64> = tried.iter().map(|it| it.0).collect();
        assert_eq!(rates[..5], [1e-4, 1e-3, 1e-2, 1e-1, 1.0]);
        // 10^-2, 10^-1.5, 10^-1, 10^-0.5, 1 without those that were tried.
        assert_eq!(rates[5..7], [0.03162, 0.3162]);
        // Around 0.03162 in quarter decades between 0.01 and 0.1.
        assert_eq!(rates[7..9], [0.01778, 0.05623]);
        // The best is now 0.05623, and the distance an eighth of a decade.
        assert_eq!(rates[9..11], [0.04217, 0.07499]);
    }

    #[test]
    fn the_range_is_never_left_and_words_stay_with_the_best() {
        let axes = [axis("dropout=0..0.8:lin3"), axis("kind=1,2")];
        let tried = run(Strategy::Zoom, &axes, 40, 0, |v| v[0] + v[1]);
        assert!(tried.iter().all(|it| (0.0..=0.8).contains(&it.0)));
        assert!(tried[6..].iter().all(|it| it.0 < 0.4 && it.1 < 1.4), "the second axis stays at 1: {tried:?}");
    }

    #[test]
    fn a_round_begins_when_the_one_before_has_ended() {
        let axes = [axis("rate=1,2")];
        let seen =
            |objective| ["1", "2"].map(|it| Seen { settings: vec![("rate".into(), it.into())], objective }).to_vec();
        assert_eq!(Strategy::Zoom.next(&axes, 9, 0, &seen(None)), Next::Wait);
        assert_eq!(Strategy::Zoom.next(&axes, 9, 0, &seen(Some(f64::INFINITY))), Next::Done, "nothing to zoom into");
        assert_eq!(Strategy::Zoom.next(&axes, 9, 0, &seen(Some(1.0))), Next::Done, "a list has nothing between");
    }
}
