//! From the names of a checkpoint to those of the network in it.

use tch::Tensor;

/// Keys under which training programs put a network beside other things, the likeliest first.
const CONTAINERS: [&str; 4] = ["state_dict.", "model_state_dict.", "model.", "net."];
/// What wrappers put before every name: DataParallel, torch.compile, Lightning.
const WRAPPERS: [&str; 3] = ["module.", "_orig_mod.", "model."];

pub(crate) struct Own {
    pub tensors: Vec<(String, Tensor)>,
    pub left_out: Vec<String>,
}

/// The network's tensors under its own names.
pub(crate) fn own(tensors: Vec<(String, Tensor)>) -> Own {
    let container = CONTAINERS.into_iter().find(|prefix| tensors.iter().any(|(name, _)| name.starts_with(prefix)));
    let Some(container) = container else {
        return Own { tensors: unwrapped(tensors), left_out: Vec::new() };
    };
    let (mut inside, mut left_out) = (Vec::new(), Vec::new());
    for (name, tensor) in tensors {
        match name.strip_prefix(container) {
            Some(own) => inside.push((own.to_owned(), tensor)),
            None => left_out.push(name),
        }
    }
    left_out.sort();
    Own { tensors: unwrapped(inside), left_out }
}

/// Without the wrappers that all names have.
fn unwrapped(mut tensors: Vec<(String, Tensor)>) -> Vec<(String, Tensor)> {
    while let Some(prefix) = WRAPPERS
        .into_iter()
        .find(|prefix| !tensors.is_empty() && tensors.iter().all(|(name, _)| name.starts_with(prefix)))
    {
        for (name, _) in &mut tensors {
            name.drain(..prefix.len());
        }
    }
    tensors
}
