//! One error type: what was wrong, where, and what would be right.
//!
//! The text of an error is whole: it says its cause, which then is no `source()`.

/// Why a value, a set of parameters or a saved state was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A number is NaN, infinite or outside its interval.
    #[error(transparent)]
    OutOfRange(#[from] values::OutOfRange),
    /// Nesterov momentum together with options it is not defined for.
    #[error(
        "nesterov = true needs momentum above 0 and dampening = 0, but momentum = {momentum} and dampening = {dampening}"
    )]
    Nesterov {
        /// The momentum given.
        momentum: f64,
        /// The dampening given.
        dampening: f64,
    },
    /// An optimiser was given no parameters.
    #[error("an optimiser needs at least one parameter, but the list is empty")]
    NoParameters,
    /// A parameter cannot be optimised as it stands.
    #[error("parameter \"{name}\" cannot be optimised: {reason}")]
    Parameter {
        /// The parameter's name.
        name: String,
        /// What is wrong with it and how to mend it.
        reason: String,
    },
    /// The loss is not a number to descend on.
    #[error("no gradient can be taken of this loss: {reason}")]
    Loss {
        /// What is wrong with it and how to mend it.
        reason: String,
    },
    /// A list of gradients does not belong to the optimiser's parameters.
    #[error("the gradients do not fit the parameters: {reason}")]
    Gradients {
        /// What differs.
        reason: String,
    },
    /// A saved state does not belong to this optimiser; nothing of it was taken over.
    #[error("the saved optimiser state does not fit: \"{name}\" {reason}")]
    State {
        /// The tensor's name in the saved state.
        name: String,
        /// What differs, and what was expected.
        reason: String,
    },
    /// libtorch reported an error, most likely too little memory on the device.
    #[cfg(feature = "tch")]
    #[error(transparent)]
    Libtorch(#[from] torch_ext::Error),
}

#[cfg(feature = "tch")]
impl From<tch::TchError> for Error {
    fn from(error: tch::TchError) -> Self {
        Error::Libtorch(error.into())
    }
}
