//! Arrays in safetensors files: a header of names, types and shapes, then the bytes.

use crate::arrays::{self, Array, Values};
use crate::{Error, MOST_BYTES, Read, TestPart};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use std::collections::BTreeMap;
use std::path::Path;

/// Reads the data set of a safetensors file.
///
/// # Errors
/// [`Error::Io`] and [`Error::Content`] for a file that cannot be read, is damaged, or holds no pictures with labels.
pub fn read(path: &Path, test: TestPart) -> Result<Read, Error> {
    let bytes = std::fs::metadata(path).map_err(Error::io(path))?.len();
    if bytes > 2 * MOST_BYTES {
        return Err(Error::content(path, format!("is larger than {} GiB", (2 * MOST_BYTES) >> 30)));
    }
    let content = std::fs::read(path).map_err(Error::io(path))?;
    let file = SafeTensors::deserialize(&content)
        .map_err(|e| Error::content(path, format!("is damaged or no safetensors file: {e}")))?;
    let mut arrays = BTreeMap::new();
    for (name, view) in file.tensors() {
        arrays.insert(name, array(&view));
    }
    arrays::source(path, arrays, test)
}

fn array(view: &TensorView<'_>) -> Result<Array, String> {
    let data = view.data();
    let values = match view.dtype() {
        Dtype::U8 | Dtype::BOOL => Values::Bytes(data.to_vec()),
        Dtype::I8 => Values::Numbers(data.iter().map(|&byte| i64::from(byte as i8)).collect()),
        Dtype::I16 => numbers(data, i16::from_le_bytes),
        Dtype::U16 => numbers(data, u16::from_le_bytes),
        Dtype::I32 => numbers(data, i32::from_le_bytes),
        Dtype::U32 => numbers(data, u32::from_le_bytes),
        Dtype::I64 => numbers(data, i64::from_le_bytes),
        other => return Err(format!("has type {other:?}: pixels are U8, labels whole numbers")),
    };
    Ok(Array { shape: view.shape().to_vec(), values })
}

fn numbers<const N: usize, T: Into<i64>>(data: &[u8], number: fn([u8; N]) -> T) -> Values {
    let (chunks, _) = data.as_chunks::<N>(); // the header's shape fits its bytes, as was checked on reading
    Values::Numbers(chunks.iter().map(|&chunk| number(chunk).into()).collect())
}
