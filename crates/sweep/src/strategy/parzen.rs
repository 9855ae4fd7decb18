//! The density that TPE compares trials by: a mixture of normal distributions, one around each value seen and a wide one over
//! the whole range, each cut off at the range's ends.
//!
//! As Optuna has it for single numbers: a value's standard deviation is its larger distance to a neighbour (to an end of the
//! range where it has none), at least `width / min(100, n + 2)` of the range; the wide one has the range's middle and its width; all weigh
//! the same.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// A density over a range.
#[derive(Debug, Clone, PartialEq)]
pub struct Parzen {
    low: f64,
    high: f64,
    /// Mean and standard deviation of each part.
    parts: Vec<(f64, f64)>,
}

impl Parzen {
    /// The density of the values `seen` in the range from `low` to `high`.
    pub fn new(low: f64, high: f64, seen: &[f64]) -> Parzen {
        let width = high - low;
        let prior = (0.5 * (low + high), width);
        let mut sorted = seen.to_vec();
        sorted.sort_by(f64::total_cmp);
        let least = width / (2.0 + seen.len() as f64).min(100.0);
        let deviation = |i: usize| match sorted.len() {
            1 => (sorted[0] - low).max(high - sorted[0]),
            _ => {
                let below = i.checked_sub(1).map_or(0.0, |before| sorted[i] - sorted[before]);
                below.max(sorted.get(i + 1).map_or(0.0, |next| next - sorted[i]))
            }
        };
        let mut parts: Vec<(f64, f64)> =
            sorted.iter().enumerate().map(|(i, &mean)| (mean, deviation(i).clamp(least, width))).collect();
        parts.push(prior);
        Parzen { low, high, parts }
    }

    /// The logarithm of the density at `value`.
    pub fn log_density(&self, value: f64) -> f64 {
        let density = |&(mean, deviation): &(f64, f64)| {
            let z = (value - mean) / deviation;
            let inside = normal((self.high - mean) / deviation) - normal((self.low - mean) / deviation);
            (-0.5 * z * z).exp() / ((2.0 * std::f64::consts::PI).sqrt() * deviation * inside)
        };
        (self.parts.iter().map(density).sum::<f64>() / self.parts.len() as f64).ln()
    }

    /// A value at random.
    pub fn draw(&self, generator: &mut ChaCha8Rng) -> f64 {
        let (mean, deviation) = self.parts[generator.random_range(0..self.parts.len())];
        // The mean lies inside the range and the deviation is at most its width: more than a third of all draws do, too.
        loop {
            let (u, v): (f64, f64) = (1.0 - generator.random::<f64>(), generator.random());
            let value = mean + deviation * (-2.0 * u.ln()).sqrt() * (2.0 * std::f64::consts::PI * v).cos();
            if (self.low..=self.high).contains(&value) {
                return value;
            }
        }
    }
}

/// The standard normal distribution function, by its Taylor series near 0 and a continued fraction in the tails; the error is
/// below 1e-14.
fn normal(x: f64) -> f64 {
    let density = (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
    if x.abs() < 3.0 {
        let (mut term, mut sum, mut n) = (x, x, 1.0);
        while term.abs() > 1e-17 * sum.abs() {
            n += 2.0;
            term *= x * x / n;
            sum += term;
        }
        return 0.5 + density * sum;
    }
    let fraction = (1..=60).rev().fold(0.0, |inner, k| f64::from(k) / (x.abs() + inner));
    let tail = density / (x.abs() + fraction);
    if x > 0.0 { 1.0 - tail } else { tail }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn the_normal_distribution_is_that_of_the_tables() {
        // Abramowitz and Stegun, table 26.1.
        for (x, expected) in [
            (0.0, 0.5),
            (1.0, 0.841344746068543),
            (2.0, 0.977249868051821),
            (3.0, 0.998650101968370),
            (-5.0, 2.866515719e-7),
        ] {
            assert!((normal(x) / expected - 1.0).abs() < 1e-10, "{x}: {}", normal(x));
        }
    }

    /// tests/golden/parzen.py
    #[test]
    fn densities_are_those_of_optuna() {
        #[derive(serde::Deserialize)]
        struct Case {
            low: f64,
            high: f64,
            seen: Vec<f64>,
            at: Vec<f64>,
            log_density: Vec<f64>,
        }
        let cases: Vec<Case> = serde_json::from_str(include_str!("../../tests/golden/parzen.json")).unwrap();
        for Case { low, high, seen, at, log_density } in cases {
            let parzen = Parzen::new(low, high, &seen);
            for (at, expected) in at.into_iter().zip(log_density) {
                let found = parzen.log_density(at);
                assert!(
                    (found - expected).abs() < 1e-9 * expected.abs().max(1.0),
                    "{seen:?} at {at}: {found}, {expected}"
                );
            }
        }
    }

    #[test]
    fn the_density_integrates_to_one_and_draws_follow_it() {
        let parzen = Parzen::new(-2.0, 3.0, &[-1.9, 0.5, 0.6, 0.6]);
        let step = 5.0 / 2000.0;
        let grid = (0..2000).map(|i| -2.0 + (f64::from(i) + 0.5) * step);
        let (mut total, mut mean) = (0.0, 0.0);
        for x in grid {
            let share = parzen.log_density(x).exp() * step;
            total += share;
            mean += share * x;
        }
        assert!((total - 1.0).abs() < 1e-5, "{total}");
        let mut generator = ChaCha8Rng::seed_from_u64(3);
        let drawn = (0..4000).map(|_| parzen.draw(&mut generator)).sum::<f64>() / 4000.0;
        // Standard deviation of the mean: at most 5 / sqrt(12) / sqrt(4000) = 0.023.
        assert!((drawn - mean).abs() < 0.1, "{drawn} {mean}");
    }
}
