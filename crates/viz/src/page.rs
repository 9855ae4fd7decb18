//! What the workspace's pages share: the head that forbids a page to load anything, and a style in two themes. Every colour of
//! a page is one of the style's variables, whose contrast is checked here.

use std::fmt::Write as _;

/// Variables, type, tables and drawings, for a screen of any width, in the light and the dark, and for paper.
pub const STYLE: &str = include_str!("page.css");

/// What a page may do beside showing text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum May {
    /// Pictures that lie in the page.
    ShowPictures,
    /// Scripts that lie in the page.
    Script,
    /// Asking the server that it came from.
    Ask,
}

/// The elements of a page's `<head>`: character set, width, both colour schemes, what the page may do (loading anything else
/// is forbidden), title and style.
pub fn head(title: &str, may: &[May]) -> String {
    let mut policy = "default-src 'none'; style-src 'unsafe-inline'".to_owned();
    for what in may {
        policy += match what {
            May::ShowPictures => "; img-src data:",
            May::Script => "; script-src 'unsafe-inline'",
            May::Ask => "; connect-src 'self'",
        };
    }
    let mut head = String::new();
    // Writing to a String cannot fail.
    let _ = write!(
        head,
        "<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>",
        crate::svg::escaped(title)
    );
    head
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::colour::{Rgb, SERIES, contrast};
    use std::collections::HashMap;

    fn colour(hex: &str) -> Rgb {
        let digits = hex.strip_prefix('#').unwrap();
        assert_eq!(digits.len(), 6, "{hex}");
        [0, 2, 4].map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
    }

    /// The variables of each `:root` of the style: light, then dark.
    fn themes() -> [HashMap<&'static str, Rgb>; 2] {
        let roots: Vec<_> = STYLE.split(":root {").skip(1).map(|rest| rest.split('}').next().unwrap()).collect();
        let [light, dark] = roots.as_slice() else { panic!("{} themes", roots.len()) };
        [light, dark].map(|root| {
            let pairs = root.split(';').filter_map(|pair| pair.trim().split_once(": "));
            pairs.map(|(name, value)| (name.strip_prefix("--").unwrap(), colour(value))).collect()
        })
    }

    /// WCAG 2.2, 1.4.3 and 1.4.11, level AA: 4.5 for text, 3 for lines, marks and the edges of controls.
    #[test]
    fn colours_stand_out_in_both_themes() {
        let [light, dark] = themes();
        assert_eq!(light.len(), dark.len(), "a theme lacks a colour");
        for (theme, colours) in [("light", light), ("dark", dark)] {
            let check = |front: &str, back: &str, least: f64| {
                let contrast = contrast(colours[front], colours[back]);
                assert!(contrast >= least, "{front} on {back} in the {theme}: {contrast:.2}, not {least}");
            };
            for text in ["ink", "muted", "accent", "wrong"] {
                ["page", "card", "empty", "note", "differs"].iter().for_each(|back| check(text, back, 4.5));
            }
            // White or black on what is pressed.
            check("card", "accent", 4.5);
            for mark in ["edge", "s0", "s1", "s2", "s3", "s4", "s5", "s6"] {
                check(mark, "card", 3.0);
            }
            check("edge", "page", 3.0);
        }
    }

    #[test]
    fn the_light_theme_has_the_colours_of_drawings() {
        let [light, _] = themes();
        for (number, series) in SERIES.iter().enumerate() {
            assert_eq!(&light[format!("s{number}").as_str()], series, "series {number}");
        }
    }

    /// A colour that is no variable escapes the check above; black and white alone are written out.
    #[test]
    fn every_colour_is_a_variable() {
        let rules = STYLE.split('}').filter(|rule| !rule.contains(":root"));
        for (at, _) in rules.clone().flat_map(|rule| rule.match_indices('#')) {
            assert!(at > 0);
        }
        let literal = rules.flat_map(|rule| rule.split('#').skip(1));
        for hex in literal.map(|rest| rest.split(|letter: char| !letter.is_ascii_hexdigit()).next().unwrap()) {
            assert!(["fff", "000"].contains(&hex), "#{hex}");
        }
    }

    #[test]
    fn a_head_allows_what_it_must_and_shows_its_title() {
        let head = head("a </title> b", &[May::Script]);
        assert!(head.contains("<title>a &lt;/title&gt; b</title>"), "{head}");
        assert!(head.contains("default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\""), "{head}");
    }
}
