//! Drawing histograms as small charts side by side, one for each parameter or layer.

use crate::Error;
use crate::axis::{Domain, Scale};
use crate::colour::{INK, SERIES};
use crate::histogram::Histogram;
use crate::numbers::{Unit, brief, grouped, precise};
use crate::svg::{Anchor, Drawing, Style, Svg};
use crate::text::shortened;

const PANEL: (f64, f64) = (236.0, 200.0);
const SIDE: f64 = 24.0;
const TOP: f64 = 44.0;
const PLOT_TOP: f64 = 44.0;
const PLOT_HEIGHT: f64 = 104.0;

/// Draws histograms three to a row, each with its own axis and with its mean and standard deviation above. Heights are
/// relative to the fullest bin; with [`Scale::Log`] the logarithm of the counts is drawn, so that rare values show.
/// A dark line marks zero.
///
/// # Errors
/// No histograms.
pub fn histograms(title: &str, histograms: &[Histogram], scale: Scale) -> Result<Drawing, Error> {
    if histograms.is_empty() {
        return Err(Error::Empty { what: "histogram" });
    }
    let columns = histograms.len().min(3);
    let rows = histograms.len().div_ceil(columns);
    let width = SIDE + columns as f64 * (PANEL.0 + SIDE);
    let mut svg = Svg::new(width.max(420.0), TOP + rows as f64 * PANEL.1 + 4.0, title);
    let title = match scale {
        Scale::Linear => title.to_owned(),
        Scale::Log => format!("{title} (log of counts)"),
    };
    svg.text((SIDE, 28.0), &title, Style::Title, Anchor::Start);
    for (i, histogram) in histograms.iter().enumerate() {
        let left = SIDE + (i % columns) as f64 * (PANEL.0 + SIDE);
        panel(&mut svg, (left, TOP + (i / columns) as f64 * PANEL.1), histogram, scale, Bars::Hinted);
    }
    Ok(svg.finish())
}

/// Draws one histogram by itself, with its name, mean and standard deviation above, for a page that lays out several.
pub fn histogram(histogram: &Histogram, scale: Scale) -> Drawing {
    let mut svg = Svg::new(PANEL.0 + SIDE, PANEL.1, &format!("histogram of {}", histogram.name()));
    panel(&mut svg, (SIDE / 2.0, 0.0), histogram, scale, Bars::Outline);
    svg.finish()
}

/// How bins are drawn: each with a hint, or all as one shape, which takes a tenth of the bytes.
#[derive(Clone, Copy, PartialEq)]
enum Bars {
    Hinted,
    Outline,
}

