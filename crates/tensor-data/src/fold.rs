//! A data set parted by places instead of by its publisher: one fold of several, whose pictures are the test part.

use std::collections::HashMap;

use folds::Fold;

use crate::hold_out::held_out;
use crate::{Error, Holdout, Samples, Source};

/// Places of pictures in a data set, each in one part, ascending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    /// To learn from.
    pub train: Vec<usize>,
    /// To choose by.
    pub valid: Vec<usize>,
    /// To judge by.
    pub test: Vec<usize>,
}

impl Parts {
    /// The parts of one fold. All pictures are dealt into folds by `seed`, every class in its share and pictures that are the same pixel
    /// for pixel in one fold ([`folds::deal`]); the fold's own are tested, and `holdout` draws the validation part from the others.
    ///
    /// # Errors
    /// [`Error::Fold`] where a fold would be empty, [`Error::HoldOut`] unless at least one picture is left to learn from and to choose by.
    pub fn of_fold(all: &Samples, fold: Fold, seed: u64, holdout: Holdout) -> Result<Parts, Error> {
        let units = units(all);
        if units.len() < fold.of as usize || !(1..=fold.of).contains(&fold.index) {
            return Err(Error::Fold { fold, different: units.len() });
        }
        let test =
            folds::deal(units, |picture| all.labels()[picture], fold.of, seed).swap_remove(fold.index as usize - 1);
        let others: Vec<usize> = (0..all.len()).filter(|picture| test.binary_search(picture).is_err()).collect();
        let is_held = held_out(&all.select(&others)?, holdout)?;
        let (valid, train): (Vec<_>, Vec<_>) = others.into_iter().zip(is_held).partition(|(_, is_held)| *is_held);
        let places = |part: Vec<(usize, bool)>| part.into_iter().map(|(picture, _)| picture).collect();
        Ok(Parts { train: places(train), valid: places(valid), test })
    }
}

impl Source {
    /// All pictures, whatever part they were published in: training, validation and test pictures in this order.
    ///
    /// # Errors
    /// Those of [`Source::check`].
    pub fn pooled(&self) -> Result<Samples, Error> {
        self.check()?;
        let parts = || [Some(&self.train), self.valid.as_ref(), Some(&self.test)].into_iter().flatten();
        let pixels = parts().flat_map(|part| part.pixels()).copied().collect();
        let labels = parts().flat_map(|part| part.labels()).copied().collect();
        Samples::new(self.train.shape(), self.train.classes(), pixels, labels)?.named(self.classes().iter().cloned())
    }

    /// A data set of `all`'s pictures in the given parts.
    ///
    /// # Errors
    /// [`Error::Samples`] for a part without pictures, [`Error::Index`] for a place that is not there.
    pub fn parted(name: impl Into<String>, all: &Samples, parts: &Parts) -> Result<Source, Error> {
        let source = Source::new(name, all.select(&parts.train)?, all.select(&parts.test)?);
        Ok(Source { valid: Some(all.select(&parts.valid)?), ..source })
    }
}

/// Pictures that are the same pixel for pixel, together.
fn units(all: &Samples) -> Vec<Vec<usize>> {
    let mut places: HashMap<&[u8], usize> = HashMap::with_capacity(all.len());
    let mut units: Vec<Vec<usize>> = Vec::new();
    for picture in 0..all.len() {
        let unit = *places.entry(all.picture(picture).0).or_insert(units.len());
        match units.get_mut(unit) {
            Some(unit) => unit.push(picture),
            None => units.push(vec![picture]),
        }
    }
    units
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 30 pictures of two classes, the last two of them copies of the first.
    fn source() -> Source {
        let pixels = |range: std::ops::Range<u8>| range.map(|i| if i >= 28 { 0 } else { i }).collect::<Vec<u8>>();
        let samples = |range: std::ops::Range<u8>| {
            let labels = range.clone().map(|i| u32::from(i % 3 == 1)).collect();
            Samples::new([1, 1, 1], 2, pixels(range), labels).unwrap().named(["a", "b"]).unwrap()
        };
        Source { valid: Some(samples(20..25)), ..Source::new("few", samples(0..20), samples(25..30)) }
    }

    #[test]
    fn each_picture_is_tested_once_and_copies_are_in_one_fold() {
        let all = source().pooled().unwrap();
        assert_eq!((all.len(), all.class_names()), (30, &["a".to_owned(), "b".to_owned()][..]));
        let holdout = Holdout::Stratified { count: 6, seed: 1 };
        let parts = |index| Parts::of_fold(&all, Fold { index, of: 4 }, 7, holdout).unwrap();
        let folds: Vec<Parts> = (1..=4).map(parts).collect();
        let mut tested: Vec<usize> = folds.iter().flat_map(|fold| fold.test.clone()).collect();
        tested.sort_unstable();
        assert_eq!(tested, (0..30).collect::<Vec<_>>());
        for fold in &folds {
            let Parts { train, valid, test } = fold;
            assert_eq!((valid.len(), train.len() + valid.len() + test.len()), (6, 30));
            assert!(valid.iter().all(|it| !train.contains(it) && !test.contains(it)));
            let copies = [0, 28, 29].map(|copy| test.contains(&copy));
            assert!(copies == [true; 3] || copies == [false; 3], "{copies:?}");
            let source = Source::parted("few", &all, fold).unwrap();
            assert_eq!(source.test.pixels()[0], all.pixels()[test[0]]);
            source.check().unwrap();
        }
    }

    #[test]
    fn more_folds_than_different_pictures_are_refused() {
        let all = Samples::new([1, 1, 1], 2, vec![1, 1, 2], vec![0, 0, 1]).unwrap();
        let told = |fold| Parts::of_fold(&all, fold, 0, Holdout::Last(1)).unwrap_err().to_string();
        assert!(told(Fold { index: 1, of: 3 }).contains("2 different pictures"));
        assert!(told(Fold { index: 3, of: 2 }).contains("fold 3 of 2"));
    }
}
