//! `[pictures]`: a folder of a person's own pictures, and what is made of it before training.

use crate::error::Error;
use crate::mismatch::Mismatch;
use serde::{Deserialize, Serialize};
use std::ops::Bound::Included;
use std::path::PathBuf;
use values::{Range, Whole};

const SIZE: Whole = Whole::new("pictures.size", 8, 1024).noted(" pixels");
const VALIDATION: Range = share("pictures.validation");
const TEST: Range = share("pictures.test");

const fn share(key: &'static str) -> Range {
    Range::new(key, Included(0.01), Included(0.8)).noted(" of all pictures")
}

/// `[pictures]`: a folder of pictures to train on, or a CSV table of paths and labels, instead of a data set with a name of its own; or a file of
/// arrays (`.npz`, safetensors) or a folder of CIFAR's binary files, whose pictures keep their size. Who is drawn for which part follows from
/// `data.split_seed`.
///
/// | key | default | range | meaning |
/// | --- | --- | --- | --- |
/// | `folder` | required | | a folder `class/picture` or `train/class/picture`, or a CSV file |
/// | `size` | 224 | 8 to 1024 | height and width that every picture is brought to, pixels |
/// | `fit` | `crop` | `crop`, `squash`, `pad` | the middle square, the whole picture with its sides changed, or the whole with borders |
/// | `filter` | `bilinear` | `bilinear`, `bicubic` | how values between pixels are found |
/// | `colour` | true | | three channels; false makes pictures grey |
/// | `background` | `[255, 255, 255]` | 0 to 255 each | red, green and blue of what lies below transparent parts, and of the borders of `pad` |
/// | `validation` | 0.15 | 0.01 to 0.8 | share of every class that chooses among models, where the folder has no such part |
/// | `test` | 0.15 | 0.01 to 0.8 | share that is looked at only once, where the folder has no such part |
/// | `group` | `none` | `none`, `folder`, `prefix`, a column | pictures that stay on one side of the split |
/// | `skip_bad` | false | | train without files that cannot be read; otherwise they end the run before it begins |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pictures {
    /// Where they lie.
    pub folder: PathBuf,
    /// Height and width, pixels.
    #[serde(default = "Pictures::default_size")]
    pub size: u32,
    /// How a picture is brought to that size.
    #[serde(default)]
    pub fit: Fit,
    /// How values between pixels are found.
    #[serde(default)]
    pub filter: Filter,
    /// Whether there are three channels.
    #[serde(default = "Pictures::default_colour")]
    pub colour: bool,
    /// Red, green and blue below what is transparent, and around pictures that are padded.
    #[serde(default = "Pictures::default_background")]
    pub background: [u8; 3],
    /// Share to choose by.
    #[serde(default = "Pictures::default_share")]
    pub validation: f64,
    /// Share to judge by.
    #[serde(default = "Pictures::default_share")]
    pub test: f64,
    /// What stays on one side.
    #[serde(default = "Pictures::default_group")]
    pub group: String,
    /// Whether files that cannot be read are left out.
    #[serde(default)]
    pub skip_bad: bool,
}

/// How a picture that is no square of the right size becomes one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fit {
    /// The short side is brought to the size, and the middle is kept: nothing is distorted, what lies at the edges is lost.
    #[default]
    Crop,
    /// Both sides are brought to the size: nothing is lost, all is distorted.
    Squash,
    /// The long side is brought to the size, and the rest is filled: nothing is lost or distorted, pictures are smaller.
    Pad,
}

/// How values between pixels are found; both are antialiased as torchvision does it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Filter {
    /// A triangle.
    #[default]
    Bilinear,
    /// A cubic: sharper.
    Bicubic,
}

impl Pictures {
    /// The pictures of a folder, all else at its default.
    pub fn new(folder: impl Into<PathBuf>) -> Pictures {
        Pictures {
            folder: folder.into(),
            size: Self::default_size(),
            fit: Fit::default(),
            filter: Filter::default(),
            colour: true,
            background: Self::default_background(),
            validation: Self::default_share(),
            test: Self::default_share(),
            group: Self::default_group(),
            skip_bad: false,
        }
    }

    fn default_size() -> u32 {
        224
    }
    fn default_colour() -> bool {
        true
    }
    fn default_background() -> [u8; 3] {
        [255; 3]
    }
    pub(super) fn default_share() -> f64 {
        0.15
    }
    fn default_group() -> String {
        "none".to_owned()
    }

    /// Checks every value's range.
    ///
    /// # Errors
    /// The first key whose value lies outside its range; shares that leave nothing to learn from.
    pub fn check(&self) -> Result<(), Error> {
        SIZE.check(self.size)?;
        VALIDATION.check(self.validation)?;
        TEST.check(self.test)?;
        if self.validation + self.test > 0.9 {
            return Err(Mismatch::Shares { validation: self.validation, test: self.test }.into());
        }
        Ok(())
    }
}
