//! What the best model makes of the test set: who is taken for whom, and how well each class is recognised.

use crate::answered::Answered;
use crate::known::Known;
use crate::record::Record;
use train::metrics::{ClassScore, Confusion, Interval, wilson};
use values::percent;

/// From so many classes on, those that are recognised well are not what one looks for.
const MANY: usize = 40;

/// The test set through the best model.
pub struct Tested {
    pub confusion: Confusion,
    /// What the classes are called.
    pub names: Vec<String>,
    /// The answers picture by picture, or why there are none to show.
    pub answered: Result<Answered, String>,
}

/// A class and how it is recognised.
pub struct ClassRow<'a> {
    pub name: &'a str,
    pub score: ClassScore,
    /// Where its recall lies; `None` without pictures.
    pub interval: Option<Interval>,
    /// Its pictures that were given another class.
    pub wrong: u64,
}

impl Tested {
    /// What the run recorded of its test, or what was answered now. A run of an early version recorded no more than its error:
    /// without its pictures there is nothing to show.
    pub fn of(record: &Record, answered: Result<Answered, String>) -> Option<Tested> {
        let confusion = match (Known::of(record).confusion, &answered) {
            (Some(confusion), _) => confusion,
            (None, Ok(answered)) => answered.confusion().clone(),
            (None, Err(_)) => return None,
        };
        Some(Tested { names: names(record, confusion.classes()), confusion, answered })
    }

    /// Whether the classes are so many that they stand by their mistakes.
    pub fn is_sorted(&self) -> bool {
        self.names.len() > MANY
    }

    /// The classes in their order; of many, those with the most wrong first.
    pub fn classes(&self) -> Vec<ClassRow<'_>> {
        let row = |(class, score): (usize, ClassScore)| {
            let right = self.confusion.count(class, class);
            ClassRow {
                name: &self.names[class],
                score,
                interval: (score.support > 0).then(|| wilson(right as usize, score.support as usize)),
                wrong: score.support - right,
            }
        };
        let mut rows: Vec<_> = self.confusion.per_class().into_iter().enumerate().map(row).collect();
        if self.is_sorted() {
            rows.sort_by_key(|row| std::cmp::Reverse(row.wrong));
        }
        rows
    }

    /// Why no pictures are shown.
    pub fn without_pictures(&self) -> Option<&str> {
        self.answered.as_ref().err().map(String::as_str)
    }
}

/// What to say where the best model does not give the error that was recorded: another device may round a handful of
/// pictures to another class.
pub fn disagreement(answered: &Answered, recorded: f64) -> Option<String> {
    let error = answered.confusion().error()?;
    let (now, then) = (percent(error), percent(recorded));
    (now != then).then(|| {
        format!(
            "the best model now has a test error of {now} where {then} was recorded: another device, or another build of \
             libtorch"
        )
    })
}

/// What the run calls its classes; their numbers in runs of earlier versions.
fn names(record: &Record, classes: usize) -> Vec<String> {
    let recorded: Vec<String> =
        record.summary.iter().flat_map(|it| &it.per_class).map(|class| class.label.clone()).collect();
    if recorded.len() == classes { recorded } else { (0..classes).map(|class| class.to_string()).collect() }
}
