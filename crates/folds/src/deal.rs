//! Which pictures are tested in which fold: seeded, every class in its share, and what belongs together in one fold.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Streams of the generator from here on shuffle folds; those below draw hold-outs from the same seed.
const STREAMS: u64 = 1 << 32;

/// Deals pictures into `of` folds: of each fold its members, ascending. Every picture is in exactly one.
///
/// `units` are pictures that must not be parted (copies, groups), none of them empty; a unit counts for the class of its first
/// picture, `class(picture)`. Class by class the units are shuffled by `seed` (ChaCha8, a stream for each class), larger ones come first,
/// and each goes to the fold that has the fewest pictures of the class, of equal ones to the fold with the fewest pictures in all. Where
/// every unit is one picture, two folds differ by at most one picture, in each class and in all.
///
/// ```
/// let units = (0..10).map(|picture| vec![picture]).collect();
/// let folds = folds::deal(units, |picture| u32::from(picture >= 6), 5, 0);
/// assert!(folds.iter().all(|fold| fold.len() == 2));
/// ```
pub fn deal(units: Vec<Vec<usize>>, class: impl Fn(usize) -> u32, of: u32, seed: u64) -> Vec<Vec<usize>> {
    let mut of_class: BTreeMap<u32, Vec<Vec<usize>>> = BTreeMap::new();
    for unit in units {
        if let Some(&first) = unit.first() {
            of_class.entry(class(first)).or_default().push(unit);
        }
    }
    let mut folds = vec![Vec::new(); of as usize];
    for (class, mut units) in of_class {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(STREAMS | u64::from(class));
        units.shuffle(&mut random);
        units.sort_by_key(|unit| Reverse(unit.len()));
        let mut counts = vec![0; folds.len()];
        for unit in units {
            let fewest = (0..folds.len()).min_by_key(|&fold| (counts[fold], folds[fold].len()));
            let Some(fewest) = fewest else { break }; // no folds at all
            counts[fewest] += unit.len();
            folds[fewest].extend(unit);
        }
    }
    folds.iter_mut().for_each(|fold| fold.sort_unstable());
    folds
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spread(counts: impl Iterator<Item = usize> + Clone) -> usize {
        counts.clone().max().unwrap_or(0) - counts.min().unwrap_or(0)
    }

    proptest! {
        #[test]
        fn every_picture_is_tested_once_and_classes_keep_their_shares(
            classes in prop::collection::vec(0..4_u32, 1..120),
            of in 2..8_u32,
            seed: u64,
        ) {
            let units = (0..classes.len()).map(|picture| vec![picture]).collect();
            let folds = deal(units, |picture| classes[picture], of, seed);
            let mut all = folds.concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..classes.len()).collect::<Vec<_>>());
            prop_assert!(spread(folds.iter().map(Vec::len)) <= 1);
            for class in 0..4 {
                let counts = folds.iter().map(|fold| fold.iter().filter(|&&it| classes[it] == class).count());
                prop_assert!(spread(counts) <= 1);
            }
        }

        #[test]
        fn units_stay_together(sizes in prop::collection::vec(1..9_usize, 1..40), of in 2..6_u32, seed: u64) {
            let mut next = 0;
            let units: Vec<Vec<usize>> = sizes.iter().map(|size| {
                next += size;
                (next - size..next).collect()
            }).collect();
            let folds = deal(units.clone(), |_| 0, of, seed);
            for unit in units {
                prop_assert_eq!(folds.iter().filter(|fold| unit.iter().any(|it| fold.contains(it))).count(), 1);
            }
            // Larger units first, always to the smallest fold: no fold is ahead by more than the largest unit.
            prop_assert!(spread(folds.iter().map(Vec::len)) <= *sizes.iter().max().unwrap());
        }
    }

    #[test]
    fn another_seed_deals_otherwise() {
        let folds = |seed| deal((0..50).map(|picture| vec![picture]).collect(), |_| 0, 5, seed);
        assert_eq!(folds(3), folds(3));
        assert_ne!(folds(3), folds(4));
    }
}
