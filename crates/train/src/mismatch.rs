//! What does not fit together among a recipe's keys, the pictures and the network: each with the keys, both values and the way
//! out. All of it is found before the first minibatch.

/// Two things that a run cannot have together.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Mismatch {
    /// The recipe names one data set, the pictures are another's.
    #[error(
        "recipe key `data.set` is \"{recipe}\", but the pictures are those of \"{pictures}\": name the data set that is trained on, \
         because every saved model tells of it"
    )]
    DataSet {
        /// The recipe's.
        recipe: String,
        /// The pictures'.
        pictures: String,
    },
    /// Pictures that were not normalised as the recipe says.
    #[error(
        "recipe keys `data.mean` and `data.std` do not say how these pictures of {pictures} are normalised: upload them with \
         Recipe::upload, or normalise them as the recipe says"
    )]
    Normalised {
        /// The data set.
        pictures: String,
    },
    /// A minibatch larger than the part of the data set that it is taken from.
    #[error(
        "recipe key `{key}` is {size}, but the {part} set of {pictures} holds {samples} samples: choose a smaller size"
    )]
    Minibatch {
        /// The key, dotted.
        key: &'static str,
        /// Its value.
        size: usize,
        /// "training", "validation" or "test".
        part: &'static str,
        /// The data set.
        pictures: String,
        /// Pictures in that part.
        samples: usize,
    },
    /// A minibatch of fewer pictures than there are processes to share it.
    #[error(
        "{} holds {smallest} pictures, fewer than the {ranks} ranks that share it: {}",
        if *is_last { "the last minibatch of an epoch" } else { "a minibatch" },
        if *is_last { "set minibatch.tail = \"drop\", or another minibatch.size" } else { "raise minibatch.size, or start fewer" }
    )]
    TooManyRanks {
        /// Processes that train together.
        ranks: usize,
        /// Pictures of the smallest minibatch.
        smallest: usize,
        /// Whether only the last of an epoch is so small.
        is_last: bool,
    },
    /// f16 in several processes.
    #[error("precision = \"f16\" does not train on several ranks: its loss scale is one process' own; take \"bf16\"")]
    RanksInF16,
    /// A network that cannot be built for these pictures.
    #[error("recipe section [model] on {pictures}: {problem}")]
    Network {
        /// The data set.
        pictures: String,
        /// What does not fit.
        problem: String,
    },
    /// A program's network of another architecture than the recipe's.
    #[error(
        "recipe section [model] is of kind {recipe}, but the model to train is of kind {model}: let the recipe's `model` be the \
         model's own `arch`"
    )]
    OtherNetwork {
        /// The recipe's kind.
        recipe: &'static str,
        /// The network's kind.
        model: &'static str,
    },
    /// A network for pictures of another shape or other classes.
    #[error(
        "the model takes pictures of {input:?} in {model_classes} classes, but {pictures} has pictures of {shape:?} in {classes}"
    )]
    Pictures {
        /// Channels, height and width that the network takes.
        input: [i64; 3],
        /// Classes that it tells apart.
        model_classes: i64,
        /// The data set.
        pictures: String,
        /// Channels, height and width of the pictures.
        shape: [i64; 3],
        /// Classes of the pictures.
        classes: i64,
    },
    /// Another number of class weights than of classes.
    #[error(
        "recipe key `loss.class_weights` holds {given} numbers, but the data set has {classes} classes: give one for each"
    )]
    ClassWeights {
        /// Weights given.
        given: usize,
        /// Classes of the pictures.
        classes: usize,
    },
    /// A class that cannot be weighed, because the training part has no picture of it.
    #[error(
        "recipe key `loss.class_weights` is \"balanced\", but class {class} has no picture in the training set: give a list of \
         weights, or hold out fewer pictures"
    )]
    EmptyClass {
        /// The class, from 0.
        class: usize,
    },
    /// A group that no parameter belongs to.
    #[error("recipe section [[groups]]: no parameter's name begins with \"{prefix}\"; there are {}", names.join(", "))]
    NoParameter {
        /// What the group's names should begin with.
        prefix: String,
        /// The names there are.
        names: Vec<String>,
    },
    /// A parameter that two groups take.
    #[error("recipe section [[groups]]: {name} lies in two groups, \"{one}\" and \"{other}\"; let it lie in one")]
    TwoGroups {
        /// The parameter.
        name: String,
        /// What the names of one group begin with.
        one: String,
        /// And those of the other.
        other: String,
    },
    /// Two ways of shrinking the weights at once.
    #[error(
        "recipe keys `optimizer.weight_decay` ({decay}; 0.01 where it is left out) and `penalty.l2` ({l2}) both shrink the weights: \
         set one of them to 0, or `penalty.with_weight_decay = true` to have both"
    )]
    TwoDecays {
        /// The optimiser's.
        decay: f64,
        /// The penalty's.
        l2: f64,
    },
    /// Options of a section that contradict one another.
    #[error("recipe section [{section}]: {problem}")]
    Section {
        /// The section's name.
        section: String,
        /// What contradicts what.
        problem: String,
    },
    /// A key whose value changes nothing.
    #[error("recipe key `{key}` has no effect: {why}; leave it out")]
    NoEffect {
        /// The key, dotted.
        key: &'static str,
        /// What makes it so.
        why: &'static str,
    },
    /// A fold and a validation part that leave too little to train on.
    #[error(
        "recipe key `pictures.validation` ({validation}) and {fold}, which tests {:.0} % of all pictures, leave less than a tenth of them \
         to learn from: set `pictures.validation` lower, or take more folds", 100.0 * fold.test_share()
    )]
    FoldShares {
        /// Share of the validation part.
        validation: f64,
        /// The fold.
        fold: tensor_data::Fold,
    },
    /// Shares that leave too little to train on.
    #[error(
        "recipe keys `pictures.validation` ({validation}) and `pictures.test` ({test}) leave less than a tenth of the pictures to learn \
         from: set them lower"
    )]
    Shares {
        /// Share of the validation part.
        validation: f64,
        /// Share of the test part.
        test: f64,
    },
}
