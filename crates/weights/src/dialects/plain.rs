//! Names that differ word by word.

use std::collections::HashSet;

use tch::{Kind, Tensor};

use super::Names;

/// A name's parts between dots, those that are numbers as numbers.
fn parts(name: &str) -> Vec<&str> {
    name.split('.').collect()
}

pub(super) fn convnext_of_torchvision(_: &Names<'_>, name: &str) -> Option<String> {
    let name = parts(name);
    Some(match name[..] {
        ["features", "0", place, tensor] => format!("stem.{place}.{tensor}"),
        ["features", stage, block, "layer_scale"] => format!("stages.{}.blocks.{block}.gamma", odd(stage)?),
        ["features", stage, place, tensor] => {
            // 2, 4 and 6 lead to stages 1, 2 and 3.
            let stage = stage.parse::<usize>().ok().filter(|stage| stage % 2 == 0)? / 2;
            format!("stages.{stage}.downsample.{place}.{tensor}")
        }
        ["features", stage, block, "block", layer, tensor] => {
            let layer = match layer {
                "0" => "conv_dw",
                "2" => "norm",
                "3" => "mlp.fc1",
                "5" => "mlp.fc2",
                _ => return None,
            };
            format!("stages.{}.blocks.{block}.{layer}.{tensor}", odd(stage)?)
        }
        ["classifier", "0", tensor] => format!("head.norm.{tensor}"),
        ["classifier", "2", tensor] => format!("head.fc.{tensor}"),
        _ => return None,
    })
}

/// 1, 3, 5 and 7 are stages 0 to 3.
fn odd(stage: &str) -> Option<usize> {
    stage.parse::<usize>().ok().filter(|stage| stage % 2 == 1).map(|stage| stage / 2)
}

pub(super) fn convnext_of_facebook(_: &Names<'_>, name: &str) -> Option<String> {
    let name = parts(name);
    Some(match name[..] {
        ["downsample_layers", "0", place, tensor] => format!("stem.{place}.{tensor}"),
        ["downsample_layers", stage, place, tensor] => format!("stages.{stage}.downsample.{place}.{tensor}"),
        ["stages", stage, block, "gamma"] => format!("stages.{stage}.blocks.{block}.gamma"),
        ["stages", stage, block, layer, tensor] => {
            let layer = match layer {
                "dwconv" => "conv_dw",
                "norm" => "norm",
                "pwconv1" => "mlp.fc1",
                "pwconv2" => "mlp.fc2",
                _ => return None,
            };
            format!("stages.{stage}.blocks.{block}.{layer}.{tensor}")
        }
        ["norm", tensor] => format!("head.norm.{tensor}"),
        ["head", tensor] => format!("head.fc.{tensor}"),
        _ => return None,
    })
}

pub(super) fn vit_of_torchvision(_: &Names<'_>, name: &str) -> Option<String> {
    let name = parts(name);
    Some(match name[..] {
        ["class_token"] => "cls_token".to_owned(),
        ["encoder", "pos_embedding"] => "pos_embed".to_owned(),
        ["conv_proj", tensor] => format!("patch_embed.proj.{tensor}"),
        ["encoder", "ln", tensor] => format!("norm.{tensor}"),
        ["heads", "head", tensor] => format!("head.{tensor}"),
        ["encoder", "layers", layer, ref inner @ ..] => {
            let layer = layer.strip_prefix("encoder_layer_")?;
            let inner = match *inner {
                ["ln_1", tensor] => format!("norm1.{tensor}"),
                ["ln_2", tensor] => format!("norm2.{tensor}"),
                ["self_attention", tensor @ ("in_proj_weight" | "in_proj_bias")] => {
                    format!("attn.qkv.{}", tensor.strip_prefix("in_proj_")?)
                }
                ["self_attention", "out_proj", tensor] => format!("attn.proj.{tensor}"),
                // The second name of each is that of files before torchvision 0.13.
                ["mlp", "0" | "linear_1", tensor] => format!("mlp.fc1.{tensor}"),
                ["mlp", "3" | "linear_2", tensor] => format!("mlp.fc2.{tensor}"),
                _ => return None,
            };
            format!("blocks.{layer}.{inner}")
        }
        _ => return None,
    })
}

pub(super) fn resnet_of_kuangliu(_: &Names<'_>, name: &str) -> Option<String> {
    Some(match name.strip_prefix("linear.") {
        Some(tensor) => format!("fc.{tensor}"),
        None => name.replace(".shortcut.", ".downsample."),
    })
}

pub(super) fn cifar_resnet_with_fc(_: &Names<'_>, name: &str) -> Option<String> {
    name.strip_prefix("fc.").map(|tensor| format!("linear.{tensor}"))
}

/// A bias that the network does not have, of a convolution before a batch normalisation: it moves what is normalised, and so the mean
/// that is subtracted moves by as much.
pub(super) fn fold_biases(tensors: &mut Vec<(String, Tensor)>, own: &HashSet<&str>) {
    let biases: Vec<(String, Tensor)> = tensors
        .iter()
        .filter(|(name, _)| name.starts_with("features.") && name.ends_with(".bias") && !own.contains(name.as_str()))
        .map(|(name, tensor)| (name.clone(), tensor.shallow_clone()))
        .collect();
    for (name, bias) in biases {
        let number = name.trim_start_matches("features.").trim_end_matches(".bias").parse::<u32>();
        let Some(mean) = number.ok().map(|number| format!("features.{}.running_mean", number + 1)) else { continue };
        let Some((_, mean)) = tensors.iter_mut().find(|(other, _)| *other == mean) else { continue };
        if mean.size() != bias.size() {
            continue;
        }
        *mean = mean.to_kind(Kind::Float) - bias.to_kind(Kind::Float);
        tensors.retain(|(other, _)| *other != name);
    }
}
