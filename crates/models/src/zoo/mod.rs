//! The networks that recipes name, each a short function to a [`Classifier`].

mod lenet;
mod mlp;
mod softmax;

use crate::block::{Classifier, Init, Linear};
use crate::{Activation, Arch, Error, Initial};

/// The network of an architecture for `classes` classes.
pub(crate) fn network(arch: &Arch, classes: i64) -> Result<Classifier, Error> {
    arch.check()?;
    match arch {
        Arch::Softmax => Ok(softmax::network(classes)),
        Arch::Mlp { hidden, activation, initial, dropout } => {
            Ok(mlp::network(hidden, *activation, *initial, *dropout, classes))
        }
        Arch::LeNet { filters, kernel, hidden, activation, initial, dropout, ignore_border } => {
            let convolutions =
                lenet::Convolutions { filters: *filters, kernel: *kernel, ignore_border: *ignore_border };
            Ok(lenet::network(convolutions, *hidden, *activation, *initial, *dropout, classes))
        }
        Arch::Own { name } => Err(Error::Own { name: name.clone() }),
    }
}

/// The tutorial's output layer: all zeros.
fn output(classes: i64) -> Linear {
    Linear::new(classes).init(Init::Zero)
}

/// The tutorial's initial weights for a layer with this activation.
fn tutorial(rule: Initial, activation: Activation, pool_area: i64) -> Init {
    Init::Uniform { rule, activation, pool_area }
}
