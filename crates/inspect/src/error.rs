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
    /// What a model was asked for does not exist.
    #[error(transparent)]
    Model(#[from] models::Error),
    /// Pictures that cannot be put together, or do not take what is to be done to them.
    #[error(transparent)]
    Data(#[from] tensor_data::Error),
    /// A saved model that cannot be read.
    #[error(transparent)]
    Saved(#[from] train::Error),
    /// A layer that has no filters to draw.
    #[error("there is no layer \"{layer}\" with filters; this model has {layers}")]
    NoFilters {
        /// The layer asked for.
        layer: String,
        /// The layers that have some, first to last.
        layers: String,
    },
    /// Filters for pictures that no file holds.
    #[error("the filters see {channels} channels: a picture has 1 (grey) or 3 (colour)")]
    FilterChannels {
        /// Channels that they see.
        channels: i64,
    },
    /// A model whose first layer has no weights and biases.
    #[error("the model has no filters")]
    NoFirstLayer,
    /// More filters than a layer has.
    #[error("{asked} filters were asked for, but the first layer has {there}")]
    TooManyFilters {
        /// How many were asked for.
        asked: i64,
        /// How many there are.
        there: i64,
    },
    /// A picture that leaves too little behind a convolution.
    #[error(
        "filters of {} x {} leave nothing to pool in a picture of {} x {}: take a larger picture or smaller filters",
        filter[0], filter[1], picture[0], picture[1]
    )]
    TooSmall {
        /// Width and height of a filter.
        filter: [i64; 2],
        /// Width and height of the picture.
        picture: [i64; 2],
    },
    /// A picture whose maps need more than 1 GiB.
    #[error(
        "{maps} maps of a picture of {} x {} take too much memory: take a smaller picture or fewer filters",
        picture[0], picture[1]
    )]
    TooLarge {
        /// Number of maps.
        maps: i64,
        /// Width and height of the picture.
        picture: [i64; 2],
    },
    /// A figure that cannot be drawn.
    #[error(transparent)]
    Figure(#[from] viz::Error),
    /// From libtorch.
    #[error(transparent)]
    Libtorch(#[from] torch_ext::Error),
    /// A model whose pictures no picture file holds.
    #[error("the model takes pictures of {channels} channels: a picture file has 1 (grey) or 3 (colour)")]
    Channels {
        /// Channels of the model's pictures.
        channels: i64,
    },
    /// A model whose pictures cannot be drawn.
    #[error("the model takes pictures of {channels} channels: one that can be drawn has 1 (grey) or 3 (colour)")]
    Undrawable {
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

impl Error {
    /// Wraps a failure of libtorch with what was attempted; made for `map_err`.
    pub(crate) fn torch(action: &'static str) -> impl FnOnce(tch::TchError) -> Error {
        move |cause| Error::Libtorch(torch_ext::Error::doing(action)(cause))
    }

    /// Whether the mistake lies in what was asked for rather than in the world.
    pub fn is_usage(&self) -> bool {
        match self {
            Error::Model(models::Error::Libtorch(_) | models::Error::Images { .. }) => false,
            Error::Saved(error) => error.is_usage(),
            Error::Data(tensor_data::Error::Augment { .. }) => true,
            Error::Model(_) | Error::NoFilters { .. } | Error::TooManyFilters { .. } => true,
            Error::TooSmall { .. } | Error::TooLarge { .. } => true,
            _ => false,
        }
    }
}
