//! `bench --versus`, `--scaling` and `--render`: what is measured, how the sides take turns, and what the rows come to.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`work`] | what is trained, and by whom |
//! | [`platform`] | CPU or CUDA: what is timed there, and who takes turns |
//! | [`goals`] | the ratios aimed at |
//! | [`side`] | one turn of one side: a process that prints measures as JSON lines |
//! | [`python`] | the Python environment with PyTorch |
//! | [`peers`] | other Rust libraries, built when they are asked for |
//! | [`versus`] | the turns of all sides, A B A B |
//! | [`coincide`] | whether two sides compute the same |
//! | [`reach`] | the time to a test error |
//! | [`criterion`] | what criterion measured: gathered, kept, compared |
//! | [`scaling`] | time and memory as work grows |
//! | [`record`] | the raw rows, as a file in `benches/results/` |
//! | [`machine`] | hardware and versions that stand with them |
//! | [`stats`] | medians, quartiles, ratios per repetition |
//! | [`table`] | rows to Markdown |
//! | [`bars`] | ratios to an SVG |
//! | [`page`] | parts of `docs/performance.md` between markers |
//!
//! Nothing here links libtorch: our own side is the runner itself, started anew for every turn.

pub mod bars;
pub mod coincide;
pub mod criterion;
pub mod goals;
pub mod machine;
pub mod page;
pub mod peers;
pub mod platform;
pub mod python;
pub mod reach;
pub mod record;
pub mod scaling;
pub mod side;
pub mod stats;
pub mod table;
pub mod versus;
pub mod work;
