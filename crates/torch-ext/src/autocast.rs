//! Mixed precision: inside of a region libtorch computes products in a shorter dtype, on CPUs as well as on CUDA (tch
//! knows CUDA alone), and casts back where that would cost accuracy.

use tch::{Device, Kind};

use crate::{Error, shim};

/// Computes in a shorter dtype until it is dropped, on the thread that made it.
///
/// ```
/// use tch::{Device, Kind, Tensor};
/// use torch_ext::Autocast;
///
/// let x = Tensor::ones([2, 3], (Kind::Float, Device::Cpu));
/// let region = Autocast::enter(Device::Cpu, Kind::BFloat16)?;
/// assert_eq!(x.matmul(&x.tr()).kind(), Kind::BFloat16);
/// drop(region);
/// assert_eq!(x.matmul(&x.tr()).kind(), Kind::Float);
/// # Ok::<(), torch_ext::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "the region ends when this is dropped"]
pub struct Autocast {
    cuda: bool,
    was_on: bool,
    was: i32,
    /// libtorch keeps this state for each thread: not to be sent to another.
    _thread: std::marker::PhantomData<*const ()>,
}

impl Autocast {
    /// Starts a region on the CPU or on all CUDA devices, with `BFloat16` or `Half`.
    ///
    /// Weights that were cast are kept until the outermost region ends and are forgotten then; so a region holds
    /// the forward pass of one step, not the steps of an epoch, which would continue with stale weights.
    ///
    /// # Errors
    /// Another dtype or device.
    pub fn enter(device: Device, kind: Kind) -> Result<Autocast, Error> {
        let cuda = match device {
            Device::Cpu => false,
            Device::Cuda(_) => true,
            _ => return Err(Error(format!("autocast works on the CPU and on CUDA, not on {device:?}"))),
        };
        if !matches!(kind, Kind::BFloat16 | Kind::Half) {
            return Err(Error(format!("autocast takes BFloat16 or Half, not {kind:?}")));
        }
        let (was_on, was) = shim::autocast_enter(cuda, kind == Kind::Half)?;
        Ok(Autocast { cuda, was_on, was, _thread: std::marker::PhantomData })
    }
}

impl Drop for Autocast {
    fn drop(&mut self) {
        shim::autocast_leave(self.cuda, self.was_on, self.was);
    }
}
