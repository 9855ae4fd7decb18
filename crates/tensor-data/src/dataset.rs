//! The six tensors: images and labels of the training, validation and test pictures, on one device from the start.

use serde::{Deserialize, Serialize};
use tch::{Device, Kind, TchError, Tensor};

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use crate::normalise::Normaliser;
use crate::{Error, Fingerprint, Holdout, Normalise, Order, Parts, Samples, Source, Tail, hold_out};

/// How pixels are kept on the device. Minibatches are `f32` either way, with the same values to the last bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Storage {
    /// One byte a pixel, made `f32` minibatch by minibatch: a quarter of the memory, for sets that would not fit.
    U8,
    /// Scaled `f32`, four bytes a pixel: minibatches in stored order are views, and nothing is converted in the loop.
    /// The default, because stored and shuffled epochs are the faster for it and common sets are small (MNIST: 220 MB).
    /// Only large minibatches of shifted pictures come faster from bytes.
    #[default]
    F32,
}

/// Pictures and labels of one split, resident on one device.
#[derive(Debug)]
pub struct Split {
    images: Tensor,
    labels: Tensor,
    names: Arc<[String]>,
    scale: f64,
    normaliser: Option<Normaliser>,
    /// The pictures of each class, once they were asked for.
    members: OnceLock<Vec<Vec<i64>>>,
}

/// A data set on one device, its three splits apart.
///
/// ```
/// use tch::Device;
/// use tensor_data::{Dataset, Holdout, Order, Samples, Source, Storage, Tail};
///
/// let few = |n: u8| Samples::new([1, 2, 2], 10, (0..4 * n).collect(), (0..u32::from(n)).collect());
/// let source = Source::new("few", few(8)?, few(2)?);
/// let data = Dataset::upload(&source, Holdout::Last(2), 1.0 / 255.0, Storage::F32, Device::Cpu)?;
///
/// for batch in data.train.batches(4, Order::Shuffled { seed: 1, epoch: 0 }, Tail::Keep)? {
///     assert_eq!(batch.images.size()[1..], [1, 2, 2]);
///     assert_eq!(batch.images.size()[0], batch.labels().size()[0]);
/// }
/// # Ok::<(), tensor_data::Error>(())
/// ```
#[derive(Debug)]
pub struct Dataset {
    /// Its name.
    pub name: String,
    /// What it holds and how it is split.
    pub fingerprint: Fingerprint,
    /// The pictures to learn from.
    pub train: Split,
    /// The pictures that choose among models.
    pub valid: Split,
    /// The pictures looked at only once a model is chosen.
    pub test: Split,
}

impl Dataset {
    /// Parts the validation set from the training pictures and puts all three splits on `device`. Of a set that brings its own
    /// validation pictures, those are taken, and `holdout` is not used.
    ///
    /// A pixel of a minibatch is `pixel * scale`, computed in `f32`; 1/255 maps onto 0 to 1.
    ///
    /// # Errors
    /// Those of [`hold_out`], of [`Split::upload`] and of [`Source::check`].
    pub fn upload(
        source: &Source,
        holdout: Holdout,
        scale: f64,
        storage: Storage,
        device: Device,
    ) -> Result<Self, Error> {
        source.check()?;
        let (train, valid) = match &source.valid {
            Some(valid) => (Cow::Borrowed(&source.train), Cow::Borrowed(valid)),
            None => {
                let (train, valid) = hold_out(&source.train, holdout)?;
                (Cow::Owned(train), Cow::Owned(valid))
            }
        };
        Ok(Self {
            name: source.name.clone(),
            fingerprint: Fingerprint::of(source, holdout)?,
            train: Split::upload(&train, scale, storage, device)?,
            valid: Split::upload(&valid, scale, storage, device)?,
            test: Split::upload(&source.test, scale, storage, device)?,
        })
    }

    /// The same pictures, whose minibatches are normalised by `rule` after all else is done to them, or not with `None`. What
    /// [`Split::images`] keeps stays as it is.
    ///
    /// # Errors
    /// [`Error::Normalise`] when there is not one mean and one positive deviation for each channel.
    pub fn normalised(mut self, rule: Option<&Normalise>) -> Result<Self, Error> {
        for split in [&mut self.train, &mut self.valid, &mut self.test] {
            split.normalise_by(rule)?;
        }
        Ok(self)
    }

    /// What the labels 0, 1, ... mean.
    pub fn class_names(&self) -> &[String] {
        self.train.class_names()
    }

    /// The same data set with `f` of its pictures in their place: f32 `[m, channels, height, width]`, at most `size` at once
    /// and in stored order, to f32 `[m, ...]` of four dimensions. Name, fingerprint, labels and order stay.
    ///
    /// # Errors
    /// [`Error::EmptyBatch`] for size 0; [`Error::Libtorch`] when libtorch fails, for example where memory runs out.
    pub fn map(&self, size: usize, f: impl Fn(&Tensor) -> Tensor) -> Result<Self, Error> {
        let map = |split: &Split| split.map(size, &f);
        let (train, valid, test) = (map(&self.train)?, map(&self.valid)?, map(&self.test)?);
        Ok(Self { name: self.name.clone(), fingerprint: self.fingerprint.clone(), train, valid, test })
    }

