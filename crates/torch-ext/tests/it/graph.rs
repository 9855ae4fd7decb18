//! CUDA graphs: what is told where there are none, and on CUDA what a replay computes.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tch::{Device, Kind, Tensor};
use torch_ext::{Error, Graph, cuda_devices, graph_support};

#[test]
fn a_device_that_has_no_graphs_is_told() {
    let error = graph_support(Device::Cpu).unwrap_err();
    assert_eq!(error.to_string(), "graphs are CUDA's, and the device is Cpu");
    assert_eq!(Graph::new(Device::Cpu).unwrap_err(), error);
}

#[test]
fn what_a_machine_without_cuda_lacks_is_told() {
    if cuda_devices() > 0 {
        return;
    }
    // Mostly libtorch's CUDA part; where that is loaded, the library beside it, or the driver.
    let error = Graph::new(Device::Cuda(0)).unwrap_err().to_string();
    let lacks = ["(libtorch_cuda.so) is not loaded", "this build holds no libminibatch_cuda.so", "CUDA driver"];
    assert!(lacks.iter().any(|lack| error.contains(lack)), "{error}");
    assert!(!error.contains('\n'), "one line: {error}");
}

/// A device to capture on, for one test at a time: a capture takes libtorch's generator, which is one for all threads.
/// Where there is none, that is told, so that nobody takes a skipped test for one that passed.
fn device() -> Option<(Device, MutexGuard<'static, ()>)> {
    static ALONE: Mutex<()> = Mutex::new(());
    let device = Device::Cuda(0);
    let found = cuda_devices() > 0 && graph_support(device).is_ok();
    if !found {
        eprintln!("SKIPPED: no CUDA device on which graphs can be captured");
    }
    found.then(|| (device, ALONE.lock().unwrap_or_else(PoisonError::into_inner)))
}

#[test]
fn a_gpu_is_found_whatever_libtorch_was_asked_first() {
    tch::manual_seed(1);
    let Some((device, _alone)) = device() else { return };
    assert_eq!(Device::cuda_if_available(), device);
}

#[test]
fn a_replay_computes_what_was_captured_from_the_values_of_now() {
    let Some((device, _alone)) = device() else { return };
    let mut x = Tensor::full([4], 1.0, (Kind::Float, device));
    let mut graph = Graph::new(device).unwrap();
    let mut double = || x.f_mul_scalar_(2.0).map(|_| ()).map_err(|error| Error(error.to_string()));
    graph.warm_up(&mut double).unwrap();
    graph.capture(&mut double).unwrap();
    assert_eq!(x.double_value(&[3]), 2.0, "capturing computes nothing");
    graph.replay().unwrap();
    graph.replay().unwrap();
    assert_eq!(x.double_value(&[3]), 8.0);
    let _ = x.f_fill_(5.0).unwrap();
    graph.replay().unwrap();
    assert_eq!(x.double_value(&[3]), 10.0);
}

#[test]
fn seeding_before_a_replay_drops_what_it_drops_before_the_same_work_uncaptured() {
    let Some((device, _alone)) = device() else { return };
    let x = Tensor::ones([1000], (Kind::Float, device));
    let mut dropped = Tensor::zeros([1000], (Kind::Float, device));
    let mut graph = Graph::new(device).unwrap();
    let mut body = || dropped.f_copy_(&x.dropout(0.5, true)).map_err(|error| Error(error.to_string()));
    graph.warm_up(&mut body).unwrap();
    graph.capture(&mut body).unwrap();
    for seed in [1, 2] {
        tch::manual_seed(seed);
        let expected = x.dropout(0.5, true);
        tch::manual_seed(seed);
        graph.replay().unwrap();
        assert_eq!(dropped, expected, "seed {seed}");
    }
}

#[test]
fn a_capture_that_fails_leaves_a_device_that_works() {
    let Some((device, _alone)) = device() else { return };
    let x = Tensor::ones([10], (Kind::Float, device));
    let refused: Result<(), Error> = Graph::new(device).unwrap().capture(|| Err(Error("no".into())));
    assert_eq!(refused.unwrap_err().to_string(), "no");
    let reads = Graph::new(device)
        .unwrap()
        .capture(|| x.f_double_value(&[0]).map(|_| ()).map_err(|error| Error(error.to_string())));
    assert!(reads.is_err(), "a value cannot be read while capturing");
    assert_eq!((&x + 1.0).dropout(0.0, true).sum(Kind::Float).double_value(&[]), 20.0);
    assert!(x.dropout(0.5, true).sum(Kind::Float).double_value(&[]) > 0.0);
}
