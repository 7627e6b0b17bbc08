//! Takes in uploaded images: told by their content, limited, checked, freed of metadata.

use crate::content::strip;
use crate::domain::media::ImageKind;
use crate::error::Checked;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::webp::{WebPDecoder, WebPEncoder};
use image::metadata::Orientation;
use image::{
    AnimationDecoder, DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, ImageFormat, ImageReader, Limits,
};
use std::borrow::Cow;
use std::io::Cursor;

/// Largest upload, in bytes.
pub const MAX_UPLOAD: usize = 10 * 1024 * 1024;
/// Most pixels of an image. A progressive JPEG needs up to 9 bytes for each while it is checked,
/// some 220 MB at this limit, which a Raspberry Pi with 512 MB still has; so the caller checks
/// one image at a time. PNG is checked row by row and GIF frame by frame, in far less.
pub const MAX_PIXELS: u64 = 24_000_000;
/// Longest side, in pixels.
pub const MAX_SIDE: u32 = 20_000;
/// Most pixels of all frames of an animation: a bound on the time that checking takes.
const MAX_ANIMATION: u64 = 300_000_000;
/// Quality of a JPEG that has to be written anew because it is turned; it stays unseen.
const QUALITY: u8 = 85;

const UNKNOWN: &str =
    "Please choose a JPEG, PNG, GIF or WebP image. This file is none of these, whatever its name says.";
const DAMAGED: &str = "The image is damaged or incomplete. Please save it again in an image editor, or choose another.";

/// An image that may be stored and shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    pub kind: ImageKind,
    /// In pixels, after turning it upright.
    pub width: u32,
    pub height: u32,
    pub bytes: Vec<u8>,
}

/// Checks an upload and makes it fit to be shown.
///
/// Its kind is told by its bytes. It must decode wholly. What is stored has neither metadata
/// (place, camera, comments, thumbnails) nor anything behind the end of the picture, and stands
/// upright without Exif; apart from turning, no picture loses quality. Animations stay animated.
/// The error is a sentence for the form.
pub fn prepare(upload: &[u8]) -> Checked<Prepared> {
    if upload.len() > MAX_UPLOAD {
        return Err(format!("The image is larger than {} MB. Please make it smaller.", MAX_UPLOAD >> 20).into());
    }
    let kind = kind(upload).ok_or(UNKNOWN)?;
    let mut decoder = decoder(upload, kind).map_err(|_| damaged())?;
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    drop(decoder);
    let (bytes, frames) = stripped(upload, kind).ok_or(DAMAGED)?;
    if frames > 1 || kind == ImageKind::Gif || orientation == Orientation::NoTransforms {
        check_whole(&bytes, kind, frames)?;
        return Ok(Prepared { kind, width, height, bytes });
    }
    upright(&bytes, kind, orientation)
}

/// The kind of image that these bytes begin.
pub fn kind(bytes: &[u8]) -> Option<ImageKind> {
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Some(ImageKind::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some(ImageKind::Png),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(ImageKind::Gif),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(ImageKind::WebP),
        _ => None,
    }
}

/// Kind, width and height, without decoding the picture; for images that are known to be sound.
pub fn measure(bytes: &[u8]) -> Option<(ImageKind, u32, u32)> {
    let kind = kind(bytes)?;
    let (width, height) = decoder(bytes, kind).ok()?.dimensions();
    Some((kind, width, height))
}

fn check_size(width: u32, height: u32) -> Checked<()> {
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 {
        return Err(damaged());
    }
    if pixels > MAX_PIXELS || width > MAX_SIDE || height > MAX_SIDE {
        let limit = MAX_PIXELS / 1_000_000;
        return Err(format!(
            "The image has {width} × {height} pixels. Please make it smaller: at most {limit} million, and {MAX_SIDE} on a side."
        )
        .into());
    }
    Ok(())
}

/// The file without metadata, and how many frames it has where that is told without decoding.
fn stripped(upload: &[u8], kind: ImageKind) -> Option<(Vec<u8>, u64)> {
    match kind {
        ImageKind::Jpeg => strip::jpeg(upload).map(|bytes| (bytes, 1)),
        ImageKind::Png => strip::png(upload).map(|bytes| (bytes, 1)),
        ImageKind::Gif => strip::gif(upload).map(|bytes| (bytes, 1)),
        ImageKind::WebP => strip::webp(upload).map(|(bytes, frames)| (bytes, frames.0)),
    }
}

