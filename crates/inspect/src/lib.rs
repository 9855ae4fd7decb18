//! What a saved model makes of pictures: a model and pictures in, numbers and [`viz::Picture`]s out.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`conversion`] | from a picture of any size to the numbers that a model takes |
//!
//! The crate reads no command line and no environment, and prints nothing: what there is to say is a value or an [`Error`].

pub mod conversion;
mod error;

pub use conversion::{Converted, Invert, convert};
pub use error::Error;
