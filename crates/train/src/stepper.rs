//! Takes a run's steps, each the way that it can be taken: as a captured graph, or operation by operation.

use crate::captured::{Captured, Replay, Run};
use crate::course::Course;
use crate::criterion::Criterion;
use crate::error::Error;
use crate::learner::Learner;
use crate::plan::Plan;
use crate::running_metrics::{RunningMetrics, Sums};
use crate::stepping::{self, EagerReason, Stepping};
use crate::update::StepScalars;
use tch::Device;
use tensor_data::{Batches, Split};

/// Where steps may be captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Where {
    /// On CUDA, as graphs.
    OnCuda,
    /// Anywhere: what would be captured is done again at each step. For tests.
    Anywhere,
}

/// The steps of one call of [`fit`](crate::fit()).
pub(crate) struct Stepper<'a> {
    plan: &'a Plan,
    criterion: Criterion,
    /// The training sums since the last validation.
    pub(crate) running: RunningMetrics,
    how: How<'a>,
    /// What is known since the last step of how steps are taken.
    mode_change: Option<Stepping>,
    /// Whether it was told that steps are captured.
    announced: bool,
}

enum How<'a> {
    Eager,
    /// Operation by operation until the optimiser has made its first step, which differs from all others.
    Beginning(Where),
    Captured(Box<Captured<'a>>),
}

impl<'a> Stepper<'a> {
    pub(crate) fn new(plan: &'a Plan, learner: &Learner, train: &Split, place: Where) -> Result<Self, Error> {
        let device = train.device();
        let possible = match (place, Stepping::on(device)) {
            (Where::OnCuda, Stepping::Eager(reason)) => Err(reason),
            _ if !plan.ranks().is_alone() => Err(EagerReason::Ranks),
            _ => Ok(()),
        };
        let (how, mode_change) = match stepping::capturable(plan.recipe()).and(possible) {
            Ok(()) => (How::Beginning(place), None),
            Err(reason) => (How::Eager, Some(Stepping::Eager(reason))),
        };
        let progress = &learner.progress;
        // What all ranks summed before is counted once, by the first.
        let (sums, course) = match plan.ranks().rank() {
            0 => (progress.sums, progress.course.as_slice()),
            _ => (Sums::default(), &[][..]),
        };
        let course = Course::start(plan, progress.iteration, course, device)?;
        let running = RunningMetrics::start(sums, device).with(course);
        Ok(Stepper { plan, criterion: plan.criterion(device), running, how, mode_change, announced: false })
    }

    /// How steps are taken, once: when that is settled.
    pub(crate) fn take_mode_change(&mut self) -> Option<Stepping> {
        self.mode_change.take()
    }

    /// The training sums of all ranks since the last validation, and the same in pieces. Waits for the device, and for the others.
    pub(crate) fn read(&self) -> Result<(Sums, Vec<Sums>), Error> {
        let mut all = self.running.read_course()?;
        all.push(self.running.read());
        let mut all = self.plan.ranks().join(&all)?;
        Ok((all.pop().unwrap_or_default(), all))
    }

    /// Trains `learner` on the next minibatch of `batches`, of which there is one, and moves them on.
    pub(crate) fn step(&mut self, learner: &mut Learner, batches: &mut Batches<'a>) -> Result<(), Error> {
        if let How::Beginning(place) = self.how
            && learner.has_stepped()
            && batches.full_left() > 0
        {
            match replay(place, learner.model.device()) {
                Ok(replay) => self.how = How::Captured(Box::new(Captured::new(self.plan, learner, batches, replay)?)),
                Err(reason) => self.fall_back_to_eager(reason),
            }
        }
        if let How::Captured(captured) = &mut self.how
            && batches.full_left() > 0
        {
            let (plan, criterion, running) = (self.plan, &self.criterion, &mut self.running);
            match captured.step(&mut Run { plan, criterion, running, learner }, batches)? {
                Ok(()) => {
                    self.mode_change = (captured.is_settled() && !self.announced).then_some(Stepping::Captured);
                    self.announced |= self.mode_change.is_some();
                    return Ok(());
                }
                Err(reason) => self.fall_back_to_eager(reason),
            }
        }
        self.step_eagerly(learner, batches)
    }

    fn fall_back_to_eager(&mut self, reason: EagerReason) {
        self.how = How::Eager;
        self.mode_change = Some(Stepping::Eager(reason));
    }

    fn step_eagerly(&mut self, learner: &mut Learner, batches: &mut Batches<'_>) -> Result<(), Error> {
        let Some(batch) = batches.next() else { return Ok(()) };
        let rate = self.plan.learning_rate(&learner.progress, learner.progress.iteration);
        let updated = learner.learn(self.plan, &self.criterion, &mut self.running, &batch, StepScalars::Host(rate))?;
        self.running.count(batch.targets.len());
        learner.progress.updates += u64::from(updated);
        Ok(())
    }
}

fn replay(place: Where, device: Device) -> Result<Replay, EagerReason> {
    match place {
        Where::Anywhere => Ok(Replay::Eager { counted: None }),
        Where::OnCuda => Replay::on(device),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::Recipe;
    use tensor_data::{Dataset, Holdout, Samples, Source, Storage};

    fn pictures() -> Dataset {
        let samples = |count: usize| {
            let pixels = (0..16 * count).map(|i| (i * 37 % 256) as u8).collect();
            Samples::new([1, 4, 4], 3, pixels, (0..count).map(|i| (i % 3) as u32).collect()).unwrap()
        };
        let source = Source::new("some", samples(50), samples(5));
        Dataset::upload(&source, Holdout::Last(10), 1.0 / 255.0, Storage::F32, Device::Cpu).unwrap()
    }

    #[test]
    fn where_a_graph_cannot_be_made_that_is_told_and_steps_go_on_operation_by_operation() {
        let text = "epochs = 1\nlearning_rate = 0.1\ndata = { set = \"some\", validation = 10 }\nminibatch = { size = 8 }\n\
                    model = { kind = \"softmax\" }\noptimizer = { kind = \"sgd\", momentum = 0.9 }\n";
        let recipe = Recipe::parse(text, "the test's recipe", &[]).unwrap();
        let data = pictures();
        let plan = Plan::new(&recipe, &data).unwrap();
        let train = |beginning: bool| {
            let mut learner = Learner::new(&plan, &data, Device::Cpu).unwrap();
            let mut stepper = Stepper::new(&plan, &learner, &data.train, Where::OnCuda).unwrap();
            if beginning {
                // As on a CUDA device that fails when the graph is made.
                (stepper.how, stepper.mode_change) = (How::Beginning(Where::OnCuda), None);
            }
            let (mut batches, mut told) = (plan.minibatches(&data.train, 0, 0).unwrap(), Vec::new());
            while batches.len() > 0 {
                stepper.step(&mut learner, &mut batches).unwrap();
                learner.progress.iteration += 1;
                told.extend(stepper.take_mode_change().map(|how| (learner.progress.iteration, how)));
            }
            assert_eq!((learner.progress.iteration, learner.progress.updates), (5, 5));
            assert_eq!(stepper.running.read().samples, 40);
            (learner.model.clone_values(), told)
        };
        let ((usual, _), (fallen_back, told)) = (train(false), train(true));
        assert!(usual == fallen_back);
        let failed = EagerReason::Failed("graphs are CUDA's, and the device is Cpu".to_owned());
        assert_eq!(failed.to_string(), "capturing failed: graphs are CUDA's, and the device is Cpu");
        assert_eq!(told, [(2, Stepping::Eager(failed))]);
    }
}
