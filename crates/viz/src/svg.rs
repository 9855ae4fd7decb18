//! A small writer of SVG, and the finished drawing that it makes.
//!
//! Every element carries its colour as an attribute and a class beside it (`viz-paper`, `viz-ink`, `viz-muted`,
//! `viz-grid`, `viz-axis`, `viz-series-0`, ...), so that a page that holds the drawing can restyle it: a style sheet wins
//! over attributes. No identifiers are used, so that many drawings fit into one page.

use crate::colour::{GRID, INK, MUTED, PAPER, Rgb};
use crate::{Error, save};
use std::fmt::Write as _;
use std::path::Path;

/// Fonts that some viewer on every system has; a drawing carries text as text.
const FONTS: &str = "system-ui, 'Segoe UI', Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif";

/// A finished vector drawing, as the text of an SVG file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawing {
    svg: String,
}

impl Drawing {
    /// The `<svg>` element, to be written into a file or into a page.
    pub fn as_str(&self) -> &str {
        &self.svg
    }

    /// Saves the drawing as SVG, making missing folders; an older file is replaced in one step.
    ///
    /// # Errors
    /// A name that does not end in `.svg`, or a folder that cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        save::check_ending(path, &["svg"], ".svg")?;
        save::write(path, self.svg.as_bytes())
    }
}

/// Which side of a text stands at its given place.
#[derive(Clone, Copy)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// The weight and rank of a text.
#[derive(Clone, Copy)]
pub(crate) enum Style {
    Title,
    Label,
    Tick,
    Muted,
    /// A colour of its own, as on a dark cell of a matrix.
    On(Rgb),
    /// Text in a light cell, which takes the page's colour.
    Within(Rgb),
}

impl Style {
    pub(crate) fn size(self) -> f64 {
        match self {
            Style::Title => 15.0,
            Style::Label | Style::On(_) | Style::Within(_) => 13.0,
            Style::Tick | Style::Muted => 12.0,
        }
    }
}

/// A drawing in the making. Lengths are in pixels from the upper left corner.
pub(crate) struct Svg {
    width: f64,
    height: f64,
    title: String,
    body: String,
}

impl Svg {
    pub(crate) fn new(width: f64, height: f64, title: &str) -> Svg {
        let mut svg = Svg { width, height, title: escaped(title), body: String::new() };
        svg.rect([0.0, 0.0, width, height], PAPER, "viz-paper", None);
        svg
    }

