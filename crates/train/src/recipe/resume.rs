//! Which keys of a recipe may change when a run is resumed.

use super::Recipe;
use crate::Error;
use std::collections::BTreeMap;
use toml::{Table, Value};

/// Changing one of these would make the saved parameters, the gathered gradients, the average, the order of minibatches or
/// the split meaningless.
const FIXED: [&str; 9] = [
    "seed",
    "data.",
    "minibatch.",
    "model.",
    "optimizer.kind",
    "evaluation.tail",
    "gradients.accumulate",
    "average.",
    "precision",
];

impl Recipe {
    /// The differences between the recipe a run had and the one it is to go on with, as `key: old -> new`. An error
    /// that names every key that differs and cannot change in mid-run.
    pub fn changes_on_resume(&self, now: &Recipe) -> Result<Vec<String>, Error> {
        let is_fixed =
            |key: &str| FIXED.iter().any(|fixed| key == *fixed || (fixed.ends_with('.') && key.starts_with(fixed)));
        let (refused, changes): (Vec<_>, Vec<_>) =
            self.differences(now)?.into_iter().partition(|(key, _)| is_fixed(key));
        let say = |differences: Vec<(String, String)>| differences.into_iter().map(|(_, change)| change).collect();
        let (refused, changes): (Vec<String>, Vec<String>) = (say(refused), say(changes));
        if refused.is_empty() {
            return Ok(changes);
        }
        let problem = format!(
            "{}: this cannot change in mid-run; put it back as it was (the run's recipe.toml, --set), or start a new run for it",
            refused.join(", ")
        );
        Err(Error::RecipeSyntax { origin: "on resume".into(), problem })
    }

    /// The keys in which another recipe differs, each with `key: old -> new`.
    pub fn differences(&self, now: &Recipe) -> Result<Vec<(String, String)>, Error> {
        let (before, now) = (self.flat()?, now.flat()?);
        let keys = before.keys().chain(now.keys().filter(|key| !before.contains_key(*key)));
        let show = |value: Option<&Value>| value.map_or("nothing".to_owned(), Value::to_string);
        let different = keys.filter(|key| before.get(*key) != now.get(*key));
        let change = |key: &String| format!("{key}: {} -> {}", show(before.get(key)), show(now.get(key)));
        Ok(different.map(|key| (key.clone(), change(key))).collect())
    }

    /// Every key, dotted, with its value as TOML writes it: the keys outside tables first, then table by table.
    pub fn settings(&self) -> Result<Vec<(String, String)>, Error> {
        let mut all: Vec<_> = self.flat()?.into_iter().collect();
        all.sort_by_key(|(key, _)| key.contains('.'));
        Ok(all.into_iter().map(|(key, value)| (key, value.to_string())).collect())
    }

    /// Every key, dotted, with its value.
    fn flat(&self) -> Result<BTreeMap<String, Value>, Error> {
        let wrong = |problem: String| Error::RecipeSyntax { origin: "the resolved recipe".into(), problem };
        let table: Table = self.to_toml()?.parse().map_err(|e: toml::de::Error| wrong(e.to_string()))?;
        let mut flat = BTreeMap::new();
        let mut left: Vec<(String, Value)> = table.into_iter().collect();
        while let Some((key, value)) = left.pop() {
            match value {
                Value::Table(inner) => {
                    left.extend(inner.into_iter().map(|(name, value)| (format!("{key}.{name}"), value)))
                }
                value => {
                    flat.insert(key, value);
                }
            }
        }
        Ok(flat)
    }
}
