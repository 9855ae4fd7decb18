//! Histograms: how the numbers of a parameter or of a layer's output are spread.

use crate::Error;

/// How many of a list of numbers fall into each of a row of equally wide bins, and what else describes them.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    name: String,
    low: f64,
    high: f64,
    counts: Vec<u64>,
    outside: u64,
    not_finite: u64,
    mean: f64,
    deviation: f64,
}

impl Histogram {
    /// The histogram of `values` between their extremes, with bins of the width of Freedman and Diaconis (1981):
    /// `2 * (interquartile range) / n^(1/3)`; at most 80 bins, and at
    /// least the square root of `n`, within 10 to 30. NaN and infinities are counted apart.
    ///
    /// # Errors
    /// No values.
    pub fn new(name: impl Into<String>, values: &[f32]) -> Result<Histogram, Error> {
        let mut sorted: Vec<f64> = finite(values).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let (mut low, mut high) = match (sorted.first(), sorted.last()) {
            (Some(&low), Some(&high)) => (low, high),
            _ => (0.0, 1.0),
        };
        if low == high {
            let around = if low == 0.0 { 1.0 } else { low.abs() * 0.5 };
            (low, high) = (low - around, high + around);
        }
        let quartile = |q: f64| sorted.get((sorted.len() as f64 * q) as usize).copied().unwrap_or(0.0);
        let width = 2.0 * (quartile(0.75) - quartile(0.25)) / (sorted.len() as f64).cbrt();
        let fewest = (sorted.len() as f64).sqrt().clamp(10.0, 30.0) as usize;
        let bins = match (high - low) / width {
            bins if bins.is_finite() => (bins.ceil() as usize).clamp(fewest, 80),
            _ => 40,
        };
        Self::within(name, values, low, high, bins)
    }

    /// The histogram of `values` in `bins` bins from `low` to `high`, the last of which holds `high` itself. Finite values
    /// beyond are counted as outside.
    ///
    /// # Errors
    /// No values, no bins or more than 10,000, or ends that are not finite with `low < high`.
    pub fn within(
        name: impl Into<String>,
        values: &[f32],
        low: f64,
        high: f64,
        bins: usize,
    ) -> Result<Histogram, Error> {
        let name = name.into();
        if values.is_empty() {
            return Err(Error::Empty { what: "value" });
        }
        if !(1..=10_000).contains(&bins) {
            return Err(Error::Value {
                what: format!("the number of bins of {name:?}"),
                value: bins.to_string(),
                rule: "it lies between 1 and 10000",
            });
        }
        if !(low.is_finite() && high.is_finite() && low < high) {
            return Err(Error::Value {
                what: format!("the range of {name:?}"),
                value: format!("{low} to {high}"),
                rule: "both ends are finite and the first is the smaller",
            });
        }
        let mut counts = vec![0; bins];
        let (mut outside, mut number, mut sum) = (0, 0u64, 0.0);
        for value in finite(values) {
            number += 1;
            sum += value;
            if (low..=high).contains(&value) {
                let bin = ((value - low) / (high - low) * bins as f64) as usize;
                counts[bin.min(bins - 1)] += 1;
            } else {
                outside += 1;
            }
        }
        let mean = sum / number as f64;
        let squares: f64 = finite(values).map(|value| (value - mean).powi(2)).sum();
        Ok(Histogram {
            name,
            low,
            high,
            counts,
            outside,
            not_finite: values.len() as u64 - number,
            mean,
            deviation: (squares / number as f64).sqrt(),
        })
    }

    /// What the values are.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The lower end of the first bin and the upper end of the last.
    pub fn range(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// How many values each bin holds.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// How many finite values lie beyond the bins.
    pub fn outside(&self) -> u64 {
        self.outside
    }

    /// How many values are NaN or infinite.
    pub fn not_finite(&self) -> u64 {
        self.not_finite
    }

    /// The mean of all finite values; NaN when there are none.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// The standard deviation of all finite values (divided by their number); NaN when there are none.
    pub fn deviation(&self) -> f64 {
        self.deviation
    }
}

pub(crate) fn finite(values: &[f32]) -> impl Iterator<Item = f64> {
    values.iter().filter(|v| v.is_finite()).map(|&v| f64::from(v))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_are_half_open_but_for_the_last() {
        let values = [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, -1.0, f32::NAN];
        let histogram = Histogram::within("w", &values, 0.0, 2.0, 2).unwrap();
        assert_eq!(histogram.counts(), [2, 3]);
        assert_eq!((histogram.outside(), histogram.not_finite()), (2, 1));
    }

    #[test]
    fn mean_and_deviation_are_those_of_the_finite_values() {
        let histogram = Histogram::new("w", &[1.0, 3.0, f32::INFINITY]).unwrap();
        assert_eq!((histogram.mean(), histogram.deviation()), (2.0, 1.0));
    }

    #[test]
    fn automatic_bins_hold_every_finite_value() {
        let check = |values: &[f32]| {
            let histogram = Histogram::new("w", values).unwrap();
            let finite = values.iter().filter(|v| v.is_finite()).count() as u64;
            assert_eq!(histogram.counts().iter().sum::<u64>(), finite);
            assert!((10..=80).contains(&histogram.counts().len()));
        };
        check(&[0.0; 5]);
        check(&[3.0, 3.0]);
        check(&[f32::NAN]);
        check(&[-f32::MAX, f32::MAX]);
        check(&(0..5000).map(|i| (i as f32 * 0.7).sin()).collect::<Vec<_>>());
        check(&[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn nothing_no_bins_and_ends_in_the_wrong_order_are_refused() {
        assert!(Histogram::new("w", &[]).is_err());
        assert!(Histogram::within("w", &[1.0], 0.0, 1.0, 0).is_err());
        assert!(Histogram::within("w", &[1.0], 1.0, 1.0, 3).is_err());
        assert!(Histogram::within("w", &[1.0], f64::NAN, 1.0, 3).is_err());
    }
}
