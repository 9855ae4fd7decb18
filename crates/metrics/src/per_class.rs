//! Precision, recall and F1 of each class, and what is told of all classes alike, however many pictures they have.

use crate::Answers;
use serde::{Deserialize, Serialize};

/// Figures of one class; `None` where the denominator is 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClassFigures {
    /// Pictures of the class.
    pub pictures: usize,
    /// Pictures that were said to be of the class.
    pub answered: usize,
    /// Pictures of the class that were said to be so.
    pub right: usize,
}

impl ClassFigures {
    /// Of the pictures said to be of the class, the share that is: `right / answered`.
    pub fn precision(&self) -> Option<f64> {
        (self.answered > 0).then(|| self.right as f64 / self.answered as f64)
    }

    /// Of the pictures of the class, the share that was recognised: `right / pictures`.
    pub fn recall(&self) -> Option<f64> {
        (self.pictures > 0).then(|| self.right as f64 / self.pictures as f64)
    }

    /// The harmonic mean of precision and recall: `2 right / (pictures + answered)`.
    pub fn f1(&self) -> Option<f64> {
        let both = self.pictures + self.answered;
        (both > 0).then(|| 2.0 * self.right as f64 / both as f64)
    }
}

/// Figures of every class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PerClass {
    /// In the order of the classes.
    pub classes: Vec<ClassFigures>,
}

impl PerClass {
    /// Counts answers class by class.
    pub fn of(answers: &Answers) -> PerClass {
        PerClass::count(answers.classes(), &answers.predicted(), answers.labels())
    }

    /// Counts answers against labels; what is no class is left out.
    pub fn count(classes: usize, predicted: &[usize], labels: &[usize]) -> PerClass {
        let mut figures = vec![ClassFigures { pictures: 0, answered: 0, right: 0 }; classes];
        for (&predicted, &label) in predicted.iter().zip(labels) {
            if let Some(class) = figures.get_mut(label) {
                class.pictures += 1;
                class.right += usize::from(predicted == label);
            }
            if let Some(class) = figures.get_mut(predicted) {
                class.answered += 1;
            }
        }
        PerClass { classes: figures }
    }

    /// The mean recall of the classes that have pictures: what the accuracy would be with as many pictures of each. `None`
    /// where there are none.
    pub fn balanced_accuracy(&self) -> Option<f64> {
        mean(self.classes.iter().filter_map(ClassFigures::recall))
    }

    /// The mean F1 of the classes that have pictures.
    pub fn macro_f1(&self) -> Option<f64> {
        mean(self.classes.iter().filter(|class| class.pictures > 0).filter_map(ClassFigures::f1))
    }
}

pub(crate) fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}
