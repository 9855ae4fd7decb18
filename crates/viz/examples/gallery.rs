//! Draws one of everything into a folder: `cargo run -p viz --example gallery -- FOLDER` (default `gallery`).

use std::path::{Path, PathBuf};
use std::time::Duration;
use viz::{
    Animation, Axis, Best, Cell, Chart, Columns, Confusion, Error, FloatImage, GridOptions, Histogram, Palette, Scale,
    Scaling, Section, Series, TileOptions, Verdict, Zoom, grid, histograms, sections, tile_raster_images, tiles,
    verdicts,
};

fn main() -> Result<(), Error> {
    let folder = std::env::args_os().nth(1).map_or("gallery".into(), PathBuf::from);
    rasters(&folder)?;
    curves(&folder)?;
    matrices(&folder)
}

/// A repeatable stand-in for noise, in -1..1.
fn noise(i: usize) -> f32 {
    let x = (i as f32 * 12.9898).sin() * 43758.547;
    2.0 * (x - x.floor()) - 1.0
}

/// A wave of its own frequency and direction for each `i`, as an untrained eye expects of a filter.
fn filter(i: usize, side: usize, grown: f32) -> Vec<f32> {
    let turn = i as f32 * 0.7;
    let value = |p: usize| {
        let (y, x) = ((p / side) as f32, (p % side) as f32);
        let middle = (side - 1) as f32 / 2.0;
        let along = (x - middle) * turn.cos() + (y - middle) * turn.sin();
        let wave = (along * 6.0 / side as f32 + turn).sin() * (0.1 + 0.02 * i as f32);
        grown * wave + (1.0 - grown) * 0.1 * noise(i * 997 + p)
    };
    (0..side * side).map(value).collect()
}

fn filters(count: usize, side: usize, grown: f32) -> Result<Vec<FloatImage>, Error> {
    let one = |i| FloatImage::grey(side, side, filter(i, side, grown));
    (0..count).map(one).collect()
}

fn rasters(folder: &Path) -> Result<(), Error> {
    let matrix: Vec<f32> = (0..20).flat_map(|i| filter(i, 28, 0.8)).collect();
    let classic = tile_raster_images(&matrix, (28, 28), (4, 5), (1, 1), true)?;
    classic.save(&folder.join("classic.png"))?;

    let titled = |title: &str, options: TileOptions| TileOptions {
        grid: GridOptions { title: Some(title.into()), ..options.grid },
        ..options
    };
    let mut broken = filter(3, 5, 1.0);
    broken[7] = f32::NAN;
    let mut signed = filters(20, 5, 1.0)?;
    signed[3] = FloatImage::grey(5, 5, broken)?;
    tiles(&signed, &[], &titled("conv1, one filter with a NaN", TileOptions::signed()))?
        .save(&folder.join("filters-signed.png"))?;
    let names: Vec<String> = (0..20).map(|i| i.to_string()).collect();
    tiles(&signed, &names, &TileOptions::default())?.save(&folder.join("filters-grey.png"))?;

    let colour = |i: usize| FloatImage::new([3, 5, 5], (0..3).flat_map(|c| filter(i + 5 * c, 5, 0.9)).collect());
    let colour: Vec<FloatImage> = (0..16).map(colour).collect::<Result<_, Error>>()?;
    tiles(&colour, &[], &TileOptions::default())?.save(&folder.join("filters-rgb.png"))?;

    let layer = |name: &str, images| Section { name: name.into(), images };
    let layers = [
        layer("conv1: 20 maps of 24 x 24", filters(20, 24, 0.9)?),
        layer("conv2: 50 maps of 8 x 8", filters(50, 8, 0.9)?),
        layer("hidden: 500 units", vec![FloatImage::grey(10, 50, (0..500).map(noise).collect())?]),
    ];
    let options = TileOptions {
        palette: Palette::Viridis,
        scaling: Scaling::Common,
        legend: true,
        grid: GridOptions { columns: Columns::Exactly(10), ..GridOptions::default() },
        ..TileOptions::default()
    };
    sections(&layers, &options)?.save(&folder.join("features.png"))?;

    let options = titled("Most confident mistakes", TileOptions { scaling: Scaling::Each, ..TileOptions::samples() });
    let classes = ["automobile", "cat", "7", "ship"];
    let verdict = |i: usize| Verdict {
        truth: classes[i % 4].into(),
        predicted: classes[(i * 3 + 1) % 4].into(),
        probability: 0.99 - 0.04 * i as f64,
    };
    let list: Vec<Verdict> = (0..8).map(verdict).collect();
    verdicts(&filters(8, 28, 1.0)?, &list, &options)?.save(&folder.join("verdicts.png"))?;

    let panel = |side: usize, caption| {
        let sheet = tiles(
            &filters(1, side, 0.7)?,
            &[],
            &TileOptions { zoom: Zoom::Factor(1), grid: GridOptions::bare(0), ..TileOptions::default() },
        )?;
        Ok(Cell::new(sheet.resized(120, 100)?, caption))
    };
    let panels: Vec<Cell> = [(120, "picture"), (112, "map 1"), (56, "map 1, pooled")]
        .map(|(side, caption)| panel(side, caption))
        .into_iter()
        .collect::<Result<_, Error>>()?;
    let options = GridOptions { columns: Columns::Exactly(3), ..GridOptions::default() };
    grid(&panels, &options)?.save(&folder.join("panels.png"))?;

    let moments: Vec<Vec<FloatImage>> =
        (0..=8).map(|step| filters(20, 9, step as f32 / 8.0)).collect::<Result<_, Error>>()?;
    let scaling = Scaling::spanning(moments.iter().flatten());
    let frame = |(step, moment): (usize, &Vec<FloatImage>)| {
        let options = TileOptions { scaling, ..titled(&format!("iteration {}", step * 100), TileOptions::signed()) };
        tiles(moment, &[], &options)
    };
    let frames = moments.iter().enumerate().map(frame).collect::<Result<Vec<_>, Error>>()?;
    let animation = Animation::new(&frames, Duration::from_millis(300))?;
    animation.save(&folder.join("growth.gif"))?;
    animation.save(&folder.join("growth.png"))
}

