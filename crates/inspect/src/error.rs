//! Everything that keeps a model from being looked at, each said with the place and the way out.
//!
//! The text of an error is whole: it says its cause, which then is no `source()`.

/// Why a picture was not answered or a figure not drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A picture file that gives no picture.
    #[error(transparent)]
    Picture(#[from] pictures::Error),
    /// A model whose pictures no picture file holds.
    #[error("the model takes pictures of {channels} channels: a picture file has 1 (grey) or 3 (colour)")]
    Channels {
        /// Channels of the model's pictures.
        channels: i64,
    },
    /// A model whose pictures have a height or width that no picture has.
    #[error("the model takes pictures of {height} x {width} pixels: its description is damaged, train it again")]
    Size {
        /// Height of the model's pictures.
        height: i64,
        /// Width of the model's pictures.
        width: i64,
    },
}
