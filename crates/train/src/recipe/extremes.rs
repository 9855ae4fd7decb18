//! Every number of every recipe at its extremes: either it is refused by its key, or everything computed from it is finite.
//!
//! The keys are those that a resolved recipe writes, so that a new one is tried without a word here; what a recipe may leave
//! out is set in [`BASE`], and a test compares that with the names that serde knows.

use super::Recipe;
use crate::error::Error;
use crate::fit::fit;
use crate::learner::Learner;
use crate::plan::Plan;
use crate::run_folder::RunFolder;
use crate::stopping::Stopper;
use proptest::prelude::*;
use std::collections::BTreeSet;
use tch::Device;
use tensor_data::{Source, glyphs};
use toml::{Table, Value};

/// With everything that may be left out. Every kind of model, rule, schedule and stopping rule comes from [`KINDS`].
const BASE: &str = r#"
seed = 3
epochs = 2
learning_rate = 0.05
data = { set = "glyphs", validation = 20, mean = [0.5], std = [0.5], split_seed = 1 }
minibatch = { size = 10 }
loss = { class_weights = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1] }
gradients = { clip_value = 1, clip_norm = 1 }
average = { decay = 0.9 }
pictures = { folder = "photos" }
fold = { index = 1, of = 5 }
pretrained = { weights = "known", train = "all" }
groups = [{ parameters = "output" }]
limits = { iterations = 3, minutes = 1, target_error = 0, target_loss = 0 }
"#;

/// The operations of `[[augment]]`, in two lists.
const MOVED: &str = r#"never"
[[augment]]
kind = "flip"
[[augment]]
kind = "shift"
[[augment]]
kind = "resized-crop"
[[augment]]
kind = "rotate"
[[augment]]
kind = "affine"
[[augment]]
kind = "mixup"
#"#;
const CHANGED: &str = r#"patience"
[[augment]]
kind = "colour-jitter"
[[augment]]
kind = "erase"
[[augment]]
kind = "cutout"
[[augment]]
kind = "rand-augment"
[[augment]]
kind = "trivial-augment"
[[augment]]
kind = "cutmix"
#"#;

const KINDS: [[&str; 4]; 6] = [
    ["softmax", "sgd\"\nmomentum = 0.9\n#", "constant", MOVED],
    ["mlp\"\nhidden = [4]\n#", "adam", "inverse-time", CHANGED],
    ["lenet\"\nfilters = [2, 2]\nkernel = 3\nhidden = 4\n#", "adamw", "step\"\nevery = 1\n#", "no-improvement"],
    ["softmax", "rmsprop\"\ncentered = true\nmomentum = 0.9\n#", "exponential\"\nfactor = 1.1\n#", "halving"],
    ["softmax", "sgd", "cosine", "plateau"],
    ["softmax", "adam", "one-cycle", "plateau\"\nmode = \"absolute\"\n#"],
];

/// A step on the way to a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Key(String),
    Index(usize),
}

type Path = Vec<Step>;

/// The resolved recipes that together hold every key.
fn bases() -> Vec<Table> {
    let sections = ["model", "optimizer", "schedule", "stopping"];
    let base = |kinds: &[&str; 4]| {
        let tables: Vec<_> =
            sections.iter().zip(kinds).map(|(name, kind)| format!("[{name}]\nkind = \"{kind}\"\n")).collect();
        let recipe = Recipe::parse(&format!("{BASE}{}", tables.concat()), "base", &[]).unwrap();
        recipe.to_toml().unwrap().parse().unwrap()
    };
    KINDS.iter().map(base).collect()
}

