//! One picture after the other, for the commands that draw something of each: a bad one gets a line, and the rest are
//! drawn.

use crate::console::{self, shown};
use anyhow::{Result, anyhow};
use image::RgbImage;
use inspect::asked::{self, Entry, PassedOver, Problem};
use inspect::conversion;
use inspect::{Error, names};
use pictures::Background;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tch::{Device, Tensor};
use train::ModelMeta;
use xtask::cli;

/// Why a picture was not drawn.
pub enum Trouble {
    /// It lies in the picture: others may do.
    Picture(anyhow::Error),
    /// It would befall every picture.
    All(anyhow::Error),
}

impl Trouble {
    /// The error in either case.
    pub fn into_error(self) -> anyhow::Error {
        match self {
            Trouble::Picture(error) | Trouble::All(error) => error,
        }
    }
}

impl<E: Into<anyhow::Error>> From<E> for Trouble {
    fn from(error: E) -> Trouble {
        Trouble::All(error.into())
    }
}

/// Calls `draw` with every picture that was asked for, and with the name that its files get; `suffixes` are what the
/// command puts behind that name. The exit status is the greatest of the pictures'.
pub fn each(
    images: &[PathBuf],
    suffixes: &[String],
    mut draw: impl FnMut(&Path, &str) -> Result<(), Trouble>,
) -> Result<ExitCode> {
    let asked = asked::find(images, standard_input);
    for folder in &asked.passed_over {
        passed_over(folder);
    }
    let good: Vec<&Path> = asked.entries.iter().filter(|it| it.problem.is_none()).map(|it| it.path.as_path()).collect();
    let mut names = names::distinct(&good, suffixes).into_iter();
    let mut status = 0;
    for entry in &asked.entries {
        let drawn = match &entry.problem {
            Some(problem) => Err(refused(entry, problem)),
            None => {
                if asked.entries.len() > 1 {
                    console::line(false, &shown::path(&entry.path));
                }
                draw(&entry.path, &names.next().unwrap_or_default())
            }
        };
        match drawn {
            Ok(()) => {}
            Err(Trouble::Picture(error)) => {
                console::complain(&error);
                status = status.max(console::status(&error));
            }
            Err(Trouble::All(error)) => return Err(error),
        }
    }
    Ok(ExitCode::from(status))
}

/// The program's standard input.
pub fn standard_input() -> Box<dyn Read> {
    Box::new(io::stdin())
}

/// Says how much of a folder was passed over.
pub fn passed_over(folder: &PassedOver) {
    console::line(true, &folder.told(&shown::path(&folder.folder)));
}

/// Why an entry gives no picture.
fn refused(entry: &Entry, problem: &Problem) -> Trouble {
    Trouble::Picture(anyhow!("{}", problem.told(&shown::path(&entry.path))))
}

/// A picture as its file holds it, and the steps of reading it.
pub fn read(path: &Path) -> Result<(RgbImage, Vec<String>), Trouble> {
    let mut decoded = pictures::read(path, Background::Telling).map_err(|error| trouble(error.into()))?;
    decoded.steps.extend(decoded.facts.doubt.map(|doubt| format!("warning: it may be damaged: {doubt}")));
    Ok((decoded.pixels, decoded.steps))
}

/// Whether an error lies in one picture; its file's name stands as it may be printed.
fn trouble(error: Error) -> Trouble {
    match error {
        Error::Picture(error) => Trouble::Picture(anyhow!("{}", error.told(&shown::path(error.path())))),
        other => Trouble::All(other.into()),
    }
}

/// A step of the conversion, with the option that undoes it.
pub fn with_remedy(step: &str) -> String {
    let remedy = if step == conversion::INVERTED { " (--invert no keeps it)" } else { "" };
    format!("{step}{remedy}")
}

/// Whether light and dark change places, as the command line says it.
pub fn invert(asked: cli::Invert) -> conversion::Invert {
    match asked {
        cli::Invert::Auto => conversion::Invert::Auto,
        cli::Invert::Yes => conversion::Invert::Yes,
        cli::Invert::No => conversion::Invert::No,
    }
}

/// A picture as the model takes it, f32 `[1, channels, height, width]`; says what was done to it and why it may be none
/// that the model knows.
pub fn image(path: &Path, meta: &ModelMeta, invert: cli::Invert, device: Device) -> Result<Tensor, Trouble> {
    let (converted, _) = conversion::convert_file(path, meta, self::invert(invert)).map_err(trouble)?;
    for step in &converted.steps {
        console::line(false, &with_remedy(step));
    }
    if let Some(doubt) = &converted.doubt {
        console::line(false, &format!("warning: {doubt}"));
    }
    Ok(conversion::tensor(&[converted], meta, device))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_steer_a_terminal() {
        let Err(error) = read(Path::new("a\x1b[2J\nb.png")) else { panic!("there is no such file") };
        let error = format!("{:#}", error.into_error());
        assert!(error.contains(r"cannot read a\u{1b}[2J\nb.png: No such file"), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}
