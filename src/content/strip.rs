//! Copies an image file without what is not the picture: metadata, comments, what follows its end.
//!
//! The picture's own data is copied byte for byte, so nothing is lost by it. Each function gives
//! `None` for a file whose structure is broken or which ends too early.

/// What an animation consists of.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Frames(pub u64);

/// JPEG (ITU T.81, annex B) without application data and comments, except what colours need:
/// the ICC profile, the plain JFIF header, Adobe's note on the colour model.
pub fn jpeg(file: &[u8]) -> Option<Vec<u8>> {
    let mut rest = file.strip_prefix(&[0xFF, 0xD8])?;
    let mut out = vec![0xFF, 0xD8];
    let mut scans = 0;
    loop {
        // Bytes between segments mean nothing, and any number of 0xFF may precede a marker.
        let start = rest.iter().position(|byte| *byte == 0xFF)?;
        let (_, tail) = rest.split_at_checked(start)?;
        let fill = tail.iter().position(|byte| *byte != 0xFF)?;
        let (_, tail) = tail.split_at_checked(fill)?;
        rest = tail;
        let code = *take(&mut rest, 1)?.first()?;
        match code {
            0xD9 => {
                out.extend_from_slice(&[0xFF, 0xD9]);
                return (scans > 0).then_some(out);
            }
            0x00 | 0x01 | 0xD0..=0xD7 => {}
            0xD8 => return None,
            _ => {
                let length = be16(take(&mut rest, 2)?)?.checked_sub(2)?;
                let body = take(&mut rest, length)?;
                if keeps_segment(code, body) {
                    out.extend_from_slice(&[0xFF, code]);
                    out.extend_from_slice(&u16::try_from(length + 2).ok()?.to_be_bytes());
                    out.extend_from_slice(body);
                }
                if code == 0xDA {
                    scans += 1;
                    let length = scan_length(rest)?;
                    out.extend_from_slice(take(&mut rest, length)?);
                }
            }
        }
    }
}

fn keeps_segment(code: u8, body: &[u8]) -> bool {
    match code {
        // A longer JFIF header carries a thumbnail.
        0xE0 => body.starts_with(b"JFIF\0") && body.len() == 14,
        0xE2 => body.starts_with(b"ICC_PROFILE\0"),
        0xEE => body.starts_with(b"Adobe") && body.len() == 12,
        0xE1 | 0xE3..=0xED | 0xEF | 0xFE => false,
        _ => true,
    }
}

/// Length of the coded data of a scan: up to the next marker that is no restart.
fn scan_length(data: &[u8]) -> Option<usize> {
    data.windows(2).position(|pair| matches!(pair, [0xFF, code] if !matches!(code, 0x00 | 0xD0..=0xD7)))
}

/// PNG (W3C, section 5) with the chunks of the picture, its colours and its animation.
pub fn png(file: &[u8]) -> Option<(Vec<u8>, Frames)> {
    const KEPT: &[&[u8]] = &[
        b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"sBIT", b"acTL",
        b"fcTL", b"fdAT",
    ];
    const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
    let mut rest = file.strip_prefix(SIGNATURE)?;
    let mut out = SIGNATURE.to_vec();
    let mut frames = Frames::default();
    loop {
        let head = take(&mut rest, 8)?;
        let (length, name) = head.split_at_checked(4)?;
        let length = u32::from_be_bytes(length.try_into().ok()?);
        let body = take(&mut rest, usize::try_from(length).ok()?.checked_add(4)?)?;
        frames.0 += u64::from(name == b"fcTL");
        if KEPT.contains(&name) {
            out.extend_from_slice(head);
            out.extend_from_slice(body);
        }
        if name == b"IEND" {
            return (length == 0).then_some((out, frames));
        }
    }
}

