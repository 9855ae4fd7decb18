//! Data sets in the files of others: what is read, what is refused and with which words; and that no bytes make a reader panic.

use formats::{Error, Read, TestPart, read};
use npyz::WriterBuilder;
use proptest::prelude::*;
use safetensors::tensor::{Dtype, TensorView, serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use zip::write::SimpleFileOptions;

const TEST: TestPart = TestPart { share: 0.2, seed: 1 };

pub fn npy<T: npyz::AutoSerialize + npyz::Serialize + Copy>(shape: &[u64], values: &[T]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let writer = npyz::WriteOptions::new().default_dtype().shape(shape).writer(&mut bytes);
    let mut writer = writer.begin_nd().unwrap();
    writer.extend(values.iter().copied()).unwrap();
    writer.finish().unwrap();
    bytes
}

pub fn archive(path: &Path, arrays: &[(&str, Vec<u8>)]) -> PathBuf {
    let mut zip = zip::ZipWriter::new(fs::File::create(path).unwrap());
    for (name, bytes) in arrays {
        zip.start_file(format!("{name}.npy"), SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
    path.to_owned()
}

fn good(path: &Path) -> Read {
    read(path, TEST).unwrap().unwrap()
}

fn told(path: &Path) -> String {
    read(path, TEST).unwrap_err().to_string()
}

pub fn counting(count: usize) -> Vec<u8> {
    (0..count).map(|it| it as u8).collect()
}

#[test]
fn an_archive_of_colour_pictures_brings_channels_first() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("set.npz");
    let mut arrays: Vec<(&str, Vec<u8>)> = vec![
        ("train_images", npy(&[2, 1, 2, 3], &counting(12))),
        ("train_labels", npy(&[2, 1], &[1_i64, 0])),
        ("val_images", npy(&[1, 1, 2, 3], &counting(6))),
        ("val_labels", npy(&[1, 1], &[2_u8])),
        ("test_images", npy(&[1, 1, 2, 3], &counting(6))),
        ("test_labels", npy(&[1, 1], &[0_i32])),
        ("notes", npy(&[1], &[0.5_f32])),
    ];
    let Read { source, remarks } = good(&archive(&path, &arrays));
    assert_eq!((source.name.as_str(), source.train.shape(), source.train.classes()), ("set", [3, 1, 2], 3));
    // Pixels 0 1 2, 3 4 5 are two pixels of red, green, blue.
    assert_eq!(source.train.pixels(), [0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11]);
    assert_eq!(source.train.labels(), [1, 0]);
    assert_eq!(source.valid.unwrap().labels(), [2]);
    assert_eq!(remarks, ["not used: \"notes\""]);
    arrays.remove(3);
    assert!(told(&archive(&path, &arrays)).contains("has val_images and no val_labels"));
}

#[test]
fn without_test_pictures_some_of_every_class_are_drawn() {
    let root = tempfile::tempdir().unwrap();
    let labels: Vec<u8> = (0..20).map(|it| it % 2).collect();
    let arrays = [("x", npy(&[20, 2, 2], &counting(80))), ("y", npy(&[20], &labels))];
    let Read { source, remarks } = good(&archive(&root.path().join("all.npz"), &arrays));
    assert_eq!((source.train.len(), source.test.len()), (16, 4));
    assert_eq!(source.test.labels().iter().filter(|&&label| label == 1).count(), 2);
    assert!(remarks[0].contains("4 (20 % of every class)"), "{remarks:?}");
}

#[test]
fn what_does_not_fit_is_told_by_its_name() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("set.npz");
    let check = |images: Vec<u8>, labels: Vec<u8>, expected: &str| {
        let told = told(&archive(&path, &[("images", images), ("labels", labels)]));
        assert!(told.contains(expected) && told.contains("set.npz"), "{told}");
    };
    check(npy(&[2, 2, 2], &[0.5_f32; 8]), npy(&[2], &[0_u8, 1]), "array images has type");
    check(npy(&[2, 2, 2], &[5_i64; 8]), npy(&[2], &[0_u8, 1]), "images does not hold bytes (uint8)");
    check(npy(&[2, 4], &[5_u8; 8]), npy(&[2], &[0_u8, 1]), "has shape [2, 4]: pictures are");
    check(npy(&[2, 2, 2], &[5_u8; 8]), npy(&[3], &[0_u8, 1, 1]), "but images holds 2 pictures");
    check(npy(&[2, 2, 2], &[5_u8; 8]), npy(&[2], &[0_i64, -1]), "array labels holds -1 at 1");
    let told_of_names = told(&archive(&path, &[("pixels", npy(&[2, 2, 2], &[5_u8; 8]))]));
    assert!(told_of_names.contains("it has \"pixels\", and looked for are x_train"), "{told_of_names}");
    // A header that promises more than can be.
    let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (4000000000, 9, 9), }\n";
    let huge = [b"\x93NUMPY\x01\x00".as_slice(), &(header.len() as u16).to_le_bytes(), header.as_bytes()].concat();
    check(huge, npy(&[2], &[0_u8, 1]), "array images has shape [4000000000, 9, 9], which is more than 4 GiB");
    check(b"\x93NUMPY\x09".to_vec(), npy(&[2], &[0_u8, 1]), "array images has no header");
    let short = npy(&[2, 2, 2], &[5_u8; 8]);
    check(short[..short.len() - 3].to_vec(), npy(&[2], &[0_u8, 1]), "array images ends before its last value");
    let mut cut = fs::read(archive(&path, &[("images", npy(&[2, 2, 2], &[5_u8; 8]))])).unwrap();
    cut.truncate(cut.len() / 2);
    fs::write(&path, cut).unwrap();
    assert!(told(&path).contains("is no whole archive"), "{}", told(&path));
}

