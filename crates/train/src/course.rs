//! The course of training between validations: loss and errors of every few minibatches, which the curves of a report are drawn
//! from. The sums stay on the device and are read once per validation. Their number is bounded: a run has at most
//! [`MOST`] of them, and one more for each validation, so a long run sums up more minibatches in each.

use crate::criterion::Measured;
use crate::error::Error;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::running_metrics::Sums;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, TchError, Tensor};

/// Rows of a run's `steps.csv`, about.
const MOST: u64 = 2000;

/// A row of `steps.csv`: a few minibatches of training. It holds no times, so that a resumed run writes the same bytes as
/// the undisturbed one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StepRow {
    /// Minibatches trained by the end of these.
    pub iteration: u64,
    /// Learning rate of the last of them.
    pub learning_rate: f64,
    /// Their mean negative log-likelihood, nats per sample.
    pub train_loss: f64,
    /// Fraction of their samples misclassified, 0 to 1.
    pub train_error: f64,
}

/// The sums since the last validation, in groups of as many minibatches each.
#[derive(Debug)]
pub(crate) struct Course {
    /// Minibatches of a group.
    group: u64,
    /// Minibatches since the last validation.
    seen: u64,
    /// Samples of each group.
    samples: Vec<i64>,
    figures: Figures,
}

#[derive(Debug)]
enum Figures {
    /// Summed loss and errors of each group.
    Host(Vec<(f64, i64)>),
    /// The same as f64 `[groups, 2]`, and the minibatches since the last validation, i64 `[1]`.
    Device { table: Tensor, seen: Tensor },
}

/// Minibatches that share a row.
fn group(plan: &Plan) -> u64 {
    plan.total_steps().div_ceil(MOST).max(1)
}

/// The rows of a validation's groups, of which the last ends at the minibatches that `progress` counts. Groups whose minibatches
/// were trained by an earlier version, which kept no sums, are left out.
pub(crate) fn rows(plan: &Plan, groups: &[Sums], progress: &Progress) -> Vec<StepRow> {
    let iteration = progress.iteration;
    let first = iteration.saturating_sub(1) / plan.validate_every() * plan.validate_every();
    let row = |(number, sums): (usize, &Sums)| {
        let iteration = (first + (number as u64 + 1) * group(plan)).min(iteration);
        let learning_rate = plan.learning_rate(progress, iteration.saturating_sub(1));
        StepRow { iteration, learning_rate, train_loss: sums.mean_loss(), train_error: sums.error() }
    };
    groups.iter().enumerate().filter(|(_, sums)| sums.samples > 0).map(row).collect()
}

impl Course {
    /// Continues from the groups that a checkpoint holds; those of another length, where `epochs` were changed in
    /// between, are let go.
    pub(crate) fn start(plan: &Plan, iteration: u64, groups: &[Sums], device: Device) -> Result<Course, Error> {
        let (group, seen) = (group(plan), iteration % plan.validate_every());
        let begun = seen.div_ceil(group) as usize;
        let groups = if groups.len() == begun { groups.to_vec() } else { vec![Sums::default(); begun] };
        let figures = match device {
            Device::Cpu => Figures::Host(groups.iter().map(|sums| (sums.loss, sums.errors)).collect()),
            _ => Figures::on(
                device,
                plan.validate_every().min(plan.total_steps()).div_ceil(group) as usize,
                seen,
                &groups,
            )
            .map_err(failed)?,
        };
        Ok(Course { group, seen, samples: groups.iter().map(|sums| sums.samples).collect(), figures })
    }

    /// Adds a minibatch of `count` samples: the part that is the device's, in place, so that a captured graph can do it again.
    pub(crate) fn add_figures(
        &mut self,
        measured: &Measured,
        host: Option<(f64, i64)>,
        count: usize,
    ) -> Result<(), Error> {
        let place = (self.seen / self.group) as usize;
        match (&mut self.figures, host) {
            (Figures::Host(sums), Some((mean, wrong))) => {
                sums.resize(sums.len().max(place + 1), (0.0, 0));
                sums[place].0 += mean * count as f64;
                sums[place].1 += wrong;
                Ok(())
            }
            (Figures::Host(_), None) => Ok(()),
            (Figures::Device { table, seen }, _) => add(table, seen, self.group, measured, count).map_err(failed),
        }
    }

