//! How the spread of many numbers changes over time: bands between quantiles, one small chart for each parameter or layer.

use crate::Error;
use crate::axis::{Domain, Scale};
use crate::colour::{NOT_FINITE, SERIES};
use crate::histogram::finite;
use crate::numbers::{Unit, brief};
use crate::svg::{Anchor, Drawing, Style, Svg, text_width};
use crate::text::shortened;

/// The shares below each line: the ends, 5 and 95 %, the quartiles, and the median.
const SHARES: [f64; 7] = [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0];
const SIZE: (f64, f64) = (300.0, 190.0);
const TOP: f64 = 34.0;
const BOTTOM: f64 = 154.0;
const RIGHT: f64 = 288.0;
/// Ticks of the vertical axis at most.
const MOST_TICKS: usize = 5;

/// Many numbers, such as the weights of a layer, at several moments.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    name: String,
    moments: Vec<Moment>,
}

#[derive(Clone, Debug, PartialEq)]
struct Moment {
    at: f64,
    /// `None` where no value is finite.
    quantiles: Option<[f64; SHARES.len()]>,
    not_finite: usize,
}

impl Course {
    /// Nothing yet of what has this name.
    pub fn new(name: impl Into<String>) -> Course {
        Course { name: name.into(), moments: Vec::new() }
    }

    /// Adds the values of a moment, later than those before. NaN and infinities are counted apart.
    ///
    /// # Errors
    /// No values.
    pub fn add(&mut self, at: f64, values: &[f32]) -> Result<(), Error> {
        if values.is_empty() {
            return Err(Error::Empty { what: "value" });
        }
        let mut sorted: Vec<f64> = finite(values).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let quantiles = (!sorted.is_empty()).then(|| SHARES.map(|share| quantile(&sorted, share)));
        self.moments.push(Moment { at, quantiles, not_finite: values.len() - sorted.len() });
        Ok(())
    }

    /// Draws the bands over `axis`, such as "epoch": pale from the least to the greatest value, deeper from 5 to 95 %, deepest
    /// between the quartiles, with a line at the median. A moment with values that are not finite has a cross.
    ///
    /// # Errors
    /// Fewer than two moments.
    pub fn draw(&self, axis: &str) -> Result<Drawing, Error> {
        if self.moments.len() < 2 {
            return Err(Error::Empty { what: "second moment" });
        }
        let known: Vec<(f64, [f64; SHARES.len()])> =
            self.moments.iter().filter_map(|moment| Some((moment.at, moment.quantiles?))).collect();
        let y = Domain::of(known.iter().flat_map(|(_, quantiles)| [quantiles[0], quantiles[6]]), Scale::Linear, true);
        let x = Domain::of(self.moments.iter().map(|moment| moment.at), Scale::Linear, false);
        let labels: Vec<(f64, String)> = y.ticks.iter().copied().zip(y.labels(Unit::Plain)).collect();
        let labels = every(labels, MOST_TICKS);
        let wide = labels.iter().map(|(_, label)| text_width(label, Style::Tick)).fold(0.0, f64::max);
        let left = 10.0 + wide;
        let across = |at: f64| left + x.place(at).unwrap_or(0.0) * (RIGHT - left);
        let up = |value: f64| BOTTOM - y.place(value).unwrap_or(0.0) * (BOTTOM - TOP);
        let mut svg = Svg::new(SIZE.0, SIZE.1, &self.described(axis));
        svg.text((left, 20.0), &shortened(&self.name, 36), Style::Label, Anchor::Start);
        for (tick, label) in &labels {
            svg.grid_line((left, up(*tick)), (RIGHT, up(*tick)));
            svg.text((left - 5.0, up(*tick) + 4.0), label, Style::Tick, Anchor::End);
        }
        for (band, opacity) in [0.16, 0.22, 0.3].into_iter().enumerate() {
            let above = known.iter().map(|(at, quantiles)| (across(*at), up(quantiles[6 - band])));
            let below = known.iter().rev().map(|(at, quantiles)| (across(*at), up(quantiles[band])));
            svg.area(&above.chain(below).collect::<Vec<_>>(), (SERIES[0], opacity), "viz-bar viz-band");
        }
        let median: Vec<_> = known.iter().map(|(at, quantiles)| (across(*at), up(quantiles[3]))).collect();
        svg.path(&median, SERIES[0], "", "viz-series-0");
        for moment in self.moments.iter().filter(|moment| moment.not_finite > 0) {
            svg.cross((across(moment.at), BOTTOM - 6.0), NOT_FINITE);
        }
        svg.axis_line((left, BOTTOM), (RIGHT, BOTTOM));
        let ticks: Vec<(f64, String)> = x.ticks.iter().copied().zip(x.labels(Unit::Plain)).collect();
        for (tick, label) in every(ticks, 6) {
            svg.axis_line((across(tick), BOTTOM), (across(tick), BOTTOM + 4.0));
            svg.text((across(tick), BOTTOM + 17.0), &label, Style::Tick, Anchor::Middle);
        }
        svg.text((RIGHT, SIZE.1 - 4.0), axis, Style::Muted, Anchor::End);
        Ok(svg.finish())
    }

