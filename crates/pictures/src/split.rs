//! Who is learned from, who chooses, who judges: seeded, every class in its share, and what belongs together on one side.

use crate::duplicates::{Duplicates, Sets};
use crate::inventory::Inventory;
use crate::listing::Part;
use folds::Fold;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use std::collections::HashMap;

/// With fewer pictures of a class than this in a part, a figure of it tells little: one more mistake is 10 % or more.
const FEW: usize = 10;

/// How pictures are parted where their folder does not say it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shares {
    /// Decides who goes where; apart from a run's own seed.
    pub seed: u64,
    /// Of all pictures, from 0 to below 1.
    pub validation: f64,
    /// Of all pictures, from 0 to below 1; with `validation`, below 1. Not used where there is a fold.
    pub test: f64,
    /// The fold whose pictures are the test part, of folds that `seed` deals.
    pub fold: Option<Fold>,
}

impl Default for Shares {
    fn default() -> Shares {
        Shares { seed: 0, validation: 0.15, test: 0.15, fold: None }
    }
}

/// Indices of an inventory's pictures, each in one part, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// To learn from.
    pub train: Vec<usize>,
    /// To choose by.
    pub validation: Vec<usize>,
    /// To judge by, once, at the end.
    pub test: Vec<usize>,
    /// What makes its figures doubtful, in words.
    pub warnings: Vec<String>,
}

impl Split {
    /// Parts an inventory. Parts that its folder gives stay as they are; those that it does not give are taken from its
    /// training part. Copies and groups stay on one side; with them, each class keeps its shares as nearly as it can.
    ///
    /// With a fold, all pictures are dealt into folds, whatever part their folder puts them into; the fold's own are the test part,
    /// and the validation part is drawn from the others.
    pub fn of(inventory: &Inventory, shares: &Shares) -> Split {
        if let Some(fold) = shares.fold {
            return Split::of_fold(inventory, shares, fold);
        }
        let given = |part: Part| inventory.pictures.iter().any(|picture| picture.part == Some(part));
        let share = |part: Part, share: f64| if given(part) { 0.0 } else { share };
        let wanted = [share(Part::Validation, shares.validation), share(Part::Test, shares.test)];
        let mut split = Split::default();
        let mut free: HashMap<u32, Vec<Vec<usize>>> = HashMap::new();
        for unit in units(inventory) {
            let (open, fixed): (Vec<usize>, Vec<usize>) =
                unit.into_iter().partition(|&i| inventory.pictures[i].part.is_none_or(|part| part == Part::Train));
            for i in fixed {
                split.part(inventory.pictures[i].part.unwrap_or(Part::Train)).push(i);
            }
            if let Some(&first) = open.first() {
                free.entry(inventory.pictures[first].class).or_default().push(open);
            }
        }
        split.draw(free, wanted, shares.seed);
        split.warnings = warnings(inventory, &split);
        split
    }

    fn of_fold(inventory: &Inventory, shares: &Shares, fold: Fold) -> Split {
        let class = |picture: usize| inventory.pictures[picture].class;
        let units = units(inventory);
        let test = folds::deal(units.clone(), class, fold.of, shares.seed).swap_remove(fold.index as usize - 1);
        let mut free: HashMap<u32, Vec<Vec<usize>>> = HashMap::new();
        for unit in units.into_iter().filter(|unit| test.binary_search(&unit[0]).is_err()) {
            free.entry(class(unit[0])).or_default().push(unit);
        }
        let mut split = Split { test, ..Split::default() };
        // The share is one of all pictures, and the fold is gone already.
        split.draw(free, [shares.validation / (1.0 - fold.test_share()), 0.0], shares.seed);
        split.warnings = warnings(inventory, &split);
        split
    }

    /// Draws parts from the units of each class.
    fn draw(&mut self, mut free: HashMap<u32, Vec<Vec<usize>>>, wanted: [f64; 2], seed: u64) {
        let mut classes: Vec<u32> = free.keys().copied().collect();
        classes.sort_unstable();
        for class in classes {
            for (part, unit) in dealt(free.remove(&class).unwrap_or_default(), wanted, seed, class) {
                self.part(part).extend(unit);
            }
        }
        [&mut self.train, &mut self.validation, &mut self.test].into_iter().for_each(|part| part.sort_unstable());
    }

