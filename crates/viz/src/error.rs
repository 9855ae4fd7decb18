//! What can be wrong with the arrays that come in, or with the place where a picture should go.
//!
//! The text of an error is whole: it says its cause, which then is no `source()`, so that whoever prints the chain says each
//! thing once. Fields that hold a cause are called `cause`, because `thiserror` takes `source` for one.

use std::path::PathBuf;

/// Why a picture could not be made or saved. Each message says what was wrong, where, and how to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing was given to draw.
    #[error("there is no {what} to draw: give at least one")]
    Empty {
        /// What was expected, in the singular ("picture", "series").
        what: &'static str,
    },
    /// A flat array does not fill its shape.
    #[error("{got} values do not fill {what} of shape {shape:?}, which holds {want}")]
    Length {
        /// What was being made.
        what: &'static str,
        /// The shape asked for.
        shape: Vec<usize>,
        /// How many values that shape holds.
        want: usize,
        /// How many were given.
        got: usize,
    },
    /// A shape that no picture can have.
    #[error("{what} cannot have the shape {shape:?}: {rule}")]
    Shape {
        /// What was being made.
        what: &'static str,
        /// The shape asked for.
        shape: Vec<usize>,
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// Two lists that belong together differ in length.
    #[error("{got} {what} do not go with {want} {with}: give one for each")]
    Count {
        /// The list at fault ("captions").
        what: &'static str,
        /// How many it holds.
        got: usize,
        /// The list that it should match ("pictures").
        with: &'static str,
        /// How many that one holds.
        want: usize,
    },
    /// Pictures of one sheet differ in shape.
    #[error("picture {index} is {got:?} (channels, height, width) but picture 0 is {want:?}: tiles share one shape")]
    Mixed {
        /// The first picture that differs.
        index: usize,
        /// Its shape.
        got: [usize; 3],
        /// The shape of the first picture.
        want: [usize; 3],
    },
    /// A number outside what the option allows.
    #[error("{what} is {value}: {rule}")]
    Value {
        /// The option or array, with its index where it has one.
        what: String,
        /// The value, as text.
        value: String,
        /// What is allowed.
        rule: &'static str,
    },
    /// A picture of more pixels than fit into memory with comfort.
    #[error(
        "a picture of {width} x {height} pixels is too large (at most {limit} in all): draw fewer tiles, or smaller"
    )]
    TooLarge {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
        /// The largest number of pixels.
        limit: usize,
    },
    /// A file name whose ending names no format that can be written here.
    #[error("{path} has no ending that can be written here: use {allowed}")]
    Ending {
        /// The file asked for.
        path: PathBuf,
        /// The endings allowed.
        allowed: &'static str,
    },
    /// The file or its folder cannot be written.
    #[error("cannot write {path}: {cause}; check that the folder may be written to and has room")]
    Write {
        /// The file asked for.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The encoder refused the picture.
    #[error("cannot encode the picture as {format}: {reason}")]
    Encode {
        /// PNG, APNG or GIF.
        format: &'static str,
        /// What the encoder said.
        reason: String,
    },
}