    /// The same data set with pictures of `all` in the place of its own, such as what was computed of them once for all folds: `parts`
    /// says which picture of `all` each is. Name, fingerprint and the order within each part stay.
    ///
    /// # Errors
    /// Those of [`Split::select`].
    pub fn taken_from(&self, all: &Split, parts: &Parts) -> Result<Self, Error> {
        let [train, valid, test] = [&parts.train, &parts.valid, &parts.test].map(|places| all.select(places));
        let (name, fingerprint) = (self.name.clone(), self.fingerprint.clone());
        Ok(Self { name, fingerprint, train: train?, valid: valid?, test: test? })
    }
}

impl Split {
    /// What `f` makes of the pictures, in their place: see [`Dataset::map`].
    ///
    /// # Errors
    /// Those of [`Dataset::map`].
    pub fn map(&self, size: usize, f: &impl Fn(&Tensor) -> Tensor) -> Result<Self, Error> {
        let parts: Vec<Tensor> = self.batches(size, Order::Stored, Tail::Keep)?.map(|batch| f(&batch.images)).collect();
        let images = Tensor::f_cat(&parts, 0).map_err(refused("join the mapped pictures"))?;
        Ok(Self {
            images,
            labels: self.labels.shallow_clone(),
            names: self.names.clone(),
            scale: 1.0,
            normaliser: None,
            members: OnceLock::new(),
        })
    }

    /// The same pictures, whose minibatches are normalised by `rule`, or not with `None`: see [`Dataset::normalised`].
    ///
    /// # Errors
    /// [`Error::Normalise`] when there is not one mean and one positive deviation for each channel.
    pub fn normalised(mut self, rule: Option<&Normalise>) -> Result<Self, Error> {
        self.normalise_by(rule)?;
        Ok(self)
    }

    fn normalise_by(&mut self, rule: Option<&Normalise>) -> Result<(), Error> {
        rule.map_or(Ok(()), |rule| rule.check(self.shape()[0] as usize))?;
        self.normaliser = rule.map(|rule| Normaliser::new(rule, self.device()));
        Ok(())
    }

    /// Puts samples on `device`: the pixels as bytes, converted there if they are kept as `f32`.
    ///
    /// # Errors
    /// [`Error::Scale`] unless `scale` is positive and finite in `f32`; [`Error::NoDevice`] for a CUDA device that does
    /// not exist; [`Error::Libtorch`] when libtorch fails, for example where memory runs out.
    pub fn upload(samples: &Samples, scale: f64, storage: Storage, device: Device) -> Result<Self, Error> {
        if !(scale as f32 > 0.0 && (scale as f32).is_finite()) {
            return Err(Error::Scale(scale));
        }
        if let Device::Cuda(asked) = device
            && asked >= torch_ext::cuda_devices()
        {
            return Err(Error::NoDevice { asked, count: torch_ext::cuda_devices() });
        }
        let [channels, height, width] = samples.shape().map(|n| n as i64);
        let size = [samples.len() as i64, channels, height, width];
        let labels: Vec<i64> = samples.labels().iter().map(|&label| i64::from(label)).collect();
        let upload = || -> Result<(Tensor, Tensor), TchError> {
            let bytes = Tensor::f_from_data_size(samples.pixels(), &size, Kind::Uint8)?.f_to_device(device)?;
            let images = match storage {
                Storage::U8 => bytes,
                Storage::F32 => bytes.f_to_kind(Kind::Float)?.f_mul_scalar_(scale)?,
            };
            Ok((images, Tensor::f_from_slice(&labels)?.f_to_device(device)?))
        };
        let (images, labels) = upload().map_err(refused("put the pictures on the device"))?;
        Ok(Self {
            images,
            labels,
            names: samples.class_names().into(),
            scale,
            normaliser: None,
            members: OnceLock::new(),
        })
    }

    /// `count` pictures at equal distances through the split (1, up to all of it), so that a set sorted by class gives of
    /// every class; labels with them, both copied.
    ///
    /// # Errors
    /// [`Error::BatchTooLarge`] when there are not so many, [`Error::EmptyBatch`] for none; [`Error::Libtorch`] when
    /// libtorch fails.
    pub fn spread(&self, count: usize) -> Result<Split, Error> {
        let available = self.len();
        match count {
            0 => return Err(Error::EmptyBatch),
            _ if count > available => return Err(Error::BatchTooLarge { size: count, available }),
            _ => {}
        }
        let places: Vec<usize> = (0..count).map(|i| i * available / count).collect();
        self.select(&places)
    }

