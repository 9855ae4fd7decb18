//! The header of an IDX file: checked numbers out of its first bytes, or the reason why not.

use std::num::TryFromIntError;

use crate::Fault;

/// The content of one file is held in memory; nothing that this crate serves comes near this size.
const LARGEST: u128 = 1 << 32;
const UNSIGNED_BYTE: u8 = 0x08;

/// Bytes of the shortest header there is: magic number and one dimension.
pub(super) const SHORTEST: u64 = 8;

/// What a file should hold.
pub(super) struct Kind {
    name: &'static str,
    /// Number of dimensions; the first is the one that messages name.
    ranks: &'static [u8],
}

pub(super) const IMAGES: Kind = Kind { name: "images", ranks: &[3, 4] };
pub(super) const LABELS: Kind = Kind { name: "labels", ranks: &[1] };

pub(super) struct Header {
    /// One number for each dimension, none of them 0.
    pub(super) dims: Vec<usize>,
    /// Their product: the bytes that must follow.
    pub(super) size: u64,
}

/// How many bytes of the header are missing after its first [`SHORTEST`] ones.
pub(super) fn missing(start: &[u8], kind: &Kind) -> Result<u64, Fault> {
    Ok((length(rank(start, kind)?) as u64).saturating_sub(SHORTEST))
}

impl Header {
    pub(super) fn parse(bytes: &[u8], kind: &Kind) -> Result<Self, Fault> {
        let expected = length(rank(bytes, kind)?);
        if bytes.len() < expected {
            return Err(Fault::ShortHeader { expected, found: bytes.len() });
        }
        let (words, _) = bytes[4..expected].as_chunks::<4>();
        let claimed: Vec<u32> = words.iter().map(|&word| u32::from_be_bytes(word)).collect();
        let absurd = |why: &str| Fault::Absurd { dims: claimed.clone(), why: why.to_owned() };

        let size = claimed.iter().try_fold(1u128, |product, &n| product.checked_mul(u128::from(n)));
        let too_large = "more than the 4 GiB that this reader accepts";
        let size = size.filter(|&size| size <= LARGEST).ok_or_else(|| absurd(too_large))?;
        let dims: Result<Vec<usize>, _> = claimed.iter().map(|&n| usize::try_from(n)).collect();
        let dims = dims.map_err(|_| absurd(too_large))?;
        match dims[..] {
            [0, ..] => Err(Fault::NoPictures),
            [_, height, width] if size == 0 => Err(Fault::NoPixels([1, height, width])),
            [_, channels, height, width] if size == 0 => Err(Fault::NoPixels([channels, height, width])),
            // At most 4 GiB, as checked above.
            _ => Ok(Self { dims, size: size as u64 }),
        }
    }
}

/// Magic number and dimensions of a file of unsigned bytes.
pub(super) fn encode(dims: &[usize]) -> Result<Vec<u8>, TryFromIntError> {
    let mut bytes = vec![0, 0, UNSIGNED_BYTE, u8::try_from(dims.len())?];
    for &n in dims {
        bytes.extend_from_slice(&u32::try_from(n)?.to_be_bytes());
    }
    Ok(bytes)
}

fn length(rank: u8) -> usize {
    4 + 4 * usize::from(rank)
}

fn rank(bytes: &[u8], kind: &Kind) -> Result<u8, Fault> {
    match *bytes {
        [] => Err(Fault::EmptyFile),
        [0, 0, UNSIGNED_BYTE, rank, ..] if kind.ranks.contains(&rank) => Ok(rank),
        [a, b, c, d, ..] => Err(Fault::Magic {
            wanted: kind.name,
            found: u32::from_be_bytes([a, b, c, d]),
            expected: u32::from_be_bytes([0, 0, UNSIGNED_BYTE, kind.ranks[0]]),
            looks_like: looks_like(bytes),
        }),
        _ => Err(Fault::ShortHeader { expected: length(kind.ranks[0]), found: bytes.len() }),
    }
}

fn looks_like(bytes: &[u8]) -> String {
    const SIGNATURES: [(&[u8], &str); 13] = [
        (b"\x89PNG", "a PNG picture"),
        (b"\xff\xd8\xff", "a JPEG picture"),
        (b"GIF8", "a GIF picture"),
        (b"PK\x03\x04", "a zip archive"),
        (b"BZh", "a bzip2 file"),
        (b"\xfd7zXZ", "an xz file"),
        (b"\x28\xb5\x2f\xfd", "a zstd file"),
        (b"\x1f\x8b", "a gzip file inside a gzip file"),
        (b"\x93NUMPY", "a NumPy array"),
        (b"\x89HDF", "an HDF5 file"),
        (b"PAR1", "a Parquet file"),
        (b"%PDF", "a PDF document"),
        (b"\x80\x04\x95", "a Python pickle"),
    ];
    if let [0, 0, kind, rank @ 1..=8, ..] = *bytes {
        let element = match kind {
            UNSIGNED_BYTE => "unsigned bytes",
            0x09 => "signed bytes",
            0x0b => "16-bit integers",
            0x0c => "32-bit integers",
            0x0d => "32-bit floats",
            0x0e => "64-bit floats",
            _ => return "an unknown binary file".to_owned(),
        };
        let holds = match (kind, rank) {
            (UNSIGNED_BYTE, 1) => " (labels)",
            (UNSIGNED_BYTE, 3) => " (images)",
            _ => "",
        };
        let plural = if rank == 1 { "dimension" } else { "dimensions" };
        return format!("IDX of {element} in {rank} {plural}{holds}");
    }
    if let Some((_, name)) = SIGNATURES.iter().find(|(signature, _)| bytes.starts_with(signature)) {
        return (*name).to_owned();
    }
    let text = bytes.trim_ascii_start();
    if text.starts_with(b"<") {
        "a web page, perhaps a server's error message saved in place of the file".to_owned()
    } else if bytes.iter().all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace()) {
        "a text file".to_owned()
    } else {
        "an unknown binary file".to_owned()
    }
}
