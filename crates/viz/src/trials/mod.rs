//! Trials of a search for good settings: what came of each, against one setting, against two, and against all at once.

mod pair;
mod parallel;
mod response;

use crate::Error;
use crate::axis::{Domain, Scale};
use crate::colour::{Palette, Rgb};
use crate::numbers::{Unit, precise};

/// What a setting's values are.
#[derive(Clone, Debug, PartialEq)]
pub enum Positions {
    /// Numbers, spread so.
    Numbers(Scale),
    /// Words or numbers at equal distances, in this order; a trial's position is the place in this list.
    Words(Vec<String>),
}

/// A setting and where each trial stands on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Its name.
    pub label: String,
    /// What its values are.
    pub values: Positions,
    /// Of each trial: its number, or the place of its word. On a log scale all are above 0.
    pub positions: Vec<f64>,
}

/// What came of a trial: the lower the better.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// What is shown when the pointer rests on it.
    pub name: String,
    /// The lowest of its runs.
    pub low: f64,
    /// The mean of its runs; not finite where it came to nothing.
    pub mean: f64,
    /// The highest of its runs.
    pub high: f64,
}

/// Trials with their settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Trials {
    settings: Vec<Setting>,
    trials: Vec<Trial>,
    label: String,
    unit: Unit,
    best: Option<usize>,
}

/// Above this ratio between the worst and the best, results are drawn on a log scale.
const WIDE: f64 = 8.0;

impl Trials {
    /// Trials whose results are `label`, written in `unit`.
    ///
    /// # Errors
    /// No trials or settings; a setting without a position for each trial, or one that is not finite, not above 0 on a log scale, or
    /// no place in its list of words.
    pub fn new(label: &str, unit: Unit, settings: Vec<Setting>, trials: Vec<Trial>) -> Result<Trials, Error> {
        if trials.is_empty() {
            return Err(Error::Empty { what: "trial" });
        }
        if settings.is_empty() {
            return Err(Error::Empty { what: "setting" });
        }
        for setting in &settings {
            check(setting, trials.len())?;
        }
        let finite = trials.iter().enumerate().filter(|(_, trial)| trial.mean.is_finite());
        let best = finite.min_by(|a, b| a.1.mean.total_cmp(&b.1.mean)).map(|(i, _)| i);
        Ok(Trials { settings, trials, label: label.to_owned(), unit, best })
    }

    /// The same with another trial marked as the best: the one that was chosen among equal ones.
    pub fn marked(self, best: usize) -> Trials {
        Trials { best: Some(best).filter(|&it| it < self.trials.len()), ..self }
    }

    /// The settings.
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }

    fn results(&self) -> impl Iterator<Item = f64> + Clone + '_ {
        self.trials.iter().flat_map(|it| [it.low, it.mean, it.high]).filter(|it| it.is_finite())
    }

    /// How results are spread: on a log scale where they differ widely and none is 0.
    fn scale(&self) -> Scale {
        let (low, high) = self.results().fold((f64::INFINITY, 0.0_f64), |(low, high), it| (low.min(it), high.max(it)));
        if low > 0.0 && high > WIDE * low { Scale::Log } else { Scale::Linear }
    }

    /// The colour of a result: dark for the best, light for the worst.
    fn colours(&self) -> Colours {
        Colours(Domain::of(self.trials.iter().map(|it| it.mean), self.scale(), false))
    }

    fn hint(&self, trial: &Trial) -> String {
        let result = |it| precise(it, self.unit);
        match trial {
            Trial { mean, .. } if !mean.is_finite() => format!("{}: came to nothing", trial.name),
            Trial { low, high, mean, .. } if low < high => {
                format!("{}: {} ({} to {})", trial.name, result(*mean), result(*low), result(*high))
            }
            Trial { mean, .. } => format!("{}: {}", trial.name, result(*mean)),
        }
    }
}

fn check(setting: &Setting, trials: usize) -> Result<(), Error> {
    if setting.positions.len() != trials {
        return Err(Error::Count { what: "positions", got: setting.positions.len(), with: "trials", want: trials });
    }
    let fits = |it: f64| match &setting.values {
        Positions::Numbers(Scale::Linear) => it.is_finite(),
        Positions::Numbers(Scale::Log) => it.is_finite() && it > 0.0,
        Positions::Words(words) => it >= 0.0 && it.fract() == 0.0 && it < words.len() as f64,
    };
    match setting.positions.iter().position(|&it| !fits(it)) {
        None => Ok(()),
        Some(i) => Err(Error::Value {
            what: format!("position {i} of the setting {:?}", setting.label),
            value: setting.positions[i].to_string(),
            rule: "positions are finite, above 0 on a log scale, and places in the list of words",
        }),
    }
}

