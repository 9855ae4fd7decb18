//! Initial parameters, handed over as safetensors.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use safetensors::{Dtype, SafeTensors};

/// A file with parameters.
pub struct Parameters(Vec<u8>);

impl Parameters {
    pub fn read(path: &Path) -> Result<Parameters> {
        Ok(Parameters(fs::read(path).with_context(|| format!("cannot read {}", path.display()))?))
    }

    /// Shape and values of one parameter, f32.
    pub fn get(&self, name: &str) -> Result<(Vec<usize>, Vec<f32>)> {
        let file = SafeTensors::deserialize(&self.0).context("the initial parameters are no safetensors")?;
        let view = file.tensor(name).with_context(|| format!("the initial parameters lack {name}"))?;
        ensure!(view.dtype() == Dtype::F32, "{name} is {:?} and not f32", view.dtype());
        let (values, _) = view.data().as_chunks::<4>();
        Ok((view.shape().to_vec(), values.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()))
    }
}
