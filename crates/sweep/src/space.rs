//! The space of a sweep: an axis for each key of the recipe that is tried, and the values on it.
//!
//! | text of a grid | values |
//! | --- | --- |
//! | `50,100,200` | these, in this order; commas inside brackets and quotes do not separate |
//! | `1e-3..1e0:log7` | 7 values from 0.001 to 1, each the same multiple of the one before |
//! | `0..0.9:lin4` | 4 values from 0 to 0.9 at equal distances |
//!
//! | text of a range to draw from | values |
//! | --- | --- |
//! | `log(1e-6,1e-2)` | every factor equally likely |
//! | `lin(0,0.5)` | every value equally likely |
//!
//! Values have four significant digits, so that a command line repeats them exactly; keys that hold whole numbers get whole
//! numbers. Where a key holds a list of numbers, such as `model.hidden` of an MLP, a single number stands for a list of one.

use crate::error::Error;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use toml::{Table, Value};

/// A trial's value of each axis, in the order of the axes: the key, and the value as TOML.
pub type Settings = Vec<(String, String)>;

/// A key of the recipe and the values that are tried.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// The dotted key.
    pub key: String,
    /// What is tried.
    pub values: Values,
    form: Form,
}

/// The values on an axis.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// These, as TOML.
    Listed(Vec<String>),
    /// So many from the lowest to the highest.
    Spaced(Span, usize),
    /// Any of a range.
    Drawn(Span),
}

/// A range of numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// The lowest.
    pub low: f64,
    /// The highest; above `low`.
    pub high: f64,
    /// What is even.
    pub scale: Scale,
}

/// What equal distances mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences.
    Linear,
    /// Equal factors; all values are above 0.
    Log,
}

/// How the recipe writes an axis's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Form {
    whole: bool,
    listed: bool,
}

impl Scale {
    /// From a value to the place where equal distances are equal.
    pub fn place(self, value: f64) -> f64 {
        if self == Scale::Log { value.ln() } else { value }
    }

    /// Back again.
    pub fn value(self, place: f64) -> f64 {
        if self == Scale::Log { place.exp() } else { place }
    }
}

impl Span {
    /// Of words such as `log` and two numbers.
    fn new(scale: &str, low: &str, high: &str, text: &str) -> Result<Span, Error> {
        let wrong = |problem: &str| Error::Definition(format!("\"{text}\": {problem}"));
        let scale = match scale {
            "log" => Scale::Log,
            "lin" => Scale::Linear,
            _ => return Err(wrong("expected log or lin")),
        };
        let number = |word: &str| word.trim().parse().ok().filter(|it: &f64| it.is_finite());
        let (Some(low), Some(high)) = (number(low), number(high)) else {
            return Err(wrong("the ends of a range are two numbers"));
        };
        if low >= high {
            return Err(wrong("the first number must lie below the second"));
        }
        if scale == Scale::Log && low <= 0.0 {
            return Err(wrong("a logarithmic range begins above 0"));
        }
        Ok(Span { low, high, scale })
    }

    /// The value at `part` (0 to 1) of the way from the lowest to the highest.
    pub fn at(&self, part: f64) -> f64 {
        let (low, high) = (self.scale.place(self.low), self.scale.place(self.high));
        self.scale.value(low + part * (high - low))
    }

    /// `count` values at equal distances, ends included.
    pub fn spaced(&self, count: usize) -> Vec<f64> {
        let last = count.saturating_sub(1).max(1) as f64;
        (0..count).map(|i| self.at(i as f64 / last)).collect()
    }
}

impl Axis {
    /// An axis of a grid; `base` is the recipe, which says whether the key holds whole numbers.
    ///
    /// # Errors
    /// Text that is none of the forms above.
    pub fn grid(key: &str, text: &str, base: &Table) -> Result<Axis, Error> {
        let values = match text.split_once("..").zip(text.rsplit_once(':')) {
            Some(((low, _), (ends, count))) => {
                let high = ends.split_once("..").map_or("", |(_, high)| high);
                let split = count.find(|c: char| c.is_ascii_digit()).unwrap_or(count.len());
                let (scale, count) = count.split_at(split);
                let count = count.parse().ok().filter(|count| (2..=MOST).contains(count)).ok_or_else(|| {
                    Error::Definition(format!(
                        "--grid {key}={text}: expected log or lin with a number of values from 2 to {MOST}, such as 1e-3..1:log7"
                    ))
                })?;
                Values::Spaced(Span::new(scale, low, high, &format!("{key}={text}"))?, count)
            }
            None => Values::Listed(split_list(text)),
        };
        Axis::new(key, values, base, text)
    }

