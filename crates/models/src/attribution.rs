//! Which parts of a picture made a model answer as it did: saliency, Grad-CAM and occlusion, as pure functions of a
//! model and pictures.
//!
//! The score of a class is its logit. Every function works in [`Mode::Eval`], leaves parameters and their gradients
//! alone, and works inside a no-grad guard too. Images are those that [`Model::check_images`] takes.

use tch::{Kind, Tensor};
use values::Whole;

use crate::node::Node;
use crate::{Error, Mode, Model};

/// Covered pictures that are classified at once.
const BATCH: i64 = 256;

/// How far the score of `class` moves with each pixel: `max over channels of |d logit / d pixel|`, f32
/// `[n, height, width]`, at least 0 (Simonyan, Vedaldi and Zisserman 2013, "Deep Inside Convolutional Networks",
/// section 3).
///
/// # Errors
/// [`Error::Images`], [`Error::NoUnit`] for a class that is not there, [`Error::Libtorch`].
pub fn saliency(model: &Model, images: &Tensor, class: i64) -> Result<Tensor, Error> {
    check(model, images, class)?;
    let gradient = tch::with_grad(|| {
        let images = images.detach().set_requires_grad(true); // [n, c, h, w]
        let score = model.forward(&images, Mode::Eval).select(1, class).sum(Kind::Float); // []
        gradient(&score, &images) // [n, c, h, w]
    })?;
    Ok(gradient.abs().amax([1], false)) // [n, h, w]
}

/// Where the maps of a convolution that speak for `class` respond (Selvaraju et al. 2017, "Grad-CAM", equations 1
/// and 2): with the layer's maps `A_k`, of `z` positions each,
///
/// `relu(sum over k of a_k A_k)`, `a_k = 1/z * sum over positions of d logit / d A_k`.
///
/// `layer` is a convolution, by default the last; its maps are those before pooling and activation, bias included. The
/// result has their size, f32 `[n, map height, map width]`, and is at least 0; where its cells lie in the picture
/// [`Placement`](crate::Placement) says.
///
/// # Errors
/// [`Error::Images`], [`Error::NoUnit`] for a class that is not there, [`Error::NoLayer`], [`Error::NoConvolution`],
/// [`Error::Libtorch`].
pub fn grad_cam(model: &Model, images: &Tensor, class: i64, layer: Option<&str>) -> Result<Tensor, Error> {
    check(model, images, class)?;
    let layer = convolution(model, layer)?;
    let (maps, gradient) = tch::with_grad(|| {
        let mut maps = None;
        let logits = model.trace(images, &mut |name, output| {
            if name == layer {
                // A model under training has variables that require gradients, a frozen one has none.
                let output =
                    if output.requires_grad() { output.shallow_clone() } else { output.set_requires_grad(true) };
                maps = Some(output);
            }
        }); // [n, classes]
        let maps = maps.ok_or_else(|| no_layer(model, layer))?; // [n, k, h', w']
        let score = logits.select(1, class).sum(Kind::Float); // []
        let gradient = gradient(&score, &maps)?; // [n, k, h', w']
        Ok::<_, Error>((maps.detach(), gradient))
    })?;
    let weights = gradient.mean_dim([2i64, 3].as_slice(), true, Kind::Float); // [n, k, 1, 1]
    Ok((weights * maps).sum_dim_intlist([1i64].as_slice(), false, Kind::Float).relu()) // [n, h', w']
}

/// The convolution that [`grad_cam`] looks at: the one named, or the last.
///
/// # Errors
/// [`Error::NoLayer`] for a name that is no layer's, [`Error::NoConvolution`] for another kind of layer or a model
/// without convolution.
pub fn convolution<'a>(model: &'a Model, layer: Option<&str>) -> Result<&'a str, Error> {
    let convolutions = || model.layers().into_iter().filter(|layer| layer.is_convolution());
    let found = match layer {
        Some(name) => Some(find(model, name)?).filter(|layer| layer.is_convolution()),
        None => convolutions().next_back(),
    };
    found.map(|layer| layer.name.as_str()).ok_or_else(|| Error::NoConvolution {
        layer: layer.map(str::to_owned),
        convolutions: convolutions().map(|layer| layer.name.clone()).collect(),
    })
}

