//! What a sweep is: the `[sweep]` table of a recipe file, or the same from a command line, checked against the recipe.

use crate::error::Error;
use crate::halving::Halving;
use crate::space::{Axis, Settings};
use crate::state::Seeds;
use crate::strategy::{self, Next, Seen, Strategy};
use serde::{Deserialize, Serialize};
use std::ops::Bound::{Excluded, Included};
use toml::{Table, Value};
use train::Recipe;
use values::{Range, Whole};

/// `[sweep]`.
///
/// | key | default | range | meaning |
/// | --- | --- | --- | --- |
/// | `strategy` | `grid`, or `random` where there is a key to draw | `grid`, `random`, `zoom`, `tpe` | what is tried next: [`Strategy`] |
/// | `trials` | all of a grid | 1 to 10^6 | settings that are tried at most |
/// | `seeds` | 1 | 1 to 1000 | runs of each trial, with the recipe's seed, the next, and so on; their mean counts |
/// | `minutes` | none | above 0, at most 1e9 | how long a call of `sweep` trains |
/// | `[sweep.grid]` | none | | values of keys: a list, or text such as `1e-3..1e0:log7` ([`space`](crate::space)) |
/// | `[sweep.random]` | none | | ranges of keys to draw from: `log(1e-6,1e-2)`, `lin(0,0.5)` |
/// | `[sweep.halving]` | none | | early stopping of poor trials: [`Halving`] |
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// What is tried next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    /// Settings at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trials: Option<u64>,
    /// Runs of each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seeds: Option<u64>,
    /// Minutes of a call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<f64>,
    /// Early stopping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub halving: Option<Halving>,
    /// Keys with values.
    #[serde(default, skip_serializing_if = "Table::is_empty")]
    pub grid: Table,
    /// Keys with ranges.
    #[serde(default, skip_serializing_if = "Table::is_empty")]
    pub random: Table,
}

const TRIALS: Whole = Whole::new("sweep.trials", 1, 1_000_000);
const SEEDS: Whole = Whole::new("sweep.seeds", 1, 1000);
const MINUTES: Range = Range::new("sweep.minutes", Excluded(0.0), Included(1e9));
/// Keys that trials have in common, and what to do instead.
const SHARED: [(&str, &str); 6] = [
    ("seed", "use --seeds, which trains each trial with several"),
    ("data", "all trials share one copy of the data: begin another sweep with --set"),
    ("fold", "all trials share one split: begin another sweep with --set"),
    ("pictures", "all trials share one copy of the data: begin another sweep with --set"),
    ("pretrained", "all trials start from the same weights: begin another sweep with --set"),
    ("description", "it changes nothing"),
];

/// A definition that fits its recipe.
#[derive(Debug, Clone)]
pub struct Search {
    /// The recipe whose keys are changed; it says how hold-outs are drawn, so that all seeds share one split.
    pub base: Recipe,
    /// The keys.
    pub axes: Vec<Axis>,
    /// What is tried next.
    pub strategy: Strategy,
    /// Settings at most.
    pub trials: usize,
    /// Runs of each.
    pub seeds: u64,
    /// Early stopping.
    pub halving: Option<Halving>,
    text: String,
}

impl Definition {
    /// The file's name in a sweep's folder.
    pub const FILE: &str = "sweep.toml";

    /// Reads a recipe's text with its `[sweep]` table, where it has one; `origin` names the text in messages, and the overrides are
    /// those of [`Recipe::parse`].
    ///
    /// # Errors
    /// Those of [`Recipe::parse`]; a table with an unknown key or a value of the wrong type.
    pub fn read(text: &str, origin: &str, overrides: &[(String, String)]) -> Result<(Definition, Recipe), Error> {
        let Ok(mut table) = text.parse::<Table>() else {
            // Told with the line of the mistake.
            return Ok((Definition::default(), Recipe::parse(text, origin, overrides)?));
        };
        let has_table = table.contains_key("sweep");
        let definition = Definition::take_from(&mut table, origin)?;
        // Only a text that was not changed has the lines that a message names.
        let without = if has_table { table.to_string() } else { text.to_owned() };
        Ok((definition, Recipe::parse(&without, origin, overrides)?))
    }

