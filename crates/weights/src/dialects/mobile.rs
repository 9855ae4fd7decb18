//! Networks of inverted bottlenecks, whose layers libraries number each in its own way: a name is taken apart into the layer that it
//! means, and put together as the network has it.

use std::collections::BTreeSet;

use super::Names;

/// A layer of such a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layer {
    Stem,
    StemNorm,
    /// A layer of a block; blocks are counted from 0 through all stages.
    Block(usize, Piece),
    Last,
    LastNorm,
    /// The hidden layer of MobileNetV3's classifier.
    Hidden,
    Classifier,
}

/// A layer of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Expand,
    ExpandNorm,
    Depthwise,
    DepthwiseNorm,
    Squeeze,
    Excite,
    Project,
    ProjectNorm,
}

/// What a block has beside its depthwise convolution and its projection.
#[derive(Clone, Copy)]
struct Shape {
    expands: bool,
    gated: bool,
}

pub(super) fn from_timm(names: &Names<'_>, name: &str) -> Option<String> {
    let has_conv = |block: &str| names.file.iter().any(|other| *other == format!("{block}.conv.weight"));
    let has = |block: &str, layer: &str| names.file.iter().any(|other| other.starts_with(&format!("{block}.{layer}.")));
    let (layer, tensor) = name.rsplit_once('.')?;
    // MobileNetV3's last block is a convolution alone; what other networks call `conv_head` is a hidden layer there.
    let ends_in_conv = names.file.iter().any(|other| other.starts_with("blocks.") && other.ends_with(".0.conv.weight"));
    let blocks = || numbered(names.file.iter().map(String::as_str), "blocks.", 2);
    let meant = match layer {
        "conv_stem" => Layer::Stem,
        "bn1" => Layer::StemNorm,
        "conv_head" if ends_in_conv => Layer::Hidden,
        "conv_head" => Layer::Last,
        "bn2" => Layer::LastNorm,
        "classifier" => Layer::Classifier,
        _ => {
            let mut parts = layer.strip_prefix("blocks.")?.splitn(3, '.');
            let (stage, place, inner) = (parts.next()?, parts.next()?, parts.next()?);
            let block = format!("blocks.{stage}.{place}");
            if has_conv(&block) {
                if inner == "conv" { Layer::Last } else { Layer::LastNorm }
            } else {
                let number = blocks().iter().position(|other| *other == block)?;
                Layer::Block(number, timm_piece(inner, has(&block, "conv_pwl"))?)
            }
        }
    };
    let shape = |number: usize| {
        let block = blocks().get(number).cloned()?;
        Some(Shape { expands: has(&block, "conv_pwl"), gated: has(&block, "se") })
    };
    Some(format!("{}.{tensor}", own_name(names, meant, shape)?))
}

fn timm_piece(inner: &str, expands: bool) -> Option<Piece> {
    Some(match (inner, expands) {
        ("conv_pw", true) => Piece::Expand,
        ("bn1", true) => Piece::ExpandNorm,
        ("conv_dw", _) => Piece::Depthwise,
        ("bn2", true) | ("bn1", false) => Piece::DepthwiseNorm,
        ("se.conv_reduce", _) => Piece::Squeeze,
        ("se.conv_expand", _) => Piece::Excite,
        ("conv_pwl", true) | ("conv_pw", false) => Piece::Project,
        ("bn3", true) | ("bn2", false) => Piece::ProjectNorm,
        _ => return None,
    })
}

pub(super) fn from_lukemelas(names: &Names<'_>, name: &str) -> Option<String> {
    let (layer, tensor) = name.rsplit_once('.')?;
    let has = |number: usize, layer: &str| {
        names.file.iter().any(|other| other.starts_with(&format!("_blocks.{number}.{layer}.")))
    };
    let meant = match layer {
        "_conv_stem" => Layer::Stem,
        "_bn0" => Layer::StemNorm,
        "_conv_head" => Layer::Last,
        "_bn1" => Layer::LastNorm,
        "_fc" => Layer::Classifier,
        _ => {
            let (number, inner) = layer.strip_prefix("_blocks.")?.split_once('.')?;
            let piece = PIECES.into_iter().find(|(_, own)| *own == inner)?.0;
            Layer::Block(number.parse().ok()?, piece)
        }
    };
    let shape = |number: usize| Some(Shape { expands: has(number, "_expand_conv"), gated: has(number, "_se_reduce") });
    Some(format!("{}.{tensor}", own_name(names, meant, shape)?))
}

