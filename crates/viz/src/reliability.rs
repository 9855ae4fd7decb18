//! The reliability diagram: how often answers of each probability were right, with the number of answers beneath.

use crate::Error;
use crate::colour::{MUTED, Rgb, SERIES};
use crate::numbers::grouped;
use crate::svg::{Anchor, Drawing, Style, Svg, text_width};

const SIDE: f64 = 24.0;
const LEFT: f64 = 78.0;
const TOP: f64 = 66.0;
const PLOT: f64 = 300.0;
const GAP: f64 = 44.0;
const BARS: f64 = 84.0;

/// Probabilities of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Reliability {
    /// What the legend calls them.
    pub name: String,
    /// Equal widths of probability from 0 to 1: the number of answers, their mean probability, and the share of right ones.
    pub bins: Vec<(usize, f64, f64)>,
}

/// Draws the share of right answers against their mean probability, bin by bin, beside the diagonal on which both are
/// equal; beneath stands the share of all answers that each bin holds.
///
/// # Errors
/// Nothing to draw.
pub fn reliability(title: &str, kinds: &[Reliability]) -> Result<Drawing, Error> {
    if kinds.iter().all(|kind| kind.bins.is_empty()) {
        return Err(Error::Empty { what: "bin" });
    }
    let bottom = TOP + PLOT + GAP + BARS;
    let mut svg = Svg::new(LEFT + PLOT + SIDE, bottom + 48.0, title);
    svg.text((SIDE, 28.0), title, Style::Title, Anchor::Start);
    legend(&mut svg, kinds);
    axes(&mut svg, bottom);
    for (number, kind) in kinds.iter().enumerate() {
        draw(&mut svg, kind, number, kinds.len(), bottom);
    }
    Ok(svg.finish())
}

fn colour(number: usize) -> Rgb {
    SERIES[number % SERIES.len()]
}

fn legend(svg: &mut Svg, kinds: &[Reliability]) {
    let mut x = LEFT;
    for (number, kind) in kinds.iter().enumerate() {
        svg.dot((x + 5.0, 49.0), 5.0, colour(number), &format!("viz-series-{number}"), &kind.name);
        svg.text((x + 16.0, 53.0), &kind.name, Style::Muted, Anchor::Start);
        x += 36.0 + text_width(&kind.name, Style::Muted);
    }
}

fn axes(svg: &mut Svg, bottom: f64) {
    for step in 0..=5 {
        let part = f64::from(step) / 5.0;
        let (x, y) = (LEFT + part * PLOT, TOP + PLOT - part * PLOT);
        let label = format!("{}\u{a0}%", step * 20);
        svg.grid_line((LEFT, y), (LEFT + PLOT, y));
        svg.grid_line((x, TOP), (x, TOP + PLOT));
        svg.text((LEFT - 8.0, y + 4.0), &label, Style::Tick, Anchor::End);
        svg.text((x, bottom + 18.0), &label, Style::Tick, Anchor::Middle);
    }
    svg.line((LEFT, TOP + PLOT), (LEFT + PLOT, TOP), MUTED, 1.0, "viz-axis");
    svg.axis_line((LEFT, TOP + PLOT), (LEFT + PLOT, TOP + PLOT));
    svg.axis_line((LEFT, bottom), (LEFT + PLOT, bottom));
    svg.turned_text((SIDE - 4.0, TOP + PLOT / 2.0), "right answers", Style::Label, Anchor::Middle, true);
    svg.turned_text((SIDE - 4.0, bottom - BARS / 2.0), "answers", Style::Label, Anchor::Middle, true);
    svg.text((LEFT + PLOT / 2.0, bottom + 40.0), "probability of the answer", Style::Label, Anchor::Middle);
}

fn draw(svg: &mut Svg, kind: &Reliability, number: usize, kinds: usize, bottom: f64) {
    let (ink, class) = (colour(number), format!("viz-series viz-series-{number}"));
    let all: usize = kind.bins.iter().map(|bin| bin.0).sum();
    let place = |confidence: f64, accuracy: f64| (LEFT + confidence * PLOT, TOP + PLOT - accuracy * PLOT);
    let filled: Vec<_> = kind.bins.iter().copied().filter(|bin| bin.0 > 0).collect();
    let line: Vec<(f64, f64)> = filled.iter().map(|bin| place(bin.1, bin.2)).collect();
    if line.len() > 1 {
        svg.path(&line, ink, if number == 0 { "" } else { "6 4" }, &class);
    }
    for (answers, confidence, accuracy) in &filled {
        let hint = format!(
            "{}: {} answers of mean probability {:.1} %, {:.1} % of them right",
            kind.name,
            grouped(&answers.to_string()),
            100.0 * confidence,
            100.0 * accuracy
        );
        // An area in proportion to the number, within limits.
        let radius = (1.5 + 9.0 * (*answers as f64 / all as f64).sqrt()).min(8.0);
        svg.dot(place(*confidence, *accuracy), radius, ink, &class, &hint);
    }
    let width = PLOT / kind.bins.len() as f64;
    let bar = (width - 2.0) / kinds as f64;
    for (place, (answers, ..)) in kind.bins.iter().enumerate().filter(|(_, bin)| bin.0 > 0) {
        let share = *answers as f64 / all as f64;
        let tall = (share * BARS).max(1.0);
        let left = LEFT + place as f64 * width + 1.0 + number as f64 * bar;
        let hint = format!("{}: {} answers ({:.1} %)", kind.name, grouped(&answers.to_string()), 100.0 * share);
        svg.rect([left, bottom - tall, bar, tall], ink, &format!("viz-series-{number}"), Some(&hint));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_stand_where_their_numbers_say() {
        let kind = Reliability { name: "before".into(), bins: vec![(0, 0.0, 0.0), (10, 0.75, 0.5)] };
        let drawing = reliability("Reliability", &[kind]).unwrap();
        let text = drawing.as_str();
        assert!(text.contains("cx=\"303\" cy=\"216\""), "{text}");
        assert!(text.contains("before: 10 answers of mean probability 75.0 %, 50.0 % of them right"));
        assert!(reliability("Reliability", &[]).is_err());
    }
}
