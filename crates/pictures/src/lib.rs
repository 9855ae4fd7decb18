//! From picture files to checked pixels, without libtorch.
//!
//! [`read`] decodes one file: regular files alone, told by their content ([`Kind`]), asked for their size before a byte of
//! the picture is decoded, the right way up, and with a word on everything that a person might not expect
//! ([`Decoded::steps`]). What is damaged is refused with its cause, never filled in.
//!
//! [`Inventory::of`] looks at a whole folder: classes, parts, what cannot be read and why, what was passed over, copies.
//! [`Split::of`] parts it, and [`Set::load`] makes arrays of it, with a [`Cache`] between runs.
//!
//! What this crate does not know: tensors, models, the command line, the environment and the terminal. Paths in its errors
//! are as the system gave them: whoever prints one makes it harmless ([`Error::told`]).

mod cache;
mod damage;
mod decode;
mod duplicates;
mod error;
mod file;
mod group;
mod inventory;
mod jpeg;
mod kind;
mod likeness;
mod listing;
mod orientation;
mod report;
mod resize;
mod set;
mod split;
mod summary;
mod survey;
mod table;
mod transparency;
mod wide;

pub use cache::Cache;
pub use decode::{Decoded, Facts, MOST_MEGAPIXELS, decode};
pub use duplicates::Duplicates;
pub use error::Error;
pub use file::{kind, read};
pub use group::Group;
pub use inventory::{Inventory, Picture, Settings, Unreadable};
pub use kind::{Format, HEAD, Kind};
pub use listing::{Ignored, Layout, Part};
pub use resize::{Filter, Fit, fit, resize};
pub use set::{Form, Pictures, Set, Whole};
pub use split::{Shares, Split};
pub use transparency::Background;
