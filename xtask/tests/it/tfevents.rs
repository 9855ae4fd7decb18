//! A reader of event files that shares nothing with the writer: framing, CRC-32C bit by bit, and as much of protobuf as
//! events need.

/// An event as it was read.
#[derive(Debug, Default)]
pub struct Event {
    pub wall_time: f64,
    pub step: i64,
    pub version: Option<String>,
    /// Tags, and the value where it is a plain number.
    values: Vec<(String, Option<f32>)>,
}

impl Event {
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(|(tag, _)| tag.as_str())
    }

    pub fn scalar(&self, tag: &str) -> Option<f32> {
        self.values.iter().find(|(name, _)| name == tag)?.1
    }
}

/// All events of a file, to its very end.
pub fn read(bytes: &[u8]) -> Vec<Event> {
    let (events, rest) = records(bytes);
    assert!(rest.is_empty(), "{} bytes are left at the end", rest.len());
    events
}

/// The whole events of a file that may end in mid-record.
pub fn read_whole(bytes: &[u8]) -> Vec<Event> {
    records(bytes).0
}

fn records(mut bytes: &[u8]) -> (Vec<Event>, &[u8]) {
    let mut events = Vec::new();
    while bytes.len() >= 12 {
        let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        assert_eq!(masked(&bytes[..8]), word(&bytes[8..12]), "checksum of the length of record {}", events.len());
        let Some(data) = bytes[12..].get(..length) else { break };
        let Some(sum) = bytes.get(12 + length..16 + length) else { break };
        assert_eq!(masked(data), word(sum), "checksum of record {}", events.len());
        events.push(event(data));
        bytes = &bytes[16 + length..];
    }
    (events, bytes)
}

fn word(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes.try_into().unwrap())
}

fn masked(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 };
        }
    }
    let crc = !crc;
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// A field of a message.
enum Field<'a> {
    Number(u64),
    Double(f64),
    Float(f32),
    Bytes(&'a [u8]),
}

fn fields(mut bytes: &[u8]) -> Vec<(u64, Field<'_>)> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let mut take = |count: usize| {
            let (head, tail) = bytes.split_at(count);
            bytes = tail;
            head
        };
        let field = match key & 7 {
            1 => Field::Double(f64::from_le_bytes(take(8).try_into().unwrap())),
            5 => Field::Float(f32::from_le_bytes(take(4).try_into().unwrap())),
            2 => {
                let length = varint(&mut bytes) as usize;
                let (head, tail) = bytes.split_at(length);
                bytes = tail;
                Field::Bytes(head)
            }
            0 => Field::Number(varint(&mut bytes)),
            kind => panic!("wire type {kind}"),
        };
        fields.push((key >> 3, field));
    }
    fields
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut number = 0;
    for shift in (0..).step_by(7) {
        let byte = bytes[0];
        *bytes = &bytes[1..];
        number |= u64::from(byte & 127) << shift;
        if byte < 128 {
            break;
        }
    }
    number
}

fn event(data: &[u8]) -> Event {
    let mut event = Event::default();
    for field in fields(data) {
        match field {
            (1, Field::Double(time)) => event.wall_time = time,
            (2, Field::Number(step)) => event.step = step as i64,
            (3, Field::Bytes(text)) => event.version = Some(String::from_utf8(text.to_vec()).unwrap()),
            (5, Field::Bytes(summary)) => event.values = fields(summary).iter().map(value).collect(),
            (number, _) => panic!("field {number} of an event"),
        }
    }
    event
}

fn value(field: &(u64, Field<'_>)) -> (String, Option<f32>) {
    let (1, Field::Bytes(data)) = field else { panic!("field {} of a summary", field.0) };
    let (mut tag, mut number) = (String::new(), None);
    for field in fields(data) {
        match field {
            (1, Field::Bytes(text)) => tag = String::from_utf8(text.to_vec()).unwrap(),
            (2, Field::Float(value)) => number = Some(value),
            _ => {}
        }
    }
    (tag, number)
}
