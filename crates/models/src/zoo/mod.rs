//! The networks that recipes name, each a short function to a [`Classifier`].

mod airbench;
mod convmixer;
mod convnext;
mod lenet;
mod lenet5;
mod list;
mod mlp;
mod mobile;
mod parts;
mod resnet;
mod softmax;
mod vgg;
mod vit;

pub use list::{Entry, list};

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
        Arch::LeNet5 => Ok(lenet5::network(classes)),
        Arch::Vgg { size } => Ok(vgg::network(*size, classes)),
        Arch::CifarResNet { depth } => Ok(resnet::cifar(*depth, classes)),
        Arch::ResNet { depth, stem } => Ok(resnet::imagenet(*depth, *stem, classes)),
        Arch::WideResNet { depth, width } => Ok(resnet::wide(*depth, *width, classes)),
        Arch::ResNet9 => Ok(resnet::nine(classes)),
        Arch::Airbench { target } => Ok(airbench::network(*target, classes)),
        Arch::ConvMixer { width, depth, kernel, patch } => {
            Ok(convmixer::network(*width, *depth, *kernel, *patch, classes))
        }
        Arch::MobileNetV2 => Ok(mobile::v2(classes)),
        Arch::MobileNetV3Small => Ok(mobile::v3_small(classes)),
        Arch::EfficientNetB0 => Ok(mobile::efficientnet_b0(classes)),
        Arch::EfficientNetLite0 => Ok(mobile::efficientnet_lite0(classes)),
        Arch::ConvNext { size } => Ok(convnext::network(*size, classes)),
        Arch::Vit { size, patch } => Ok(vit::network(*size, *patch, classes)),
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