    /// An axis to draw from.
    ///
    /// # Errors
    /// Text that is none of the forms above.
    pub fn random(key: &str, text: &str, base: &Table) -> Result<Axis, Error> {
        let parts = text.strip_suffix(')').and_then(|text| text.split_once('('));
        let Some((scale, (low, high))) = parts.and_then(|(scale, ends)| Some((scale, ends.split_once(',')?))) else {
            let problem = format!("--random {key}={text}: expected log(LOW,HIGH) or lin(LOW,HIGH)");
            return Err(Error::Definition(problem));
        };
        Axis::new(key, Values::Drawn(Span::new(scale.trim(), low, high, &format!("{key}={text}"))?), base, text)
    }

    /// An axis of values that runs had.
    pub(crate) fn seen(key: &str, values: impl Iterator<Item = String>) -> Axis {
        Axis { key: key.to_owned(), values: Values::Listed(values.collect()), form: Form::default() }
    }

    fn new(key: &str, values: Values, base: &Table, text: &str) -> Result<Axis, Error> {
        let form = Form::of(base, key);
        let values = match values {
            Values::Listed(texts) => Values::Listed(texts.into_iter().map(|text| form.listed(text)).collect()),
            values => values,
        };
        let axis = Axis { key: key.to_owned(), values, form };
        let listed = axis.listed();
        let is_repeated = |i: usize| listed[..i].contains(&listed[i]);
        if let Some(i) = (0..listed.len()).find(|&i| is_repeated(i)) {
            return Err(Error::Definition(format!("{key}={text}: the value {} stands there twice", listed[i])));
        }
        if listed.iter().any(|text| text.is_empty()) {
            return Err(Error::Definition(format!("{key}={text}: there is an empty value between two commas")));
        }
        Ok(axis)
    }

    /// The same key with other values.
    pub(crate) fn with(&self, values: Values) -> Axis {
        Axis { key: self.key.clone(), values, form: self.form }
    }

    /// All values of a grid's axis, in order; for a range to draw from none.
    pub fn listed(&self) -> Vec<String> {
        match &self.values {
            Values::Listed(texts) => texts.clone(),
            Values::Spaced(span, count) => span.spaced(*count).into_iter().map(|it| self.text(it)).collect(),
            Values::Drawn(_) => Vec::new(),
        }
    }

    /// The range that the axis spans, where it has one.
    pub fn span(&self) -> Option<Span> {
        match self.values {
            Values::Spaced(span, _) | Values::Drawn(span) => Some(span),
            Values::Listed(_) => None,
        }
    }

    /// Values to check before anything is trained: all of a grid, the ends of a range.
    pub fn to_check(&self) -> Vec<String> {
        match self.values {
            Values::Drawn(span) => vec![self.text(span.low), self.text(span.high)],
            _ => self.listed(),
        }
    }

    /// A value at random: one of the grid's, or one of the range's.
    pub fn draw(&self, generator: &mut ChaCha8Rng) -> String {
        match self.values {
            Values::Drawn(span) => self.text(span.at(generator.random())),
            _ => {
                let mut listed = self.listed();
                listed.swap_remove(generator.random_range(0..listed.len()))
            }
        }
    }

    /// A number as the recipe takes it.
    pub fn text(&self, value: f64) -> String {
        let number = if self.form.whole { format!("{:.0}", value) } else { values::short(four_digits(value)) };
        self.form.listed(number)
    }
}

/// Values on an axis of a grid at most.
const MOST: usize = 10_000;

impl Form {
    /// As the key's value is in the recipe.
    fn of(base: &Table, key: &str) -> Form {
        let mut parts = key.split('.');
        let first = parts.next().and_then(|part| base.get(part));
        match parts.fold(first, |value, part| value?.get(part)) {
            Some(Value::Integer(_)) => Form { whole: true, listed: false },
            Some(Value::Array(list)) => Form { whole: matches!(list.first(), Some(Value::Integer(_))), listed: true },
            _ => Form::default(),
        }
    }

