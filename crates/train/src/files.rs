//! Tensors and values as the files of a checkpoint, and back.

use crate::checkpoint::Files;
use crate::error::Error;
use crate::tensors::{from_bytes, to_bytes};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::Path;
use tch::Tensor;

pub(crate) fn serialise(name: &str, named: &[(String, Tensor)]) -> Result<Vec<u8>, Error> {
    to_bytes(named).map_err(|problem| Error::Checkpoint { path: name.into(), problem })
}

pub(crate) fn json(name: &str, value: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec_pretty(value).map_err(|e| Error::Checkpoint { path: name.into(), problem: e.to_string() })
}

fn find<'a>(files: &'a Files, name: &str, folder: &Path) -> Result<&'a Vec<u8>, Error> {
    let missing =
        || Error::Checkpoint { path: folder.join(name), problem: "is missing: this checkpoint cannot be used".into() };
    files.get(name).ok_or_else(missing)
}

pub(crate) fn tensors(files: &Files, name: &str, folder: &Path) -> Result<Vec<(String, Tensor)>, Error> {
    from_bytes(find(files, name, folder)?).map_err(|problem| Error::Checkpoint { path: folder.join(name), problem })
}

pub(crate) fn parse<T: DeserializeOwned>(files: &Files, name: &str, folder: &Path) -> Result<T, Error> {
    let wrong = |e: serde_json::Error| Error::Checkpoint {
        path: folder.join(name),
        problem: format!("cannot be read: {}", values::plain(&e.to_string())),
    };
    serde_json::from_slice(find(files, name, folder)?).map_err(wrong)
}
