//! The report as Markdown, for pull requests and papers, and the card that lies beside a saved model. Text from outside is
//! written so that Markdown shows it and does not obey it.

use crate::curves;
use crate::error::Error;
use crate::headline::{self, Figure, Opening};
use crate::matrix::{Matrix, View};
use crate::page;
use crate::pictures::DataSets;
use crate::record::Record;
use crate::results::{self, Result as RunResult, Seeds};
use crate::sections::Sections;
use askama::Template;
use train::metrics::wilson;
use values::{percent, shape, short, thousands};

/// Below so many test pictures a class is too small to say how well it is recognised.
const FEW: u64 = 20;
/// Class names that a card lists.
const LISTED: usize = 40;

/// The report of one or more runs.
#[derive(Template)]
#[template(path = "report.md", escape = "none")]
struct Markdown<'a> {
    runs: &'a [Sections],
    opening: Opening,
    results: Vec<RunResult>,
    seeds: Vec<Seeds>,
    /// Key and the value of each run.
    keys: Vec<(String, Vec<String>)>,
    curve: Option<&'static str>,
    matrix: Option<&'static str>,
    pairs: Vec<(String, String, u64, String)>,
}

/// A file that goes with a text.
pub struct Attached {
    pub name: &'static str,
    pub bytes: Vec<u8>,
}

/// The text, and the pictures that it shows.
pub fn report(runs: &[Sections], program: &str) -> Result<(String, Vec<Attached>), Error> {
    let records: Vec<&Record> = runs.iter().map(|run| &run.record).collect();
    let sets = DataSets::of(&records);
    let results = results::of(&records, &sets);
    let mut attached = Vec::new();
    if let Some(curve) = curves::draw(&records)?.into_iter().next() {
        attached.push(Attached { name: "report-error.svg", bytes: alone(&curve.svg) });
    }
    let curve = attached.first().map(|file| file.name);
    let tested = runs.first().and_then(|run| run.tested.as_ref());
    let matrix =
        tested.map(|tested| Matrix::draw(tested, crate::matrix::deepest([tested].into_iter())?)).transpose()?;
    let mut drawn = None;
    if let Some(View::Drawn(svg)) = matrix.as_ref().map(|matrix| &matrix.view) {
        drawn = Some("report-confusion.svg");
        attached.push(Attached { name: "report-confusion.svg", bytes: alone(svg) });
    }
    let pairs = matrix.iter().flat_map(|matrix| &matrix.pairs).take(5);
    let pairs = pairs.map(|pair| (plain(&pair.truth), plain(&pair.predicted), pair.count, percent(pair.share)));
    let recipes = page::settings(&records)?;
    let keys = recipes.rows.iter().filter(|row| row.differs).map(|row| {
        let value = |value: &Option<String>| value.as_ref().map_or("–".to_owned(), |value| plain(value));
        (row.key.clone(), row.values.iter().map(value).collect())
    });
    let text = Markdown {
        opening: if let [run] = runs { Opening::of(run, program) } else { Opening::default() },
        seeds: results::seeds(&records, &results),
        keys: keys.collect(),
        pairs: pairs.collect(),
        matrix: drawn,
        curve,
        results,
        runs,
    };
    Ok((text.render()? + "\n", attached))
}

/// The card of a run's best model.
#[derive(Template)]
#[template(path = "card.md", escape = "none")]
struct Card<'a> {
    record: &'a Record,
    program: &'a str,
    figures: Vec<Figure>,
    input: String,
    classes: usize,
    names: String,
    /// What is done to the pixels.
    pixels: String,
    keys: Vec<(String, String)>,
    limits: Vec<String>,
    run: String,
}

