//! What the figures of a run allow to be said in a sentence, and what to try next. Decisions are pure: figures in, findings out.
//! Where the figures allow nothing, nothing is said.

use train::Row;
use train::metrics::{Confusion, Figures, wilson};
use values::{percent, thousands};

/// A validation loss has fallen, or risen, where it changed by this share; less than that a seed changes as well.
const FELL: f64 = 0.03;
const ROSE: f64 = 0.05;
/// A training error from here on is worth lowering before anything else.
const UNDERFIT: f64 = 0.05;
/// A class, or a pair of classes, carries the errors from this share of them on, and from so many pictures on.
const CARRIES: f64 = 0.3;
const PAIR_CARRIES: f64 = 0.2;
const FEWEST_WRONG: u64 = 8;
/// A network that gives so many pictures one answer, and so many more than belong to it, tells nothing apart.
const ONE_ANSWER: f64 = 0.9;
const TOO_MANY: f64 = 0.3;
/// An interval of the test error that is wider than this says little.
const WIDE: f64 = 0.1;
/// Probabilities that are off by more than this mislead.
const MISCALIBRATED: f64 = 0.03;

/// What is known of a run.
pub struct Facts<'a> {
    /// Validations, in their order.
    pub rows: &'a [Row],
    /// Whether training ended because all epochs were done.
    pub all_epochs: bool,
    /// The test set by true and predicted class.
    pub confusion: Option<&'a Confusion>,
    /// What the classes are called.
    pub names: &'a [String],
    /// All figures of the test set.
    pub figures: Option<&'a Figures>,
}

/// Something that the figures say.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// A sentence.
    pub text: String,
    /// What to do about it.
    pub advice: Advice,
}

/// What to try next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Advice {
    /// Train for twice as many epochs.
    Longer,
    /// Hold the parameters down, or vary the pictures.
    Regularise,
    /// Another network, or longer training of this one.
    Larger,
    /// Look for wrong labels.
    Clean,
    /// Look at the pictures, which the page shows.
    Look,
    /// A tenth of the learning rate.
    Slower,
    /// Validate on every part in turn.
    Folds,
    /// Nothing: the program does it by itself.
    Nothing,
}

/// All findings, the most important first.
pub fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    if let Some(found) = one_answer(facts) {
        return vec![found];
    }
    let course = overfitting(facts).or_else(|| still_falling(facts)).or_else(|| underfitting(facts));
    let found = [course, few_pictures(facts), one_class(facts), one_pair(facts), unsure(facts)];
    found.into_iter().flatten().collect()
}

fn still_falling(facts: &Facts<'_>) -> Option<Finding> {
    let (last, before) = facts.rows.split_last().filter(|_| facts.all_epochs && facts.rows.len() >= 3)?;
    let lowest = before.iter().map(loss).fold(f64::INFINITY, f64::min);
    let start = facts.rows[facts.rows.len() - 1 - (facts.rows.len() / 4).max(1)];
    let fell = 1.0 - loss(last) / loss(&start);
    (loss(last) < lowest && fell >= FELL).then(|| Finding {
        text: format!(
            "The validation loss was still falling when training ended: {:.4} after epoch {}, {:.4} after epoch {}.",
            loss(&start),
            start.epoch,
            loss(last),
            last.epoch
        ),
        advice: Advice::Longer,
    })
}

fn overfitting(facts: &Facts<'_>) -> Option<Finding> {
    let last = facts.rows.last()?;
    let (place, lowest) = facts.rows.iter().enumerate().min_by(|a, b| loss(a.1).total_cmp(&loss(b.1)))?;
    let after = &facts.rows[place + 1..];
    let rises = after.len() >= 2 && after.iter().all(|row| loss(row) > loss(lowest));
    (rises && loss(last) >= loss(lowest) * (1.0 + ROSE) && last.train_loss < lowest.train_loss).then(|| Finding {
        text: format!(
            "Overfitting since epoch {}: the validation loss rose from {:.4} to {:.4} while the training loss fell from {:.4} \
             to {:.4}.",
            lowest.epoch,
            loss(lowest),
            loss(last),
            lowest.train_loss,
            last.train_loss
        ),
        advice: Advice::Regularise,
    })
}

fn underfitting(facts: &Facts<'_>) -> Option<Finding> {
    let last = facts.rows.last()?;
    let (training, validation) = (last.train_error, last.chosen().error);
    (training >= UNDERFIT && validation <= training * 1.2).then(|| Finding {
        text: format!(
            "The training pictures are not learned: {} of them are wrong, and {} of the validation pictures. The network is too \
             small for them, or was trained too briefly.",
            percent(training),
            percent(validation)
        ),
        advice: Advice::Larger,
    })
}

