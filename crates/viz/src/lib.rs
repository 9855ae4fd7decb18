//! Pictures of what a network learned: plain arrays in, PNG and SVG out.
//!
//! This crate knows no tensors, no files of a run and no network: whoever has numbers can draw them. It needs no fonts
//! on the machine: raster text comes from glyphs compiled in (Noto Sans Mono, SIL Open Font License 1.1), and drawings in
//! SVG carry their text as text.
//!
//! | numbers | drawn by | becomes |
//! | --- | --- | --- |
//! | rows of a matrix, the classic way | [`tile_raster_images`] | [`Picture`] |
//! | filters, feature maps, samples | [`tiles`], [`sections`], [`verdicts`] | [`Picture`] |
//! | what a picture's parts do for an answer | [`heat_map`], [`heat_bar`] | [`Picture`] |
//! | finished pictures of any size | [`grid()`], [`stack()`], [`Picture::overlaid`] | [`Picture`] |
//! | pictures that follow each other | [`Animation`] | GIF or APNG |
//! | loss, error, learning rate, norms | [`Chart`] | [`Drawing`] |
//! | ratios, with what was aimed at | [`bars()`] | [`Drawing`] |
//! | counts by true and predicted class | [`Confusion`] | [`Drawing`] |
//! | weights, activations | [`histograms`], [`histogram()`] | [`Drawing`] |
//! | the same at several moments | [`Course`] | [`Drawing`] |
//! | settings of trials and what came of them | [`Trials`] | [`Drawing`] |
//! | probabilities and what came true | [`reliability()`] | [`Drawing`] |
//! | a title | [`page::head`] | the head of a page that drawings stand in |
//!
//! NaN and infinities are drawn, never hidden: magenta pixels, crosses on a chart, a count beside a histogram.

mod animation;
mod axis;
mod bars;
mod chart;
mod classic;
pub mod colour;
mod confusion;
mod course;
mod curves;
mod distributions;
mod error;
mod float_image;
mod grid;
mod heat;
mod histogram;
mod legend;
mod numbers;
pub mod page;
mod picture;
mod reliability;
mod save;
mod scaling;
mod stack;
mod svg;
mod text;
mod tiles;
mod trials;

pub use animation::Animation;
pub use axis::{Axis, Scale};
pub use bars::{Bar, bars};
pub use chart::{Best, Chart, Series};
pub use classic::tile_raster_images;
pub use colour::{NOT_FINITE, Palette, Rgb};
pub use confusion::Confusion;
pub use course::Course;
pub use distributions::{histogram, histograms};
pub use error::Error;
pub use float_image::FloatImage;
pub use grid::{Background, Cell, Columns, GridOptions, grid};
pub use heat::{HeatScale, heat_bar, heat_map};
pub use histogram::Histogram;
pub use numbers::Unit;
pub use picture::Picture;
pub use reliability::{Reliability, reliability};
pub use scaling::Scaling;
pub use stack::stack;
pub use svg::Drawing;
pub use text::Ink;
pub use tiles::{Section, TileOptions, Verdict, Zoom, sections, tiles, verdicts};
pub use trials::{Positions, Setting, Trial, Trials};
