//! Pictures of other sizes and colours, brought to what a model takes.

use super::*;
use models::Arch;

fn meta(dataset: &str, input: [i64; 3]) -> ModelMeta {
    let (normalise, class_names, dataset) = (None, Vec::new(), dataset.to_owned());
    ModelMeta {
        arch: Arch::Softmax,
        input,
        classes: 10,
        divisor: 255.0,
        normalise,
        class_names,
        dataset,
        run: None,
        calibration: None,
    }
}

const DIGITS: [i64; 3] = [1, 28, 28];

/// A dark bar on a light ground, `width` x `height` pixels with its upper left corner at (left, top).
fn page(size: (u32, u32), (left, top): (u32, u32), (width, height): (u32, u32)) -> RgbImage {
    RgbImage::from_fn(size.0, size.1, |x, y| {
        let inked = (left..left + width).contains(&x) && (top..top + height).contains(&y);
        image::Rgb([if inked { 20 } else { 220 }; 3])
    })
}

#[test]
fn a_picture_of_the_right_size_and_ground_is_taken_pixel_by_pixel() {
    let picture = RgbImage::from_fn(28, 28, |x, y| {
        let ink = x.abs_diff(14) < 3 && y.abs_diff(14) < 8;
        image::Rgb([if ink { (200 + x) as u8 } else { 0 }; 3])
    });
    let converted = convert(&picture, &meta("mnist", DIGITS), Invert::Auto).unwrap();
    assert!(converted.steps.is_empty(), "{:?}", converted.steps);
    let expected: Vec<u8> = picture.pixels().map(|pixel| pixel.0[0]).collect();
    assert_eq!(converted.pixels, expected);
}

#[test]
fn light_and_dark_change_places_when_the_ground_is_light_or_as_asked() {
    let check = |invert, corner: u8, told: &str| {
        let page = page((28, 28), (10, 10), (5, 5));
        let converted = convert(&page, &meta("clothes", DIGITS), invert).unwrap();
        assert_eq!(converted.pixels[0], corner, "{invert:?}");
        assert!(converted.steps[0].contains(told), "{:?}", converted.steps);
    };
    check(Invert::Auto, 35, "inverted, because its ground is light and the model was trained on light on dark");
    check(Invert::Yes, 35, "inverted, as asked");
    check(Invert::No, 220, "not inverted");
}

#[test]
fn ink_is_fitted_with_its_mass_in_the_middle() {
    // 20 x 100 pixels of ink become 4 x 20; the middle of the picture lies between pixels 13 and 14.
    let page = page((300, 200), (200, 20), (20, 100));
    let converted = convert(&page, &meta("mnist", DIGITS), Invert::Auto).unwrap();
    for y in 0..28 {
        for x in 0..28 {
            let inside = (12..16).contains(&x) && (4..24).contains(&y);
            let expected = if inside { 255 } else { 0 };
            assert_eq!(converted.pixels[y * 28 + x], expected, "row {y}, column {x}");
        }
    }
    assert!(converted.steps.iter().any(|step| step.contains("20 x 20")), "{:?}", converted.steps);
    assert_eq!(converted.doubt, None);
}

/// A 5 in straight strokes on a page of 300 x 200; its upper bar does not touch the rest.
fn five(x: f32, y: f32) -> bool {
    let bar = |left: f32, right: f32, top: f32, bottom: f32| (left..right).contains(&x) && (top..bottom).contains(&y);
    bar(140.0, 180.0, 50.0, 60.0)
        || bar(126.0, 136.0, 50.0, 90.0)
        || bar(126.0, 176.0, 90.0, 100.0)
        || bar(170.0, 180.0, 90.0, 140.0)
        || bar(126.0, 180.0, 134.0, 144.0)
}

/// A page of 300 x 200 with the share of light that each place sends back.
fn drawn(share: impl Fn(f32, f32) -> f32) -> Converted {
    let page = RgbImage::from_fn(300, 200, |x, y| {
        let (x, y) = (x as f32, y as f32);
        image::Rgb([(230.0 * share(x, y)).round().clamp(0.0, 255.0) as u8; 3])
    });
    convert(&page, &meta("mnist", DIGITS), Invert::Auto).unwrap()
}