/// GIF (89a specification) without comments, texts and application data, except how often an
/// animation repeats.
pub fn gif(file: &[u8]) -> Option<Vec<u8>> {
    let mut rest = file;
    let mut out = Vec::with_capacity(file.len());
    let screen = take(&mut rest, 13)?;
    out.extend_from_slice(screen);
    out.extend_from_slice(take(&mut rest, color_table(*screen.get(10)?))?);
    loop {
        let before = rest;
        match take(&mut rest, 1)?.first()? {
            0x3B => {
                out.push(0x3B);
                return Some(out);
            }
            0x2C => {
                let flags = *take(&mut rest, 9)?.last()?;
                take(&mut rest, color_table(flags) + 1)?;
                take_blocks(&mut rest)?;
                out.extend_from_slice(before.get(..before.len() - rest.len())?);
            }
            0x21 => {
                let label = *take(&mut rest, 1)?.first()?;
                let data = rest;
                take_blocks(&mut rest)?;
                let repeats = data.starts_with(b"\x0BNETSCAPE2.0") || data.starts_with(b"\x0BANIMEXTS1.0");
                if label == 0xF9 || (label == 0xFF && repeats) {
                    out.extend_from_slice(before.get(..before.len() - rest.len())?);
                }
            }
            _ => return None,
        }
    }
}

/// Bytes of the colour table that a GIF's flags announce.
fn color_table(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// Passes over GIF data blocks and their end.
fn take_blocks(rest: &mut &[u8]) -> Option<()> {
    loop {
        match take(rest, 1)?.first()? {
            0 => return Some(()),
            length => take(rest, usize::from(*length))?,
        };
    }
}

/// WebP (RFC 9649, section 2) with the chunks of the picture, its colours and its animation.
pub fn webp(file: &[u8]) -> Option<(Vec<u8>, Frames)> {
    let mut rest = file;
    let head = take(&mut rest, 12)?;
    let size = usize::try_from(le32(head.get(4..8)?)?).ok()?.checked_sub(4)?;
    if !head.starts_with(b"RIFF") || !head.ends_with(b"WEBP") {
        return None;
    }
    let mut body = take(&mut rest, size)?;
    let mut out = b"RIFF\0\0\0\0WEBP".to_vec();
    let mut frames = Frames::default();
    while !body.is_empty() {
        let (name, data) = take_chunk(&mut body)?;
        match name {
            b"VP8X" => {
                // The flags of Exif and XMP, which go.
                let mut data = data.to_vec();
                *data.first_mut()? &= !0x0C;
                put_chunk(&mut out, name, &data)?;
            }
            b"ANMF" => {
                frames.0 += 1;
                put_chunk(&mut out, name, &webp_frame(data)?)?;
            }
            b"VP8 " | b"VP8L" | b"ALPH" | b"ICCP" | b"ANIM" => put_chunk(&mut out, name, data)?,
            _ => {}
        }
    }
    let size = u32::try_from(out.len().checked_sub(8)?).ok()?;
    out.get_mut(4..8)?.copy_from_slice(&size.to_le_bytes());
    Some((out, frames))
}

/// One frame of an animation, which may hold chunks of its own.
fn webp_frame(data: &[u8]) -> Option<Vec<u8>> {
    let mut rest = data;
    let mut out = take(&mut rest, 16)?.to_vec();
    while !rest.is_empty() {
        let (name, data) = take_chunk(&mut rest)?;
        if matches!(name, b"VP8 " | b"VP8L" | b"ALPH") {
            put_chunk(&mut out, name, data)?;
        }
    }
    Some(out)
}

fn take_chunk<'a>(rest: &mut &'a [u8]) -> Option<(&'a [u8; 4], &'a [u8])> {
    let name = take(rest, 4)?.try_into().ok()?;
    let length = usize::try_from(le32(take(rest, 4)?)?).ok()?;
    let data = take(rest, length)?;
    // Chunks begin at even places; the last one's filling is sometimes left out.
    let filling = (length % 2).min(rest.len());
    take(rest, filling)?;
    Some((name, data))
}

fn put_chunk(out: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) -> Option<()> {
    out.extend_from_slice(name);
    out.extend_from_slice(&u32::try_from(data.len()).ok()?.to_le_bytes());
    out.extend_from_slice(data);
    if data.len() % 2 == 1 {
        out.push(0);
    }
    Some(())
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (head, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    Some(head)
}

fn be16(bytes: &[u8]) -> Option<usize> {
    Some(usize::from(u16::from_be_bytes(bytes.try_into().ok()?)))
}

fn le32(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}
