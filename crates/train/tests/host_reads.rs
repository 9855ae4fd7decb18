//! How often the loop waits for its device; alone in its process, because reads of all threads are counted.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a failed unwrap fails the test")]

#[path = "it/common/mod.rs"]
mod common;

use common::{data_on, recipe};
use tch::Device;
use tensor_data::Dataset;
use torch_ext::{count_host_reads, cuda_devices};
use train::{Error, Learner, Observer, Outcome, Plan, fit, fit_as_captured};

type Fit = fn(&Plan, &Dataset, &mut Learner, &mut dyn Observer) -> Result<Outcome, Error>;

/// Values read from tensors in three epochs of minibatches of `size`, with a validation after each.
fn reads(fit: Fit, device: Device, size: usize, more: &[&str]) -> u64 {
    let size = format!("minibatch.size={size}");
    let recipe = recipe(&[&["epochs=3", &size][..], more].concat());
    let data = data_on(&recipe, device);
    let plan = Plan::new(&recipe, &data).unwrap();
    let mut learner = Learner::new(&plan, &data, device).unwrap();
    let (outcome, reads) = count_host_reads(|| fit(&plan, &data, &mut learner, &mut ())).unwrap();
    outcome.unwrap();
    reads
}

#[test]
fn nothing_is_read_from_the_device_inside_an_epoch() {
    let extras = ["gradients.accumulate=2", "gradients.clip_norm=1", "average.decay=0.9", "loss.label_smoothing=0.1"];
    let cuda = (cuda_devices() > 0).then_some(Device::Cuda(0));
    if cuda.is_none() {
        eprintln!("SKIPPED on CUDA: no device");
    }
    // On CUDA `fit` replays graphs, where there are any.
    let ways = [(fit as Fit, Device::Cpu), (fit_as_captured, Device::Cpu)].into_iter();
    for (fit, device) in ways.chain(cuda.map(|device| (fit as Fit, device))) {
        let augmented = ["augment=[{ kind = 'trivial-augment' }, { kind = 'mixup' }]"];
        for more in
            [&[][..], &augmented, &["data.storage=u8"], &["optimizer.kind=adam", "learning_rate=0.001"], &extras]
        {
            let (few, many) = (reads(fit, device, 300, more), reads(fit, device, 10, more));
            assert!(few > 0, "validations are read");
            assert_eq!(few, many, "2 and 60 minibatches an epoch, {more:?}, on {device:?}");
        }
    }
}
