//! Intervals that hold the true figure in 95 of 100 cases.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// From `low` to `high`, at 95 % confidence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// The 97.5 % quantile of the standard normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// The interval of a share of which `hits` of `of` were seen (Wilson 1927), which stays inside 0 to 1 and holds for few
/// pictures and for shares near 0 and 1 as well. Of no pictures it is 0 to 1.
///
/// `centre = (p + z²/2n) / (1 + z²/n)`, `half = z / (1 + z²/n) * sqrt(p (1 - p) / n + z² / 4n²)`
///
/// ```
/// let interval = metrics::wilson(28, 30); // 28 of 30 right
/// assert_eq!(format!("{:.0} to {:.0} %", 100.0 * interval.low, 100.0 * interval.high), "79 to 98 %");
/// ```
pub fn wilson(hits: usize, of: usize) -> Interval {
    if of == 0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    let n = of as f64;
    let p = hits.min(of) as f64 / n;
    let shrink = 1.0 + Z * Z / n;
    let centre = (p + Z * Z / (2.0 * n)) / shrink;
    let half = Z / shrink * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    // At the ends the formula gives 0 and 1 but for rounding.
    let low = if hits == 0 { 0.0 } else { (centre - half).max(0.0) };
    let high = if hits >= of { 1.0 } else { (centre + half).min(1.0) };
    Interval { low, high }
}

/// How often the pictures are drawn again.
const RESAMPLES: usize = 1000;

/// The interval of any figure of `of` pictures (Efron 1979, percentiles): the figure of 1,000 sets of as many pictures drawn
/// with replacement, without its lowest and highest 2.5 %. `figure` is given the places of the pictures drawn, 0 to `of - 1`,
/// and answers `None` where the figure is not defined for them; such sets are left out. `None` where no set has a figure.
pub fn bootstrap(of: usize, seed: u64, figure: impl Fn(&[usize]) -> Option<f64>) -> Option<Interval> {
    if of == 0 {
        return None;
    }
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let mut draw = || -> Vec<usize> { (0..of).map(|_| generator.random_range(0..of)).collect() };
    let mut figures: Vec<f64> = (0..RESAMPLES).filter_map(|_| figure(&draw())).filter(|it| it.is_finite()).collect();
    figures.sort_by(f64::total_cmp);
    let at = |share: f64| figures.get((share * (figures.len().saturating_sub(1)) as f64).round() as usize).copied();
    Some(Interval { low: at(0.025)?, high: at(0.975)? })
}
