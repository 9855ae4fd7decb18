//! Awkward picture files: what each is, and what is said of it. Their pixels are compared with Pillow's in the unit tests.

use pictures::{Background, Error, Facts, Format, read};
use std::path::Path;

fn facts(path: &Path) -> Facts {
    read(path, Background::Colour([255; 3])).unwrap_or_else(|error| panic!("{error}")).facts
}

#[test]
fn every_odd_file_is_read_or_refused_with_its_cause() {
    let Some(data) = super::data() else { return };
    let folder = data.join("odd");
    let refused = [
        ("gen_header_only.jpg", "the JPEG is cut off"),
        ("gen_html.png", "it is an HTML page"),
        ("truncated_image.png", "the PNG is cut off"),
        ("truncated_jpeg.jpg", "the JPEG is cut off"),
    ];
    let mut table = csv(&folder.join("manifest.csv"));
    table.sort();
    assert_eq!(table.len(), 43);
    for [name, format, mode, size, frames, orientation] in table {
        let path = folder.join(&name);
        if let Some((_, cause)) = refused.iter().find(|(refused, _)| *refused == name) {
            let Err(Error::Refused { problem, .. }) = read(&path, Background::Telling) else { panic!("{name}") };
            assert!(problem.contains(cause), "{name}: {problem}");
            continue;
        }
        let read = read(&path, Background::Colour([255; 3])).unwrap_or_else(|error| panic!("{error}"));
        let facts = &read.facts;
        let turned = !matches!(&orientation[..], "" | "1");
        assert_eq!(facts.turned, turned, "{name}");
        let sides = size.split_once('x').map(|(w, h)| (w.parse().unwrap(), h.parse().unwrap())).unwrap();
        let swapped = matches!(&orientation[..], "5" | "6" | "7" | "8");
        let expected = if swapped { (sides.1, sides.0) } else { sides };
        assert_eq!(read.pixels.dimensions(), expected, "{name}");
        let format = if format == "MPO" { "JPEG" } else { &format };
        assert_eq!(facts.format.name().to_uppercase(), format, "{name}");
        // A second picture of an MPO is another view, not a frame.
        assert_eq!(facts.animated, frames != "1" && format != "JPEG", "{name}");
        if matches!(&mode[..], "1" | "L" | "LA" | "I;16") {
            assert_eq!(facts.channels, 1, "{name}");
        }
        assert_eq!(facts.doubt, None, "{name}");
    }
}

#[test]
fn reports_of_users_are_answered() {
    let Some(data) = super::data() else { return };
    let Some(cases) = data.parent().map(|shared| shared.join("cases/predict")).filter(|cases| cases.is_dir()) else {
        return eprintln!("SKIPPED: there are no reported files");
    };
    let refuse = |name: &str, said: &[&str]| {
        let problem = read(&cases.join(name), Background::Telling).err().unwrap().problem();
        assert!(said.iter().all(|said| problem.contains(said)), "{name}: {problem}");
    };
    refuse("arith.jpg", &["arithmetic coding", "jpegtran -optimize"]);
    refuse("digit.heic", &["HEIC", "convert it to PNG"]);
    refuse("digit.avif", &["AVIF", "convert it to PNG"]);
    refuse("digit.svg", &["an SVG drawing", "export it as PNG"]);
    assert!(facts(&cases.join("zeros_middle.jpg")).doubt.unwrap().contains("zeros"));
    let moving = read(&cases.join("motion_photo.jpg"), Background::Telling).unwrap();
    assert_eq!(moving.steps, ["the still picture of a motion photo"]);
    for name in ["nonint_420.jpg", "nonint_440.jpg"] {
        assert_eq!(facts(&cases.join(name)).doubt, None, "{name}");
    }
    for (name, format) in [("digit.webp", Format::WebP), ("digit.tif", Format::Tiff), ("digit.bmp", Format::Bmp)] {
        assert_eq!(facts(&cases.join(name)).format, format);
    }
}

/// Name, format, mode, size, frames and orientation of each file of the manifest; its last two columns hold commas.
fn csv(path: &Path) -> Vec<[String; 6]> {
    let text = std::fs::read_to_string(path).unwrap();
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        [0, 3, 4, 5, 6, 7].map(|i| cells[i].to_owned())
    };
    text.lines().skip(1).map(row).collect()
}
