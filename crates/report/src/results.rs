//! Several runs in a table: a row for each, compared with the first, and the spread of those that differ in their seed alone.

use crate::headline;
use crate::pictures::DataSets;
use crate::record::Record;
use crate::times;
use train::metrics::Interval;
use values::{duration, percent, thousands};

/// A run in the table. Numbers stand beside their texts so that the page can sort by them.
pub struct Result {
    pub name: String,
    pub set: String,
    /// The number of its data set, where the run says which pictures it holds.
    pub comparable: Option<usize>,
    pub seed: u64,
    pub error: Option<f64>,
    /// Where the error lies, at 95 %.
    pub interval: Option<Interval>,
    /// Whether no run on the same pictures, tested alike, has a lower error.
    pub is_lowest: bool,
    pub validation: Option<f64>,
    pub validation_is_lowest: bool,
    pub calibration: Option<f64>,
    pub loss: Option<f64>,
    pub epochs: Option<u64>,
    pub seconds: Option<f64>,
    pub epoch_seconds: Option<f64>,
    pub parameters: Option<i64>,
}

/// Runs that differ in their seed alone.
#[derive(Debug, PartialEq)]
pub struct Seeds {
    pub runs: Vec<String>,
    pub mean: f64,
    /// Sample standard deviation, dividing by one less than the number of runs.
    pub deviation: f64,
    pub least: f64,
    pub most: f64,
}

/// A row for each run.
pub fn of(records: &[&Record], sets: &DataSets) -> Vec<Result> {
    let best = headline::lowest_errors(records, sets);
    let row = |(run, record): (usize, &&Record)| {
        let summary = record.summary.as_ref();
        let figures = summary.and_then(|summary| summary.test.as_ref());
        Result {
            name: record.name.clone(),
            set: sets.label(run).to_owned(),
            comparable: sets.comparable(run),
            seed: record.identity.recipe.seed,
            error: summary.and_then(|summary| summary.test_error),
            interval: figures.map(|figures| headline::of_error(figures.accuracy_interval)),
            is_lowest: best.test[run],
            validation: headline::best_validation_error(record),
            validation_is_lowest: best.validation[run],
            calibration: figures.map(|figures| figures.before.error),
            loss: summary.and_then(|summary| summary.test_loss),
            epochs: summary.map(|summary| summary.epochs),
            seconds: summary.map(|summary| summary.train_seconds),
            epoch_seconds: times::mean(record),
            parameters: summary.map(|summary| summary.parameters),
        }
    };
    records.iter().enumerate().map(row).collect()
}

impl Result {
    /// The difference of the test error to that of `baseline`, in points, where both were tested on the same pictures; it says so
    /// where the intervals overlap, so that it may be chance.
    pub fn against(&self, baseline: &Result) -> String {
        let same = self.comparable.is_some() && self.comparable == baseline.comparable;
        let (Some(one), Some(other), true) = (self.error, baseline.error, same) else {
            return "–".to_owned();
        };
        if std::ptr::eq(self, baseline) {
            return "baseline".to_owned();
        }
        let overlap = self.interval.zip(baseline.interval).is_some_and(|(a, b)| a.low <= b.high && b.low <= a.high);
        format!("{:+.2} points{}", 100.0 * (one - other), if overlap { " ~" } else { "" })
    }

    /// A share as a percentage.
    pub fn percent(&self, share: &Option<f64>) -> String {
        share.map_or("–".to_owned(), percent)
    }

    /// The interval of the test error.
    pub fn interval(&self) -> String {
        self.interval.map_or("–".to_owned(), |it| headline::interval(&it))
    }

    pub fn loss(&self) -> String {
        self.loss.map_or("–".to_owned(), |loss| format!("{loss:.4}"))
    }

    pub fn seconds(&self, seconds: &Option<f64>) -> String {
        seconds.map_or("–".to_owned(), duration)
    }

    pub fn count(&self, count: &Option<i64>) -> String {
        count.map_or("–".to_owned(), |count| thousands(count as f64))
    }

    pub fn epochs(&self) -> String {
        self.epochs.map_or("–".to_owned(), |epochs| epochs.to_string())
    }

    /// The number that a column is sorted by.
    pub fn number(&self, value: &Option<f64>) -> String {
        value.map_or(String::new(), |value| value.to_string())
    }
}

/// Whose interval lies above that of the lowest test error, a sentence for each data set of two runs at least.
pub fn differences(results: &[Result]) -> Vec<String> {
    let mut sets: Vec<usize> = results.iter().filter_map(|it| it.comparable).collect();
    sets.sort_unstable();
    sets.dedup();
    let of = |set: usize| {
        let known = |it: &&Result| it.comparable == Some(set) && it.error.is_some() && it.interval.is_some();
        let runs: Vec<&Result> = results.iter().filter(known).collect();
        let error = |it: &&&Result| it.error.unwrap_or(f64::INFINITY);
        let best = *runs.iter().min_by(|a, b| error(a).total_cmp(&error(b)))?;
        let is_worse = |it: &Result| it.interval.zip(best.interval).is_some_and(|(it, best)| it.low > best.high);
        let worse: Vec<String> = runs.iter().filter(|it| is_worse(it)).map(|it| isolated(&it.name)).collect();
        let name = isolated(&best.name);
        let others = runs.len() - 1;
        (others > 0).then(|| match worse.len() {
            0 => format!("On {}, no run is clearly worse than {name}: their 95 % intervals overlap.", best.set),
            count if count == others => format!("On {}, {name} is clearly better than all others.", best.set),
            _ => format!("On {}, {name} is clearly better than {} and no other.", best.set, worse.join(", ")),
        })
    };
    sets.into_iter().filter_map(of).collect()
}