/// Decodes everything once and keeps nothing.
fn check_whole(bytes: &[u8], kind: ImageKind, frames: u64) -> Checked<()> {
    match kind {
        ImageKind::Png => check_png(bytes).map_err(|_| damaged()),
        ImageKind::Gif => check_gif(bytes),
        ImageKind::WebP if frames > 0 => check_animated_webp(bytes, frames),
        ImageKind::Jpeg | ImageKind::WebP => {
            let decoder = decoder(bytes, kind).map_err(|_| damaged())?;
            let mut pixels = vec![0; usize::try_from(decoder.total_bytes()).map_err(|_| damaged())?];
            decoder.read_image(&mut pixels).map_err(|_| damaged())
        }
    }
}

fn check_png(bytes: &[u8]) -> Result<(), png::DecodingError> {
    let mut reader = png::Decoder::new(Cursor::new(bytes)).read_info()?;
    while reader.next_row()?.is_some() {}
    reader.finish()
}

fn check_gif(bytes: &[u8]) -> Checked<()> {
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::Indexed);
    let mut decoder = options.read_info(bytes).map_err(|_| damaged())?;
    let (mut pixels, mut frames) = (0u64, 0u64);
    let mut buffer = Vec::new();
    while let Some(frame) = decoder.next_frame_info().map_err(|_| damaged())? {
        check_size(u32::from(frame.width), u32::from(frame.height))?;
        pixels += u64::from(frame.width) * u64::from(frame.height);
        frames += 1;
        check_animation(pixels)?;
        buffer.resize(decoder.buffer_size(), 0);
        decoder.read_into_buffer(&mut buffer).map_err(|_| damaged())?;
    }
    if frames == 0 { Err(damaged()) } else { Ok(()) }
}

fn check_animated_webp(bytes: &[u8], frames: u64) -> Checked<()> {
    let decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(|_| damaged())?;
    let (width, height) = decoder.dimensions();
    check_animation((u64::from(width) * u64::from(height)).saturating_mul(frames))?;
    for frame in decoder.into_frames() {
        frame.map_err(|_| damaged())?;
    }
    Ok(())
}

fn check_animation(pixels: u64) -> Checked<()> {
    if pixels > MAX_ANIMATION {
        return Err("The animation is too long or too large. Please shorten it or make it smaller.".into());
    }
    Ok(())
}

/// Turns a picture upright and writes it anew.
fn upright(bytes: &[u8], kind: ImageKind, orientation: Orientation) -> Checked<Prepared> {
    let mut decoder = decoder(bytes, kind).map_err(|_| damaged())?;
    // The decoder turns the inks of CMYK into light, so their profile no longer fits.
    let inks = decoder.original_color_type() == ExtendedColorType::Cmyk8;
    let profile = decoder.icc_profile().ok().flatten().filter(|_| !inks);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|_| damaged())?;
    picture.apply_orientation(orientation);
    let mut bytes = Vec::new();
    let kind = match kind {
        ImageKind::Png => write(&picture, PngEncoder::new(&mut bytes), profile).map(|()| ImageKind::Png),
        // There is only a lossless encoder for WebP, which would make a photograph huge.
        ImageKind::WebP if picture.color().has_alpha() => {
            write(&picture, WebPEncoder::new_lossless(&mut bytes), profile).map(|()| ImageKind::WebP)
        }
        _ => write(&picture, JpegEncoder::new_with_quality(&mut bytes, QUALITY), profile).map(|()| ImageKind::Jpeg),
    };
    let kind = kind.map_err(|_| damaged())?;
    Ok(Prepared { kind, width: picture.width(), height: picture.height(), bytes })
}

fn write(picture: &DynamicImage, mut encoder: impl ImageEncoder, profile: Option<Vec<u8>>) -> image::ImageResult<()> {
    if let Some(profile) = profile {
        // An encoder that cannot take a profile writes a picture without one.
        let _ = encoder.set_icc_profile(profile);
    }
    picture.write_with_encoder(encoder)
}

/// Reads the header and, when asked, the pixels; refuses to use more memory than the limits need.
fn decoder(bytes: &[u8], kind: ImageKind) -> image::ImageResult<impl ImageDecoder + '_> {
    let format = match kind {
        ImageKind::Jpeg => ImageFormat::Jpeg,
        ImageKind::Png => ImageFormat::Png,
        ImageKind::Gif => ImageFormat::Gif,
        ImageKind::WebP => ImageFormat::WebP,
    };
    let mut limits = Limits::default();
    // Eight bytes for each pixel: four channels of 16 bits.
    limits.max_alloc = Some(MAX_PIXELS * 8);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    reader.into_decoder()
}

