//! The pictures that somebody asks for: files, folders, patterns that the shell left alone, and the paths that
//! standard input holds. What can't be had keeps its place in the list, so that nothing else is lost for it.

use glob::MatchOptions;
use pictures::{HEAD, Kind};
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use walkdir::{DirEntry, WalkDir};

/// Bytes of paths that standard input may hold.
const MOST_LISTED: u64 = 64 << 20;
/// Endings by which people mean a picture: such a file is told of if it is none.
const ENDINGS: [&str; 12] = ["png", "apng", "jpg", "jpeg", "gif", "webp", "bmp", "tif", "tiff", "heic", "avif", "svg"];

/// A picture that was asked for.
#[derive(Debug)]
pub struct Entry {
    /// Which of the arguments led to it, from 1.
    pub argument: usize,
    /// Its file, as far as is known.
    pub path: PathBuf,
    /// Why it can't be had.
    pub problem: Option<Problem>,
}

/// Why something that was asked for gives no picture.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// Standard input is asked for a second time.
    InputTwice,
    /// Standard input could not be read.
    Input {
        /// What the system said.
        cause: String,
    },
    /// Standard input is a picture rather than a list of paths.
    InputIsPicture,
    /// Standard input holds too much.
    InputTooLong,
    /// Standard input names nothing.
    InputEmpty,
    /// An address of a local file.
    FileAddress {
        /// The path within it.
        rest: String,
    },
    /// An address of the web.
    WebAddress,
    /// A file or folder that cannot be read.
    Unreadable {
        /// What the system said.
        cause: String,
    },
    /// A folder without a picture.
    EmptyFolder,
    /// Something like a pattern that is none.
    NoPattern {
        /// What is wrong with it.
        problem: &'static str,
        /// Where in it, in characters.
        place: usize,
    },
    /// Neither a file nor a pattern that matches any.
    NoMatch,
}

impl Problem {
    /// The message, with the path called `name`: programs have their own ways of printing what came from outside.
    pub fn told(&self, name: &str) -> String {
        match self {
            Problem::InputTwice => "standard input was read already: give `-` once".to_owned(),
            Problem::Input { cause } => format!("cannot read standard input: {cause}"),
            Problem::InputIsPicture => {
                "standard input holds a picture: `-` reads paths, one a line; give the picture's file instead"
                    .to_owned()
            }
            Problem::InputTooLong => {
                format!("standard input holds more than {} MB of paths: give it in parts", MOST_LISTED >> 20)
            }
            Problem::InputEmpty => "standard input names no picture".to_owned(),
            Problem::FileAddress { rest } => format!("{name} is an address: give the path itself, {rest}"),
            Problem::WebAddress => format!("{name} is an address: nothing is fetched; download it and give the file"),
            Problem::Unreadable { cause } => format!("cannot read {name}: {cause}"),
            Problem::EmptyFolder => format!("{name} is a directory that holds no pictures"),
            Problem::NoPattern { problem, place } => format!("{name} is no pattern: {problem} at its place {place}"),
            Problem::NoMatch => format!("there is no file {name}, and none that it matches"),
        }
    }
}

/// Files of a folder that were not taken for pictures.
#[derive(Debug, PartialEq, Eq)]
pub struct PassedOver {
    /// Which of the arguments is, or holds, the folder, from 1.
    pub argument: usize,
    /// The folder.
    pub folder: PathBuf,
    /// Files and folders whose name begins with a dot.
    pub hidden: u64,
    /// Files that neither are pictures nor are called so.
    pub others: u64,
}

/// All that was asked for, in order.
#[derive(Debug, Default)]
pub struct Asked {
    /// Every picture, and everything that gave none.
    pub entries: Vec<Entry>,
    /// A row for each folder of which something was passed over.
    pub passed_over: Vec<PassedOver>,
}

impl PassedOver {
    /// As a line for people, with the folder called `name`.
    pub fn told(&self, name: &str) -> String {
        let count = |number: u64, one: &str, more: &str| match number {
            0 => None,
            1 => Some(format!("1 {one}")),
            _ => Some(format!("{number} {more}")),
        };
        let hidden = count(self.hidden, "hidden file or folder", "hidden files or folders");
        let others = count(self.others, "file that is no picture", "files that are no pictures");
        let parts: Vec<String> = [hidden, others].into_iter().flatten().collect();
        format!("{name}: passed over {}", parts.join(" and "))
    }
}

/// Follows the arguments to their files. `input` is read where one of them is `-`.
pub fn find(arguments: &[PathBuf], input: impl FnOnce() -> Box<dyn Read>) -> Asked {
    let mut asked = Asked::default();
    let mut input = Some(input);
    for (i, argument) in arguments.iter().enumerate() {
        let number = i + 1;
        if argument.as_os_str() == "-" {
            match input.take() {
                Some(input) => listed(number, input(), &mut asked),
                None => asked.refuse(number, argument, Problem::InputTwice),
            }
        } else if argument.symlink_metadata().is_err() && is_pattern(argument) {
            matching(number, argument, &mut asked);
        } else {
            asked.add(number, argument.clone());
        }
    }
    asked
}

