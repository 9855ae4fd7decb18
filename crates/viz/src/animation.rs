//! Pictures that follow each other: how filters grew over training.

use crate::{Error, Picture, save};
use image::codecs::gif::{GifEncoder, Repeat};
use image::{Delay, Frame, RgbaImage};
use std::path::Path;
use std::time::Duration;

/// Frames of one size, shown one after the other without end.
#[derive(Clone, Debug)]
pub struct Animation {
    frames: Vec<Picture>,
    delay: Duration,
}

impl Animation {
    /// An animation that shows each of `frames` for `delay`, which is rounded down to milliseconds (GIF: hundredths of a
    /// second). Smaller frames are filled up to the right and below with the colour of their upper left pixel.
    ///
    /// # Errors
    /// No frames, a delay outside 20 ms to 60 s (browsers slow down anything faster), or too many pixels.
    pub fn new(frames: &[Picture], delay: Duration) -> Result<Self, Error> {
        let (Some(height), Some(width)) =
            (frames.iter().map(Picture::height).max(), frames.iter().map(Picture::width).max())
        else {
            return Err(Error::Empty { what: "frame" });
        };
        if !(Duration::from_millis(20)..=Duration::from_secs(60)).contains(&delay) {
            return Err(Error::Value {
                what: "the delay between frames".into(),
                value: format!("{delay:?}"),
                rule: "it lies between 20 ms and 60 s",
            });
        }
        let fill = |frame: &Picture| {
            let mut filled = Picture::filled(height, width, frame.at(0, 0))?;
            filled.paste(0, 0, frame);
            Ok(filled)
        };
        Ok(Animation { frames: frames.iter().map(fill).collect::<Result<_, Error>>()?, delay })
    }

    /// The animation as an APNG file's bytes: exact colours; a viewer that knows only PNG shows the first frame.
    ///
    /// # Errors
    /// When the encoder refuses it.
    pub fn apng(&self) -> Result<Vec<u8>, Error> {
        let mut file = Vec::new();
        self.encode_apng(&mut file).map_err(|reason| Error::Encode { format: "APNG", reason: reason.to_string() })?;
        Ok(file)
    }

    fn encode_apng(&self, file: &mut Vec<u8>) -> Result<(), png::EncodingError> {
        let first = &self.frames[0];
        let mut encoder = png::Encoder::new(file, first.width() as u32, first.height() as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::High);
        encoder.set_filter(png::Filter::NoFilter);
        encoder.set_animated(self.frames.len() as u32, 0)?;
        encoder.set_frame_delay(self.delay.as_millis() as u16, 1000)?;
        let mut writer = encoder.write_header()?;
        for frame in &self.frames {
            writer.write_image_data(frame.bytes())?;
        }
        writer.finish()
    }

    /// The animation as a GIF file's bytes: shown everywhere, 256 colours for each frame.
    ///
    /// # Errors
    /// A side of more than 65,535 pixels, or when the encoder refuses it.
    pub fn gif(&self) -> Result<Vec<u8>, Error> {
        let refused = |reason: String| Error::Encode { format: "GIF", reason };
        let mut file = Vec::new();
        let mut encoder = GifEncoder::new_with_speed(&mut file, 10);
        let loops = encoder.set_repeat(Repeat::Infinite);
        loops.map_err(|reason| refused(reason.to_string()))?;
        for frame in &self.frames {
            let (pixels, _) = frame.bytes().as_chunks::<3>();
            let rgba = pixels.iter().flat_map(|&[r, g, b]| [r, g, b, 255]).collect();
            let Some(raster) = RgbaImage::from_raw(frame.width() as u32, frame.height() as u32, rgba) else {
                return Err(refused("a frame does not fill its size".into()));
            };
            let delay = Delay::from_saturating_duration(self.delay);
            let written = encoder.encode_frame(Frame::from_parts(raster, 0, 0, delay));
            written.map_err(|reason| refused(reason.to_string()))?;
        }
        drop(encoder);
        Ok(file)
    }

    /// Saves the animation, as GIF where the name ends in `.gif`, as APNG where it ends in `.png` or `.apng`. Makes missing
    /// folders; an older file is replaced in one step.
    ///
    /// # Errors
    /// Another ending, a folder that cannot be written, or an encoder's refusal.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        save::check_ending(path, &["gif", "png", "apng"], ".gif, .png or .apng")?;
        let is_gif = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gif"));
        save::write(path, &if is_gif { self.gif()? } else { self.apng()? })
    }
}
