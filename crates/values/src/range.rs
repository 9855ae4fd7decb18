//! Intervals that named numbers must lie in.

use std::fmt;
use std::ops::Bound::{self, Excluded, Included, Unbounded};
use std::ops::RangeBounds;

use crate::short;

/// A number that lies outside its range; the message is `` `key` is 1e300, but must be ... ``.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` is {value}, but must be {allowed}")]
pub struct OutOfRange {
    /// The key as a recipe writes it, with an index for an element of a list.
    pub key: String,
    /// The value found.
    pub value: String,
    /// The values allowed, in words.
    pub allowed: String,
}

impl OutOfRange {
    /// The same in a section of a recipe: `momentum` becomes `optimizer.momentum`.
    pub fn within(self, section: &str) -> OutOfRange {
        OutOfRange { key: format!("{section}.{}", self.key), ..self }
    }
}

/// An interval of finite numbers that a named option must lie in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    key: &'static str,
    low: Bound<f64>,
    high: Bound<f64>,
    note: &'static str,
}

impl Range {
    /// The row of `key`.
    pub const fn new(key: &'static str, low: Bound<f64>, high: Bound<f64>) -> Range {
        Range { key, low, high, note: "" }
    }

    /// The same with a few words behind the bounds, such as a unit.
    pub const fn noted(self, note: &'static str) -> Range {
        Range { note, ..self }
    }

    /// The option's name.
    pub const fn key(&self) -> &'static str {
        self.key
    }

    /// Whether `value` lies inside; NaN and infinities never do.
    pub fn contains(&self, value: f64) -> bool {
        value.is_finite() && (self.low, self.high).contains(&value)
    }

    /// `value` itself.
    ///
    /// # Errors
    /// A value outside, which is named with the key and the bounds.
    pub fn check(self, value: f64) -> Result<f64, OutOfRange> {
        if self.contains(value) {
            return Ok(value);
        }
        Err(OutOfRange { key: self.key.to_owned(), value: short(value), allowed: self.to_string() })
    }

    /// A number written as text, for a command line, which names the option itself.
    ///
    /// # Errors
    /// The range in words, for text that is no number or one outside.
    pub fn parse(self, text: &str) -> Result<f64, String> {
        let number = text.parse().ok().filter(|&number| self.contains(number));
        number.ok_or_else(|| format!("it must be a number, {self}"))
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let low = match self.low {
            Included(low) => Some(format!("at least {}", short(low))),
            Excluded(low) => Some(format!("above {}", short(low))),
            Unbounded => None,
        };
        let high = match self.high {
            Included(high) => Some(format!("at most {}", short(high))),
            Excluded(high) => Some(format!("below {}", short(high))),
            Unbounded => Some("finite".to_owned()),
        };
        let bounds: Vec<String> = low.into_iter().chain(high).collect();
        f.write_str(&bounds.join(" and "))?;
        f.write_str(self.note)
    }
}

/// An interval of whole numbers that a named option must lie in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole {
    key: &'static str,
    low: i64,
    high: i64,
    note: &'static str,
}

impl Whole {
    /// The row of `key`; both bounds are allowed.
    pub const fn new(key: &'static str, low: i64, high: i64) -> Whole {
        Whole { key, low, high, note: "" }
    }

    /// The same with a few words behind the bounds, such as a unit.
    pub const fn noted(self, note: &'static str) -> Whole {
        Whole { note, ..self }
    }

    /// `value` itself.
    ///
    /// # Errors
    /// A value outside, which is named with the key and the bounds.
    pub fn check<T>(self, value: T) -> Result<T, OutOfRange>
    where
        T: Copy + fmt::Display + TryInto<i64>,
    {
        self.check_at(self.key, value)
    }

