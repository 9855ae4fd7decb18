//! How often the loop waits for its device; alone in its process, because reads of all threads are counted.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod common;

use common::{data, recipe};
use std::sync::atomic::AtomicBool;
use tch::Device;
use torch_ext::count_host_reads;
use train::{Learner, Plan, fit};

/// Values read from tensors in three epochs of minibatches of `size`, with a validation after each.
fn reads(size: usize, more: &[&str]) -> u64 {
    let size = format!("minibatch.size={size}");
    let recipe = recipe(&[&["epochs=3", &size][..], more].concat());
    let data = data(&recipe);
    let plan = Plan::new(&recipe, &data).unwrap();
    let mut learner = Learner::new(&plan, &data, Device::Cpu).unwrap();
    let never = AtomicBool::new(false);
    let (outcome, reads) = count_host_reads(|| fit(&plan, &data, &mut learner, &never, &mut ())).unwrap();
    outcome.unwrap();
    reads
}

#[test]
fn nothing_is_read_from_the_device_inside_an_epoch() {
    let extras = ["gradients.accumulate=2", "gradients.clip_norm=1", "average.decay=0.9", "loss.label_smoothing=0.1"];
    for more in [&[][..], &["data.storage=u8"], &["optimizer.kind=adam", "learning_rate=0.001"], &extras] {
        let (few, many) = (reads(300, more), reads(10, more));
        assert!(few > 0, "validations are read");
        assert_eq!(few, many, "2 and 60 minibatches an epoch, {more:?}");
    }
}
