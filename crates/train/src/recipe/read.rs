//! From TOML text and `--set` overrides to a checked [`Recipe`].

use super::Recipe;
use crate::error::Error;
use serde::de::Unexpected;
use std::path::Path;
use toml::{Table, Value};
use values::{Complaint, plain};

impl Recipe {
    /// Reads, overrides and checks a recipe file. See [`Recipe::parse`] for the overrides.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the file cannot be read, and those of [`Recipe::parse`].
    pub fn read(path: &Path, overrides: &[(String, String)]) -> Result<Recipe, Error> {
        let text = std::fs::read_to_string(path).map_err(Error::io("read the recipe", path))?;
        // The message has lines, and no file name may begin one.
        Recipe::parse(&text, &path.display().to_string().replace('\n', "\\n"), overrides)
    }

    /// Parses recipe text; `origin` names it in messages.
    ///
    /// Each override is a dotted key and a value; the value is TOML, or taken as a string where it is not:
    /// `learning_rate` and `0.05`, `model.activation` and `relu`, `model.hidden` and `[800, 800]`. Naming another `kind` of model,
    /// optimiser, schedule or stopping rule drops the keys of the former kind. An option of the optimiser where the recipe names none
    /// is one of `sgd`, the default.
    ///
    /// # Errors
    ///
    /// [`Error::RecipeSyntax`] for text that is no TOML, an unknown key (with the nearest known one) or a value of another type;
    /// [`Error::RecipeRange`] and [`Error::Mismatch`] for values that cannot be.
    pub fn parse(text: &str, origin: &str, overrides: &[(String, String)]) -> Result<Recipe, Error> {
        let wrong = |problem: String| Error::RecipeSyntax { origin: origin.to_owned(), problem };
        let table: Table = toml::from_str(text).map_err(|e| wrong(explain(&e, &Table::new())))?;
        if overrides.is_empty() {
            // From the text and not from the table, so that a mistake is told with its line.
            let recipe: Recipe = toml::from_str(text).map_err(|e| wrong(explain(&e, &table)))?;
            recipe.check()?;
            return Ok(recipe);
        }
        overridden(table, origin, overrides)
    }

    /// This recipe with some keys changed, as [`Recipe::parse`] changes them, and checked again.
    ///
    /// ```
    /// use models::Arch;
    /// use train::Recipe;
    /// let recipe = Recipe::new("mnist", Arch::mlp(), 10, 0.05);
    /// let wider = recipe.with(&[("model.hidden".to_owned(), "[800, 800]".to_owned())])?;
    /// assert_eq!((wider.epochs, wider.model == recipe.model), (10, false));
    /// # Ok::<(), train::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::RecipeSyntax`] for a key that is not there or a value of another type, and those of [`Recipe::check`].
    pub fn with(&self, overrides: &[(String, String)]) -> Result<Recipe, Error> {
        overridden(self.table()?, "the changed recipe", overrides)
    }

    /// Every key, in tables.
    pub(super) fn table(&self) -> Result<Table, Error> {
        Table::try_from(self)
            .map_err(|e| Error::RecipeSyntax { origin: "the resolved recipe".into(), problem: e.to_string() })
    }

    /// The recipe as TOML with every key.
    ///
    /// # Errors
    ///
    /// [`Error::RecipeSyntax`] for a value that TOML cannot hold.
    pub fn to_toml(&self) -> Result<String, Error> {
        toml::to_string_pretty(self)
            .map_err(|e| Error::RecipeSyntax { origin: "the resolved recipe".into(), problem: e.to_string() })
    }
}

/// The recipe that a table is once the overrides are applied, checked.
fn overridden(mut table: Table, origin: &str, overrides: &[(String, String)]) -> Result<Recipe, Error> {
    for (key, value) in overrides {
        set(&mut table, key, value)?;
    }
    let recipe: Recipe = table.clone().try_into().map_err(|e: toml::de::Error| {
        let with: Vec<_> = overrides.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let problem = format!("with --set {}: {}", with.join(" --set "), explain(&e, &table));
        Error::RecipeSyntax { origin: origin.to_owned(), problem }
    })?;
    recipe.check()?;
    Ok(recipe)
}

/// Applies one override.
fn set(table: &mut Table, key: &str, value: &str) -> Result<(), Error> {
    let wrong = |problem: String| Error::RecipeSyntax { origin: format!("--set {key}={value}"), problem };
    let value = parse_value(value);
    let (path, last) = key.rsplit_once('.').unwrap_or(("", key));
    let mut inner = table;
    for part in path.split('.').filter(|part| !part.is_empty()) {
        let entry = inner.entry(part).or_insert_with(|| Value::Table(begun(part)));
        inner = entry.as_table_mut().ok_or_else(|| wrong(format!("`{part}` is a value, not a table of keys")))?;
    }
    if last == "kind" && inner.get("kind") != Some(&value) {
        inner.clear();
    }
    inner.insert(last.to_owned(), value);
    Ok(())
}

