//! Four files become a data set: which copy of each is read where there are several, and whether what they hold is what
//! was asked for.

use std::path::{Path, PathBuf};

use crate::catalog::{self, Entry, Known};
use crate::files::{self, Folder, Found, NAMES, prose};
use crate::idx::{self, Images};
use crate::{Error, Samples, Source};

/// A data set out of a folder.
#[derive(Debug)]
pub struct Loaded {
    /// Its pictures, under the name that was asked for.
    pub source: Source,
    /// Whether all four files are the published ones.
    pub is_published: bool,
    /// What a person should know of the files, a line each.
    pub remarks: Vec<String>,
}

impl Entry {
    /// Reads four IDX files from `folder` as pictures of this data set's classes.
    ///
    /// Their content need not be the published one: pictures of any number and size that fit the classes are read, and
    /// [`Loaded::is_published`] is false then. What is known as another data set is refused.
    ///
    /// # Errors
    /// [`Error::Missing`] naming all files that are not there; [`Error::Another`] for the files of another data set;
    /// [`Error::MixedCopies`] where files are there twice, differ, and cannot be paired; those of [`idx::read_samples`].
    pub fn load(&'static self, folder: &Folder) -> Result<Loaded, Error> {
        let (train, test, mut remarks) = read_four(folder, self.classes.len())?;
        let named = |samples: Samples| samples.named(self.classes.iter().copied());
        let source = Source::new(self.name, named(train)?, named(test)?);
        let known = catalog::recognise(&source);
        self.refuse_another(&known, folder)?;
        let is_published = catalog::whole(&known).is_some();
        if !is_published {
            remarks.extend(counted_from_one(&source.train));
        }
        Ok(Loaded { source, is_published, remarks })
    }

    fn refuse_another(&'static self, known: &[Option<Known>; 4], folder: &Folder) -> Result<(), Error> {
        let others = || known.iter().zip(NAMES).filter_map(|(known, name)| Some(((*known)?.entry, name)));
        let Some((found, _)) = others().find(|(entry, _)| entry.name != self.name) else {
            return Ok(());
        };
        let files = others().filter(|(entry, _)| entry.name == found.name).map(|(_, name)| name.to_owned());
        Err(Error::Another { dir: folder.path.clone(), asked: self, found, files: files.collect() })
    }
}

/// Reads four IDX files of a data set that need not be in the catalogue. As a byte of labels tells 256 classes apart, the samples have
/// 256, called "0" to "255", most of them empty.
///
/// # Errors
/// Those of [`Entry::load`], but for [`Error::Another`].
pub fn load_any(folder: &Folder, name: &str) -> Result<Loaded, Error> {
    let (train, test, remarks) = read_four(folder, 256)?;
    let source = Source::new(name, train, test);
    let is_published = catalog::published(&source).is_some();
    Ok(Loaded { source, is_published, remarks })
}

/// Training and test part, and what a person should know of their files.
fn read_four(folder: &Folder, classes: usize) -> Result<(Samples, Samples, Vec<String>), Error> {
    let found = folder.scan();
    let names = files::missing(&found);
    if !names.is_empty() {
        return Err(Error::Missing { dir: folder.path.clone(), names, holds: folder.contents() });
    }
    let (mut remarks, mut unusual) = (Vec::new(), Vec::new());
    let mut samples = |parts| read_pair(&found, parts, classes, &mut remarks, &mut unusual);
    let (train, test) = (samples([0, 1])?, samples([2, 3])?);
    remarks.extend(unusual_names(folder, &unusual));
    Ok((train, test, remarks))
}

/// A file that was read.
struct Read<'a, T> {
    file: &'a Found,
    content: T,
}

/// Images and labels of one split, from files that belong together.
fn read_pair(
    found: &[Found],
    parts: [usize; 2],
    classes: usize,
    remarks: &mut Vec<String>,
    unusual: &mut Vec<PathBuf>,
) -> Result<Samples, Error> {
    let candidates = |part: usize| found.iter().filter(move |file| file.part == part);
    let images = read_all(candidates(parts[0]), idx::read_images, remarks)?;
    let labels = read_all(candidates(parts[1]), idx::read_labels, remarks)?;
    let form = shared_form(&images, &labels)?;
    remarks.extend(chosen(&images, form).into_iter().chain(chosen(&labels, form)));
    let (images, labels) = (take(images, form)?, take(labels, form)?);
    let both = [images.file, labels.file];
    unusual.extend(both.into_iter().filter(|file| !file.is_usual).map(|file| file.path.clone()));
    idx::pair((&images.file.path, images.content), (&labels.file.path, labels.content), classes)
}

