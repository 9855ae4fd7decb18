//! Running sums of the training loss and errors, kept on the device: reading a number back waits for the device, so
//! it happens once per validation and not once per minibatch.

use crate::course::Course;
use crate::criterion::Measured;
use crate::error::Error;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

/// Sums over minibatches as read back from the device. Exact: `f64` and integers survive a checkpoint unchanged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    /// Sum of the negative log-likelihood over the samples, in nats.
    pub loss: f64,
    /// Misclassified samples.
    pub errors: i64,
    /// Samples seen.
    pub samples: i64,
}

impl Sums {
    /// Mean loss per sample; NaN when nothing was seen.
    pub fn mean_loss(&self) -> f64 {
        self.loss / self.samples as f64
    }

    /// What was added since the sums were `before`; all of it where they have begun again since.
    pub fn since(self, before: Sums) -> Sums {
        let Sums { loss, errors, samples } = if before.samples > self.samples { Sums::default() } else { before };
        Sums { loss: self.loss - loss, errors: self.errors - errors, samples: self.samples - samples }
    }

    /// Fraction misclassified, 0 to 1; NaN when nothing was seen.
    pub fn error(&self) -> f64 {
        self.errors as f64 / self.samples as f64
    }
}

/// The same sums while they grow. On the CPU, where reading waits for nothing, they are the host's own numbers.
pub(crate) struct RunningMetrics {
    sums: Running,
    samples: i64,
    /// The same in pieces, where they are wanted.
    course: Option<Course>,
}

enum Running {
    Host {
        loss: f64,
        errors: i64,
    },
    /// 0-dim, f64 and Int64.
    Device {
        loss: Tensor,
        errors: Tensor,
    },
}

impl Running {
    fn on(device: Device, loss: f64, errors: i64) -> Running {
        let place = |number: Tensor| number.to_device(device);
        Running::Device { loss: place(Tensor::from(loss)), errors: place(Tensor::from(errors)) }
    }
}

impl RunningMetrics {
    pub(crate) fn start(from: Sums, device: Device) -> RunningMetrics {
        let Sums { loss, errors, samples } = from;
        let sums = match device {
            Device::Cpu => Running::Host { loss, errors },
            _ => Running::on(device, loss, errors),
        };
        RunningMetrics { sums, samples, course: None }
    }

    /// The same sums, kept in pieces as well.
    pub(crate) fn with(self, course: Course) -> RunningMetrics {
        RunningMetrics { course: Some(course), ..self }
    }

    /// Adds a minibatch of `count` samples. No device wait.
    pub(crate) fn add(&mut self, measured: &Measured, count: usize) -> Result<(), Error> {
        self.add_figures(measured, count)?;
        self.count(count);
        Ok(())
    }

    /// The part of [`add`](RunningMetrics::add) that is the device's; in place, so that a captured graph can do it again.
    pub(crate) fn add_figures(&mut self, measured: &Measured, count: usize) -> Result<(), Error> {
        let _guard = tch::no_grad_guard();
        let mut on_host = None;
        match &mut self.sums {
            Running::Host { loss, errors } => {
                let (mut mean, mut wrong) = ([0_f32], [0_i64]);
                let read = measured.loss.detach().f_copy_data(&mut mean, 1);
                read.and_then(|()| measured.errors.f_copy_data(&mut wrong, 1))
                    .map_err(Error::torch("read the loss"))?;
                *loss += f64::from(mean[0]) * count as f64;
                *errors += wrong[0];
                on_host = Some((f64::from(mean[0]), wrong[0]));
            }
            Running::Device { loss, errors } => {
                let _ = loss.g_add_(&(measured.loss.detach().to_kind(Kind::Double) * count as f64));
                let _ = errors.g_add_(&measured.errors);
            }
        }
        self.course.as_mut().map_or(Ok(()), |course| course.add_figures(measured, on_host, count))
    }

    /// The part of [`add`](RunningMetrics::add) that is the host's.
    pub(crate) fn count(&mut self, count: usize) {
        self.samples += count as i64;
        if let Some(course) = &mut self.course {
            course.count(count);
        }
    }

    /// Starts again from nothing, in place.
    pub(crate) fn clear(&mut self) {
        match &mut self.sums {
            Running::Host { loss, errors } => (*loss, *errors) = (0.0, 0),
            Running::Device { loss, errors } => {
                let _ = loss.zero_();
                let _ = errors.zero_();
            }
        }
        self.samples = 0;
        if let Some(course) = &mut self.course {
            course.clear();
        }
    }

    /// Reads the sums; this waits for the device.
    pub(crate) fn read(&self) -> Sums {
        let (loss, errors) = match &self.sums {
            Running::Host { loss, errors } => (*loss, *errors),
            Running::Device { loss, errors } => (loss.double_value(&[]), errors.int64_value(&[])),
        };
        Sums { loss, errors, samples: self.samples }
    }

    /// Reads the pieces, none where they are not kept; this waits for the device.
    pub(crate) fn read_course(&self) -> Result<Vec<Sums>, Error> {
        self.course.as_ref().map_or(Ok(Vec::new()), Course::read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Adds, clears and adds again.
    fn check(mut running: RunningMetrics) -> RunningMetrics {
        let measured = Measured { loss: Tensor::from(0.25f32), errors: Tensor::from(2i64) };
        running.add(&measured, 4).unwrap();
        assert_eq!(running.read(), Sums { loss: 2.5, errors: 5, samples: 14 });
        running.clear();
        assert_eq!(running.read(), Sums::default());
        running.add_figures(&measured, 4).unwrap();
        running.count(4);
        assert_eq!(running.read(), Sums { loss: 1.0, errors: 2, samples: 4 });
        running
    }

    #[test]
    fn sums_are_added_and_cleared_on_the_host() {
        check(RunningMetrics::start(Sums { loss: 1.5, errors: 3, samples: 10 }, Device::Cpu));
    }

    #[test]
    fn sums_on_a_device_stay_where_they_lie_so_that_a_captured_step_finds_them() {
        let running = RunningMetrics { sums: Running::on(Device::Cpu, 1.5, 3), samples: 10, course: None };
        let places = |running: &RunningMetrics| match &running.sums {
            Running::Device { loss, errors } => [loss.data_ptr() as usize, errors.data_ptr() as usize],
            Running::Host { .. } => panic!("they lie on the device"),
        };
        let before = places(&running);
        assert_eq!(places(&check(running)), before);
    }
}
