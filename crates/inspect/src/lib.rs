//! What a saved model makes of pictures: a model and pictures in, numbers and [`viz::Picture`]s out.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`asked`] | which pictures files, folders, patterns and lists of paths name |
//! | [`names`] | names for the files that are drawn from pictures |
//! | [`conversion`] | from a picture of any size to the numbers that a model takes |
//! | [`predict()`] | the most probable classes of picture files |
//! | [`explain()`] | which parts of a picture made a model answer as it did |
//! | [`features()`] | what each layer of a model makes of one picture |
//! | [`dream()`] | the pictures that the units of a model respond to most |
//! | [`filters`] | what a model has learned to look for, and how that grew |
//! | [`augmented()`] | what augmentation makes of training pictures |
//! | [`convolve()`] | what convolution and pooling do to a picture; [`landscape`] is one to try it on |
//!
//! The crate reads no command line and no environment, and prints nothing: what there is to say is a value or an [`Error`].

pub mod asked;
mod augmented;
pub mod conversion;
mod convolve;
mod dream;
mod error;
mod explain;
mod features;
pub mod filters;
mod heat;
mod host;
pub mod landscape;
pub mod names;
mod predict;

pub use augmented::{Augmented, augmented};
pub use conversion::{Converted, Invert, convert, convert_file};
pub use convolve::{Convolved, Filters, convolve};
pub use dream::{Dream, dream};
pub use error::Error;
pub use explain::{Explanation, Heat, Method, Question, explain};
pub use features::{Features, features, layers};
pub use predict::{Class, Prediction, Refused, at_once, predict};
