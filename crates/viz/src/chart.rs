//! Curves: loss, error, learning rate and norms over the course of training.

use crate::Error;
use crate::axis::{Axis, Scale};
use crate::numbers::Unit;

/// Which point of a series is marked with a ring and named in the legend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Best {
    /// None.
    #[default]
    None,
    /// The first of the lowest finite values: for losses and errors.
    Lowest,
    /// The first of the highest finite values: for accuracies.
    Highest,
}

/// A named line of a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    name: String,
    points: Vec<(f64, f64)>,
    best: Best,
}

impl Series {
    /// A line through `(x[i], y[i])`. Every `x` is finite; a `y` that is not finite breaks the line and is marked.
    ///
    /// # Errors
    /// No points, lists of different lengths, or an `x` that is not finite.
    pub fn new(name: impl Into<String>, x: &[f64], y: &[f64]) -> Result<Series, Error> {
        if x.len() != y.len() {
            return Err(Error::Count { what: "values", got: y.len(), with: "positions", want: x.len() });
        }
        if x.is_empty() {
            return Err(Error::Empty { what: "point" });
        }
        let name = name.into();
        if let Some(i) = x.iter().position(|x| !x.is_finite()) {
            return Err(Error::Value {
                what: format!("position {i} of the series {name:?}"),
                value: x[i].to_string(),
                rule: "positions along the horizontal axis are finite",
            });
        }
        Ok(Series { name, points: x.iter().copied().zip(y.iter().copied()).collect(), best: Best::None })
    }

    /// The same series with its best point marked.
    pub fn marked(self, best: Best) -> Series {
        Series { best, ..self }
    }

    /// What the legend calls the line.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The points, in the order given.
    pub fn points(&self) -> &[(f64, f64)] {
        &self.points
    }

    /// The point to be marked, if any.
    pub fn best_point(&self) -> Option<(f64, f64)> {
        let finite = self.points.iter().copied().filter(|(_, y)| y.is_finite());
        let better: fn(f64, f64) -> bool = match self.best {
            Best::None => return None,
            Best::Lowest => |new, old| new < old,
            Best::Highest => |new, old| new > old,
        };
        finite.reduce(|old, new| if better(new.1, old.1) { new } else { old })
    }
}

/// One or more series over a common horizontal axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// The line above the chart.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    pub(crate) series: Vec<Series>,
}

impl Chart {
    /// A chart with linear, plain axes; change its public fields for others.
    ///
    /// # Errors
    /// No series.
    pub fn new(title: &str, x: &str, y: &str, series: Vec<Series>) -> Result<Chart, Error> {
        if series.is_empty() {
            return Err(Error::Empty { what: "series" });
        }
        let axis = |label: &str| Axis { label: label.to_owned(), ..Axis::default() };
        Ok(Chart { title: title.to_owned(), x: axis(x), y: axis(y), series })
    }

    /// Losses over `x` ("epoch", "iteration"), on a linear axis.
    ///
    /// # Errors
    /// No series.
    pub fn loss(x: &str, series: Vec<Series>) -> Result<Chart, Error> {
        Self::new("Loss", x, "loss", series)
    }

    /// Errors, as fractions, over `x`, written in per cent on a log axis: late progress is as visible as early progress.
    ///
    /// # Errors
    /// No series.
    pub fn error(x: &str, series: Vec<Series>) -> Result<Chart, Error> {
        let mut chart = Self::new("Error", x, "error", series)?;
        chart.y.unit = Unit::Percent;
        chart.y.scale = Scale::Log;
        Ok(chart)
    }

    /// Learning rates over `x`, on a linear axis.
    ///
    /// # Errors
    /// No series.
    pub fn learning_rate(x: &str, series: Vec<Series>) -> Result<Chart, Error> {
        Self::new("Learning rate", x, "learning rate", series)
    }

    /// Norms, one series for each parameter, over `x`, on a log axis. `title` says of what ("Gradient norms").
    ///
    /// # Errors
    /// No series.
    pub fn norms(title: &str, x: &str, series: Vec<Series>) -> Result<Chart, Error> {
        let mut chart = Self::new(title, x, "Euclidean norm", series)?;
        chart.y.scale = Scale::Log;
        Ok(chart)
    }

    /// The lines of the chart.
    pub fn series(&self) -> &[Series] {
        &self.series
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_point_is_the_first_of_the_best_and_never_nan() {
        let series = Series::new("valid", &[1.0, 2.0, 3.0, 4.0], &[f64::NAN, 0.3, 0.1, 0.1]).unwrap();
        assert_eq!(series.best_point(), None);
        assert_eq!(series.clone().marked(Best::Lowest).best_point(), Some((3.0, 0.1)));
        assert_eq!(series.marked(Best::Highest).best_point(), Some((2.0, 0.3)));
        let hopeless = Series::new("nan", &[1.0], &[f64::NAN]).unwrap();
        assert_eq!(hopeless.marked(Best::Lowest).best_point(), None);
    }

    #[test]
    fn series_that_do_not_fit_are_refused_and_the_message_says_where() {
        let check = |x: &[f64], y: &[f64], message: &str| {
            let error = Series::new("s", x, y).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        };
        check(&[], &[], "no point");
        check(&[1.0], &[1.0, 2.0], "2 values do not go with 1 positions");
        check(&[1.0, f64::INFINITY], &[1.0, 2.0], "position 1 of the series \"s\" is inf");
        assert!(Chart::loss("epoch", vec![]).is_err());
    }
}
