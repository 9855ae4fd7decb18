//! NumPy archives (`numpy.savez`): a zip file of arrays, each with a header that says type, shape and order. Keras' `mnist.npz` and
//! MedMNIST's files are such.

use crate::arrays::{self, Array, Values};
use crate::{Error, MOST_BYTES, Read, TestPart};
use npyz::{DType, NpyFile, Order, TypeChar};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::Path;
use zip::ZipArchive;

/// Reads the data set of an `.npz` file. Arrays of objects, which only Python's pickle could read, are never read.
///
/// # Errors
/// [`Error::Io`] and [`Error::Content`] for a file that cannot be read, is no archive, or holds no pictures with labels.
pub fn read(path: &Path, test: TestPart) -> Result<Read, Error> {
    let file = BufReader::new(File::open(path).map_err(Error::io(path))?);
    let wrong = |problem: String| Error::content(path, problem);
    let mut archive = ZipArchive::new(file).map_err(|e| wrong(format!("is no whole archive: {e}")))?;
    let mut arrays = BTreeMap::new();
    for place in 0..archive.len() {
        let entry = archive.by_index(place).map_err(|e| wrong(format!("cannot be unpacked: {e}")))?;
        let name = entry.name().map_err(|e| wrong(format!("cannot be unpacked: {e}")))?.into_owned();
        let Some(name) = name.strip_suffix(".npy") else { continue };
        arrays.insert(name.to_owned(), array(entry.take(MOST_BYTES + 4096)));
    }
    arrays::source(path, arrays, test)
}

fn array(content: impl std::io::Read) -> Result<Array, String> {
    let npy = NpyFile::new(content).map_err(|e| format!("has no header that can be read: {e}"))?;
    let size = |&n: &u64| usize::try_from(n).map_err(|_| "is too large".to_owned());
    let shape: Vec<usize> = npy.shape().iter().map(size).collect::<Result<_, _>>()?;
    let DType::Plain(kind) = npy.dtype() else {
        return Err("has a type of several fields: store one number a value".into());
    };
    let count = shape.iter().try_fold(1_u64, |product, &n| product.checked_mul(n as u64));
    if count.is_none_or(|count| count.saturating_mul(kind.size_field()) > MOST_BYTES) {
        return Err(format!("has shape {shape:?}, which is more than {} GiB", MOST_BYTES >> 30));
    }
    if npy.order() != Order::C && shape.len() > 1 {
        return Err("is stored column by column (Fortran order): store it with numpy.ascontiguousarray".into());
    }
    let values = match (kind.type_char(), kind.size_field()) {
        (TypeChar::Uint, 1) => Values::Bytes(read_all::<u8>(npy)?),
        (TypeChar::Bool, _) => Values::Bytes(read_all::<bool>(npy)?.into_iter().map(u8::from).collect()),
        (TypeChar::Int, 1) => numbers::<i8>(npy)?,
        (TypeChar::Int, 2) => numbers::<i16>(npy)?,
        (TypeChar::Int, 4) => numbers::<i32>(npy)?,
        (TypeChar::Int, 8) => Values::Numbers(read_all::<i64>(npy)?),
        (TypeChar::Uint, 2) => numbers::<u16>(npy)?,
        (TypeChar::Uint, 4) => numbers::<u32>(npy)?,
        (TypeChar::Uint, 8) => {
            let number = |n: u64| i64::try_from(n).map_err(|_| format!("holds {n}, which is no label"));
            Values::Numbers(read_all::<u64>(npy)?.into_iter().map(number).collect::<Result<_, _>>()?)
        }
        _ => return Err(format!("has type {kind}: pixels are uint8, labels whole numbers")),
    };
    Ok(Array { shape, values })
}

fn numbers<T: npyz::Deserialize + Into<i64>>(npy: NpyFile<impl std::io::Read>) -> Result<Values, String> {
    Ok(Values::Numbers(read_all::<T>(npy)?.into_iter().map(Into::into).collect()))
}

/// All values; memory grows with those that are there.
fn read_all<T: npyz::Deserialize>(npy: NpyFile<impl std::io::Read>) -> Result<Vec<T>, String> {
    let data = npy.data::<T>().map_err(|e| format!("cannot be read: {e}"))?;
    let mut all = Vec::new();
    for value in data {
        all.push(value.map_err(|e| format!("ends before its last value or is damaged: {e}"))?);
    }
    Ok(all)
}
