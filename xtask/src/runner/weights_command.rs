//! `weights`: what is known, what is here, and fetching.

use crate::backbone;
use crate::console::{self, Usage, shown};
use anyhow::Result;
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;
use weights::known;
use xtask::cli::WeightsArgs;
use xtask::places;

#[derive(Serialize)]
struct Row {
    name: &'static str,
    network: &'static str,
    about: &'static str,
    licence: &'static str,
    bytes: u64,
    /// Where it lies; null where it is not on this machine.
    place: Option<PathBuf>,
}

/// Lists the known weights, or fetches one of them.
pub fn run(args: &WeightsArgs) -> Result<ExitCode> {
    let (cache, roots) = (backbone::cache()?, places::data_roots(&args.data));
    let asked: Vec<known::Known> = match &args.name {
        None => known::ALL.to_vec(),
        Some(name) => vec![known::find(name).ok_or_else(|| {
            let names: Vec<&str> = known::ALL.iter().map(|known| known.name).collect();
            Usage(format!("there are no weights {}; known are {}", shown::word(name), names.join(", ")))
        })?],
    };
    let mut rows = Vec::new();
    for known in asked {
        let place = match (known.place(&cache, &roots)?, &args.name) {
            (None, Some(_)) => Some(backbone::fetch(&known)?),
            (place, _) => place,
        };
        let known::Known { name, network, about, licence, .. } = known;
        rows.push(Row { name, network, about, licence, bytes: known.file.bytes, place });
    }
    if args.output.json {
        console::print_json(&rows)?;
        return Ok(ExitCode::SUCCESS);
    }
    for Row { name, network, about, licence, bytes, place } in &rows {
        let place = place.as_ref().map_or("not here".to_owned(), shown::path);
        let size = libtorch::disk::size(*bytes);
        console::line(false, &format!("{name:<18}  {network:<22}  {size:>6}  {licence:<12}  {place}\n    {about}"));
    }
    if let Some(lacking) = rows.iter().find(|row| row.place.is_none()) {
        console::line(false, &format!("\nfetch with: {} weights {}", places::program(), lacking.name));
    }
    Ok(ExitCode::SUCCESS)
}
