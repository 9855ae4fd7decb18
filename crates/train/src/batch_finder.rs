//! The search for a minibatch size: how fast a machine trains with each, and the largest that its memory takes.
//!
//! [`measure`] trains through [`fit`](crate::fit()), so that augmentation, penalties and the optimiser are part of the time.
//! Sizes are measured one after another in several rounds: what else the machine does meets all of them. The rest is
//! arithmetic.

use crate::error::Error;
use crate::event::{Answer, Event, Observer};
use crate::fit::fit;
use crate::learner::Learner;
use crate::plan::Plan;
use crate::recipe::{Limits, Recipe, Size};
use crate::stopping::Stopping;
use serde::Serialize;
use std::ops::ControlFlow::{Break, Continue};
use std::time::{Duration, Instant};
use tch::Device;
use tensor_data::Dataset;

/// Minibatches that are trained on the CPU before time counts: the first makes buffers.
const WARMING: usize = 1;
/// The same on CUDA, where some run before steps are captured as a graph.
const WARMING_ON_CUDA: usize = 5;
/// So small that nothing diverges while time is taken.
const LEARNING_RATE: f64 = 1e-9;
/// A size whose rate is at least so much of the highest is near it: a smaller minibatch learns more from an epoch.
const NEAR: f64 = 0.8;

/// What training with minibatches of one size takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Pictures of a minibatch.
    pub size: usize,
    /// Median seconds of a minibatch in each round.
    pub seconds: Vec<f64>,
    /// The most memory that the process had meanwhile, bytes; `None` where the system does not say.
    pub peak: Option<u64>,
}

impl Point {
    /// Median seconds of a minibatch over the rounds.
    pub fn median(&self) -> f64 {
        median(&self.seconds)
    }

    /// Pictures trained in a second, median over the rounds.
    pub fn rate(&self) -> f64 {
        self.size as f64 / self.median()
    }

    /// The lowest and the highest rate of a round.
    pub fn spread(&self) -> (f64, f64) {
        let rates = self.seconds.iter().map(|seconds| self.size as f64 / seconds);
        rates.fold((f64::INFINITY, 0.0), |(low, high), rate| (low.min(rate), high.max(rate)))
    }
}

/// Sizes that the points speak for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// The one that trains most pictures in a second.
    pub fastest: usize,
    /// The smallest that trains at least 80 % as many.
    pub smallest_near: usize,
    /// The largest that was trained.
    pub largest: usize,
}

/// The sizes that are tried: from the lowest, each twice the one before, up to the highest, which is the last.
pub fn sizes(from: usize, to: usize) -> Vec<usize> {
    let doubled = std::iter::successors(Some(from), |size| size.checked_mul(2));
    let mut sizes: Vec<usize> = doubled.take_while(|&size| size < to).collect();
    sizes.push(to.max(from));
    sizes
}

/// What the points say; `None` of none.
pub fn choose(points: &[Point]) -> Option<Choice> {
    let fastest = points.iter().max_by(|a, b| a.rate().total_cmp(&b.rate()))?;
    let near = points.iter().filter(|point| point.rate() >= NEAR * fastest.rate());
    Some(Choice {
        fastest: fastest.size,
        smallest_near: near.map(|point| point.size).min()?,
        largest: points.iter().map(|point| point.size).max()?,
    })
}

/// The memory that the next size will need, bytes, from the peaks of the two before it: what a process has grows with the size
/// by a straight line. `None` before two are known.
pub fn needed(points: &[Point], size: usize) -> Option<u64> {
    let [.., a, b] = points else { return None };
    let (low, high) = (a.peak? as f64, b.peak? as f64);
    let slope = (high - low) / (b.size as f64 - a.size as f64);
    Some((high + slope.max(0.0) * (size as f64 - b.size as f64)) as u64)
}