fn ink(x: f32, y: f32) -> f32 {
    if five(x, y) { 0.15 } else { 1.0 }
}

/// Everything that lies around a digit leaves it as it is on an even page, and is named.
#[test]
fn the_page_leaves_the_digit_as_it_is() {
    let plain = drawn(ink);
    assert!(plain.pixels.iter().filter(|&&level| level > 200).count() > 60, "{:?}", plain.pixels);
    let check = |page: &dyn Fn(f32, f32) -> f32, told: &str| {
        let converted = drawn(page);
        let apart = converted.pixels.iter().zip(&plain.pixels).map(|(&a, &b)| f64::from(a.abs_diff(b)));
        let apart = apart.sum::<f64>() / 784.0;
        assert!(apart < 4.0, "{told}: {apart} levels apart: {:?}", converted.steps);
        let said = converted.steps.join("; ");
        assert!(said.contains(told), "{said}");
        assert_eq!(converted.doubt, None, "{told}");
    };
    check(&|x, y| ink(x, y) * (1.0 - 0.6 * x / 300.0), "light falling off to the right evened out");
    check(&|x, y| ink(x, y) * (0.4 + 0.6 * x / 300.0), "light falling off to the left evened out");
    check(&|x, y| ink(x, y) * (1.0 - 0.6 * y / 200.0), "light falling off to the bottom evened out");
    check(&|x, y| ink(x, y) * if x + 0.3 * y < 170.0 { 0.5 } else { 1.0 }, "evened out");
    check(&|x, y| if x < 40.0 { 0.2 } else { ink(x, y) }, "evened out");
    // Squared paper: 9 lines across, 14 down; and lines that rise by 1 in 20.
    let ruled = |at: f32| (at + 3.0).rem_euclid(20.0) < 1.5;
    check(&|x, y| if ruled(y) { ink(x, y).min(0.7) } else { ink(x, y) }, "10 ruled lines left out");
    check(&|x, y| if ruled(y) || ruled(x) { ink(x, y).min(0.7) } else { ink(x, y) }, "25 ruled lines left out");
    check(&|x, y| if ruled(y + x / 20.0) { ink(x, y).min(0.7) } else { ink(x, y) }, "ruled lines left out");
    let speck = |x: f32, y: f32| (x - 40.0).hypot(y - 30.0) < 3.5;
    check(&|x, y| if speck(x, y) { 0.2 } else { ink(x, y) }, "1 speck left out");
    check(&|x, y| if speck(x, y) || speck(x - 220.0, y - 140.0) { 0.2 } else { ink(x, y) }, "2 specks left out");
    check(&|x, y| if x > 290.0 && y < 20.0 { 0.1 } else { ink(x, y) }, "");
    // Chalk on a board.
    check(&|x, y| 0.15 + 0.8 * f32::from(u8::from(five(x, y))), "ink fitted");
}

#[test]
fn small_pictures_are_fitted_wherever_the_ink_is() {
    let converted = |left: u32, top: u32| {
        let page = page((28, 28), (left, top), (3, 16));
        convert(&page, &meta("mnist", DIGITS), Invert::Auto).unwrap()
    };
    let middle = converted(12, 6);
    for (left, top) in [(2, 2), (20, 9), (7, 1)] {
        let corner = converted(left, top);
        let apart = corner.pixels.iter().zip(&middle.pixels).map(|(&a, &b)| a.abs_diff(b)).max();
        assert!(apart < Some(40), "at {left}, {top}: {apart:?}");
        assert!(corner.steps.iter().any(|step| step.contains("20 x 20")), "{:?}", corner.steps);
    }
}