/// All copies of one file that can be read. One that cannot is passed over with a remark as long as another can.
fn read_all<'a, T>(
    candidates: impl Iterator<Item = &'a Found>,
    read: impl Fn(&Path) -> Result<T, Error>,
    remarks: &mut Vec<String>,
) -> Result<Vec<Read<'a, T>>, Error> {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for file in candidates {
        match read(&file.path) {
            Ok(content) => good.push(Read { file, content }),
            Err(error) => bad.push(error),
        }
    }
    match good.first() {
        Some(instead) => {
            let instead = instead.file.path.display();
            remarks.extend(bad.into_iter().map(|error| format!("{error}; {instead} is read in its place")));
            Ok(good)
        }
        None => Err(bad.into_iter().next().unwrap_or(Error::MixedCopies { files: Vec::new() })),
    }
}

/// The form whose files are read; `None` where all copies are alike, so that it does not matter.
fn shared_form<'a>(images: &[Read<'a, Images>], labels: &[Read<'a, Vec<u8>>]) -> Result<Option<&'a str>, Error> {
    if !differ(images) && !differ(labels) {
        return Ok(None);
    }
    let (of_images, of_labels) = (forms(images), forms(labels));
    if of_images.iter().any(|form| !of_labels.contains(form)) || of_labels.iter().any(|form| !of_images.contains(form))
    {
        return Err(Error::MixedCopies { files: if differ(images) { paths(images) } else { paths(labels) } });
    }
    Ok(of_images.first().copied())
}

fn differ<T: PartialEq>(copies: &[Read<'_, T>]) -> bool {
    copies.windows(2).any(|pair| pair[0].content != pair[1].content)
}

fn forms<'a, T>(copies: &[Read<'a, T>]) -> Vec<&'a str> {
    copies.iter().map(|copy| copy.file.form.as_str()).collect()
}

fn paths<T>(copies: &[Read<'_, T>]) -> Vec<PathBuf> {
    copies.iter().map(|copy| copy.file.path.clone()).collect()
}

/// The words on copies that differ: which one is read.
fn chosen<T: PartialEq>(copies: &[Read<'_, T>], form: Option<&str>) -> Option<String> {
    let read = copies.iter().find(|copy| Some(copy.file.form.as_str()) == form)?;
    let names: Vec<String> = paths(copies).iter().map(|path| path.display().to_string()).collect();
    differ(copies).then(|| format!("{} differ: {} is read", prose(&names), read.file.path.display()))
}

fn take<'a, T>(copies: Vec<Read<'a, T>>, form: Option<&str>) -> Result<Read<'a, T>, Error> {
    let files = paths(&copies);
    let wanted = copies.into_iter().find(|copy| form.is_none_or(|form| copy.file.form == form));
    wanted.ok_or(Error::MixedCopies { files })
}

/// The words on files that were found by guessing what their names stand for.
fn unusual_names(folder: &Folder, files: &[PathBuf]) -> Option<String> {
    let name = |path: &PathBuf| path.strip_prefix(&folder.path).unwrap_or(path).display().to_string();
    let names: Vec<String> = files.iter().map(name).collect();
    let usual = NAMES[0];
    (!names.is_empty()).then(|| {
        format!(
            "files are read under other names or in other places than usual ({usual}, plain or with .gz): {} in {}",
            prose(&names),
            folder.path.display()
        )
    })
}

/// The words on labels that fit the classes and yet seem to be counted from 1.
fn counted_from_one(train: &Samples) -> Option<String> {
    let [smallest, largest] = [train.labels().iter().min()?, train.labels().iter().max()?].map(|&it| it as usize);
    let is_likely = smallest == 1 && largest + 1 == train.classes();
    is_likely
        .then(|| "no training picture is of class 0: if the labels are counted from 1, subtract 1 from each".to_owned())
}