/// The square that [`occlusion`] moves over a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Height and width in pixels, at least 1 and at most the picture's shorter side.
    pub size: i64,
    /// Pixels from one position to the next, at least 1 and at most `size`, so that every pixel is covered. The last
    /// row and column of positions end at the picture's edge.
    pub stride: i64,
}

/// How much less probable `class` becomes when a pixel is covered: f32 `[n, height, width]` in `[-1, 1]`, the mean of
/// `p(picture) - p(picture with the window set to 0)` over all positions of the window that cover the pixel; below 0
/// where the class gains (Zeiler and Fergus 2014, "Visualizing and Understanding Convolutional Networks", section
/// 4.2).
///
/// # Errors
/// [`Error::Images`], [`Error::NoUnit`] for a class that is not there, [`Error::OutOfRange`] for the window.
pub fn occlusion(model: &Model, images: &Tensor, class: i64, window: Window) -> Result<Tensor, Error> {
    check(model, images, class)?;
    let [channels, height, width] = model.input();
    Whole::new("occlusion window", 1, height.min(width)).noted(", the picture's shorter side").check(window.size)?;
    Whole::new("occlusion stride", 1, window.size).noted(", the window's size").check(window.stride)?;
    let _guard = tch::no_grad_guard();
    let mut masks = Vec::new();
    for top in positions(height, window) {
        for left in positions(width, window) {
            let mask = Tensor::zeros([height, width], (Kind::Float, model.device())); // [h, w]
            let _ = mask.narrow(0, top, window.size).narrow(1, left, window.size).fill_(1.0);
            masks.push(mask);
        }
    }
    let masks = Tensor::stack(&masks, 0).unsqueeze(1); // [k, 1, h, w]
    let probability = |images: &Tensor| model.forward(images, Mode::Eval).softmax(-1, Kind::Float).select(1, class);
    let covered = masks.sum_dim_intlist([0i64, 1].as_slice(), false, Kind::Float); // [h, w]
    let whole = probability(images); // [n]
    let drops = (0..images.size()[0]).map(|i| {
        let image = images.narrow(0, i, 1); // [1, c, h, w]
        let lit = |masks: &Tensor| image.expand([masks.size()[0], channels, height, width], false) * (1.0 - masks);
        let parts: Vec<Tensor> = masks.split(BATCH, 0).iter().map(|masks| probability(&lit(masks))).collect();
        let drop = whole.get(i) - Tensor::cat(&parts, 0); // [k]
        (drop.view([-1, 1, 1, 1]) * &masks).sum_dim_intlist([0i64, 1].as_slice(), false, Kind::Float) / &covered // [h, w]
    });
    Ok(Tensor::stack(&drops.collect::<Vec<_>>(), 0)) // [n, h, w]
}

/// First pixels of the window along a side.
fn positions(side: i64, window: Window) -> impl Iterator<Item = i64> {
    let last = side - window.size;
    let after = if last % window.stride == 0 { None } else { Some(last) };
    (0..=last).step_by(window.stride.unsigned_abs() as usize).chain(after)
}

fn check(model: &Model, images: &Tensor, class: i64) -> Result<(), Error> {
    model.check_images(images)?;
    check_unit("output", class, model.classes())
}

/// Checks that a layer of `units` units has that one.
pub(crate) fn check_unit(layer: &str, unit: i64, units: i64) -> Result<(), Error> {
    if (0..units).contains(&unit) {
        return Ok(());
    }
    Err(Error::NoUnit { layer: layer.to_owned(), unit, units })
}

/// The layer of that name.
pub(crate) fn find<'a>(model: &'a Model, name: &str) -> Result<&'a Node, Error> {
    model.layers().into_iter().find(|layer| layer.name == name).ok_or_else(|| no_layer(model, name))
}

pub(crate) fn no_layer(model: &Model, layer: &str) -> Error {
    let layers = model.layers().iter().map(|layer| layer.name.clone()).collect();
    Error::NoLayer { layer: layer.to_owned(), layers }
}

/// The derivative of a score by a tensor of its graph, which is freed. No variable's own gradient is touched.
pub(crate) fn gradient(score: &Tensor, by: &Tensor) -> Result<Tensor, Error> {
    let mut gradients =
        Tensor::f_run_backward(&[score], &[by], false, false).map_err(Error::libtorch("differentiate a score"))?;
    Ok(gradients.remove(0).detach())
}
