//! The names that libraries have for the tensors of one and the same network, brought to those of the network at hand.
//!
//! | network | own names | others that are understood |
//! | --- | --- | --- |
//! | ResNet | torchvision, timm | kuangliu/pytorch-cifar (`shortcut`, `linear`) |
//! | ResNet for CIFAR | akamaster/pytorch_resnet_cifar10 | a last layer called `fc` |
//! | VGG | torchvision | biases before a batch normalisation become part of its mean |
//! | MobileNetV2, V3-small, EfficientNet-B0 | torchvision | timm, lukemelas/EfficientNet-PyTorch |
//! | EfficientNet-lite0 | lukemelas/EfficientNet-PyTorch | timm |
//! | ConvNeXt | timm | torchvision, facebookresearch/ConvNeXt |
//! | ViT | timm | torchvision |
//!
//! Names say nothing of numbers beside the tensors: timm's `mobilenetv3_small_100` adds 1e-5 to variances where torchvision adds
//! 1e-3, and its `efficientnet_lite0` pads as PyTorch does (`tf_efficientnet_lite0` as this network).

mod mobile;
mod plain;

use std::collections::HashSet;

use tch::Tensor;

use crate::Weights;

/// A counter that PyTorch keeps beside running statistics.
const COUNTER: &str = "num_batches_tracked";
/// What libraries call layers after the features.
const HEADS: [&str; 9] =
    ["fc.", "linear.", "classifier.", "head.", "heads.", "_fc.", "pre_logits.", "last_linear.", "head_dist."];

/// The tensors of a file under a network's names.
#[derive(Debug)]
pub struct Fitted {
    /// Names and values, sorted by name.
    pub tensors: Vec<(String, Tensor)>,
    /// Whose names the file has, where they are not the network's.
    pub dialect: Option<&'static str>,
    /// The network's tensors that the file does not hold, sorted.
    pub missing: Vec<String>,
    /// Tensors of the file, under the names that came out, that the network does not have, sorted.
    pub unexpected: Vec<String>,
}

/// From a file's names to a network's; none where the file has other ones.
type Rename = fn(&Names<'_>, &str) -> Option<String>;

/// The names of a file and of a network.
pub(crate) struct Names<'a> {
    pub file: &'a [String],
    pub own: &'a HashSet<&'a str>,
}

/// The dialects that are understood, tried in this order.
const DIALECTS: [(&str, Rename); 7] = [
    ("timm", mobile::from_timm),
    ("lukemelas/EfficientNet-PyTorch", mobile::from_lukemelas),
    ("torchvision's ConvNeXt", plain::convnext_of_torchvision),
    ("facebookresearch/ConvNeXt", plain::convnext_of_facebook),
    ("torchvision's ViT", plain::vit_of_torchvision),
    ("kuangliu/pytorch-cifar", plain::resnet_of_kuangliu),
    ("chenyaofo/pytorch-cifar-models", plain::cifar_resnet_with_fc),
];

impl Weights {
    /// These tensors under the names of a network, `own`: in the dialect that gives the most of them.
    #[must_use]
    pub fn fitted<S: AsRef<str>>(&self, own: &[S]) -> Fitted {
        let own: HashSet<&str> = own.iter().map(AsRef::as_ref).collect();
        let kept = || self.tensors.iter().filter(|(name, _)| !name.ends_with(COUNTER));
        let file: Vec<String> = kept().map(|(name, _)| name.clone()).collect();
        let names = Names { file: &file, own: &own };
        let score = |named: &[String]| named.iter().filter(|name| own.contains(name.as_str())).count();
        let (mut best, mut dialect) = (file.clone(), None);
        for (name, rename) in DIALECTS {
            let renamed: Vec<String> =
                file.iter().map(|old| rename(&names, old).unwrap_or_else(|| old.clone())).collect();
            if score(&renamed) > score(&best) {
                (best, dialect) = (renamed, Some(name));
            }
        }
        let mut tensors: Vec<(String, Tensor)> =
            best.into_iter().zip(kept()).map(|(name, (_, tensor))| (name, tensor.shallow_clone())).collect();
        plain::fold_biases(&mut tensors, &own);
        tensors.sort_by(|(a, _), (b, _)| a.cmp(b));
        Fitted::of(tensors, dialect, &own)
    }
}

impl Fitted {
    fn of(tensors: Vec<(String, Tensor)>, dialect: Option<&'static str>, own: &HashSet<&str>) -> Fitted {
        let found: HashSet<&str> = tensors.iter().map(|(name, _)| name.as_str()).collect();
        let mut missing: Vec<String> = own.difference(&found).map(|&name| name.to_owned()).collect();
        missing.sort();
        let unexpected =
            tensors.iter().map(|(name, _)| name).filter(|name| !own.contains(name.as_str())).cloned().collect();
        Fitted { tensors, dialect, missing, unexpected }
    }

    /// Leaves out the layers that the file has after the features and the network does not, for a network with a head of its own.
    /// Gives their names.
    pub fn leave_other_heads_out(&mut self) -> Vec<String> {
        let is_head = |name: &str| HEADS.iter().any(|head| name.starts_with(head));
        let (heads, unexpected) = std::mem::take(&mut self.unexpected).into_iter().partition(|name| is_head(name));
        self.unexpected = unexpected;
        let heads: Vec<String> = heads;
        self.tensors.retain(|(name, _)| !heads.contains(name));
        heads
    }
}
