//! Millions of damaged data sets, made from whole ones of every format: each is read, or refused with one line, within bounded memory.
//! `FUZZ_INPUTS=1000000 cargo test -p formats --test it fuzz -- --nocapture`

use crate::files::{archive, counting, npy};
use crate::idx::put;
use formats::{TestPart, read};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use safetensors::tensor::{Dtype, TensorView, serialize};
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use tensor_data::files::NAMES;

/// Inputs without FUZZ_INPUTS.
const INPUTS: u64 = 3_000;
/// Peak of the process's memory where no other test runs in it, bytes: inputs are below 10 kB, and what a header promises is not believed.
const MOST_MEMORY: u64 = 500_000_000;
/// Numbers that sizes, counts and offsets are set to.
const EDGES: [u32; 10] = [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0x7fff_ffff, u32::MAX];

/// A data set: what is read, and the files of it, one of which is damaged.
struct Whole {
    place: PathBuf,
    files: Vec<(PathBuf, Vec<u8>)>,
}

fn whole(place: PathBuf, files: &[PathBuf]) -> Whole {
    let files = files.iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    Whole { place, files }
}

fn sets(root: &Path) -> Vec<Whole> {
    let npz = archive(
        &root.join("set.npz"),
        &[("x_train", npy(&[6, 2, 2], &counting(24))), ("y_train", npy(&[6], &[0_i64, 1, 0, 1, 0, 1]))],
    );
    let (pixels, labels) = (counting(24), [0_u8, 1, 0, 1, 0, 1]);
    let view = |shape: &[usize], data| TensorView::new(Dtype::U8, shape.to_vec(), data).unwrap();
    let arrays = [("images", view(&[6, 2, 2], &pixels)), ("labels", view(&[6], &labels))];
    let tensors = root.join("set.safetensors");
    fs::write(&tensors, serialize(arrays, None).unwrap()).unwrap();
    let mnist = root.join("mnist");
    put(&mnist, NAMES, [&[7_u8, 3, 7][..], &[3, 200]]);
    let packed = root.join("packed");
    put(&packed, NAMES, [&[7_u8, 3, 7][..], &[3, 200]]);
    let packed_files = NAMES.map(|name| {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut gz, &fs::read(packed.join(name)).unwrap()).unwrap();
        fs::remove_file(packed.join(name)).unwrap();
        fs::write(packed.join(format!("{name}.gz")), gz.finish().unwrap()).unwrap();
        packed.join(format!("{name}.gz"))
    });
    let cifar = root.join("cifar");
    fs::create_dir_all(&cifar).unwrap();
    let names = [1, 2, 3, 4, 5].map(|n| format!("data_batch_{n}.bin"));
    let names = names.iter().map(String::as_str).chain(["test_batch.bin"]);
    let cifar_files: Vec<PathBuf> = names.map(|name| cifar.join(name)).collect();
    cifar_files.iter().for_each(|path| fs::write(path, [vec![3], vec![9; 3072]].concat()).unwrap());
    vec![
        whole(npz.clone(), &[npz]),
        whole(tensors.clone(), &[tensors]),
        whole(mnist.clone(), &NAMES.map(|name| mnist.join(name))),
        whole(packed, &packed_files),
        whole(cifar, &cifar_files),
    ]
}

struct Damage(ChaCha8Rng);

impl Damage {
    fn below(&mut self, end: usize) -> usize {
        (self.0.next_u64() % end.max(1) as u64) as usize
    }

    /// One to four changes: bits, bytes, digits, numbers, parts cut out or repeated, an early end.
    fn of(&mut self, whole: &[u8]) -> Vec<u8> {
        let mut bytes = whole.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            let end = (at + 1 + self.below(16)).min(bytes.len());
            match self.below(8) {
                _ if bytes.is_empty() => {}
                0 => bytes[at] ^= 1 << self.below(8),
                1 => bytes[at] = self.below(256) as u8,
                2 => bytes[at] = b"0123456789{}[],:\"'()"[self.below(20)],
                3 | 4 => {
                    let edge = EDGES[self.below(EDGES.len())];
                    let number = if self.below(2) == 0 { edge.to_be_bytes() } else { edge.to_le_bytes() };
                    let width = [1, 2, 4][self.below(3)].min(bytes.len() - at);
                    bytes[at..at + width].copy_from_slice(&number[..width]);
                }
                5 => drop(bytes.drain(at..end)),
                6 => {
                    let part = bytes[at..end].to_vec();
                    bytes.splice(at..at, part);
                }
                _ => bytes.truncate(at),
            }
        }
        bytes
    }
}

/// The most memory that this process has held, in bytes.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// Whether the set is read; what is refused is told in a few words.
fn is_read(place: &Path) -> bool {
    match read(place, TestPart { share: 0.2, seed: 1 }) {
        Ok(found) => found.is_some_and(|found| found.source.check().is_ok()),
        Err(error) => {
            assert!(error.to_string().len() < 2000, "{error}");
            false
        }
    }
}

#[test]
fn damaged_sets_are_read_or_refused() {
    let number = |name: &str, otherwise| std::env::var(name).map_or(otherwise, |text| text.parse::<u64>().unwrap());
    let (inputs, seed) = (number("FUZZ_INPUTS", INPUTS), number("FUZZ_SEED", 0));
    let root = tempfile::tempdir().unwrap();
    let sets = sets(root.path());
    sets.iter().for_each(|set| assert!(is_read(&set.place), "{}", set.place.display()));
    let mut damage = Damage(ChaCha8Rng::seed_from_u64(seed));
    let mut good = 0_u64;
    for i in 0..inputs {
        let set = &sets[damage.below(sets.len())];
        let (path, bytes) = &set.files[damage.below(set.files.len())];
        let changed = damage.of(bytes);
        fs::write(path, &changed).unwrap();
        match catch_unwind(|| is_read(&set.place)) {
            Ok(is_read) => good += u64::from(is_read),
            Err(panic) => {
                let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{seed}-{i}"));
                fs::write(&kept, &changed).unwrap();
                eprintln!("input {i} of seed {seed}, {}, lies in {}", path.display(), kept.display());
                std::panic::resume_unwind(panic);
            }
        }
        fs::write(path, bytes).unwrap();
        if i % 100_000 == 99_999 {
            eprintln!("{} inputs of seed {seed}, {good} read, peak {} MB", i + 1, peak() / 1_000_000);
        }
    }
    eprintln!("{inputs} inputs of seed {seed}, {good} read, peak {} MB", peak() / 1_000_000);
    assert!(good > inputs / 100 && good < inputs, "most changes are to be noticed, and some are to pass");
    if inputs > INPUTS {
        assert!(peak() < MOST_MEMORY, "{} bytes", peak());
    }
}
