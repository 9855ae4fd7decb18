//! Sizes that networks are published in, by the words that recipes use.

use serde::{Deserialize, Serialize};

/// Layers of a VGG.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum VggSize {
    /// Four convolutions, 64 to 256 maps.
    #[default]
    #[serde(rename = "small")]
    Small,
    /// Eight convolutions, 64 to 512 maps.
    #[serde(rename = "11")]
    Eleven,
    /// Thirteen convolutions, 64 to 512 maps.
    #[serde(rename = "16")]
    Sixteen,
}

/// Layers of a residual network for larger pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResNetDepth {
    /// Eight blocks of two convolutions.
    #[default]
    #[serde(rename = "18")]
    D18,
    /// Sixteen blocks of two convolutions.
    #[serde(rename = "34")]
    D34,
    /// Sixteen blocks of three convolutions.
    #[serde(rename = "50")]
    D50,
}

/// How a residual network begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stem {
    /// 7x7 convolution of stride 2 and a pooling of stride 2, for pictures of about 224 pixels.
    #[default]
    #[serde(rename = "imagenet")]
    Imagenet,
    /// 3x3 convolution of stride 1, for pictures of about 32 pixels.
    #[serde(rename = "cifar")]
    Cifar,
}

/// The test accuracy on CIFAR-10, in per cent, that a network of cifar10-airbench was made for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Airbench {
    /// 64, 128 and 128 maps.
    #[serde(rename = "93")]
    A93,
    /// 64, 256 and 256 maps.
    #[default]
    #[serde(rename = "94")]
    A94,
    /// 128, 384 and 384 maps.
    #[serde(rename = "95")]
    A95,
    /// 128, 384 and 512 maps, three convolutions in each group.
    #[serde(rename = "96")]
    A96,
}

/// Sizes of ConvNeXt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConvNextSize {
    /// 12 blocks, 40 to 320 maps.
    #[default]
    #[serde(rename = "atto")]
    Atto,
    /// 18 blocks, 96 to 768 maps.
    #[serde(rename = "tiny")]
    Tiny,
}

/// Sizes of the vision transformer, each with 12 layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum VitSize {
    /// 192 values for each token, 3 heads.
    #[default]
    #[serde(rename = "tiny")]
    Tiny,
    /// 384 values for each token, 6 heads.
    #[serde(rename = "small")]
    Small,
}
