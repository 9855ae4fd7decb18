//! Results against two settings: a heat map where both have few values, coloured dots elsewhere.

use super::{Colours, Positions, Ruler, Setting, Trials};
use crate::axis::Scale;
use crate::colour::{INK, on};
use crate::numbers::precise;
use crate::svg::{Anchor, Drawing, Style, Svg, text_width};
use std::collections::BTreeMap;

const WIDTH: f64 = 560.0;
const SIDE: f64 = 20.0;
const TOP: f64 = 62.0;
const PLOT: f64 = 300.0;
/// Values of each setting in a heat map at most.
const FEW: usize = 14;
const BAR: usize = 48;

impl Trials {
    /// Draws what came of the trials against the settings `across` and `up`. A cell of a heat map is the best of its trials.
    pub fn pair(&self, across: usize, up: usize) -> Drawing {
        let (Some(x), Some(y)) = (self.settings.get(across), self.settings.get(up)) else {
            return Svg::new(WIDTH, TOP, "").finish();
        };
        match (as_words(x), as_words(y)) {
            (Some(columns), Some(rows)) if self.fills(&columns, &rows) => self.draw(&columns, &rows, true),
            _ => self.draw(x, y, false),
        }
    }

    /// Whether at least half of all combinations were tried.
    fn fills(&self, x: &Setting, y: &Setting) -> bool {
        let count = |it: &Setting| if let Positions::Words(words) = &it.values { words.len() } else { 0 };
        2 * self.cells(x, y).len() >= count(x) * count(y)
    }

    /// The best trial of each combination.
    fn cells(&self, x: &Setting, y: &Setting) -> BTreeMap<(usize, usize), usize> {
        let mut cells = BTreeMap::new();
        for (i, trial) in self.trials.iter().enumerate() {
            let cell = cells.entry((x.positions[i] as usize, y.positions[i] as usize)).or_insert(i);
            let worse = |it: f64| if it.is_finite() { it } else { f64::INFINITY };
            if worse(trial.mean) < worse(self.trials[*cell].mean) || Some(i) == self.best {
                *cell = i;
            }
        }
        cells
    }

    fn draw(&self, x: &Setting, y: &Setting, as_cells: bool) -> Drawing {
        let title = format!("{} against {} and {}", self.label, x.label, y.label);
        let mut svg = Svg::new(WIDTH, TOP + PLOT + 56.0, &title);
        svg.text((SIDE, 26.0), &title, Style::Title, Anchor::Start);
        let (columns, rows) = (Ruler::of(x), Ruler::of(y));
        let widest = rows.ticks.iter().map(|it| text_width(&it.1, Style::Tick)).fold(0.0, f64::max);
        let (left, right, bottom) = (SIDE + 28.0 + widest, WIDTH - SIDE, TOP + PLOT);
        let place = |i: usize| {
            let (across, up) = (columns.place(x.positions[i]), rows.place(y.positions[i]));
            (left + across * (right - left), bottom - up * PLOT)
        };
        for (place, label) in &rows.ticks {
            let y = bottom - place * PLOT;
            if !as_cells {
                svg.grid_line((left, y), (right, y));
            }
            svg.text((left - 8.0, y + 4.0), label, Style::Tick, Anchor::End);
        }
        for (place, label) in &columns.ticks {
            let x = left + place * (right - left);
            if !as_cells {
                svg.grid_line((x, TOP), (x, bottom));
            }
            svg.text((x, bottom + 20.0), label, Style::Tick, Anchor::Middle);
        }
        svg.text(((left + right) / 2.0, bottom + 42.0), &x.label, Style::Label, Anchor::Middle);
        svg.turned_text((SIDE, TOP + PLOT / 2.0), &y.label, Style::Label, Anchor::Middle, true);
        self.draw_bar(&mut svg, right);
        let colours = self.colours();
        if as_cells {
            let size = ((right - left) / columns.words as f64, PLOT / rows.words as f64);
            for i in self.cells(x, y).into_values() {
                self.draw_cell(&mut svg, i, place(i), size, &colours);
            }
            return svg.finish();
        }
        // The best last, so that nothing hides it.
        let mut order: Vec<usize> = (0..self.trials.len()).collect();
        order.sort_by(|&a, &b| self.trials[b].mean.total_cmp(&self.trials[a].mean));
        for i in order {
            let trial = &self.trials[i];
            if Some(i) == self.best {
                svg.ring(place(i), INK, "viz-best", &format!("best: {}", self.hint(trial)));
            }
            let radius = if Some(i) == self.best { 4.0 } else { 5.0 };
            svg.dot(place(i), radius, colours.of(trial.mean), "viz-trial", &self.hint(trial));
        }
        svg.finish()
    }

