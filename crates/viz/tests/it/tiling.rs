//! The classic tiling against numpy's (golden/make.py), byte for byte, and what it refuses.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::Value;
use viz::{NOT_FINITE, tile_raster_images};

fn pair(value: &Value) -> (usize, usize) {
    let side = |i: usize| value[i].as_u64().unwrap() as usize;
    (side(0), side(1))
}

#[test]
fn every_tiling_equals_numpys() {
    let cases: Value = serde_json::from_str(include_str!("../golden/tiling.json")).unwrap();
    let cases = cases.as_array().unwrap();
    assert_eq!(cases.len(), 10);
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let numbers = case["matrix"].as_array().unwrap().iter();
        let matrix: Vec<f32> = numbers.map(|x| x.as_f64().unwrap() as f32).collect();
        let sheet = tile_raster_images(
            &matrix,
            pair(&case["tile"]),
            pair(&case["floor"]),
            pair(&case["spacing"]),
            case["to_unit_interval"].as_bool().unwrap(),
        )
        .unwrap();
        assert_eq!(sheet.height() as u64, case["height"].as_u64().unwrap(), "{name}");
        assert_eq!(sheet.width() as u64, case["width"].as_u64().unwrap(), "{name}");
        let pixels = case["pixels"].as_array().unwrap().iter();
        let want: Vec<u8> = pixels.map(|p| p.as_u64().unwrap() as u8).collect();
        assert_eq!(sheet.grey_bytes().unwrap(), want, "{name}");
    }
}

#[test]
fn numbers_that_are_not_finite_are_marked_and_do_not_disturb_their_neighbours() {
    let sheet = tile_raster_images(&[f32::NAN, 0.0, 1.0, 2.0], (1, 4), (1, 1), (0, 0), true).unwrap();
    let want = [NOT_FINITE, [0; 3], [127; 3], [255; 3]];
    assert_eq!(sheet.bytes(), want.as_flattened());
    let lost = tile_raster_images(&[f32::INFINITY; 2], (1, 2), (1, 1), (0, 0), true).unwrap();
    assert_eq!(lost.bytes(), [NOT_FINITE; 2].as_flattened());
}

#[test]
fn matrices_that_do_not_fit_are_refused() {
    let check = |matrix: &[f32], tile, floor, spacing, message: &str| {
        let error = tile_raster_images(matrix, tile, floor, spacing, true).unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
    };
    check(&[], (2, 2), (1, 1), (1, 1), "no row");
    check(&[0.0; 5], (2, 2), (1, 1), (1, 1), "1 values do not fill");
    check(&[0.0; 4], (0, 2), (1, 1), (1, 1), "at least 1");
    check(&[0.0; 4], (2, 2), (0, 1), (1, 1), "at least one row and one column");
    check(&[0.0; 4], (2, 2), (1, usize::MAX), (1, 1), "too large");
    check(&[0.0; 4], (2, 2), (2, 1), (usize::MAX, 0), "too large");
    assert!(tile_raster_images(&[0.0; 4], (2, 2), (1, 1), (usize::MAX, 0), true).is_ok());
}
