//! Which keys of a recipe may change when a run is resumed.

use super::Recipe;
use crate::error::Error;
use optim::{RmsPropOptions, Rule, SgdOptions};
use std::collections::{BTreeMap, BTreeSet};
use tensor_data::Tail;
use toml::Value;

/// Whether a key may change in mid-run.
enum May {
    Yes,
    /// Never, and why.
    No(&'static str),
    /// Where this holds of the recipe before and now; why not elsewhere.
    Where(fn(&Recipe, &Recipe) -> bool, &'static str),
}

use May::{No, Where, Yes};

const PICTURES: &str = "the run would train and be validated on other pictures than so far";
const BATCHES: &str = "the checkpoint counts minibatches of the old recipe";
const STATE: &str = "the checkpoint holds no such state";

/// Every key of a recipe, or the beginning of those of a section. A key that is not here may not change.
const ON_RESUME: &[(&str, May)] = &[
    ("description", Yes),
    ("seed", No("initial values, order and split follow from it")),
    // How far training goes, and the rates of the minibatches to come.
    ("epochs", Yes),
    ("learning_rate", Yes),
    ("schedule.", Yes),
    ("precision", No("the steps so far were computed in the old one")),
    ("graphs", Yes), // the results are the same, to rounding
    ("data.", No(PICTURES)),
    // Their bytes are compared wherever they lie.
    ("pictures.folder", Yes),
    ("pictures.", No(PICTURES)),
    ("fold.", No(PICTURES)),
    ("minibatch.", No(BATCHES)),
    ("augment", No("train_loss and train_error in metrics.csv would be of other pictures than in the rows so far")),
    // With the tail kept it changes speed, not figures.
    (
        "evaluation.size",
        Where(
            |_, now| now.evaluation.tail == Tail::Keep,
            "with evaluation.tail = \"drop\" the figures would be of other pictures than the rows so far",
        ),
    ),
    ("evaluation.tail", No("the figures would be of other pictures than the rows so far")),
    ("evaluation.watch", Yes), // Learner::adopt gives the remembered best its meaning
    (
        "evaluation.top_k",
        No("validation_top_k_error in metrics.csv would count something else than in the rows so far"),
    ),
    ("evaluation.mirror", No("the figures would be of other answers than the rows so far")),
    ("model.", No("the saved parameters are of the old network")),
    ("pretrained.", No("the run started from the old weights, and its optimiser holds what they leave to train")),
    ("optimizer.kind", No(STATE)),
    ("optimizer.momentum", Where(|before, now| has_momentum(before) == has_momentum(now), STATE)),
    ("optimizer.centered", No(STATE)),
    // What the updates to come go by.
    ("optimizer.dampening", Yes),
    ("optimizer.nesterov", Yes),
    ("optimizer.beta1", Yes),
    ("optimizer.beta2", Yes),
    ("optimizer.epsilon", Yes),
    ("optimizer.smoothing", Yes),
    ("optimizer.weight_decay", Yes),
    ("gradients.clip_value", Yes),
    ("gradients.clip_norm", Yes),
    ("gradients.accumulate", No("the checkpoint may hold gradients of an update that is not complete")),
    // What is minimised is what these columns hold.
    ("loss.", No("train_loss in metrics.csv would be another loss than in the rows so far")),
    ("penalty.l1", No("penalty in metrics.csv would be another sum than in the rows so far")),
    ("penalty.l2", No("penalty in metrics.csv would be another sum than in the rows so far")),
    ("penalty.with_weight_decay", Yes), // a check of the recipe
    (
        "groups",
        Where(
            |before, now| before.penalty.terms() == optim::Penalty::default() || exempt(before) == exempt(now),
            "with other weights decaying, penalty in metrics.csv would be another sum than in the rows so far",
        ),
    ),
    ("average.", No("the checkpoint's average was made by the old rule")),
    // When training ends and what is saved; a changed rule counts again and keeps the best.
    ("stopping.", Yes),
    ("limits.", Yes),
    ("checkpoint.", Yes),
];

fn has_momentum(recipe: &Recipe) -> bool {
    match recipe.optimizer {
        Rule::Sgd(SgdOptions { momentum, .. }) | Rule::RmsProp(RmsPropOptions { momentum, .. }) => momentum != 0.0,
        Rule::Adam(_) | Rule::AdamW(_) => false,
    }
}

/// The groups whose weights do not decay.
fn exempt(recipe: &Recipe) -> BTreeSet<&str> {
    recipe.groups.iter().filter(|group| !group.decay).map(|group| group.parameters.as_str()).collect()
}

/// Why `key` may not change; `None` where it may.
fn refusal(key: &str, before: &Recipe, now: &Recipe) -> Option<&'static str> {
    let is_of = |name: &str| key == name || (name.ends_with('.') && key.starts_with(name));
    match ON_RESUME.iter().find(|(name, _)| is_of(name)).map(|(_, may)| may) {
        Some(Yes) => None,
        Some(No(why)) => Some(why),
        Some(Where(fits, why)) => (!fits(before, now)).then_some(why),
        None => Some("what it would do to the run is not known"),
    }
}

impl Recipe {
    /// The differences between the recipe a run had and the one it is to continue with, as `key: old -> new`. An error that
    /// names all that cannot change in mid-run, where something of that differs.
    ///
    /// | key | may change | because |
    /// | --- | --- | --- |
    /// | `description`, `graphs`, `penalty.with_weight_decay` | yes | no figure depends on it |
    /// | `epochs`, `learning_rate`, `[schedule]`, other keys of `[optimizer]`, `gradients.clip_*` | yes | it is about the minibatches to come |
    /// | `[stopping]`, `[limits]`, `[checkpoint]` | yes | it is about when training ends and what is saved; a changed rule counts again and keeps the best |
    /// | `evaluation.watch` | yes | the remembered best becomes the kept model's value in the new measure: [`Learner::adopt`](crate::Learner::adopt) |
    /// | `evaluation.size` | where the tail is kept | with `tail = "drop"` it decides which pictures count |
    /// | `optimizer.momentum` | not from or to 0 | with it the optimiser keeps a tensor more per parameter |
    /// | `[[groups]]` | where the same weights decay, or without a penalty | the column `penalty` sums over those that decay |
    /// | `[[augment]]`, `evaluation.tail`, `evaluation.top_k`, `evaluation.mirror`, `[loss]`, `penalty.l1`, `penalty.l2` | no | a column of `metrics.csv` would change its meaning in the middle |
    /// | `pictures.folder` | yes | the pictures themselves are compared |
    /// | `seed`, `[data]`, other keys of `[pictures]`, `[fold]`, `[minibatch]` | no | pictures, split and order would be others |
    /// | `precision`, `[model]`, `[pretrained]`, `[average]`, `optimizer.kind`, `optimizer.centered`, `gradients.accumulate` | no | the checkpoint's tensors belong to the old value |
    ///
    /// # Errors
    ///
    /// [`Error::RecipeSyntax`] where a key differs that cannot change in mid-run, with its old and new value.
    pub fn changes_on_resume(&self, now: &Recipe) -> Result<Vec<String>, Error> {
        let (mut changes, mut refused) = (Vec::new(), Vec::new());
        for (key, change) in self.differences(now)? {
            match refusal(&key, self, now) {
                None => changes.push(change),
                Some(why) => refused.push(format!("{change} ({why})")),
            }
        }
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
    ///
    /// # Errors
    ///
    /// [`Error::RecipeSyntax`] for a value that TOML cannot hold.
    pub fn differences(&self, now: &Recipe) -> Result<Vec<(String, String)>, Error> {
        let (before, now) = (self.flat()?, now.flat()?);
        let keys = before.keys().chain(now.keys().filter(|key| !before.contains_key(*key)));
        let show = |value: Option<&Value>| value.map_or("nothing".to_owned(), Value::to_string);
        let different = keys.filter(|key| before.get(*key) != now.get(*key));
        let change = |key: &String| format!("{key}: {} -> {}", show(before.get(key)), show(now.get(key)));
        Ok(different.map(|key| (key.clone(), change(key))).collect())
    }

    /// Every key, dotted, with its value as TOML writes it: the keys outside tables first, then table by table.
    ///
    /// # Errors
    ///
    /// [`Error::RecipeSyntax`] for a value that TOML cannot hold.
    pub fn settings(&self) -> Result<Vec<(String, String)>, Error> {
        let mut all: Vec<_> = self.flat()?.into_iter().collect();
        all.sort_by_key(|(key, _)| key.contains('.'));
        Ok(all.into_iter().map(|(key, value)| (key, value.to_string())).collect())
    }

    /// Every key, dotted, with its value.
    fn flat(&self) -> Result<BTreeMap<String, Value>, Error> {
        let mut flat = BTreeMap::new();
        let mut left: Vec<(String, Value)> = self.table()?.into_iter().collect();
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
