//! Early stopping of poor trials: asynchronous successive halving (Li et al. 2018), in the form that stops trials instead of
//! pausing them, as Optuna's `SuccessiveHalvingPruner` does.
//!
//! Rungs are at `epochs`, `epochs * factor`, `epochs * factor^2`, ... A trial that reaches one goes on where its objective is among the
//! best `1 / factor` of all that have reached the rung so far, or is the best of them. Nothing waits for anybody.

use serde::{Deserialize, Serialize};
use values::Whole;

/// `[sweep.halving]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Halving {
    /// Epochs to the first rung, 1 to 10^9.
    #[serde(default = "Halving::default_epochs")]
    pub epochs: u64,
    /// Between the epochs of two rungs, and how many trials there are for each that continues; 2 to 100.
    #[serde(default = "Halving::default_factor")]
    pub factor: u64,
}

impl Halving {
    /// One epoch.
    pub const fn default_epochs() -> u64 {
        1
    }

    /// A third of the trials continue.
    pub const fn default_factor() -> u64 {
        3
    }

    /// Checks both ranges.
    ///
    /// # Errors
    /// The key whose value lies outside.
    pub fn check(&self) -> Result<(), values::OutOfRange> {
        Whole::new("sweep.halving.epochs", 1, 1_000_000_000).check(self.epochs)?;
        Whole::new("sweep.halving.factor", 2, 100).check(self.factor).map(|_| ())
    }

    /// Epochs to rung `rung`, counted from 0.
    pub fn epochs_to(&self, rung: u32) -> u64 {
        self.epochs.saturating_mul(self.factor.saturating_pow(rung))
    }

    /// Whether a trial continues that reached a rung with `own`, which `others` have reached before it; an objective that is
    /// no number does not.
    pub fn continues(&self, own: f64, others: &[f64]) -> bool {
        let reached = others.len() as u64 + 1;
        let better = others.iter().filter(|&&other| other < own).count() as u64;
        !own.is_nan() && better < (reached / self.factor).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// tests/golden/halving.py
    #[test]
    fn trials_are_stopped_where_optuna_stops_them() {
        #[derive(Deserialize)]
        struct Case {
            first: u64,
            factor: u64,
            trials: Vec<Trial>,
        }
        #[derive(Deserialize)]
        struct Trial {
            values: Vec<f64>,
            stopped: Option<u64>,
        }
        let cases: Vec<Case> = serde_json::from_str(include_str!("../tests/golden/halving.json")).unwrap();
        let mut stopped_trials = 0;
        for Case { first, factor, trials } in cases {
            let halving = Halving { epochs: first, factor };
            let mut reached: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
            for (n, Trial { values, stopped }) in trials.into_iter().enumerate() {
                let (mut rung, mut found) = (0, None);
                for (epoch, value) in (1..).zip(values) {
                    if epoch < halving.epochs_to(rung) {
                        continue;
                    }
                    let others = reached.entry(rung).or_default();
                    let continues = halving.continues(value, others);
                    others.push(value);
                    rung += 1;
                    if !continues {
                        found = Some(epoch);
                        break;
                    }
                }
                assert_eq!(found, stopped, "trial {n} of first {first}, factor {factor}");
                stopped_trials += usize::from(stopped.is_some());
            }
        }
        assert!(stopped_trials > 20, "{stopped_trials}");
    }

    #[test]
    fn the_first_continues_and_ties_do() {
        let halving = Halving { epochs: 2, factor: 3 };
        assert_eq!([0, 1, 2].map(|rung| halving.epochs_to(rung)), [2, 6, 18]);
        assert!(halving.continues(0.5, &[]));
        assert!(halving.continues(0.5, &[0.5, 0.5]) && !halving.continues(0.5, &[0.5, 0.4]));
        assert!(halving.continues(0.5, &[0.4, 0.6, 0.7, 0.8, 0.9]), "the second of six");
        assert!(!halving.continues(f64::NAN, &[]));
        assert_eq!(halving.epochs_to(200), u64::MAX, "never reached");
    }
}