fn one_answer(facts: &Facts<'_>) -> Option<Finding> {
    let confusion = facts.confusion?;
    let classes = confusion.classes();
    let given = |class: usize| -> u64 { (0..classes).map(|truth| confusion.count(truth, class)).sum() };
    let all: u64 = (0..classes).map(given).sum();
    let class = (0..classes).max_by_key(|&class| given(class))?;
    let share = |count: u64| count as f64 / all.max(1) as f64;
    let has = share(wrong_of(confusion, class..class + 1).1);
    let too_many = share(given(class)) - has >= TOO_MANY;
    (share(given(class)) >= ONE_ANSWER && too_many).then(|| Finding {
        text: format!(
            "{} is the answer to {} of all pictures, of which {} belong to it: the network tells nothing apart. A learning rate \
             that is too high does this, and pictures or labels that are not what they should be.",
            name(facts, class),
            percent(share(given(class))),
            percent(has)
        ),
        advice: Advice::Slower,
    })
}

fn few_pictures(facts: &Facts<'_>) -> Option<Finding> {
    let figures = facts.figures?;
    let width = figures.accuracy_interval.high - figures.accuracy_interval.low;
    (width > WIDE).then(|| Finding {
        text: format!(
            "{} test pictures are few: the interval of the test error is {:.0} points wide, so smaller differences between runs \
             say nothing.",
            thousands(figures.pictures as f64),
            100.0 * width
        ),
        advice: Advice::Folds,
    })
}

fn one_class(facts: &Facts<'_>) -> Option<Finding> {
    let confusion = facts.confusion.filter(|confusion| confusion.classes() > 2)?;
    let (all_wrong, all) = wrong_of(confusion, 0..confusion.classes());
    let (class, (wrong, of)) =
        (0..confusion.classes()).map(|class| (class, wrong_of(confusion, class..class + 1))).max_by_key(|it| it.1.0)?;
    let share = wrong as f64 / all_wrong as f64;
    // Worse than the others beyond chance: its interval lies above theirs.
    let others = wilson((all_wrong - wrong) as usize, (all - of) as usize);
    let is_worse = wilson(wrong as usize, of as usize).low > others.high;
    let carries = share >= CARRIES || share >= 3.0 / confusion.classes() as f64;
    (wrong >= FEWEST_WRONG && carries && is_worse).then(|| Finding {
        text: format!(
            "{} carries {:.0} % of the errors: {} of its {} pictures are wrong ({}), {} of the others.",
            name(facts, class),
            100.0 * share,
            thousands(wrong as f64),
            thousands(of as f64),
            percent(wrong as f64 / of as f64),
            percent((all_wrong - wrong) as f64 / (all - of).max(1) as f64),
        ),
        advice: Advice::Clean,
    })
}

fn one_pair(facts: &Facts<'_>) -> Option<Finding> {
    let confusion = facts.confusion.filter(|confusion| confusion.classes() > 2)?;
    let classes = confusion.classes();
    let (all_wrong, _) = wrong_of(confusion, 0..classes);
    let both = |&(a, b): &(usize, usize)| confusion.count(a, b) + confusion.count(b, a);
    let pairs = (0..classes).flat_map(|a| (a + 1..classes).map(move |b| (a, b)));
    let (a, b) = pairs.max_by_key(both)?;
    let count = both(&(a, b));
    let share = count as f64 / all_wrong as f64;
    (count >= FEWEST_WRONG && share >= PAIR_CARRIES).then(|| Finding {
        text: format!(
            "{} and {} are taken for each other: {} of {} errors ({:.0} %), {} one way and {} the other.",
            name(facts, a),
            name(facts, b),
            thousands(count as f64),
            thousands(all_wrong as f64),
            100.0 * share,
            thousands(confusion.count(a, b) as f64),
            thousands(confusion.count(b, a) as f64)
        ),
        advice: Advice::Look,
    })
}

fn unsure(facts: &Facts<'_>) -> Option<Finding> {
    let (before, after) = facts.figures.map(|figures| (&figures.before, &figures.after))?;
    let way = if after.temperature.value() > 1.0 { "high" } else { "low" };
    (before.error >= MISCALIBRATED && after.error <= before.error / 2.0).then(|| Finding {
        text: format!(
            "The probabilities are too {way} by {:.1} points; divided by the temperature {:.2} they are off by {:.1}, and \
             predictions are made so.",
            100.0 * before.error,
            after.temperature.value(),
            100.0 * after.error
        ),
        advice: Advice::Nothing,
    })
}

fn loss(row: &Row) -> f64 {
    row.chosen().loss
}

fn name(facts: &Facts<'_>, class: usize) -> String {
    let name = facts.names.get(class).cloned().unwrap_or_else(|| class.to_string());
    format!("Class \u{2068}{name}\u{2069}")
}

