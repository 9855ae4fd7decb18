//! From TOML text and `--set` overrides to a checked [`Recipe`].

use super::Recipe;
use crate::Error;
use std::path::Path;
use toml::{Table, Value};

impl Recipe {
    /// Reads, overrides and checks a recipe file. See [`Recipe::parse`] for the overrides.
    pub fn read(path: &Path, overrides: &[(String, String)]) -> Result<Recipe, Error> {
        let text = std::fs::read_to_string(path).map_err(Error::io("read the recipe", path))?;
        // The message has lines, and no file name may begin one.
        Recipe::parse(&text, &path.display().to_string().replace('\n', "\\n"), overrides)
    }

    /// Parses recipe text; `origin` names it in messages.
    ///
    /// Each override is a dotted key and a value; the value is TOML, or taken as a string where it is not:
    /// `learning_rate` and `0.05`, `model.activation` and `relu`, `model.hidden` and `[800, 800]`. Naming another `kind` of model,
    /// optimiser, schedule or stopping rule drops the keys of the former kind.
    pub fn parse(text: &str, origin: &str, overrides: &[(String, String)]) -> Result<Recipe, Error> {
        let wrong = |problem: String| Error::RecipeSyntax { origin: origin.to_owned(), problem };
        // Read once without overrides so that mistakes of the file are told with their line.
        let written: Result<Recipe, _> = toml::from_str(text);
        let mut table: Table = toml::from_str(text).map_err(|e| wrong(explain(&e)))?;
        if overrides.is_empty() {
            let recipe = written.map_err(|e| wrong(explain(&e)))?;
            recipe.check()?;
            return Ok(recipe);
        }
        for (key, value) in overrides {
            set(&mut table, key, value)?;
        }
        let recipe: Recipe = table.try_into().map_err(|e: toml::de::Error| {
            let with: Vec<_> = overrides.iter().map(|(key, value)| format!("{key}={value}")).collect();
            wrong(format!("with --set {}: {}", with.join(" --set "), explain(&e)))
        })?;
        recipe.check()?;
        Ok(recipe)
    }

    /// The recipe as TOML with every key.
    pub fn to_toml(&self) -> Result<String, Error> {
        toml::to_string_pretty(self)
            .map_err(|e| Error::RecipeSyntax { origin: "the resolved recipe".into(), problem: e.to_string() })
    }
}

/// Applies one override.
fn set(table: &mut Table, key: &str, value: &str) -> Result<(), Error> {
    let wrong = |problem: String| Error::RecipeSyntax { origin: format!("--set {key}={value}"), problem };
    let value = parse_value(value);
    let (path, last) = key.rsplit_once('.').unwrap_or(("", key));
    let mut inner = table;
    for part in path.split('.').filter(|part| !part.is_empty()) {
        let entry = inner.entry(part).or_insert_with(|| Value::Table(Table::new()));
        inner = entry.as_table_mut().ok_or_else(|| wrong(format!("`{part}` is a value, not a table of keys")))?;
    }
    if last == "kind" && inner.get("kind") != Some(&value) {
        inner.clear();
    }
    inner.insert(last.to_owned(), value);
    Ok(())
}

/// A TOML value, or the text itself.
fn parse_value(text: &str) -> Value {
    toml::from_str::<Table>(&format!("value = {text}"))
        .ok()
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

/// serde's message with its place, and the nearest known name behind an unknown one.
fn explain(error: &toml::de::Error) -> String {
    let text = error.to_string();
    match suggestion(error.message()) {
        Some(name) => format!("{}\ndid you mean `{name}`?", text.trim_end()),
        None => text.trim_end().to_owned(),
    }
}

/// serde writes "unknown field `x`, expected one of `a`, `b`": the known name nearest to `x`.
fn suggestion(message: &str) -> Option<&str> {
    let (unknown, known) = message.strip_prefix("unknown ")?.split_once(", expected ")?;
    let unknown = unknown.split('`').nth(1)?;
    let nearest = known
        .split('`')
        .skip(1)
        .step_by(2)
        .max_by(|a, b| strsim::jaro_winkler(a, unknown).total_cmp(&strsim::jaro_winkler(b, unknown)))?;
    (strsim::jaro_winkler(nearest, unknown) > 0.7).then_some(nearest)
}
