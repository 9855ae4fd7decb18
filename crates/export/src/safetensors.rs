//! Safetensors files: the tensors under the network's own names (torchvision's, timm's or the authors'), the description in the
//! header. The computation is not in it: a program builds the network and does what `preprocessing` says.

use std::collections::HashMap;

use ::safetensors::tensor::TensorView;
use ::safetensors::{Dtype, SafeTensors};
use models::Model;
use tch::{Device, Kind, Tensor};

use crate::{Description, Error};

/// A safetensors file of a model, f32.
///
/// # Errors
/// [`Error::Libtorch`] where the tensors cannot be brought to the host.
pub fn safetensors(model: &Model, description: &Description) -> Result<Vec<u8>, Error> {
    let mut host = Vec::new();
    for (name, tensor) in model.named_tensors() {
        let failed = || Error::libtorch(format!("copy {name}"));
        let flat = tensor.detach().f_to_device(Device::Cpu).and_then(|it| it.f_flatten(0, -1)).map_err(failed())?;
        let values = Vec::<f32>::try_from(flat).map_err(failed())?;
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let shape: Vec<usize> = tensor.size().iter().map(|&size| size as usize).collect();
        host.push((name, shape, bytes));
    }
    let views: Result<Vec<_>, _> = host
        .iter()
        .map(|(name, shape, bytes)| Ok((name, TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
        .collect();
    let metadata: HashMap<String, String> =
        description.metadata().into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    let written = views.and_then(|views| ::safetensors::serialize(views, Some(metadata)));
    written.map_err(|cause: ::safetensors::SafeTensorError| Error::libtorch("write the tensors")(cause))
}

/// The same network with the values of a safetensors file.
///
/// # Errors
/// [`Error::Libtorch`] where the file does not hold the network's tensors.
pub fn reread(model: &Model, bytes: &[u8]) -> Result<Model, Error> {
    let file = SafeTensors::deserialize(bytes).map_err(Error::libtorch("read the tensors"))?;
    let tensor = |(name, view): (String, TensorView<'_>)| {
        let shape: Vec<i64> = view.shape().iter().map(|&size| size as i64).collect();
        let tensor = Tensor::f_from_data_size(view.data(), &shape, Kind::Float);
        Ok((name.clone(), tensor.map_err(Error::libtorch(format!("read {name}")))?))
    };
    let values = file.tensors().into_iter().map(tensor).collect::<Result<Vec<_>, Error>>()?;
    let twin = model.twin().map_err(Error::libtorch("copy the network"))?;
    twin.load_values(&values).map_err(Error::libtorch("read the tensors"))?;
    Ok(twin)
}
