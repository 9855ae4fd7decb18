//! The live pages: of a run that is being trained (`train --watch`), and of the runs below some folders (`watch`).

use crate::train_command::Run;
use crate::{console, device, probe};
use anyhow::{Context, Result};
use report::Surroundings;
use report::watch::{self, Watch};
use std::net::TcpListener;
use std::process::ExitCode;
use std::thread;
use xtask::cli::WatchArgs;

/// Starts to serve the page of a run that is about to be trained, and says where; `None`, with a warning, where the
/// system refuses what that takes, because a run is worth more than its page.
pub fn start(listener: TcpListener, may_stop: bool, run: &mut Run) -> Result<Option<Watch>> {
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
    match Watch::start(listener, watched, may_stop) {
        Ok(watch) => {
            let end = if may_stop { "" } else { "\n" };
            run.reporter.line(&format!("watch   http://{}/{end}", watch.address()))?;
            if let Some(address) = watch.stop_address() {
                run.reporter.line(&format!("stop    {address}   can end training after its epoch\n"))?;
            }
            Ok(Some(watch))
        }
        Err(error) => {
            run.reporter.line(&format!("WARNING: the page cannot be served ({error}): training without --watch"))?;
            Ok(None)
        }
    }
}

/// Serves the page of several runs until the process is ended.
pub fn follow(args: &WatchArgs) -> Result<ExitCode> {
    if let Some(missing) = args.runs.iter().find(|folder| !folder.is_dir()) {
        return Err(console::Usage(format!("there is no folder {}", console::shown::path(missing))).into());
    }
    let address = watch::follow(watch::listen(args.port)?, args.runs.clone()).context("the page cannot be served")?;
    console::line(false, &format!("watch   http://{address}/"));
    loop {
        thread::park();
    }
}