/// Everything in a recipe with the way to it.
fn walk(table: &Table) -> Vec<(Path, Value)> {
    let (mut found, mut left) = (Vec::new(), vec![(Vec::new(), Value::Table(table.clone()))]);
    while let Some((path, value)) = left.pop() {
        let inner = |step: Step| [path.as_slice(), &[step]].concat();
        match &value {
            Value::Table(table) => {
                left.extend(table.iter().map(|(key, it)| (inner(Step::Key(key.clone())), it.clone())))
            }
            Value::Array(list) => {
                left.extend(list.iter().enumerate().map(|(i, it)| (inner(Step::Index(i)), it.clone())))
            }
            _ => {}
        }
        found.push((path, value));
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

fn numbers(table: &Table) -> Vec<Path> {
    let leaves = walk(table).into_iter();
    leaves.filter(|(_, value)| matches!(value, Value::Integer(_) | Value::Float(_))).map(|(path, _)| path).collect()
}

fn at<'a>(table: &'a mut Table, path: &Path) -> &'a mut Value {
    let Step::Key(first) = &path[0] else { unreachable!("a table's own step is a key") };
    path[1..].iter().fold(table.get_mut(first).unwrap(), |value, step| match step {
        Step::Key(key) => value.get_mut(key.as_str()).unwrap(),
        Step::Index(i) => value.get_mut(*i).unwrap(),
    })
}

/// The last key on the way.
fn name(path: &Path) -> &str {
    let key = path.iter().rev().find_map(|step| if let Step::Key(key) = step { Some(key) } else { None });
    key.unwrap()
}

fn extremes() -> Vec<Value> {
    let reals = [
        0.0,
        -0.0,
        5e-324,
        1e-40,
        1e308,
        -1e308,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        -1.0,
        9_007_199_254_740_992.0,
    ];
    let wholes = [0, 1, -1, 1 << 53, i64::MAX, i64::MIN];
    reals.into_iter().map(Value::Float).chain(wholes.into_iter().map(Value::Integer)).collect()
}

/// Reads, plans and trains a recipe with these values in it. A refusal must name one of the keys and be short; whatever is
/// taken must lead to finite numbers.
fn judge(base: &Table, changes: &[(Path, Value)]) -> Result<(), String> {
    let mut table = base.clone();
    for (path, value) in changes {
        *at(&mut table, path) = value.clone();
    }
    let text = toml::to_string(&table).unwrap();
    let refused = |error: Error| {
        let told = error.to_string();
        let named = changes.iter().any(|(path, _)| told.contains(name(path)));
        // What does not parse is shown with its line of the file.
        let is_long = told.lines().any(|line| line.len() > 400 && !line.starts_with(|c: char| c.is_ascii_digit()));
        if error.is_usage() && named && !is_long { Ok(()) } else { Err(format!("{changes:?}: {told}")) }
    };
    let recipe = match Recipe::parse(&text, "extreme", &[]) {
        Ok(recipe) => recipe,
        Err(error) => return refused(error),
    };
    let source = Source::new("glyphs", glyphs::draw(120, 1).unwrap(), glyphs::draw(20, 2).unwrap());
    let data = match recipe.upload(&source, Device::Cpu) {
        Ok(data) => data,
        // The command line says this with the key.
        Err(Error::Data(tensor_data::Error::HoldOut { .. }))
            if changes.iter().any(|(path, _)| name(path) == "validation") =>
        {
            return Ok(());
        }
        Err(error) => return Err(format!("{changes:?}: {error}")),
    };
    let plan = match Plan::new(&recipe, &data) {
        Ok(plan) => plan,
        Err(error) => return refused(error),
    };
    let mut learner = match Learner::new(&plan, &data, Device::Cpu) {
        Ok(learner) => learner,
        Err(error) => return refused(error),
    };
    pure(&plan, &learner).map_err(|problem| format!("{changes:?}: {problem}"))?;
    let root = tempfile::tempdir().unwrap();
    let is_saved = changes.iter().any(|(path, _)| path[0] == Step::Key("checkpoint".into()));
    let mut folder = is_saved.then(|| RunFolder::create(&root.path().join("run"), &recipe).unwrap());
    let observer: &mut dyn crate::Observer = match &mut folder {
        Some(folder) => folder,
        None => &mut (),
    };
    match fit(&plan, &data, &mut learner, observer) {
        Ok(_) | Err(Error::Diverged(_)) => Ok(()),
        Err(error) => Err(format!("{changes:?}: {error}")),
    }
}