/// Median seconds of a minibatch of `size`, over minibatches of `least` seconds together after some to warm up. `features` are what
/// a frozen trunk makes of the pictures, where they are trained on. The learning rate, the stopping rule and the limits of the recipe
/// are put aside.
///
/// # Errors
/// Those of [`fit`](crate::fit()), out of memory among them: [`is_out_of_memory`].
pub fn measure(
    recipe: &Recipe,
    data: &Dataset,
    features: Option<&Dataset>,
    device: Device,
    size: usize,
    least: Duration,
) -> Result<f64, Error> {
    let mut recipe = Recipe {
        learning_rate: LEARNING_RATE,
        // Ended by the timer.
        epochs: 1_000_000,
        stopping: Stopping::Never,
        limits: Limits::default(),
        ..recipe.clone()
    };
    recipe.minibatch.size = Size::Count(size);
    let plan = Plan::new(&recipe, data)?;
    let mut learner = Learner::new(&plan, data, device)?;
    let warming = if device.is_cuda() { WARMING_ON_CUDA } else { WARMING };
    let start = Instant::now();
    let mut timer = Timer { begun: start, warming, seconds: Vec::new(), left: least, end: start + 3 * least };
    fit(&plan, features.unwrap_or(data), &mut learner, &mut timer)?;
    Ok(median(&timer.seconds))
}

/// Whether an error says that memory is out, on a GPU or in the machine.
pub fn is_out_of_memory(error: &Error) -> bool {
    let text = error.to_string();
    ["out of memory", "can't allocate memory", "not enough memory"].iter().any(|it| text.contains(it))
}

/// Times minibatches, each with its computation on the device, and ends training after enough of them.
struct Timer {
    /// When the minibatch began that is trained now.
    begun: Instant,
    /// Minibatches that do not count yet.
    warming: usize,
    seconds: Vec<f64>,
    left: Duration,
    /// When a few minibatches are enough, because validations between them take most of the time.
    end: Instant,
}

impl Observer for Timer {
    fn on(&mut self, event: &Event<'_>) -> Answer {
        if let Event::Trained { sums, .. } = event {
            sums(); // waits for the device
            self.take_in(self.begun.elapsed());
        }
        // What comes between two minibatches, such as a validation, is none of their time.
        self.begun = Instant::now();
        let is_enough = !self.seconds.is_empty() && (self.left.is_zero() || self.begun >= self.end);
        Ok(if is_enough { Break(()) } else { Continue(()) })
    }
}

impl Timer {
    fn take_in(&mut self, time: Duration) {
        if self.warming > 0 {
            self.warming -= 1;
            return;
        }
        self.seconds.push(time.as_secs_f64());
        self.left = self.left.saturating_sub(time);
    }
}

/// The middle value, or the mean of the two in the middle; NaN of none.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        even if even % 2 == 0 => f64::midpoint(sorted[middle - 1], sorted[middle]),
        _ => sorted[middle],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(size: usize, seconds: &[f64], peak: u64) -> Point {
        Point { size, seconds: seconds.to_vec(), peak: Some(peak) }
    }

    #[test]
    fn sizes_double_up_to_the_last() {
        assert_eq!(sizes(8, 100), [8, 16, 32, 64, 100]);
        assert_eq!(sizes(8, 64), [8, 16, 32, 64]);
        assert_eq!(sizes(8, 8), [8]);
    }

    #[test]
    fn the_smallest_size_that_is_nearly_as_fast_is_named_beside_the_fastest() {
        // 1000, 1601, 1960 and 2000 pictures a second.
        let seconds = [0.01, 20.0 / 1601.0, 40.0 / 1960.0, 80.0 / 2000.0];
        let points: Vec<Point> =
            [10, 20, 40, 80].into_iter().zip(seconds).map(|(size, s)| point(size, &[s], 0)).collect();
        assert_eq!(choose(&points), Some(Choice { fastest: 80, smallest_near: 20, largest: 80 }));
        assert_eq!(choose(&[]), None);
    }

    #[test]
    fn a_rate_is_the_median_of_its_rounds() {
        let point = point(10, &[0.2, 0.1, 0.4], 0);
        assert_eq!((point.median(), point.rate(), point.spread()), (0.2, 50.0, (25.0, 100.0)));
        assert_eq!(median(&[1.0, 2.0]), 1.5);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn memory_grows_by_a_straight_line() {
        let points = [point(10, &[1.0], 1000), point(20, &[1.0], 1500)];
        assert_eq!(needed(&points, 40), Some(2500), "50 bytes a picture above 500");
        assert_eq!(needed(&points[..1], 20), None);
        assert_eq!(needed(&[point(10, &[1.0], 1000), point(20, &[1.0], 1000)], 40), Some(1000));
    }
}
