//! Fetches libtorch into the per-user cache. What is wanted: two clones that ask at once fetch once, an interrupted
//! fetch is taken up or redone, and a cache entry is either absent or complete.
//!
//! One lock per cache entry is held throughout. Wheels are kept once their hash is right. Everything is put
//! together in a folder beside the entry; its manifest is written last, then one rename makes it the entry.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::disk::{free_bytes, size};
use crate::inspect::{Finding, Kind, VERSION, inspect_entry};
use crate::manifest::{MANIFEST, Manifest, sha256};
use crate::python::Pip;
use crate::wheels::{CPU_PARTS_UNPACKED, CUDA_CRT, Wheel, complete_space, platform};
use crate::{Error, Progress};

/// Hears how far a fetch has come.
pub type Tell<'a> = &'a mut dyn FnMut(Progress<'_>);

/// What to put into the cache.
#[derive(Clone, Debug)]
pub enum Parts {
    /// Some files of pinned wheels: libtorch for the CPU on x86-64 Linux.
    Wheels(Vec<Wheel>),
    /// The complete package with all that it depends on, for this machine's platform; see [`Parts::complete`].
    Complete {
        /// What it computes on.
        kind: Kind,
        /// Free bytes that the disk must have: downloads and their unpacked files at once.
        space: u64,
    },
}

impl Parts {
    /// The complete package of a kind.
    pub fn complete(kind: Kind) -> Parts {
        Parts::Complete { kind, space: complete_space(kind) }
    }

    fn kind(&self) -> Kind {
        match self {
            Parts::Wheels(_) => Kind::Cpu,
            Parts::Complete { kind, .. } => *kind,
        }
    }
}

/// The cache entry of one kind: `<cache>/libtorch-2.11.0-cpu`.
pub fn entry(cache: &Path, kind: Kind) -> PathBuf {
    cache.join(format!("libtorch-{VERSION}-{}", kind.name()))
}

/// Fetches `parts` into `cache` and gives back libtorch's folder. If another process did so meanwhile, its work is
/// used, unless `again`. `tell` hears how far it has come.
///
/// # Errors
/// If the disk lacks space, pip fails, a hash differs or files cannot be written. No half-made entry is left.
pub fn fetch(cache: &Path, parts: &Parts, pip: &Pip, again: bool, tell: Tell<'_>) -> Result<PathBuf, Error> {
    let entry = entry(cache, parts.kind());
    fs::create_dir_all(cache).map_err(Error::io("create the cache folder", cache))?;
    let _lock = lock(&entry, tell)?;
    if !again && matches!(inspect_entry(&entry), Finding::Good(_)) {
        return Ok(entry.join("torch"));
    }
    let workshop = beside(&entry, "fetch");
    let unpacked = workshop.join("unpacked");
    let scratch = workshop.join("scratch");
    for left_over in [&unpacked, &scratch] {
        remove(left_over)?;
        fs::create_dir_all(left_over).map_err(Error::io("create", left_over))?;
    }
    match parts {
        Parts::Wheels(wheels) => {
            let folder = workshop.join("wheels");
            download(wheels, pip, &folder, &scratch, tell)?;
            unpack(wheels, &folder, &unpacked, tell)?;
        }
        Parts::Complete { kind, space } => {
            need_space(&unpacked, *space)?;
            install(*kind, pip, &unpacked, &scratch, tell)?;
        }
    }
    seal(&unpacked, parts.kind())?;
    if let Finding::Broken(reason) | Finding::Wrong(reason) = inspect_entry(&unpacked) {
        let unpacked = unpacked.display();
        return Err(Error::Unusable(format!("what was fetched into {unpacked} is not libtorch {VERSION}: {reason}")));
    }
    if entry.exists() {
        fs::rename(&entry, scratch.join("replaced")).map_err(Error::io("replace", &entry))?;
    }
    fs::rename(&unpacked, &entry).map_err(Error::io("move the result to", &entry))?;
    rustix::fs::sync();
    remove(&workshop)?;
    Ok(entry.join("torch"))
}

/// Waits for the lock beside `entry`; the system releases it when this process ends, however it ends.
fn lock(entry: &Path, tell: Tell<'_>) -> Result<File, Error> {
    let path = beside(entry, "lock");
    let file = File::create(&path).map_err(Error::io("create", &path))?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => tell(Progress::Waiting),
        Err(TryLockError::Error(error)) => {
            return Err(error).map_err(Error::io("lock", &path));
        }
    }
    file.lock().map_err(Error::io("lock", &path))?;
    Ok(file)
}

