//! What lies on the disk after saving: files that other programs read, whole or not at all.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use image::AnimationDecoder;
use std::path::Path;
use std::time::Duration;
use viz::{Animation, Chart, Picture, Series};

fn two_colours() -> Picture {
    Picture::rgb(1, 2, vec![255, 0, 0, 0, 0, 255]).unwrap()
}

fn chart() -> Chart {
    Chart::loss("epoch", vec![Series::new("a", &[0.0, 1.0], &[1.0, 0.5]).unwrap()]).unwrap()
}

#[test]
fn a_png_reads_back_as_the_same_pixels_grey_or_coloured() {
    let folder = tempfile::tempdir().unwrap();
    let check = |picture: &Picture, colour| {
        let path = folder.path().join("new/deep/picture.png");
        picture.save(&path).unwrap();
        let read = image::open(&path).unwrap();
        assert_eq!(read.color(), colour);
        assert_eq!(read.to_rgb8().as_raw().as_slice(), picture.bytes());
    };
    check(&two_colours(), image::ColorType::Rgb8);
    check(&Picture::grey(2, 1, &[3, 200]).unwrap(), image::ColorType::L8);
}

#[test]
fn saving_replaces_an_older_file_and_leaves_nothing_else_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("picture.PNG");
    std::fs::write(&path, "old").unwrap();
    two_colours().save(&path).unwrap();
    assert!(image::load_from_memory(&std::fs::read(&path).unwrap()).is_ok());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn a_saved_picture_is_as_readable_as_any_new_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (plain, picture) = (folder.path().join("plain"), folder.path().join("picture.png"));
    std::fs::write(&plain, "").unwrap();
    two_colours().save(&picture).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&picture), mode(&plain));
}

#[test]
fn a_place_that_cannot_be_written_and_a_wrong_ending_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let below_a_file = file.join("picture.png");
    let message = two_colours().save(&below_a_file).unwrap_err().to_string();
    assert!(message.contains("cannot write") && message.contains("file/picture.png"), "{message}");
    let message = two_colours().save(&folder.path().join("picture.jpg")).unwrap_err().to_string();
    assert!(message.contains("picture.jpg") && message.contains("use .png"), "{message}");
    assert!(chart().draw().save(&folder.path().join("chart")).is_err());
}

#[test]
fn a_folder_in_the_place_of_the_file_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("picture.png");
    std::fs::create_dir(&path).unwrap();
    assert!(two_colours().save(&path).is_err());
    assert!(path.is_dir());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn an_animation_plays_its_frames_in_order_as_apng_and_as_gif() {
    let grey = |value| Picture::filled(3, 4, [value; 3]).unwrap();
    let small = Picture::filled(1, 1, [90; 3]).unwrap();
    let animation = Animation::new(&[grey(0), grey(255), small], Duration::from_millis(250)).unwrap();
    let check = |frames: Vec<image::Frame>| {
        let first: Vec<u8> = frames.iter().map(|f| f.buffer().get_pixel(3, 2).0[0]).collect();
        assert_eq!(first, [0, 255, 90]);
        for frame in &frames {
            assert_eq!(frame.buffer().dimensions(), (4, 3));
            assert_eq!(frame.delay().numer_denom_ms(), (250, 1));
        }
    };
    let apng = std::io::Cursor::new(animation.apng().unwrap());
    let decoder = image::codecs::png::PngDecoder::new(apng).unwrap().apng().unwrap();
    check(decoder.into_frames().collect_frames().unwrap());
    let gif = std::io::Cursor::new(animation.gif().unwrap());
    let decoder = image::codecs::gif::GifDecoder::new(gif).unwrap();
    check(decoder.into_frames().collect_frames().unwrap());
}

#[test]
fn an_animation_of_nothing_or_faster_than_browsers_play_is_refused() {
    let frame = [two_colours()];
    assert!(Animation::new(&[], Duration::from_millis(100)).is_err());
    assert!(Animation::new(&frame, Duration::from_millis(1)).is_err());
    assert!(Animation::new(&frame, Duration::from_secs(61)).is_err());
}

#[test]
fn pictures_of_impossible_sizes_are_refused() {
    assert!(Picture::rgb(0, 2, vec![]).is_err());
    assert!(Picture::rgb(1, 1, vec![0; 2]).is_err());
    assert!(Picture::grey(1, 2, &[0]).is_err());
    assert!(Picture::filled(usize::MAX, 2, [0; 3]).is_err());
    assert!(two_colours().enlarged(0).is_err());
    assert!(two_colours().enlarged(usize::MAX).is_err());
}

#[test]
fn enlarging_repeats_pixels_and_overlaying_mixes_them() {
    let large = Picture::grey(1, 2, &[10, 20]).unwrap().enlarged(2).unwrap();
    assert_eq!(large.grey_bytes().unwrap(), [10, 10, 20, 20, 10, 10, 20, 20]);
    let (black, white) = (Picture::grey(1, 1, &[0]).unwrap(), Picture::grey(1, 1, &[200]).unwrap());
    assert_eq!(black.overlaid(&white, 0.25).unwrap().bytes(), [50; 3]);
    assert!(black.overlaid(&large, 0.5).is_err());
    assert!(black.overlaid(&white, 1.5).is_err());
}