struct Colours(Domain);

impl Colours {
    fn of(&self, result: f64) -> Rgb {
        self.0.place(result).map_or(crate::NOT_FINITE, |place| Palette::Viridis.colour(place))
    }

    /// Of a part of the way from the lowest result to the highest.
    fn part(part: f64) -> Rgb {
        Palette::Viridis.colour(part)
    }
}

/// A setting along an axis: where positions lie (0 to 1), and what stands beside them.
struct Ruler {
    domain: Option<Domain>,
    words: usize,
    ticks: Vec<(f64, String)>,
}

/// Of the axis's length, left free at either end.
const MARGIN: f64 = 0.04;

impl Ruler {
    fn of(setting: &Setting) -> Ruler {
        match &setting.values {
            Positions::Numbers(scale) => {
                let domain = Domain::of(setting.positions.iter().copied(), *scale, false);
                let labels = domain.labels(Unit::Plain);
                let mut ruler = Ruler { domain: Some(domain.clone()), words: 0, ticks: Vec::new() };
                ruler.ticks =
                    domain.ticks.iter().zip(labels).map(|(&tick, label)| (ruler.place(tick), label)).collect();
                ruler
            }
            Positions::Words(words) => {
                let mut ruler = Ruler { domain: None, words: words.len(), ticks: Vec::new() };
                let label = |(i, word): (usize, &String)| (ruler.place(i as f64), word.clone());
                ruler.ticks = words.iter().enumerate().map(label).collect();
                ruler
            }
        }
    }

    fn place(&self, position: f64) -> f64 {
        match &self.domain {
            Some(domain) => MARGIN + (1.0 - 2.0 * MARGIN) * domain.place(position).unwrap_or(0.0),
            None => (position + 0.5) / self.words.max(1) as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn trials(results: &[f64]) -> Trials {
        let positions: Vec<f64> = (0..results.len()).map(|i| 10f64.powi(i as i32 - 3)).collect();
        let rate = Setting { label: "rate".into(), values: Positions::Numbers(Scale::Log), positions };
        let kind = Setting {
            label: "kind".into(),
            values: Positions::Words(vec!["a".into(), "b".into()]),
            positions: (0..results.len()).map(|i| (i % 2) as f64).collect(),
        };
        let trial = |(i, &it): (usize, &f64)| Trial { name: format!("trial {}", i + 1), low: it, mean: it, high: it };
        Trials::new("error", Unit::Percent, vec![rate, kind], results.iter().enumerate().map(trial).collect()).unwrap()
    }

    #[test]
    fn settings_that_do_not_fit_are_refused() {
        let good = trials(&[0.1, 0.2]);
        let with = |positions: &[f64], values| {
            let setting = Setting { label: "x".into(), values, positions: positions.to_vec() };
            Trials::new("error", Unit::Plain, vec![setting], good.trials.clone()).map_err(|e| e.to_string())
        };
        assert!(with(&[1.0], Positions::Numbers(Scale::Linear)).unwrap_err().contains("1 positions"));
        assert!(with(&[1.0, 0.0], Positions::Numbers(Scale::Log)).unwrap_err().contains("position 1"));
        assert!(with(&[0.0, 2.0], Positions::Words(vec!["a".into()])).is_err());
        assert!(with(&[1.0, 0.0], Positions::Numbers(Scale::Linear)).is_ok());
    }

    #[test]
    fn the_best_is_the_lowest_and_colours_go_from_dark_to_light() {
        let trials = trials(&[0.3, f64::NAN, 0.01, 0.2]);
        assert_eq!(trials.best, Some(2));
        assert_eq!(trials.scale(), Scale::Log);
        let colours = trials.colours();
        assert_eq!((colours.of(0.01), colours.of(0.3)), (Palette::Viridis.colour(0.0), Palette::Viridis.colour(1.0)));
        assert_eq!(colours.of(f64::NAN), crate::NOT_FINITE);
    }

    #[test]
    fn positions_keep_their_order_inside_the_axis() {
        let trials = trials(&[0.3, 0.2, 0.1]);
        for setting in trials.settings() {
            let ruler = Ruler::of(setting);
            assert!(setting.positions.iter().all(|&it| (0.0..=1.0).contains(&ruler.place(it))));
        }
        let ruler = Ruler::of(&trials.settings()[0]);
        assert!(ruler.place(1e-3) < ruler.place(1e-2) && ruler.place(1e-2) < ruler.place(0.1));
    }
}