/// What a plan computes without tensors, at the first and the last steps.
fn pure(plan: &Plan, learner: &Learner) -> Result<(), String> {
    let recipe = plan.recipe();
    // With a limit on the minibatches, what lies behind it does not come.
    let last = plan.total_steps().min(recipe.limits.iterations.unwrap_or(u64::MAX)).saturating_sub(1);
    let steps = [0, 1.min(last), last / 2, last];
    let (mut stopper, mut progress) = (Stopper::new(&recipe.stopping), learner.progress.clone());
    for (step, watched) in steps.into_iter().zip([0.9, 0.5, 0.7, f64::NAN]) {
        stopper.observe(step, watched);
        progress.stopping = stopper.memory().clone();
        let rate = plan.learning_rate(&progress, step);
        let scalars = learner.optimizer.step_scalars(rate, step).map_err(|e| e.to_string())?;
        let average = recipe.average.map_or(0.0, |average| average.decay_at(step));
        if !(rate >= 0.0 && scalars.iter().chain([&rate, &average]).all(|number| number.is_finite())) {
            return Err(format!("step {step}: rate {rate}, average {average}, scalars {scalars:?}"));
        }
        let _ = (plan.validates_after(step), plan.updates_after(step), stopper.is_over(step));
    }
    let end = plan.last_iteration(&progress);
    if end == 0 || plan.validate_every() == 0 { Err(format!("ends after {end}")) } else { Ok(()) }
}

#[test]
fn every_number_is_refused_by_key_or_leads_to_finite_ones() {
    let mut tried = BTreeSet::new();
    let mut problems = Vec::new();
    for base in bases() {
        assert_eq!(judge(&base, &[]), Ok(()));
        for path in numbers(&base) {
            // The same key under the same kinds means the same.
            let kinds: Vec<_> = path
                .first()
                .and_then(|_| at(&mut base.clone(), &path[..1].to_vec()).get("kind").cloned())
                .into_iter()
                .collect();
            if !tried.insert((path.clone(), format!("{kinds:?}"))) {
                continue;
            }
            for value in extremes() {
                problems.extend(judge(&base, &[(path.clone(), value)]).err());
            }
        }
    }
    assert!(tried.len() > 60, "{tried:?}");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// serde says which keys there are when it meets one that is not.
#[test]
fn every_key_that_serde_knows_is_tried() {
    let bases = bases();
    let written: BTreeSet<Path> = bases.iter().flat_map(|base| walk(base).into_iter().map(|(path, _)| path)).collect();
    let mut known = 0;
    for base in &bases {
        let tables = walk(base).into_iter().filter(|(_, value)| value.is_table()).map(|(path, _)| path);
        for path in tables {
            let mut wrong = base.clone();
            let table = if path.is_empty() { &mut wrong } else { at(&mut wrong, &path).as_table_mut().unwrap() };
            table.insert("no_such_key".into(), Value::Integer(1));
            let error = toml::from_str::<Recipe>(&toml::to_string(&wrong).unwrap()).unwrap_err();
            let names = error.message().split_once("`no_such_key`, ").unwrap_or_else(|| panic!("{path:?}: {error}")).1;
            for name in names.split('`').skip(1).step_by(2).filter(|&name| name != "kind") {
                let whole = [path.as_slice(), &[Step::Key(name.into())]].concat();
                assert!(written.contains(&whole), "{whole:?} is tried nowhere: set it in BASE");
                known += 1;
            }
        }
    }
    assert!(known > 100, "{known}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn several_extremes_at_once_are_no_worse(
        base in 0..KINDS.len(),
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 2..4),
    ) {
        let base = &bases()[base];
        let (paths, values) = (numbers(base), extremes());
        let changes: Vec<_> = places.iter().map(|(path, value)| (path.get(&paths).clone(), value.get(&values).clone())).collect();
        prop_assert_eq!(judge(base, &changes), Ok(()));
    }
}