    /// The pictures at `places`, in that order, labels with them, both copied.
    ///
    /// # Errors
    /// [`Error::EmptyBatch`] for none, [`Error::Index`] for a place that is not there; [`Error::Libtorch`] when libtorch fails.
    pub fn select(&self, places: &[usize]) -> Result<Split, Error> {
        let available = self.len();
        if let Some(&index) = places.iter().find(|&&place| place >= available) {
            return Err(Error::Index { index, available });
        }
        if places.is_empty() {
            return Err(Error::EmptyBatch);
        }
        let places: Vec<i64> = places.iter().map(|&place| place as i64).collect();
        let take =
            |tensor: &Tensor| tensor.f_index_select(0, &Tensor::f_from_slice(&places)?.f_to_device(self.device())?);
        let both = || Ok((take(&self.images)?, take(&self.labels)?));
        let (images, labels) = both().map_err(refused("take pictures out of a split"))?;
        let normaliser = self.normalise().map(|rule| Normaliser::new(rule, self.device()));
        Ok(Split { images, labels, names: self.names.clone(), scale: self.scale, normaliser, members: OnceLock::new() })
    }

    /// The pictures of `range`, not copied.
    ///
    /// # Errors
    /// [`Error::EmptyBatch`] for none, [`Error::Index`] for a range that reaches beyond the last; [`Error::Libtorch`] when libtorch fails.
    pub fn part(&self, range: Range<usize>) -> Result<Split, Error> {
        let available = self.len();
        match range.len() {
            0 => return Err(Error::EmptyBatch),
            _ if range.end > available => return Err(Error::Index { index: range.end - 1, available }),
            _ => {}
        }
        let narrow = |tensor: &Tensor| tensor.f_narrow(0, range.start as i64, range.len() as i64);
        let both = || Ok((narrow(&self.images)?, narrow(&self.labels)?));
        let (images, labels) = both().map_err(refused("take a part of a split"))?;
        let normaliser = self.normalise().map(|rule| Normaliser::new(rule, self.device()));
        Ok(Split { images, labels, names: self.names.clone(), scale: self.scale, normaliser, members: OnceLock::new() })
    }

    /// Number of pictures, at least 1.
    pub fn len(&self) -> usize {
        self.labels.size()[0] as usize
    }

    /// Always false: samples are never empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Channels, height and width of each picture.
    pub fn shape(&self) -> [i64; 3] {
        let size = self.images.size();
        [size[1], size[2], size[3]]
    }

    /// Number of classes.
    pub fn classes(&self) -> i64 {
        self.names.len() as i64
    }

    /// What the labels 0, 1, ... mean.
    pub fn class_names(&self) -> &[String] {
        &self.names
    }

    /// All pictures as they are kept, `[n, channels, height, width]`: scaled `f32`, or `u8` as published.
    pub fn images(&self) -> &Tensor {
        &self.images
    }

    /// All labels, `i64 [n]`.
    pub fn labels(&self) -> &Tensor {
        &self.labels
    }

    /// Places of the pictures of each class, in stored order. The labels are read from the device the first time.
    pub(crate) fn members(&self) -> Result<&[Vec<i64>], Error> {
        if let Some(members) = self.members.get() {
            return Ok(members);
        }
        let labels: Vec<i64> = self.labels().try_into().map_err(refused("read the labels"))?;
        let mut members = vec![Vec::new(); self.names.len()];
        for (place, &label) in labels.iter().enumerate() {
            members[label as usize].push(place as i64);
        }
        Ok(self.members.get_or_init(|| members))
    }

    /// What a pixel of 1 is in a minibatch that is not normalised.
    pub(crate) fn scale(&self) -> f64 {
        self.scale
    }

    /// How the pixels are kept.
    pub fn storage(&self) -> Storage {
        if self.images.kind() == Kind::Uint8 { Storage::U8 } else { Storage::F32 }
    }

    /// How minibatches are normalised, if they are.
    pub fn normalise(&self) -> Option<&Normalise> {
        self.normaliser.as_ref().map(|it| &it.rule)
    }

    /// The device that holds both tensors.
    pub fn device(&self) -> Device {
        self.images.device()
    }

    /// Scaled and normalised `f32` pixels of pictures taken from [`images`](Self::images); of `f32` pictures that are not
    /// normalised, those themselves.
    pub(crate) fn scaled(&self, pictures: Tensor) -> Tensor {
        let scaled = match self.storage() {
            Storage::U8 => pictures.to_kind(Kind::Float).g_mul_scalar_(self.scale),
            Storage::F32 => pictures,
        };
        match &self.normaliser {
            Some(normaliser) => normaliser.apply(&scaled),
            None => scaled,
        }
    }
}

/// Says what libtorch was asked for when it failed; made for `map_err`.
pub(crate) fn refused(doing: &'static str) -> impl FnOnce(TchError) -> Error {
    move |cause| Error::Libtorch(torch_ext::Error::doing(doing)(cause))
}
