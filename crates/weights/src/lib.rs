//! Weights that other programs saved: safetensors files and the checkpoints of `torch.save` in all its formats (zip since 1.6, the
//! stream of pickles before, tar before 0.1.10). Nothing in a file is executed: a pickle is read as data. One that would
//! call more than what tensors need, where Python loads it, is refused.
//!
//! The names come out as the network's own: what surrounds them in a training program's checkpoint (`state_dict`, `module.` of
//! DataParallel, `_orig_mod.` of torch.compile) is removed here. `models::Model::load_named` takes what comes out. [`Weights::fitted`] brings the
//! names of other libraries to a network's own. [`known`] lists published weights, which a program can fetch.
//!
//! ```no_run
//! let weights = weights::read("resnet20.pt".as_ref())?;
//! println!("{} tensors, {} left out", weights.tensors.len(), weights.left_out.len());
//! # Ok::<(), weights::Error>(())
//! ```

mod dialects;
mod error;
pub mod known;
mod names;
mod pickle;
mod pytorch;

use std::fs;
use std::path::Path;

use safetensors::{Dtype, SafeTensors};
use tch::{Kind, Tensor};

pub use dialects::Fitted;
pub use error::Error;

/// The tensors of a file.
#[derive(Debug)]
pub struct Weights {
    /// Names as the network has them, sorted, and values as they were saved, on the CPU.
    pub tensors: Vec<(String, Tensor)>,
    /// Names, as in the file, of tensors beside the network's, such as an optimiser's state.
    pub left_out: Vec<String>,
}

/// Reads a safetensors file or a PyTorch checkpoint, told apart by content.
///
/// # Errors
/// [`Error::Io`] where the file cannot be read, [`Error::Damaged`] where it is neither or is cut off, [`Error::Hostile`] where Python would run
/// a program in loading it, [`Error::Empty`] where it holds no tensor, [`Error::Kind`] for one of a type that libtorch lacks.
pub fn read(path: &Path) -> Result<Weights, Error> {
    let bytes = fs::read(path).map_err(|cause| Error::Io { path: path.to_owned(), cause })?;
    let tensors = if is_safetensors(&bytes) { safetensors(path, &bytes)? } else { pytorch::tensors(path, &bytes)? };
    let names::Own { mut tensors, left_out } = names::own(tensors);
    if tensors.is_empty() {
        return Err(Error::Empty { path: path.to_owned() });
    }
    tensors.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(Weights { tensors, left_out })
}

/// A length of eight bytes and the brace of the header that begins there.
fn is_safetensors(bytes: &[u8]) -> bool {
    bytes.get(8) == Some(&b'{')
}

fn safetensors(path: &Path, bytes: &[u8]) -> Result<Vec<(String, Tensor)>, Error> {
    let file = SafeTensors::deserialize(bytes).map_err(Error::damaged(path))?;
    let tensor = |(name, view): (String, safetensors::tensor::TensorView<'_>)| {
        let kind = match view.dtype() {
            Dtype::F64 => Kind::Double,
            Dtype::F32 => Kind::Float,
            Dtype::F16 => Kind::Half,
            Dtype::BF16 => Kind::BFloat16,
            Dtype::I64 => Kind::Int64,
            Dtype::I32 => Kind::Int,
            Dtype::I16 => Kind::Int16,
            Dtype::I8 => Kind::Int8,
            Dtype::U8 => Kind::Uint8,
            Dtype::BOOL => Kind::Bool,
            other => {
                return Err(Error::Kind { path: path.to_owned(), name, found: format!("{other:?}") });
            }
        };
        let tensor = made(path, view.data(), view.shape(), kind)?;
        Ok((name, tensor))
    };
    file.tensors().into_iter().map(tensor).collect()
}

/// A tensor of bytes in the machine's order.
fn made(path: &Path, bytes: &[u8], shape: &[usize], kind: Kind) -> Result<Tensor, Error> {
    let shape: Vec<i64> = shape.iter().map(|&size| size as i64).collect();
    Tensor::f_from_data_size(bytes, &shape, kind).map_err(Error::damaged(path))
}
