//! The one shape of a failure of libtorch, for every package here: what was attempted, and what libtorch said of it.

use std::borrow::Cow;

use tch::TchError;

/// libtorch, or a kernel of this package, refused. The text is whole: what was attempted and the first line of libtorch's
/// message, without the C++ stack below it; there is no `source()`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Error(pub String);

impl Error {
    /// Says what libtorch was asked for when it failed, as in "read the loss"; made for `map_err`.
    pub fn doing(action: impl Into<Cow<'static, str>>) -> impl FnOnce(TchError) -> Error {
        let action = action.into();
        move |cause| Error(format!("libtorch could not {action}: {}", first_line(cause)))
    }
}

impl From<TchError> for Error {
    fn from(cause: TchError) -> Error {
        Error(format!("libtorch: {}", first_line(cause)))
    }
}

fn first_line(cause: TchError) -> String {
    let text = match cause {
        TchError::Torch(text) => text,
        other => other.to_string(),
    };
    text.lines().next().unwrap_or_default().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_says_what_was_asked_for_and_leaves_out_the_stack() {
        let cause = || TchError::Torch("out of memory \nframe #0: c10::alloc".to_owned());
        assert_eq!(Error::doing("add")(cause()).to_string(), "libtorch could not add: out of memory");
        assert_eq!(Error::from(cause()).to_string(), "libtorch: out of memory");
    }
}
