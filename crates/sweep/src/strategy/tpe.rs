//! The tree-structured Parzen estimator (Bergstra et al. 2011), each axis for itself, with Optuna's constants: after ten random
//! trials, the best tenth of those that have ended (25 at most) are the good ones; of 24 values drawn from the density of the good, the one
//! is tried whose density among the good is highest relative to that among the poor.

use super::parzen::Parzen;
use super::{Next, Seen, is_seen, random, settings};
use crate::space::{Axis, Span, number};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Random trials before there is something to learn from.
const STARTUP: usize = 10;
/// Values that are compared.
const CANDIDATES: usize = 24;
/// Attempts to find settings that were not tried before the space counts as used up.
const ATTEMPTS: usize = 100;

/// The next trial; those that still run count for nothing.
pub(super) fn next(axes: &[Axis], seed: u64, seen: &[Seen]) -> Next {
    let mut ended: Vec<(&Seen, f64)> = seen.iter().filter_map(|it| Some((it, it.objective?))).collect();
    if ended.len() < STARTUP {
        return random::next(axes, seed, seen);
    }
    // Stable: of equal ones, the earlier.
    ended.sort_by(|a, b| a.1.total_cmp(&b.1));
    let (good, poor) = ended.split_at(good(ended.len()));
    let mut generator = random::generator(seed, seen.len());
    let mut propose = || {
        let value = |(i, axis): (usize, &Axis)| {
            let of = |trials: &[(&Seen, f64)]| -> Vec<String> {
                trials.iter().filter_map(|(it, _)| it.settings.get(i).map(|(_, text)| text.clone())).collect()
            };
            choose(axis, &of(good), &of(poor), &mut generator)
        };
        settings(axes, axes.iter().enumerate().map(value))
    };
    let found = (0..ATTEMPTS).map(|_| propose()).find(|it| !is_seen(seen, it));
    found.map_or_else(|| random::next(axes, seed, seen), Next::Try)
}

/// How many of `ended` trials are good.
fn good(ended: usize) -> usize {
    ended.div_ceil(10).min(25)
}

/// The value of an axis that the good speak for.
fn choose(axis: &Axis, good: &[String], poor: &[String], generator: &mut ChaCha8Rng) -> String {
    let listed = axis.listed();
    match axis.span() {
        Some(Span { low, high, scale }) => {
            let (low, high) = (scale.place(low), scale.place(high));
            let density = |texts: &[String]| {
                let places: Vec<f64> = texts.iter().filter_map(|text| number(text)).map(|it| scale.place(it)).collect();
                Parzen::new(low, high, &places)
            };
            let (good, poor) = (density(good), density(poor));
            let candidates: Vec<f64> = (0..CANDIDATES).map(|_| good.draw(generator)).collect();
            let place = best(candidates, |&it| good.log_density(it) - poor.log_density(it));
            let value = scale.value(place.unwrap_or(0.5 * (low + high)));
            // A spaced axis takes its nearest value.
            let distance =
                |text: &String| number(text).map_or(f64::INFINITY, |it| (scale.place(it) - scale.place(value)).abs());
            let nearest = listed.into_iter().min_by(|a, b| distance(a).total_cmp(&distance(b)));
            nearest.unwrap_or_else(|| axis.text(value))
        }
        None => {
            // One more of each than was seen, so that none is impossible.
            let share = |texts: &[String], text: &String| {
                (texts.iter().filter(|it| *it == text).count() + 1) as f64 / (texts.len() + listed.len()) as f64
            };
            let draw = |generator: &mut ChaCha8Rng| {
                let mut left: f64 = generator.random();
                let hit = listed.iter().find(|text| {
                    left -= share(good, text);
                    left < 0.0
                });
                hit.or(listed.last()).cloned().unwrap_or_default()
            };
            let candidates: Vec<String> = (0..CANDIDATES).map(|_| draw(generator)).collect();
            best(candidates, |text| share(good, text) / share(poor, text)).unwrap_or_default()
        }
    }
}

/// The candidate of the highest score; of equal ones the first.
fn best<T>(candidates: Vec<T>, score: impl Fn(&T) -> f64) -> Option<T> {
    candidates.into_iter().map(|it| (score(&it), it)).reduce(|a, b| if b.0 > a.0 { b } else { a }).map(|it| it.1)
}

#[cfg(test)]
mod tests {
    use super::super::Strategy;
    use super::super::tests::{axis, run};
    use super::good;

    /// A bowl in two dimensions, one of them logarithmic, the other a choice.
    fn lowest(strategy: Strategy, seed: u64) -> f64 {
        let axes = [axis("rate=log(1e-5,10)"), axis("dropout=lin(0,1)"), axis("kind=1,2,3")];
        let bowl = |v: &[f64]| (v[0] / 3e-2).log10().powi(2) + 4.0 * (v[1] - 0.2).powi(2) + (v[2] - 2.0).abs();
        run(strategy, &axes, 60, seed, bowl).into_iter().map(|it| it.1).fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn tpe_comes_closer_than_chance() {
        let median = |strategy| {
            let mut found: Vec<f64> = (0..15).map(|seed| lowest(strategy, seed)).collect();
            found.sort_by(f64::total_cmp);
            found[7]
        };
        let (tpe, random) = (median(Strategy::Tpe), median(Strategy::Random));
        assert!(tpe < 0.5 * random, "median of 15: TPE {tpe}, random {random}");
    }

    #[test]
    fn the_good_are_as_many_as_optuna_takes() {
        assert_eq!([10, 11, 20, 200, 250, 1000].map(good), [1, 2, 2, 20, 25, 25]);
    }
}
