//! Drawing a chart: axes, grid, legend and lines.

use crate::axis::{Domain, Scale};
use crate::chart::{Chart, Series};
use crate::colour::{NOT_FINITE, Rgb, SERIES};
use crate::numbers::precise;
use crate::svg::{Anchor, Drawing, Style, Svg, text_width};

const WIDTH: f64 = 760.0;
const PLOT_HEIGHT: f64 = 300.0;
const SIDE: f64 = 24.0;
const LINE: f64 = 20.0;
/// A series of at most this many points shows each of them.
const FEW: usize = 40;

impl Chart {
    /// Draws the chart, 760 pixels wide. Lines of more points than pixels keep the highest and lowest of each pixel column.
    /// Values that have no place (NaN, infinities; 0 and below on a log axis) are marked by a cross at the lower edge.
    pub fn draw(&self) -> Drawing {
        let frame = Frame::of(self);
        let mut svg = Svg::new(WIDTH, frame.bottom + 56.0, &self.title);
        svg.text((SIDE, 28.0), &self.title, Style::Title, Anchor::Start);
        frame.draw_axes(&mut svg, self);
        draw_legend(&mut svg, &frame.entries);
        for (i, series) in self.series.iter().enumerate() {
            frame.draw_series(&mut svg, self, series, i);
        }
        svg.finish()
    }
}

/// Where the plot lies and what its axes show.
struct Frame {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    x: Domain,
    y: Domain,
    y_labels: Vec<String>,
    entries: Vec<Entry>,
}

/// A line of the legend; without a series it explains the crosses.
struct Entry {
    at: (f64, f64),
    text: String,
    series: Option<usize>,
}

impl Frame {
    fn of(chart: &Chart) -> Frame {
        let points = || chart.series.iter().flat_map(|s| s.points().iter().copied());
        let x = Domain::of(points().map(|p| p.0), chart.x.scale, false);
        let y = Domain::of(points().map(|p| p.1), chart.y.scale, true);
        let y_labels = y.labels(chart.y.unit);
        let widest = y_labels.iter().map(|label| text_width(label, Style::Tick));
        let left = SIDE + 24.0 + widest.fold(0.0, f64::max);
        let lost = points().any(|p| x.place(p.0).is_none() || y.place(p.1).is_none());
        let entries = legend(chart, lost);
        let lines = entries.last().map_or(28.0, |entry| entry.at.1);
        let top = lines + 18.0;
        Frame { left, right: WIDTH - SIDE, top, bottom: top + PLOT_HEIGHT, x, y, y_labels, entries }
    }

    fn place(&self, (x, y): (f64, f64)) -> Option<(f64, f64)> {
        let (x, y) = (self.x.place(x)?, self.y.place(y)?);
        let across = self.left + x * (self.right - self.left);
        Some((across, self.bottom - y * (self.bottom - self.top)))
    }

    fn draw_axes(&self, svg: &mut Svg, chart: &Chart) {
        for (tick, label) in self.y.ticks.iter().zip(&self.y_labels) {
            let Some(place) = self.y.place(*tick) else {
                continue;
            };
            let y = self.bottom - place * (self.bottom - self.top);
            svg.grid_line((self.left, y), (self.right, y));
            svg.text((self.left - 8.0, y + 4.0), label, Style::Tick, Anchor::End);
        }
        for (tick, label) in self.x.ticks.iter().zip(self.x.labels(chart.x.unit)) {
            let Some(place) = self.x.place(*tick) else {
                continue;
            };
            let x = self.left + place * (self.right - self.left);
            svg.axis_line((x, self.bottom), (x, self.bottom + 5.0));
            svg.text((x, self.bottom + 20.0), &label, Style::Tick, Anchor::Middle);
        }
        svg.axis_line((self.left, self.bottom), (self.right, self.bottom));
        let middle = (self.left + self.right) / 2.0;
        let below = (middle, self.bottom + 42.0);
        svg.text(below, &labelled(&chart.x.label, chart.x.scale), Style::Label, Anchor::Middle);
        let beside = (SIDE + 2.0, (self.top + self.bottom) / 2.0);
        let label = labelled(&chart.y.label, chart.y.scale);
        svg.turned_text(beside, &label, Style::Label, Anchor::Middle, true);
    }

    fn draw_series(&self, svg: &mut Svg, chart: &Chart, series: &Series, i: usize) {
        let (ink, dash, class) = (colour(i), dash(i), format!("viz-series viz-series-{i}"));
        let (runs, lost) = self.runs(series.points());
        for run in &runs {
            match run.as_slice() {
                [alone] if series.points().len() > FEW => svg.dot(*alone, 2.0, ink, &class, series.name()),
                [_] => {}
                _ => svg.path(run, ink, dash, &class),
            }
        }
        for x in lost {
            svg.cross((x, self.bottom - 5.0), NOT_FINITE);
        }
        let hint = |(x, y)| {
            let (x, y) = (precise(x, chart.x.unit), precise(y, chart.y.unit));
            format!("{}: {y} at {} {x}", series.name(), chart.x.label)
        };
        if series.points().len() <= FEW {
            for &point in series.points() {
                if let Some(at) = self.place(point) {
                    svg.dot(at, 3.0, ink, &class, &hint(point));
                }
            }
        }
        if let Some(point) = series.best_point()
            && let Some(at) = self.place(point)
        {
            svg.ring(at, ink, &class, &format!("best of {}", hint(point)));
        }
    }

