//! `[fold]`: one fold of several in the place of one split.

use super::{Pictures, Recipe};
use crate::error::Error;
use crate::mismatch::Mismatch;
use tensor_data::{Fold, Holdout, Parts, Samples, Source};
use values::Whole;

const INDEX: Whole = Whole::new("fold.index", 1, 100);
const OF: Whole = Whole::new("fold.of", 2, 100).noted(" folds");
/// Less than this share would be left to learn from.
const LEAST_TRAINED: f64 = 0.1;

impl Recipe {
    /// Where each picture of `all` stands in `fold`: the folds are dealt by `data.split_seed`, and `data.validation` and `data.holdout`
    /// (or `pictures.validation`) draw the validation part from what the fold does not test.
    ///
    /// # Errors
    /// [`Error::Data`] where there are too few pictures.
    pub fn parts(&self, all: &Samples, fold: Fold) -> Result<Parts, Error> {
        let seed = self.split_seed();
        let holdout = match &self.pictures {
            Some(own) => {
                let count = (all.len() as f64 * own.validation).round().max(1.0) as usize;
                Holdout::Stratified { count, seed }
            }
            None => self.data.holdout(self.seed),
        };
        Ok(Parts::of_fold(all, fold, seed, holdout)?)
    }

    /// The data set that a run of this recipe sees: the recipe's fold of it, all parts pooled, or `source` itself where it has none.
    ///
    /// # Errors
    /// Those of [`parts`](Recipe::parts).
    pub fn folded(&self, source: Source) -> Result<Source, Error> {
        let Some(fold) = self.fold else { return Ok(source) };
        let all = source.pooled()?;
        Ok(Source::parted(source.name, &all, &self.parts(&all, fold)?)?)
    }

    /// The seed of everything that parts pictures.
    pub fn split_seed(&self) -> u64 {
        self.data.split_seed.unwrap_or(self.seed)
    }

    /// A fold that exists and leaves something to learn from.
    pub(super) fn check_fold(&self) -> Result<(), Error> {
        let Some(fold) = self.fold else { return Ok(()) };
        OF.check(fold.of)?;
        INDEX.check(fold.index)?;
        if fold.index > fold.of {
            let allowed = format!("at most `fold.of`, {}", fold.of);
            return Err(Error::RecipeRange(values::OutOfRange {
                key: "fold.index".to_owned(),
                value: fold.index.to_string(),
                allowed,
            }));
        }
        let Some(own) = &self.pictures else { return Ok(()) };
        if own.test != Pictures::default_share() {
            return Err(Mismatch::NoEffect {
                key: "pictures.test",
                why: "each fold tests its own share of all pictures",
            }
            .into());
        }
        if own.validation + fold.test_share() > 1.0 - LEAST_TRAINED {
            return Err(Mismatch::FoldShares { validation: own.validation, fold }.into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use models::Arch;

    fn recipe(fold: Fold) -> Recipe {
        Recipe {
            fold: Some(fold),
            pictures: Some(Pictures::new("photos")),
            ..Recipe::new("photos", Arch::Softmax, 1, 0.1)
        }
    }

    #[test]
    fn folds_that_cannot_be_are_refused_by_key() {
        let told = |recipe: &Recipe| recipe.check().unwrap_err().to_string();
        assert!(recipe(Fold { index: 2, of: 5 }).check().is_ok());
        assert!(
            told(&recipe(Fold { index: 6, of: 5 })).contains("`fold.index` is 6, but must be at most `fold.of`, 5")
        );
        assert!(told(&recipe(Fold { index: 1, of: 1 })).contains("`fold.of`"));
        let mut given = recipe(Fold { index: 1, of: 2 });
        given.pictures.as_mut().unwrap().validation = 0.5;
        assert!(told(&given).contains("less than a tenth"), "{}", told(&given));
        given.pictures.as_mut().unwrap().test = 0.3;
        assert!(told(&given).contains("`pictures.test` has no effect"), "{}", told(&given));
    }
}