/// Brings every wheel into `folder`; those that are there with the right hash stay as they are.
fn download(wheels: &[Wheel], pip: &Pip, folder: &Path, scratch: &Path, tell: Tell<'_>) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    let is_there = |wheel: &Wheel| sha256(&folder.join(&wheel.file)).is_ok_and(|hash| hash == wheel.sha256);
    let missing: Vec<&Wheel> = wheels.iter().filter(|wheel| !is_there(wheel)).collect();
    let bytes: u64 = missing.iter().map(|wheel| wheel.bytes).sum();
    // pip moves a finished file within one file system, so that it takes up its size once.
    need_space(folder, bytes + CPU_PARTS_UNPACKED)?;
    if missing.is_empty() {
        return Ok(());
    }
    let label = format!("fetching libtorch {VERSION} (CPU)");
    let mut so_far = |done| tell(Progress::Bytes { label: &label, done, total: bytes });
    so_far(0);
    let mut done = 0;
    for wheel in missing {
        remove(&folder.join(&wheel.file))?;
        let pinned = scratch.join("requirements.txt");
        fs::write(&pinned, format!("{} --hash=sha256:{}\n", wheel.requirement, wheel.sha256))
            .map_err(Error::io("write", &pinned))?;
        let mut args: Vec<String> = ["download", "--no-deps", "--require-hashes"].map(str::to_owned).to_vec();
        args.extend(platform());
        args.extend(["-r".to_owned(), path_text(&pinned)?, "-d".to_owned(), path_text(folder)?]);
        pip.run(&args, scratch, &mut || so_far(done + bytes_below(scratch)))
            .map_err(Error::fetching(&wheel.requirement))?;
        if !is_there(wheel) {
            return Err(Error::Unusable(format!(
                "pip ended well, but {} is not in {} or its content is not the published one",
                wheel.file,
                folder.display()
            )));
        }
        done += wheel.bytes;
        so_far(done);
    }
    Ok(())
}

/// Unpacks the wanted files of every wheel below `target`.
fn unpack(wheels: &[Wheel], folder: &Path, target: &Path, tell: Tell<'_>) -> Result<(), Error> {
    let open = |wheel: &Wheel| {
        let path = folder.join(&wheel.file);
        let file = File::open(&path).map_err(Error::io("open", &path))?;
        zip::ZipArchive::new(io::BufReader::new(file)).map_err(Error::archive(&path))
    };
    let damaged = |wheel: &Wheel| Error::archive(&folder.join(&wheel.file));
    let mut wanted = 0;
    for wheel in wheels {
        let mut archive = open(wheel)?;
        for index in 0..archive.len() {
            let file = archive.by_index_raw(index).map_err(damaged(wheel))?;
            let name = file.name().map_err(damaged(wheel))?;
            wanted += if wheel.destination(&name).is_some() { file.size() } else { 0 };
        }
    }
    let label = format!("unpacking libtorch {VERSION} (CPU)");
    let mut done = 0;
    for wheel in wheels {
        let mut archive = open(wheel)?;
        for index in 0..archive.len() {
            let mut file = archive.by_index(index).map_err(damaged(wheel))?;
            let name = file.name().map_err(damaged(wheel))?;
            let Some(destination) = wheel.destination(&name) else {
                continue;
            };
            let path = target.join(destination);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
            }
            File::create(&path).and_then(|mut out| io::copy(&mut file, &mut out)).map_err(Error::io("write", &path))?;
            done += file.size();
            tell(Progress::Bytes { label: &label, done, total: wanted });
        }
    }
    // tch links against `torch`, which is an empty library in the complete package.
    let script = target.join("torch/lib/libtorch.so");
    fs::write(&script, "INPUT ( libtorch_cpu.so )\n").map_err(Error::io("write", &script))
}

/// Installs the complete package below `target`.
fn install(kind: Kind, pip: &Pip, target: &Path, scratch: &Path, tell: Tell<'_>) -> Result<(), Error> {
    let mut args: Vec<String> = vec!["install".into(), "--target".into(), path_text(target)?];
    if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        args.extend(platform());
        if kind == Kind::Cuda {
            args.push(CUDA_CRT.to_owned());
        }
    }
    args.push(format!("torch=={VERSION}"));
    let label = format!("fetching libtorch {VERSION} ({}): some minutes", kind.title());
    let mut so_far = || tell(Progress::Open { label: &label, done: bytes_below(scratch) });
    pip.run(&args, scratch, &mut so_far).map_err(Error::fetching(format!("torch {VERSION}")))
}

/// Writes the manifest after everything else has reached the disk.
fn seal(unpacked: &Path, kind: Kind) -> Result<(), Error> {
    let manifest = Manifest::of(unpacked, kind)?;
    rustix::fs::sync();
    let path = unpacked.join(MANIFEST);
    let text = serde_json::to_vec_pretty(&manifest).map_err(|e| Error::io("write", &path)(e.into()))?;
    fs::write(&path, text).and_then(|()| File::open(&path)?.sync_all()).map_err(Error::io("write", &path))
}

fn need_space(folder: &Path, needed: u64) -> Result<(), Error> {
    let free = free_bytes(folder)?;
    if free >= needed {
        return Ok(());
    }
    Err(Error::Unusable(format!(
        "libtorch needs {} on the disk that holds {}, and {} are free: make room, or let XDG_CACHE_HOME name a folder \
         on another disk",
        size(needed),
        folder.display(),
        size(free)
    )))
}

/// Bytes of all files below `folder`; what vanishes meanwhile counts nothing.
fn bytes_below(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files
        .filter_map(|file| Some((file.metadata().ok()?, file.path())))
        .map(|(data, path)| if data.is_dir() { bytes_below(&path) } else { data.len() })
        .sum()
}

fn remove(path: &Path) -> Result<(), Error> {
    let result = match fs::symlink_metadata(path) {
        Ok(data) if data.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(_) => return Ok(()),
    };
    result.map_err(Error::io("remove", path))
}

fn beside(entry: &Path, suffix: &str) -> PathBuf {
    let name = entry.file_name().unwrap_or_default().to_string_lossy();
    entry.with_file_name(format!("{name}.{suffix}"))
}

fn path_text(path: &Path) -> Result<String, Error> {
    let unusable = || Error::Unusable(format!("{} is not valid UTF-8, which pip needs", path.display()));
    path.to_str().map(str::to_owned).ok_or_else(unusable)
}
