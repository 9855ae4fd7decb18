//! A person's own pictures from a folder to a model, its figures and its answers; arrays of others; and no network asked on the way.

use crate::runs::{Done, Place, finish};
use image::{Rgb, RgbImage};
use std::fs;
use std::path::PathBuf;

/// Squares of one colour and place each on a ground of noise: learned within minutes by a small network, within seconds by a head.
fn picture(class: u8, seed: u32) -> RgbImage {
    let colour = [[200, 40, 40], [40, 180, 60], [50, 60, 220]][usize::from(class)];
    RgbImage::from_fn(80, 60, |x, y| {
        let inside = x / 10 == 2 + seed % 4 && y / 10 == 1 + seed / 4 % 4;
        let noise = (u64::from(x + 80 * y + 7919 * seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58) as u8;
        Rgb(if inside { colour } else { colour.map(|value| value / 2 + noise) })
    })
}

/// 20 pictures of each of three classes, one of them with a name that a terminal would not like.
pub fn photos(place: &Place) -> PathBuf {
    let folder = place.path("photos");
    for (class, name) in (0..).zip(["Äpfel", "grass", "sky\u{1b}[2J"]) {
        fs::create_dir_all(folder.join(name)).unwrap();
        (0..20).for_each(|i| picture(class, i).save(folder.join(name).join(format!("{i:02}.png"))).unwrap());
    }
    folder
}

/// The runner with a cache of its own and no Python that could fetch weights.
pub fn offline(place: &Place, words: &str) -> Done {
    let mut command = place.minibatch(words);
    finish(command.env("XDG_CACHE_HOME", place.path("cache")).env("PATH", place.path("nothing")))
}

pub const SMALL: &str = r#"
epochs = 30
learning_rate = 0.01
data = { set = "mine", storage = "u8" }
minibatch = { size = 10 }
model = { kind = "mlp", hidden = [16], activation = "relu" }
optimizer = { kind = "adam" }
"#;

#[test]
fn a_folder_of_one_class_is_refused_with_the_folder_that_was_meant() {
    let place = Place::new();
    photos(&place);
    fs::create_dir(place.path("outer")).unwrap();
    fs::rename(place.path("photos"), place.path("outer/photos")).unwrap();
    let outer = offline(&place, "train {}/outer --epochs 1 --out {}/run");
    assert_eq!(outer.status, Some(2), "{outer:?}");
    assert!(outer.err.contains("all its pictures are of one class, photos; are the 3 folders in"), "{}", outer.err);
    fs::rename(place.path("outer/photos/grass"), place.path("alone")).unwrap();
    let loose = offline(&place, "train {}/alone --epochs 1 --out {}/run");
    assert!(loose.err.contains("its 20 pictures lie in no class's folder: put them into"), "{}", loose.err);
    fs::create_dir(place.path("one")).unwrap();
    fs::rename(place.path("alone"), place.path("one/grass")).unwrap();
    let one = offline(&place, "train {}/one --epochs 1 --out {}/run");
    assert_eq!(one.status, Some(2), "{one:?}");
    assert!(one.err.contains("all its pictures are of one class, grass"), "{}", one.err);
    assert!(one.err.contains("put them into a folder for each class"), "{}", one.err);
    for done in [outer, loose, one] {
        assert!(!done.err.contains("weights"), "nothing is fetched for a folder that cannot be used: {done:?}");
    }
    assert!(!place.path("run").exists());
}

#[test]
fn a_folder_is_trained_on_from_scratch_where_no_weights_can_be_had() {
    let place = Place::new();
    photos(&place);
    let done = offline(&place, "train {}/photos --epochs 1 --out {}/run");
    assert_eq!(done.status, Some(0), "{done:?}");
    assert!(done.err.contains("3 classes, 60 pictures (grass 20"), "{}", done.err);
    assert!(done.err.contains("*** the weights efficientnet-lite0 are not on this machine"), "{}", done.err);
    assert!(done.err.contains("Training starts from scratch instead"), "{}", done.err);
    assert!(!format!("{}{}", done.out, done.err).contains('\u{1b}'), "{done:?}");
    let model = place.json("run/best/model.json");
    assert_eq!(model["class_names"], serde_json::json!(["grass", "sky\u{1b}[2J", "Äpfel"]));
    assert_eq!(place.json("run/summary.json")["test"]["pictures"], 9);
    let told = format!("{}{}", done.out, done.err);
    assert!(told.contains("too few test pictures of grass (3), ") && told.contains(" to tell: --folds 5"), "{told}");
    let kept = || fs::read_dir(place.path("cache/minibatch/pictures")).unwrap().count();
    assert_eq!(kept(), 1);
    let cleared = offline(&place, "look --clear-cache");
    assert!(cleared.status == Some(0) && cleared.out.contains("freed in") && kept() == 0, "{cleared:?}");
}

#[test]
fn own_pictures_are_the_same_when_resumed_evaluated_and_answered() {
    let place = Place::new();
    let folder = photos(&place);
    let text =
        format!("{SMALL}pictures = {{ folder = {:?}, size = 16, fit = \"squash\" }}\n", folder.to_str().unwrap());
    let recipe = place.recipe("mine", &text);
    for words in [
        format!("train {recipe} --out {{}}/whole"),
        format!("train {recipe} --out {{}}/parts --set limits.iterations=37"),
        "train --resume {}/parts --set limits.iterations=1000".to_owned(),
    ] {
        let done = offline(&place, &words);
        assert_eq!(done.status, Some(0), "{words}: {done:?}");
    }
    place.assert_same_run("whole", "parts");
    let summary = place.json("whole/summary.json");
    assert!(summary["test_error"].as_f64().unwrap() < 0.2, "{summary}");
    let evaluated = offline(&place, "eval {}/whole --json");
    let evaluated: serde_json::Value = serde_json::from_str(&evaluated.out).unwrap();
    assert_eq!(evaluated["error"], summary["test_error"]);

    let reported = offline(&place, "report {}/whole --out {}/page");
    assert!(reported.status == Some(0) && !reported.out.contains("left out"), "{reported:?}");
    assert!(place.text("page/report.html").contains("<th scope=\"row\"><bdi>grass</bdi></th>"));

    fs::write(folder.join("sky\u{1b}[2J/bad.png"), b"no picture").unwrap();
    let done = offline(&place, "predict {}/whole {}/photos --reject 0.1 --csv {}/answers.csv");
    assert_eq!(done.status, Some(1), "{done:?}");
    assert!(!format!("{}{}", done.out, done.err).contains('\u{1b}'), "{done:?}");
    let mut rows = csv::Reader::from_path(place.path("answers.csv")).unwrap();
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 61);
    let bad = rows.iter().find(|row| row[0].ends_with("bad.png")).unwrap();
    assert_eq!((&bad[1], &bad[5]), ("", "unreadable"));
    let right = rows.iter().filter(|row| !row[1].is_empty() && row[0].contains(&format!("/{}/", &row[1]))).count();
    assert!(right > 50, "{right} of 60: no row is shifted");
    let again = offline(&place, "predict {}/whole {}/photos/grass/00.png --csv {}/answers.csv");
    assert!(again.status == Some(2) && again.err.contains("never overwritten"), "{again:?}");

    // A file that cannot be read ends a new run before it begins, unless it is to be left out; then the copies have changed nothing.
    let refused = offline(&place, &format!("train {recipe} --out {{}}/bad"));
    assert_eq!(refused.status, Some(2), "{refused:?}");
    assert!(refused.err.contains("bad.png") && refused.err.contains("--skip-bad"), "{}", refused.err);
    let left_out = offline(&place, &format!("train {recipe} --epochs 1 --skip-bad --out {{}}/good"));
    assert!(left_out.status == Some(0) && left_out.err.contains("WARNING: 1 file"), "{left_out:?}");

    fs::rename(&folder, place.path("elsewhere")).unwrap();
    let gone = offline(&place, "eval {}/whole");
    assert!(gone.status == Some(1) && gone.err.contains("pass --data, where they lie now"), "{gone:?}");
    fs::remove_file(place.path("elsewhere").join("sky\u{1b}[2J/bad.png")).unwrap();
    let moved = offline(&place, "eval {}/whole --data {}/elsewhere");
    assert_eq!(moved.status, Some(0), "{moved:?}");
    fs::remove_file(place.path("elsewhere/grass/00.png")).unwrap();
    let others = offline(&place, "eval {}/whole --data {}/elsewhere");
    assert_eq!(others.status, Some(1), "{others:?}");
}

