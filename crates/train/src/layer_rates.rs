//! Learning rates that fall from the head towards the pictures: what a network knows of edges and textures serves other pictures as it
//! is, what it knows of whole things does less so (Howard and Ruder 2018, "discriminative fine-tuning").

use models::{Parameter, Role};
use std::collections::HashSet;

/// How many blocks come after each parameter's, in the order of the parameters: none after the last one's.
pub(crate) fn blocks_after<'a>(parameters: impl Iterator<Item = (&'a str, Role)>) -> Vec<i32> {
    let parameters: Vec<_> = parameters.map(|(name, role)| (block(name), role)).collect();
    let with_weights: HashSet<&str> =
        parameters.iter().filter(|(_, role)| *role == Role::Weight).map(|(block, _)| *block).collect();
    let (mut numbers, mut last, mut current) = (Vec::new(), 0, None);
    for (block, _) in parameters {
        // What has no weights, as a normalisation, belongs to the block before it.
        if current.is_none() || (current != Some(block) && with_weights.contains(block)) {
            last += i32::from(current.is_some());
            current = Some(block);
        }
        numbers.push(last);
    }
    numbers.into_iter().map(|number| last - number).collect()
}

/// What [`blocks_after`] takes of a model.
pub(crate) fn named(parameters: &[Parameter]) -> impl Iterator<Item = (&str, Role)> {
    parameters.iter().map(|it| (it.name.as_str(), it.role))
}

/// The part of a tensor's name that names its block: up to the first number, else its layer.
fn block(name: &str) -> &str {
    let mut end = 0;
    for part in name.split('.') {
        end += part.len();
        if is_number(part) {
            return &name[..end];
        }
        end += 1;
    }
    name.rsplit_once('.').map_or(name, |(layer, _)| layer)
}

fn is_number(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use Role::{Bias, Scale, Weight};

    #[test]
    fn blocks_are_numbered_from_the_head() {
        let lenet = ["conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias", "hidden1.weight", "output.weight"];
        let roles = [Weight, Bias, Weight, Bias, Weight, Weight];
        assert_eq!(blocks_after(lenet.into_iter().zip(roles)), [3, 3, 2, 2, 1, 0]);
    }

    #[test]
    fn a_normalisation_belongs_to_the_layer_before_it() {
        let parameters = [
            ("_conv_stem.weight", Weight),
            ("_bn0.weight", Scale),
            ("_bn0.bias", Bias),
            ("_blocks.0._depthwise_conv.weight", Weight),
            ("_blocks.0._bn1.weight", Scale),
            ("_blocks.1._expand_conv.weight", Weight),
            ("_blocks.1._bn0.bias", Bias),
            ("_conv_head.weight", Weight),
            ("_bn1.weight", Scale),
            ("_fc.weight", Weight),
            ("_fc.bias", Bias),
        ];
        assert_eq!(blocks_after(parameters.into_iter()), [4, 4, 4, 3, 3, 2, 2, 1, 1, 0, 0]);
    }

    #[test]
    fn a_numbered_normalisation_belongs_to_its_layer_all_the_same() {
        let parameters = [("features.0.weight", Weight), ("features.1.bias", Bias), ("features.3.weight", Weight)];
        assert_eq!(blocks_after(parameters.into_iter()), [1, 1, 0]);
    }

    #[test]
    fn numbers_within_a_block_make_no_blocks() {
        let parameters = [
            ("features.0.0.weight", Weight),
            ("features.0.1.weight", Scale),
            ("features.1.conv.0.0.weight", Weight),
            ("features.1.conv.0.1.bias", Bias),
            ("features.1.conv.1.weight", Weight),
            ("classifier.1.weight", Weight),
        ];
        assert_eq!(blocks_after(parameters.into_iter()), [2, 2, 1, 1, 1, 0]);
    }

    #[test]
    fn a_block_that_begins_with_a_normalisation_is_its_own() {
        let parameters = [
            ("patch_embed.proj.weight", Weight),
            ("blocks.0.norm1.weight", Scale),
            ("blocks.0.attn.qkv.weight", Weight),
        ];
        let more = [("blocks.1.norm1.weight", Scale), ("blocks.1.attn.qkv.weight", Weight), ("norm.weight", Scale)];
        let all = parameters.into_iter().chain(more).chain([("head.weight", Weight)]);
        assert_eq!(blocks_after(all), [3, 2, 2, 1, 1, 1, 0]);
    }
}
