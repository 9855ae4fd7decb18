//! What Minibatch is compared with, and what the rows come to: the part of the comparison that only decides, reads and draws.
//! The program `compare` (`src/run/`) lets the sides take turns, and `ours-side` (`src/ours/`) is our own side.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`work`] | what is trained, how much of it, and by whom |
//! | [`platform`] | CPU or CUDA: what is timed there, and who takes turns |
//! | [`goals`] | the ratios aimed at |
//! | [`turn`] | one turn of one side: a process that prints measures as JSON lines |
//! | [`peers`] | other Rust libraries |
//! | [`coincide`] | whether two sides compute the same |
//! | [`criterion`] | what criterion measured: gathered, completed, compared |
//! | [`scaling`] | what is varied to see time and memory grow |
//! | [`record`] | the raw rows, as a file in `benches/results/` |
//! | [`machine`] | hardware and versions that stand with them |
//! | [`stats`] | medians, quartiles, ratios per repetition |
//! | [`table`] | rows to Markdown |
//! | [`bars`] | ratios to a chart |
//! | [`page`] | parts of `docs/performance.md` between markers |
//! | [`workspace`] | where all of this lies in a clone |
//!
//! Nothing here links libtorch, prints or reads the environment: paths come in, values and files go out. Our own side is a
//! program of its own, started for every turn.

pub mod bars;
pub mod coincide;
pub mod criterion;
pub mod device;
pub mod goals;
pub mod machine;
pub mod page;
pub mod peers;
pub mod platform;
pub mod record;
pub mod scaling;
pub mod stats;
pub mod table;
pub mod turn;
pub mod work;
pub mod workspace;