#[test]
fn a_safetensors_file_of_arrays_is_trained_on() {
    use safetensors::tensor::{Dtype, TensorView, serialize};
    let place = Place::new();
    let pixels: Vec<u8> = (0..60_u32).flat_map(|i| picture((i % 3) as u8, i).into_raw()).collect();
    let labels: Vec<u8> = (0..60).map(|i| i % 3).collect();
    let arrays = [
        ("images", TensorView::new(Dtype::U8, vec![60, 60, 80, 3], &pixels).unwrap()),
        ("labels", TensorView::new(Dtype::U8, vec![60], &labels).unwrap()),
    ];
    fs::write(place.path("set.safetensors"), serialize(arrays, None).unwrap()).unwrap();
    let done = offline(&place, "train {}/set.safetensors --epochs 1 --out {}/run");
    assert_eq!(done.status, Some(0), "{done:?}");
    assert!(done.err.contains("no test pictures of its own: 9 (15 % of every class)"), "{}", done.err);
    assert_eq!(place.json("run/best/model.json")["input"], serde_json::json!([3, 60, 80]));
}

/// Four IDX files with labels of one's own; a digit's name is its label, and a photograph of any size is answered.
#[test]
fn a_folder_of_idx_files_is_looked_at_trained_on_and_answered() {
    let place = Place::new();
    let folder = place.path("letters");
    fs::create_dir_all(&folder).unwrap();
    for (part, count) in [("train", 60_u32), ("t10k", 12)] {
        let header = |dimensions: &[u32]| -> Vec<u8> {
            let sides = dimensions.iter().flat_map(|side| side.to_be_bytes());
            [0, 0, 8, dimensions.len() as u8].into_iter().chain(sides).collect()
        };
        let grey = (0..count).flat_map(|i| image::imageops::grayscale(&picture((i % 3) as u8, i)).into_raw());
        let images: Vec<u8> = header(&[count, 60, 80]).into_iter().chain(grey).collect();
        let labels: Vec<u8> = header(&[count]).into_iter().chain((0..count).map(|i| 5 + (i % 3) as u8)).collect();
        fs::write(folder.join(format!("{part}-images-idx3-ubyte")), images).unwrap();
        fs::write(folder.join(format!("{part}-labels-idx1-ubyte")), labels).unwrap();
    }
    let looked = offline(&place, "look {}/letters");
    assert_eq!(looked.status, Some(0), "{looked:?}");
    assert!(looked.out.starts_with("3 classes, 72 pictures (5 24, 6 24, 7 24)"), "{}", looked.out);
    assert!(looked.out.contains("split: 51 to learn from, 9 to choose by, 12 to test with"), "{}", looked.out);

    let done = offline(&place, "train {}/letters --epochs 1 --out {}/run");
    assert_eq!(done.status, Some(0), "{done:?}");
    let model = place.json("run/best/model.json");
    assert_eq!(model["class_names"], serde_json::json!(["5", "6", "7"]));
    assert_eq!(
        (&model["input"], &place.json("run/summary.json")["test"]["pictures"]),
        (&serde_json::json!([1, 60, 80]), &12.into())
    );
    picture(0, 1).save(place.path("new.png")).unwrap();
    let answered = offline(&place, "predict {}/run {}/new.png --json");
    assert_eq!(answered.status, Some(0), "{answered:?}");
    let answered: serde_json::Value = serde_json::from_str(&answered.out).unwrap();
    assert_eq!(answered["pictures"][0]["classes"].as_array().map(Vec::len), Some(3));

    fs::remove_file(folder.join("t10k-labels-idx1-ubyte")).unwrap();
    let refused = offline(&place, "train {}/letters --out {}/none");
    assert!(refused.status == Some(1) && refused.err.contains("t10k-labels-idx1-ubyte"), "{refused:?}");
}