    fn draw_cell(&self, svg: &mut Svg, i: usize, (x, y): (f64, f64), (wide, tall): (f64, f64), colours: &Colours) {
        let trial = &self.trials[i];
        let fill = colours.of(trial.mean);
        let at = [x - wide / 2.0 + 1.0, y - tall / 2.0 + 1.0, wide - 2.0, tall - 2.0];
        svg.rect(at, fill, "viz-trial", Some(&self.hint(trial)));
        let text = if trial.mean.is_finite() { precise(trial.mean, self.unit) } else { "\u{d7}".to_owned() };
        let text = if Some(i) == self.best { format!("\u{2605} {text}") } else { text };
        if tall >= 16.0 && text_width(&text, Style::Tick) < wide {
            svg.text((x, y + 4.5), &text, Style::On(on(fill)), Anchor::Middle);
        } else if Some(i) == self.best {
            svg.text((x, y + 4.5), "\u{2605}", Style::On(on(fill)), Anchor::Middle);
        }
    }

    /// Which colour stands for which result.
    fn draw_bar(&self, svg: &mut Svg, right: f64) {
        let means = || self.trials.iter().map(|it| it.mean).filter(|it| it.is_finite());
        let ends = [means().fold(f64::INFINITY, f64::min), means().fold(f64::NEG_INFINITY, f64::max)];
        if ends[0] > ends[1] {
            return;
        }
        let [low, high] = ends.map(|it| precise(it, self.unit));
        let high = if self.scale() == Scale::Log { format!("{high} (log scale)") } else { high };
        let width = 3.0;
        let start = right - text_width(&high, Style::Muted) - 8.0 - width * BAR as f64;
        for i in 0..BAR {
            let colour = Colours::part(i as f64 / (BAR - 1) as f64);
            svg.rect([start + width * i as f64, 39.0, width + 0.2, 10.0], colour, "viz-trial", None);
        }
        svg.text((start - 8.0, 48.0), &low, Style::Muted, Anchor::End);
        svg.text((right, 48.0), &high, Style::Muted, Anchor::End);
    }
}

/// The setting with its few values at equal distances.
fn as_words(setting: &Setting) -> Option<Setting> {
    let Positions::Numbers(_) = setting.values else {
        return Some(setting.clone()).filter(|it| matches!(&it.values, Positions::Words(words) if words.len() <= FEW));
    };
    let mut values = setting.positions.clone();
    values.sort_by(f64::total_cmp);
    values.dedup();
    if values.len() > FEW {
        return None;
    }
    let place = |value: &f64| values.iter().position(|it| it == value).unwrap_or_default() as f64;
    let positions = setting.positions.iter().map(place).collect();
    let words = values.iter().map(|&it| precise(it, crate::Unit::Plain)).collect();
    Some(Setting { label: setting.label.clone(), values: Positions::Words(words), positions })
}

#[cfg(test)]
mod tests {
    use super::super::tests::trials;
    use super::*;

    #[test]
    fn a_grid_is_a_heat_map_and_scattered_trials_are_dots() {
        let grid = trials(&[0.3, 0.2, 0.1]);
        assert_eq!(grid.cells(&as_words(&grid.settings()[0]).unwrap(), &grid.settings()[1]).len(), 3);
        let text = grid.pair(0, 1).as_str().to_owned();
        assert!(text.contains("\u{2605} 10\u{a0}%") && !text.contains("<circle"), "{text}");
        let many: Vec<f64> = (1..=20).map(|i| f64::from(i) / 100.0).collect();
        let text = trials(&many).pair(0, 1).as_str().to_owned();
        assert_eq!(text.matches("<circle").count(), 21, "a dot for each and a ring");
    }

    #[test]
    fn a_cell_shows_the_best_of_its_trials() {
        let grid = trials(&[0.3, 0.2, 0.1, f64::NAN]);
        let kind = grid.settings()[1].clone();
        assert_eq!(grid.cells(&kind, &kind).into_iter().collect::<Vec<_>>(), [((0, 0), 2), ((1, 1), 1)]);
    }
}
