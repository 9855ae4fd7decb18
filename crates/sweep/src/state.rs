//! What is known of a sweep's trials: what its journal says, put together.

use crate::journal::Entry;
use crate::space::Settings;
use crate::strategy::Seen;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The folder of the runs, inside the sweep's.
pub(crate) const TRIALS: &str = "trials";

/// A combination of settings with its runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// Counted from 1.
    pub number: u64,
    /// Its values.
    pub settings: Settings,
    /// One for each seed.
    pub runs: Vec<Run>,
}

/// A trial trained with one seed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Run {
    /// The seed.
    pub seed: u64,
    /// The run's folder, inside that of the sweep.
    pub folder: String,
    /// What it had reached at each rung of successive halving, and whether it was to continue.
    pub rungs: Vec<(f64, bool)>,
    /// What it came to.
    pub ended: Option<Ended>,
}

/// The seeds that each trial of a sweep is trained with: one after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seeds {
    /// The recipe's.
    pub first: u64,
    /// How many.
    pub count: u64,
}

impl Seeds {
    /// That of a trial's run, counted from 0.
    pub fn of(self, run: u64) -> u64 {
        self.first.saturating_add(run).min(i64::MAX as u64)
    }
}

/// The folder of a run, inside the sweep's.
fn run_folder(trial: u64, seed: u64) -> String {
    format!("{TRIALS}/{trial:04}-seed-{seed}")
}

/// What a run came to. Errors are fractions: 0.0092 is 0.92 %.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// How it ended.
    pub how: How,
    /// What is minimised: the validation error of the best model, or its loss where `evaluation.watch` says so.
    pub objective: Option<f64>,
    /// Validation error of the best model.
    pub validation_error: Option<f64>,
    /// Validation loss of the best model, nats per picture.
    pub validation_loss: Option<f64>,
    /// Minibatches trained.
    pub iterations: u64,
    /// Minibatches trained when the best validation was made.
    pub best_iteration: Option<u64>,
    /// Seconds in the training loop.
    pub seconds: f64,
    /// Why it came to nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// As its recipe says.
    Done,
    /// Stopped early by successive halving.
    Pruned,
    /// Its loss or parameters stopped being finite.
    Diverged,
    /// The settings do not fit each other or the data.
    Failed,
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            How::Done => "done",
            How::Pruned => "pruned",
            How::Diverged => "diverged",
            How::Failed => "failed",
        })
    }
}

impl Trial {
    /// Whether nothing is left to train: all its runs have ended, or one that is not done, after which the others are left out.
    pub fn is_over(&self) -> bool {
        self.how().is_some()
    }

    /// How it ended; `None` before that.
    pub fn how(&self) -> Option<How> {
        let ended = || self.runs.iter().filter_map(|run| run.ended.as_ref().map(|it| it.how));
        match ended().find(|how| *how != How::Done) {
            Some(how) => Some(how),
            None => (ended().count() == self.runs.len()).then_some(How::Done),
        }
    }

    /// The mean objective of its runs that have one; infinite where one diverged or failed; `None` before it is over.
    pub fn objective(&self) -> Option<f64> {
        match self.how()? {
            How::Diverged | How::Failed => Some(f64::INFINITY),
            How::Done | How::Pruned => mean(self.ended().filter_map(|it| it.objective)).or(Some(f64::INFINITY)),
        }
    }

    /// What its runs came to, as far as they have ended.
    pub fn ended(&self) -> impl Iterator<Item = &Ended> {
        self.runs.iter().filter_map(|run| run.ended.as_ref())
    }

    /// The place of its run with the lowest objective among those that are done.
    pub fn best_run(&self) -> Option<usize> {
        let done = self.runs.iter().enumerate().filter_map(|(i, run)| Some((i, run.ended.as_ref()?)));
        let ranked = done
            .filter(|(_, it)| it.how == How::Done)
            .filter_map(|(i, it)| Some((i, it.objective?, it.validation_loss)));
        let loss = |loss: Option<f64>| loss.unwrap_or(f64::INFINITY);
        ranked.min_by(|a, b| a.1.total_cmp(&b.1).then(loss(a.2).total_cmp(&loss(b.2)))).map(|it| it.0)
    }
}

/// The mean; `None` of nothing.
pub fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0.0);
    for value in values {
        sum += value;
        count += 1.0;
    }
    (count > 0.0).then_some(sum / count)
}

/// A look at the test set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tested {
    /// The trial that had won.
    pub trial: u64,
    /// Which of its runs, counted from 0.
    pub run: u64,
    /// Pictures that it got wrong.
    pub wrong: u64,
    /// Pictures that it was asked.
    pub pictures: u64,
}

/// All that is known.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// In the order in which they were begun.
    pub trials: Vec<Trial>,
    /// Looks at the test set, in order.
    pub tested: Vec<Tested>,
}

