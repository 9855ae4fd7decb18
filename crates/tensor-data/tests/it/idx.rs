//! The IDX reader: every malformed file has its own message, and no bytes whatever make it panic.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use tempfile::TempDir;
use tensor_data::idx::{read_images, read_labels, read_samples, write_samples};
use tensor_data::{Error, Samples};

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn idx(magic: u32, dims: &[u32], content: &[u8]) -> Vec<u8> {
    let words = [&[magic], dims].concat();
    [words.iter().flat_map(|word| word.to_be_bytes()).collect(), content.to_vec()].concat()
}

/// Two pictures of 2 x 3 pixels.
fn images() -> Vec<u8> {
    idx(0x803, &[2, 2, 3], &(0..12).collect::<Vec<u8>>())
}

fn saved(dir: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = dir.path().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

/// The message for a file of these bytes says all of this, and names the file; so does that for the same bytes in gzip.
#[track_caller]
fn check<T>(read: fn(&Path) -> Result<T, Error>, bytes: &[u8], says: &[&str]) {
    check_stored(read, bytes, says);
    check_stored(read, &gzip(bytes), says);
}

#[track_caller]
fn check_stored<T>(read: fn(&Path) -> Result<T, Error>, stored: &[u8], says: &[&str]) {
    let dir = TempDir::new().unwrap();
    let path = saved(&dir, "some-file", stored);
    let message = read(&path).err().expect("an error").to_string();
    for part in says.iter().copied().chain([path.to_str().unwrap()]) {
        assert!(message.contains(part), "`{part}` is not in `{message}`");
    }
}

#[test]
fn plain_and_gzip_files_read_alike_whatever_their_names() {
    let dir = TempDir::new().unwrap();
    for (name, bytes) in [("plain.gz", images()), ("packed", gzip(&images()))] {
        let images = read_images(&saved(&dir, name, &bytes)).unwrap();
        assert_eq!((images.count, images.shape), (2, [1, 2, 3]));
        assert_eq!(images.pixels, (0..12).collect::<Vec<u8>>());
    }
    let labels = saved(&dir, "labels", &idx(0x801, &[3], &[7, 0, 255]));
    assert_eq!(read_labels(&labels).unwrap(), [7, 0, 255]);
}

#[test]
fn gzip_in_several_members_reads_as_one() {
    let dir = TempDir::new().unwrap();
    let bytes = images();
    let members = [gzip(&bytes[..10]), gzip(&bytes[10..])].concat();
    assert_eq!(read_images(&saved(&dir, "images", &members)).unwrap().count, 2);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let message = read_images(Path::new("no/such/file")).unwrap_err().to_string();
    assert!(message.starts_with("cannot read no/such/file"), "{message}");
}

#[test]
fn an_empty_file_is_called_empty() {
    check(read_images, &[], &["the file is empty"]);
}

#[test]
fn a_header_cut_off_anywhere_says_how_much_is_there() {
    for length in 1..16 {
        check(read_images, &images()[..length], &["takes 16 bytes", &format!("ends after {length};")]);
    }
    check(read_labels, &[0, 0, 8, 1, 0, 0], &["takes 8 bytes", "ends after 6;"]);
}

#[test]
fn a_wrong_magic_number_says_what_was_found_and_what_it_looks_like() {
    let labels = idx(0x801, &[1], &[3]);
    check(
        read_images,
        &labels,
        &["not IDX images", "0x00000801", "0x00000803", "IDX of unsigned bytes in 1 dimension (labels)"],
    );
    check(read_labels, &images(), &["not IDX labels", "0x00000803", "0x00000801", "in 3 dimensions (images)"]);
    check(read_images, &idx(0x0d03, &[1, 1, 1], &[0; 4]), &["0x00000d03", "IDX of 32-bit floats in 3 dimensions"]);
    check(read_images, &idx(0x802, &[1, 1], &[0]), &["0x00000802", "in 2 dimensions"]);
    check(read_images, b"\x89PNG\r\n\x1a\n", &["0x89504e47", "a PNG picture"]);
    check(read_images, b"PK\x03\x04 and so on", &["a zip archive"]);
    check(read_images, b"\n<!DOCTYPE html>", &["a web page"]);
    check(read_images, b"label,pixel0", &["a text file"]);
    check(read_images, &[1, 2, 3, 4, 5, 6, 7, 8], &["0x01020304", "an unknown binary file"]);
}

#[test]
fn zero_pictures_are_refused() {
    check(read_images, &idx(0x803, &[0, 28, 28], &[]), &["there are no pictures in it"]);
    check(read_labels, &idx(0x801, &[0], &[]), &["there are no pictures in it"]);
}

#[test]
fn pictures_without_pixels_are_refused() {
    check(read_images, &idx(0x803, &[5, 0, 28], &[]), &["1 x 0 x 28"]);
    check(read_images, &idx(0x803, &[5, 28, 0], &[]), &["1 x 28 x 0"]);
}

#[test]
fn a_count_larger_than_the_file_is_refused() {
    check(read_images, &idx(0x803, &[60_000, 28, 28], &[0; 784]), &["claims 47040000 bytes", "only 784"]);
    check(read_labels, &idx(0x801, &[4_000_000_000], &[1]), &["claims 4000000000 bytes", "only 1;"]);
}

#[test]
fn absurd_sizes_are_refused_before_anything_is_read() {
    let dims = [u32::MAX, u32::MAX, u32::MAX];
    check(read_images, &idx(0x803, &dims, &[0; 100]), &["claims 4294967295 x 4294967295 x 4294967295 bytes", "4 GiB"]);
    check(read_images, &idx(0x804, &[u32::MAX; 4], &[]), &["4 GiB"]);
    check(read_images, &idx(0x803, &[65_536, 65_536, 2], &[]), &["claims 65536 x 65536 x 2 bytes"]);
}

#[test]
fn trailing_bytes_are_refused() {
    check(read_images, &[images(), vec![0]].concat(), &["continues after the 12 bytes"]);
}

#[test]
fn a_gzip_bomb_is_unpacked_no_further_than_its_header_claims() {
    // 100 MB of zeros behind the header of two small pictures.
    let bomb = gzip(&[images(), vec![0; 100_000_000]].concat());
    check_stored(read_images, &bomb, &["continues after the 12 bytes"]);
}

#[test]
fn gzip_cut_off_anywhere_is_called_cut_off() {
    let packed = gzip(&images());
    for length in 2..packed.len() {
        check_stored(read_images, &packed[..length], &["gzip data is cut off"]);
    }
}

#[test]
fn damaged_gzip_is_called_damaged() {
    let mut packed = gzip(&images());
    let checksum = packed.len() - 8;
    packed[checksum] ^= 1;
    check_stored(read_images, &packed, &["gzip data is damaged"]);
}

/// Tapes and some tools fill up the last block with NUL bytes; gzip itself passes over them too.
#[test]
fn nul_bytes_behind_gzip_are_padding() {
    let dir = TempDir::new().unwrap();
    let twice = [gzip(&images()[..10]), gzip(&images()[10..])].concat();
    for (stored, nuls) in [(gzip(&images()), 1), (gzip(&images()), 100_000), (twice, 512)] {
        let path = saved(&dir, "images.gz", &[stored, vec![0; nuls]].concat());
        assert_eq!(read_images(&path).unwrap().pixels, (0..12).collect::<Vec<u8>>(), "{nuls} bytes");
    }
}

#[test]
fn other_bytes_behind_gzip_are_counted() {
    let line_end = "(the end of a line";
    for (rest, says, is_line_end) in [
        (&b"\r\n"[..], "2 bytes follow the gzip data", true),
        (b"\n", "1 byte follows the gzip data", true),
        (b"more", "4 bytes follow the gzip data", false),
        (b"\0\0x", "3 bytes follow the gzip data", false),
        // Half of another member's magic number.
        (b"\x1f", "1 byte follows the gzip data", false),
        (&[7; 200_000], "200000 bytes follow the gzip data", false),
    ] {
        let stored = [gzip(&images()), rest.to_vec()].concat();
        check_stored(read_images, &stored, &[says, "is whole"]);
        let message = message(&stored);
        assert_eq!(message.contains(line_end), is_line_end, "{message}");
        assert!(!message.contains("cut off after") && !message.contains("damaged"), "{message}");
    }
}

/// What reading a file of these bytes says.
fn message(stored: &[u8]) -> String {
    let dir = TempDir::new().unwrap();
    read_images(&saved(&dir, "images", stored)).unwrap_err().to_string()
}

#[test]
fn images_and_labels_must_pair_up() {
    let dir = TempDir::new().unwrap();
    let images = saved(&dir, "images", &images());
    for (labels, says) in [
        (vec![1], "1 labels, but 2 pictures"),
        (vec![1, 2, 3], "3 labels, but 2 pictures"),
        (vec![0, 10], "label 10 at index 1 is out of range: with 10 classes, labels go from 0 to 9"),
        (vec![1, 10], "labels go from 1 to 10 and none is 0, but 10 classes are counted from 0 to 9; these seem to be"),
        (vec![1, 10], "counted from 1 (EMNIST letters counts its 26 classes from 1): subtract 1 from each label"),
        (vec![26, 1], "labels go from 1 to 26 and none is 0"),
        (vec![26, 1], "up to 26 classes (EMNIST letters counts its 26 classes from 1), and a data set of 10 is needed"),
    ] {
        let labels = saved(&dir, "labels", &idx(0x801, &[labels.len() as u32], &labels));
        let message = read_samples(&images, &labels, 10).unwrap_err().to_string();
        assert!(message.contains(says) && message.starts_with(labels.to_str().unwrap()), "{message}");
    }
}

fn samples() -> impl Strategy<Value = Samples> {
    (1..4usize, 1..5usize, 1..5usize, 1..=256usize).prop_flat_map(|(channels, height, width, classes)| {
        let picture = (prop::collection::vec(any::<u8>(), channels * height * width), 0..classes);
        prop::collection::vec(picture, 1..20).prop_map(move |pictures| {
            let (pixels, labels): (Vec<_>, Vec<_>) = pictures.into_iter().unzip();
            let labels = labels.into_iter().map(|label| label as u32).collect();
            Samples::new([channels, height, width], classes, pixels.concat(), labels).unwrap()
        })
    })
}

/// Bytes that get past the first checks more often than chance would have it.
fn nearly_idx() -> impl Strategy<Value = Vec<u8>> {
    let magic = prop_oneof![Just(0x801), Just(0x803), Just(0x804), any::<u32>()];
    let dim = prop_oneof![0..6u32, any::<u32>()];
    let content = prop::collection::vec(any::<u8>(), 0..40);
    (magic, prop::collection::vec(dim, 0..5), content).prop_map(|(magic, dims, content)| idx(magic, &dims, &content))
}

fn gzip_cut_or_flipped() -> impl Strategy<Value = Vec<u8>> {
    (nearly_idx(), any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()).prop_map(
        |(bytes, end, place, mask)| {
            let mut packed = gzip(&bytes);
            let place = place.index(packed.len());
            packed[place] ^= mask;
            packed.truncate(end.index(packed.len()) + 1);
            packed
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(samples in samples()) {
        let dir = TempDir::new().unwrap();
        let (images, labels) = (dir.path().join("images"), dir.path().join("labels"));
        write_samples(&samples, &images, &labels).unwrap();
        prop_assert_eq!(&read_samples(&images, &labels, samples.classes()).unwrap(), &samples);
        for path in [&images, &labels] {
            fs::write(path, gzip(&fs::read(path).unwrap())).unwrap();
        }
        prop_assert_eq!(&read_samples(&images, &labels, samples.classes()).unwrap(), &samples);
    }

    #[test]
    fn no_bytes_make_the_reader_panic_and_none_are_read_past_the_claim(
        bytes in prop_oneof![prop::collection::vec(any::<u8>(), 0..100), nearly_idx(), gzip_cut_or_flipped()]
    ) {
        let dir = TempDir::new().unwrap();
        let path = saved(&dir, "file", &bytes);
        if let Ok(images) = read_images(&path) {
            prop_assert_eq!(images.pixels.len(), images.count * images.shape.iter().product::<usize>());
        }
        if let Ok(labels) = read_labels(&path) {
            prop_assert!(!labels.is_empty());
        }
    }
}