/// Unpacks real cut-out photographs as `stamps/`: where real data lie, and known weights; `None`, said, where there are none.
pub fn stamps(place: &Place) -> Option<(PathBuf, PathBuf)> {
    let Some(data) = std::env::var_os("MINIBATCH_DATA").map(PathBuf::from) else {
        eprintln!("SKIPPED: MINIBATCH_DATA does not say where stamps.tar.gz and weights/ lie");
        return None;
    };
    let (archive, weights) = (data.join("stamps.tar.gz"), data.join("weights/efficientnet_lite0_imagenet.safetensors"));
    if !archive.is_file() || !weights.is_file() {
        eprintln!("SKIPPED: there is no {} or no {}", archive.display(), weights.display());
        return None;
    }
    let unpacked = std::process::Command::new("tar").arg("xzf").arg(&archive).arg("-C").arg(place.path("")).status();
    assert!(unpacked.unwrap().success());
    Some((data, weights))
}

/// Real cut-out photographs and real weights: above what the largest class gives (23 %) by far, below what was published by luck at most.
#[test]
fn stamps_are_recognised_by_a_new_head_on_known_weights() {
    let place = Place::new();
    let Some((data, weights)) = stamps(&place) else { return };
    let words = format!("train {{}}/stamps --set pretrained.weights={} --out {{}}/run", weights.display());
    let mut command = place.minibatch(&words);
    let done = finish(command.env("XDG_CACHE_HOME", place.path("cache")).env("MINIBATCH_DATA", &data));
    assert_eq!(done.status, Some(0), "{done:?}");
    assert!(done.err.contains("13 classes, 283 pictures") && done.err.contains("the last layer alone"), "{}", done.err);
    assert!(done.err.contains("features of 283 pictures computed once"), "{}", done.err);
    let error = place.json("run/summary.json")["test_error"].as_f64().unwrap();
    assert!(error < 0.35, "{error}");
}

