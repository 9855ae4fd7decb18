//! The search for a learning rate (Smith 2017, "Cyclical learning rates for training neural networks", section 3.3): the
//! rate grows exponentially from minibatch to minibatch, and the curve of the smoothed loss says which rates are good.
//!
//! [`sweep`] trains through [`fit`](crate::fit()) with an exponential schedule, so that whatever the recipe says of
//! gradients, penalties and pictures holds here too. The rest is arithmetic.

use crate::error::Error;
use crate::event::{Answer, Event, Observer};
use crate::fit::fit;
use crate::learner::Learner;
use crate::plan::Plan;
use crate::recipe::Limits;
use crate::recipe::Recipe;
use crate::running_metrics::Sums;
use crate::stopping::Stopping;
use optim::Schedule;
use std::ops::ControlFlow::{self, Break, Continue};
use tch::Device;
use tensor_data::Dataset;

/// A smoothed loss of more than so many times the lowest one counts as divergence.
const DIVERGENCE: f64 = 4.0;

/// How a sweep is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// Learning rate of the first minibatch, above 0.
    pub from: f64,
    /// Learning rate of the last minibatch, above `from`.
    pub to: f64,
    /// Minibatches, at least 2.
    pub steps: u64,
    /// Weight of the past in the moving average of the loss, in [0, 1).
    pub smoothing: f64,
}

/// A minibatch of a sweep.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Its learning rate.
    pub rate: f64,
    /// Its mean loss before the step, nats per sample.
    pub loss: f64,
    /// The smoothed loss up to it.
    pub smoothed: f64,
}

/// Learning rates that a sweep speaks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Suggestion {
    /// Where the smoothed loss falls fastest per decade of the rate, not beyond its lowest value.
    pub steepest: f64,
    /// A tenth of the rate at which the smoothed loss is lowest.
    pub tenth_of_lowest: f64,
}

/// Exponential moving average with the bias of its start corrected: with `a_t = b a_(t-1) + (1 - b) x_t` and `a_0 = 0`,
/// the t-th value (from 1) is `a_t / (1 - b^t)`, as in Adam. The first value is `x_1` itself.
#[derive(Debug, Clone, Copy)]
struct Average {
    smoothing: f64,
    sum: f64,
    weight: f64,
}

impl Average {
    fn new(smoothing: f64) -> Average {
        Average { smoothing, sum: 0.0, weight: 0.0 }
    }

    fn take_in(&mut self, value: f64) -> f64 {
        self.sum = self.smoothing * self.sum + (1.0 - self.smoothing) * value;
        self.weight = self.smoothing * self.weight + (1.0 - self.smoothing);
        self.sum / self.weight
    }
}

/// The rates that the curve suggests; `None` for fewer than three points, and where the loss never falls.
///
/// The slope at a point is the difference of its neighbours' smoothed losses over that of the logarithms of their rates.
pub fn suggest(points: &[Point]) -> Option<Suggestion> {
    let lowest = (0..points.len()).min_by(|&a, &b| points[a].smoothed.total_cmp(&points[b].smoothed))?;
    let slope = |pair: &[Point]| (pair[2].smoothed - pair[0].smoothed) / (pair[2].rate / pair[0].rate).ln();
    let slopes = points.windows(3).take(lowest).map(|three| (slope(three), three[1].rate));
    let (slope, steepest) = slopes.min_by(|a, b| a.0.total_cmp(&b.0))?;
    (slope < 0.0).then(|| Suggestion { steepest, tenth_of_lowest: points[lowest].rate / 10.0 })
}

/// Trains a new model of `recipe` with growing learning rates, and gives every minibatch up to the point of divergence.
/// The schedule, the stopping rule and the limits of the recipe are put aside.
///
/// # Errors
/// Those of [`fit`](crate::fit()), except that a loss that stops being a number is the end of the sweep.
pub fn sweep(recipe: &Recipe, data: &Dataset, device: Device, range: Range) -> Result<Vec<Point>, Error> {
    let factor = (range.to / range.from).powf(1.0 / (range.steps.max(2) - 1) as f64);
    let mut recipe = Recipe {
        learning_rate: range.from,
        schedule: Schedule::Exponential { factor },
        stopping: Stopping::Never,
        // Never reached, because the sweep asks to stop before: nobody wants the validation that a limit brings. It says how
        // far the rate grows.
        limits: Limits { iterations: Some(range.steps + 1), ..Limits::default() },
        ..recipe.clone()
    };
    recipe.epochs = range.steps.div_ceil(Plan::new(&recipe, data)?.steps_per_epoch());
    let plan = Plan::new(&recipe, data)?;
    let mut learner = Learner::new(&plan, data, device)?;
    let mut sweep = Sweep::new(range);
    match fit(&plan, data, &mut learner, &mut sweep) {
        Ok(_) | Err(Error::Diverged { .. }) => Ok(sweep.points),
        Err(error) => Err(error),
    }
}