fn curves(folder: &Path) -> Result<(), Error> {
    let epochs: Vec<f64> = (1..=30).map(f64::from).collect();
    let series = |name: &str, rate: f64, floor: f64| {
        let value = |&x: &f64| floor + 0.3 * (-x * rate).exp() * (1.0 + 0.1 * (x * 3.0).sin());
        Series::new(name, &epochs, &epochs.iter().map(value).collect::<Vec<_>>())
    };
    let pair = || -> Result<Vec<Series>, Error> {
        let train = series("training", 0.35, 0.002)?;
        let valid = series("validation", 0.3, 0.009)?;
        Ok(vec![train, valid.marked(Best::Lowest)])
    };
    Chart::error("epoch", pair()?)?.draw().save(&folder.join("error.svg"))?;
    let mut linear = Chart::error("epoch", pair()?)?;
    linear.y.scale = Scale::Linear;
    linear.draw().save(&folder.join("error-linear.svg"))?;

    let steps: Vec<f64> = (0..20_000).map(f64::from).collect();
    let loss = |i: usize| {
        let value = 2.3 * (-(i as f64) / 3000.0).exp() + 0.1 + 0.06 * f64::from(noise(i));
        if i > 19_000 { f64::NAN } else { value }
    };
    let loss: Vec<f64> = (0..20_000).map(loss).collect();
    let noisy = Series::new("minibatch", &steps, &loss)?;
    Chart::loss("iteration", vec![noisy])?.draw().save(&folder.join("loss.svg"))?;

    let rate = |x: &f64| 0.05 * (1.0 + (x / 20_000.0 * std::f64::consts::PI).cos());
    let rates: Vec<f64> = steps.iter().map(rate).collect();
    let rates = Series::new("learning rate", &steps, &rates)?;
    Chart::learning_rate("iteration", vec![rates])?.draw().save(&folder.join("rate.svg"))?;

    let names = [
        "conv1.weight",
        "conv1.bias",
        "conv2.weight",
        "conv2.bias",
        "fc1.weight",
        "fc1.bias",
        "fc2.weight",
        "fc2.bias",
    ];
    let norm = |(i, name): (usize, &&str)| {
        let value = |&x: &f64| 0.02 * 3f64.powi(i as i32) * (1.0 + x / 20.0).sqrt();
        Series::new(*name, &epochs, &epochs.iter().map(value).collect::<Vec<_>>())
    };
    let norms = names.iter().enumerate().map(norm).collect::<Result<Vec<_>, Error>>()?;
    let mut chart = Chart::norms("Weight norms", "epoch", norms)?;
    chart.x = Axis { label: "epoch".into(), ..Axis::default() };
    chart.draw().save(&folder.join("norms.svg"))
}

fn matrices(folder: &Path) -> Result<(), Error> {
    let counts = |n: usize| -> Vec<u64> {
        let count = |i: usize| match (i / n, i % n) {
            (t, p) if t == p => 960 + 3 * t as u64,
            (t, p) => (noise(t * 31 + p * 7).max(0.0).powi(6) * 14.0) as u64,
        };
        (0..n * n).map(count).collect()
    };
    let digits = (0..10).map(|i| i.to_string()).collect();
    Confusion::new(digits, counts(10))?.draw("MNIST test").save(&folder.join("confusion.svg"))?;
    let names = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
    let names = names.map(String::from).to_vec();
    Confusion::new(names, counts(10))?.draw("CIFAR-10 test").save(&folder.join("confusion-names.svg"))?;

    let spread = |name: &str, count: usize, sd: f32| {
        let value = |i: usize| sd * (0..6).map(|k| noise(i * 6 + k)).sum::<f32>();
        Histogram::new(name, &(0..count).map(value).collect::<Vec<_>>())
    };
    let tanh: Vec<f32> = (0..5000).map(|i| (3.0 * noise(i)).tanh()).collect();
    let mut broken = tanh.clone();
    broken[..40].fill(f32::NAN);
    let all = [
        spread("conv1.weight", 500, 0.1)?,
        spread("conv2.weight", 25_000, 0.02)?,
        spread("fc1.weight", 400_000, 1e-5)?,
        Histogram::new("tanh of the hidden layer", &tanh)?,
        Histogram::within("fc2, with NaN and beyond", &broken, -0.9, 0.9, 30)?,
    ];
    histograms("Weights and activations", &all, Scale::Linear)?.save(&folder.join("histograms.svg"))?;
    histograms("Weights and activations", &all, Scale::Log)?.save(&folder.join("histograms-log.svg"))
}
