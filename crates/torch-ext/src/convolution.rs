//! Convolution and 2x2 max-pooling in one pass, for CPUs and f32.
//!
//! libtorch computes a feature map, writes it, and reads it again to pool it; its convolution pads 20 maps to 32 and 50
//! to 64. Here pictures are *packed*: the same value of 16 pictures (8 or 4 where vectors are shorter) lies side by
//! side, so that one instruction serves them all, nothing is padded but the last few pictures, and the pooled value is
//! found while the feature map is still in registers. The gradient is exact; which of equal values wins the pooling,
//! and what NaN does, is as in libtorch.
//!
//! ```
//! use tch::{Device, Kind, Tensor};
//! use torch_ext::Isa;
//! use torch_ext::convolution::{convolve_pool, pack, unpack};
//!
//! let images = Tensor::ones([6, 1, 28, 28], (Kind::Float, Device::Cpu));
//! let (filters, bias) = (Tensor::ones([20, 1, 5, 5], (Kind::Float, Device::Cpu)), Tensor::zeros([20], (Kind::Float, Device::Cpu)));
//! let isa = Isa::best();
//! let maps = convolve_pool(&pack(&images, isa)?, &filters, &bias, false, isa)?; // [blocks, 20, 12, 12, lanes]
//! let maps = unpack(&maps.relu(), 6, isa)?; // [6, 20, 12, 12]; operations on each value need no unpacking
//! assert_eq!(maps.size(), [6, 20, 12, 12]);
//! assert_eq!(maps.double_value(&[5, 19, 11, 11]), 25.0);
//! # Ok::<(), torch_ext::Error>(())
//! ```

use tch::Tensor;

use crate::{Error, Isa, shim};

/// Whether there are kernels for square filters of this height: 1, 3, 5 and 7.
pub fn supports(kernel: i64) -> bool {
    matches!(kernel, 1 | 3 | 5 | 7)
}

/// Packs f32 pictures `[n, ...]` on the CPU, n at least 1, into `[ceil(n / lanes), ..., lanes]`; places without a
/// picture hold zeros. Autograd passes through.
///
/// # Errors
/// Another dtype or device, no picture, an instruction set that this processor lacks.
pub fn pack(rows: &Tensor, isa: Isa) -> Result<Tensor, Error> {
    shim::pack(rows, isa.check()?)
}

/// The first `count` pictures of `[blocks, ..., lanes]` as `[count, ...]`: undoes [`pack`]. Autograd passes through.
///
/// # Errors
/// As [`pack`]; a number of blocks or lanes that does not fit `count`.
pub fn unpack(packed: &Tensor, count: i64, isa: Isa) -> Result<Tensor, Error> {
    shim::unpack(packed, count, isa.check()?)
}

/// Convolution with stride 1 and no padding, plus bias, then max-pooling of 2x2 windows, of packed pictures:
/// `[blocks, channels, height, width, lanes]` with filters `[maps, channels, k, k]` and a bias `[maps]` to
/// `[blocks, maps, h, w, lanes]`, where `h` is half of `height - k + 1`, rounded down, or up where `keep_border` pools
/// an odd last row or column by itself.
///
/// Autograd knows the gradient with respect to pictures, filters and bias; not the gradient of that gradient. The
/// results depend on the number of libtorch's threads (in the last bits of the filters' gradient) and on nothing else
/// but the arguments.
///
/// # Errors
/// Shapes that do not fit one another; filters that are not square or not [supported](supports); as [`pack`].
pub fn convolve_pool(
    packed: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    keep_border: bool,
    isa: Isa,
) -> Result<Tensor, Error> {
    shim::convolve_pool(packed, weight, bias, keep_border, isa.check()?)
}
