//! Pictures of other sizes and colours, brought to what a model takes.

use super::*;
use models::Arch;

fn card(dataset: &str, input: [i64; 3]) -> Card {
    Card { arch: Arch::Softmax, input, classes: 10, divisor: 255.0, dataset: dataset.to_owned(), run: None }
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
    let converted = convert(&picture, &card("mnist", DIGITS), Invert::Auto).unwrap();
    assert!(converted.steps.is_empty(), "{:?}", converted.steps);
    let expected: Vec<u8> = picture.pixels().map(|pixel| pixel.0[0]).collect();
    assert_eq!(converted.pixels, expected);
}

#[test]
fn light_and_dark_change_places_when_the_ground_is_light_or_as_asked() {
    let check = |invert, corner: u8, told: &str| {
        let page = page((28, 28), (10, 10), (5, 5));
        let converted = convert(&page, &card("mnist", DIGITS), invert).unwrap();
        assert_eq!(converted.pixels[0], corner, "{invert:?}");
        assert!(converted.steps[0].contains(told), "{:?}", converted.steps);
    };
    check(Invert::Auto, 35, "inverted, because its ground is light");
    check(Invert::Yes, 35, "inverted, as asked");
    check(Invert::No, 220, "not inverted");
}

#[test]
fn ink_is_fitted_into_the_box_of_mnist_with_its_mass_in_the_middle() {
    // 30 x 100 pixels of ink become 6 x 20; the middle of the picture lies between pixels 13 and 14.
    let page = page((300, 200), (200, 20), (30, 100));
    let converted = convert(&page, &card("mnist", DIGITS), Invert::Auto).unwrap();
    for y in 0..28 {
        for x in 0..28 {
            let inside = (11..17).contains(&x) && (4..24).contains(&y);
            let expected = if inside { 255 } else { 0 };
            assert_eq!(converted.pixels[y * 28 + x], expected, "row {y}, column {x}");
        }
    }
    assert!(converted.steps.iter().any(|step| step.contains("20 x 20")), "{:?}", converted.steps);
}

#[test]
fn other_grey_data_sets_keep_the_whole_picture() {
    let page = page((100, 50), (0, 20), (100, 10));
    let converted = convert(&page, &card("clothes", DIGITS), Invert::Auto).unwrap();
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
                let converted = convert(&blank, &card(dataset, DIGITS), Invert::Auto).unwrap();
                assert_eq!(converted.pixels.len(), 784, "{width} x {height}");
            }
            let colour = convert(&blank, &card("photos", [3, 32, 32]), Invert::Auto).unwrap();
            assert_eq!(colour.pixels, vec![level; 3 * 32 * 32], "{width} x {height}");
        }
        let line = page((width, height), (0, 0), (width.div_ceil(2), height));
        assert_eq!(convert(&line, &card("mnist", DIGITS), Invert::Auto).unwrap().pixels.len(), 784);
    };
    check(1, 1);
    check(3000, 1);
    check(1, 3000);
    check(28, 27);
}

#[test]
fn colour_is_kept_channel_by_channel_for_a_colour_model() {
    let picture = RgbImage::from_fn(64, 32, |_, _| image::Rgb([10, 20, 30]));
    let converted = convert(&picture, &card("photos", [3, 32, 32]), Invert::Auto).unwrap();
    let expected: Vec<u8> = [10, 20, 30].iter().flat_map(|&level| [level; 1024]).collect();
    assert_eq!(converted.pixels, expected);
    // Of a strip the middle is left, whatever its length.
    let strip = RgbImage::from_fn(30_000, 1, |x, _| image::Rgb([if x == 15_000 || x == 14_999 { 90 } else { 0 }; 3]));
    let converted = convert(&strip, &card("photos", [3, 32, 32]), Invert::Auto).unwrap();
    assert_eq!(converted.pixels, vec![90; 3 * 1024]);
    assert!(convert(&picture, &card("odd", [2, 32, 32]), Invert::Auto).is_err());
}

#[test]
fn pictures_become_tensors_scaled_as_the_data_set_was() {
    let mut card = card("mnist", [1, 1, 2]);
    card.divisor = 256.0;
    let pictures = [[0, 128], [64, 255]].map(|pixels| Converted { pixels: pixels.to_vec(), steps: Vec::new() });
    let images = tensor(&pictures, &card, Device::Cpu);
    assert_eq!(images.size(), [2, 1, 1, 2]);
    let values = Vec::<f32>::try_from(images.flatten(0, -1)).unwrap();
    assert_eq!(values, [0.0, 0.5, 0.25, 255.0 / 256.0]);
}
