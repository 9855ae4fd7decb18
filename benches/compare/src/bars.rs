//! The chart of ratios: a bar for each goal, its quartiles, and the goal as a tick. The page of figures shows it.

use std::fmt::Write;

use crate::goals::goals;
use crate::platform::Platform;
use crate::record::Record;
use crate::stats::spread;

const WIDTH: f64 = 760.0;
const LEFT: f64 = 430.0;
const ROW: f64 = 26.0;
const TOP: f64 = 56.0;
/// Ratios from 0.5 to 100, on a log axis.
const LOW: f64 = 0.5;
const DECADES: f64 = 2.301_03;

/// The chart as SVG; `None` where no ratio was measured.
pub fn draw(platform: Platform, record: &Record) -> Option<String> {
    let goals = goals(platform);
    let measured: Vec<_> = goals.iter().filter_map(|goal| Some((goal, spread(&goal.ratios(record))?))).collect();
    if measured.is_empty() {
        return None;
    }
    let bottom = TOP + ROW * measured.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\" role=\"img\">\n<title>{TITLE}</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"12\" y=\"24\" font-size=\"16\">{TITLE}</text>\n",
        height = bottom + 48.0
    );
    let mut add = |text: String| {
        svg.push_str(&text);
        svg.push('\n');
    };
    for tick in [0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0] {
        let (x, ink) = (place(tick), if tick == 1.0 { "#000" } else { "#ccc" });
        add(format!("<line x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{bottom}\" stroke=\"{ink}\"/>"));
        add(format!("<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{tick}</text>", bottom + 16.0));
    }
    for (i, (goal, it)) in measured.iter().enumerate() {
        let middle = TOP + ROW * (i as f64 + 0.5);
        let (one, end) = (place(1.0), place(it.median));
        let ink = match goal.at_least {
            Some(least) if it.median < least => "#b8860b",
            Some(_) => "#2b7a4b",
            None => "#888",
        };
        let label = format!("{} | {}", goal.title, goal.against.title().replace("PyTorch, ", "").replace('`', ""));
        add(format!("<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>", LEFT - 8.0, middle + 4.0));
        let (x, width) = (one.min(end), (end - one).abs());
        add(format!(
            "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"14\" fill=\"{ink}\"><title>{:.2}</title></rect>",
            middle - 7.0,
            it.median
        ));
        let (from, to) = (place(it.lower), place(it.upper));
        add(format!("<line x1=\"{from:.1}\" y1=\"{middle:.1}\" x2=\"{to:.1}\" y2=\"{middle:.1}\" stroke=\"#000\"/>"));
        if let Some(at) = goal.at_least.map(place) {
            let (y1, y2) = (middle - 10.0, middle + 10.0);
            add(format!(
                "<line x1=\"{at:.1}\" y1=\"{y1:.1}\" x2=\"{at:.1}\" y2=\"{y2:.1}\" stroke=\"#c00\" stroke-width=\"2\"/>"
            ));
        }
    }
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">times faster (log scale); red: goal; grey: no goal; thin line: \
         quartiles</text>\n</svg>",
        place(100.0),
        bottom + 38.0
    );
    Some(svg)
}

const TITLE: &str = "Their time over ours";

fn place(ratio: f64) -> f64 {
    let share = ((ratio / LOW).log10() / DECADES).clamp(0.0, 1.0);
    LEFT + share * (WIDTH - LEFT - 24.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::record;

    #[test]
    fn there_is_a_bar_for_each_ratio_that_was_measured_and_none_without() {
        let rows = [("lenet-20", "resident", 1, "epoch", 3.0), ("lenet-20", "ours", 1, "epoch", 2.0)];
        let svg = draw(Platform::Cpu, &record(&rows)).unwrap();
        assert_eq!(svg.matches("<rect x=").count(), 1);
        assert!(svg.contains("<title>1.50</title>") && svg.contains("LeNet epoch, batch 20"));
        assert_eq!(draw(Platform::Cpu, &record(&[])), None);
    }

    #[test]
    fn a_bar_without_a_goal_is_grey_and_bears_no_tick() {
        let rows = [("lenet-500", "candle", 1, "epoch", 60.0), ("lenet-500", "ours", 1, "epoch", 4.0)];
        let svg = draw(Platform::Cpu, &record(&rows)).unwrap();
        assert!(svg.contains("fill=\"#888\"") && svg.contains("<title>15.00</title>"), "{svg}");
        assert!(!svg.contains("stroke=\"#c00\""), "{svg}");
    }

    #[test]
    fn ratios_lie_where_the_log_axis_says() {
        // 0.5 at the left end, 100 at the right end, and equal ratios equally far apart.
        assert_eq!(place(0.5), LEFT);
        assert!((place(100.0) - (WIDTH - 24.0)).abs() < 1e-3);
        assert!((place(2.0) - place(1.0) - (place(4.0) - place(2.0))).abs() < 1e-9);
    }
}
