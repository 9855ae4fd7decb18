//! The messages of an event file, as far as they are needed: parts of TensorFlow's `event.proto`, `summary.proto` and
//! `tensor.proto`, with their field numbers.

use prost::{Message, Oneof};

/// Names and values; what was not measured is left out.
pub type Scalars<'a> = &'a [(&'a str, Option<f64>)];

/// `DT_STRING` of `types.proto`.
const STRING: i32 = 7;

#[derive(Clone, PartialEq, Message)]
struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(oneof = "What", tags = "3, 5")]
    what: Option<What>,
}

#[derive(Clone, PartialEq, Oneof)]
enum What {
    #[prost(string, tag = "3")]
    FileVersion(String),
    #[prost(message, tag = "5")]
    Summary(Summary),
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(message, optional, tag = "9")]
    metadata: Option<Metadata>,
    #[prost(oneof = "Number", tags = "2, 8")]
    number: Option<Number>,
}

#[derive(Clone, PartialEq, Oneof)]
enum Number {
    #[prost(float, tag = "2")]
    SimpleValue(f32),
    #[prost(message, tag = "8")]
    Tensor(Tensor),
}

#[derive(Clone, PartialEq, Message)]
struct Metadata {
    #[prost(message, optional, tag = "1")]
    plugin_data: Option<PluginData>,
}

#[derive(Clone, PartialEq, Message)]
struct PluginData {
    #[prost(string, tag = "1")]
    plugin_name: String,
}

#[derive(Clone, PartialEq, Message)]
struct Tensor {
    #[prost(int32, tag = "1")]
    dtype: i32,
    #[prost(message, optional, tag = "2")]
    shape: Option<Shape>,
    #[prost(bytes = "vec", repeated, tag = "8")]
    string_val: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
struct Shape {
    #[prost(message, repeated, tag = "2")]
    dim: Vec<Dimension>,
}

#[derive(Clone, PartialEq, Message)]
struct Dimension {
    #[prost(int64, tag = "1")]
    size: i64,
}

/// The event that every file begins with.
pub fn version(wall_time: f64) -> Vec<u8> {
    Event { wall_time, step: 0, what: Some(What::FileVersion("brain.Event:2".to_owned())) }.encode_to_vec()
}

/// Numbers of one step. TensorBoard keeps them as `f32`.
pub fn scalars(wall_time: f64, step: u64, scalars: Scalars<'_>) -> Vec<u8> {
    let value = |&(tag, value): &(&str, Option<f64>)| {
        let number = Some(Number::SimpleValue(value? as f32));
        Some(Value { tag: tag.to_owned(), metadata: None, number })
    };
    summary(wall_time, step as i64, scalars.iter().filter_map(value).collect())
}

/// Text that TensorBoard shows as it is, in a block of its own.
pub fn text(wall_time: f64, tag: &str, text: &str) -> Vec<u8> {
    // Four spaces make a block of code in Markdown.
    let markdown: String = text.lines().map(|line| format!("    {line}\n")).collect();
    let shape = Some(Shape { dim: vec![Dimension { size: 1 }] });
    let tensor = Tensor { dtype: STRING, shape, string_val: vec![markdown.into_bytes()] };
    let plugin_data = Some(PluginData { plugin_name: "text".to_owned() });
    let value = Value {
        tag: format!("{tag}/text_summary"),
        metadata: Some(Metadata { plugin_data }),
        number: Some(Number::Tensor(tensor)),
    };
    summary(wall_time, 0, vec![value])
}

fn summary(wall_time: f64, step: i64, value: Vec<Value>) -> Vec<u8> {
    Event { wall_time, step, what: Some(What::Summary(Summary { value })) }.encode_to_vec()
}
