//! Every listed file read and decoded once, on all cores, in an order that no thread changes.

use crate::decode::{self, Facts};
use crate::error::Error;
use crate::file;
use crate::likeness::Likeness;
use crate::listing::Listing;
use crate::transparency::Background;
use image::RgbImage;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// What is kept of one picture.
pub struct Seen<T> {
    pub facts: Facts,
    pub width: u32,
    pub height: u32,
    /// SHA-256 of the file's content.
    pub sha256: [u8; 32],
    pub likeness: Likeness,
    /// What the caller made of the pixels.
    pub made: T,
}

/// Reads every file of a listing; `make` sees each picture's place in the listing and its pixels, on some thread.
/// A file that cannot be read keeps its place.
pub fn survey<T: Send>(
    listing: &Listing,
    background: Background,
    make: impl Fn(usize, RgbImage) -> T + Sync,
) -> Vec<Result<Seen<T>, Error>> {
    on_all_cores(listing.files.len(), |i| {
        look(&listing.root.join(&listing.files[i].path), background, |pixels| make(i, pixels))
    })
}

fn look<T>(path: &Path, background: Background, make: impl FnOnce(RgbImage) -> T) -> Result<Seen<T>, Error> {
    let (bytes, format) = file::content(path)?;
    let decoded = decode::decode(&bytes, format, background).map_err(|problem| file::refused(path, problem))?;
    let (width, height) = decoded.pixels.dimensions();
    let likeness = Likeness::of(&decoded.pixels);
    let sha256 = Sha256::digest(&bytes).into();
    Ok(Seen { facts: decoded.facts, width, height, sha256, likeness, made: make(decoded.pixels) })
}

/// Calls `work` with 0 to `count - 1`, each on one of as many threads as there are cores; the answers come in that order.
pub fn on_all_cores<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(count.max(1));
    let next = AtomicUsize::new(0);
    let turns = || {
        let mut done = Vec::new();
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            if i >= count {
                return done;
            }
            done.push((i, work(i)));
        }
    };
    let mut done: Vec<(usize, T)> = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(turns)).collect();
        let mut done = turns();
        for other in others {
            match other.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(i, _)| *i);
    done.into_iter().map(|(_, made)| made).collect()
}