impl State {
    /// Takes in what the journal says next. An entry of a trial that is not there says nothing, and the first end of a run counts.
    pub(crate) fn take_in(&mut self, entry: Entry, seeds: Seeds) {
        let number = self.trials.len() as u64 + 1;
        match entry {
            Entry::Proposed { settings } => {
                let run = |seed| Run { seed, folder: run_folder(number, seed), ..Run::default() };
                let runs = (0..seeds.count).map(|k| run(seeds.of(k))).collect();
                self.trials.push(Trial { number, settings, runs });
            }
            Entry::Rung { trial, run, objective, continues } => {
                if let Some(run) = self.run_mut(trial, run) {
                    run.rungs.push((objective.unwrap_or(f64::NAN), continues));
                }
            }
            Entry::Ended { trial, run, ended } => {
                if let Some(run) = self.run_mut(trial, run) {
                    run.ended.get_or_insert(ended);
                }
            }
            Entry::Tested(tested) => self.tested.push(tested),
        }
    }

    /// A trial's run, counted from 0.
    pub fn run(&self, trial: u64, run: u64) -> Option<&Run> {
        self.trials.get(trial.checked_sub(1)? as usize)?.runs.get(run as usize)
    }

    fn run_mut(&mut self, trial: u64, run: u64) -> Option<&mut Run> {
        self.trials.get_mut(trial.checked_sub(1)? as usize)?.runs.get_mut(run as usize)
    }

    /// As the strategies see it.
    pub fn seen(&self) -> Vec<Seen> {
        self.trials.iter().map(|it| Seen { settings: it.settings.clone(), objective: it.objective() }).collect()
    }

    /// The trial with the lowest mean objective among those all of whose runs are done; of equal ones that of the lower mean
    /// validation loss, then the earlier.
    pub fn winner(&self) -> Option<&Trial> {
        self.ranked().into_iter().next()
    }

    /// The winner, its best run counted from 0, and that run.
    pub fn best_run(&self) -> Option<(&Trial, u64, &Run)> {
        let winner = self.winner()?;
        let run = winner.best_run()?;
        Some((winner, run as u64, winner.runs.get(run)?))
    }

    /// The trials all of whose runs are done, best first.
    pub fn ranked(&self) -> Vec<&Trial> {
        let mut done: Vec<&Trial> = self.trials.iter().filter(|it| it.how() == Some(How::Done)).collect();
        let loss = |it: &Trial| mean(it.ended().filter_map(|it| it.validation_loss)).unwrap_or(f64::INFINITY);
        let objective = |it: &Trial| it.objective().unwrap_or(f64::INFINITY);
        done.sort_by(|a, b| objective(a).total_cmp(&objective(b)).then(loss(a).total_cmp(&loss(b))));
        done
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn ended(how: How, objective: f64, loss: f64) -> Ended {
        let (objective, validation_error, validation_loss) = (Some(objective), Some(objective), Some(loss));
        Ended {
            how,
            objective,
            validation_error,
            validation_loss,
            iterations: 1,
            best_iteration: Some(1),
            seconds: 0.0,
            note: None,
        }
    }

    const TWO: Seeds = Seeds { first: 0, count: 2 };

    fn state(runs: &[&[(How, f64, f64)]]) -> State {
        let mut state = State::default();
        for (trial, runs) in (1..).zip(runs) {
            state.take_in(Entry::Proposed { settings: vec![] }, TWO);
            for (run, &(how, objective, loss)) in (0..).zip(*runs) {
                state.take_in(Entry::Ended { trial, run, ended: ended(how, objective, loss) }, TWO);
            }
        }
        state
    }

    #[test]
    fn the_winner_has_the_lowest_mean_of_all_its_seeds() {
        use How::{Diverged, Done, Pruned};
        let state = state(&[
            &[(Done, 0.2, 1.0), (Done, 0.4, 1.0)],
            &[(Done, 0.1, 1.0)],
            &[(Done, 0.1, 1.0), (Diverged, 0.9, 1.0)],
            &[(Done, 0.3, 0.5), (Done, 0.3, 0.5)],
            &[(Pruned, 0.1, 1.0)],
        ]);
        let over: Vec<bool> = state.trials.iter().map(Trial::is_over).collect();
        assert_eq!(over, [true, false, true, true, true]);
        assert_eq!(state.winner().map(|it| it.number), Some(4), "as good as the first, with a lower loss");
        assert_eq!(state.trials[0].best_run(), Some(0));
        assert_eq!(state.trials[2].objective(), Some(f64::INFINITY));
    }

    #[test]
    fn the_first_end_of_a_run_counts() {
        let mut state = state(&[&[(How::Done, 0.2, 1.0)]]);
        state.take_in(Entry::Ended { trial: 1, run: 0, ended: ended(How::Diverged, 0.9, 1.0) }, TWO);
        state.take_in(Entry::Ended { trial: 7, run: 0, ended: ended(How::Done, 0.0, 0.0) }, TWO);
        assert_eq!(state.trials.len(), 1);
        assert_eq!(state.run(1, 0).unwrap().ended.as_ref().unwrap().how, How::Done);
    }
}
