//! Takes in uploaded images, drawings too: told by their content, limited, checked, freed of metadata.

use crate::content::strip;
use crate::content::svg;
use crate::domain::media::ImageKind;
use crate::error::Checked;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::webp::{WebPDecoder, WebPEncoder};
use image::error::ImageFormatHint;
use image::metadata::Orientation;
use image::{
    AnimationDecoder, DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, ImageError, ImageFormat,
    ImageReader, Limits,
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
    "Please choose a JPEG, PNG, GIF, WebP or SVG image. This file is none of these, whatever its name says.";
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
    if svg::is_svg(upload) {
        let drawing = svg::sanitised(upload)?;
        let (width, height) = (drawing.width, drawing.height);
        return Ok(Prepared { kind: ImageKind::Svg, width, height, bytes: drawing.text.into_bytes() });
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
        ImageKind::Png => strip::png(upload).map(|(bytes, frames)| (bytes, frames.0)),
        ImageKind::Gif => strip::gif(upload).map(|bytes| (bytes, 1)),
        ImageKind::WebP => strip::webp(upload).map(|(bytes, frames)| (bytes, frames.0)),
        ImageKind::Svg => None,
    }
}

/// Decodes everything once and keeps nothing.
fn check_whole(bytes: &[u8], kind: ImageKind, frames: u64) -> Checked<()> {
    match kind {
        ImageKind::Png => check_png(bytes, frames),
        ImageKind::Gif => check_gif(bytes),
        ImageKind::WebP if frames > 0 => check_animated_webp(bytes, frames),
        ImageKind::Jpeg | ImageKind::WebP | ImageKind::Svg => {
            let decoder = decoder(bytes, kind).map_err(|_| damaged())?;
            let mut pixels = vec![0; usize::try_from(decoder.total_bytes()).map_err(|_| damaged())?];
            decoder.read_image(&mut pixels).map_err(|_| damaged())
        }
    }
}

fn check_png(bytes: &[u8], frames: u64) -> Checked<()> {
    let mut reader = png::Decoder::new(Cursor::new(bytes)).read_info().map_err(|_| damaged())?;
    let info = reader.info();
    let announced = info.animation_control.map_or(0, |control| control.num_frames);
    check_animation((u64::from(info.width) * u64::from(info.height)).saturating_mul(frames))?;
    if u64::from(announced) != frames {
        return Err(damaged());
    }
    // The picture for browsers that know no animation may be the first frame or stand before it.
    let after_picture = announced.saturating_sub(u32::from(info.frame_control.is_some()));
    let mut whole = || {
        while reader.next_row()?.is_some() {}
        for _ in 0..after_picture {
            reader.next_frame_info()?;
            while reader.next_row()?.is_some() {}
        }
        reader.finish()
    };
    whole().map_err(|_: png::DecodingError| damaged())
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
        ImageKind::Svg => return Err(ImageError::Unsupported(ImageFormatHint::Unknown.into())),
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
mod tests;
