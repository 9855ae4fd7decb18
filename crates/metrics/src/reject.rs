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

/// What each threshold meant on known pictures: of how many an answer was given, and how many of those were wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RejectCurve {
    /// From the highest probability to the lowest.
    pub points: Vec<Threshold>,
}

impl RejectCurve {
    /// Points that are kept at most, evenly spread over the pictures, the last one always among them.
    const POINTS: usize = 1000;

    /// The curve of answers at a temperature.
    pub fn of(answers: &Answers, temperature: Temperature) -> RejectCurve {
        let answer = |(row, &label): (&[f64], &usize)| {
            let class = argmax(row);
            (softmax(row, temperature.value())[class], class != label)
        };
        let mut surest: Vec<(f64, bool)> = answers.rows().zip(answers.labels()).map(answer).collect();
        surest.sort_by(|one, other| other.0.total_cmp(&one.0));
        let (all, mut given, mut bad) = (surest.len(), 0_usize, 0_usize);
        let every = all.div_ceil(Self::POINTS);
        let mut points: Vec<Threshold> = Vec::new();
        for equal in surest.chunk_by(|one, other| one.0 == other.0) {
            let before = given / every;
            given += equal.len();
            bad += equal.iter().filter(|it| it.1).count();
            if given / every > before || given == all {
                let (answered, wrong) = (given as f64 / all as f64, bad as f64 / given as f64);
                points.push(Threshold { probability: equal[0].0, answered, wrong });
            }
        }
        RejectCurve { points }
    }

    /// The lowest threshold at which at most `wrong`, a share, of the answers given was wrong; `None` where even the surest
    /// answers were wrong more often.
    pub fn at(&self, wrong: f64) -> Option<Threshold> {
        self.points.iter().rev().find(|point| point.wrong <= wrong).copied()
    }
}
