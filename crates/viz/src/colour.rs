//! The colours of every picture, chosen so that readers with any common colour blindness can tell them apart.

/// Red, green and blue, 0 to 255 each.
pub type Rgb = [u8; 3];

/// Paper of every chart and light sheet.
pub const PAPER: Rgb = [255, 255, 255];
/// Text and axes.
pub const INK: Rgb = [38, 38, 38];
/// Text of second rank.
pub const MUTED: Rgb = [110, 110, 110];
/// Grid lines.
pub const GRID: Rgb = [226, 226, 226];
/// What went wrong: the vermillion of Okabe and Ito's palette.
pub const WRONG: Rgb = [190, 76, 0];
/// Stands for NaN and infinities wherever they occur; no palette here contains it.
pub const NOT_FINITE: Rgb = [255, 0, 255];

/// Series colours, in the order of use: the palette of Okabe and Ito (2008, "Color Universal Design") without its yellow, and with
/// a darker orange and sky blue, which are too pale on white.
pub const SERIES: [Rgb; 7] =
    [[0, 114, 178], [213, 94, 0], [0, 158, 115], [204, 121, 167], [125, 90, 0], [106, 143, 224], [0, 0, 0]];

/// How a number becomes a colour in one-channel pictures. Pictures of three channels keep their own colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Palette {
    /// Black (lowest) to white (highest).
    #[default]
    Grey,
    /// Viridis: dark blue (lowest) over green to yellow (highest), even steps in lightness.
    Viridis,
    /// Blue (negative) over near-white (zero) to red (positive), with zero always in the middle: for signed filters.
    Diverging,
}

impl Palette {
    /// The colour of `unit`, clamped to 0..=1; NaN gives [`NOT_FINITE`].
    /// Grey rounds `255 * unit` to the nearest whole number.
    pub fn colour(self, unit: f64) -> Rgb {
        if unit.is_nan() {
            return NOT_FINITE;
        }
        let unit = unit.clamp(0.0, 1.0);
        let gradient = match self {
            Palette::Grey => return [byte(unit); 3],
            Palette::Viridis => colorous::VIRIDIS.eval_continuous(unit),
            Palette::Diverging => colorous::RED_BLUE.eval_continuous(1.0 - unit),
        };
        gradient.into_array()
    }

    /// Whether zero has a fixed place in the middle of the palette.
    pub fn is_centred(self) -> bool {
        self == Palette::Diverging
    }
}

/// `255 * unit` rounded to the nearest whole number, for `unit` in 0..=1.
pub(crate) fn byte(unit: f64) -> u8 {
    (unit * 255.0).round() as u8
}

/// A weighted mean of two colours: `from` at 0, `to` at 1.
pub(crate) fn mix(from: Rgb, to: Rgb, weight: f64) -> Rgb {
    let channel = |i: usize| {
        let (a, b) = (f64::from(from[i]), f64::from(to[i]));
        (a + (b - a) * weight).round() as u8
    };
    [channel(0), channel(1), channel(2)]
}

/// Black or white, whichever can be read better on `fill`: one of them always has a contrast of 4.5 at least.
pub(crate) fn on(fill: Rgb) -> Rgb {
    let (black, white) = ([0; 3], [255; 3]);
    if contrast(black, fill) >= contrast(white, fill) { black } else { white }
}

/// The contrast of two colours (WCAG 2): 1 for equal ones, 21 for black and white.
pub(crate) fn contrast(one: Rgb, other: Rgb) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// The relative luminance of sRGB (WCAG 2): 0 for black, 1 for white.
pub(crate) fn luminance(colour: Rgb) -> f64 {
    let linear = |c: u8| {
        let c = f64::from(c) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(colour[0]) + 0.7152 * linear(colour[1]) + 0.0722 * linear(colour[2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grey_runs_from_black_to_white() {
        assert_eq!(Palette::Grey.colour(0.0), [0, 0, 0]);
        assert_eq!(Palette::Grey.colour(0.5), [128, 128, 128]);
        assert_eq!(Palette::Grey.colour(7.0), [255, 255, 255]);
    }

    #[test]
    fn viridis_ends_are_the_published_ones_and_lightness_only_rises() {
        assert_eq!(Palette::Viridis.colour(0.0), [68, 1, 84]);
        assert_eq!(Palette::Viridis.colour(1.0), [253, 231, 37]);
        let light: Vec<f64> = (0..=100).map(|i| luminance(Palette::Viridis.colour(f64::from(i) / 100.0))).collect();
        assert!(light.windows(2).all(|pair| pair[1] >= pair[0] - 1e-3));
    }

    #[test]
    fn diverging_is_lightest_at_zero_blue_below_and_red_above() {
        let [r, g, b] = Palette::Diverging.colour(0.5);
        assert!(r > 235 && g > 235 && b > 235, "middle is near white");
        let low = Palette::Diverging.colour(0.1);
        let high = Palette::Diverging.colour(0.9);
        assert!(low[2] > low[0] && high[0] > high[2]);
    }

    #[test]
    fn nan_has_a_colour_of_its_own_in_every_palette() {
        for palette in [Palette::Grey, Palette::Viridis, Palette::Diverging] {
            assert_eq!(palette.colour(f64::NAN), NOT_FINITE);
            assert!((0..=1000).all(|i| palette.colour(f64::from(i) / 1000.0) != NOT_FINITE));
        }
    }

    #[test]
    fn every_colour_of_a_drawing_stands_out_from_the_paper() {
        let check = |colour: Rgb, least: f64| {
            let contrast = contrast(colour, PAPER);
            assert!(contrast >= least, "{colour:?} has contrast {contrast}");
        };
        SERIES.iter().for_each(|&colour| check(colour, 3.0));
        [INK, MUTED, WRONG].iter().for_each(|&colour| check(colour, 4.5));
    }

    #[test]
    fn black_or_white_can_be_read_on_any_colour() {
        for step in 0..=255u8 {
            for fill in [[step; 3], [0, step, 178], [190, step, 0], [255, 0, step]] {
                assert!(contrast(on(fill), fill) >= 4.5, "{fill:?}");
            }
        }
    }
}
