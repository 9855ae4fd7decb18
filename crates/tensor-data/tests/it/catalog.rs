//! Data sets in folders: where their files are looked for, which copy is read, and as what their content is known.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;
use tensor_data::catalog::{self, Entry, FASHION_MNIST, MNIST};
use tensor_data::fetch::{Progress, Settings};
use tensor_data::files::{self, Folder, NAMES};
use tensor_data::idx::write_samples;
use tensor_data::{Error, Fingerprint, Holdout, Loaded, Samples, mnist};

/// A published data set in `$MINIBATCH_DATA`, where it is.
fn real(entry: &Entry) -> Option<PathBuf> {
    let dir = std::env::var_os("MINIBATCH_DATA").map(|root| PathBuf::from(root).join(entry.name));
    let dir = dir.filter(|dir| Folder::own(dir).is_complete());
    if dir.is_none() {
        eprintln!("SKIPPED: there is no {0} in $MINIBATCH_DATA/{0}", entry.name);
    }
    dir
}

/// One-pixel pictures with these labels and pixels.
fn samples(labels: &[u8], pixel: u8) -> Samples {
    Samples::new([1, 1, 1], 10, vec![pixel; labels.len()], labels.iter().map(|&label| u32::from(label)).collect())
        .unwrap()
}

fn write(dir: &Path, names: [&str; 2], samples: &Samples) {
    let [images, labels] = names.map(|name| dir.join(name));
    fs::create_dir_all(images.parent().unwrap()).unwrap();
    fs::create_dir_all(labels.parent().unwrap()).unwrap();
    write_samples(samples, &images, &labels).unwrap();
}

/// Three training and two test pictures in files of these names.
fn small(dir: &Path, names: [&str; 4]) {
    write(dir, [names[0], names[1]], &samples(&[0, 2, 3], 7));
    write(dir, [names[2], names[3]], &samples(&[4, 5], 7));
}

fn load(dir: &Path) -> Result<Loaded, Error> {
    MNIST.load(&Folder::own(dir))
}

/// Packs a file, and leaves the plain one where it is.
fn pack(path: &Path) {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&fs::read(path).unwrap()).unwrap();
    fs::write(format!("{}.gz", path.display()), gzip.finish().unwrap()).unwrap();
}

#[test]
fn files_are_found_under_each_usual_name() {
    let dotted = NAMES.map(|name| name.replace("-idx", ".idx"));
    let packed = NAMES.map(|name| format!("{name}.gz"));
    let mixed = [NAMES[0], &packed[1], &dotted[2], NAMES[3]];
    for names in [NAMES, dotted.each_ref().map(|n| n.as_str()), packed.each_ref().map(|n| n.as_str()), mixed] {
        let dir = TempDir::new().unwrap();
        assert!(!mnist::is_present(dir.path()));
        small(dir.path(), names);
        assert!(mnist::is_present(dir.path()));
        let Loaded { source, is_published, remarks } = load(dir.path()).unwrap();
        assert_eq!((source.name.as_str(), source.train.classes(), is_published), ("mnist", 10, false));
        assert_eq!((source.train.labels(), source.test.labels()), (&[0, 2, 3][..], &[4, 5][..]));
        assert!(remarks.is_empty(), "{remarks:?}");
    }
}

#[test]
fn unusual_names_are_read_and_said() {
    let text = NAMES.map(|name| format!("{name}.txt"));
    let capital = NAMES.map(str::to_uppercase);
    let torchvision = NAMES.map(|name| format!("MNIST/raw/{name}"));
    let unzipped = NAMES.map(|name| format!("{name}/{name}"));
    let underscores = NAMES.map(|name| name.replace('-', "_").replace("t10k", "test"));
    for names in [text, capital, torchvision, unzipped, underscores] {
        let dir = TempDir::new().unwrap();
        small(dir.path(), names.each_ref().map(|name| name.as_str()));
        let Loaded { source, remarks, .. } = load(dir.path()).unwrap();
        assert_eq!((source.train.labels(), source.test.labels()), (&[0, 2, 3][..], &[4, 5][..]));
        assert_eq!(remarks.len(), 1, "{remarks:?}");
        for name in &names {
            assert!(remarks[0].contains(name), "{name} is not in {}", remarks[0]);
        }
    }
}

#[test]
fn missing_files_are_named_and_what_is_there() {
    let dir = TempDir::new().unwrap();
    small(dir.path(), NAMES);
    fs::rename(dir.path().join(NAMES[1]), dir.path().join("train-labels-idx1-ubyte.zip")).unwrap();
    fs::remove_file(dir.path().join(NAMES[2])).unwrap();
    let message = load(dir.path()).unwrap_err().to_string();
    assert!(message.starts_with(dir.path().to_str().unwrap()), "{message}");
    let (lacks, holds) = message.split_once("it holds").unwrap();
    assert!(lacks.contains(NAMES[1]) && lacks.contains(NAMES[2]) && !lacks.contains(NAMES[3]), "{message}");
    for name in [NAMES[0], NAMES[3], "train-labels-idx1-ubyte.zip"] {
        assert!(holds.contains(name), "{name}: {message}");
    }
}

