//! The pictures of a sweep's page, from its trials.

use crate::error::Error;
use crate::space::{Axis, Scale, Values, number};
use crate::state::{How, Trial, mean};
use crate::view::View;
use crate::words;
use std::path::Path;
use train::run_folder::read_metrics;
use viz::{Best, Chart, Positions, Series, Setting, Trials, Unit};

/// Trials whose learning curves are drawn: as many as there are colours.
const CURVES: usize = 7;
/// Pairs of settings that are drawn at most.
const PAIRS: usize = 10;
/// Lists of numbers that span at least this ratio are drawn on a log scale.
const WIDE: f64 = 20.0;

/// SVG for the page.
#[derive(Debug, Default)]
pub(crate) struct Pictures {
    /// Validation error against each setting.
    pub responses: Vec<String>,
    /// Against two settings.
    pub pairs: Vec<String>,
    /// Pairs that are not drawn.
    pub pairs_left_out: usize,
    /// Against all settings, where there are several.
    pub parallel: Option<String>,
    /// Of the best trials.
    pub curves: Option<String>,
}

impl Pictures {
    /// Draws what is known; nothing before a run has ended.
    pub fn draw(view: &View<'_>, ranked: &[&Trial]) -> Result<Pictures, Error> {
        let View { state, axes, .. } = view;
        let over: Vec<&Trial> = state.trials.iter().filter(|it| it.is_over()).collect();
        if over.is_empty() {
            return Ok(Pictures::default());
        }
        if axes.is_empty() {
            return Ok(Pictures { curves: curves(view.root, ranked)?, ..Pictures::default() });
        }
        let settings = axes.iter().enumerate().map(|(i, axis)| setting(axis, i, &over)).collect();
        let trials =
            Trials::new("validation error", Unit::Percent, settings, over.iter().map(|it| trial(it)).collect())?;
        let winner = state.winner().and_then(|winner| over.iter().position(|it| it.number == winner.number));
        let trials = winner.map_or(trials.clone(), |winner| trials.marked(winner));
        let text = |drawing: viz::Drawing| drawing.as_str().to_owned();
        let pairs: Vec<(usize, usize)> =
            (0..axes.len()).flat_map(|a| (a + 1..axes.len()).map(move |b| (a, b))).collect();
        Ok(Pictures {
            responses: (0..axes.len()).map(|i| text(trials.response(i))).collect(),
            pairs: pairs.iter().take(PAIRS).map(|&(a, b)| text(trials.pair(a, b))).collect(),
            pairs_left_out: pairs.len().saturating_sub(PAIRS),
            parallel: (axes.len() > 1).then(|| text(trials.parallel())),
            curves: curves(view.root, ranked)?,
        })
    }
}

fn trial(trial: &Trial) -> viz::Trial {
    let errors = || trial.ended().filter_map(|it| it.validation_error);
    let came_to_nothing = matches!(trial.how(), Some(How::Diverged | How::Failed));
    let mean = mean(errors()).filter(|_| !came_to_nothing).unwrap_or(f64::NAN);
    let pruned = if trial.how() == Some(How::Pruned) { " (stopped early)" } else { "" };
    viz::Trial {
        name: format!("trial {}{pruned}: {}", trial.number, words::settings(&trial.settings)),
        low: errors().fold(mean, f64::min),
        mean,
        high: errors().fold(mean, f64::max),
    }
}

/// Where the trials stand on an axis: numbers on the axis's own scale; words, and lists with 0 that span a wide range, at equal distances.
pub(crate) fn setting(axis: &Axis, i: usize, trials: &[&Trial]) -> Setting {
    let texts: Vec<&str> = trials.iter().map(|it| it.settings.get(i).map_or("", |it| it.1.as_str())).collect();
    let label = axis.key.clone();
    if let Some(numbers) = texts.iter().map(|text| number(text)).collect::<Option<Vec<f64>>>()
        && let Some(scale) = scale(axis, &numbers)
    {
        return Setting { label, values: Positions::Numbers(scale), positions: numbers };
    }
    let mut words: Vec<&str> = texts.clone();
    let size = |text: &str| number(text).unwrap_or(f64::INFINITY);
    words.sort_by(|a, b| size(a).total_cmp(&size(b)));
    // Words keep the order of the recipe's list, numbers come first.
    let listed = axis.listed();
    words.sort_by_key(|text| {
        (number(text).is_none(), if number(text).is_none() { listed.iter().position(|it| it == text) } else { None })
    });
    words.dedup();
    let positions =
        texts.iter().map(|text| words.iter().position(|it| it == text).unwrap_or_default() as f64).collect();
    let plain = |text: &&str| match text.trim_matches(['[', ']', '"']) {
        "" => "–".to_owned(),
        text => text.to_owned(),
    };
    Setting { label, values: Positions::Words(words.iter().map(plain).collect()), positions }
}