/// Wrong answers and pictures of some true classes.
fn wrong_of(confusion: &Confusion, classes: std::ops::Range<usize>) -> (u64, u64) {
    let row =
        |class: usize| -> u64 { (0..confusion.classes()).map(|predicted| confusion.count(class, predicted)).sum() };
    classes.fold((0, 0), |(wrong, all), class| (wrong + row(class) - confusion.count(class, class), all + row(class)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use train::metrics::{Answers, Temperature};

    fn rows(losses: &[(f64, f64)]) -> Vec<Row> {
        let row = |(number, &(train_loss, validation_loss)): (usize, &(f64, f64))| Row {
            epoch: number as u64 + 1,
            iteration: 10 * (number as u64 + 1),
            learning_rate: 0.1,
            train_loss,
            train_error: train_loss / 10.0,
            penalty: 0.0,
            validation_loss,
            validation_error: validation_loss / 10.0,
            validation_top_k_error: None,
            best_validation_error: 0.0,
            averaged_validation_loss: None,
            averaged_validation_error: None,
        };
        losses.iter().enumerate().map(row).collect()
    }

    /// The advice for a course of training and validation loss.
    fn of_course(losses: &[(f64, f64)]) -> Vec<Advice> {
        let rows = rows(losses);
        let facts = Facts { rows: &rows, all_epochs: true, confusion: None, names: &[], figures: None };
        findings(&facts).into_iter().map(|finding| finding.advice).collect()
    }

    #[test]
    fn the_course_of_the_losses_is_told() {
        assert_eq!(of_course(&[(0.4, 0.4), (0.3, 0.3), (0.2, 0.2)]), [Advice::Longer]);
        assert_eq!(of_course(&[(0.4, 0.4), (0.3, 0.3), (0.2, 0.299)]), [], "less than a seed changes");
        assert_eq!(of_course(&[(0.4, 0.4), (0.3, 0.3), (0.2, 0.35), (0.1, 0.4)]), [Advice::Regularise]);
        assert_eq!(of_course(&[(0.4, 0.4), (0.3, 0.3), (0.2, 0.31), (0.1, 0.301)]), [], "hardly more than the lowest");
        assert_eq!(of_course(&[(0.9, 0.9), (0.8, 0.80), (0.8, 0.801)]), [Advice::Larger]);
        assert_eq!(of_course(&[(0.4, 0.4)]), [], "one validation is no course");
        assert_eq!(of_course(&[(0.4, f64::NAN), (0.3, f64::NAN), (0.2, f64::NAN)]), []);
    }

    #[test]
    fn one_answer_to_everything_is_all_that_is_said() {
        let found = of_matrix(&[vec![97, 1, 1, 1], vec![99, 1, 0, 0], vec![100, 0, 0, 0], vec![95, 5, 0, 0]]);
        let [Finding { text, advice: Advice::Slower }] = found.as_slice() else { panic!("{found:?}") };
        assert!(
            text.starts_with("Class \u{2068}ape\u{2069} is the answer to 97.75 % of all pictures, of which 25.00 %"),
            "{text}"
        );
        assert_eq!(of_matrix(&[vec![50, 0], vec![50, 0]]).len(), 1, "of two classes, too");
        // A class that nearly all pictures belong to.
        assert_eq!(of_matrix(&[vec![950, 0, 0], vec![7, 13, 0], vec![5, 0, 15]]), []);
    }

    fn of_matrix(rows: &[Vec<u64>]) -> Vec<Finding> {
        let confusion = Confusion::from_rows(rows).unwrap();
        let names = ["ape", "bee", "cat", "dog"].map(String::from);
        let facts = Facts { rows: &[], all_epochs: true, confusion: Some(&confusion), names: &names, figures: None };
        findings(&facts)
    }

    #[test]
    fn a_class_or_a_pair_that_carries_the_errors_is_named() {
        let even = [vec![97, 1, 1, 1], vec![1, 97, 1, 1], vec![1, 1, 97, 1], vec![1, 1, 1, 97]];
        assert_eq!(of_matrix(&even), []);
        let found = of_matrix(&[vec![97, 1, 1, 1], vec![1, 97, 1, 1], vec![1, 1, 78, 20], vec![1, 1, 1, 97]]);
        let said: Vec<&str> = found.iter().map(|finding| finding.text.as_str()).collect();
        assert_eq!(
            said,
            [
                "Class \u{2068}cat\u{2069} carries 71 % of the errors: 22 of its 100 pictures are wrong (22.00 %), 3.00 % of the others.",
                "Class \u{2068}cat\u{2069} and Class \u{2068}dog\u{2069} are taken for each other: 21 of 31 errors (68 %), 20 one way and 1 the other.",
            ]
        );
    }

    #[test]
    fn few_pictures_and_probabilities_that_mislead_are_told() {
        let logits: Vec<f64> = (0..20).flat_map(|i| if i % 5 == 0 { [0.0, 9.0] } else { [9.0, 0.0] }).collect();
        let answers = Answers::new(2, logits, vec![0; 20]).unwrap();
        let figures = Figures::of(&answers, Temperature::fit(&answers), 1);
        let facts = Facts { rows: &[], all_epochs: true, confusion: None, names: &[], figures: Some(&figures) };
        let advice: Vec<Advice> = findings(&facts).into_iter().map(|it| it.advice).collect();
        assert_eq!(advice, [Advice::Folds, Advice::Nothing]);
    }
}
