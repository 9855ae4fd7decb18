//! Which runs of a report can be compared: figures of different pictures say nothing about each other.

use crate::known::Known;
use crate::record::Record;
use values::thousands;

/// The test pictures of a run, as far as it says which they are.
#[derive(Debug, Clone, PartialEq)]
struct Pictures {
    /// The data set's name.
    name: String,
    /// Of the pictures with their labels; runs of earlier versions do not say it.
    sha256: Option<String>,
    /// How many there are of each class; known once they were looked at.
    supports: Option<Vec<u64>>,
}

impl Pictures {
    fn of(record: &Record) -> Pictures {
        let (known, summary) = (Known::of(record), record.summary.as_ref());
        let name = summary.map_or(&record.identity.recipe.data.set, |summary| &summary.dataset).clone();
        Pictures { name, supports: known.supports(), sha256: known.sha256 }
    }

    /// Whether the pictures are known at all.
    fn are_known(&self) -> bool {
        self.sha256.is_some() || self.supports.is_some()
    }

    /// Whether these are the others, as far as both say it. What says nothing is like all of its kind.
    fn are(&self, others: &Pictures) -> bool {
        match (&self.sha256, &others.sha256) {
            (Some(one), Some(other)) => one == other,
            _ => self.name == others.name && self.supports == others.supports,
        }
    }
}

/// The data sets of the runs.
#[derive(Debug, Default, PartialEq)]
pub struct DataSets {
    /// In the order of the runs that first have them.
    pub all: Vec<DataSet>,
    /// Of each run, which of them.
    of_run: Vec<usize>,
}

/// A data set and the runs that were tested on it.
#[derive(Debug, PartialEq)]
pub struct DataSet {
    /// Its name; with a number behind it where another has the same name.
    pub label: String,
    /// The runs' names.
    pub runs: Vec<String>,
    pictures: Pictures,
}

impl DataSets {
    pub fn of(records: &[&Record]) -> DataSets {
        DataSets::grouped(records.iter().map(|record| (record.name.clone(), Pictures::of(record))).collect())
    }

    fn grouped(runs: Vec<(String, Pictures)>) -> DataSets {
        let mut sets = DataSets::default();
        for (run, pictures) in runs {
            let mut like = (0..sets.all.len()).filter(|&place| sets.all[place].pictures.are(&pictures));
            // A run that might belong to either of two belongs to neither.
            let place = match (like.next(), like.next()) {
                (Some(place), None) => place,
                _ => {
                    sets.all.push(DataSet { label: String::new(), runs: Vec::new(), pictures: pictures.clone() });
                    sets.all.len() - 1
                }
            };
            let set = &mut sets.all[place];
            set.runs.push(run);
            set.pictures.sha256 = set.pictures.sha256.take().or(pictures.sha256);
            set.pictures.supports = set.pictures.supports.take().or(pictures.supports);
            sets.of_run.push(place);
        }
        let names: Vec<String> = sets.all.iter().map(|set| set.pictures.name.clone()).collect();
        for (place, set) in sets.all.iter_mut().enumerate() {
            let name = &names[place];
            let same = |names: &[String]| names.iter().filter(|other| *other == name).count();
            let number = same(&names[..=place]);
            set.label = if same(&names) == 1 { name.clone() } else { format!("{name} ({number})") };
        }
        sets
    }

    /// Whether there are several.
    pub fn differ(&self) -> bool {
        self.all.len() > 1
    }

    /// What a run's data set is called.
    pub fn label(&self, run: usize) -> &str {
        &self.all[self.of_run[run]].label
    }

    /// The number of a run's data set, where the run says which pictures it holds: its figures may be compared with those of
    /// others with the same number.
    pub fn comparable(&self, run: usize) -> Option<usize> {
        let place = *self.of_run.get(run)?;
        self.all[place].pictures.are_known().then_some(place)
    }
}

impl DataSet {
    /// The data set and its runs, on a line.
    pub fn line(&self) -> String {
        let count = match &self.pictures.supports {
            Some(supports) => format!("{} test pictures", thousands(supports.iter().sum::<u64>() as f64)),
            None if self.pictures.sha256.is_some() => "not tested yet".to_owned(),
            None => "the runs do not say which pictures".to_owned(),
        };
        format!("{}, {count}: {}", self.label, self.runs.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(name: &str, set: &str, sha256: Option<&str>, supports: Option<[u64; 2]>) -> (String, Pictures) {
        let (sha256, supports) = (sha256.map(String::from), supports.map(|supports| supports.to_vec()));
        (name.into(), Pictures { name: set.into(), sha256, supports })
    }

    fn labels(runs: Vec<(String, Pictures)>) -> Vec<String> {
        let (count, sets) = (runs.len(), DataSets::grouped(runs));
        (0..count).map(|run| sets.label(run).to_owned()).collect()
    }

    const TEN: Option<[u64; 2]> = Some([700, 500]);

    #[test]
    fn runs_on_the_same_pictures_stand_together() {
        let sets = DataSets::grouped(vec![
            run("a", "mnist", Some("x"), TEN),
            run("b", "glyphs", Some("z"), TEN),
            run("c", "mnist", Some("y"), TEN),
            run("d", "mnist", Some("x"), None),
            run("e", "mnist", None, None),
        ]);
        let labels: Vec<&str> = (0..5).map(|run| sets.label(run)).collect();
        assert_eq!(labels, ["mnist (1)", "glyphs", "mnist (2)", "mnist (1)", "mnist (3)"]);
        assert_eq!([0, 3, 4, 5].map(|run| sets.comparable(run)), [Some(0), Some(0), None, None]);
        assert_eq!(sets.all[0].line(), "mnist (1), 1,200 test pictures: a, d");
    }

    #[test]
    fn one_data_set_needs_no_number() {
        let sets = DataSets::grouped(vec![run("a", "mnist", Some("x"), TEN), run("b", "mnist", Some("x"), TEN)]);
        assert_eq!((sets.label(1), sets.differ()), ("mnist", false));
    }

    /// Runs of earlier versions say no more than how many pictures there are of each class.
    #[test]
    fn an_old_run_joins_the_only_set_that_is_like_it() {
        let old = || run("old", "mnist", None, TEN);
        let new = |sha256| run("new", "mnist", Some(sha256), TEN);
        assert_eq!(labels(vec![old(), new("x"), old()]), ["mnist", "mnist", "mnist"]);
        assert_eq!(labels(vec![new("x"), new("y"), old()]), ["mnist (1)", "mnist (2)", "mnist (3)"]);
        assert_eq!(labels(vec![old(), run("other", "mnist", None, Some([600, 600]))]), ["mnist (1)", "mnist (2)"]);
        assert_eq!(labels(vec![old(), run("other", "glyphs", None, TEN)]), ["mnist", "glyphs"]);
    }
}
