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
    /// when a key differs that cannot change in mid-run.
    pub fn changes_on_resume(&self, now: &Recipe) -> Result<Vec<String>, Error> {
        let (before, now) = (self.flat()?, now.flat()?);
        let mut changes = Vec::new();
        for key in before.keys().chain(now.keys().filter(|key| !before.contains_key(*key))) {
            let (old, new) = (before.get(key), now.get(key));
            if old == new {
                continue;
            }
            let show = |value: Option<&Value>| value.map_or("nothing".to_owned(), Value::to_string);
            let change = format!("{key}: {} -> {}", show(old), show(new));
            if FIXED.iter().any(|fixed| key == fixed || (fixed.ends_with('.') && key.starts_with(fixed))) {
                let problem = format!("{change}: this cannot change in mid-run; start a new run for it");
                return Err(Error::RecipeSyntax { origin: "on resume".into(), problem });
            }
            changes.push(change);
        }
        Ok(changes)
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