    /// What a reader hears.
    fn described(&self, axis: &str) -> String {
        let told = |moment: &Moment| match moment.quantiles {
            Some(of) => {
                format!("{axis} {}: median {}, 90 % from {} to {}", moment.at, brief(of[3]), brief(of[1]), brief(of[5]))
            }
            None => format!("{axis} {}: no finite value", moment.at),
        };
        let ends = [self.moments.first(), self.moments.last()];
        let ends: Vec<String> = ends.into_iter().flatten().map(told).collect();
        format!("{} over time; {}", self.name, ends.join("; "))
    }
}

/// The value below which a share of the sorted values lies, between two of them in proportion (Hyndman and Fan 1996, type 7).
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

/// Every second, third ... of them, so that at most so many are left, with the one at zero among them.
fn every(all: Vec<(f64, String)>, most: usize) -> Vec<(f64, String)> {
    let stride = all.len().div_ceil(most).max(1);
    let first = all.iter().position(|(tick, _)| tick.abs() < 1e-12).unwrap_or(0) % stride;
    all.into_iter().skip(first).step_by(stride).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `numpy.quantile([1, 2, 3, 4, 10], [0, .05, .25, .5, .75, .95, 1])`.
    #[test]
    fn quantiles_are_those_of_numpy() {
        let mut course = Course::new("w");
        course.add(0.0, &[10.0, 1.0, f32::NAN, 3.0, 2.0, 4.0]).unwrap();
        let Moment { quantiles, not_finite, .. } = &course.moments[0];
        let expected = [1.0, 1.2, 2.0, 3.0, 4.0, 8.8, 10.0];
        assert!(quantiles.unwrap().iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{quantiles:?}");
        assert_eq!(*not_finite, 1);
    }

    #[test]
    fn bands_lines_and_crosses_are_drawn() {
        let mut course = Course::new("conv1.weight");
        assert!(course.add(0.0, &[]).is_err());
        course.add(0.0, &[-1.0, 0.0, 1.0]).unwrap();
        assert!(course.draw("epoch").is_err(), "one moment is no course");
        course.add(1.0, &[f32::NAN]).unwrap();
        course.add(2.0, &[-2.0, 0.0, 2.0]).unwrap();
        let drawing = course.draw("epoch").unwrap();
        let count = |what: &str| drawing.as_str().matches(what).count();
        assert_eq!((count("viz-band"), count("<polyline"), count("viz-not-finite")), (3, 1, 2));
        assert!(drawing.as_str().contains("epoch 2: median 0, 90 % from -1.80 to 1.80"), "{}", drawing.as_str());
    }

    #[test]
    fn values_of_any_size_leave_no_nan_in_the_drawing() {
        for values in [vec![f32::NAN; 3], vec![0.0; 3], vec![f32::MAX, -f32::MAX], vec![1e-40, 2e-40]] {
            let mut course = Course::new("w");
            [0.0, 1.0].into_iter().for_each(|at| course.add(at, &values).unwrap());
            let drawing = course.draw("epoch").unwrap();
            assert!(!drawing.as_str().contains("NaN") && !drawing.as_str().contains("inf\""), "{}", drawing.as_str());
        }
    }
}