fn damaged() -> Cow<'static, str> {
    Cow::Borrowed(DAMAGED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Delay, Frame, Rgb, RgbImage, Rgba, RgbaImage};

    /// Red on the left, blue on the right, so that one sees which way up it is.
    fn picture() -> DynamicImage {
        RgbImage::from_fn(60, 20, |x, _| if x < 30 { Rgb([220, 10, 10]) } else { Rgb([10, 10, 220]) }).into()
    }

    fn encoded(format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture().write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    /// Exif with an orientation and a secret.
    fn exif(orientation: u8) -> Vec<u8> {
        let mut exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
        exif.extend_from_slice(&[orientation, 0, 0, 0, 0, 0, 0]);
        exif.extend_from_slice(b"SECRET-PLACE");
        exif
    }

    fn jpeg_with(segment: u8, body: &[u8]) -> Vec<u8> {
        let plain = encoded(ImageFormat::Jpeg);
        let mut file = plain[..2].to_vec();
        file.extend_from_slice(&[0xFF, segment]);
        file.extend_from_slice(&(body.len() as u16 + 2).to_be_bytes());
        file.extend_from_slice(body);
        file.extend_from_slice(&plain[2..]);
        file
    }

    fn png_chunk(name: &[u8], body: &[u8]) -> Vec<u8> {
        let mut crc = flate2::Crc::new();
        crc.update(name);
        crc.update(body);
        [&(body.len() as u32).to_be_bytes()[..], name, body, &crc.sum().to_be_bytes()].concat()
    }

    fn png_with(name: &[u8], body: &[u8]) -> Vec<u8> {
        let plain = encoded(ImageFormat::Png);
        [&plain[..33], &png_chunk(name, body), &plain[33..]].concat()
    }

    fn webp_with(name: &[u8; 4], flag: u8, body: &[u8]) -> Vec<u8> {
        let plain = encoded(ImageFormat::WebP);
        let chunk = |name: &[u8], body: &[u8]| {
            let padding = vec![0; body.len() % 2];
            [name, &(body.len() as u32).to_le_bytes(), body, &padding].concat()
        };
        let head = chunk(b"VP8X", &[flag, 0, 0, 0, 59, 0, 0, 19, 0, 0]);
        let body = [b"WEBP".to_vec(), head, plain[12..].to_vec(), chunk(name, body)].concat();
        [&b"RIFF"[..], &(body.len() as u32).to_le_bytes(), &body].concat()
    }

    fn animation(frames: u8) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = image::codecs::gif::GifEncoder::new(&mut bytes);
        encoder.set_repeat(image::codecs::gif::Repeat::Infinite).unwrap();
        for shade in 0..frames {
            let frame = RgbaImage::from_pixel(8, 8, Rgba([shade, 0, 0, 255]));
            encoder.encode_frame(Frame::from_parts(frame, 0, 0, Delay::from_numer_denom_ms(100, 1))).unwrap();
        }
        drop(encoder);
        bytes
    }

    fn contains(bytes: &[u8], needle: &[u8]) -> bool {
        bytes.windows(needle.len()).any(|window| window == needle)
    }

    fn pixel(prepared: &Prepared, x: u32, y: u32) -> [u8; 3] {
        image::load_from_memory(&prepared.bytes).unwrap().to_rgb8().get_pixel(x, y).0
    }

    #[test]
    fn the_four_kinds_are_taken_by_content() {
        for (format, kind) in [
            (ImageFormat::Jpeg, ImageKind::Jpeg),
            (ImageFormat::Png, ImageKind::Png),
            (ImageFormat::Gif, ImageKind::Gif),
            (ImageFormat::WebP, ImageKind::WebP),
        ] {
            let prepared = prepare(&encoded(format)).unwrap();
            assert_eq!((prepared.kind, prepared.width, prepared.height), (kind, 60, 20));
            assert!(pixel(&prepared, 5, 5)[0] > 150, "{format:?}");
        }
    }

    #[test]
    fn other_files_are_refused_in_plain_words() {
        for file in
            [&b""[..], b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"BM      ", b"GIF", b"%PDF-1.7", b"\x89PNG"]
        {
            assert_eq!(prepare(file), Err(UNKNOWN.into()));
        }
        assert!(prepare(&vec![0; MAX_UPLOAD + 1]).unwrap_err().contains("10 MB"));
    }

    #[test]
    fn files_that_end_early_or_lie_are_refused() {
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP] {
            let whole = encoded(format);
            for length in [16, whole.len() / 2, whole.len() - 3] {
                assert!(prepare(&whole[..length]).is_err(), "{format:?} cut at {length}");
            }
        }
        assert_eq!(prepare(b"\xFF\xD8\xFF\xE0 and then nothing of the kind"), Err(DAMAGED.into()));
        let mut lie = encoded(ImageFormat::Png);
        lie.splice(..8, *b"GIF89a\0\0");
        assert!(prepare(&lie).is_err());
    }

    #[test]
    fn huge_dimensions_are_refused_before_decoding() {
        let mut png = encoded(ImageFormat::Png);
        let header = [&100_000u32.to_be_bytes()[..], &100_000u32.to_be_bytes(), &png[24..29]].concat();
        png.splice(8..33, png_chunk(b"IHDR", &header));
        assert!(prepare(&png).unwrap_err().contains("100000 × 100000"));
        let mut gif = encoded(ImageFormat::Gif);
        gif.splice(6..10, [0xFF, 0xFF, 0xFF, 0xFF]);
        assert!(prepare(&gif).unwrap_err().contains("65535"));
        let mut jpeg = encoded(ImageFormat::Jpeg);
        let frame = jpeg.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
        jpeg.splice(frame + 5..frame + 9, [0xFF, 0xFF, 0xFF, 0xFF]);
        assert!(prepare(&jpeg).unwrap_err().contains("65535"));
    }

    #[test]
    fn exif_turns_the_picture_and_goes() {
        let files = [
            jpeg_with(0xE1, &[b"Exif\0\0".to_vec(), exif(6)].concat()),
            png_with(b"eXIf", &exif(6)),
            webp_with(b"EXIF", 0x08, &exif(6)),
        ];
        for file in files {
            let prepared = prepare(&file).unwrap();
            assert_eq!((prepared.width, prepared.height), (20, 60), "{:?}", prepared.kind);
            assert!(!contains(&prepared.bytes, b"SECRET"));
            // Turned clockwise, the left is on top.
            assert!(pixel(&prepared, 10, 5)[0] > 150 && pixel(&prepared, 10, 55)[2] > 150);
        }
    }

    #[test]
    fn metadata_and_tails_do_not_survive() {
        let tail = b"<script>alert('SECRET')</script>PK\x03\x04";
        let files = [
            jpeg_with(0xE1, &[b"Exif\0\0".to_vec(), exif(1)].concat()),
            jpeg_with(0xFE, b"SECRET comment"),
            jpeg_with(0xED, b"Photoshop 3.0\0SECRET"),
            png_with(b"tEXt", b"Comment\0SECRET"),
            png_with(b"eXIf", &exif(1)),
            webp_with(b"XMP ", 0x04, b"<x>SECRET</x>"),
            webp_with(b"EXIF", 0x08, &exif(1)),
            encoded(ImageFormat::Gif),
        ];
        for file in files {
            let whole = [&file[..], tail].concat();
            let prepared = prepare(&whole).unwrap();
            assert!(!contains(&prepared.bytes, b"SECRET"), "{:?}", prepared.kind);
            assert!(!contains(&prepared.bytes, b"script"), "{:?}", prepared.kind);
            assert!(pixel(&prepared, 5, 5)[0] > 150);
            assert_eq!(prepare(&prepared.bytes).unwrap().bytes, prepared.bytes, "a second time changes nothing");
        }
    }

    #[test]
    fn jpegs_that_stand_upright_lose_nothing() {
        let plain = encoded(ImageFormat::Jpeg);
        assert_eq!(prepare(&jpeg_with(0xFE, b"comment")).unwrap().bytes, plain);
    }

    #[test]
    fn animations_stay_animated() {
        let mut file = animation(5);
        let end = file.len() - 1;
        file.splice(end..end, *b"\x21\xFE\x06SECRET\0");
        let prepared = prepare(&file).unwrap();
        assert!(!contains(&prepared.bytes, b"SECRET"));
        assert!(contains(&prepared.bytes, b"NETSCAPE2.0"));
        let decoder = image::codecs::gif::GifDecoder::new(Cursor::new(&prepared.bytes)).unwrap();
        assert_eq!(decoder.into_frames().count(), 5);
    }

    proptest::proptest! {
        #[test]
        fn damaged_files_never_panic(which in 0usize..5, at in 0usize..2_000, with: u8, cut in 0usize..2_000) {
            let mut file = match which {
                0 => encoded(ImageFormat::Jpeg),
                1 => encoded(ImageFormat::Png),
                2 => encoded(ImageFormat::Gif),
                3 => webp_with(b"EXIF", 0x08, &exif(6)),
                _ => animation(3),
            };
            let length = file.len();
            file[at % length] = with;
            if cut % 3 == 0 {
                file.truncate(cut % length);
            }
            let _ = prepare(&file);
        }
    }
}
