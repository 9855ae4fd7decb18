//! The page: values on one side, templates on the other. Askama escapes every value that is not marked as markup.

use crate::comparison::Comparison;
use crate::curves::{self, Curve};
use crate::environment::{self, Surroundings};
use crate::error::Error;
use crate::gallery::{Gallery, Shown};
use crate::headline::{Figure, Opening};
use crate::matrix::{self, Matrix, View};
use crate::pictures::DataSets;
use crate::record::Record;
use crate::results::{self, Result as RunResult, Seeds};
use crate::sections::Sections;
use crate::sprites::Sheet;
use askama::Template;
use train::Recipe;
use train::metrics::Interval;
use viz::page::May;

/// Everything that the templates see.
#[derive(Template)]
#[template(path = "page.html")]
pub struct Page<'a> {
    title: String,
    runs: &'a [Sections],
    opening: Opening,
    results: Vec<RunResult>,
    seeds: Vec<Seeds>,
    differences: Vec<String>,
    sets: DataSets,
    recipes: Comparison,
    surroundings: Comparison,
    curves: Vec<Curve>,
    galleries: &'a [Gallery],
    /// Of each run that was tested.
    matrices: Vec<Option<Matrix>>,
    /// Of a run that is being trained.
    live: Option<Live>,
}

/// What the page of a run that is being trained shows in place of what is known at the end only.
pub struct Live {
    /// The figures so far, the one that counts first.
    pub figures: Vec<Figure>,
    pub surroundings: Surroundings,
    /// Where the report will lie.
    pub report: String,
    /// The run's folder.
    pub run: String,
    /// Validations so far.
    pub rows: usize,
    /// What the curves show.
    pub drawn: usize,
    pub iteration: u64,
    pub last_iteration: u64,
}

/// The figures alone, as the page shows them.
#[derive(Template)]
#[template(path = "opening.html")]
struct Headline {
    opening: Opening,
}

/// The curves alone, as the page shows them.
#[derive(Template)]
#[template(path = "curves.html")]
struct Curves<'a> {
    runs: &'a [Sections],
    curves: Vec<Curve>,
}

impl Curves<'_> {
    fn validations(&self) -> Vec<&train::Row> {
        validations(self.runs)
    }
}

/// Markup of the figures of a run that is being trained.
pub fn headline(figures: Vec<Figure>) -> Result<String, Error> {
    Ok(Headline { opening: live_opening(figures) }.render()?)
}

/// The first figure counts, the rest stand beside it.
fn live_opening(figures: Vec<Figure>) -> Opening {
    let mut figures = figures.into_iter();
    Opening { main: figures.next(), figures: figures.collect(), ..Opening::default() }
}

/// Markup of the curves.
pub fn curves(runs: &[Sections]) -> Result<String, Error> {
    let records: Vec<&Record> = runs.iter().map(|run| &run.record).collect();
    Ok(Curves { runs, curves: curves::draw(&records)? }.render()?)
}

impl Page<'_> {
    /// The page of one or more runs with their pictures; `program` is how the commands that it suggests begin.
    pub fn of<'a>(runs: &'a [Sections], galleries: &'a [Gallery], program: &str) -> Result<Page<'a>, Error> {
        let records: Vec<&Record> = runs.iter().map(|run| &run.record).collect();
        let names: Vec<&str> = records.iter().map(|record| record.name.as_str()).collect();
        let recipes = settings(&records)?;
        let sets = DataSets::of(&records);
        let surroundings = records.iter().enumerate().map(|(run, record)| environment::of(record, sets.label(run)));
        let surroundings: Vec<_> = surroundings.collect();
        let deepest = matrix::deepest(runs.iter().filter_map(|run| run.tested.as_ref()))?;
        let matrix = |run: &Sections| run.tested.as_ref().map(|tested| Matrix::draw(tested, deepest)).transpose();
        let results = results::of(&records, &sets);
        Ok(Page {
            title: names.join(", "),
            opening: if let [run] = runs { Opening::of(run, program) } else { Opening::default() },
            seeds: results::seeds(&records, &results),
            differences: results::differences(&results),
            results,
            sets,
            recipes,
            surroundings: Comparison::of(&surroundings),
            curves: curves::draw(&records)?,
            matrices: runs.iter().map(matrix).collect::<Result<_, _>>()?,
            galleries,
            live: None,
            runs,
        })
    }

    /// The page of a run that is being trained.
    pub fn live(run: &[Sections; 1], mut live: Live) -> Result<Page<'_>, Error> {
        let opening = live_opening(std::mem::take(&mut live.figures));
        let surroundings = Comparison::of(&[live.surroundings.rows()]);
        Ok(Page { opening, surroundings, live: Some(live), ..Page::of(run, &[], "")? })
    }

    /// The page as HTML.
    pub fn text(&self) -> Result<String, Error> {
        Ok(self.render()?)
    }

    /// All sheets of small pictures, for the style sheet.
    fn sheets(&self) -> Vec<&Sheet> {
        let mut sheets: Vec<&Sheet> = self.galleries.iter().map(|gallery| &gallery.sheet).collect();
        for filters in self.runs.iter().filter_map(|run| run.filters.as_ref()) {
            sheets.push(&filters.sheet);
            sheets.extend(filters.growth.as_ref().map(|growth| &growth.sheet));
        }
        sheets
    }

    fn several(&self) -> bool {
        self.runs.len() > 1
    }

    fn head(&self) -> String {
        head(&self.title, self.live.is_some())
    }

    fn has_filters(&self) -> bool {
        self.runs.iter().any(|run| run.filters.is_some() || run.layers.is_some())
    }

    fn has_tests(&self) -> bool {
        self.runs.iter().any(|run| run.tested.is_some())
    }

    /// Pairs of classes that are listed beside each matrix.
    fn pairs_shown(&self) -> usize {
        if self.several() { 5 } else { usize::MAX }
    }

    fn has_calibration(&self) -> bool {
        self.runs.iter().any(|run| run.calibrated.is_some())
    }

    fn has_parameters(&self) -> bool {
        self.runs.iter().any(|run| run.parameters.is_some())
    }

    /// The gallery that shows a run's pictures, and the run's place in it.
    fn gallery_of(&self, name: &str) -> Option<(usize, usize)> {
        let place =
            |(number, gallery): (usize, &Gallery)| Some((number, gallery.runs.iter().position(|run| run == name)?));
        self.galleries.iter().enumerate().find_map(place)
    }

    fn validations(&self) -> Vec<&train::Row> {
        validations(self.runs)
    }
}

