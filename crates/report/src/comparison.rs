//! Settings of several runs beside each other, and where they differ.

use std::collections::HashSet;

/// A table with a row for each key and a column for each run.
pub struct Comparison {
    pub rows: Vec<Row>,
}

/// A key and what each run has for it.
#[derive(Debug, PartialEq)]
pub struct Row {
    pub key: String,
    /// `None` where a run has no such key.
    pub values: Vec<Option<String>>,
    pub differs: bool,
}

impl Comparison {
    /// Compares lists of keys and values. Keys stand in the order of the first run that has them.
    pub fn of(runs: &[Vec<(String, String)>]) -> Comparison {
        let mut seen = HashSet::new();
        let keys = runs.iter().flatten().map(|(key, _)| key).filter(|key| seen.insert(*key));
        let find = |run: &Vec<(String, String)>, key: &String| {
            let entry = run.iter().find(|(other, _)| other == key);
            entry.map(|(_, value)| value.clone())
        };
        let row = |key: &String| {
            let values: Vec<_> = runs.iter().map(|run| find(run, key)).collect();
            Row { key: key.clone(), differs: values.windows(2).any(|pair| pair[0] != pair[1]), values }
        };
        Comparison { rows: keys.map(row).collect() }
    }

    /// The rows that differ, or those that do not.
    pub fn rows(&self, differs: &bool) -> Vec<&Row> {
        self.rows.iter().filter(|row| row.differs == *differs).collect()
    }

    /// The table with the rows marked in which some run has another value than `usual`, where that is known.
    pub fn marked(mut self, usual: &[(String, String)]) -> Comparison {
        for row in &mut self.rows {
            let default = usual.iter().find(|(key, _)| *key == row.key).map(|(_, value)| value);
            row.differs = row.values.iter().flatten().any(|value| Some(value) != default);
        }
        self
    }

    /// How many keys differ.
    pub fn differences(&self) -> usize {
        self.rows.iter().filter(|row| row.differs).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect()
    }

    #[test]
    fn rows_say_what_differs_and_what_a_run_does_not_have() {
        let runs = [list(&[("a", "1"), ("b", "2")]), list(&[("b", "3"), ("a", "1"), ("c", "4")])];
        let table = Comparison::of(&runs);
        let row = |key: &str, first: Option<&str>, second: Option<&str>, differs| Row {
            key: key.into(),
            values: vec![first.map(String::from), second.map(String::from)],
            differs,
        };
        let expected = [
            row("a", Some("1"), Some("1"), false),
            row("b", Some("2"), Some("3"), true),
            row("c", None, Some("4"), true),
        ];
        assert_eq!((table.rows.as_slice(), table.differences()), (expected.as_slice(), 2));
    }

    #[test]
    fn a_run_alone_differs_from_nothing() {
        assert_eq!(Comparison::of(&[list(&[("a", "1")])]).differences(), 0);
    }
}
