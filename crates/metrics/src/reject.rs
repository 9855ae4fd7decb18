//! Below which probability an answer is better withheld.

use crate::Answers;
use crate::Temperature;
use crate::answers::{argmax, softmax};
use serde::{Deserialize, Serialize};

/// The probability from which on answers are given, and what that meant on the pictures it was chosen with.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    /// Answers of this probability and above are given, others withheld.
    pub probability: f64,
    /// Share of the pictures that were answered.
    pub answered: f64,
    /// Share of those that were wrong.
    pub wrong: f64,
}

/// The lowest threshold at which at most `wrong`, a share, of the answers given was wrong; `None` where even the surest answers
/// were wrong more often.
pub fn threshold(answers: &Answers, temperature: Temperature, wrong: f64) -> Option<Threshold> {
    let answer = |(row, &label): (&[f64], &usize)| {
        let class = argmax(row);
        (softmax(row, temperature.value())[class], class != label)
    };
    let mut surest: Vec<(f64, bool)> = answers.rows().zip(answers.labels()).map(answer).collect();
    surest.sort_by(|one, other| other.0.total_cmp(&one.0));
    let (all, mut given, mut bad, mut best) = (surest.len() as f64, 0_usize, 0_usize, None);
    for equal in surest.chunk_by(|one, other| one.0 == other.0) {
        given += equal.len();
        bad += equal.iter().filter(|it| it.1).count();
        let share = bad as f64 / given as f64;
        if share <= wrong {
            best = Some(Threshold { probability: equal[0].0, answered: given as f64 / all, wrong: share });
        }
    }
    best
}
