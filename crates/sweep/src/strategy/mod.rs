//! Which settings come next: pure functions of the space, the seed, and what is known of the trials so far.
//!
//! | strategy | tries |
//! | --- | --- |
//! | `grid` | every combination of the grid's values |
//! | `random` | combinations drawn at random, none twice |
//! | `zoom` | the grid, then narrower grids around the lowest objective |
//! | `tpe` | combinations that a model of the good and the poor trials favours (Bergstra 2011) |

mod grid;
mod parzen;
mod random;
mod tpe;
mod zoom;

pub(crate) use grid::size as grid_size;
pub use parzen::Parzen;

use crate::space::{Axis, Settings};
use serde::{Deserialize, Serialize};

/// How the space is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// Every combination.
    Grid,
    /// Combinations at random.
    Random,
    /// Narrower grids around the lowest objective.
    Zoom,
    /// A model of the good and the poor trials.
    Tpe,
}

/// What is known of a trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Its values.
    pub settings: Settings,
    /// What it came to, the lower the better; infinite where it diverged, `None` while it runs.
    pub objective: Option<f64>,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// Try these settings.
    Try(Settings),
    /// Wait until a running trial is over.
    Wait,
    /// Nothing is left to try.
    Done,
}

impl Strategy {
    /// What comes after the trials in `seen`, of `most` trials. The same arguments give the same answer.
    pub fn next(self, axes: &[Axis], most: usize, seed: u64, seen: &[Seen]) -> Next {
        if seen.len() >= most {
            return Next::Done;
        }
        match self {
            Strategy::Grid => grid::next(axes, seen),
            Strategy::Random => random::next(axes, seed, seen),
            Strategy::Zoom => zoom::next(axes, seen),
            Strategy::Tpe => tpe::next(axes, seed, seen),
        }
    }

    /// Whether all its trials are known before any has ended.
    pub fn is_fixed(self) -> bool {
        matches!(self, Strategy::Grid | Strategy::Random)
    }
}

/// Settings of one value for each axis.
fn settings(axes: &[Axis], values: impl IntoIterator<Item = String>) -> Settings {
    axes.iter().zip(values).map(|(axis, value)| (axis.key.clone(), value)).collect()
}

/// Whether these were tried.
fn is_seen(seen: &[Seen], settings: &Settings) -> bool {
    seen.iter().any(|it| it.settings == *settings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::number;
    use toml::Table;

    pub(super) fn axis(text: &str) -> Axis {
        let (key, values) = text.split_once('=').unwrap();
        let make = if values.ends_with(')') { Axis::random } else { Axis::grid };
        make(key, values, &Table::new()).unwrap()
    }

    /// Runs a strategy on a function of the settings, and gives the values of the first axis with the objectives.
    pub(super) fn run(
        strategy: Strategy,
        axes: &[Axis],
        most: usize,
        seed: u64,
        of: impl Fn(&[f64]) -> f64,
    ) -> Vec<(f64, f64)> {
        let mut seen: Vec<Seen> = Vec::new();
        while let Next::Try(settings) = strategy.next(axes, most, seed, &seen) {
            let values: Vec<f64> = settings.iter().map(|(_, text)| number(text).unwrap()).collect();
            seen.push(Seen { settings, objective: Some(of(&values)) });
        }
        seen.iter().map(|it| (number(&it.settings[0].1).unwrap(), it.objective.unwrap())).collect()
    }

    #[test]
    fn a_grid_holds_every_combination_once() {
        let axes = [axis("a=1,2"), axis("b=1..100:log3")];
        let tried = run(Strategy::Grid, &axes, 100, 0, |v| 100.0 * v[0] + v[1]);
        let objectives: Vec<f64> = tried.iter().map(|it| it.1).collect();
        assert_eq!(objectives, [101.0, 110.0, 200.0, 201.0, 210.0, 300.0]);
        assert_eq!(run(Strategy::Grid, &axes, 4, 0, |v| v[0]).len(), 4);
    }

    #[test]
    fn random_trials_repeat_with_their_seed_and_never_among_themselves() {
        let axes = [axis("a=1,2,3"), axis("b=1,2")];
        let tried = |seed| run(Strategy::Random, &axes, 100, seed, |v| 10.0 * v[0] + v[1]);
        assert_eq!(tried(1), tried(1));
        assert_ne!(tried(1), tried(2));
        let mut all: Vec<i64> = tried(1).iter().map(|it| it.1 as i64).collect();
        all.sort_unstable();
        assert_eq!(all, [11, 12, 21, 22, 31, 32]);
    }
}
