//! The transforms beside torchvision's: the same pictures and parameters in, the same pixels out. `tests/golden/augment.py` asks
//! torchvision.

// Helpers of tests are tests' code, which clippy does not see.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use tch::{Device, Kind, Tensor};

use super::affine::Map;
use super::policy::{Change, Space, numbers};
use super::transform::Transform;
use super::*;

const SHAPE: [i64; 3] = [3, 8, 10];

fn golden() -> Value {
    serde_json::from_str(include_str!("../../tests/golden/augment.json")).unwrap()
}

/// The bytes of the script's pictures, `u8 [3, 3, 8, 10]`.
fn pictures() -> Tensor {
    let [channels, height, width] = SHAPE;
    let mut bytes = Vec::new();
    for i in 0..3 {
        for c in 0..channels {
            for y in 0..height {
                bytes.extend((0..width).map(|x| (31 * i + 57 * c + 17 * y + 13 * x + 7 * i * x * y + 3 * x * x) as u8));
            }
        }
    }
    Tensor::from_slice(&bytes).view([3, channels, height, width])
}

fn reals(value: &Value) -> Vec<f32> {
    value
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|it| if it.is_array() { reals(it) } else { vec![it.as_f64().unwrap() as f32] })
        .collect()
}

fn values(tensor: &Tensor) -> Vec<f32> {
    Vec::try_from(tensor.to_kind(Kind::Float).flatten(0, -1)).unwrap()
}

fn farthest(found: &Tensor, expected: &Value, scale: f32) -> f32 {
    let (found, expected) = (values(found), reals(expected));
    assert_eq!(found.len(), expected.len());
    found.iter().zip(expected).map(|(a, b)| (a / scale - b).abs()).fold(0.0, f32::max)
}

fn apply(operation: Operation, images: &Tensor, rows: &[f32]) -> Tensor {
    let size = images.size();
    let transform = Transform::new(&operation, [size[1], size[2], size[3]], 3, Device::Cpu);
    let rows = Tensor::from_slice(rows).view([size[0], -1]).to_kind(transform.kind());
    transform.apply(images, &rows, 1.0)
}

#[test]
fn what_only_moves_or_covers_pixels_moves_bytes_and_has_the_same() {
    let (golden, pictures) = (golden(), pictures());
    for (direction, name) in [(Direction::Horizontal, "horizontal"), (Direction::Vertical, "vertical")] {
        let flip = Operation::Flip(Flip { direction, ..Flip::default() });
        let seen = apply(flip, &pictures, &[1.0; 3]);
        assert_eq!((farthest(&seen, &golden["mirrored"][name], 1.0), seen.kind()), (0.0, Kind::Uint8));
        let some = apply(flip, &pictures, &[0.0, 1.0, 0.0]);
        assert_eq!((some.get(0), some.get(1), some.get(2)), (pictures.get(0), seen.get(1), pictures.get(2)));
    }
    for case in golden["moved"].as_array().unwrap() {
        let padding = serde_json::from_value(case["padding"].clone()).unwrap();
        let corners: Vec<f32> = reals(&case["corners"]).chunks(2).map(|it| it[0] * (10.0 + 4.0) + it[1]).collect();
        let seen = apply(Operation::Shift(Shift { pixels: 2, padding }), &pictures, &corners);
        assert_eq!((farthest(&seen, &case["seen"], 1.0), seen.kind()), (0.0, Kind::Uint8), "{padding:?}");
    }
    let erase = Operation::Erase(Erase { value: 90, ..Erase::default() });
    let seen = apply(erase, &pictures, &[2.0, 3.0, 6.0, 8.0].repeat(3));
    assert_eq!((farthest(&seen, &golden["erased"], 1.0), seen.kind()), (0.0, Kind::Uint8));
    assert_eq!(apply(erase, &pictures, &[0.0; 12]), pictures, "no rectangle");
}

#[test]
fn enlarged_parts_are_those_of_torchvision() {
    let golden = &golden()["enlarged"];
    let rows: Vec<f32> =
        reals(&golden["rectangles"]).chunks(4).flat_map(|it| [it[0], it[1], it[0] + it[2], it[1] + it[3]]).collect();
    let seen = apply(Operation::ResizedCrop(ResizedCrop::default()), &pictures().to_kind(Kind::Float), &rows);
    assert!(farthest(&seen, &golden["seen"], 255.0) < 2e-6);
}

