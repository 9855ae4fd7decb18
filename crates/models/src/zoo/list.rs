//! The networks that people name, with the pictures that their published figures are for.

use crate::arch::{Airbench, ConvNextSize, ResNetDepth, Stem, VggSize, VitSize};
use crate::{Arch, Error, Summary};

/// A network with its usual size of pictures and number of classes.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What people call it, in small letters, for instance `resnet18` or `wrn-28-10`.
    pub name: &'static str,
    /// What a recipe says.
    pub arch: Arch,
    /// Channels, height and width of the pictures.
    pub input: [i64; 3],
    /// Number of classes.
    pub classes: i64,
}

impl Entry {
    /// Its layers, parameters and multiply-adds; nothing is allocated.
    ///
    /// # Errors
    /// None for the entries of [`list`]; those of [`Arch::summary`] for others.
    pub fn summary(&self) -> Result<Summary, Error> {
        self.arch.summary(self.input, self.classes)
    }
}

/// All networks that recipes can name, by family and size.
pub fn list() -> Vec<Entry> {
    const MNIST: ([i64; 3], i64) = ([1, 28, 28], 10);
    const CIFAR: ([i64; 3], i64) = ([3, 32, 32], 10);
    const IMAGENET: ([i64; 3], i64) = ([3, 224, 224], 1000);
    let resnet = |depth, stem| Arch::ResNet { depth, stem };
    let rows = [
        ("softmax", Arch::Softmax, MNIST),
        ("mlp", Arch::mlp(), MNIST),
        ("lenet", Arch::lenet(), MNIST),
        ("lenet5", Arch::LeNet5, MNIST),
        ("vgg-small", Arch::Vgg { size: VggSize::Small }, CIFAR),
        ("vgg11", Arch::Vgg { size: VggSize::Eleven }, CIFAR),
        ("vgg16", Arch::Vgg { size: VggSize::Sixteen }, CIFAR),
        ("resnet20", Arch::CifarResNet { depth: 20 }, CIFAR),
        ("resnet32", Arch::CifarResNet { depth: 32 }, CIFAR),
        ("resnet44", Arch::CifarResNet { depth: 44 }, CIFAR),
        ("resnet56", Arch::CifarResNet { depth: 56 }, CIFAR),
        ("resnet110", Arch::CifarResNet { depth: 110 }, CIFAR),
        ("resnet18-cifar", resnet(ResNetDepth::D18, Stem::Cifar), CIFAR),
        ("resnet34-cifar", resnet(ResNetDepth::D34, Stem::Cifar), CIFAR),
        ("resnet50-cifar", resnet(ResNetDepth::D50, Stem::Cifar), CIFAR),
        ("wrn-16-4", Arch::WideResNet { depth: 16, width: 4 }, CIFAR),
        ("wrn-28-10", Arch::WideResNet { depth: 28, width: 10 }, CIFAR),
        ("resnet9", Arch::ResNet9, CIFAR),
        ("airbench93", Arch::Airbench { target: Airbench::A93 }, CIFAR),
        ("airbench94", Arch::Airbench { target: Airbench::A94 }, CIFAR),
        ("airbench95", Arch::Airbench { target: Airbench::A95 }, CIFAR),
        ("airbench96", Arch::Airbench { target: Airbench::A96 }, CIFAR),
        ("convmixer-256-8", Arch::ConvMixer { width: 256, depth: 8, kernel: 5, patch: 2 }, CIFAR),
        ("resnet18", resnet(ResNetDepth::D18, Stem::Imagenet), IMAGENET),
        ("resnet34", resnet(ResNetDepth::D34, Stem::Imagenet), IMAGENET),
        ("resnet50", resnet(ResNetDepth::D50, Stem::Imagenet), IMAGENET),
        ("mobilenet-v2", Arch::MobileNetV2, IMAGENET),
        ("mobilenet-v3-small", Arch::MobileNetV3Small, IMAGENET),
        ("efficientnet-b0", Arch::EfficientNetB0, IMAGENET),
        ("efficientnet-lite0", Arch::EfficientNetLite0, IMAGENET),
        ("convnext-atto", Arch::ConvNext { size: ConvNextSize::Atto }, IMAGENET),
        ("convnext-tiny", Arch::ConvNext { size: ConvNextSize::Tiny }, IMAGENET),
        ("vit-tiny", Arch::Vit { size: VitSize::Tiny, patch: 16 }, IMAGENET),
        ("vit-small", Arch::Vit { size: VitSize::Small, patch: 16 }, IMAGENET),
    ];
    rows.into_iter().map(|(name, arch, (input, classes))| Entry { name, arch, input, classes }).collect()
}
