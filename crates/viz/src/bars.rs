//! Ratios as bars from 1 along a log axis, each with its quartiles and what was aimed at.

use crate::Error;
use crate::axis::{Domain, Scale};
use crate::colour::{INK, MUTED, Rgb, WRONG};
use crate::numbers::{Unit, precise};
use crate::svg::{Anchor, Drawing, Style, Svg, text_width};

const SIDE: f64 = 24.0;
const PLOT_WIDTH: f64 = 380.0;
const TOP: f64 = 52.0;
const ROW: f64 = 26.0;
const BAR: f64 = 14.0;
const MET: Rgb = [43, 122, 75];

/// A ratio, with what it stands for.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// What stands beside it.
    pub label: String,
    /// The ratio, above 0.
    pub ratio: f64,
    /// The lower and upper quartile, drawn as a thin line.
    pub quartiles: (f64, f64),
    /// What was aimed at, drawn as a tick; the bar is green where it is reached and orange where it is not. Grey without.
    pub goal: Option<f64>,
}

/// Draws ratios one below the other on a common log axis; `note` stands below it.
///
/// # Errors
/// No bars, or a number that is not finite and above 0.
pub fn bars(title: &str, note: &str, bars: &[Bar]) -> Result<Drawing, Error> {
    if bars.is_empty() {
        return Err(Error::Empty { what: "bar" });
    }
    let numbers = |bar: &Bar| [bar.ratio, bar.quartiles.0, bar.quartiles.1, bar.goal.unwrap_or(1.0)];
    for bar in bars {
        if let Some(wrong) = numbers(bar).into_iter().find(|it| !it.is_finite() || *it <= 0.0) {
            let what = format!("a ratio of {:?}", bar.label);
            return Err(Error::Value { what, value: wrong.to_string(), rule: "ratios are finite and above 0" });
        }
    }
    let all: Vec<f64> = bars.iter().flat_map(numbers).chain([1.0]).collect();
    let domain = Domain::of(all.into_iter(), Scale::Log, true);
    let widest = bars.iter().map(|bar| text_width(&bar.label, Style::Label)).fold(0.0, f64::max);
    let left = SIDE + widest + 8.0;
    let bottom = TOP + ROW * bars.len() as f64;
    let mut svg = Svg::new(left + PLOT_WIDTH + SIDE, bottom + 52.0, title);
    let across = |value: f64| left + domain.place(value).unwrap_or(0.0) * PLOT_WIDTH;
    svg.text((SIDE, 28.0), title, Style::Title, Anchor::Start);
    for (&tick, label) in domain.ticks.iter().zip(domain.labels(Unit::Plain)) {
        svg.grid_line((across(tick), TOP), (across(tick), bottom));
        svg.text((across(tick), bottom + 18.0), &label, Style::Tick, Anchor::Middle);
    }
    for (i, bar) in bars.iter().enumerate() {
        let middle = TOP + ROW * (i as f64 + 0.5);
        let ink = match bar.goal {
            None => MUTED,
            Some(goal) if bar.ratio < goal => WRONG,
            Some(_) => MET,
        };
        svg.text((left - 8.0, middle + 4.5), &bar.label, Style::Label, Anchor::End);
        let (from, to) = (across(bar.ratio.min(1.0)), across(bar.ratio.max(1.0)));
        let hint = precise(bar.ratio, Unit::Plain);
        svg.rect([from, middle - BAR / 2.0, to - from, BAR], ink, "viz-bar", Some(&hint));
        let (lower, upper) = bar.quartiles;
        svg.line((across(lower), middle), (across(upper), middle), INK, 1.0, "viz-quartiles");
        if let Some(goal) = bar.goal {
            let x = across(goal);
            svg.line((x, middle - 10.0), (x, middle + 10.0), INK, 2.5, "viz-goal");
        }
    }
    svg.axis_line((across(1.0), TOP), (across(1.0), bottom));
    svg.text((left + PLOT_WIDTH, bottom + 40.0), note, Style::Muted, Anchor::End);
    Ok(svg.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(ratio: f64, goal: Option<f64>) -> Bar {
        Bar { label: format!("at {ratio}"), ratio, quartiles: (ratio * 0.9, ratio * 1.1), goal }
    }

    #[test]
    fn a_bar_tells_by_its_colour_whether_the_goal_is_reached() {
        for (one, colour, ticks) in
            [(bar(2.0, Some(1.5)), "#2b7a4b", 1), (bar(1.2, Some(1.5)), "#be4c00", 1), (bar(0.5, None), "#6e6e6e", 0)]
        {
            let drawing = bars("Ratios", "", &[one]).unwrap();
            let drawn = drawing.as_str().lines().find(|line| line.contains("viz-bar")).unwrap();
            assert!(drawn.contains(colour), "{drawn}");
            assert_eq!(drawing.as_str().matches("viz-goal").count(), ticks);
        }
    }

    #[test]
    fn equal_ratios_are_equally_long_whichever_side_of_one() {
        let drawing = bars("Ratios", "", &[bar(4.0, None), bar(0.25, None), bar(2.0, None)]).unwrap();
        let wide =
            |line: &str| -> f64 { line.split("width=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap() };
        let wide: Vec<f64> = drawing.as_str().lines().filter(|line| line.contains("viz-bar")).map(wide).collect();
        assert!((wide[0] - wide[1]).abs() < 0.02 && (wide[0] - 2.0 * wide[2]).abs() < 0.03, "{wide:?}");
    }

    #[test]
    fn what_has_no_place_on_the_axis_is_refused() {
        assert!(bars("Ratios", "", &[]).is_err());
        for ratio in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let error = bars("Ratios", "", &[bar(ratio, None)]).unwrap_err().to_string();
            assert!(error.contains("above 0"), "{error}");
        }
    }
}
