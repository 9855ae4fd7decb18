//! Image data sets for classification: checked once, resident on one device, shared as minibatches.
//!
//! The [`catalog`] names the data sets that are known and tells them by their content; [`files`] finds them in folders.
//! Raw files become [`Samples`], which check themselves when they are made; what holds afterwards (lengths that agree,
//! labels below the number of classes, never empty) is not checked again. [`hold_out`] parts a validation set from the
//! training pictures. With the feature `tch` (on by default), [`Dataset::upload`] puts the six tensors of the three
//! splits on one device, once, and [`Split::batches`] hands out minibatches: views in stored order, gathers on the
//! device in shuffled order. Nothing but indices crosses from host to device inside a training loop.
//!
//! Without the feature `tch` everything up to the hold-out builds in seconds and needs no libtorch.
//!
//! What this crate does not know: models, losses, the command line and the environment. All randomness comes from
//! seeds that the caller gives, and is drawn on the host, so that every device sees the same minibatches.
//!
//! ```
//! use tensor_data::{Holdout, Samples, hold_out};
//!
//! // Six pictures of one channel and 2x2 pixels, in two classes.
//! let pixels: Vec<u8> = (0..24).collect();
//! let all = Samples::new([1, 2, 2], 2, pixels, vec![0, 1, 0, 1, 0, 1])?;
//! let (train, valid) = hold_out(&all, Holdout::Last(2))?;
//! assert_eq!((train.len(), valid.len()), (4, 2));
//! assert_eq!(valid.picture(0), (&[16, 17, 18, 19][..], 0));
//! # Ok::<(), tensor_data::Error>(())
//! ```

pub mod augment;
pub mod catalog;
mod content;
mod copies;
mod error;
pub mod fetch;
pub mod files;
mod fingerprint;
mod fold;
pub mod glyphs;
mod hold_out;
pub mod idx;
pub mod mnist;
mod normalise;
mod pixels;
mod place;
mod random;
mod samples;
mod shard;
pub mod survey;

#[cfg(feature = "tch")]
mod balanced;
#[cfg(feature = "tch")]
mod batches;
#[cfg(feature = "tch")]
mod dataset;
#[cfg(feature = "tch")]
mod device_cursor;
#[cfg(feature = "tch")]
mod targets;

pub use copies::{Loaded, load_any};
pub use error::{Error, Fault};
pub use fingerprint::{Difference, Fingerprint};
pub use fold::Parts;
pub use folds::Fold;
pub use hold_out::{Holdout, hold_out};
pub use normalise::Normalise;
pub use pixels::{MappedPixels, Pixels};
pub use place::Place;
pub use samples::{MOST_CLASSES, Samples, Source};
pub use shard::Shard;

#[cfg(feature = "tch")]
pub use batches::{Batch, Batches, Order, Tail};
#[cfg(feature = "tch")]
pub use dataset::{Dataset, Split, Storage};
#[cfg(feature = "tch")]
pub use device_cursor::DeviceCursor;
#[cfg(feature = "tch")]
pub use targets::Targets;
