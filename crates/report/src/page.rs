//! The page: values on one side, templates on the other. Askama escapes every value that is not marked as markup.

use crate::comparison::Comparison;
use crate::curves::{self, Curve};
use crate::environment::{self, Surroundings};
use crate::error::Error;
use crate::headline::{self, Figure};
use crate::pictures::DataSets;
use crate::record::Record;
use crate::sections::Sections;
use crate::sprites::Sheet;
use askama::Template;

/// Everything that the templates see.
#[derive(Template)]
#[template(path = "page.html")]
pub struct Page<'a> {
    title: String,
    runs: &'a [Sections],
    figures: Vec<Figure>,
    sets: DataSets,
    recipes: Comparison,
    surroundings: Comparison,
    curves: Vec<Curve>,
    /// Of a run that is being trained.
    live: Option<Live>,
}

/// What the page of a run that is being trained shows in place of what is known at the end only.
pub struct Live {
    pub figures: Vec<Figure>,
    pub surroundings: Surroundings,
    /// Where the report will lie.
    pub report: String,
    /// The run's folder.
    pub run: String,
    /// Validations so far.
    pub rows: usize,
    pub iteration: u64,
    pub last_iteration: u64,
}

/// The figures alone, as the page shows them.
#[derive(Template)]
#[template(path = "headline.html")]
struct Headline<'a> {
    runs: &'a [Sections],
    figures: Vec<Figure>,
    sets: DataSets,
}

impl Headline<'_> {
    fn several(&self) -> bool {
        self.runs.len() > 1
    }
}

/// The curves alone, as the page shows them.
#[derive(Template)]
#[template(path = "curves.html")]
struct Curves {
    curves: Vec<Curve>,
}

/// Markup of the figures of one run.
pub fn headline(runs: &[Sections], figures: Vec<Figure>) -> Result<String, Error> {
    Ok(Headline { runs, figures, sets: DataSets::default() }.render()?)
}

/// Markup of the curves.
pub fn curves(runs: &[Sections]) -> Result<String, Error> {
    let records: Vec<&Record> = runs.iter().map(|run| &run.record).collect();
    Ok(Curves { curves: curves::draw(&records)? }.render()?)
}

impl Page<'_> {
    /// The page of one or more runs.
    pub fn of(runs: &[Sections]) -> Result<Page<'_>, Error> {
        let records: Vec<&Record> = runs.iter().map(|run| &run.record).collect();
        let names: Vec<&str> = records.iter().map(|record| record.name.as_str()).collect();
        let recipes: Result<Vec<_>, _> = records.iter().map(|record| record.identity.recipe.settings()).collect();
        let sets = DataSets::of(&records);
        let surroundings = records.iter().enumerate().map(|(run, record)| environment::of(record, sets.label(run)));
        let surroundings: Vec<_> = surroundings.collect();
        Ok(Page {
            title: names.join(", "),
            runs,
            figures: headline::of(&records, &sets),
            sets,
            recipes: Comparison::of(&recipes?),
            surroundings: Comparison::of(&surroundings),
            curves: curves::draw(&records)?,
            live: None,
        })
    }

    /// The page of a run that is being trained.
    pub fn live(run: &[Sections; 1], mut live: Live) -> Result<Page<'_>, Error> {
        let figures = std::mem::take(&mut live.figures);
        let surroundings = Comparison::of(&[live.surroundings.rows()]);
        Ok(Page { figures, surroundings, live: Some(live), ..Page::of(run)? })
    }

    /// The page as HTML.
    pub fn text(&self) -> Result<String, Error> {
        Ok(self.render()?)
    }

    /// All sheets of small pictures, for the style sheet.
    fn sheets(&self) -> Vec<&Sheet> {
        let mut sheets = Vec::new();
        for run in self.runs {
            if let Some(filters) = &run.filters {
                sheets.push(&filters.sheet);
                sheets.extend(filters.growth.as_ref().map(|growth| &growth.sheet));
            }
            sheets.extend(run.pictures().map(|pictures| &pictures.behind.sheet));
        }
        sheets
    }

    fn several(&self) -> bool {
        self.runs.len() > 1
    }

    fn has_filters(&self) -> bool {
        self.runs.iter().any(|run| run.filters.is_some())
    }

    fn has_tests(&self) -> bool {
        self.runs.iter().any(|run| run.tested.is_some())
    }

    fn has_pictures(&self) -> bool {
        self.runs.iter().any(|run| run.pictures().is_some())
    }

    fn has_parameters(&self) -> bool {
        self.runs.iter().any(|run| run.parameters.is_some())
    }
}

/// A fraction that may not exist, as a percentage.
fn rate(fraction: &Option<f64>) -> String {
    fraction.map_or("–".to_owned(), values::percent)
}

/// A count with its thousands apart.
fn grouped(count: &i64) -> String {
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