/// A name that may read from right to left, apart from the sentence around it.
fn isolated(name: &str) -> String {
    format!("\u{2068}{name}\u{2069}")
}

/// A data set's number and a recipe but for its seed.
type Alike = (usize, Vec<(String, String)>);

/// Groups of runs on the same pictures whose recipes are the same but for the seed: two runs at least.
pub fn seeds(records: &[&Record], results: &[Result]) -> Vec<Seeds> {
    let key = |run: usize| {
        let mut settings = records[run].identity.recipe.settings().ok()?;
        settings.retain(|(key, _)| key != "seed");
        Some((results[run].comparable?, settings))
    };
    let mut groups: Vec<(Alike, Vec<usize>)> = Vec::new();
    for (run, result) in results.iter().enumerate() {
        let Some(key) = key(run).filter(|_| result.error.is_some()) else { continue };
        match groups.iter_mut().find(|(other, _)| *other == key) {
            Some((_, runs)) => runs.push(run),
            None => groups.push((key, vec![run])),
        }
    }
    let spread = |(_, runs): (Alike, Vec<usize>)| {
        let errors: Vec<f64> = runs.iter().filter_map(|&run| results[run].error).collect();
        Seeds::of(runs.iter().map(|&run| results[run].name.clone()).collect(), &errors)
    };
    groups.into_iter().filter_map(spread).collect()
}

impl Seeds {
    fn of(runs: Vec<String>, errors: &[f64]) -> Option<Seeds> {
        let count = errors.len() as f64;
        let mean = errors.iter().sum::<f64>() / count;
        let squares: f64 = errors.iter().map(|error| (error - mean).powi(2)).sum();
        (errors.len() > 1).then(|| Seeds {
            runs,
            mean,
            deviation: (squares / (count - 1.0)).sqrt(),
            least: errors.iter().copied().fold(f64::INFINITY, f64::min),
            most: errors.iter().copied().fold(0.0, f64::max),
        })
    }

    /// A sentence.
    pub fn line(&self) -> String {
        format!(
            "{} runs that differ in their seed alone: test error {} ± {} (mean and standard deviation), {} to {}",
            self.runs.len(),
            percent(self.mean),
            percent(self.deviation),
            percent(self.least),
            percent(self.most)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(error: f64, half: f64, comparable: Option<usize>) -> Result {
        Result {
            name: "a".into(),
            set: "mnist".into(),
            comparable,
            seed: 1,
            error: Some(error),
            interval: Some(Interval { low: error - half, high: error + half }),
            is_lowest: false,
            validation: None,
            validation_is_lowest: false,
            calibration: None,
            loss: None,
            epochs: None,
            seconds: None,
            epoch_seconds: None,
            parameters: None,
        }
    }

    #[test]
    fn differences_are_told_among_runs_on_the_same_pictures() {
        let baseline = result(0.02, 0.002, Some(0));
        assert_eq!(baseline.against(&baseline), "baseline");
        assert_eq!(result(0.025, 0.002, Some(0)).against(&baseline), "+0.50 points");
        assert_eq!(result(0.019, 0.002, Some(0)).against(&baseline), "-0.10 points ~");
        assert_eq!(result(0.019, 0.002, Some(1)).against(&baseline), "–");
        assert_eq!(result(0.019, 0.002, None).against(&result(0.02, 0.002, None)), "–");
    }

    #[test]
    fn clear_differences_are_told_set_by_set() {
        let named = |name: &str, result: Result| Result { name: name.into(), ..result };
        let [a, b, c, d] = [
            named("a", result(0.02, 0.002, Some(0))),
            named("b", result(0.023, 0.002, Some(0))),
            named("c", result(0.03, 0.002, Some(0))),
            named("d", result(0.01, 0.002, Some(1))),
        ];
        let said = |runs: &[&Result]| {
            let runs: Vec<Result> =
                runs.iter().map(|it| named(&it.name, result(it.error.unwrap(), 0.002, it.comparable))).collect();
            differences(&runs).join(" ").replace(['\u{2068}', '\u{2069}'], "")
        };
        assert!(said(&[&a, &b]).starts_with("On mnist, no run is clearly worse than a"));
        assert_eq!(said(&[&a, &b, &c]), "On mnist, a is clearly better than c and no other.");
        assert_eq!(said(&[&c, &a, &d]), "On mnist, a is clearly better than all others.");
        assert_eq!(said(&[&a, &d]), "", "nothing is compared across data sets");
    }

    /// Mean 2, deviation 1 by arithmetic.
    #[test]
    fn the_spread_over_seeds_is_that_of_a_sample() {
        let seeds = Seeds::of(vec!["a".into(); 3], &[0.01, 0.02, 0.03]).unwrap();
        assert!(
            seeds.line().contains("2.00 % ± 1.00 %") && seeds.line().ends_with("1.00 % to 3.00 %"),
            "{}",
            seeds.line()
        );
        assert_eq!(Seeds::of(vec!["a".into()], &[0.1]), None);
    }
}