/// Shapes on a transparent ground: what lies below them is the recipe's colour, in training and in answers alike, and in words.
#[test]
fn what_lies_below_transparent_pictures_is_the_recipes() {
    let place = Place::new();
    for (class, colour) in [("red", [200, 30, 30, 255]), ("blue", [30, 30, 200, 255])] {
        fs::create_dir_all(place.path("shapes").join(class)).unwrap();
        for i in 0..12_u32 {
            let inside = |x: u32, y: u32| (8 + i % 4..20 + i).contains(&x) && (4 + i / 4..24).contains(&y);
            let paint = |x, y| image::Rgba(if inside(x, y) { colour } else { [0, 0, 0, 0] });
            let file = place.path("shapes").join(class).join(format!("{i}.png"));
            image::RgbaImage::from_fn(40, 30, paint).save(file).unwrap();
        }
    }
    let train = |run: &str, more: &str| {
        let words = format!(
            "train {{}}/shapes --epochs 1 --set pictures.size=16 --set pictures.fit=pad {more} --out {{}}/{run}"
        );
        let done = offline(&place, &words);
        assert_eq!(done.status, Some(0), "{done:?}");
    };
    train("white", "");
    train("black", "--set pictures.background=[0,0,0]");
    let digest = |run: &str| place.json(&format!("{run}/run.json"))["pictures"]["train"].clone();
    assert_ne!(digest("white"), digest("black"), "the pictures are others");
    for (run, ground) in [("white", "white"), ("black", "black")] {
        let done = offline(&place, &format!("predict {{}}/{run} {{}}/shapes/red/0.png"));
        assert_eq!(done.status, Some(0), "{done:?}");
        assert!(
            done.out.contains(&format!("filled up with {ground}"))
                || done.err.contains(&format!("filled up with {ground}")),
            "{done:?}"
        );
    }
    let wrong = offline(&place, "train {}/shapes --set pictures.background=[0,0,256] --out {}/none");
    assert_eq!(wrong.status, Some(2), "{wrong:?}");
    assert!(wrong.err.contains("pictures.background"), "{wrong:?}");
}