    fn listed(self, text: String) -> String {
        if self.listed && text.parse::<f64>().is_ok() { format!("[{text}]") } else { text }
    }
}

/// The number that a value stands for, a list of one being its number; `None` for words and longer lists.
pub fn number(text: &str) -> Option<f64> {
    let inner = text.trim().strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    inner.trim().parse().ok()
}

/// The value rounded to four significant digits.
fn four_digits(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

/// Text between commas that stand outside brackets and quotes.
fn split_list(text: &str) -> Vec<String> {
    let (mut depth, mut quote, mut parts) = (0, None, vec![String::new()]);
    for c in text.chars() {
        match (c, quote) {
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            ('[' | '{', None) => depth += 1,
            (']' | '}', None) => depth -= 1,
            (',', None) if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    parts.into_iter().map(|part| part.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn base() -> Table {
        "learning_rate = 0.1\nminibatch = { size = 20 }\nmodel = { hidden = [500] }".parse().unwrap()
    }

    #[test]
    fn grids_are_spaced_as_their_text_says() {
        let check = |key: &str, text: &str, expected: &[&str]| {
            assert_eq!(Axis::grid(key, text, &base()).unwrap().listed(), expected, "{text}");
        };
        check("learning_rate", "1e-3..1e0:log4", &["0.001", "0.01", "0.1", "1"]);
        check("learning_rate", "1e-3..1e-2:log3", &["0.001", "0.003162", "0.01"]);
        check("learning_rate", "1e-6..1e-5:log2", &["1e-6", "1e-5"]);
        check("dropout", "0..0.9:lin4", &["0", "0.3", "0.6", "0.9"]);
        check("learning_rate", "-1..1:lin3", &["-1", "0", "1"]);
        check("minibatch.size", "10..1000:log5", &["10", "32", "100", "316", "1000"]);
        check("model.hidden", "50, 100", &["[50]", "[100]"]);
        check("model.hidden", "50,[100,100]", &["[50]", "[100,100]"]);
        check("model.hidden", "50..200:log3", &["[50]", "[100]", "[200]"]);
        check("schedule.kind", "constant,cosine", &["constant", "cosine"]);
        check("x", r#""a,b",'c'"#, &[r#""a,b""#, "'c'"]);
    }

    #[test]
    fn what_is_no_space_is_refused_by_its_key() {
        for text in ["1..2", "1..0:log3", "0..1:log3", "a..b:log3", "0..1:lin1", "0..1:5", "1,1", "1,,2"] {
            let told = Axis::grid("learning_rate", text, &base());
            // `1..2` has no number of values: it is taken for a word, which the recipe refuses.
            assert_eq!(told.is_ok(), text == "1..2", "{text}");
            assert!(told.map_or_else(|e| e.to_string(), |it| it.key).contains("learning_rate"));
        }
        for text in ["log(1,2", "log(2,1)", "log(0,1)", "norm(0,1)", "1..2", "lin(a,b)"] {
            assert!(Axis::random("x", text, &base()).unwrap_err().to_string().contains(text), "{text}");
        }
    }

    #[test]
    fn draws_lie_inside_and_spread_over_their_scale() {
        let axis = Axis::random("learning_rate", "log(1e-6,1e-2)", &base()).unwrap();
        let mut generator = ChaCha8Rng::seed_from_u64(1);
        let drawn: Vec<f64> = (0..400).map(|_| number(&axis.draw(&mut generator)).unwrap()).collect();
        assert!(drawn.iter().all(|it| (1e-6..=1e-2).contains(it)));
        // The geometric middle halves them: 200 of 400, standard deviation 10.
        let below = drawn.iter().filter(|&&it| it < 1e-4).count();
        assert!((150..250).contains(&below), "{below}");
        let whole = Axis::random("minibatch.size", "lin(10,20)", &base()).unwrap();
        assert!((0..50).all(|_| whole.draw(&mut generator).parse::<u64>().is_ok()));
    }
}