#[test]
fn copies_that_are_alike_need_no_word() {
    let dir = TempDir::new().unwrap();
    small(dir.path(), NAMES);
    NAMES.iter().for_each(|name| pack(&dir.path().join(name)));
    let loaded = load(dir.path()).unwrap();
    assert_eq!((loaded.source.train.len(), loaded.remarks), (3, Vec::<String>::new()));
}

/// A folder with packed and plain pairs that differ; the plain ones are those that `keep` says.
fn differing(keep: [bool; 2]) -> TempDir {
    let dir = TempDir::new().unwrap();
    small(dir.path(), NAMES);
    NAMES[..2].iter().for_each(|name| pack(&dir.path().join(name)));
    write(dir.path(), [NAMES[0], NAMES[1]], &samples(&[9, 8, 6], 200));
    for (name, keep) in NAMES.iter().zip(keep) {
        if !keep {
            fs::remove_file(dir.path().join(name)).unwrap();
        }
    }
    dir
}

#[test]
fn of_whole_copies_the_one_read_is_named() {
    let dir = differing([true, true]);
    let Loaded { source, remarks, .. } = load(dir.path()).unwrap();
    assert_eq!(source.train.picture(0), (&[200][..], 9));
    for (name, remark) in NAMES.iter().zip(&remarks) {
        let path = dir.path().join(name).display().to_string();
        assert_eq!(*remark, format!("{path} and {path}.gz differ: {path} is read"));
    }
    assert_eq!(remarks.len(), 2);
}

#[test]
fn pictures_never_get_another_copys_labels() {
    for keep in [[true, false], [false, true]] {
        let dir = differing(keep);
        let message = load(dir.path()).unwrap_err().to_string();
        let doubtful = dir.path().join(NAMES[usize::from(!keep[0])]).display().to_string();
        assert!(message.contains(&format!("{doubtful} and {doubtful}.gz differ")), "{message}");
        assert!(message.contains("move the other files away"), "{message}");
    }
}

#[test]
fn a_broken_copy_beside_a_good_one_is_said() {
    for (broken, says) in [(&b""[..], "the file is empty"), (&[0, 0, 8, 3, 0, 0], "header is cut off")] {
        let dir = differing([true, false]);
        fs::write(dir.path().join(NAMES[0]), broken).unwrap();
        let Loaded { source, remarks, .. } = load(dir.path()).unwrap();
        assert_eq!(source.train.picture(0), (&[7][..], 0));
        assert!(remarks[0].contains(says) && remarks[0].contains(".gz is read in its place"), "{remarks:?}");
    }
}

#[test]
fn labels_from_one_are_told() {
    let dir = TempDir::new().unwrap();
    small(dir.path(), NAMES);
    write(dir.path(), [NAMES[0], NAMES[1]], &samples(&[1, 2, 9], 7));
    let remarks = load(dir.path()).unwrap().remarks;
    assert!(remarks.len() == 1 && remarks[0].contains("no training picture is of class 0"), "{remarks:?}");
}

