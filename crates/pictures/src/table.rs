//! A CSV table of path and label, and perhaps of split and group. Its first row names the columns, in any order and case.

use crate::error::Error;
use crate::listing::{Layout, Listed, Listing, Part};
use std::path::{Path, PathBuf};

const PATHS: [&str; 8] = ["path", "file", "filename", "file_name", "filepath", "image", "picture", "image_path"];
const LABELS: [&str; 5] = ["label", "class", "target", "category", "class_name"];
const SPLITS: [&str; 5] = ["split", "part", "set", "subset", "partition"];

/// The pictures that a table names; paths are relative to the table's folder.
pub fn list(table: &Path, column: Option<&str>) -> Result<Listing, Error> {
    let wrong = |problem: String| Error::Table { path: table.to_owned(), problem };
    let said = |error: csv::Error| wrong(format!("it is no CSV table: {error}"));
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(table).map_err(said)?;
    let names: Vec<String> = reader.headers().map_err(said)?.iter().map(plain).collect();
    let place = |wanted: &[&str]| wanted.iter().find_map(|wanted| names.iter().position(|name| name == wanted));
    let needed = |wanted: &[&str]| {
        let list = wanted.join(", ");
        place(wanted).ok_or_else(|| wrong(format!("its first row names no column {list}; it has {}", names.join(", "))))
    };
    let (path, label, split) = (needed(&PATHS)?, needed(&LABELS)?, place(&SPLITS));
    let group = column.map(|column| needed(&[plain(column).as_str()])).transpose()?;
    let mut files = Vec::new();
    for row in reader.records() {
        let row = row.map_err(said)?;
        let line = row.position().map_or(0, csv::Position::line);
        let cell = |i: usize| row.get(i).unwrap_or_default();
        if cell(path).is_empty() || cell(label).is_empty() {
            return Err(wrong(format!("line {line} lacks its path or its label: write both, or delete the line")));
        }
        let part = match split.map(cell).filter(|text| !text.is_empty()) {
            None => None,
            Some(text) => Some(Part::of(text).ok_or_else(|| {
                wrong(format!("line {line} has the split {text:?}: write train, valid or test, or leave it empty"))
            })?),
        };
        let (path, class) = (PathBuf::from(cell(path)), cell(label).to_owned());
        files.push(Listed { path, class, part, group: group.map(|group| cell(group).to_owned()) });
    }
    if files.iter().any(|file| file.part.is_some()) && files.iter().any(|file| file.part.is_none()) {
        return Err(wrong("some of its rows have a split and some have none: give it for all, or for none".to_owned()));
    }
    if files.is_empty() {
        return Err(wrong("it names no picture below its first row".to_owned()));
    }
    let root = table.parent().unwrap_or(Path::new("")).to_owned();
    Ok(Listing { root, layout: Layout::Table, files, ignored: Vec::new() })
}

fn plain(name: &str) -> String {
    name.trim_start_matches('\u{feff}').trim().to_ascii_lowercase()
}
