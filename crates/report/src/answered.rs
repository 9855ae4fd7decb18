//! What the best model of a run says of each test picture, as much of it as a page can show.

use crate::error::Error;
use train::Predictions;
use train::metrics::Confusion;

/// So many of the most probable classes of a picture are kept.
const TOP: usize = 4;

/// Answers for the pictures of a test set, in stored order.
pub struct Answered {
    labels: Vec<usize>,
    /// The most probable classes of each picture with their probabilities, the most probable first.
    top: Vec<Vec<(usize, f32)>>,
    confusion: Confusion,
}

impl Answered {
    /// Keeps what can be shown.
    pub fn of(predictions: &Predictions) -> Result<Answered, Error> {
        let top = |picture: usize| {
            let predicted = predictions.predicted()[picture];
            let mut all: Vec<(usize, f32)> = predictions.probabilities(picture).iter().copied().enumerate().collect();
            // The answer comes first, also among equals.
            let rank = |&(class, probability): &(usize, f32)| (class == predicted, probability);
            all.sort_by(|a, b| rank(b).0.cmp(&rank(a).0).then(b.1.total_cmp(&a.1)));
            all.truncate(TOP);
            all
        };
        Ok(Answered {
            labels: predictions.labels().to_vec(),
            top: (0..predictions.len()).map(top).collect(),
            confusion: predictions.confusion()?,
        })
    }

    /// Number of pictures.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    pub fn confusion(&self) -> &Confusion {
        &self.confusion
    }

    /// The true class of a picture.
    pub fn truth(&self, picture: usize) -> usize {
        self.labels[picture]
    }

    /// The most probable classes of a picture, the answer first.
    pub fn top(&self, picture: usize) -> &[(usize, f32)] {
        &self.top[picture]
    }

    /// The class that a picture was given.
    pub fn predicted(&self, picture: usize) -> usize {
        self.top[picture][0].0
    }

    /// Its probability.
    pub fn confidence(&self, picture: usize) -> f32 {
        self.top[picture][0].1
    }

    /// By how much the answer is more probable than the next class.
    pub fn margin(&self, picture: usize) -> f32 {
        self.confidence(picture) - self.top[picture].get(1).map_or(0.0, |next| next.1)
    }

    pub fn is_wrong(&self, picture: usize) -> bool {
        self.predicted(picture) != self.truth(picture)
    }

    /// Wrong answers, the most confident first.
    pub fn mistakes(&self) -> Vec<usize> {
        let mut wrong: Vec<usize> = (0..self.len()).filter(|&picture| self.is_wrong(picture)).collect();
        wrong.sort_by(|&a, &b| self.confidence(b).total_cmp(&self.confidence(a)).then(a.cmp(&b)));
        wrong
    }

    /// The pictures whose answer is nearest to another, the nearest first.
    pub fn least_certain(&self, most: usize) -> Vec<usize> {
        let mut all: Vec<usize> = (0..self.len()).collect();
        all.sort_by(|&a, &b| self.margin(a).total_cmp(&self.margin(b)).then(a.cmp(&b)));
        all.truncate(most);
        all
    }

    /// Right answers, at most `each` of every class, the least confident first.
    pub fn right(&self, each: usize) -> Vec<usize> {
        let mut right: Vec<usize> = (0..self.len()).filter(|&picture| !self.is_wrong(picture)).collect();
        right.sort_by(|&a, &b| self.confidence(a).total_cmp(&self.confidence(b)).then(a.cmp(&b)));
        let mut taken = vec![0; self.confusion.classes()];
        right.retain(|&picture| {
            let taken = &mut taken[self.truth(picture)];
            *taken += 1;
            *taken <= each
        });
        right
    }
}