fn panel(svg: &mut Svg, (left, top): (f64, f64), histogram: &Histogram, scale: Scale, bars: Bars) {
    svg.text((left, top + 16.0), &shortened(histogram.name(), 32), Style::Label, Anchor::Start);
    let number = |value| precise(value, Unit::Plain);
    let described = format!("mean {}, sd {}", brief(histogram.mean()), brief(histogram.deviation()));
    svg.text((left, top + 33.0), &described, Style::Muted, Anchor::Start);
    let (low, high) = histogram.range();
    let domain = Domain::of([low, high].into_iter(), Scale::Linear, false);
    let (plot_top, bottom) = (top + PLOT_TOP, top + PLOT_TOP + PLOT_HEIGHT);
    let across = |value: f64| left + domain.place(value).unwrap_or(0.0) * PANEL.0;
    let height = |count: u64| match scale {
        Scale::Linear => count as f64,
        Scale::Log => (count as f64).ln_1p(),
    };
    let fullest = histogram.counts().iter().max().map_or(0.0, |&count| height(count)).max(1e-9);
    let bin = PANEL.0 / histogram.counts().len() as f64;
    let tall = |count: u64| (height(count) / fullest * PLOT_HEIGHT).max(if count > 0 { 0.75 } else { 0.0 });
    if bars == Bars::Outline {
        let tops = histogram.counts().iter().enumerate().flat_map(|(i, &count)| {
            let (from, to) = (left + i as f64 * bin, left + (i + 1) as f64 * bin);
            [(from, bottom - tall(count)), (to, bottom - tall(count))]
        });
        let ends = [(left + PANEL.0, bottom), (left, bottom)];
        svg.area(&tops.chain(ends).collect::<Vec<_>>(), (SERIES[0], 1.0), "viz-bar");
    }
    let hinted = histogram.counts().iter().enumerate().filter(|(_, count)| **count > 0 && bars == Bars::Hinted);
    for (i, &count) in hinted {
        let tall = tall(count);
        let at = [left + i as f64 * bin, bottom - tall, bin - (bin * 0.12).min(0.8), tall];
        let from = low + (high - low) * i as f64 / histogram.counts().len() as f64;
        let to = low + (high - low) * (i + 1) as f64 / histogram.counts().len() as f64;
        let hint = format!("{} from {} to {}", grouped(&count.to_string()), number(from), number(to));
        svg.rect(at, SERIES[0], "viz-bar", Some(&hint));
    }
    svg.axis_line((left, bottom), (left + PANEL.0, bottom));
    if low < 0.0 && high > 0.0 {
        svg.line((across(0.0), plot_top), (across(0.0), bottom), INK, 1.0, "viz-zero");
    }
    for (tick, label) in spread(&domain) {
        let x = across(tick);
        svg.axis_line((x, bottom), (x, bottom + 4.0));
        svg.text((x, bottom + 18.0), &label, Style::Tick, Anchor::Middle);
    }
    let lost = [(histogram.outside(), "beyond"), (histogram.not_finite(), "not finite")];
    let lost = lost.into_iter().filter(|(count, _)| *count > 0);
    let lost: Vec<String> = lost.map(|(count, what)| format!("{} {what}", grouped(&count.to_string()))).collect();
    let ink = match histogram.not_finite() {
        0 => Style::Muted,
        _ => Style::Label,
    };
    svg.text((left, bottom + 34.0), &lost.join(", "), ink, Anchor::Start);
}

/// Ticks that stand far enough apart for a small panel: every second one where there are many.
fn spread(domain: &Domain) -> impl Iterator<Item = (f64, String)> {
    let labels = domain.labels(Unit::Plain);
    let longest = labels.iter().map(String::len).max().unwrap_or(0);
    let room = (PANEL.0 / (longest as f64 * 8.0 + 8.0)).max(1.0);
    let stride = (labels.len() as f64 / room).ceil().max(1.0) as usize;
    let ticks = domain.ticks.clone();
    // Counting from zero where there is one keeps it among the ticks.
    let first = ticks.iter().position(|t| t.abs() < 1e-12).unwrap_or(0) % stride;
    ticks.into_iter().zip(labels).skip(first).step_by(stride)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_filled_bin_is_a_bar_and_what_is_not_finite_is_said() {
        let values = [0.1, 0.1, 0.9, f32::NAN];
        let one = Histogram::within("conv1.weight", &values, 0.0, 1.0, 4).unwrap();
        let drawing = histograms("Weights", &[one], Scale::Linear).unwrap();
        assert_eq!(drawing.as_str().matches("viz-bar").count(), 2);
        assert!(drawing.as_str().contains("1 not finite"));
        assert!(drawing.as_str().contains("2 from 0 to 0.25"));
        assert!(histograms("Weights", &[], Scale::Linear).is_err());
        let one = Histogram::within("conv1.weight", &values, 0.0, 1.0, 4).unwrap();
        let alone = histogram(&one, Scale::Linear);
        assert_eq!(alone.as_str().matches("<polygon").count(), 1, "all bins are one shape");
        assert!(alone.as_str().contains("aria-label=\"histogram of conv1.weight\""));
    }

    #[test]
    fn values_of_any_size_leave_no_nan_in_the_drawing() {
        for values in [vec![f32::NAN; 3], vec![0.0; 3], vec![f32::MAX, -f32::MAX], vec![1e-40, 2e-40]] {
            let one = Histogram::new("w", &values).unwrap();
            let drawing = histograms("Weights", &[one], Scale::Log).unwrap();
            let body = drawing.as_str().replace("mean NaN, sd NaN", "");
            assert!(!body.contains("NaN") && !body.contains("inf"), "{body}");
        }
    }
}
