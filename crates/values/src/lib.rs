//! What a value that comes from outside may be, and the words for one that may not be.
//!
//! A number that is out of range is refused in the same way whether it stands in a recipe, on the command line or in a
//! program that calls one of the libraries: a row ([`Range`] for real numbers, [`Whole`] for whole ones) holds the key and
//! the bounds, its `check` gives the value back or an [`OutOfRange`], and the words for the bounds are made from them. What
//! a parser says of a value of the wrong type is put into the same words by [`plain()`].
//!
//! Numbers are written for people in one way ([`percent`], [`thousands`], [`duration`], ...), and text that came from outside
//! is made harmless before it is printed ([`shown`]).
//!
//! The crate is one of its own because `models`, `optim`, `train`, `report` and the command line share it and may not know each other.

mod no_keys;
mod number;
mod plain;
mod range;
pub mod shown;

pub use no_keys::no_keys;
pub use number::{duration, percent, rate, shape, short, thousands};
pub use plain::{Complaint, plain};
pub use range::{OutOfRange, Range, Whole};
