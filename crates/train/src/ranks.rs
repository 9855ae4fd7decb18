//! Several processes that train one model together, each on its share of every minibatch: what they tell one another beside
//! gradients, and how their figures become one.
//!
//! `minibatch.size` is that of all ranks together, so the same recipe gives the same curve whatever their number. Every rank holds
//! the model, its optimiser and all pictures; what each computes of its share is summed before anything is decided or updated, so
//! that all take the same decisions and hold the same bits.

use crate::error::Error;
use crate::learner::Learner;
use crate::running_metrics::Sums;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;
use tch::{Device, Kind, Tensor};
use tensor_data::Shard;
use torch_ext::Group;

/// The processes that train a model together.
#[derive(Debug, Clone, Default)]
pub enum Ranks {
    /// This one alone.
    #[default]
    Alone,
    /// This one and others.
    Together(Arc<Group>),
}

impl Ranks {
    /// This process, from 0.
    pub fn rank(&self) -> usize {
        self.group().map_or(0, |group| group.rank())
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.group().map_or(1, |group| group.ranks())
    }

    /// Whether nobody else takes part.
    pub fn is_alone(&self) -> bool {
        self.group().is_none()
    }

    /// What connects them.
    pub fn group(&self) -> Option<&Arc<Group>> {
        match self {
            Ranks::Alone => None,
            Ranks::Together(group) => Some(group),
        }
    }

    /// This process' share of every minibatch.
    pub fn shard(&self) -> Shard {
        Shard::new(self.rank(), self.count()).unwrap_or(Shard::WHOLE)
    }

    /// Waits for all ranks to say whether they can go on, and goes on only where all can. Whoever has a reason not to gives it, and
    /// all others return that of the lowest rank.
    ///
    /// # Errors
    /// [`Error::Ranks`] with that reason on every rank; [`Error::Libtorch`] where a rank is lost.
    pub fn agree(&self, reason: Option<&str>, patience: Duration) -> Result<(), Error> {
        let Some(group) = self.group() else { return reason.map_or(Ok(()), |it| Err(Error::Ranks(it.to_owned()))) };
        group.barrier(patience)?;
        let mut refusals = vec![0.0; group.ranks()];
        refusals[group.rank()] = f64::from(reason.is_some());
        self.sum(&mut refusals)?;
        let Some(first) = refusals.iter().position(|&it| it > 0.0) else { return Ok(()) };
        let said = group.broadcast_bytes(reason.unwrap_or_default().as_bytes(), first)?;
        let said = String::from_utf8_lossy(&said);
        Err(Error::Ranks(if first == group.rank() { said.into_owned() } else { format!("rank {first}: {said}") }))
    }

    /// What rank `root` says, to all: `own` is looked at there alone.
    ///
    /// # Errors
    /// [`Error::Ranks`] where it cannot be read, as by another version of the program; [`Error::Libtorch`] where a rank is lost.
    pub fn say<T: Serialize + DeserializeOwned>(&self, root: usize, own: &T) -> Result<T, Error> {
        let unreadable = |what: serde_json::Error| {
            Error::Ranks(format!("rank {root} and this one do not understand one another: {what}"))
        };
        let text = if self.rank() == root { serde_json::to_vec(own).map_err(unreadable)? } else { Vec::new() };
        serde_json::from_slice(&self.bytes(root, &text)?).map_err(unreadable)
    }

    /// The bytes of rank `root`.
    pub(crate) fn bytes(&self, root: usize, own: &[u8]) -> Result<Vec<u8>, Error> {
        self.group().map_or(Ok(own.to_vec()), |group| Ok(group.broadcast_bytes(own, root)?))
    }

    /// Numbers summed over all ranks, in their place.
    fn sum(&self, numbers: &mut [f64]) -> Result<(), Error> {
        let Some(group) = self.group() else { return Ok(()) };
        let mut tensor = Tensor::f_from_slice(numbers).map_err(exchanged)?;
        group.sum(&mut tensor)?;
        let count = numbers.len();
        tensor.f_copy_data(numbers, count).map_err(exchanged)
    }

    /// Sums over samples, of all ranks together. Counts are exact.
    pub(crate) fn join(&self, sums: &[Sums]) -> Result<Vec<Sums>, Error> {
        if self.is_alone() || sums.is_empty() {
            return Ok(sums.to_vec());
        }
        let mut numbers: Vec<f64> = sums.iter().flat_map(|it| [it.loss, it.errors as f64, it.samples as f64]).collect();
        self.sum(&mut numbers)?;
        let joined = |it: &[f64]| Sums { loss: it[0], errors: it[1] as i64, samples: it[2] as i64 };
        Ok(numbers.chunks_exact(3).map(joined).collect())
    }

    /// An error that names the ranks whose model is not that of rank 0, bit for bit.
    pub(crate) fn check_same(&self, learner: &Learner) -> Result<(), Error> {
        let Some(group) = self.group() else { return Ok(()) };
        let own = digest(learner).map_err(exchanged)?;
        let mut all = Tensor::f_zeros([group.ranks() as i64, own.numel() as i64], (Kind::Int64, Device::Cpu))
            .map_err(exchanged)?;
        all.select(0, group.rank() as i64).f_copy_(&own).map_err(exchanged)?;
        group.sum(&mut all)?;
        let differs = |rank: &usize| all.get(*rank as i64) != all.get(0);
        let others: Vec<String> = (1..group.ranks()).filter(differs).map(|rank| rank.to_string()).collect();
        if others.is_empty() {
            return Ok(());
        }
        Err(Error::Ranks(format!(
            "after iteration {} the model of rank {} is not that of rank 0: the processors, libtorch or threads of the ranks \
             differ, or a machine computes wrongly",
            learner.progress.iteration,
            others.join(", ")
        )))
    }
}

/// Sums over the bits of a model's tensors, i64 `[2]` on the host: one of them weighs each value by its place.
fn digest(learner: &Learner) -> Result<Tensor, tch::TchError> {
    let _guard = tch::no_grad_guard();
    let mut sums = Tensor::f_zeros([2], (Kind::Int64, Device::Cpu))?;
    for (_, tensor) in learner.model.named_tensors() {
        let bits = tensor.f_contiguous()?.f_view_dtype(Kind::Int)?.f_reshape([-1])?.f_to_kind(Kind::Int64)?;
        let places = Tensor::f_arange(bits.numel() as i64, (Kind::Int64, bits.device()))?.f_add_scalar(1)?;
        let weighed = bits.f_mul(&places)?.f_sum(Kind::Int64)?;
        let own = Tensor::f_stack(&[bits.f_sum(Kind::Int64)?, weighed], 0)?.f_to_device(Device::Cpu)?;
        sums = sums.f_mul_scalar(1_000_003)?.f_add(&own)?;
    }
    Ok(sums)
}

pub(crate) fn exchanged(cause: tch::TchError) -> Error {
    Error::torch("exchange figures with the other ranks")(cause)
}