    /// Takes the `[sweep]` table out of a recipe's, where there is one.
    ///
    /// # Errors
    /// A table with an unknown key or a value of the wrong type.
    fn take_from(recipe: &mut Table, origin: &str) -> Result<Definition, Error> {
        let Some(table) = recipe.remove("sweep") else { return Ok(Definition::default()) };
        let wrong =
            |e: toml::de::Error| Error::Definition(format!("{origin}: [sweep]: {}", values::plain(e.message())));
        table.try_into().map_err(wrong)
    }

    /// Adds `KEY=VALUES` of a command line to the grid; a key that is there takes the new values.
    pub fn add_grid(&mut self, key: &str, text: &str) {
        remove(&mut self.random, key);
        remove(&mut self.grid, key);
        self.grid.insert(key.to_owned(), Value::String(text.to_owned()));
    }

    /// Adds `KEY=RANGE` of a command line to the keys that are drawn.
    pub fn add_random(&mut self, key: &str, text: &str) {
        remove(&mut self.random, key);
        remove(&mut self.grid, key);
        self.random.insert(key.to_owned(), Value::String(text.to_owned()));
    }

    /// Checks the definition against the recipe that it changes.
    ///
    /// # Errors
    /// Numbers out of range; no key to change, or one that trials have in common; a space that does not fit the strategy; values
    /// that the recipe refuses, each alone.
    pub fn resolve(&self, recipe: &Recipe) -> Result<Search, Error> {
        let range = |e: values::OutOfRange| Error::Definition(format!("key {e}"));
        self.trials.map(|it| TRIALS.check(it)).transpose().map_err(range)?;
        self.minutes.map(|it| MINUTES.check(it)).transpose().map_err(range)?;
        self.halving.map(|it| it.check()).transpose().map_err(range)?;
        let seeds = SEEDS.check(self.seeds.unwrap_or(1)).map_err(range)?;
        let mut base = recipe.clone();
        base.data.split_seed = Some(recipe.data.split_seed.unwrap_or(recipe.seed));
        let text = base.to_toml()?;
        let wrong = |problem: String| Error::Definition(problem);
        let table: Table = text.parse().map_err(|e: toml::de::Error| wrong(e.to_string()))?;
        let mut axes = Vec::new();
        for (key, value) in flat("", &self.grid) {
            axes.push(Axis::grid(&key, &as_text(&value), &table)?);
        }
        for (key, value) in flat("", &self.random) {
            axes.push(Axis::random(&key, &as_text(&value), &table)?);
        }
        check_keys(&axes)?;
        let is_drawn = |axis: &Axis| axis.listed().is_empty();
        let drawn = axes.iter().find(|axis| is_drawn(axis));
        let strategy = self.strategy.unwrap_or(if drawn.is_some() { Strategy::Random } else { Strategy::Grid });
        if let (Strategy::Grid, Some(axis)) = (strategy, drawn) {
            return Err(wrong(format!(
                "the strategy grid has no values of {}, which is drawn: use another, or --grid",
                axis.key
            )));
        }
        let all = strategy::grid_size(&axes);
        let trials = match (self.trials, strategy) {
            (Some(trials), _) => trials as usize,
            (None, Strategy::Grid) => all,
            (None, Strategy::Random | Strategy::Zoom | Strategy::Tpe) => {
                return Err(wrong("say with --trials how many settings are tried".to_owned()));
            }
        };
        let halving = self.halving;
        let search = Search { base, axes, strategy, trials, seeds, halving, text };
        for axis in &search.axes {
            for value in axis.to_check() {
                search.recipe(&vec![(axis.key.clone(), value)], 0)?;
            }
        }
        Ok(search)
    }

    /// Reads a sweep's own file.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(crate) fn parse(text: &str) -> Result<Definition, String> {
        toml::from_str(text).map_err(|e| values::plain(e.message()))
    }
}

impl Search {
    /// The recipe of a trial's run, `run` counted from 0.
    ///
    /// # Errors
    /// Settings that the recipe refuses.
    pub fn recipe(&self, settings: &Settings, run: u64) -> Result<Recipe, Error> {
        let mut recipe = Recipe::parse(&self.text, "the sweep's recipe", settings)?;
        recipe.seed = self.seeds().of(run);
        Ok(recipe)
    }

    /// The seeds of each trial's runs.
    pub fn seeds(&self) -> Seeds {
        Seeds { first: self.base.seed, count: self.seeds }
    }

    /// What comes after these trials.
    pub fn next(&self, seen: &[Seen]) -> Next {
        self.strategy.next(&self.axes, self.trials, self.base.seed, seen)
    }
}

