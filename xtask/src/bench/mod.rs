//! `bench --versus`, `--scaling` and `--render`: what is measured, how the sides take turns, and what the rows come to.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`work`] | what is trained, by whom, and the goals |
//! | [`side`] | one turn of one side: a process that prints measures as JSON lines |
//! | [`python`] | the Python environment with PyTorch |
//! | [`versus`] | the turns of both sides, A B A B |
//! | [`criterion`] | what criterion measured: gathered, kept, compared |
//! | [`scaling`] | time and memory as work grows |
//! | [`record`] | the raw rows and the machine, as a file in `benches/results/` |
//! | [`stats`] | medians, quartiles, ratios per repetition |
//! | [`table`] | rows to Markdown |
//! | [`bars`] | ratios to an SVG |
//! | [`page`] | parts of `docs/performance.md` between markers |
//!
//! Nothing here links libtorch: our own side is the runner itself, started anew for every turn.

pub mod bars;
pub mod criterion;
pub mod page;
pub mod python;
pub mod record;
pub mod scaling;
pub mod side;
pub mod stats;
pub mod table;
pub mod versus;
pub mod work;