/// Watches the loss of every minibatch, and ends training after enough of them or where it diverges.
struct Sweep {
    average: Average,
    steps: u64,
    points: Vec<Point>,
    lowest: f64,
    before: Sums,
}

impl Sweep {
    fn new(range: Range) -> Sweep {
        let (average, before) = (Average::new(range.smoothing), Sums::default());
        Sweep { average, steps: range.steps, points: Vec::new(), lowest: f64::INFINITY, before }
    }

    fn take_in(&mut self, rate: f64, loss: f64) -> ControlFlow<()> {
        let smoothed = self.average.take_in(loss);
        if !smoothed.is_finite() || smoothed > DIVERGENCE * self.lowest {
            return Break(());
        }
        self.lowest = self.lowest.min(smoothed);
        self.points.push(Point { rate, loss, smoothed });
        if self.points.len() as u64 >= self.steps { Break(()) } else { Continue(()) }
    }
}

impl Observer for Sweep {
    fn on(&mut self, event: &Event<'_>) -> Answer {
        match event {
            Event::Trained { learning_rate, sums, .. } => {
                let (sums, before) = (sums(), self.before);
                self.before = sums;
                let loss = (sums.loss - before.loss) / (sums.samples - before.samples) as f64;
                return Ok(self.take_in(*learning_rate, loss));
            }
            Event::Validated { .. } => self.before = Sums::default(), // the sums start again
            Event::Started { .. } | Event::Stepping(_) | Event::Thawed { .. } | Event::Stopped { .. } => {}
        }
        Ok(Continue(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smoothing_corrects_the_bias_of_its_start() {
        let mut average = Average::new(0.75);
        let mut take_in = |value: f64| average.take_in(value);
        assert_eq!(take_in(8.0), 8.0);
        // (0.75 * 0.25 * 8 + 0.25 * 4) / (1 - 0.75^2)
        assert!((take_in(4.0) - 2.5 / 0.4375).abs() < 1e-12);
        let mut constant = Average::new(0.98);
        assert!((0..50).all(|_| (constant.take_in(3.0) - 3.0).abs() < 1e-12));
        let mut none = Average::new(0.0);
        assert_eq!([5.0, -1.0].map(|x| none.take_in(x)), [5.0, -1.0]);
    }

    fn points(losses: &[f64]) -> Vec<Point> {
        let point = |(i, &loss): (usize, &f64)| Point { rate: 10f64.powi(i as i32 - 6), loss, smoothed: loss };
        losses.iter().enumerate().map(point).collect()
    }

    #[test]
    fn the_steepest_descent_and_a_tenth_of_the_lowest_are_suggested() {
        // Over two decades the loss falls by 0.2, 0.8, 1.3, 0.7; the third is the steepest. It is lowest at 1e-1.
        let found = suggest(&points(&[2.4, 2.3, 2.2, 1.5, 0.9, 0.8, 3.0])).unwrap();
        assert!(
            (found.steepest / 1e-3 - 1.0).abs() < 1e-12 && (found.tenth_of_lowest / 1e-2 - 1.0).abs() < 1e-12,
            "{found:?}"
        );
    }

    #[test]
    fn a_fall_beyond_the_lowest_loss_does_not_count() {
        let found = suggest(&points(&[2.0, 1.9, 1.5, 1.45, 9.0, 8.0, 4.0])).unwrap();
        assert!((found.steepest / 1e-5 - 1.0).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn a_loss_that_never_falls_suggests_nothing() {
        for losses in [&[1.0, 2.0, 3.0, 4.0][..], &[1.0; 5], &[2.0, 1.0], &[]] {
            assert_eq!(suggest(&points(losses)), None, "{losses:?}");
        }
    }

    #[test]
    fn a_sweep_ends_where_the_smoothed_loss_is_four_times_its_lowest() {
        let range = Range { from: 1e-3, to: 1.0, steps: 5, smoothing: 0.0 };
        let mut sweep = Sweep::new(range);
        assert!([2.0, 1.0, 4.0].iter().all(|&loss| sweep.take_in(0.1, loss).is_continue()));
        assert!(sweep.take_in(0.1, 4.1).is_break());
        assert_eq!(sweep.points.len(), 3);
        assert!(Sweep::new(Range { smoothing: 0.5, ..range }).take_in(0.1, f64::NAN).is_break());
        let mut short = Sweep::new(Range { steps: 2, ..range });
        assert_eq!([1.0, 1.0].map(|loss| short.take_in(0.1, loss)), [Continue(()), Break(())]);
    }
}