#[test]
fn turned_moved_scaled_and_sheared_pictures_are_those_of_torchvision() {
    for case in golden()["mapped"].as_array().unwrap() {
        let rows: Vec<f32> = reals(&case["parameters"])
            .into_iter()
            .map(f64::from)
            .collect::<Vec<_>>()
            .chunks(6)
            .flat_map(|p| {
                Map { angle: p[0], translate: [p[1], p[2]], scale: p[3], shear: [p[4], p[5]], ..Map::NONE }.inverse()
            })
            .map(|it| it as f32)
            .collect();
        let seen = apply(Operation::Affine(Affine::default()), &pictures().to_kind(Kind::Float), &rows);
        let farthest = farthest(&seen, &case["seen"], 255.0);
        assert!(farthest < 1e-5, "{farthest}");
    }
}

#[test]
fn changed_colours_are_those_of_torchvision() {
    let golden = &golden()["jittered"];
    let vivid = Operation::ColourJitter(ColourJitter { hue: 0.5, ..ColourJitter::default() });
    for case in golden["colour"].as_array().unwrap() {
        let seen = apply(vivid, &pictures().to_kind(Kind::Float), &reals(&case["factors"]));
        let farthest = farthest(&seen, &case["seen"], 255.0);
        assert!(farthest < 1e-5, "{farthest}");
    }
    let grey = pictures().narrow(1, 0, 1).contiguous().to_kind(Kind::Float);
    let rows = [0.6, 1.0, 1.0, 0.0, 1.0, 0.4, 1.0, 0.0, 1.5, 1.5, 1.0, 0.0];
    let seen = apply(Operation::ColourJitter(ColourJitter::default()), &grey, &rows);
    assert!(farthest(&seen, &golden["grey"], 255.0) < 1e-6);
}

#[test]
fn every_change_of_the_policies_is_that_of_torchvision_on_bytes() {
    let golden = golden();
    let cases = golden["policies"].as_array().unwrap();
    assert_eq!(cases.len(), 92);
    let mut apart = 0;
    for (number, case) in cases.iter().enumerate() {
        let space = if case["space"] == "rand" { Space::Rand } else { Space::Wide };
        let names =
            ["Identity", "ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate", "Brightness", "Color", "Contrast"];
        let names = names.into_iter().chain(["Sharpness", "Posterize", "Solarize", "AutoContrast", "Equalize"]);
        let change = Change::ALL[names.into_iter().position(|name| case["change"] == name).unwrap()];
        let size = [SHAPE[1], SHAPE[2]];
        let strength = space.strength(change, case["bin"].as_u64().unwrap() as u8, size);
        let strength = case["sign"].as_f64().unwrap() * strength;
        assert!((strength - case["strength"].as_f64().unwrap()).abs() < 1e-5, "{change:?} in {space:?}");
        let picture = pictures().narrow(0, case["picture"].as_i64().unwrap(), 1).to_kind(Kind::Float);
        let seen = apply(Operation::TrivialAugment(TrivialAugment {}), &picture, &numbers(change, strength, size));
        let (found, expected) = (values(&seen), reals(&case["seen"]));
        let differences: Vec<f32> =
            found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).filter(|&it| it > 0.0).collect();
        assert!(
            differences.iter().all(|&it| it == 1.0),
            "{change:?}, strength {strength}, case {number}: {differences:?}"
        );
        apart += differences.len();
    }
    // Where rounding to f32 falls on either side of a whole number.
    assert!(apart <= 150, "{apart} of {} bytes are one apart", 92 * 240);
}

#[test]
fn mixtures_and_their_classes_are_those_of_torchvision() {
    let golden = &golden()["mixed"];
    let share = golden["share"].as_f64().unwrap() as f32;
    let [left, top, right, bottom] = *reals(&golden["box"]) else { panic!("a box has four sides") };
    let by_area = 1.0 - (right - left) * (bottom - top) / 80.0;
    let patch = [top, left, bottom, right, by_area].repeat(3);
    for (operation, rows, name) in [
        (Operation::Mixup(Mixup::default()), vec![share; 3], "mixup"),
        (Operation::Cutmix(Cutmix::default()), patch, "cutmix"),
    ] {
        let pictures = pictures().to_kind(Kind::Float);
        let seen = apply(operation, &pictures, &rows);
        assert!(farthest(&seen, &golden[name]["seen"], 255.0) < 1e-6, "{name}");
        let transform = Transform::new(&operation, SHAPE, 3, Device::Cpu);
        let lambda = transform.own_shares(&Tensor::from_slice(&rows).view([3, -1])).unwrap();
        let a = Tensor::from_slice(&[2i64, 0, 1]);
        let targets = crate::Targets::Mixed { b: a.roll([1], [0]), a, lambda };
        assert!(farthest(&targets.probabilities(3), &golden[name]["probabilities"], 1.0) < 1e-6, "{name}");
    }
}