    fn part(&mut self, part: Part) -> &mut Vec<usize> {
        match part {
            Part::Train => &mut self.train,
            Part::Validation => &mut self.validation,
            Part::Test => &mut self.test,
        }
    }

    /// How many pictures of each class a part has.
    pub fn counts(&self, inventory: &Inventory, part: Part) -> Vec<usize> {
        let mut counts = vec![0; inventory.classes.len()];
        let members = match part {
            Part::Train => &self.train,
            Part::Validation => &self.validation,
            Part::Test => &self.test,
        };
        members.iter().for_each(|&i| counts[inventory.pictures[i].class as usize] += 1);
        counts
    }
}

/// Pictures that must not be parted: copies, and groups.
fn units(inventory: &Inventory) -> Vec<Vec<usize>> {
    let mut sets = Sets::new(inventory.pictures.len());
    for copies in &inventory.duplicates {
        copies.pictures.windows(2).for_each(|pair| sets.join(pair[0], pair[1]));
    }
    let mut firsts: HashMap<&str, usize> = HashMap::new();
    for (i, picture) in inventory.pictures.iter().enumerate() {
        if let Some(group) = &picture.group {
            let first = *firsts.entry(group).or_insert(i);
            sets.join(first, i);
        }
    }
    sets.all()
}

/// The units of one class, each with its part: in random order, larger ones first, always to the part that lacks most.
fn dealt(mut units: Vec<Vec<usize>>, shares: [f64; 2], seed: u64, class: u32) -> Vec<(Part, Vec<usize>)> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(u64::from(class));
    units.shuffle(&mut random);
    units.sort_by_key(|unit| std::cmp::Reverse(unit.len()));
    let total: usize = units.iter().map(Vec::len).sum();
    // One picture at least for every part that is wanted, where there are three to share.
    let least = if units.len() >= 3 { 1.0 } else { 0.0 };
    let count = |share: f64| if share > 0.0 { (total as f64 * share).round().max(least) } else { 0.0 };
    let (validation, test) = (count(shares[0]), count(shares[1]));
    let mut lacking =
        [(Part::Train, total as f64 - validation - test), (Part::Validation, validation), (Part::Test, test)];
    let mut dealt = Vec::with_capacity(units.len());
    for unit in units {
        let most = (1..3).fold(0, |most, i| if lacking[i].1 > lacking[most].1 { i } else { most });
        lacking[most].1 -= unit.len() as f64;
        dealt.push((lacking[most].0, unit));
    }
    dealt
}

fn warnings(inventory: &Inventory, split: &Split) -> Vec<String> {
    let mut warnings = Vec::new();
    for (part, what) in [(Part::Train, "learn from"), (Part::Validation, "choose by"), (Part::Test, "test with")] {
        let counts = split.counts(inventory, part);
        let few: Vec<String> = inventory
            .classes
            .iter()
            .zip(&counts)
            .filter(|(_, count)| **count < FEW)
            .map(|(class, count)| format!("{class} ({count})"))
            .collect();
        if counts.iter().sum::<usize>() == 0 {
            warnings.push(format!("there are no pictures to {what}"));
        } else if !few.is_empty() {
            warnings.push(format!("too few pictures to {what}, fewer than {FEW}, to tell: {}", few.join(", ")));
        }
    }
    let is_leak = |copies: &&Duplicates| {
        let sides = [&split.train, &split.validation, &split.test];
        let holds = |part: &&&Vec<usize>| copies.pictures.iter().any(|picture| part.binary_search(picture).is_ok());
        sides.iter().filter(holds).count() > 1
    };
    let leaks = inventory.duplicates.iter().filter(is_leak).count();
    if leaks > 0 {
        warnings.push(format!(
            "{leaks} {} in more than one part of the folder: figures of the test part are too good",
            if leaks == 1 { "picture stands" } else { "pictures stand" }
        ));
    }
    warnings
}
