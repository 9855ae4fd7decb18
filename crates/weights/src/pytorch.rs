//! Checkpoints of `torch.save`.

use std::io::{Cursor, Read};
use std::path::Path;

use pytorch_reader::{DType, PytorchReader};
use tch::{Kind, Tensor};

use crate::{Error, made, pickle};

/// Pickles at the beginning of a file of the format before 1.6: a magic number, the version, the machine, the object, its keys.
const PICKLES: usize = 5;

/// All tensors, nested ones under dotted names. `bytes` are the file's.
pub(crate) fn tensors(path: &Path, bytes: &[u8]) -> Result<Vec<(String, Tensor)>, Error> {
    if let Some(called) = suspicious(bytes) {
        return Err(Error::Hostile { path: path.to_owned(), called });
    }
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

/// What the file would call beside what tensors need, in any of the formats.
fn suspicious(bytes: &[u8]) -> Option<String> {
    if let Ok(mut archive) = zip::ZipArchive::new(Cursor::new(bytes)) {
        return (0..archive.len()).find_map(|place| {
            let mut entry = archive.by_index(place).ok()?;
            let is_pickle = entry.name().is_ok_and(|name| name.ends_with(".pkl"));
            let mut content = Vec::new();
            let _ = is_pickle.then(|| entry.read_to_end(&mut content))?.ok()?;
            pickle::suspicious(&content, 1)
        });
    }
    let of_tar = tar::Archive::new(bytes).entries().ok().and_then(|entries| {
        entries.flatten().find_map(|mut entry| {
            let mut content = Vec::new();
            entry.read_to_end(&mut content).ok()?;
            pickle::suspicious(&content, usize::MAX)
        })
    });
    of_tar.or_else(|| pickle::suspicious(bytes, PICKLES))
}