/// The table that a key is put into where the recipe has none: that of the optimiser begins as the default one.
fn begun(section: &str) -> Table {
    let kind = |kind: &str| Table::from_iter([("kind".to_owned(), Value::from(kind))]);
    if section == "optimizer" { kind("sgd") } else { Table::new() }
}

/// A TOML value, or the text itself.
fn parse_value(text: &str) -> Value {
    toml::from_str::<Table>(&format!("value = {text}"))
        .ok()
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

/// serde's message in plain words, with its place and the key at fault, and the nearest known name behind an unknown one.
fn explain(error: &toml::de::Error, table: &Table) -> String {
    let (text, message) = (error.to_string(), error.message());
    let told = match Complaint::of(message) {
        Some(complaint) => match culprit(table, complaint.found) {
            Some(key) => format!("`{key}` {}", complaint.sentence()),
            None => plain(message),
        },
        None => plain(message),
    };
    let text = text.trim_end().replacen(message, &told, 1);
    if message.starts_with("unknown field `sweep`") {
        return format!("{text}\n[sweep] says what the command `sweep` tries: leave it out to train one run");
    }
    match suggestion(message) {
        Some(name) => format!("{text}\ndid you mean `{name}`?"),
        None => text,
    }
}

/// The dotted key of the value that serde describes as `found` and cannot take.
///
/// serde tells the value, and below a table with a `kind` no longer where it came from. Of several keys with that value it
/// is the one whose change changes the complaint.
fn culprit(table: &Table, found: &str) -> Option<String> {
    let mut matching = Vec::new();
    variations("", &Value::Table(table.clone()), found, &mut matching);
    if matching.len() == 1 {
        return matching.pop().map(|variation| variation.key);
    }
    let complains = |it: &Variation| {
        let error = it.whole.clone().try_into::<Recipe>().err();
        error.is_some_and(|error| Complaint::of(error.message()).is_some_and(|told| told.found == it.found))
    };
    matching.into_iter().find(complains).map(|variation| variation.key)
}

/// A table in which one value has been changed into another of its type.
struct Variation {
    key: String,
    whole: Value,
    /// What serde would call the changed value.
    found: String,
}

/// All variations of what serde describes as `found` in `value`, which lies at `path`.
fn variations(path: &str, value: &Value, found: &str, all: &mut Vec<Variation>) {
    let inner: Vec<(String, &Value)> = match value {
        Value::Table(table) => table.iter().map(|(key, inner)| (format!("{path}.{key}"), inner)).collect(),
        Value::Array(list) => list.iter().enumerate().map(|(i, inner)| (format!("{path}[{i}]"), inner)).collect(),
        _ => Vec::new(),
    };
    for (place, (path, inner)) in inner.into_iter().enumerate() {
        let before = all.len();
        variations(&path, inner, found, all);
        for variation in &mut all[before..] {
            let mut whole = value.clone();
            let slot = match &mut whole {
                Value::Table(table) => table.iter_mut().nth(place).map(|(_, slot)| slot),
                Value::Array(list) => list.get_mut(place),
                _ => None,
            };
            if let Some(slot) = slot {
                *slot = std::mem::replace(&mut variation.whole, Value::Boolean(true));
            }
            variation.whole = whole;
        }
    }
    if !path.is_empty() && described(value) == found {
        let changed = other(value);
        let key = path.trim_start_matches('.').to_owned();
        all.push(Variation { key, found: described(&changed), whole: changed });
    }
}

/// Another value of the same type and sign; a list or a table stays what it is.
fn other(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(format!("{text}?")),
        Value::Integer(number) => Value::Integer(number ^ 1),
        Value::Float(number) => Value::Float(if *number == 0.5 { 0.25 } else { 0.5 }),
        Value::Boolean(truth) => Value::Boolean(!truth),
        Value::Datetime(_) | Value::Array(_) | Value::Table(_) => value.clone(),
    }
}

/// A value as serde's messages describe it.
fn described(value: &Value) -> String {
    match value {
        Value::String(text) => Unexpected::Str(text),
        Value::Integer(number) => Unexpected::Signed(*number),
        Value::Float(number) => Unexpected::Float(*number),
        Value::Boolean(truth) => Unexpected::Bool(*truth),
        Value::Datetime(_) => Unexpected::Other("a date"),
        Value::Array(_) => Unexpected::Seq,
        Value::Table(_) => Unexpected::Map,
    }
    .to_string()
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
