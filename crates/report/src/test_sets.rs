//! Test sets of the runs that a report shows: found on this machine, each opened once however many runs share it, and
//! none that is not the run's. A report asks no network and changes no folder of data.

use crate::known::Known;
use crate::record::Record;
use std::path::{Path, PathBuf};
use tch::Device;
use tensor_data::{Dataset, Place, Split, catalog};
use train::recipe::Fold;
use train::{Identity, Predictions, Recipe};
use values::shown;

/// Classifies the pictures of `split`; `None` for a run that has no best model.
pub fn examine(record: &Record, split: &Split) -> Option<Result<Predictions, train::Error>> {
    let evaluation = &record.identity.recipe.evaluation;
    let model = record.best.as_ref()?;
    Some(train::predictions(model, split, evaluation.size, evaluation.tail))
}

/// Opens a run's own pictures, which lie in a folder and not in a known data set: its folder and what it is to the data set, or why
/// not, in words.
pub type OwnPictures<'a> = &'a dyn Fn(&Path, &Identity) -> Result<Dataset, String>;

/// Data sets that are open.
pub struct TestSets<'a> {
    roots: &'a [PathBuf],
    device: Device,
    own: OwnPictures<'a>,
    open: Vec<Open>,
}

struct Open {
    /// Where a known data set lies; `None` for a person's own pictures.
    place: Option<Place>,
    /// The divisor scales the pixels.
    divisor: u64,
    normalise: Option<tensor_data::Normalise>,
    fold: Option<Fold>,
    data: Dataset,
}

impl<'a> TestSets<'a> {
    pub fn new(roots: &'a [PathBuf], device: Device, own: OwnPictures<'a>) -> TestSets<'a> {
        TestSets { roots, device, own, open: Vec::new() }
    }

    /// The number of the set that a run was tested on and what its best model answers, or why there are no pictures to show.
    pub fn of(&mut self, record: &Record) -> Result<(usize, Predictions), String> {
        let known = Known::of(record);
        if record.identity.recipe.pictures.is_some() {
            let data = (self.own)(&record.path, &record.identity)?;
            self.open.push(Open { place: None, divisor: 0, normalise: None, fold: None, data });
            let number = self.open.len() - 1;
            return Ok((number, self.examine(number, record, &known)?));
        }
        let set = &record.identity.recipe.data.set;
        let entry = catalog::find(set);
        let places = entry.map_or(Vec::new(), |entry| entry.places(self.roots, known.folder.as_deref()));
        let mut refused = Vec::new();
        for place in places.iter().filter(|place| place.is_complete()) {
            let examined = self.open(place, &record.identity.recipe).and_then(|number| {
                let predictions = self.examine(number, record, &known)?;
                Ok((number, predictions))
            });
            match examined {
                Ok(examined) => return Ok(examined),
                Err(why) => refused.push(why),
            }
        }
        if refused.is_empty() {
            let looked: Vec<String> = places.iter().map(name).collect();
            refused.push(format!("they were not found, looked in {}", looked.join(", ")));
        }
        let way_on = match places.iter().any(|place| matches!(place, Place::Drawn(_))) {
            true => String::new(),
            false => format!("; pass --data DIR, the folder that holds the run's {set}/"),
        };
        Err(refused.join("; ") + &way_on)
    }

    /// The pictures of a set.
    pub fn split(&self, number: usize) -> &Split {
        &self.open[number].data.test
    }

    /// What tells the test pictures of a set from all others.
    pub fn fingerprint(&self, number: usize) -> &str {
        &self.open[number].data.fingerprint.test
    }

    /// The number of an open data set.
    fn open(&mut self, place: &Place, recipe: &Recipe) -> Result<usize, String> {
        let divisor = recipe.data.divisor.to_bits();
        let normalise = recipe.data.normalise();
        let is_it = |open: &Open| {
            open.place.as_ref() == Some(place)
                && (open.divisor, open.fold) == (divisor, recipe.fold)
                && open.normalise == normalise
        };
        if let Some(number) = self.open.iter().position(is_it) {
            return Ok(number);
        }
        let data = place.load().map_err(train::Error::from).and_then(|it| recipe.upload(&it.source, self.device));
        let data = data.map_err(|error| format!("those in {} cannot be used: {error}", name(place)))?;
        self.open.push(Open { place: Some(place.clone()), divisor, normalise, fold: recipe.fold, data });
        Ok(self.open.len() - 1)
    }

    /// What the best model says of these pictures, where they are the run's.
    fn examine(&self, number: usize, record: &Record, known: &Known) -> Result<Predictions, String> {
        let Open { place, data, .. } = &self.open[number];
        let name = place.as_ref().map_or("the run's folder of pictures".to_owned(), name);
        let others = || format!("those in {name} are not the pictures that this run was tested on");
        let examined = examine(record, &data.test).ok_or("the run has no best model")?;
        // Pictures of another shape, or fewer than a minibatch.
        let predictions = examined.map_err(|_| others())?;
        let confusion = predictions.confusion().map_err(|_| others())?;
        if known.fits(&confusion, Some(&data.fingerprint.test)) { Ok(predictions) } else { Err(others()) }
    }
}

/// What a place is called.
fn name(place: &Place) -> String {
    place.folder().map_or("what this program draws".to_owned(), shown::path)
}