impl Asked {
    fn refuse(&mut self, argument: usize, path: &Path, problem: Problem) {
        self.entries.push(Entry { argument, path: path.to_owned(), problem: Some(problem) });
    }

    /// A file, or all of a folder.
    fn add(&mut self, argument: usize, path: PathBuf) {
        if let Some(problem) = address(&path) {
            self.refuse(argument, &path, problem);
        } else if path.is_dir() {
            self.walk(argument, &path);
        } else {
            self.entries.push(Entry { argument, path, problem: None });
        }
    }

    /// All pictures beneath a folder, sorted by name.
    fn walk(&mut self, argument: usize, folder: &Path) {
        let before = self.entries.len();
        let (mut hidden, mut others) = (0, 0);
        let mut walk = WalkDir::new(folder).follow_links(true).min_depth(1).sort_by_file_name().into_iter();
        while let Some(entry) = walk.next() {
            match entry {
                Ok(entry) if is_hidden(&entry) => {
                    hidden += 1;
                    if entry.file_type().is_dir() {
                        walk.skip_current_dir();
                    }
                }
                Ok(entry) if entry.file_type().is_dir() => {}
                Ok(entry) if is_meant(&entry) => {
                    self.entries.push(Entry { argument, path: entry.into_path(), problem: None });
                }
                Ok(_) => others += 1,
                Err(error) => {
                    let path = error.path().unwrap_or(folder).to_owned();
                    let cause = match error.io_error() {
                        Some(cause) => cause.to_string(),
                        None => "a link leads back to a folder that holds it".to_owned(),
                    };
                    self.refuse(argument, &path, Problem::Unreadable { cause });
                }
            }
        }
        if hidden + others > 0 {
            self.passed_over.push(PassedOver { argument, folder: folder.to_owned(), hidden, others });
        }
        if self.entries.len() == before {
            self.refuse(argument, folder, Problem::EmptyFolder);
        }
    }
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_bytes().starts_with(b".")
}

/// Whether somebody who names the folder means this file: it is a picture, or it is called one.
fn is_meant(entry: &DirEntry) -> bool {
    let ending = entry.path().extension().and_then(OsStr::to_str).unwrap_or_default().to_ascii_lowercase();
    ENDINGS.contains(&ending.as_str()) || pictures::kind(entry.path()).is_ok_and(|kind| kind.is_picture())
}

/// Why an address of the web can't be taken; `None` for a path.
fn address(path: &Path) -> Option<Problem> {
    let (scheme, rest) = path.to_str()?.split_once("://")?;
    let is_scheme =
        !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    if !is_scheme || path.symlink_metadata().is_ok() {
        return None;
    }
    Some(match scheme.to_ascii_lowercase().as_str() {
        "file" => Problem::FileAddress { rest: rest.to_owned() },
        _ => Problem::WebAddress,
    })
}

fn is_pattern(path: &Path) -> bool {
    address(path).is_none() && path.to_str().is_some_and(|text| text.contains(['*', '?', '[']))
}

/// The files that a pattern matches, sorted by name.
fn matching(argument: usize, pattern: &Path, asked: &mut Asked) {
    let options = MatchOptions { require_literal_leading_dot: true, ..MatchOptions::default() };
    let found = match glob::glob_with(&pattern.to_string_lossy(), options) {
        Ok(found) => found,
        Err(error) => {
            return asked.refuse(argument, pattern, Problem::NoPattern { problem: error.msg, place: error.pos });
        }
    };
    let before = asked.entries.len();
    for path in found {
        match path {
            Ok(path) => asked.add(argument, path),
            Err(error) => {
                asked.refuse(argument, error.path(), Problem::Unreadable { cause: error.error().to_string() });
            }
        }
    }
    if asked.entries.len() == before {
        asked.refuse(argument, pattern, Problem::NoMatch);
    }
}

/// The paths in a list: one a line, or with a NUL behind each (`find -print0`).
fn listed(argument: usize, list: impl Read, asked: &mut Asked) {
    let place = Path::new("-");
    let mut bytes = Vec::new();
    if let Err(error) = list.take(MOST_LISTED + 1).read_to_end(&mut bytes) {
        return asked.refuse(argument, place, Problem::Input { cause: error.to_string() });
    }
    if Kind::of(&bytes[..bytes.len().min(HEAD)]).is_picture() {
        return asked.refuse(argument, place, Problem::InputIsPicture);
    }
    if bytes.len() as u64 > MOST_LISTED {
        return asked.refuse(argument, place, Problem::InputTooLong);
    }
    let before = asked.entries.len();
    let end = if bytes.contains(&0) { 0 } else { b'\n' };
    for line in bytes.split(|&byte| byte == end) {
        let path = if end == 0 { line } else { line.strip_suffix(b"\r").unwrap_or(line) };
        if !path.is_empty() {
            asked.add(argument, PathBuf::from(OsString::from_vec(path.to_vec())));
        }
    }
    if asked.entries.len() == before {
        asked.refuse(argument, place, Problem::InputEmpty);
    }
}

#[cfg(test)]
mod tests;
