//! `models`: the networks that recipes can name, with their sizes.

use crate::console;
use anyhow::Result;
use models::zoo;
use std::process::ExitCode;

/// Prints a row for each network: what a recipe says, pictures, parameters and multiply-adds.
pub fn run() -> Result<ExitCode> {
    let line = |cells: [&str; 5]| {
        let [network, kind, pictures, parameters, multiply_adds] = cells;
        let line = format!("{network:<20}  {kind:<18}  {pictures:<13}  {parameters:>12}  {multiply_adds:>15}");
        console::line(false, &line);
    };
    line(["network", "kind in a recipe", "pictures", "parameters", "multiply-adds"]);
    for entry in zoo::list() {
        let summary = entry.summary()?;
        let [channels, height, width] = entry.input;
        let pictures = format!("{channels}x{height}x{width}");
        let millions = format!("{:.3} M", summary.multiply_adds as f64 / 1e6);
        line([entry.name, entry.arch.kind(), &pictures, &console::thousands(summary.parameters as f64), &millions]);
    }
    Ok(ExitCode::SUCCESS)
}
