//! Millions of damaged files, made from whole ones of every format: each ends in a picture or in one line, within bounded
//! memory. `FUZZ_INPUTS=1000000 cargo test -p pictures --test it fuzz -- --nocapture`

use crate::messy::{encoded, put, scene, turned};
use image::{DynamicImage, ImageFormat, imageops};
use pictures::{Background, HEAD, Inventory, Kind, Settings, decode};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use std::panic::catch_unwind;
use std::path::PathBuf;

/// Inputs without FUZZ_INPUTS.
const INPUTS: u64 = 5_000;
/// Whole files that are damaged are no larger: most inputs are to be short.
const LARGEST: usize = 12_000;
/// Peak of the process's memory where no other test runs in it, bytes: 64 million pixels at 8 bytes, and what becomes of them.
const MOST_MEMORY: u64 = 1_600_000_000;
/// A file in so many is put into a folder and taken in as an inventory.
const FOLDERS: u64 = 1000;
/// Numbers that sizes, counts and offsets are set to.
const EDGES: [u32; 10] = [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0x7fff_ffff, u32::MAX];

fn whole_files() -> Vec<Vec<u8>> {
    let small = DynamicImage::from(imageops::thumbnail(&scene(3), 16, 12));
    let forms = [small.clone(), small.to_rgba8().into(), small.to_luma8().into(), small.to_luma_alpha8().into()];
    let wide = [DynamicImage::from(small.to_rgb16()), small.to_rgba16().into(), small.to_luma16().into()];
    let mut files = Vec::new();
    for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Tiff, ImageFormat::Bmp, ImageFormat::Gif] {
        for form in forms.iter().chain(&wide) {
            let mut bytes = std::io::Cursor::new(Vec::new());
            // Not every format has every form.
            if form.write_to(&mut bytes, format).is_ok() {
                files.push(bytes.into_inner());
            }
        }
    }
    files.push(encoded(small.to_luma8(), ImageFormat::Jpeg));
    let jpeg = encoded(small, ImageFormat::Jpeg);
    files.extend([turned(&jpeg), jpeg]);
    if let Some(data) = crate::data() {
        for folder in [data.join("odd"), data.join("../cases/predict")] {
            let mut paths: Vec<PathBuf> =
                std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
            paths.sort();
            files.extend(paths.iter().map(|path| std::fs::read(path).unwrap()).filter(|bytes| bytes.len() <= LARGEST));
        }
    }
    files
}

struct Damage(ChaCha8Rng);

impl Damage {
    fn below(&mut self, end: usize) -> usize {
        (self.0.next_u64() % end.max(1) as u64) as usize
    }

    /// One to six changes: bits, bytes, numbers, parts cut out, repeated, taken from elsewhere, an early end.
    fn of(&mut self, files: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = files[self.below(files.len())].clone();
        for _ in 0..=self.below(6) {
            let at = self.below(bytes.len());
            let end = (at + 1 + self.below(64)).min(bytes.len());
            match self.below(9) {
                _ if bytes.is_empty() => {}
                0 => bytes[at] ^= 1 << self.below(8),
                1 => bytes[at] = self.below(256) as u8,
                2 | 3 => {
                    let edge = EDGES[self.below(EDGES.len())];
                    let number = if self.below(2) == 0 { edge.to_be_bytes() } else { edge.to_le_bytes() };
                    let width = [1, 2, 4][self.below(3)].min(bytes.len() - at);
                    bytes[at..at + width].copy_from_slice(&number[..width]);
                }
                4 => drop(bytes.drain(at..end)),
                5 => {
                    let part = bytes[at..end].to_vec();
                    let to = self.below(bytes.len());
                    bytes.splice(to..to, part);
                }
                6 => {
                    let other = &files[self.below(files.len())];
                    let from = self.below(other.len());
                    bytes.truncate(at);
                    bytes.extend_from_slice(&other[from..]);
                }
                7 => bytes[at..end].fill(0),
                _ => bytes.truncate(at),
            }
        }
        if self.below(2) == 0 {
            mend_png(&mut bytes);
        }
        bytes
    }
}

/// Right checksums, so that what lies behind them is read.
fn mend_png(bytes: &mut [u8]) {
    let mut at = 8;
    while bytes.starts_with(b"\x89PNG") && at + 12 <= bytes.len() {
        let length = u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]) as usize;
        let Some(end) = at.checked_add(8 + length).filter(|end| end + 4 <= bytes.len()) else { return };
        let mut sum = flate2::Crc::new();
        sum.update(&bytes[at + 4..end]);
        bytes[end..end + 4].copy_from_slice(&sum.sum().to_be_bytes());
        at = end + 4;
    }
}

/// The most memory that this process has held, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok()).unwrap_or(0) * 1024
}

fn harmless(bytes: &[u8]) -> bool {
    let kind = Kind::of(&bytes[..bytes.len().min(HEAD)]);
    let Kind::Decoded(format) = kind else {
        assert!(kind.problem().is_some_and(|problem| problem.lines().count() == 1));
        return false;
    };
    match decode(bytes, format, Background::Telling) {
        Ok(read) => {
            assert!(u64::from(read.pixels.width()) * u64::from(read.pixels.height()) <= 64_000_000);
            true
        }
        Err(problem) => {
            assert!(problem.lines().count() == 1 && problem.len() < 300, "{problem}");
            false
        }
    }
}

#[test]
fn damaged_files_end_in_a_picture_or_a_line() {
    let number = |name: &str, otherwise| std::env::var(name).map_or(otherwise, |text| text.parse::<u64>().unwrap());
    let (inputs, seed) = (number("FUZZ_INPUTS", INPUTS), number("FUZZ_SEED", 0));
    let files = whole_files();
    let mut damage = Damage(ChaCha8Rng::seed_from_u64(seed));
    let (mut read, mut slowest) = (0_u64, 0.0_f64);
    for i in 0..inputs {
        let bytes = damage.of(&files);
        let clock = std::time::Instant::now();
        match catch_unwind(|| harmless(&bytes)) {
            Ok(is_read) => read += u64::from(is_read),
            Err(panic) => {
                let kept = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{seed}-{i}"));
                std::fs::write(&kept, &bytes).unwrap();
                eprintln!("input {i} of seed {seed} lies in {}", kept.display());
                std::panic::resume_unwind(panic);
            }
        }
        let seconds = clock.elapsed().as_secs_f64();
        if seconds > slowest {
            slowest = seconds;
            eprintln!("{i}: {seconds:.3} s, {} bytes beginning {:02x?}", bytes.len(), &bytes[..bytes.len().min(32)]);
        }
        if i % FOLDERS == 0 {
            let place = tempfile::tempdir().unwrap();
            put(place.path(), "a/one.jpg", &bytes);
            let found = Inventory::of(place.path(), &Settings::default());
            assert!(found.is_ok_and(|it| it.pictures.len() + it.unreadable.len() == 1) || !harmless(&bytes));
        }
        if i % 100_000 == 99_999 {
            eprintln!("{} inputs of seed {seed}, {read} read as pictures, peak {} MB", i + 1, peak() / 1_000_000);
        }
    }
    eprintln!("{inputs} inputs of seed {seed}, {read} read as pictures, peak {} MB", peak() / 1_000_000);
    assert!(read > inputs / 100 && read < inputs, "most changes are to be noticed, and some are to pass");
    if inputs > INPUTS {
        assert!(peak() < MOST_MEMORY, "{} bytes", peak());
    }
}