/// How numbers are spread; `None` where a log scale is due and cannot show them.
fn scale(axis: &Axis, numbers: &[f64]) -> Option<viz::Scale> {
    let (low, high) =
        numbers.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &it| (low.min(it), high.max(it)));
    match axis.values {
        Values::Spaced(span, _) | Values::Drawn(span) => {
            let is_log = span.scale == Scale::Log && low > 0.0;
            Some(if is_log { viz::Scale::Log } else { viz::Scale::Linear })
        }
        Values::Listed(_) if low > 0.0 => Some(if high >= WIDE * low { viz::Scale::Log } else { viz::Scale::Linear }),
        Values::Listed(_) => {
            let least = numbers.iter().copied().filter(|it| *it > 0.0).fold(f64::INFINITY, f64::min);
            (low < 0.0 || high < WIDE * least).then_some(viz::Scale::Linear)
        }
    }
}

/// The course of the best trials, each with its best seed.
fn curves(root: &Path, ranked: &[&Trial]) -> Result<Option<String>, Error> {
    let mut series = Vec::new();
    for trial in ranked.iter().filter(|it| it.how() == Some(How::Done)).take(CURVES) {
        let Some(run) = trial.best_run().and_then(|run| trial.runs.get(run)) else { continue };
        let rows = read_metrics(&root.join(&run.folder))?;
        let x: Vec<f64> = rows.iter().map(|row| row.iteration as f64).collect();
        let y: Vec<f64> = rows.iter().map(|row| row.validation_error).collect();
        if x.is_empty() {
            continue;
        }
        series.push(Series::new(format!("trial {}", trial.number), &x, &y)?.marked(Best::Lowest));
    }
    if series.is_empty() {
        return Ok(None);
    }
    let mut chart = Chart::error("minibatch", series)?;
    chart.title = "validation error of the best trials".to_owned();
    Ok(Some(chart.draw().as_str().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use toml::Table;

    fn drawn(text: &str, values: &[&str]) -> Positions {
        let (key, list) = text.split_once('=').unwrap();
        let axis = Axis::grid(key, list, &Table::new()).unwrap();
        let trial = |(i, value): (usize, &&str)| Trial {
            number: i as u64 + 1,
            settings: vec![(key.to_owned(), (*value).to_owned())],
            runs: Vec::new(),
        };
        let trials: Vec<Trial> = values.iter().enumerate().map(trial).collect();
        setting(&axis, 0, &trials.iter().collect::<Vec<_>>()).values
    }

    #[test]
    fn settings_are_spread_as_a_reader_expects() {
        let words = |list: &[&str]| Positions::Words(list.iter().map(|it| (*it).to_owned()).collect());
        assert_eq!(drawn("a=1e-3..1:log4", &["0.001", "1"]), Positions::Numbers(viz::Scale::Log));
        assert_eq!(drawn("a=50,100,2000", &["[50]", "[2000]"]), Positions::Numbers(viz::Scale::Log));
        assert_eq!(drawn("a=0,0.1,0.5", &["0", "0.5"]), Positions::Numbers(viz::Scale::Linear));
        assert_eq!(drawn("a=0,1e-5,1e-3", &["1e-3", "0", "1e-5"]), words(&["0", "1e-5", "1e-3"]));
        assert_eq!(drawn("a=\"tanh\",\"relu\"", &["\"relu\"", "\"tanh\""]), words(&["tanh", "relu"]));
    }
}
