//! Results against all settings at once: parallel coordinates.

use super::{Ruler, Trials};
use crate::axis::Domain;
use crate::colour::SERIES;
use crate::svg::{Anchor, Drawing, Style, Svg, text_width};

const WIDTH: f64 = 1140.0;
const TOP: f64 = 78.0;
const PLOT: f64 = 300.0;
/// Left and right of the outer axes, for their names and numbers.
const SIDE: f64 = 96.0;

impl Trials {
    /// Draws each trial as a line through its values, one upright axis for each setting and the last for the result. Dark lines are
    /// good ones; the best is orange, and dashed lines came to nothing.
    pub fn parallel(&self) -> Drawing {
        let title = format!("{} against all settings", self.label);
        let mut svg = Svg::new(WIDTH, TOP + PLOT + 24.0, &title);
        svg.text((20.0, 26.0), &title, Style::Title, Anchor::Start);
        let rulers: Vec<Ruler> = self.settings.iter().map(Ruler::of).collect();
        let results = Domain::of(self.trials.iter().map(|it| it.mean), self.scale(), true);
        let (step, bottom) = ((WIDTH - 2.0 * SIDE) / rulers.len() as f64, TOP + PLOT);
        let x = |i: usize| SIDE + step * i as f64;
        let colours = self.colours();
        // From the worst to the best, so that good ones lie on top.
        let mut order: Vec<usize> = (0..self.trials.len()).filter(|&i| Some(i) != self.best).collect();
        order.sort_by(|&a, &b| self.trials[b].mean.total_cmp(&self.trials[a].mean));
        for i in order.into_iter().chain(self.best) {
            let trial = &self.trials[i];
            let settings = self.settings.iter().zip(&rulers).map(|(it, ruler)| ruler.place(it.positions[i]));
            // What came to nothing ends above the worst.
            let places = settings.chain([results.place(trial.mean).unwrap_or(1.0)]);
            let line: Vec<_> = places.enumerate().map(|(axis, place)| (x(axis), bottom - place * PLOT)).collect();
            match Some(i) == self.best {
                true => svg.path(&line, SERIES[1], "", "viz-best viz-series-1"),
                false => {
                    let dash = if trial.mean.is_finite() { "" } else { "3 5" };
                    svg.path(&line, colours.of(trial.mean), dash, "viz-trial");
                }
            }
        }
        let names = self.settings.iter().map(|it| &it.label).chain([&self.label]);
        let marks = results.ticks.iter().zip(results.labels(self.unit));
        let marks: Vec<_> = marks.filter_map(|(&tick, label)| Some((results.place(tick)?, label))).collect();
        let ticks = rulers.iter().map(|it| &it.ticks).chain([&marks]);
        for (axis, (name, ticks)) in names.zip(ticks).enumerate() {
            svg.axis_line((x(axis), TOP), (x(axis), bottom));
            // Names of neighbours stand at two heights.
            let height = TOP - 14.0 - if axis % 2 == 0 { 0.0 } else { 18.0 };
            svg.text((x(axis), height), name, Style::Label, Anchor::Middle);
            let is_last = axis == rulers.len();
            for (place, label) in ticks {
                let y = bottom - place * PLOT;
                svg.axis_line((x(axis) - 3.0, y), (x(axis) + 3.0, y));
                let wide = text_width(label, Style::Tick) + 4.0;
                let (at, anchor) = if is_last { (8.0, Anchor::Start) } else { (-8.0, Anchor::End) };
                let start = if is_last { x(axis) + 6.0 } else { x(axis) - 6.0 - wide };
                svg.rect([start, y - 7.0, wide, 14.0], crate::colour::PAPER, "viz-paper", None);
                svg.text((x(axis) + at, y + 4.0), label, Style::Tick, anchor);
            }
        }
        svg.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::trials;

    #[test]
    fn each_trial_is_a_line_through_all_axes() {
        let text = trials(&[0.3, 0.2, 0.1, f64::NAN]).parallel().as_str().to_owned();
        assert_eq!(text.matches("<polyline").count(), 4);
        assert!(text.contains("viz-best") && text.contains("stroke-dasharray=\"3 5\"") && !text.contains("NaN"));
        for name in ["rate", "kind", "error"] {
            assert!(text.contains(&format!(">{name}</text>")), "{name}");
        }
    }
}
