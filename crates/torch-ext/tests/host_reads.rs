//! The count of host reads, alone in its process because it counts those of all threads.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use tch::{Device, Kind, Tensor};
use torch_ext::count_host_reads;

#[test]
fn each_value_read_from_a_tensor_is_counted_and_nothing_else() {
    let x = Tensor::arange(10, (Kind::Float, Device::Cpu));
    let (sum, reads) = count_host_reads(|| (&x * 2.0).sum(Kind::Float)).unwrap();
    assert_eq!(reads, 0);
    let (value, reads) = count_host_reads(|| sum.double_value(&[]) + x.double_value(&[3])).unwrap();
    assert_eq!((value, reads), (93.0, 2));
}
