//! `train --watch`: the page of a run that is being trained, and the line that says where it is.

use crate::train_command::Run;
use crate::{device, probe};
use anyhow::Result;
use report::Surroundings;
use report::watch::{self, Watch};
use std::net::TcpListener;

/// Starts to serve the page of a run that is about to be trained, and says where; `None`, with a warning, where the
/// system refuses what that takes, because a run is worth more than its page.
pub fn start(listener: TcpListener, run: &mut Run) -> Result<Option<Watch>> {
    let (folder, recipe) = (run.folder.path(), run.plan.recipe());
    let watched = watch::Run {
        path: folder.to_owned(),
        recipe: recipe.clone(),
        minibatch_size: run.plan.minibatch_size(),
        parameters: run.learner.model.summary(),
        surroundings: Surroundings {
            folder: folder.to_owned(),
            data_set: run.data.name.clone(),
            device: device::name(run.data.train.device()),
            threads: tch::get_num_threads(),
            seed: recipe.seed,
            libtorch: probe::LIBTORCH.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        note: run.note.clone(),
    };
    match Watch::start(listener, watched) {
        Ok(watch) => {
            run.reporter.line(&format!("watch   http://{}/\n", watch.address()))?;
            Ok(Some(watch))
        }
        Err(error) => {
            run.reporter.line(&format!("WARNING: the page cannot be served ({error}): training without --watch"))?;
            Ok(None)
        }
    }
}