#[test]
fn what_is_no_digit_is_doubted() {
    let check = |page: &dyn Fn(f32, f32) -> f32, expected: &str| {
        let doubt = drawn(page).doubt.unwrap_or_default();
        assert!(doubt.contains(expected), "{doubt}");
    };
    check(&|_, _| 1.0, "a blank page");
    check(&|x, y| 0.6 + 0.001 * (x + y), "a blank page");
    // A hash of the place, as good as random.
    let noise = |x: f32, y: f32| ((x * 12.9898 + y * 78.233).sin() * 43_758.547).rem_euclid(1.0);
    check(&noise, "no ink: noise");
    check(&|x, y| ink(x + 80.0, y).min(ink(x - 80.0, y)), "two separate pieces of ink");
    check(&|x, y| ink(x + 90.0, y).min(ink(x, y)).min(ink(x - 90.0, y)), "three separate pieces of ink");
    check(&|x, y| if (x % 25.0 - 12.0).hypot(y % 25.0 - 12.0) < 7.0 { 0.2 } else { 1.0 }, "pieces all over");
    check(&|x, y| if (x - 150.0).hypot(y - 100.0) < 25.0 { 0.2 } else { 1.0 }, "a blot rather than strokes");
}

#[test]
fn other_grey_data_sets_keep_the_whole_picture() {
    let page = page((100, 50), (0, 20), (100, 10));
    let converted = convert(&page, &meta("clothes", DIGITS), Invert::Auto).unwrap();
    let middle = converted.pixels[14 * 28 + 14];
    assert!(middle > 200, "{middle}");
    // The upper and lower quarters are filled up with the ground.
    assert!(converted.pixels[..7 * 28].iter().all(|&level| level == 35));
    assert!(converted.steps.iter().any(|step| step.contains("filled up")), "{:?}", converted.steps);
}

#[test]
fn blank_and_extreme_pictures_become_something() {
    let check = |width, height| {
        for level in [0, 130, 255] {
            let blank = RgbImage::from_pixel(width, height, image::Rgb([level; 3]));
            for dataset in ["mnist", "clothes"] {
                let converted = convert(&blank, &meta(dataset, DIGITS), Invert::Auto).unwrap();
                assert_eq!(converted.pixels.len(), 784, "{width} x {height}");
            }
            let colour = convert(&blank, &meta("photos", [3, 32, 32]), Invert::Auto).unwrap();
            assert_eq!(colour.pixels, vec![level; 3 * 32 * 32], "{width} x {height}");
        }
        let line = page((width, height), (0, 0), (width.div_ceil(2), height));
        assert_eq!(convert(&line, &meta("mnist", DIGITS), Invert::Auto).unwrap().pixels.len(), 784);
    };
    check(1, 1);
    check(3000, 1);
    check(1, 3000);
    check(28, 27);
}

#[test]
fn colour_is_kept_channel_by_channel_for_a_colour_model() {
    let picture = RgbImage::from_fn(64, 32, |_, _| image::Rgb([10, 20, 30]));
    let converted = convert(&picture, &meta("photos", [3, 32, 32]), Invert::Auto).unwrap();
    let expected: Vec<u8> = [10, 20, 30].iter().flat_map(|&level| [level; 1024]).collect();
    assert_eq!(converted.pixels, expected);
    // Of a strip the middle is left, whatever its length.
    let strip = RgbImage::from_fn(30_000, 1, |x, _| image::Rgb([if x == 15_000 || x == 14_999 { 90 } else { 0 }; 3]));
    let converted = convert(&strip, &meta("photos", [3, 32, 32]), Invert::Auto).unwrap();
    assert_eq!(converted.pixels, vec![90; 3 * 1024]);
    assert!(convert(&picture, &meta("odd", [2, 32, 32]), Invert::Auto).is_err());
}

#[test]
fn pictures_become_tensors_scaled_as_the_data_set_was() {
    let mut meta = meta("mnist", [1, 1, 2]);
    meta.divisor = 256.0;
    let pictures =
        [[0, 128], [64, 255]].map(|pixels| Converted { pixels: pixels.to_vec(), steps: Vec::new(), doubt: None });
    let images = tensor(&pictures, &meta, Device::Cpu);
    assert_eq!(images.size(), [2, 1, 1, 2]);
    let values = Vec::<f32>::try_from(images.flatten(0, -1)).unwrap();
    assert_eq!(values, [0.0, 0.5, 0.25, 255.0 / 256.0]);
}
