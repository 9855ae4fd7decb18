//! A model's sizes as a value: layer, output shape, parameters, multiply-adds. `Display` makes it a table.

use std::fmt;

use serde::Serialize;

use crate::node::{Node, Op};
use crate::role::Role;
use crate::shape::{product, shape_text};
use crate::tensors::Parameter;

/// The sizes of a model's layers and their totals, for one picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// One row for each layer, first to last.
    pub rows: Vec<Row>,
    /// Weights and biases of the whole model.
    pub parameters: i64,
    /// Multiply-adds of one forward pass of one picture. Only those with weights are counted: no biases, norms, pooling or
    /// activations.
    pub multiply_adds: i64,
}

/// The sizes of one layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The layer's name, for instance `conv1`.
    pub layer: String,
    /// Shape of its output for one picture, batch dimension first, for instance `[1, 20, 24, 24]`.
    pub output: Vec<i64>,
    /// Its weights and biases.
    pub parameters: i64,
    /// Its multiply-adds for one picture, forward.
    pub multiply_adds: i64,
}

impl Summary {
    /// `size` gives the number of values of the parameter at a place.
    pub(crate) fn of(layers: &[&Node], size: impl Fn(usize) -> i64) -> Summary {
        let row = |layer: &&Node| Row {
            layer: layer.name.clone(),
            output: [&[1], layer.output.as_slice()].concat(),
            parameters: layer.parameters().into_iter().map(&size).sum(),
            multiply_adds: layer
                .leaves()
                .into_iter()
                .map(|leaf| multiply_adds(leaf, &size))
                .fold(0, i64::saturating_add),
        };
        Summary::with(layers.iter().map(row).collect())
    }

    /// One row for a network whose inside is not known; of a weight it is only counted how many values it has.
    pub(crate) fn whole(name: &str, classes: i64, parameters: &[Parameter]) -> Summary {
        let size = |parameter: &Parameter| product(&parameter.tensor.size());
        let weights = parameters.iter().filter(|parameter| parameter.role == Role::Weight).map(size);
        let (layer, output) = (name.to_owned(), vec![1, classes]);
        let (parameters, multiply_adds) = (parameters.iter().map(size).sum(), weights.fold(0, i64::saturating_add));
        Summary::with(vec![Row { layer, output, parameters, multiply_adds }])
    }

    fn with(rows: Vec<Row>) -> Summary {
        Summary {
            parameters: rows.iter().map(|row| row.parameters).sum(),
            multiply_adds: rows.iter().map(|row| row.multiply_adds).fold(0, i64::saturating_add),
            rows,
        }
    }

    /// Floating-point operations of one forward pass of one picture: two for each multiply-add.
    pub fn flops(&self) -> i64 {
        self.multiply_adds.saturating_mul(2)
    }
}

/// Each weight is used once at each position of the output; attention also multiplies queries with keys, and weights with values.
fn multiply_adds(leaf: &Node, size: impl Fn(usize) -> i64) -> i64 {
    match (&leaf.op, leaf.output.as_slice()) {
        (Op::Conv { weight, .. }, [_, positions @ ..]) => size(*weight).saturating_mul(product(positions)),
        (Op::Linear { weight, .. }, [positions @ .., _]) => size(*weight).saturating_mul(product(positions)),
        (Op::Attention { own: [qkv, _, proj, _], .. }, [tokens, d]) => {
            let pairs = product(&[2, *tokens, *tokens, *d]);
            (size(*qkv) + size(*proj)).saturating_mul(*tokens).saturating_add(pairs)
        }
        _ => 0,
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = vec![["layer", "output shape", "parameters", "multiply-adds"].map(String::from)];
        table.extend(self.rows.iter().map(|row| {
            [row.layer.clone(), shape_text(&row.output), grouped(row.parameters), grouped(row.multiply_adds)]
        }));
        table.push(["total".into(), String::new(), grouped(self.parameters), grouped(self.multiply_adds)]);
        let width = |column: usize| table.iter().map(|cells| cells[column].len()).max().unwrap_or(0);
        let (a, b, c, d) = (width(0), width(1), width(2), width(3));
        for (number, [layer, shape, parameters, multiply_adds]) in table.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            write!(f, "{layer:<a$}  {shape:<b$}  {parameters:>c$}  {multiply_adds:>d$}")?;
        }
        Ok(())
    }
}

/// `1234567` as `1,234,567`
fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
