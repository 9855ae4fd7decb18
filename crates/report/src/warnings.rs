//! What has to be said of the pictures of a run before anybody believes its figures.

use tensor_data::Fingerprint;
use train::Identity;
use values::{percent, thousands};

/// Copies among the test pictures are told from one in so many on: below that, a tenth of a percent at most, they move an
/// error by less than the choice of a seed does. MNIST and glyphs hold none.
const COPIES_MATTER: f64 = 1000.0;

/// What to say of a run that does not say which pictures it was trained on; `None` where it does.
pub fn unknown(known: &Identity) -> Option<String> {
    known.pictures.is_none().then(|| {
        format!(
            "WARNING: this run is of an earlier version and does not say which pictures it was trained on: whether they \
             are those of {} as found now cannot be checked",
            known.recipe.data.set
        )
    })
}

/// What to say of a data set whose test pictures are training pictures as well; `None` where they are too few to matter
/// (fewer than one in a thousand).
pub fn copies(pictures: &Fingerprint) -> Option<String> {
    let (copies, all) = (pictures.test_copies, pictures.test_pictures);
    let share = copies as f64 / all as f64;
    (share >= 1.0 / COPIES_MATTER).then(|| {
        format!(
            "WARNING: {} of {} test pictures ({}) are training pictures as well: the test error is too low",
            thousands(copies as f64),
            thousands(all as f64),
            percent(share)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_told_from_one_in_a_thousand_on() {
        let pictures = |test_copies, test_pictures| Fingerprint {
            shape: [1, 28, 28],
            classes: 10,
            train_pictures: 60_000,
            test_pictures,
            test_copies,
            train: String::new(),
            test: String::new(),
            split: String::new(),
        };
        for (copies_found, all, told) in
            [(0, 10, None), (9, 10_000, None), (10, 10_000, Some("10 of 10,000")), (1, 2, Some("1 of 2"))]
        {
            let line = copies(&pictures(copies_found, all));
            assert_eq!(line.is_some(), told.is_some(), "{copies_found} of {all}");
            assert!(line.unwrap_or_default().contains(told.unwrap_or_default()), "{copies_found} of {all}");
        }
    }
}
