//! What a run's folder without a checkpoint still holds. Starting from the beginning would write over it, so only a folder
//! without any of it may be started in.

use super::saved::{snapshots, top_models};
use super::tables::{METRICS, TIMINGS};
use crate::error::Error;
use crate::summary::Summary;
use std::fs;
use std::path::Path;

/// An error that names what is there, where anything is.
pub(super) fn refuse(run: &Path) -> Result<(), Error> {
    let models = |folder: &str, names: Vec<String>| {
        (!names.is_empty()).then(|| format!("{} in {folder}/", count(names.len(), "model")))
    };
    let found = [
        run.join("best").exists().then(|| "best/".to_owned()),
        models("top", top_models(run)?),
        models("snapshots", snapshots(run)?),
        rows(&run.join(METRICS))?,
        rows(&run.join(TIMINGS))?,
        run.join(Summary::FILE).exists().then(|| Summary::FILE.to_owned()),
    ];
    let found: Vec<String> = found.into_iter().flatten().collect();
    if found.is_empty() {
        return Ok(());
    }
    let problem = format!(
        "last/ is missing, the checkpoint to continue from, but this is there: {}. To start from the beginning would write over \
         it. Train its recipe.toml again with another --out, or move or remove this folder and start again",
        found.join(", ")
    );
    Err(Error::Run { path: run.to_owned(), problem })
}

/// How many rows a table holds below its header, in words; `None` for none.
fn rows(table: &Path) -> Result<Option<String>, Error> {
    let text = match fs::read(table) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        text => text.map_err(Error::io("read", table))?,
    };
    let rows = text.split(|&byte| byte == b'\n').skip(1).filter(|line| !line.is_empty()).count();
    let name = table.file_name().unwrap_or_default().to_string_lossy();
    Ok((rows > 0).then(|| format!("{} in {name}", count(rows, "row"))))
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