/// The pieces of a block in lukemelas/EfficientNet-PyTorch.
const PIECES: [(Piece, &str); 8] = [
    (Piece::Expand, "_expand_conv"),
    (Piece::ExpandNorm, "_bn0"),
    (Piece::Depthwise, "_depthwise_conv"),
    (Piece::DepthwiseNorm, "_bn1"),
    (Piece::Squeeze, "_se_reduce"),
    (Piece::Excite, "_se_expand"),
    (Piece::Project, "_project_conv"),
    (Piece::ProjectNorm, "_bn2"),
];

/// A layer as the network at hand calls it.
fn own_name(names: &Names<'_>, layer: Layer, shape: impl Fn(usize) -> Option<Shape>) -> Option<String> {
    if names.own.contains("_conv_stem.weight") {
        return Some(match layer {
            Layer::Stem => "_conv_stem".to_owned(),
            Layer::StemNorm => "_bn0".to_owned(),
            Layer::Last => "_conv_head".to_owned(),
            Layer::LastNorm => "_bn1".to_owned(),
            Layer::Classifier => "_fc".to_owned(),
            Layer::Hidden => return None,
            Layer::Block(number, piece) => {
                format!("_blocks.{number}.{}", PIECES.into_iter().find(|(own, _)| *own == piece)?.1)
            }
        });
    }
    let own = || names.own.iter().copied();
    let last =
        || own().filter_map(|name| name.strip_prefix("features.")?.split('.').next()?.parse::<usize>().ok()).max();
    Some(match layer {
        Layer::Stem => "features.0.0".to_owned(),
        Layer::StemNorm => "features.0.1".to_owned(),
        Layer::Last => format!("features.{}.0", last()?),
        Layer::LastNorm => format!("features.{}.1", last()?),
        Layer::Hidden => "classifier.0".to_owned(),
        Layer::Classifier if names.own.contains("classifier.3.weight") => "classifier.3".to_owned(),
        Layer::Classifier => "classifier.1".to_owned(),
        Layer::Block(number, piece) => {
            let shape = shape(number)?;
            // MobileNetV2 has `features.1.conv`, V3 `features.1.block`, EfficientNet `features.1.0.block`.
            let is_v2 = own().any(|name| name.starts_with("features.1.conv."));
            let depth = if own().any(|name| name.starts_with("features.1.0.block.")) { 2 } else { 1 };
            let inside = own().filter(|name| name.contains(".block.") || name.contains(".conv."));
            let block = numbered(inside, "features.", depth).get(number).cloned()?;
            if is_v2 {
                format!("{block}.conv.{}", v2_piece(piece, shape)?)
            } else {
                format!("{block}.block.{}", piece_of(piece, shape))
            }
        }
    })
}

/// Places in torchvision's blocks since MobileNetV3: those layers are numbered that are there.
fn piece_of(piece: Piece, shape: Shape) -> String {
    let depthwise = usize::from(shape.expands);
    let project = depthwise + 1 + usize::from(shape.gated);
    match piece {
        Piece::Expand => "0.0".to_owned(),
        Piece::ExpandNorm => "0.1".to_owned(),
        Piece::Depthwise => format!("{depthwise}.0"),
        Piece::DepthwiseNorm => format!("{depthwise}.1"),
        Piece::Squeeze => format!("{}.fc1", depthwise + 1),
        Piece::Excite => format!("{}.fc2", depthwise + 1),
        Piece::Project => format!("{project}.0"),
        Piece::ProjectNorm => format!("{project}.1"),
    }
}

/// In MobileNetV2 the projection and its norm are no pair of their own.
fn v2_piece(piece: Piece, shape: Shape) -> Option<String> {
    let project = usize::from(shape.expands) + 1;
    Some(match piece {
        Piece::Squeeze | Piece::Excite => return None,
        Piece::Project => project.to_string(),
        Piece::ProjectNorm => (project + 1).to_string(),
        other => piece_of(other, shape),
    })
}

/// The distinct beginnings of names: `prefix` and `depth` numbers after it, in the order of the numbers.
fn numbered<'a>(names: impl Iterator<Item = &'a str>, prefix: &str, depth: usize) -> Vec<String> {
    let numbers = names.filter_map(|name| {
        let parts = name.strip_prefix(prefix)?.split('.').take(depth);
        parts.map(|part| part.parse().ok()).collect::<Option<Vec<usize>>>()
    });
    let sorted: BTreeSet<Vec<usize>> = numbers.collect();
    let name = |numbers: Vec<usize>| {
        let numbers: Vec<String> = numbers.iter().map(usize::to_string).collect();
        format!("{prefix}{}", numbers.join("."))
    };
    sorted.into_iter().map(name).collect()
}
