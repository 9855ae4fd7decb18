//! Names of the folders in which a run keeps models, and what they say.

use crate::progress::Best;

pub(super) const SNAPSHOTS: &str = "snapshots";
pub(super) const TOP: &str = "top";

/// The epoch in the name of a snapshot's folder.
pub(super) fn epoch(name: &str) -> Option<u64> {
    let epoch = name.strip_prefix("epoch-")?.parse().ok()?;
    (snapshot_name(epoch) == name).then_some(epoch)
}

/// The name of a snapshot's folder.
pub(super) fn snapshot_name(epoch: u64) -> String {
    format!("epoch-{epoch:04}")
}

/// The name of a kept model's folder; the error is a fraction.
pub(super) fn name(at: &Best) -> String {
    format!("iteration-{:08}-error-{:.4}", at.iteration, at.error)
}

/// The iteration in such a name; `None` for every other name, those of unfinished work among them.
pub(super) fn iteration(found: &str) -> Option<u64> {
    let (iteration, error) = found.strip_prefix("iteration-")?.split_once("-error-")?;
    let at = Best { iteration: iteration.parse().ok()?, error: error.parse().ok()?, loss: f64::NAN };
    (name(&at) == found).then_some(at.iteration)
}
