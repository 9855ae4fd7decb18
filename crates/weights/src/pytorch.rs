//! Checkpoints of `torch.save`.

use std::path::Path;

use pytorch_reader::{DType, PytorchReader};
use tch::{Kind, Tensor};

use crate::{Error, made};

/// All tensors, nested ones under dotted names.
pub(crate) fn tensors(path: &Path) -> Result<Vec<(String, Tensor)>, Error> {
    let reader = PytorchReader::new(path).map_err(Error::damaged(path))?;
    let tensor = |(name, tensor): (String, pytorch_reader::Tensor)| {
        let kind = match tensor.dtype() {
            DType::F64 => Kind::Double,
            DType::F32 => Kind::Float,
            DType::F16 => Kind::Half,
            DType::BF16 => Kind::BFloat16,
            DType::I64 => Kind::Int64,
            DType::I32 => Kind::Int,
            DType::I16 => Kind::Int16,
            DType::I8 => Kind::Int8,
            DType::U8 => Kind::Uint8,
            DType::Bool => Kind::Bool,
            other => {
                return Err(Error::Kind { path: path.to_owned(), name, found: format!("{other:?}") });
            }
        };
        let bytes = tensor.read().map_err(Error::damaged(path))?;
        let tensor = made(path, &bytes, tensor.shape(), kind)?;
        Ok((name, tensor))
    };
    reader.into_tensors().into_iter().map(tensor).collect()
}