    /// The part that is the host's.
    pub(crate) fn count(&mut self, count: usize) {
        let place = (self.seen / self.group) as usize;
        self.samples.resize(self.samples.len().max(place + 1), 0);
        self.samples[place] += count as i64;
        self.seen += 1;
    }

    /// Starts again from nothing, in place.
    pub(crate) fn clear(&mut self) {
        self.seen = 0;
        self.samples.clear();
        match &mut self.figures {
            Figures::Host(sums) => sums.clear(),
            Figures::Device { table, seen } => {
                let _ = table.zero_();
                let _ = seen.zero_();
            }
        }
    }

    /// Reads the groups; this waits for the device.
    pub(crate) fn read(&self) -> Result<Vec<Sums>, Error> {
        let figures = match &self.figures {
            Figures::Host(sums) => sums.clone(),
            Figures::Device { table, .. } => {
                let flat = table.f_to_device(Device::Cpu).and_then(|table| table.f_reshape([-1]));
                let flat = flat.and_then(Vec::<f64>::try_from).map_err(failed)?;
                flat.chunks_exact(2).map(|pair| (pair[0], pair[1] as i64)).collect()
            }
        };
        let sums = |(&samples, (loss, errors)): (&i64, (f64, i64))| Sums { loss, errors, samples };
        Ok(self.samples.iter().zip(figures).map(sums).collect())
    }
}

impl Figures {
    fn on(device: Device, rows: usize, seen: u64, groups: &[Sums]) -> Result<Figures, TchError> {
        let mut table: Vec<f64> = groups.iter().flat_map(|sums| [sums.loss, sums.errors as f64]).collect();
        table.resize(rows.max(groups.len()).max(1) * 2, 0.0);
        let table = Tensor::f_from_slice(&table)?.f_view([-1, 2])?.f_to_device(device)?;
        Ok(Figures::Device { table, seen: Tensor::f_from_slice(&[seen as i64])?.f_to_device(device)? })
    }
}

fn add(table: &mut Tensor, seen: &mut Tensor, group: u64, measured: &Measured, count: usize) -> Result<(), TchError> {
    let _guard = tch::no_grad_guard();
    let loss = measured.loss.detach().f_to_kind(Kind::Double)?.f_mul_scalar(count as f64)?.f_reshape([1, 1])?;
    let errors = measured.errors.f_to_kind(Kind::Double)?.f_reshape([1, 1])?;
    let place = seen.f_floor_divide_scalar(group as i64)?; // [1]
    let _ = table.f_index_add_(0, &place, &Tensor::f_cat(&[loss, errors], 1)?)?;
    let _ = seen.f_add_scalar_(1)?;
    Ok(())
}

fn failed(cause: TchError) -> Error {
    Error::torch("keep the loss of every few minibatches")(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(loss: f32, errors: i64) -> Measured {
        Measured { loss: Tensor::from(loss), errors: Tensor::from(errors) }
    }

    /// Five minibatches of 4 samples in groups of two: the sums of each group by arithmetic, on the host and on a device.
    #[test]
    fn groups_sum_up_their_minibatches() {
        let host = || Figures::Host(Vec::new());
        let device = || Figures::on(Device::Cpu, 3, 0, &[]).unwrap();
        for (figures, on_host) in [(host(), true), (device(), false)] {
            let mut course = Course { group: 2, seen: 0, samples: Vec::new(), figures };
            for _ in 0..2 {
                for (loss, errors) in [(1.0, 1), (0.5, 2), (0.25, 0), (0.25, 1), (2.0, 4)] {
                    let known = on_host.then_some((f64::from(loss), errors));
                    course.add_figures(&measured(loss, errors), known, 4).unwrap();
                    course.count(4);
                }
                let sums = |loss, errors, samples| Sums { loss, errors, samples };
                assert_eq!(course.read().unwrap(), [sums(6.0, 3, 8), sums(2.0, 1, 8), sums(8.0, 4, 4)]);
                course.clear();
                assert!(course.read().unwrap().is_empty());
            }
        }
    }
}