#[test]
fn safetensors_are_read_by_the_same_names() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("set.safetensors");
    let (pixels, labels) = (counting(24), [1_i32, 0].map(i32::to_le_bytes).concat());
    let view = |dtype, shape: &[usize], data| TensorView::new(dtype, shape.to_vec(), data).unwrap();
    let arrays = BTreeMap::from([
        ("train.images", view(Dtype::U8, &[2, 3, 2, 2], &pixels)),
        ("train.labels", view(Dtype::I32, &[2], &labels)),
        ("test.images", view(Dtype::U8, &[2, 3, 2, 2], &pixels)),
        ("test.labels", view(Dtype::I32, &[2], &labels)),
    ]);
    fs::write(&path, serialize(arrays, None).unwrap()).unwrap();
    let Read { source, remarks } = good(&path);
    assert_eq!(
        (source.train.shape(), source.train.labels(), source.test.pixels()),
        ([3, 2, 2], &[1, 0][..], &pixels[..])
    );
    assert!(remarks.is_empty());
}

#[test]
fn cifar_is_read_and_checked() {
    let root = tempfile::tempdir().unwrap();
    let record = |label: u8, value: u8| [vec![label], vec![value; 3072]].concat();
    for n in 1..=5 {
        fs::write(root.path().join(format!("data_batch_{n}.bin")), record(n, n)).unwrap();
    }
    fs::write(root.path().join("test_batch.bin"), [record(9, 9), record(0, 1)].concat()).unwrap();
    let Read { source, .. } = good(root.path());
    assert_eq!((source.train.labels(), source.test.labels()), (&[1, 2, 3, 4, 5][..], &[9, 0][..]));
    assert_eq!((source.classes()[9].as_str(), source.train.shape()), ("truck", [3, 32, 32]));
    fs::write(root.path().join("test_batch.bin"), record(10, 9)).unwrap();
    assert!(told(root.path()).contains("record 0 has label 10"), "{}", told(root.path()));
    fs::write(root.path().join("test_batch.bin"), [1; 3072]).unwrap();
    assert!(told(root.path()).contains("3072 bytes, which is no whole number of records of 3073"));
    fs::remove_file(root.path().join("test_batch.bin")).unwrap();
    assert!(matches!(read(root.path(), TEST), Err(Error::Io { .. })));
}

#[test]
fn other_files_are_not_taken_for_data_sets() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("readme.txt");
    fs::write(&path, "hello").unwrap();
    assert!(read(&path, TEST).unwrap().is_none() && read(root.path(), TEST).unwrap().is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Whole archives and safetensors with bytes changed: read or refused, never a panic.
    #[test]
    fn damaged_files_are_read_or_refused(places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), zip: bool) {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("set");
        if zip {
            let arrays = [("x", npy(&[6, 2, 2], &counting(24))), ("y", npy(&[6], &[0_i64, 1, 0, 1, 0, 1]))];
            archive(&path, &arrays);
        } else {
            let (pixels, labels) = (counting(24), [0_u8, 1, 0, 1, 0, 1]);
            let view = |shape: &[usize], data| TensorView::new(Dtype::U8, shape.to_vec(), data).unwrap();
            let arrays = BTreeMap::from([("x", view(&[6, 2, 2], &pixels)), ("y", view(&[6], &labels))]);
            fs::write(&path, serialize(arrays, None).unwrap()).unwrap();
        }
        let mut bytes = fs::read(&path).unwrap();
        for (place, value) in places {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        fs::write(&path, bytes).unwrap();
        if let Ok(Some(found)) = read(&path, TEST) {
            prop_assert!(found.source.check().is_ok());
        }
    }
}
