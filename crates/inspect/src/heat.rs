//! What of a heat map is drawn, decided from its numbers alone: a map that tells nothing is left out instead of being
//! stretched until it fills the picture with colour.

use values::percent;
use viz::{HeatScale, Unit};

/// A map whose strongest number is less than this part of the class's lead is not drawn. The lead is the distance of the
/// class's score from the best other one.
const FAINT_PART: f64 = 1e-4;
/// A map of probabilities that changes by less than this is not drawn.
const FAINT_PROBABILITY: f64 = 0.01;
/// A map whose numbers lie closer together than this part of the strongest is the same everywhere and not drawn.
const FLAT_PART: f64 = 0.05;

/// What a heat map's numbers are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measure {
    /// Parts of a score, of which 0 is none. `lead` is how far the class's score lies from the best other one.
    Score { lead: f64 },
    /// Parts of a score at cells of a map, of which the weakest is clear: a map answers to an empty ground as well.
    Response { lead: f64 },
    /// Changes of a probability.
    Probability,
}

/// The numbers of a heat map and how they are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// The number that is left clear.
    pub clear: f64,
    /// Ends of the colour bar.
    pub ends: [f64; 2],
    pub unit: Unit,
    /// Why nothing is drawn.
    pub nothing: Option<Nothing>,
}

/// Why a heat map is not drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Nothing {
    Flat,
    Faint,
}

impl Reading {
    /// Reads a map whose numbers run from `low` to `high`.
    pub fn of(measure: Measure, low: f64, high: f64) -> Reading {
        let strongest = low.abs().max(high.abs());
        let floor = match measure {
            Measure::Score { lead } | Measure::Response { lead } => FAINT_PART * lead.abs(),
            Measure::Probability => FAINT_PROBABILITY,
        };
        // A number that is not a number is drawn, so that it is seen.
        let nothing = if strongest < floor || strongest == 0.0 {
            Some(Nothing::Faint)
        } else if high - low < FLAT_PART * strongest {
            Some(Nothing::Flat)
        } else {
            None
        };
        let clear = if let Measure::Response { .. } = measure { low } else { 0.0 };
        let unit = if measure == Measure::Probability { Unit::Percent } else { Unit::Plain };
        Reading { clear, ends: [low.min(clear), high.max(clear)], unit, nothing }
    }

    /// How the numbers are drawn: the colour is strongest at the strongest number, so that maps with little contrast stay
    /// pale.
    pub fn scale(&self) -> HeatScale {
        let strongest = self.ends[0].abs().max(self.ends[1].abs());
        HeatScale { clear: self.clear, full: if self.nothing.is_some() { 0.0 } else { strongest } }
    }

    /// The numbers in words, and why nothing is drawn where that is so.
    pub fn words(&self) -> String {
        let written = |value: f64| match self.unit {
            Unit::Percent => percent(value).replace("-0.00", "0.00"),
            Unit::Plain if value == 0.0 => "0".to_owned(),
            Unit::Plain if value.abs() < 1e-3 => format!("{value:.2e}"),
            Unit::Plain => format!("{value:.4}"),
        };
        let [low, high] = self.ends.map(written);
        match self.nothing {
            None => format!("{low} to {high}"),
            Some(why) => format!("{low} to {high}; {}", why.words()),
        }
    }
}

impl Nothing {
    /// Why, in a few words.
    pub fn words(self) -> &'static str {
        match self {
            Nothing::Flat => "nothing drawn: the same everywhere",
            Nothing::Faint => "nothing drawn: too faint to matter",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(measure: Measure, low: f64, high: f64, expected: (f64, f64, Option<Nothing>)) {
        let reading = Reading::of(measure, low, high);
        let scale = reading.scale();
        assert_eq!((scale.clear, scale.full, reading.nothing), expected, "{measure:?} {low} {high}");
    }

    #[test]
    fn a_map_that_is_the_same_everywhere_is_not_drawn() {
        // The maps of a blank picture: one number, to rounding.
        check(Measure::Response { lead: 0.5 }, 0.0036, 0.0036, (0.0036, 0.0, Some(Nothing::Flat)));
        check(Measure::Response { lead: 0.5 }, 0.0096, 0.01, (0.0096, 0.0, Some(Nothing::Flat)));
        check(Measure::Response { lead: 0.5 }, 0.0094, 0.01, (0.0094, 0.01, None));
        check(Measure::Probability, 0.3, 0.3, (0.0, 0.0, Some(Nothing::Flat)));
    }

    #[test]
    fn what_is_too_faint_to_matter_is_not_drawn() {
        check(Measure::Score { lead: -10.0 }, 0.0, 0.00099, (0.0, 0.0, Some(Nothing::Faint)));
        check(Measure::Score { lead: -10.0 }, 0.0, 0.00101, (0.0, 0.00101, None));
        check(Measure::Probability, -0.009, 0.0, (0.0, 0.0, Some(Nothing::Faint)));
        check(Measure::Probability, -0.011, 0.005, (0.0, 0.011, None));
        check(Measure::Response { lead: 0.0 }, 0.0, 0.0, (0.0, 0.0, Some(Nothing::Faint)));
    }

    #[test]
    fn the_numbers_are_said_with_their_unit() {
        let words = |measure, low, high| Reading::of(measure, low, high).words();
        assert_eq!(words(Measure::Score { lead: 8.0 }, 0.01, 1.25), "0 to 1.2500");
        assert_eq!(words(Measure::Probability, -0.1545, 0.02), "-15.45 % to 2.00 %");
        assert_eq!(words(Measure::Probability, -1e-7, 0.5), "0.00 % to 50.00 %");
        let blank = words(Measure::Response { lead: 0.5 }, 0.0036, 0.0036);
        assert_eq!(blank, "0.0036 to 0.0036; nothing drawn: the same everywhere");
    }
}
