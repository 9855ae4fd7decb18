//! Numbers of tensors as they are drawn: on the host.

use crate::error::Error;
use tch::{Device, Tensor};

/// The numbers of an f32 tensor of any shape, in its own order.
pub(crate) fn values(tensor: &Tensor) -> Result<Vec<f32>, Error> {
    let flat = tensor.detach().to_device(Device::Cpu).contiguous().flatten(0, -1); // [n]
    Vec::<f32>::try_from(&flat).map_err(Error::torch("give out its numbers"))
}
