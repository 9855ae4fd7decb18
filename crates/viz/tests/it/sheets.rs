//! Sheets of tiles as a whole: what shares a scale, what carries a legend, what is refused.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use viz::{
    Columns, FloatImage, GridOptions, Palette, Scaling, Section, TileOptions, Verdict, Zoom, sections, tiles, verdicts,
};

fn ramps(count: usize) -> Vec<FloatImage> {
    let ramp = |i: usize| (0..9).map(|v| (v * (i + 1)) as f32).collect();
    (0..count).map(|i| FloatImage::grey(3, 3, ramp(i)).unwrap()).collect()
}

fn bare(zoom: usize) -> TileOptions {
    TileOptions {
        zoom: Zoom::Factor(zoom),
        grid: GridOptions { columns: Columns::Exactly(2), ..GridOptions::bare(1) },
        ..TileOptions::default()
    }
}

#[test]
fn the_whole_sheet_has_the_size_of_the_classic_formula_after_enlarging() {
    let sheet = tiles(&ramps(3), &[], &bare(4)).unwrap();
    assert_eq!((sheet.height(), sheet.width()), ((12 + 1) * 2 - 1, (12 + 1) * 2 - 1));
}

#[test]
fn tiles_of_three_channels_keep_their_colours() {
    let red = FloatImage::new([3, 1, 2], vec![255.0, 0.0, 0.0, 0.0, 0.0, 255.0]).unwrap();
    let options = TileOptions { scaling: Scaling::BYTES, ..bare(1) };
    let sheet = tiles(&[red], &[], &options).unwrap();
    assert_eq!(sheet.bytes()[..6], [255, 0, 0, 0, 0, 255]);
}

#[test]
fn small_tiles_are_enlarged_to_a_side_and_large_ones_stay() {
    let width = |side: usize, least: usize| {
        let image = FloatImage::grey(1, side, vec![0.0; side]).unwrap();
        let options = TileOptions {
            zoom: Zoom::AtLeast(least),
            grid: GridOptions { columns: Columns::Exactly(1), ..GridOptions::bare(0) },
            ..TileOptions::default()
        };
        tiles(&[image], &[], &options).unwrap().width()
    };
    assert_eq!(width(5, 56), 60);
    assert_eq!(width(28, 56), 56);
    assert_eq!(width(100, 56), 100);
}

#[test]
fn a_legend_stands_beneath_tiles_that_share_a_scale_and_only_there() {
    let height = |scaling, legend| {
        let options = TileOptions { scaling, legend, palette: Palette::Viridis, ..TileOptions::default() };
        tiles(&ramps(4), &[], &options).unwrap().height()
    };
    assert!(height(Scaling::Common, true) > height(Scaling::Common, false));
    assert_eq!(height(Scaling::Each, true), height(Scaling::Each, false));
}

#[test]
fn one_scale_can_span_several_sheets() {
    let images = ramps(3);
    assert_eq!(Scaling::spanning(&images), Scaling::Fixed { low: 0.0, high: 24.0 });
    let nothing = FloatImage::grey(1, 1, vec![f32::NAN]).unwrap();
    assert_eq!(Scaling::spanning(&[nothing]), Scaling::Each);
}

#[test]
fn sections_of_different_shapes_stand_beneath_each_other() {
    let small = FloatImage::grey(2, 2, vec![0.0; 4]).unwrap();
    let section = |name: &str, images: Vec<FloatImage>| Section { name: name.into(), images };
    let layers = [section("conv1", ramps(2)), section("conv2", vec![small])];
    let both = sections(&layers, &bare(8)).unwrap();
    let one = sections(&layers[..1], &bare(8)).unwrap();
    assert!(both.height() > one.height());
    assert!(sections(&[], &bare(8)).is_err());
}

#[test]
fn a_wrong_verdict_is_coloured_and_a_right_one_is_not() {
    let drawn = |predicted: &str| {
        let verdict = Verdict { truth: "4".into(), predicted: predicted.into(), probability: 0.93 };
        verdicts(&ramps(1), &[verdict], &TileOptions::default()).unwrap()
    };
    assert!(drawn("4").grey_bytes().is_some());
    assert!(drawn("9").grey_bytes().is_none());
}

#[test]
fn lists_that_do_not_match_and_odd_options_are_refused() {
    let check = |result: Result<viz::Picture, viz::Error>, message: &str| {
        let error = result.unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    };
    let options = TileOptions::default();
    check(tiles(&[], &[], &options), "no picture to draw");
    check(tiles(&ramps(2), &["a".into()], &options), "1 captions do not go with 2 pictures");
    check(verdicts(&ramps(2), &[], &options), "0 verdicts do not go with 2 pictures");
    check(tiles(&ramps(2), &[], &bare(0)), "at least 1");
    let odd = FloatImage::grey(1, 2, vec![0.0; 2]).unwrap();
    let mixed = [ramps(1), vec![odd]].concat();
    check(tiles(&mixed, &[], &options), "picture 1 is [1, 1, 2]");
    let verdict = Verdict { truth: "4".into(), predicted: "9".into(), probability: f64::NAN };
    check(verdicts(&ramps(1), &[verdict], &options), "probability of verdict 0 is NaN");
}
