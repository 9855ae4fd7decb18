//! Numbers on the command line: each option says what it may be, and refuses the rest in the words of a recipe's keys.

use std::ops::Bound::{Excluded, Included};

use values::{Range, Whole};

/// Seeds, epochs and the like that only have to be counted.
pub(super) const BILLION: i64 = 1_000_000_000;

/// A whole number between two bounds, both allowed.
pub(super) fn whole<T: TryFrom<i64>>(low: i64, high: i64) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync {
    move |text| Whole::new("", low, high).parse(text)
}

/// A learning rate at either end of a sweep, whose growth has to remain a number in f32.
pub(super) fn rate(text: &str) -> Result<f64, String> {
    Range::new("", Included(1e-30), Included(1e20)).noted(", such as 1e-6").parse(text)
}

/// How much of a moving average is kept.
pub(super) fn fraction(text: &str) -> Result<f64, String> {
    Range::new("", Included(0.0), Excluded(1.0)).noted("; 0 is no smoothing").parse(text)
}

/// A share of answers that may be wrong.
pub(super) fn share(text: &str) -> Result<f64, String> {
    Range::new("", Included(0.0), Excluded(1.0)).noted("; 0.05 is 5 %").parse(text)
}