/// Refuses no axes, the same one twice, and keys that trials have in common.
fn check_keys(axes: &[Axis]) -> Result<(), Error> {
    if axes.is_empty() {
        let example = "--grid learning_rate=1e-3..1:log7";
        return Err(Error::Definition(format!("there is nothing to try: name a key of the recipe, as in {example}")));
    }
    for (i, axis) in axes.iter().enumerate() {
        let section = axis.key.split('.').next().unwrap_or_default();
        if let Some((_, instead)) = SHARED.iter().find(|(key, _)| *key == section) {
            return Err(Error::Definition(format!("a sweep cannot change {}: {instead}", axis.key)));
        }
        if axes[..i].iter().any(|other| other.key == axis.key) {
            return Err(Error::Definition(format!("{} stands both in the grid and among the keys to draw", axis.key)));
        }
    }
    Ok(())
}

/// The leaves of nested tables under dotted keys.
fn flat(prefix: &str, table: &Table) -> Vec<(String, Value)> {
    let leaf = |(key, value): (&String, &Value)| match value {
        Value::Table(inner) => flat(&format!("{prefix}{key}."), inner),
        value => vec![(format!("{prefix}{key}"), value.clone())],
    };
    table.iter().flat_map(leaf).collect()
}

/// Removes a key, dotted or nested.
fn remove(table: &mut Table, key: &str) {
    table.remove(key);
    if let Some((first, rest)) = key.split_once('.')
        && let Some(Value::Table(inner)) = table.get_mut(first)
    {
        remove(inner, rest);
    }
}

/// The text of a list or of a value.
fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(Value::to_string).collect::<Vec<_>>().join(","),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECIPE: &str = "epochs = 2\nlearning_rate = 0.1\ndata = { set = \"glyphs\" }\nminibatch = { size = 20 }\n\
                          model = { kind = \"mlp\" }\n";

    fn search(sweep: &str) -> Result<Search, Error> {
        let mut table: Table = format!("{RECIPE}{sweep}").parse().unwrap();
        let definition = Definition::take_from(&mut table, "x.toml")?;
        definition.resolve(&Recipe::parse(RECIPE, "x.toml", &[]).unwrap())
    }

    #[test]
    fn a_table_becomes_trials() {
        let text =
            "[sweep]\nseeds = 2\n[sweep.grid]\nlearning_rate = \"1e-2..1:log3\"\nmodel.hidden = [50, [20, 30]]\n";
        let search = search(text).unwrap();
        assert_eq!((search.strategy, search.trials, search.seeds), (Strategy::Grid, 6, 2));
        let Next::Try(settings) = search.next(&[]) else { panic!("a first trial") };
        assert_eq!(settings, [("learning_rate".into(), "0.01".into()), ("model.hidden".into(), "[50]".into())]);
        let recipe = search.recipe(&settings, 1).unwrap();
        assert_eq!((recipe.learning_rate, recipe.seed, recipe.data.split_seed), (0.01, 1, Some(0)));
        assert!(recipe.to_toml().unwrap().contains("hidden = [50]"));
    }

    #[test]
    fn what_makes_no_sweep_says_why() {
        let check = |sweep: &str, expected: &str| {
            let told = search(sweep).unwrap_err();
            assert!(told.is_usage() && told.to_string().contains(expected), "{sweep}: {told}");
        };
        check("", "nothing to try");
        check("[sweep]\nstrateg = \"grid\"", "no key `strateg`");
        check("[sweep.grid]\nlearning_rat = [1, 2]", "learning_rate");
        check("[sweep.grid]\nlearning_rate = [1, -2]", "learning_rate");
        check("[sweep.grid]\nseed = [1, 2]", "--seeds");
        check("[sweep.grid]\ndata.validation = [1, 2]", "one copy");
        check("[sweep.random]\nlearning_rate = \"log(1e-3,1)\"", "--trials");
        check("[sweep]\nstrategy = \"grid\"\n[sweep.random]\nlearning_rate = \"log(1e-3,1)\"", "learning_rate");
        check("[sweep]\nseeds = 0\n[sweep.grid]\nlearning_rate = [1]", "sweep.seeds");
        check("[sweep.grid]\nepochs = [1]\n[sweep.random]\nepochs = \"lin(1,2)\"", "both");
        check("[sweep]\nhalving = { factor = 1 }\n[sweep.grid]\nepochs = [1]", "halving.factor");
    }
}
