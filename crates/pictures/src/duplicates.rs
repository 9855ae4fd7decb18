//! The same picture in several places: exact copies by the hash of their content, near ones by how they look.

use crate::inventory::Picture;
use crate::likeness::{self, Likeness};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Pictures that are one and the same, or nearly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duplicates {
    /// Two or more indices of pictures, ascending.
    pub pictures: Vec<usize>,
    /// Whether all files are the same byte by byte.
    pub exact: bool,
    /// Whether they stand in different classes: at least one label is wrong.
    pub across_classes: bool,
    /// Whether they stand in different parts, where parts were given: what is tested was learned.
    pub across_splits: bool,
}

/// Sets that are joined again and again.
pub struct Sets(Vec<usize>);

impl Sets {
    /// Each of `count` things alone.
    pub fn new(count: usize) -> Sets {
        Sets((0..count).collect())
    }

    /// The smallest member of the set of `i`.
    pub fn first(&mut self, mut i: usize) -> usize {
        while self.0[i] != i {
            self.0[i] = self.0[self.0[i]];
            i = self.0[i];
        }
        i
    }

    pub fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.first(a), self.first(b));
        self.0[a.max(b)] = a.min(b);
    }

    /// All sets, each sorted.
    pub fn all(mut self) -> Vec<Vec<usize>> {
        let mut sets: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for i in 0..self.0.len() {
            sets.entry(self.first(i)).or_default().push(i);
        }
        sets.into_values().collect()
    }
}

/// All pictures that are there more than once.
pub fn find(pictures: &[Picture], likenesses: &[Likeness]) -> Vec<Duplicates> {
    let mut firsts: BTreeMap<[u8; 32], usize> = BTreeMap::new();
    let mut sets = Sets::new(pictures.len());
    for (i, picture) in pictures.iter().enumerate() {
        let first = *firsts.entry(picture.sha256).or_insert(i);
        sets.join(first, i);
    }
    let alone: Vec<(usize, &Likeness)> = firsts.values().map(|&i| (i, &likenesses[i])).collect();
    likeness::near(&alone, |a, b| sets.join(a, b));
    let more_than_one = sets.all().into_iter().filter(|set| set.len() > 1);
    more_than_one.map(|set| described(set, pictures)).collect()
}

fn described(set: Vec<usize>, pictures: &[Picture]) -> Duplicates {
    let first = &pictures[set[0]];
    let differ = |other: &dyn Fn(&Picture) -> bool| set.iter().any(|&i| other(&pictures[i]));
    Duplicates {
        exact: !differ(&|picture| picture.sha256 != first.sha256),
        across_classes: differ(&|picture| picture.class != first.class),
        across_splits: differ(&|picture| picture.part != first.part),
        pictures: set,
    }
}
