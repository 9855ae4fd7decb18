//! One picture after the other, for the commands that draw something of each: a bad one gets a line, and the rest are
//! drawn.

use crate::conversion::{self, Converted};
use crate::{console, picture_list, picture_names};
use anyhow::{Result, anyhow};
use image::RgbImage;
use pictures::Background;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tch::{Device, Tensor};
use train::Card;
use xtask::cli::Invert;

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
    let asked = picture_list::find(images, picture_list::standard_input);
    for folder in &asked.passed_over {
        console::line(true, &folder.line());
    }
    let good: Vec<&Path> = asked.entries.iter().filter(|it| it.problem.is_none()).map(|it| it.path.as_path()).collect();
    let mut names = picture_names::distinct(&good, suffixes).into_iter();
    let mut status = 0;
    for entry in &asked.entries {
        let drawn = match &entry.problem {
            Some(problem) => Err(Trouble::Picture(anyhow!("{problem}"))),
            None => {
                if asked.entries.len() > 1 {
                    console::line(false, &console::shown::path(&entry.path));
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

/// A picture as its file holds it, and the steps of reading it.
pub fn read(path: &Path) -> Result<(RgbImage, Vec<String>), Trouble> {
    let mut decoded = pictures::read(path, Background::Telling).map_err(|error| Trouble::Picture(told(&error)))?;
    decoded.steps.extend(decoded.facts.doubt.map(|doubt| format!("warning: it may be damaged: {doubt}")));
    Ok((decoded.pixels, decoded.steps))
}

/// The error with its file's name as it may be printed.
fn told(error: &pictures::Error) -> anyhow::Error {
    anyhow!("{}", error.told(&console::shown::path(error.path())))
}

/// A picture as the model takes it, with all steps from its file to there, and the width and height that it had.
pub fn convert(path: &Path, card: &Card, invert: Invert) -> Result<(Converted, (u32, u32)), Trouble> {
    let (pixels, mut steps) = read(path)?;
    let mut converted = conversion::convert(&pixels, card, invert)?;
    steps.append(&mut converted.steps);
    Ok((Converted { steps, ..converted }, pixels.dimensions()))
}

/// A picture as the model takes it, f32 `[1, channels, height, width]`; says what was done to it and why it may be none
/// that the model knows.
pub fn image(path: &Path, card: &Card, invert: Invert, device: Device) -> Result<Tensor, Trouble> {
    let (converted, _) = convert(path, card, invert)?;
    for step in &converted.steps {
        console::line(false, step);
    }
    if let Some(doubt) = &converted.doubt {
        console::line(false, &format!("warning: {doubt}"));
    }
    Ok(conversion::tensor(&[converted], card, device))
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
