//! Axes: which stretch of numbers they show, where their ticks stand and how those are written.

use crate::numbers::{Unit, with_unit, written};

/// How numbers are spread along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Scale {
    /// Equal differences are equally far apart.
    #[default]
    Linear,
    /// Equal ratios are equally far apart; numbers of 0 and below have no place.
    Log,
}

/// One axis of a chart.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Axis {
    /// What is measured, with its unit.
    pub label: String,
    /// How numbers are spread.
    pub scale: Scale,
    /// How numbers are written.
    pub unit: Unit,
}

/// The least span of a linear axis with room, as a share of its largest number.
const LEAST_SPAN: f64 = 0.1;

/// A stretch of numbers, `low < high` (and `0 < low` on a log scale), with ticks inside it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Domain {
    pub scale: Scale,
    pub low: f64,
    pub high: f64,
    pub ticks: Vec<f64>,
}

impl Domain {
    /// The domain of `values`, of which those without a place on the scale are left out.
    /// A `roomy` one is widened to whole ticks, and to zero where that is near.
    pub(crate) fn of(values: impl Iterator<Item = f64> + Clone, scale: Scale, roomy: bool) -> Domain {
        let whole = values.clone().all(|v| v.fract() == 0.0);
        let placed = values.filter(|&v| has_place(v, scale));
        let extent = placed.fold(None, |extent: Option<(f64, f64)>, v| {
            let (low, high) = extent.unwrap_or((v, v));
            Some((low.min(v), high.max(v)))
        });
        match scale {
            Scale::Linear => linear(extent.unwrap_or((0.0, 1.0)), whole, roomy),
            Scale::Log => log(extent.unwrap_or((0.1, 1.0)), roomy),
        }
    }

    /// Where `value` lies between the ends: 0 at `low`, 1 at `high`; none when it has no place.
    pub(crate) fn place(&self, value: f64) -> Option<f64> {
        if !has_place(value, self.scale) {
            return None;
        }
        Some(match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low),
            Scale::Log => (value / self.low).ln() / (self.high / self.low).ln(),
        })
    }

    /// The ticks as text.
    pub(crate) fn labels(&self, unit: Unit) -> Vec<String> {
        let factor = if unit == Unit::Percent { 100.0 } else { 1.0 };
        let step = match self.ticks.as_slice() {
            [first, second, ..] if self.scale == Scale::Linear => (second - first) * factor,
            _ => 0.0,
        };
        let label = |&tick: &f64| with_unit(written(tick * factor, step), unit);
        self.ticks.iter().map(label).collect()
    }
}

fn has_place(value: f64, scale: Scale) -> bool {
    value.is_finite() && (scale == Scale::Linear || value > 0.0)
}

fn linear((mut low, mut high): (f64, f64), whole: bool, roomy: bool) -> Domain {
    // Beyond this neither differences nor tick positions are finite.
    let most = 1e300;
    (low, high) = (low.clamp(-most, most), high.clamp(-most, most));
    if roomy && low > 0.0 && low < 0.4 * high {
        low = 0.0;
    }
    // Noise around a level fills no axis.
    let least = LEAST_SPAN * low.abs().max(high.abs());
    if roomy && high - low < least && high - low > 1e-12 * least {
        let middle = (low + high) / 2.0;
        (low, high) = (middle - least / 2.0, middle + least / 2.0);
    }
    if high - low <= 1e-12 * low.abs().max(high.abs()) {
        let around = if low == 0.0 { 1.0 } else { low.abs() * 0.1 };
        (low, high) = (low - around, high + around);
    }
    let mut step = nice((high - low) / 6.0);
    if whole {
        step = step.max(1.0);
    }
    let (mut first, mut last) = ((low / step).ceil(), (high / step).floor());
    if roomy {
        (first, last) = ((low / step).floor(), (high / step).ceil());
        (low, high) = (first * step, last * step);
    }
    let count = (last - first).clamp(0.0, 20.0) as usize;
    let ticks = (0..=count).map(|i| (first + i as f64) * step).collect();
    Domain { scale: Scale::Linear, low, high, ticks }
}