    /// [`check`](Whole::check) of an element of a list, which `key` names: `hidden[1]`.
    ///
    /// # Errors
    /// A value outside.
    pub fn check_at<T>(self, key: &str, value: T) -> Result<T, OutOfRange>
    where
        T: Copy + fmt::Display + TryInto<i64>,
    {
        // What does not fit into an i64 lies above every bound.
        if value.try_into().is_ok_and(|number| (self.low..=self.high).contains(&number)) {
            return Ok(value);
        }
        Err(OutOfRange { key: key.to_owned(), value: value.to_string(), allowed: self.to_string() })
    }

    /// A number written as text, for a command line, which names the option itself.
    ///
    /// # Errors
    /// The range in words, for text that is no whole number or one outside.
    pub fn parse<T: TryFrom<i64>>(self, text: &str) -> Result<T, String> {
        let number = text.parse::<i64>().ok().filter(|number| (self.low..=self.high).contains(number));
        number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| format!("it must be {self}"))
    }
}

impl fmt::Display for Whole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number from {} to {}{}", power(self.low), power(self.high), self.note)
    }
}

/// A bound as people say it: `10^9` rather than ten digits to be counted.
fn power(number: i64) -> String {
    if number == i64::MAX {
        return "2^63 - 1".to_owned();
    }
    let exponent = number.checked_ilog10().unwrap_or(0);
    if exponent >= 6 && number == 10i64.pow(exponent) { format!("10^{exponent}") } else { number.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Range = Range::new("rate", Excluded(0.0), Included(1e30));
    const EPOCHS: Whole = Whole::new("epochs", 1, 1_000_000_000);

    #[test]
    fn a_value_outside_is_told_with_key_value_and_bounds() {
        assert_eq!(RATE.check(1e30), Ok(1e30));
        assert_eq!(EPOCHS.check(7usize), Ok(7));
        let told = |value| RATE.check(value).unwrap_err().within("model").to_string();
        assert_eq!(told(1e300), "`model.rate` is 1e300, but must be above 0 and at most 1e30");
        assert_eq!(told(-0.0), "`model.rate` is -0, but must be above 0 and at most 1e30");
        assert!([f64::NAN, f64::INFINITY, f64::NEG_INFINITY].into_iter().all(|value| RATE.check(value).is_err()));
        let told = EPOCHS.check(u64::MAX).unwrap_err().to_string();
        assert_eq!(told, "`epochs` is 18446744073709551615, but must be a whole number from 1 to 10^9");
        assert!(EPOCHS.check(i64::MIN).is_err() && EPOCHS.check(0u64).is_err());
    }

    #[test]
    fn bounds_read_as_people_say_them() {
        let range = |low, high| Range::new("x", low, high).to_string();
        assert_eq!(range(Included(0.0), Excluded(1.0)), "at least 0 and below 1");
        assert_eq!(range(Excluded(-1.0), Unbounded), "above -1 and finite");
        assert_eq!(range(Unbounded, Unbounded), "finite");
        let whole = |low, high| Whole::new("x", low, high).to_string();
        assert_eq!(whole(0, i64::MAX), "a whole number from 0 to 2^63 - 1");
        assert_eq!(whole(10, 1_000_000), "a whole number from 10 to 10^6");
        assert_eq!(Whole::new("x", 0, 8).noted(" pixels").to_string(), "a whole number from 0 to 8 pixels");
    }

    #[test]
    fn text_is_read_and_refused_in_the_same_words() {
        assert_eq!(RATE.parse("1e-6"), Ok(1e-6));
        assert_eq!(EPOCHS.parse::<u64>("12"), Ok(12));
        for text in ["", "x", "nan", "inf", "-1", "1e31"] {
            assert_eq!(RATE.parse(text).unwrap_err(), "it must be a number, above 0 and at most 1e30", "{text}");
        }
        for text in ["", "x", "1.5", "-1", "0", "1000000001", "99999999999999999999"] {
            let told = EPOCHS.parse::<u64>(text).unwrap_err();
            assert_eq!(told, "it must be a whole number from 1 to 10^9", "{text}");
        }
    }
}
