//! The framing of TensorFlow's record files: length, checksum of the length, data, checksum of the data, all little-endian.
//! A checksum is CRC-32C, rotated by 15 bits and offset, so that the checksum of data that holds checksums stays a good
//! one (`tensorflow/core/lib/io/record_writer.h`, `tensorflow/core/lib/hash/crc32c.h`).

const OFFSET: u32 = 0xa282_ead8;

/// The data as a record.
pub fn framed(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    [&length[..], &masked(&length), data, &masked(data)].concat()
}

fn masked(bytes: &[u8]) -> [u8; 4] {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(OFFSET).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check value of CRC-32C (RFC 3720, B.4: 32 bytes of zeros), masked by hand: 0x8a9136aa rotated right by 15 is
    /// 0x6d551522, and with the offset 0x0fd7fffa.
    #[test]
    fn a_record_is_length_checksum_data_checksum() {
        let record = framed(&[0; 32]);
        assert_eq!((record.len(), &record[..8]), (8 + 4 + 32 + 4, &32u64.to_le_bytes()[..]));
        assert_eq!(record[44..], 0x0fd7_fffa_u32.to_le_bytes());
    }
}