fn log((mut low, mut high): (f64, f64), roomy: bool) -> Domain {
    if high / low < 1.0 + 1e-9 {
        (low, high) = (low / 2.0, high * 2.0);
    }
    let decades = (high / low).log10();
    let within: &[f64] = match decades {
        d if d <= 1.2 => &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0],
        d if d <= 3.0 => &[1.0, 2.0, 5.0],
        _ => &[1.0],
    };
    let stride = (decades / 7.0).ceil().max(1.0) as usize;
    let powers = (low.log10().floor() as i32 - 1..=high.log10().ceil() as i32).step_by(stride);
    let all: Vec<f64> = powers.flat_map(|power| within.iter().map(move |m| m * 10f64.powi(power))).collect();
    if roomy {
        // To the next tick where that is near, else a little further than the data.
        let next = |found: Option<f64>, near: f64| found.filter(|t| (t / near).ln().abs() < 0.41);
        let below = all.iter().copied().rev().find(|&t| t <= low * (1.0 + 1e-9));
        let above = all.iter().copied().find(|&t| t * (1.0 + 1e-9) >= high);
        low = next(below, low).unwrap_or(low / 1.15);
        high = next(above, high).unwrap_or(high * 1.15);
    }
    let inside = |t: &f64| *t >= low * (1.0 - 1e-9) && *t <= high * (1.0 + 1e-9);
    let ticks = all.into_iter().filter(inside).collect();
    Domain { scale: Scale::Log, low, high, ticks }
}

/// The step of 1, 2 or 5 times a power of ten that is nearest above `rough`.
fn nice(rough: f64) -> f64 {
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0].into_iter().find(|m| m * power >= rough * 0.999);
    step.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(values: &[f64], scale: Scale, roomy: bool) -> Domain {
        Domain::of(values.iter().copied(), scale, roomy)
    }

    #[test]
    fn linear_ticks_are_round_and_written_with_the_digits_they_need() {
        let check = |values: &[f64], want: &[&str]| {
            let labels = domain(values, Scale::Linear, true).labels(Unit::Plain);
            assert_eq!(labels, want, "{values:?}");
        };
        check(&[0.0, 10.0], &["0", "2", "4", "6", "8", "10"]);
        check(&[0.02, 0.31], &["0.0", "0.1", "0.2", "0.3", "0.4"]);
        check(&[0.02, 0.29], &["0.00", "0.05", "0.10", "0.15", "0.20", "0.25", "0.30"]);
        check(&[0.0, 17800.0], &["0", "5,000", "10,000", "15,000", "20,000"]);
        check(&[1.0, 3.0], &["0", "1", "2", "3"]);
        check(&[-0.3, 0.2], &["-0.3", "-0.2", "-0.1", "0.0", "0.1", "0.2"]);
    }

    #[test]
    fn ticks_of_fractions_are_written_as_per_cent_when_asked() {
        let labels = domain(&[0.008, 0.0251], Scale::Linear, true).labels(Unit::Percent);
        assert_eq!(labels[1], "0.5\u{a0}%");
    }

    #[test]
    fn log_ticks_are_powers_of_ten_and_finer_where_the_stretch_is_short() {
        let long = domain(&[1e-5, 1.0], Scale::Log, true);
        assert_eq!(long.labels(Unit::Plain), ["1e-5", "0.0001", "0.001", "0.01", "0.1", "1"]);
        let short = domain(&[0.02, 0.3], Scale::Log, true);
        assert_eq!(short.labels(Unit::Plain), ["0.02", "0.03", "0.04", "0.05", "0.06", "0.08", "0.1", "0.2", "0.3"]);
    }

    #[test]
    fn the_ends_lie_at_zero_and_one_and_what_has_no_place_has_none() {
        let line = domain(&[2.0, 6.0], Scale::Linear, false);
        assert_eq!((line.place(2.0), line.place(4.0), line.place(6.0)), (Some(0.0), Some(0.5), Some(1.0)));
        assert_eq!(line.place(f64::NAN), None);
        let log = domain(&[0.01, 1.0], Scale::Log, false);
        assert!((log.place(0.1).unwrap() - 0.5).abs() < 1e-12);
        assert_eq!(log.place(0.0), None);
    }

    #[test]
    fn noise_around_a_level_does_not_fill_the_axis() {
        let domain = domain(&[1.0, 1.001], Scale::Linear, true);
        assert!(domain.high - domain.low >= 0.1, "{domain:?}");
    }

    #[test]
    fn odd_stretches_still_give_a_domain() {
        let cases: [&[f64]; 7] =
            [&[], &[f64::NAN], &[5.0], &[0.0, 0.0], &[-1e308, 1e308], &[1e-320, 1e-310], &[1.0, 1.0 + 1e-15]];
        for values in cases {
            for scale in [Scale::Linear, Scale::Log] {
                for roomy in [true, false] {
                    let domain = domain(values, scale, roomy);
                    assert!(domain.low < domain.high, "{values:?} {domain:?}");
                    assert!(domain.ticks.len() < 40 && domain.ticks.iter().all(|t| t.is_finite()));
                    assert_eq!(domain.labels(Unit::Plain).len(), domain.ticks.len());
                }
            }
        }
    }
}
