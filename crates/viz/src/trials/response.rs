//! Results against one setting.

use super::{Ruler, Trials};
use crate::axis::{Domain, Scale};
use crate::colour::{NOT_FINITE, SERIES};
use crate::svg::{Anchor, Drawing, Style, Svg, text_width};

const WIDTH: f64 = 560.0;
const SIDE: f64 = 20.0;
const TOP: f64 = 56.0;
const PLOT: f64 = 260.0;

impl Trials {
    /// Draws what came of each trial against the setting `number`: a dot for the mean of its runs, a line from the lowest of them to
    /// the highest, and a line through the lowest mean at each value. What came to nothing is a cross at the upper edge.
    pub fn response(&self, number: usize) -> Drawing {
        let Some(setting) = self.settings.get(number) else { return Svg::new(WIDTH, TOP, "").finish() };
        let title = format!("{} against {}", self.label, setting.label);
        let mut svg = Svg::new(WIDTH, TOP + PLOT + 56.0, &title);
        svg.text((SIDE, 26.0), &title, Style::Title, Anchor::Start);
        let (ruler, y) = (Ruler::of(setting), Domain::of(self.results(), self.scale(), true));
        let labels = y.labels(self.unit);
        let left = SIDE + 12.0 + labels.iter().map(|it| text_width(it, Style::Tick)).fold(0.0, f64::max);
        let (right, bottom) = (WIDTH - SIDE, TOP + PLOT);
        let across = |position: f64| left + ruler.place(position) * (right - left);
        let up = |result: f64| y.place(result).map(|place| bottom - place * PLOT);
        for (tick, label) in y.ticks.iter().zip(&labels) {
            if let Some(y) = up(*tick) {
                svg.grid_line((left, y), (right, y));
                svg.text((left - 8.0, y + 4.0), label, Style::Tick, Anchor::End);
            }
        }
        for (place, label) in &ruler.ticks {
            let x = left + place * (right - left);
            svg.axis_line((x, bottom), (x, bottom + 5.0));
            svg.text((x, bottom + 20.0), label, Style::Tick, Anchor::Middle);
        }
        svg.axis_line((left, bottom), (right, bottom));
        svg.text(((left + right) / 2.0, bottom + 42.0), &setting.label, Style::Label, Anchor::Middle);

        let lowest = self.lowest(number);
        // Where every trial has a value of its own and other settings differ as well, such a line is noise.
        if lowest.len() > 1 && (self.settings.len() == 1 || 2 * lowest.len() <= self.trials.len()) {
            let line: Vec<_> = lowest.iter().filter_map(|&(x, result)| Some((across(x), up(result)?))).collect();
            svg.path(&line, SERIES[0], "", "viz-series viz-series-0");
        }
        let mut lost = false;
        for (i, (trial, &position)) in self.trials.iter().zip(&setting.positions).enumerate() {
            let (x, hint) = (across(position), self.hint(trial));
            let Some(at) = up(trial.mean).filter(|_| Some(i) != self.best) else {
                if !trial.mean.is_finite() {
                    svg.cross((x, TOP + 5.0), NOT_FINITE);
                    lost = true;
                }
                continue;
            };
            if let (Some(low), Some(high), true) = (up(trial.low), up(trial.high), trial.low < trial.high) {
                svg.line((x, low), (x, high), SERIES[0], 1.5, "viz-series-0");
            }
            svg.dot((x, at), 3.5, SERIES[0], "viz-series viz-series-0", &hint);
        }
        if let Some((i, trial)) = self.best.and_then(|i| Some((i, self.trials.get(i)?)))
            && let (Some(at), Some(low), Some(high)) = (up(trial.mean), up(trial.low), up(trial.high))
        {
            let x = across(setting.positions[i]);
            svg.line((x, low), (x, high), SERIES[1], 2.0, "viz-series-1");
            svg.ring((x, at), SERIES[1], "viz-series-1", &format!("best: {}", self.hint(trial)));
        }
        if lost {
            svg.cross((SIDE + 4.0, 42.0), NOT_FINITE);
            svg.text((SIDE + 14.0, 46.0), "diverged or does not fit", Style::Muted, Anchor::Start);
        }
        let scale = if self.scale() == Scale::Log { "log scale" } else { "" };
        svg.text((right, 46.0), scale, Style::Muted, Anchor::End);
        svg.finish()
    }

    /// The lowest mean at each value of a setting, by value.
    fn lowest(&self, number: usize) -> Vec<(f64, f64)> {
        let positions = self.settings[number].positions.iter().copied();
        let mut points: Vec<_> =
            positions.zip(&self.trials).map(|(x, it)| (x, it.mean)).filter(|it| it.1.is_finite()).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        points.dedup_by(|later, first| later.0 == first.0);
        points
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::trials;

    #[test]
    fn each_trial_is_a_dot_the_best_a_ring_and_a_divergence_a_cross() {
        let text = trials(&[0.3, 0.2, 0.1, f64::NAN]).response(1).as_str().to_owned();
        assert_eq!(text.matches("<circle").count(), 3);
        assert!(text.contains("best: trial 3: 10\u{a0}%") && text.contains("trial 1: 30\u{a0}%"), "{text}");
        assert!(text.contains("viz-not-finite") && text.contains("diverged"));
        // "a" has 0.3 and 0.1, "b" has 0.2: the line goes from 0.1 to 0.2.
        assert_eq!(text.matches("<polyline").count(), 1);
    }

    #[test]
    fn the_line_takes_the_lowest_at_each_value() {
        assert_eq!(trials(&[0.3, 0.2, 0.1, 0.4]).lowest(1), [(0.0, 0.1), (1.0, 0.2)]);
        assert!(!trials(&[f64::NAN, f64::NAN]).response(0).as_str().contains("NaN"));
    }
}
