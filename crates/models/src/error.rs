//! Everything that can be wrong with a model's description or with values copied into it, each said with the
//! place and the way out.
//!
//! The text of an error is whole: it says its cause, which then is no `source()`.

use tch::TchError;

use crate::shape::MAX_PARAMETERS;
use crate::shape::shape_text;

/// Why a model could not be built or filled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A key of the architecture, or a size that the data set gives, lies outside its range.
    #[error("model: {0}")]
    OutOfRange(values::OutOfRange),
    /// An MLP without a hidden layer.
    #[error(
        "model: `hidden` is [], but must be a list of at least one width; kind = \"softmax\" is the model without hidden layers"
    )]
    NoHiddenLayer,
    /// A residual network of three stages whose layers cannot be shared out evenly.
    #[error("model: `depth` is {depth}, but must be 6n + {rest}, for instance {below} or {}", below + 6)]
    Depth {
        /// The depth asked for.
        depth: i64,
        /// Layers outside of the blocks.
        rest: i64,
        /// The next depth below that can be had.
        below: i64,
    },
    /// Nothing would be left of the picture after a convolution or pooling.
    #[error(
        "model: a picture of {} is too small: sizes are {sizes}, and nothing is left for {layer}; use pictures of at least \
         {needed}x{needed}, or smaller filters",
        shape_text(.input)
    )]
    PictureTooSmall {
        /// Channels, height and width of the picture.
        input: [i64; 3],
        /// The sizes up to the layer that fails, in words.
        sizes: String,
        /// The layer whose output would be empty.
        layer: String,
        /// The smallest height and width that this network takes.
        needed: i64,
    },
    /// Parts of a network do not fit one another.
    #[error("model: {part}: {problem}")]
    Block {
        /// The part's name, with those of all parts around it.
        part: String,
        /// What does not fit.
        problem: String,
    },
    /// A network of a program's own that cannot be had twice.
    #[error(
        "the network \"{name}\" cannot be had twice, which an average of its weights needs: give it a `twin`, or train without \
         [average]"
    )]
    NoTwin {
        /// What the program calls it.
        name: String,
    },
    /// A network of a program's own whose head cannot be told from the rest.
    #[error(
        "the network \"{name}\" was built by a program of its own, so that its head cannot be told from the rest: train all of it, \
         or build it from blocks"
    )]
    NoTrunk {
        /// What the program calls it.
        name: String,
    },
    /// A network without batch normalisation whose statistics were to be kept.
    #[error("the network \"{name}\" has no batch normalisation that could keep its statistics")]
    NoStatistics {
        /// The network.
        name: String,
    },
    /// A network of a program's own whose operations are not known.
    #[error(
        "the network \"{name}\" was built by a program of its own with tch, so that its operations are not known: build it from blocks"
    )]
    NoGraph {
        /// What the program calls it.
        name: String,
    },
    /// An architecture that only a program can build.
    #[error(
        "the network \"{name}\" was built by a program of its own: only that program can build it again; read its \
         model.safetensors there"
    )]
    Own {
        /// What the program calls it.
        name: String,
    },
    /// The model would have more than [`MAX_PARAMETERS`] values.
    #[error("model: {layer} brings the model to more than {MAX_PARAMETERS} parameters; use smaller layers or pictures")]
    TooLarge {
        /// The layer at which the limit is passed.
        layer: String,
    },
    /// The names given do not match the model's.
    #[error("parameters do not fit the model:{}{}{}", listed("missing", .missing), listed("unexpected", .unexpected), listed("given twice", .repeated))]
    Names {
        /// Parameters of the model that were not given.
        missing: Vec<String>,
        /// Names given that the model does not have.
        unexpected: Vec<String>,
        /// Names given more than once.
        repeated: Vec<String>,
    },
    /// A parameter was given with another shape.
    #[error(
        "parameter {name} has shape {}, but the model's is {}; was it saved from an architecture with other sizes?",
        shape_text(.found),
        shape_text(.expected)
    )]
    Shape {
        /// The parameter.
        name: String,
        /// The model's shape.
        expected: Vec<i64>,
        /// The shape given.
        found: Vec<i64>,
    },
    /// A parameter was given with another type than f32.
    #[error("parameter {name} holds {found} values, but the model's are Float (f32); convert it first")]
    Kind {
        /// The parameter.
        name: String,
        /// The type given, as libtorch calls it.
        found: String,
    },
    /// Images of another shape, type or device than the model takes.
    #[error("images are {found}, but the model takes {expected}")]
    Images {
        /// What the model takes, in words.
        expected: String,
        /// What was given, in words.
        found: String,
    },
    /// A layer that the model does not have.
    #[error("the model has no layer {layer}; it has {}", .layers.join(", "))]
    NoLayer {
        /// The layer asked for.
        layer: String,
        /// The layers there are, first to last.
        layers: Vec<String>,
    },
    /// A unit, map or class that a layer does not have.
    #[error("layer {layer} has no unit {unit}: it has {units}, numbered from 0")]
    NoUnit {
        /// The layer; classes are the units of `output`.
        layer: String,
        /// The unit asked for.
        unit: i64,
        /// How many units or maps the layer has.
        units: i64,
    },
    /// Grad-CAM of a model or a layer without convolution.
    #[error("Grad-CAM needs a convolution: {}", no_convolution(.layer.as_deref(), .convolutions))]
    NoConvolution {
        /// The layer asked for, if any was.
        layer: Option<String>,
        /// The model's convolutions, first to last.
        convolutions: Vec<String>,
    },
    /// libtorch refused, for instance because the device does not exist or its memory is full.
    #[error(transparent)]
    Libtorch(#[from] torch_ext::Error),
}

impl From<values::OutOfRange> for Error {
    fn from(problem: values::OutOfRange) -> Error {
        Error::OutOfRange(problem)
    }
}

impl Error {
    pub(crate) fn libtorch(doing: impl Into<String>) -> impl FnOnce(TchError) -> Error {
        let doing = doing.into();
        |cause| Error::Libtorch(torch_ext::Error::doing(doing)(cause))
    }
}

fn listed(what: &str, names: &[String]) -> String {
    const SHOWN: usize = 8;
    match names.len() {
        0 => String::new(),
        count if count > SHOWN => format!(" {what}: {} and {} more.", names[..SHOWN].join(", "), count - SHOWN),
        _ => format!(" {what}: {}.", names.join(", ")),
    }
}

fn no_convolution(layer: Option<&str>, convolutions: &[String]) -> String {
    match layer {
        _ if convolutions.is_empty() => "this model has none".to_owned(),
        Some(layer) => format!("{layer} is none; take {}", convolutions.join(" or ")),
        None => format!("take {}", convolutions.join(" or ")),
    }
}
