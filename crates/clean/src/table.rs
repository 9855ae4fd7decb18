//! The table of suspects: written for people, edited by them, read again before anything is moved.

use crate::error::Error;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// One suspect. Shares are 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The picture's path below the folder that was trained on; its number, from 0, where pictures are no files.
    pub picture: String,
    /// Its class now.
    pub given: String,
    /// The class that it probably is of.
    pub suggested: String,
    /// Probability of the suggested class.
    pub confidence: f64,
    /// Probability of the given class.
    pub given_probability: f64,
    /// The difference of both: the order of the table.
    pub margin: f64,
    /// The class whose folder the picture is to be moved to; empty to leave it where it is.
    #[serde(default)]
    pub move_to: String,
}

/// Writes a table, whole or not at all.
///
/// # Errors
/// [`Error::Io`] where that cannot be written.
pub fn write(path: &Path, rows: &[Row]) -> Result<(), Error> {
    let wrong = |cause| Error::Table { path: path.to_owned(), cause };
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    let header = ["picture", "given", "suggested", "confidence", "given_probability", "margin", "move_to"];
    writer.write_record(header).map_err(wrong)?;
    rows.iter().try_for_each(|row| writer.serialize(rounded(row))).map_err(wrong)?;
    let bytes = writer.into_inner().map_err(|failed| wrong(failed.into_error().into()))?;
    whole_file::write(path, &bytes).map_err(Error::io("write", path))
}

/// Reads a table that a person may have edited.
///
/// # Errors
/// [`Error::Table`] where it is none.
pub fn read(path: &Path) -> Result<Vec<Row>, Error> {
    let wrong = |cause| Error::Table { path: path.to_owned(), cause };
    let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
    csv::Reader::from_reader(bytes.as_slice()).deserialize().collect::<Result<_, _>>().map_err(wrong)
}

/// With numbers that a person reads.
fn rounded(row: &Row) -> Row {
    let short = |share: f64| (share * 1e4).round() / 1e4;
    Row {
        confidence: short(row.confidence),
        given_probability: short(row.given_probability),
        margin: short(row.margin),
        ..row.clone()
    }
}