/// The text of the card; `None` for a run without a best model or without a test.
pub fn card(run: &Sections, program: &str) -> Result<Option<String>, Error> {
    let record = &run.record;
    let (Some(model), Some(tested)) = (&record.best, &run.tested) else { return Ok(None) };
    let opening = Opening::of(run, program);
    let figures = opening.main.into_iter().chain(opening.figures).chain(opening.more);
    let listed: Vec<String> = tested.names.iter().take(LISTED).map(|name| plain(name)).collect();
    let more = tested.names.len().saturating_sub(LISTED);
    let recipe = &record.identity.recipe;
    let normalised = recipe.data.normalise().map_or(String::new(), |_| {
        let list = |numbers: &[f64]| numbers.iter().map(|number| short(*number)).collect::<Vec<_>>().join(", ");
        format!(
            ", then less the mean ({}) and divided by the deviation ({}) of each channel",
            list(&recipe.data.mean),
            list(&recipe.data.std)
        )
    });
    let keys = page::settings(&[record])?.rows.into_iter().filter(|row| row.differs);
    let keys = keys.filter_map(|row| Some((row.key, plain(row.values.into_iter().next().flatten()?.as_str()))));
    Ok(Some(
        Card {
            figures: figures.collect(),
            input: shape(&model.input()),
            classes: tested.names.len(),
            names: listed.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() },
            pixels: format!("0 to 255, divided by {}{normalised}", short(recipe.data.divisor)),
            keys: keys.collect(),
            limits: limits(run, opening.findings.into_iter().map(|finding| finding.0)),
            run: plain(&record.path.to_string_lossy()),
            record,
            program,
        }
        .render()?
            + "\n",
    ))
}

/// What a user of the model must know.
fn limits(run: &Sections, findings: impl Iterator<Item = String>) -> Vec<String> {
    let mut limits: Vec<String> = run.record.notes.iter().map(|note| plain(note)).collect();
    limits.extend(findings.map(|finding| plain(&finding)));
    let Some(tested) = &run.tested else { return limits };
    let small: Vec<String> = tested
        .classes()
        .iter()
        .filter(|class| class.score.support < FEW)
        .take(LISTED)
        .map(|class| format!("{} ({})", plain(class.name), class.score.support))
        .collect();
    if !small.is_empty() {
        limits.push(format!("Fewer than {FEW} test pictures, too few to tell: {}.", small.join(", ")));
    }
    let worst = tested.classes().into_iter().filter(|class| class.score.support >= FEW);
    let worst = worst.min_by(|a, b| a.score.recall.unwrap_or(1.0).total_cmp(&b.score.recall.unwrap_or(1.0)));
    if let Some(class) = worst {
        let support = class.score.support;
        let interval = wilson((support - class.wrong) as usize, support as usize);
        limits.push(format!(
            "Recognised least: {}, {} of {} (95 %: {}).",
            plain(class.name),
            thousands((support - class.wrong) as f64),
            thousands(support as f64),
            headline::interval(&interval)
        ));
    }
    limits.push(format!(
        "Every picture gets one of these {} classes, also one that shows none of them.",
        tested.names.len()
    ));
    limits
}

fn count(number: &i64) -> String {
    thousands(*number as f64)
}

fn size<T: Copy + TryInto<u64>>(number: &T) -> String {
    (*number).try_into().map_or(String::new(), |number| thousands(number as f64))
}

/// Text on one line that Markdown takes as text.
fn plain(text: &str) -> String {
    let mut safe = String::new();
    for letter in values::shown::word(text).chars() {
        match letter {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '#' | '!' | '~' => safe.extend(['\\', letter]),
            _ => safe.push(letter),
        }
    }
    safe
}

/// A drawing of the page as a file of its own.
fn alone(svg: &str) -> Vec<u8> {
    svg.replacen("<svg ", "<svg xmlns=\"http://www.w3.org/2000/svg\" ", 1).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_outside_stay_text() {
        assert_eq!(plain("<b>a|b</b> [x](y) `c`"), "&lt;b&gt;a\\|b&lt;/b&gt; \\[x\\](y) \\`c\\`");
        assert_eq!(plain("Öl_1"), "Öl\\_1");
    }
}
