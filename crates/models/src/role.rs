//! What parameters are to their layers.

/// What a parameter is to its layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A weight matrix or filters: what a penalty sees.
    Weight,
    /// Added to each output; never penalised.
    Bias,
    /// Multiplied with each normalised output; never penalised.
    Scale,
}
