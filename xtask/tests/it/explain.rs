//! `explain` and `dream` on tiny runs.

use crate::runs::Place;

fn picture(place: &Place) {
    let samples = tensor_data::glyphs::draw(1, 5).unwrap();
    let (pixels, _) = samples.picture(0);
    image::save_buffer(place.path("glyph.png"), pixels, 28, 28, image::ExtendedColorType::L8).unwrap();
}

fn trained(place: &Place, name: &str, model: &str) {
    let data = "data = { set = \"mnist\", validation = 200 }\nminibatch = { size = 50 }";
    let text = format!("epochs = 1\nlearning_rate = 0.05\n{data}\nmodel = {model}\n");
    let recipe = place.recipe(name, &text);
    place.good(&format!("train {recipe} --device cpu --out {{}}/{name}"));
}

fn size(place: &Place, name: &str) -> (u32, u32) {
    let picture = image::open(place.path(name)).unwrap();
    (picture.width(), picture.height())
}

#[test]
fn a_network_with_convolutions_is_explained_in_three_ways_and_dreams() {
    let place = Place::new();
    picture(&place);
    trained(&place, "lenet", r#"{ kind = "lenet", filters = [4, 6], hidden = 12 }"#);
    let done = place.good("explain {}/lenet {}/glyph.png --device cpu --out {}/out");
    assert!(done.out.contains("class "), "{done:?}");
    for method in ["saliency", "grad-cam", "occlusion"] {
        assert_eq!(size(&place, &format!("out/explain-glyph-{method}.png")), (252, 252));
    }
    let (width, height) = size(&place, "out/explain-glyph.png");
    assert!(width > 4 * 252 && height > 252);

    place.good("explain {}/lenet {}/glyph.png --device cpu --class 3 --method grad-cam --layer conv1 --out {}/one");
    assert!(place.path("one/explain-glyph-grad-cam.png").exists());
    assert!(!place.path("one/explain-glyph-saliency.png").exists());

    place.good("dream {}/lenet --device cpu --steps 3 --out {}/out");
    let first = place.bytes("out/dream-output.png");
    place.good("dream {}/lenet --device cpu --steps 3 --out {}/out");
    assert!(first == place.bytes("out/dream-output.png"));
    place.good("dream {}/lenet --device cpu --steps 3 --layer conv2 --unit 5 --out {}/out");
    assert!(place.path("out/dream-conv2-5.png").exists());

    for (words, message) in [
        ("explain {}/lenet {}/glyph.png --class 10", "layer output has no unit 10"),
        ("explain {}/lenet {}/glyph.png --layer pool1", "pool1 is none; take conv1 or conv2"),
        ("explain {}/lenet {}/glyph.png --window 29", "`occlusion window` is 29"),
        ("explain {}/lenet {}/glyph.png --stride 8", "`occlusion stride` is 8"),
        ("dream {}/lenet --layer conv9", "the model has no layer conv9"),
        ("dream {}/lenet --layer conv2 --unit 6", "layer conv2 has no unit 6"),
    ] {
        refused(&place, words, message);
    }
}

/// Pixels of a panel that have a colour.
fn coloured(place: &Place, name: &str) -> Vec<(u32, u32)> {
    let picture = image::open(place.path(name)).unwrap().to_rgb8();
    let has_colour = |&(_, _, pixel): &(u32, u32, &image::Rgb<u8>)| pixel.0.iter().any(|&value| value != pixel.0[0]);
    picture.enumerate_pixels().filter(has_colour).map(|(x, y, _)| (x, y)).collect()
}

/// Cells of `conv2` lie from 7.0 to 21.0 of 28 pixels, 2 apart, and fade to nothing within that: 9 pixels of the panel to
/// one of the picture. Stretched over the picture, the map would reach its edges.
#[test]
fn grad_cam_stays_where_its_cells_lie() {
    let place = Place::new();
    picture(&place);
    trained(&place, "lenet", r#"{ kind = "lenet", filters = [4, 6], hidden = 12 }"#);
    let mut seen = 0;
    for class in 0..10 {
        let out = format!("out-{class}");
        let words = format!("--class {class} --method grad-cam --device cpu --out {{}}/{out}");
        place.good(&format!("explain {{}}/lenet {{}}/glyph.png {words}"));
        let drawn = coloured(&place, &format!("{out}/explain-glyph-grad-cam.png"));
        let inside = |at: u32| (5 * 9..23 * 9).contains(&at);
        assert!(drawn.iter().all(|&(x, y)| inside(x) && inside(y)), "class {class}");
        seen += drawn.len();
    }
    assert!(seen > 1000, "{seen}");
}

/// A blank picture has the same answer everywhere: there is no place to show.
#[test]
fn a_blank_picture_gets_no_colour() {
    let place = Place::new();
    trained(&place, "lenet", r#"{ kind = "lenet", filters = [4, 6], hidden = 12 }"#);
    for (name, value) in [("black", 0), ("white", 255)] {
        let path = place.path(&format!("{name}.png"));
        image::save_buffer(path, &[value; 784], 28, 28, image::ExtendedColorType::L8).unwrap();
        let done = place.good(&format!("explain {{}}/lenet {{}}/{name}.png --invert no --device cpu --out {{}}/out"));
        assert!(done.out.contains("nothing drawn: the same everywhere"), "{done:?}");
        assert_eq!(coloured(&place, &format!("out/explain-{name}-grad-cam.png")).len(), 0, "{name}");
    }
    // Covering black with black changes nothing.
    assert_eq!(coloured(&place, "out/explain-black-occlusion.png").len(), 0);
}

#[test]
fn the_numbers_behind_the_colours_are_printed() {
    let place = Place::new();
    picture(&place);
    trained(&place, "softmax", r#"{ kind = "softmax" }"#);
    let done = place.good("explain {}/softmax {}/glyph.png --device cpu --out {}/out");
    let line = done.out.lines().skip_while(|line| !line.starts_with("saliency ")).nth(1).unwrap();
    // Saliency of a softmax model is the magnitude of its weights, of which those at the corners stay 0.
    assert!(line.trim().starts_with("0 to 0."), "{line}");
    let (_, height) = size(&place, "out/explain-glyph.png");
    assert!(height > 252 + 2 * 16 + 22, "a panel, two lines of caption and a colour bar: {height}");
}

#[test]
fn a_model_without_convolutions_goes_without_grad_cam() {
    let place = Place::new();
    picture(&place);
    trained(&place, "softmax", r#"{ kind = "softmax" }"#);
    let done = place.good("explain {}/softmax {}/glyph.png --device cpu --out {}/out");
    assert!(done.out.contains("grad-cam is left out"), "{done:?}");
    assert!(place.path("out/explain-glyph-occlusion.png").exists());
    assert!(!place.path("out/explain-glyph-grad-cam.png").exists());
    refused(&place, "explain {}/softmax {}/glyph.png --method grad-cam", "this model has none");
}

fn refused(place: &Place, words: &str, message: &str) {
    let done = place.run(&format!("{words} --device cpu"));
    assert_eq!(done.status, Some(2), "{words}: {done:?}");
    assert_eq!(done.err.lines().count(), 1, "{done:?}");
    assert!(done.err.contains(message), "{done:?}");
}