/// The head of a page with pictures and scripts; `asks` where it may ask the server that it came from.
pub fn head(title: &str, asks: bool) -> String {
    let all = [May::ShowPictures, May::Script, May::Ask];
    viz::page::head(title, if asks { &all } else { &all[..2] })
}

/// Validations for a table, at most a hundred, evenly spread with the last among them.
pub fn some_validations(rows: &[train::Row]) -> Vec<&train::Row> {
    let step = rows.len().div_ceil(100).max(1);
    let mut some: Vec<_> = rows.iter().rev().step_by(step).collect();
    some.reverse();
    some
}

/// Those of the first run.
fn validations(runs: &[Sections]) -> Vec<&train::Row> {
    runs.first().map_or_else(Vec::new, |run| some_validations(&run.record.rows))
}

/// The recipes of the runs beside each other, marked where they differ; of one, where it differs from the defaults.
pub fn settings(records: &[&Record]) -> Result<Comparison, Error> {
    let settings: Result<Vec<_>, _> = records.iter().map(|record| record.identity.recipe.settings()).collect();
    let recipes = Comparison::of(&settings?);
    Ok(match records {
        [record] => recipes.marked(&defaults(&record.identity.recipe)?),
        _ => recipes,
    })
}

/// The settings of a recipe of which only what must be said was said.
fn defaults(recipe: &Recipe) -> Result<Vec<(String, String)>, Error> {
    let usual = Recipe::new(&recipe.data.set, recipe.model.clone(), recipe.epochs, recipe.learning_rate);
    let mut settings = usual.settings()?;
    // What has no default is what this run is, and always said.
    settings.retain(|(key, _)| {
        !["epochs", "learning_rate", "data.set"].contains(&key.as_str()) && !key.starts_with("model.")
    });
    Ok(settings)
}

/// A loss with four digits.
pub fn four(number: &f64) -> String {
    format!("{number:.4}")
}

/// The interval of a share, as percentages.
fn spread(interval: &Interval) -> String {
    format!("{:.1} to {:.1} %", 100.0 * interval.low, 100.0 * interval.high)
}

/// A share as a percentage.
pub fn share(fraction: &f64) -> String {
    values::percent(*fraction)
}

/// Whether not all mistakes of a run are among the pictures.
fn short_of(gallery: &Gallery, run: &usize) -> bool {
    gallery.wrong_shown(run) < gallery.wrong[*run]
}

/// The answer of the first run to a picture: the class and its probability.
fn answer(shown: &Shown) -> (usize, f32) {
    shown.answers[0][0]
}

pub fn learning_rate(rate: &f64) -> String {
    values::rate(*rate)
}

/// A fraction that may not exist, as a percentage.
fn rate(fraction: &Option<f64>) -> String {
    fraction.map_or("–".to_owned(), values::percent)
}

/// A count with its thousands apart.
fn grouped(count: &i64) -> String {
    values::thousands(*count as f64)
}

/// As [`grouped`], of pictures or minibatches.
pub fn pictures(count: &u64) -> String {
    values::thousands(*count as f64)
}

/// As [`grouped`], of things in memory.
fn number(count: &usize) -> String {
    values::thousands(*count as f64)
}

/// `(1, 20, 24, 24)`
fn shape(sizes: &[i64]) -> String {
    let sizes: Vec<String> = sizes.iter().map(i64::to_string).collect();
    format!("({})", sizes.join(", "))
}

/// A probability as a percentage; one that only rounds to certainty says so.
fn certainty(probability: &f32) -> String {
    match f64::from(*probability) * 100.0 {
        p if p >= 99.95 => ">99.9 %".to_owned(),
        p => format!("{p:.1} %"),
    }
}
