//! How values are encoded: a version byte, then MessagePack with field names.
//!
//! Field names cost about a fifth more than positions and make a new field `#[serde(default)]`
//! instead of a migration.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// The version written now.
const VERSION: u8 = 1;

/// The stored form of `value`.
pub(in crate::store) fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    let mut bytes = vec![VERSION];
    rmp_serde::encode::write_named(&mut bytes, value)?;
    Ok(bytes)
}

/// Reads what `encode` wrote. A version this program does not know is refused, never guessed at.
pub(in crate::store) fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T> {
    match bytes.split_first() {
        Some((&VERSION, rest)) => Ok(rmp_serde::from_slice(rest)?),
        Some((version, _)) => Err(Error::DataFile(format!(
            "The data file has a record of version {version}, which a newer pamphlet wrote."
        ))),
        None => Err(Error::DataFile("The data file has an empty record; please run `pamphlet check`.".into())),
    }
}

/// Compresses a text that may be long (LZ4 block with its length in front).
pub(in crate::store) fn pack(text: &str) -> Vec<u8> {
    lz4_flex::compress_prepend_size(text.as_bytes())
}

/// Reads what `pack` wrote.
pub(in crate::store) fn unpack(bytes: &[u8]) -> Result<String> {
    Ok(String::from_utf8(lz4_flex::decompress_size_prepended(bytes)?)?)
}

/// Like `unpack`, into a buffer that is used again and again: what was in it is gone.
pub(in crate::store) fn unpack_into(bytes: &[u8], buffer: &mut Vec<u8>) -> Result<()> {
    let (size, packed) = lz4_flex::block::uncompressed_size(bytes)?;
    buffer.clear();
    buffer.resize(size, 0);
    let written = lz4_flex::block::decompress_into(packed, buffer)?;
    buffer.truncate(written);
    Ok(())
}

internal_from!(
    rmp_serde::encode::Error,
    rmp_serde::decode::Error,
    lz4_flex::block::DecompressError,
    std::string::FromUtf8Error,
    std::str::Utf8Error
);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Old {
        name: String,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct New {
        name: String,
        #[serde(default)]
        likes: u32,
    }

    #[test]
    fn a_new_field_reads_old_records_and_an_old_program_reads_new_ones() {
        let old = encode(&Old { name: "a".into() }).unwrap();
        assert_eq!(decode::<New>(&old).unwrap(), New { name: "a".into(), likes: 0 });
        let new = encode(&New { name: "b".into(), likes: 7 }).unwrap();
        assert_eq!(decode::<Old>(&new).unwrap(), Old { name: "b".into() });
    }

    #[test]
    fn unknown_versions_are_refused() {
        assert!(matches!(decode::<Old>(&[9, 1, 2]), Err(Error::DataFile(_))));
        assert!(matches!(decode::<Old>(&[]), Err(Error::DataFile(_))));
        assert!(decode::<Old>(&[1, 0xff]).is_err());
    }

    proptest! {
        #[test]
        fn packing_is_undone_by_unpacking(text in ".{0,2000}") {
            let mut buffer = b"what was there before".to_vec();
            unpack_into(&pack(&text), &mut buffer).unwrap();
            prop_assert_eq!(buffer.as_slice(), text.as_bytes());
            prop_assert_eq!(unpack(&pack(&text)).unwrap(), text);
        }

        #[test]
        fn hostile_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode::<New>(&bytes);
            // Its first four bytes would say how much memory to take; what is stored is ours.
            let small: Vec<u8> = [&[bytes.len() as u8, 0, 0, 0], bytes.as_slice()].concat();
            let _ = unpack_into(&small, &mut Vec::new());
        }
    }
}
