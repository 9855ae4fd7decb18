//! The page that follows the runs of some folders while they train, however many processes train them.

use super::followed::{Followed, MOST};
use super::request::Wish;
use super::server;
use super::standing::Standing;
use crate::comparison::Comparison;
use crate::curves::{self, Curve};
use crate::error::Error;
use crate::page::{self, four, learning_rate, pictures, share};
use crate::record::Record;
use crate::sections::Sections;
use askama::Template;
use serde::Serialize;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the folders are looked at, at most.
const LOOK: Duration = Duration::from_millis(500);

/// Serves a page of the runs below `folders`, those that begin later too, on a thread of its own that lives as long as the process.
/// The runs' processes are not asked: what they write at each validation is read, and what they leave every second because a
/// lock tells them that somebody watches.
///
/// # Errors
/// What the system said where it refuses what that takes.
pub fn follow(listener: TcpListener, folders: Vec<PathBuf>) -> io::Result<SocketAddr> {
    let mut runs = Followed::new(folders);
    let mut looked: Option<Instant> = None;
    server::start(listener, None, move |wish| {
        if looked.is_none_or(|last| last.elapsed() >= LOOK) {
            runs.refresh();
            looked = Some(Instant::now());
        }
        answer(&runs, wish)
    })
}

fn answer(runs: &Followed, wish: Wish) -> Result<Arc<str>, Error> {
    let drawn = runs.drawn();
    let records: Vec<&Record> = drawn.iter().map(|run| &run.record).collect();
    let page = |known: bool| -> Result<Watched<'_>, Error> {
        Ok(Watched {
            standings: runs.standings(),
            folders: runs.folders().iter().map(|folder| folder.display().to_string()).collect(),
            version: runs.version(),
            curves: if known { Vec::new() } else { curves::draw(&records)? },
            recipes: page::settings(if known { &[] } else { &records })?,
            undrawn: runs.len() - drawn.len(),
            runs: &drawn,
        })
    };
    let text = match wish {
        Wish::Page | Wish::Stop { .. } => page(false)?.render()?,
        Wish::News { known } => {
            let known = known.is_some_and(|known| known as u64 == runs.version());
            let page = page(known)?;
            serde_json::to_string(&News {
                drawn: page.version,
                headline: page.as_standings().render()?,
                curves: (!known).then(|| page.as_curves().render()).transpose()?,
                recipe: (!known).then(|| page.as_recipe().render()).transpose()?,
            })?
        }
    };
    Ok(text.into())
}

/// What the page asks for every second.
#[derive(Serialize)]
struct News {
    /// To be said when asking again.
    drawn: u64,
    headline: String,
    /// `None` where the page has them already.
    curves: Option<String>,
    recipe: Option<String>,
}

/// Everything that the templates see; its blocks are the parts that change.
#[derive(Template)]
#[template(path = "watched.html", blocks = ["standings", "curves", "recipe"])]
struct Watched<'a> {
    standings: Vec<Standing>,
    folders: Vec<String>,
    version: u64,
    curves: Vec<Curve>,
    recipes: Comparison,
    /// Runs that have a row and no curve.
    undrawn: usize,
    runs: &'a [&'a Sections],
}

impl Watched<'_> {
    fn several(&self) -> bool {
        self.runs.len() > 1
    }

    fn head(&self) -> String {
        page::head(&format!("{} runs", self.standings.len()), true)
    }

    fn training(&self) -> usize {
        self.standings.iter().filter(|run| run.trained).count()
    }

    fn validations(&self) -> Vec<&train::Row> {
        self.runs.first().map_or_else(Vec::new, |run| page::some_validations(&run.record.rows))
    }

    fn most(&self) -> usize {
        MOST
    }
}
