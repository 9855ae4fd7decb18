//! Sweeps: the search for good settings of a recipe, with one copy of the data for all trials, in a folder that loses nothing.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`Definition`] | the `[sweep]` table: what is tried, how often, for how long |
//! | [`space`] | the keys and their values: grids, lists, ranges to draw from |
//! | [`strategy`] | which settings come next: grid, random, zoom, TPE; pure functions |
//! | [`Halving`] | early stopping of poor trials; a pure function |
//! | [`Folder`] | the sweep's folder: who trains what, and what came of it |
//! | [`state`] | the trials, as the journal tells them |
//! | [`run()`], [`close`] | the sweep itself, and the winner's test |
//! | [`page`] | the same as one offline page with pictures |
//! | [`optuna`] | the same as a study of Optuna |
//! | [`Collected`] | runs that were trained one by one, as the trials of a sweep |
//! | [`Commands`] | the commands that train a trial again |
//! | [`words`] | what a person reads of it |
//!
//! A trial is a combination of settings; its runs train it with one seed each, in a run's folder of its own. Trials are
//! compared by validation alone; the test set is looked at for the winner, once.
//!
//! The crate knows no command line, no environment and no terminal.

mod collect;
mod commands;
mod definition;
mod error;
mod folder;
mod halving;
mod journal;
pub mod optuna;
pub mod page;
mod pictures;
mod slurm;
pub mod space;
pub mod state;
pub mod strategy;
pub mod table;
mod trial;
mod view;
pub mod words;
mod work;

pub use collect::Collected;
pub use commands::Commands;
pub use definition::{Definition, Search};
pub use error::Error;
pub use folder::{Claim, Folder, Work};
pub use halving::Halving;
pub use slurm::Slurm;
pub use trial::{About, Network, Shared, Stop};
pub use work::{Happened, Outcome, Stopped, Test, Winner, close, outcome, run, show};
