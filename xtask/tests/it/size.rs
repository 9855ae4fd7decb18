//! How large a report may become: of runs that were wrong about nearly everything, so that all that a page may hold is held.

use crate::photos::offline;
use crate::runs::Place;
use image::{Rgb, RgbImage};
use std::fs;

/// A network that has learned nothing: nine of ten pictures are wrong, each explained by its convolutions, and snapshots.
const UNTRAINED: &str = r#"
epochs = 1
learning_rate = 0.0000001
data = { set = "glyphs" }
minibatch = { size = 500 }
model = { kind = "lenet", filters = [6, 8], hidden = 32 }
checkpoint = { snapshots = 1 }
"#;

#[test]
fn reports_of_digits_stay_small() {
    let place = Place::new();
    let recipe = place.recipe("untrained", UNTRAINED);
    let seeds = 1..=5;
    for seed in seeds.clone() {
        place.good(&format!("train {recipe} --device cpu --seed {seed} --out {{}}/{seed}"));
    }
    let wrong = place.json("1/summary.json")["test_error"].as_f64().unwrap();
    assert!(wrong > 0.7, "it has learned: {wrong}");
    let one = place.bytes("1/report.html").len();
    assert!((500_000..1_000_000).contains(&one), "one run: {one} bytes");
    let runs: Vec<String> = seeds.map(|seed| format!("{{}}/{seed}")).collect();
    place.good(&format!("report {} --device cpu --out {{}}/five", runs.join(" ")));
    let five = place.bytes("five/report.html").len();
    assert!((1_500_000..3_000_000).contains(&five), "five runs: {five} bytes");
}

/// Noise is what JPEG can shrink least.
#[test]
fn a_report_of_photographs_stays_small() {
    let place = Place::new();
    for class in ["one", "other"] {
        let folder = place.path("photos").join(class);
        fs::create_dir_all(&folder).unwrap();
        for number in 0..150u64 {
            let noise = |x: u32, y: u32, channel: u64| {
                let place = u64::from(x + 224 * y) * 3 + channel + 150_528 * (number + class.len() as u64 * 1000);
                (place.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8
            };
            let picture = RgbImage::from_fn(224, 224, |x, y| Rgb([0, 1, 2].map(|channel| noise(x, y, channel))));
            picture.save(folder.join(format!("{number}.png"))).unwrap();
        }
    }
    let recipe = r#"
epochs = 1
learning_rate = 0.0001
data = { set = "mine", storage = "u8" }
minibatch = { size = 50 }
model = { kind = "lenet", filters = [4, 4], hidden = 8 }
pictures = { folder = "PHOTOS", size = 224 }
"#;
    let recipe = place.recipe("photos", &recipe.replace("PHOTOS", &place.path("photos").display().to_string()));
    let done = offline(&place, &format!("train {recipe} --device cpu --out {{}}/run"));
    assert_eq!(done.status, Some(0), "{done:?}");
    let page = place.text("run/report.html");
    assert!(page.contains("class=\"tile captioned\""), "no mistake is shown");
    assert!((200_000..5_000_000).contains(&page.len()), "{} bytes", page.len());
}
