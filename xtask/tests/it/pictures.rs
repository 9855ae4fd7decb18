//! The commands that draw what a network learned and that read pictures, on tiny runs over glyphs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use image::AnimationDecoder;
use image::codecs::gif::GifDecoder;
use models::Mode;
use tch::{Device, Kind, Tensor};
use tensor_data::glyphs;
use train::run_folder::{Saved, load_model};

fn minibatch(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_minibatch"));
    command.args(args).env("OMP_NUM_THREADS", "1").output().unwrap()
}

/// Runs a command that must succeed; gives back what it printed.
fn succeed(args: &[&str]) -> String {
    let output = minibatch(args);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a command that must exit with `status` and one line that holds `message`.
fn refuse(args: &[&str], status: i32, message: &str) {
    let output = minibatch(args);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(status), "{args:?}: {said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains(message), "{said}");
}

/// A folder of this test's own, empty.
pub fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures").join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

/// The folder of a run over one epoch, with snapshots before and after it; `softmax`, `mlp` or `lenet`.
pub fn trained(model: &str) -> String {
    static RUNS: OnceLock<PathBuf> = OnceLock::new();
    let runs = RUNS.get_or_init(|| {
        let runs = folder("runs");
        let settings: [(&str, &[&str]); 3] = [
            ("softmax", &[]),
            ("mlp", &["--set", "model.hidden=[30, 7]"]),
            ("lenet", &["--set", "model.filters=[20, 6]", "--set", "model.hidden=16"]),
        ];
        for (recipe, set) in settings {
            let out = runs.join(recipe);
            let start = ["train", recipe, "--dataset", "glyphs", "--epochs", "1", "--device", "cpu"];
            let end = ["--set", "checkpoint.snapshots=1", "--out", out.to_str().unwrap()];
            succeed(&[&start, set, &end[..]].concat());
        }
        runs
    });
    runs.join(model).to_str().unwrap().to_owned()
}

/// Width and height of a PNG file, all of which is decoded.
fn size(path: &Path) -> (u32, u32) {
    let picture = image::open(path).unwrap();
    (picture.width(), picture.height())
}

fn frames(path: &Path) -> usize {
    let file = std::io::BufReader::new(fs::File::open(path).unwrap());
    GifDecoder::new(file).unwrap().into_frames().collect_frames().unwrap().len()
}

/// The first glyph of a seed as a PNG file, and as a model takes it.
pub fn glyph(folder: &Path, seed: u64) -> (String, Tensor) {
    let samples = glyphs::draw(1, seed).unwrap();
    let pixels = samples.picture(0).0;
    let path = folder.join(format!("glyph-{seed}.png"));
    image::save_buffer(&path, pixels, 28, 28, image::ExtendedColorType::L8).unwrap();
    let tensor = Tensor::from_slice(pixels).view([1, 1, 28, 28]).to_kind(Kind::Float) / 255.0;
    (path.to_str().unwrap().to_owned(), tensor)
}

#[test]
fn predictions_are_those_of_the_model_itself() {
    let folder = folder("predict");
    for model in ["softmax", "mlp", "lenet"] {
        let run = trained(model);
        let (itself, meta) = load_model(Path::new(&run), &Saved::Best, Device::Cpu).unwrap();
        // Fitted on the validation pictures when training ended.
        let temperature = meta.calibration.unwrap().temperature.value();
        let glyphs: Vec<_> = (100..105).map(|seed| glyph(&folder, seed)).collect();
        let paths: Vec<&str> = glyphs.iter().map(|(path, _)| path.as_str()).collect();
        let start = ["predict", &run, "--json", "--device", "cpu", "--top", "10"];
        let printed = succeed(&[&start[..], &paths].concat());
        let printed: serde_json::Value = serde_json::from_str(&printed).unwrap();
        for (picture, (path, image)) in printed["pictures"].as_array().unwrap().iter().zip(&glyphs) {
            assert_eq!(picture["picture"], path.as_str());
            let logits = itself.forward(image, Mode::Eval);
            let expected = Vec::<f64>::try_from((&logits / temperature).softmax(-1, Kind::Double).view([-1])).unwrap();
            let classes = picture["classes"].as_array().unwrap();
            assert_eq!(classes.len(), 10);
            assert_eq!(classes[0]["class"], logits.argmax(-1, false).int64_value(&[0]), "{model}, {path}");
            let mut sum = 0.0;
            for class in classes {
                let probability = class["probability"].as_f64().unwrap();
                let expected = expected[class["class"].as_u64().unwrap() as usize];
                assert!((probability - expected).abs() < 1e-6, "{probability}, not {expected}");
                sum += probability;
            }
            assert!((sum - 1.0).abs() < 1e-9, "{sum}");
        }
        assert_eq!(printed["pictures"].as_array().unwrap().len(), 5);
    }
}

#[test]
fn a_photograph_of_a_digit_gives_its_class_and_says_how_it_was_converted() {
    let folder = folder("photograph");
    let run = trained("lenet");
    let (mut agreed, count) = (0, 10);
    for seed in 0..count {
        let (path, _) = glyph(&folder, seed);
        let class_of = |path: &str| {
            let printed = succeed(&["predict", &run, path, "--json", "--top", "1", "--device", "cpu"]);
            let printed: serde_json::Value = serde_json::from_str(&printed).unwrap();
            printed["pictures"][0]["classes"][0]["class"].as_u64().unwrap()
        };
        // Blue ink on light paper, ten times as large, away from the middle.
        let ink = image::open(&path).unwrap().resize(280, 280, image::imageops::FilterType::Triangle).into_luma8();
        let photo = image::RgbImage::from_fn(600, 400, |x, y| {
            let level = x.checked_sub(250).and_then(|x| ink.get_pixel_checked(x, y));
            let level = level.map_or(0, |pixel| pixel.0[0]);
            image::Rgb([240 - (f32::from(level) * 0.8) as u8, 240 - (f32::from(level) * 0.7) as u8, 235])
        });
        let file = folder.join("photo.jpg");
        photo.save(&file).unwrap();
        agreed += u64::from(class_of(file.to_str().unwrap()) == class_of(&path));
    }
    assert!(agreed * 10 >= count * 8, "{agreed} of {count}");

    let file = folder.join("photo.jpg");
    let printed = succeed(&["predict", &run, file.to_str().unwrap(), "--top", "2", "--checkpoint", "last"]);
    for part in ["600 x 400 pixels to (1, 1, 28, 28)", "turned to grey", "inverted, because", "20 x 20"] {
        assert!(printed.contains(part), "{printed}");
    }
    assert_eq!(printed.lines().count(), 3, "{printed}");
}

#[test]
fn malformed_pictures_get_one_clear_line_each() {
    let folder = folder("malformed");
    let run = trained("softmax");
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (glyph, _) = glyph(&folder, 0);
    let png = fs::read(&glyph).unwrap();
    let check = |path: &str, message: &str| {
        refuse(&["predict", &run, &glyph, path], 1, message);
        refuse(&["features", &run, path], 1, message);
        refuse(&["convolve", path], 1, message);
    };
    check(&file("text.png", b"not a picture"), "it is text, no picture");
    check(&file("empty.jpg", b""), "it is empty (0 bytes)");
    check(&file("cut.png", &png[..png.len() / 2]), "cut.png is no picture that can be read: the PNG is cut off");
    check(folder.join("missing.png").to_str().unwrap(), "No such file");
    let empty = folder.join("empty");
    fs::create_dir(&empty).unwrap();
    check(empty.to_str().unwrap(), "is a directory that holds no pictures");
}

#[test]
fn filters_of_every_layer_become_tiles() {
    let out = folder("filters");
    let check = |model: &str, layers: &[(&str, &str)]| {
        let run = trained(model);
        let printed = succeed(&["filters", &run, "--out", out.to_str().unwrap()]);
        assert_eq!(printed.lines().count(), layers.len(), "{printed}");
        for (line, (layer, shape)) in printed.lines().zip(layers) {
            assert!(line.starts_with(layer) && line.contains(shape), "{line}");
            let (width, height) = size(Path::new(line.split_whitespace().last().unwrap()));
            assert!(width > 100 && height > 50, "{line}: {width} x {height}");
        }
    };
    check("softmax", &[("output", "(10, 784)")]);
    check("mlp", &[("hidden1", "(30, 784)"), ("hidden2", "(7, 30)"), ("output", "(10, 7)")]);
    check(
        "lenet",
        &[("conv1", "(20, 1, 5, 5)"), ("conv2", "(6, 20, 5, 5)"), ("hidden1", "(16, 96)"), ("output", "(10, 16)")],
    );
    let run = trained("lenet");
    succeed(&["filters", &run, "--layer", "conv1", "--checkpoint", "last"]);
    assert!(Path::new(&run).join("pictures/filters-conv1-last.png").exists());
}

#[test]
fn classic_tiles_are_scaled_one_by_one_with_a_black_line_between() {
    let out = folder("classic");
    let run = trained("mlp");
    succeed(&["filters", &run, "--classic", "--layer", "hidden1", "--out", out.to_str().unwrap()]);
    let sheet = image::open(out.join("filters-hidden1-classic.png")).unwrap().into_luma8();
    // 30 tiles of 28 x 28, 5 down and 6 across.
    assert_eq!(sheet.dimensions(), (6 * 29 - 1, 5 * 29 - 1));
    let (model, _) = load_model(Path::new(&run), &Saved::Best, Device::Cpu).unwrap();
    let weight = &model.parameter("hidden1.weight").unwrap().tensor;
    for unit in [0, 7, 29] {
        let row = Vec::<f32>::try_from(weight.detach().get(unit)).unwrap();
        let least = row.iter().copied().fold(f32::INFINITY, f32::min);
        let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let (top, left) = (unit as u32 / 6 * 29, unit as u32 % 6 * 29);
        for (i, value) in row.iter().enumerate() {
            let level = sheet.get_pixel(left + i as u32 % 28, top + i as u32 / 28).0[0];
            let expected = 255.0 * (value - least) / (most - least);
            assert!((f32::from(level) - expected).abs() <= 1.01, "{level}, not {expected}");
        }
    }
    assert!((0..sheet.width()).all(|x| sheet.get_pixel(x, 28).0[0] == 0));
}

#[test]
fn snapshots_become_a_strip_and_an_animation() {
    let out = folder("snapshots");
    let into = out.to_str().unwrap();
    for (model, layer) in [("softmax", "output"), ("mlp", "hidden2"), ("lenet", "conv1"), ("lenet", "conv2")] {
        let run = trained(model);
        let printed = succeed(&["filters", &run, "--snapshot", "all", "--layer", layer, "--out", into]);
        assert_eq!(printed.lines().count(), 2, "{printed}");
        let (width, height) = size(&out.join(format!("filters-{layer}-growth.png")));
        assert!(width > 100 && height > 50, "{model}: {width} x {height}");
        assert_eq!(frames(&out.join(format!("filters-{layer}-growth.gif"))), 2, "{model}");
    }
    let run = trained("lenet");
    succeed(&["filters", &run, "--snapshot", "all", "--layer", "conv1", "--classic", "--out", into]);
    // 20 tiles of 5 x 5, 4 down and 5 across; two moments with 8 pixels between.
    assert_eq!(size(&out.join("filters-conv1-growth-classic.png")), (29, 23 + 8 + 23));
    succeed(&["filters", &run, "--snapshot", "epoch-0001", "--layer", "conv1", "--out", into]);
    assert!(out.join("filters-conv1-epoch-0001.png").exists());
    let first = fs::read(out.join("filters-conv1-epoch-0001.png")).unwrap();
    succeed(&["filters", &run, "--snapshot", "epoch-0000", "--layer", "conv1", "--out", into]);
    assert_ne!(first, fs::read(out.join("filters-conv1-epoch-0000.png")).unwrap());
}

#[test]
fn layers_snapshots_and_checkpoints_that_are_not_there_are_named() {
    let run = trained("lenet");
    let layers = "this model has conv1, conv2, hidden1, output";
    refuse(&["filters", &run, "--layer", "conv3"], 2, layers);
    refuse(&["filters", &run, "--layer", "pool1", "--snapshot", "all"], 2, layers);
    refuse(&["filters", &run, "--snapshot", "epoch-7"], 2, "kept epoch-0000, epoch-0001");
    refuse(&["convolve", "--run", &run, "--filters", "21"], 2, "has 20");

    let folder = folder("stopped-early");
    let (glyph, _) = glyph(&folder, 0);
    let empty = folder.to_str().unwrap();
    refuse(&["filters", empty], 1, "holds no recipe.toml");
    fs::copy(Path::new(&run).join("recipe.toml"), folder.join("recipe.toml")).unwrap();
    refuse(&["filters", empty], 1, "holds no checkpoint best/");
    refuse(&["filters", empty, "--snapshot", "all"], 1, "kept no snapshots");
    refuse(&["predict", empty, &glyph], 1, "holds no checkpoint best/");
    refuse(&["features", empty, &glyph, "--checkpoint", "last"], 1, "holds no checkpoint last/");
    refuse(&["convolve", "--run", empty], 1, "holds no checkpoint best/");
}

#[test]
fn features_show_every_layer() {
    let out = folder("features");
    let (glyph, _) = glyph(&out, 3);
    let check = |model: &str, expected: &[(&str, &str)]| {
        let printed = succeed(&["features", &trained(model), &glyph, "--out", out.to_str().unwrap()]);
        let mut lines = printed.lines();
        for (layer, shape) in expected {
            let line = lines.next().unwrap();
            assert!(line.starts_with(layer) && line.contains(shape), "{line}");
            let (width, height) = size(&out.join(format!("features-glyph-3-{layer}.png")));
            assert!(width > 100 && height > 40, "{line}: {width} x {height}");
        }
        assert!(lines.next().unwrap().starts_with("all"));
        let whole = size(&out.join("features-glyph-3.png"));
        let parts = expected.iter().map(|(layer, _)| size(&out.join(format!("features-glyph-3-{layer}.png"))));
        assert_eq!(whole.1, parts.map(|part| part.1).sum::<u32>());
    };
    check("softmax", &[("input", "(1, 1, 28, 28)"), ("output", "(1, 10)")]);
    check("mlp", &[("input", "(1, 1, 28, 28)"), ("hidden1", "(1, 30)"), ("hidden2", "(1, 7)"), ("output", "(1, 10)")]);
    check(
        "lenet",
        &[
            ("input", "(1, 1, 28, 28)"),
            ("conv1", "(1, 20, 24, 24)"),
            ("pool1", "(1, 20, 12, 12)"),
            ("conv2", "(1, 6, 8, 8)"),
            ("pool2", "(1, 6, 4, 4)"),
            ("hidden1", "(1, 16)"),
            ("output", "(1, 10)"),
        ],
    );
}

#[test]
fn convolution_is_shown_on_the_projects_own_picture() {
    let out = folder("convolve");
    let figure = out.join("convolve-landscape.png");
    let draw = |options: &[&str]| {
        let start = ["convolve", "--device", "cpu", "--out", out.to_str().unwrap()];
        let printed = succeed(&[&start[..], options].concat());
        (printed, fs::read(&figure).unwrap())
    };
    let (printed, random) = draw(&[]);
    for shape in ["(1, 3, 388, 516)", "(2, 3, 9, 9)", "(1, 2, 380, 508)", "(1, 2, 190, 254)"] {
        assert!(printed.contains(shape), "{printed}");
    }
    let (width, height) = size(&figure);
    assert!(width > 2 * height * 3 / 4 && width < 2 * height, "{width} x {height}");
    assert_eq!(draw(&["--seed", "0"]).1, random);
    assert_ne!(draw(&["--seed", "1"]).1, random);

    let (printed, _) = draw(&["--filters", "5", "--size", "4", "--keep-border"]);
    assert!(printed.contains("(1, 5, 385, 513)") && printed.contains("(1, 5, 193, 257)"), "{printed}");
    let (printed, _) = draw(&["--run", &trained("lenet"), "--filters", "3"]);
    assert!(printed.contains("(3, 1, 5, 5)") && printed.contains("(1, 3, 384, 512)"), "{printed}");
    // Hidden units are filters as large as the pictures they saw.
    let (printed, _) = draw(&["--run", &trained("mlp")]);
    assert!(printed.contains("(2, 1, 28, 28)") && printed.contains("(1, 2, 361, 489)"), "{printed}");
}

#[test]
fn a_picture_smaller_than_the_filters_is_refused() {
    let folder = folder("small");
    let (glyph, _) = glyph(&folder, 0);
    let out = folder.to_str().unwrap();
    refuse(&["convolve", &glyph, "--size", "28", "--out", out], 2, "larger picture or smaller filters");
    let printed = succeed(&["convolve", &glyph, "--size", "27", "--out", out]);
    assert!(printed.contains("(1, 2, 1, 1)"), "{printed}");
}

#[test]
fn the_photograph_of_the_demonstration_has_the_published_shapes() {
    let photo = std::env::var_os("MINIBATCH_DATA").map(|root| PathBuf::from(root).join("3wolfmoon.jpg"));
    let Some(photo) = photo.filter(|photo| photo.exists()) else {
        eprintln!("SKIPPED: there is no 3wolfmoon.jpg in $MINIBATCH_DATA");
        return;
    };
    let out = folder("demonstration");
    let printed = succeed(&["convolve", photo.to_str().unwrap(), "--out", out.to_str().unwrap()]);
    for shape in ["(1, 3, 639, 516)", "(1, 2, 631, 508)", "(1, 2, 315, 254)"] {
        assert!(printed.contains(shape), "{printed}");
    }
    size(&out.join("convolve-3wolfmoon.png"));
}