    pub(crate) fn finish(self) -> Drawing {
        let (width, height) = (short(self.width), short(self.height));
        let Svg { title, body, .. } = self;
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{title}\" font-family=\"{FONTS}\">\n{body}</svg>\n"
        );
        Drawing { svg }
    }

    /// Adds an element as it stands; the writer's own pieces cover all but a few.
    fn push(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.body.write_fmt(element);
        self.body.push('\n');
    }

    /// A filled rectangle `[left, top, width, height]`; a viewer shows `hint` when the pointer rests on it.
    pub(crate) fn rect(&mut self, at: [f64; 4], fill: Rgb, class: &str, hint: Option<&str>) {
        let [x, y, w, h] = at.map(short);
        let fill = hex(fill);
        let open = format!("<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" fill=\"{fill}\" class=\"{class}\"");
        match hint {
            None => self.push(format_args!("{open}/>")),
            Some(hint) => self.push(format_args!("{open}><title>{}</title></rect>", escaped(hint))),
        }
    }

    /// A cell of a matrix: a rectangle that says which row and column it stands for. It is as opaque as its value is large,
    /// so that a page of any colour shows through.
    pub(crate) fn cell(&mut self, at: [f64; 4], (fill, opacity): (Rgb, f64), place: (usize, usize), hint: &str) {
        let [x, y, w, h] = at.map(short);
        self.push(format_args!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" fill=\"{}\" fill-opacity=\"{}\" class=\"viz-cell\" data-row=\"{}\" \
             data-column=\"{}\"><title>{}</title></rect>",
            hex(fill),
            short(opacity),
            place.0,
            place.1,
            escaped(hint)
        ));
    }

    pub(crate) fn grid_line(&mut self, from: (f64, f64), to: (f64, f64)) {
        self.line(from, to, GRID, 1.0, "viz-grid");
    }

    pub(crate) fn axis_line(&mut self, from: (f64, f64), to: (f64, f64)) {
        self.line(from, to, MUTED, 1.0, "viz-axis");
    }

    pub(crate) fn line(&mut self, from: (f64, f64), to: (f64, f64), ink: Rgb, wide: f64, class: &str) {
        self.push(format_args!(
            "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke=\"{}\" stroke-width=\"{}\" class=\"{class}\"/>",
            short(from.0),
            short(from.1),
            short(to.0),
            short(to.1),
            hex(ink),
            short(wide)
        ));
    }

    /// A line through `points`, dashed by `dash` (SVG's `stroke-dasharray`; empty for a solid line).
    pub(crate) fn path(&mut self, points: &[(f64, f64)], ink: Rgb, dash: &str, class: &str) {
        let list: Vec<String> = points.iter().map(|&(x, y)| format!("{},{}", short(x), short(y))).collect();
        let dash = if dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dash}\"") };
        self.push(format_args!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\" stroke-linejoin=\"round\" \
             stroke-linecap=\"round\"{dash} class=\"{class}\"/>",
            list.join(" "),
            hex(ink)
        ));
    }

    /// A filled polygon.
    pub(crate) fn area(&mut self, points: &[(f64, f64)], (fill, opacity): (Rgb, f64), class: &str) {
        let list: Vec<String> = points.iter().map(|&(x, y)| format!("{},{}", short(x), short(y))).collect();
        let (fill, opacity) = (hex(fill), short(opacity));
        let list = list.join(" ");
        self.push(format_args!(
            "<polygon points=\"{list}\" fill=\"{fill}\" fill-opacity=\"{opacity}\" class=\"{class}\"/>"
        ));
    }

    pub(crate) fn dot(&mut self, at: (f64, f64), radius: f64, ink: Rgb, class: &str, hint: &str) {
        self.push(format_args!(
            "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"{}\" class=\"{class}\"><title>{}</title></circle>",
            short(at.0),
            short(at.1),
            short(radius),
            hex(ink),
            escaped(hint)
        ));
    }

    pub(crate) fn ring(&mut self, at: (f64, f64), ink: Rgb, class: &str, hint: &str) {
        self.push(format_args!(
            "<circle cx=\"{}\" cy=\"{}\" r=\"6\" fill=\"{}\" stroke=\"{}\" stroke-width=\"2.5\" class=\"{class}\">\
             <title>{}</title></circle>",
            short(at.0),
            short(at.1),
            hex(PAPER),
            hex(ink),
            escaped(hint)
        ));
    }

    pub(crate) fn cross(&mut self, (x, y): (f64, f64), ink: Rgb) {
        let arm = 4.0;
        self.line((x - arm, y - arm), (x + arm, y + arm), ink, 2.0, "viz-not-finite");
        self.line((x - arm, y + arm), (x + arm, y - arm), ink, 2.0, "viz-not-finite");
    }

    /// A line of text whose baseline is at `y`.
    pub(crate) fn text(&mut self, (x, y): (f64, f64), text: &str, style: Style, anchor: Anchor) {
        self.turned_text((x, y), text, style, anchor, false);
    }

    /// As [`Svg::text`], reading upwards when `upwards`.
    pub(crate) fn turned_text(&mut self, (x, y): (f64, f64), text: &str, style: Style, anchor: Anchor, upwards: bool) {
        let (colour, class, weight) = match style {
            Style::Title => (INK, "viz-ink", " font-weight=\"600\""),
            Style::Label => (INK, "viz-ink", ""),
            Style::Tick | Style::Muted => (MUTED, "viz-muted", ""),
            Style::On(colour) => (colour, "viz-on", ""),
            Style::Within(colour) => (colour, "viz-ink viz-on", ""),
        };
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        // A title that is wider than the drawing would be cut off: it is written smaller.
        let room = if matches!(style, Style::Title) { (self.width - 2.0 * x) / text_width(text, style) } else { 1.0 };
        let (x, y, size) = (short(x), short(y), short(style.size() * room.clamp(0.1, 1.0)));
        let turn = if upwards { format!(" transform=\"rotate(-90 {x} {y})\"") } else { String::new() };
        self.push(format_args!(
            "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" text-anchor=\"{anchor}\" fill=\"{}\"{weight}{turn} \
             class=\"{class}\">{}</text>",
            hex(colour),
            escaped(text)
        ));
    }
}

/// About how wide `text` will be: fonts differ, so a little is added.
pub(crate) fn text_width(text: &str, style: Style) -> f64 {
    let wide = match style {
        Style::Title => 0.62,
        _ => 0.57,
    };
    text.chars().count() as f64 * wide * style.size()
}

pub(crate) fn hex([r, g, b]: Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// At most two digits after the point, and no more than needed.
fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}

/// Text that XML takes as text; control characters, which it forbids, become spaces.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => safe.push(' '),
            control if control.is_control() => safe.push(' '),
            plain => safe.push(plain),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_outside_cannot_break_the_markup() {
        let mut svg = Svg::new(10.0, 10.0, "a \"b\" <c>");
        svg.text((1.0, 1.0), "<script>&\u{1}", Style::Label, Anchor::Start);
        let drawing = svg.finish();
        assert!(drawing.as_str().contains("&lt;script&gt;&amp; </text>"));
        assert!(drawing.as_str().contains("aria-label=\"a &quot;b&quot; &lt;c&gt;\""));
    }

    #[test]
    fn a_title_fits_the_drawing() {
        let size = |title: &str| {
            let mut svg = Svg::new(200.0, 50.0, "");
            svg.text((20.0, 26.0), title, Style::Title, Anchor::Start);
            let drawing = svg.finish();
            let (_, rest) = drawing.as_str().split_once("font-size=\"").unwrap();
            rest.split('"').next().unwrap().parse::<f64>().unwrap()
        };
        assert_eq!(size("seventeen letters"), 15.0, "158 of 160 pixels");
        // 34 x 0.62 x 15 = 316 pixels into 160.
        assert_eq!(size(&"a".repeat(34)), 7.59);
        assert_eq!(size(""), 15.0);
    }

    #[test]
    fn numbers_are_written_short() {
        let check = |value, want| assert_eq!(short(value), want);
        check(1.0, "1");
        check(1.239, "1.24");
        check(-0.001, "0");
        check(100.0, "100");
        check(2.5, "2.5");
    }
}
