//! On a GPU every network computes what it computes on the processor, from the same initial values.

use std::fmt::Write as _;

use models::{Arch, Mode, Model, zoo};
use tch::{Device, Kind, Tensor};

const CLASSES: i64 = 10;

/// What a gradient may differ by, in parts of its largest value. Rounding moves it by some 1e-6 (seen for all networks without
/// ReLU); but where an input of ReLU is all but zero, its sign and with it a whole addend is rounding's: up to 3e-2 was seen.
const KINK: f64 = 0.1;

/// What is compared: logits and every parameter's gradient with the running statistics, then a training minibatch's loss and the
/// statistics that it leaves. (Gradients through the statistics of eight pictures are no measure: where a map is 2 x 2 pixels,
/// rounding alone moves them by tenths.)
fn computed(arch: &Arch, shape: [i64; 3], device: Device) -> Vec<(String, Tensor)> {
    let model = Model::new(arch, shape, CLASSES, device, 1).unwrap();
    tch::manual_seed(2);
    let images = Tensor::rand([8, shape[0], shape[1], shape[2]], (Kind::Float, Device::Cpu)).to_device(device);
    let labels = Tensor::arange(8, (Kind::Int64, device));
    let logits = model.forward(&images, Mode::Eval);
    logits.cross_entropy_for_logits(&labels).backward();
    let mut all = vec![("logits".to_owned(), logits)];
    all.extend(model.parameters().iter().map(|it| (format!("gradient of {}", it.name), it.tensor.grad())));
    if !model.uses_randomness() {
        let loss = tch::no_grad(|| model.forward(&images, Mode::Train).cross_entropy_for_logits(&labels));
        all.push(("loss".to_owned(), loss));
        all.extend(model.buffers().iter().map(|it| (it.name.clone(), it.tensor.shallow_clone())));
    }
    all.into_iter().map(|(name, value)| (name, value.detach().to_device(Device::Cpu).to_kind(Kind::Double))).collect()
}

#[test]
fn the_zoo_computes_what_it_computes_on_the_processor() {
    let _alone = crate::alone();
    if torch_ext::cuda_devices() == 0 {
        return eprintln!("SKIPPED: there is no CUDA device");
    }
    // Convolutions would round their factors to 10 bits.
    torch_ext::allow_tf32(false).unwrap();
    let mut faults = String::new();
    for entry in zoo::list() {
        let side = entry.input[1].min(64);
        let shape = [entry.input[0], side, side];
        let [here, there] = [Device::Cpu, Device::Cuda(0)].map(|device| computed(&entry.arch, shape, device));
        assert_eq!(here.len(), there.len());
        // A gradient that is nothing but rounding, as of a bias before a normalisation, is judged beside the largest.
        let largest = here.iter().map(|(_, it)| it.abs().max().double_value(&[])).fold(0.0, f64::max);
        for ((name, expected), (_, found)) in here.iter().zip(&there) {
            let scale = expected.abs().max().double_value(&[]).max(1e-3 * largest);
            let difference = (found - expected).abs().max().double_value(&[]) / scale;
            let allowed = if name.starts_with("gradient") { KINK } else { 1e-3 };
            if difference.is_nan() || difference > allowed {
                writeln!(faults, "{}: {name} differs by {difference:.1e} of its largest value", entry.name).unwrap();
            }
        }
    }
    assert!(faults.is_empty(), "{faults}");
}