#[test]
fn folders_are_looked_into_best_first() {
    let root = TempDir::new().unwrap();
    let found = |name| {
        let folders = files::folders(name, root.path()).into_iter();
        folders.map(|folder| folder.path.strip_prefix(root.path()).unwrap().display().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(found("fashion-mnist"), ["", "raw"]);
    for name in ["FashionMNIST", "fashion_mnist", "MNIST", "mnist", "kmnist"] {
        fs::create_dir(root.path().join(name)).unwrap();
    }
    // A file is no folder.
    fs::write(root.path().join("fashion-mnist"), "").unwrap();
    assert_eq!(found("fashion-mnist"), ["FashionMNIST", "fashion_mnist", "", "raw"]);
    assert_eq!(found("mnist"), ["mnist", "MNIST", "", "raw"]);
    // Another data set's folder inside the root is not taken for this one's.
    small(&root.path().join("FashionMNIST"), NAMES);
    let complete = |name| files::folders(name, root.path()).iter().any(Folder::is_complete);
    assert!(complete("fashion-mnist") && !complete("mnist"));
}

#[test]
fn fetching_leaves_files_of_other_content_alone() {
    let dir = TempDir::new().unwrap();
    small(dir.path(), NAMES);
    let error = MNIST.published().unwrap().fetch(dir.path(), &Settings::default(), &mut |_| {}).unwrap_err();
    assert!(matches!(error, Error::Different { .. }), "{error}");
    assert_eq!(mnist::load(dir.path()).unwrap().train.len(), 3);
}

#[test]
fn the_table_agrees_with_itself() {
    assert_eq!(catalog::names(), "mnist, fashion-mnist and glyphs");
    for entry in catalog::ALL {
        assert!(std::ptr::eq(catalog::find(entry.name).unwrap(), entry));
        let Some(files) = entry.published() else { continue };
        let [channels, height, width] = entry.shape;
        for (part, count) in files.parts.chunks(2).zip([entry.train, entry.test]) {
            let content = (count * channels * height * width) as u64;
            assert_eq!((part[0].bytes, part[1].bytes), (16 + content, 8 + count as u64), "{}", entry.name);
        }
        for remote in files.remotes() {
            let name = &remote.name;
            assert!(remote.mirrors.len() >= 2 && remote.mirrors.iter().all(|url| url.ends_with(&format!("/{name}"))));
            assert!(remote.sha256.len() == 64, "{name}");
        }
    }
}

#[test]
fn the_real_files_have_the_published_content() {
    for entry in [&MNIST, &FASHION_MNIST] {
        let Some(dir) = real(entry) else { continue };
        let mut present = Vec::new();
        let files = entry.published().unwrap();
        files
            .fetch(&dir, &Settings::default(), &mut |progress| match progress {
                Progress::Present { name } => present.push(name.to_owned()),
                other => panic!("{other:?}"),
            })
            .unwrap();
        assert_eq!(present, NAMES.map(|name| format!("{name}.gz")));
        let loaded = entry.load(&Folder::own(&dir)).unwrap();
        assert!(loaded.is_published && loaded.remarks.is_empty(), "{:?}", loaded.remarks);
        assert_eq!((loaded.source.train.len(), loaded.source.test.len()), (entry.train, entry.test));
        assert_eq!((loaded.source.train.shape(), loaded.source.train.classes()), (entry.shape, entry.classes.len()));
    }
}

#[test]
fn the_real_pictures_are_those_of_mnist() {
    let Some(dir) = real(&MNIST) else { return };
    let source = mnist::load(&dir).unwrap();
    for (samples, first) in [(&source.train, [5, 0, 4, 1, 9]), (&source.test, [7, 2, 1, 0, 4])] {
        assert_eq!(samples.labels()[..5], first);
    }
    // The training set's mean and deviation, 0.1307 and 0.3081 of 255, are widely published.
    let pixels = source.train.pixels();
    let mean = pixels.iter().map(|&p| f64::from(p) / 255.0).sum::<f64>() / pixels.len() as f64;
    let square = pixels.iter().map(|&p| (f64::from(p) / 255.0).powi(2)).sum::<f64>() / pixels.len() as f64;
    assert!((mean - 0.1307).abs() < 5e-5 && ((square - mean * mean).sqrt() - 0.3081).abs() < 5e-5);
}

/// Known sets are known by their content, whatever the folder and the files are called.
#[test]
fn another_known_data_set_is_refused_by_content() {
    let (Some(digits), Some(clothes)) = (real(&MNIST), real(&FASHION_MNIST)) else { return };
    let message = MNIST.load(&Folder::own(&clothes)).unwrap_err().to_string();
    assert!(message.contains("holds Fashion-MNIST (pieces of clothing), and MNIST was asked for"), "{message}");
    let message = FASHION_MNIST.load(&Folder::own(&digits)).unwrap_err().to_string();
    assert!(message.contains("holds MNIST (handwritten digits), and Fashion-MNIST was asked for"), "{message}");

    // The labels of one beside the pictures of the other; and a subset of the other's, which is not known.
    let dir = TempDir::new().unwrap();
    for (from, name) in [(&digits, NAMES[0]), (&clothes, NAMES[1]), (&digits, NAMES[2]), (&digits, NAMES[3])] {
        let name = format!("{name}.gz");
        std::os::unix::fs::symlink(from.join(&name), dir.path().join(&name)).unwrap();
    }
    let message = load(dir.path()).unwrap_err().to_string();
    assert!(message.contains(&format!("holds {} of Fashion-MNIST", NAMES[1])), "{message}");
    let dir = TempDir::new().unwrap();
    let source = FASHION_MNIST.load(&Folder::own(&clothes)).unwrap().source;
    let few = |samples: &Samples| samples.select(&(0..50).collect::<Vec<_>>()).unwrap();
    write(dir.path(), [NAMES[0], NAMES[1]], &few(&source.train));
    write(dir.path(), [NAMES[2], NAMES[3]], &few(&source.test));
    assert!(!load(dir.path()).unwrap().is_published);
}

#[test]
fn no_test_picture_of_mnist_is_a_training_picture() {
    let Some(dir) = real(&MNIST) else { return };
    let found = Fingerprint::of(&mnist::load(&dir).unwrap(), Holdout::Last(10_000)).unwrap();
    // No byte string of 784 test pixels is one of the 60,000: counted with a set in Python.
    assert_eq!((found.train_pictures, found.test_pictures, found.test_copies), (60_000, 10_000, 0));
}