    /// The unbroken stretches of a line, in pixels, and where a cross stands for points without a place.
    fn runs(&self, points: &[(f64, f64)]) -> (Vec<Vec<(f64, f64)>>, Vec<f64>) {
        let mut runs = vec![Vec::new()];
        let mut lost: Vec<f64> = Vec::new();
        for &point in points {
            match (self.place(point), runs.last_mut()) {
                (Some(at), Some(run)) => run.push(at),
                _ => {
                    runs.push(Vec::new());
                    let x = self.left + self.x.place(point.0).unwrap_or(0.0) * (self.right - self.left);
                    // Crosses nearer than this would run into a bar.
                    if lost.last().is_none_or(|last| (x - last).abs() >= 12.0) {
                        lost.push(x);
                    }
                }
            }
        }
        runs.retain(|run| !run.is_empty());
        (runs.iter().map(|run| thinned(run)).collect(), lost)
    }
}

/// A line with at most four points in each pixel column: the first, the lowest, the highest and the last.
fn thinned(run: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut kept = Vec::new();
    for column in run.chunk_by(|a, b| a.0.floor() == b.0.floor()) {
        let pick = |better: fn(f64, f64) -> bool| {
            (0..column.len()).reduce(|old, new| if better(column[new].1, column[old].1) { new } else { old })
        };
        let (low, high) = (pick(|new, old| new < old), pick(|new, old| new > old));
        let mut chosen = [Some(0), low, high, column.len().checked_sub(1)];
        chosen.sort_unstable();
        let mut chosen: Vec<usize> = chosen.into_iter().flatten().collect();
        chosen.dedup();
        kept.extend(chosen.into_iter().map(|i| column[i]));
    }
    kept
}

fn legend(chart: &Chart, lost: bool) -> Vec<Entry> {
    let mut texts: Vec<(String, Option<usize>)> = Vec::new();
    let several = chart.series.len() > 1;
    for (i, series) in chart.series.iter().enumerate() {
        let best = series.best_point().map(|(x, y)| {
            let (x, y) = (precise(x, chart.x.unit), precise(y, chart.y.unit));
            format!(" (best {y} at {} {x})", chart.x.label)
        });
        if several || best.is_some() {
            texts.push((format!("{}{}", series.name(), best.unwrap_or_default()), Some(i)));
        }
    }
    if lost {
        let text = match (chart.x.scale, chart.y.scale) {
            (Scale::Linear, Scale::Linear) => "not finite",
            _ => "not finite, or not above 0",
        };
        texts.push((text.into(), None));
    }
    let (mut x, mut y) = (SIDE, 28.0 + LINE + 4.0);
    let mut entries = Vec::new();
    for (text, series) in texts {
        let width = 32.0 + text_width(&text, Style::Label) + 20.0;
        if x > SIDE && x + width > WIDTH - SIDE {
            (x, y) = (SIDE, y + LINE);
        }
        entries.push(Entry { at: (x, y), text, series });
        x += width;
    }
    entries
}

fn draw_legend(svg: &mut Svg, entries: &[Entry]) {
    for Entry { at: (x, y), text, series } in entries {
        let line = [(*x, y - 4.5), (x + 24.0, y - 4.5)];
        match series {
            Some(i) => svg.path(&line, colour(*i), dash(*i), &format!("viz-series viz-series-{i}")),
            None => svg.cross((x + 12.0, y - 4.5), NOT_FINITE),
        }
        svg.text((x + 32.0, *y), text, Style::Label, Anchor::Start);
    }
}

fn labelled(label: &str, scale: Scale) -> String {
    match scale {
        Scale::Linear => label.to_owned(),
        Scale::Log => format!("{label} (log scale)"),
    }
}

fn colour(i: usize) -> Rgb {
    SERIES[i % SERIES.len()]
}

/// When colours come round again, the dashes differ.
fn dash(i: usize) -> &'static str {
    ["", "7 4", "2 4", "9 3 2 3"][i / SERIES.len() % 4]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::Best;

    #[test]
    fn thinning_keeps_the_extremes_of_a_column_in_their_order() {
        let run = [(1.0, 5.0), (1.1, 9.0), (1.2, 1.0), (1.3, 4.0), (1.4, 6.0), (2.0, 3.0)];
        assert_eq!(thinned(&run), [(1.0, 5.0), (1.1, 9.0), (1.2, 1.0), (1.4, 6.0), (2.0, 3.0)]);
    }

    #[test]
    fn a_long_series_stays_a_small_file() {
        let x: Vec<f64> = (0..200_000).map(f64::from).collect();
        let y: Vec<f64> = x.iter().map(|x| (x * 12.9898).sin()).collect();
        let drawing = Chart::loss("iteration", vec![Series::new("a", &x, &y).unwrap()]).unwrap().draw();
        assert!(drawing.as_str().len() < 60_000, "{}", drawing.as_str().len());
    }

    #[test]
    fn the_best_point_is_in_the_legend_and_values_without_a_place_are_crossed() {
        let draw = |y: &[f64]| {
            let x: Vec<f64> = (1..=y.len()).map(|x| x as f64).collect();
            let series = Series::new("validation", &x, y).unwrap().marked(Best::Lowest);
            Chart::error("epoch", vec![series]).unwrap().draw().as_str().to_owned()
        };
        let fine = draw(&[0.1, 0.0092, 0.02]);
        assert!(fine.contains("validation (best 0.92\u{a0}% at epoch 2)"));
        assert!(!fine.contains("viz-not-finite"));
        let broken = draw(&[0.1, f64::NAN, 0.02]);
        assert!(broken.contains("viz-not-finite") && broken.contains("not finite, or not above 0"));
        let hopeless = draw(&[f64::NAN, f64::INFINITY]);
        assert!(!hopeless.contains("NaN") && !hopeless.contains("inf\""));
    }
}
