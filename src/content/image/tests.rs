//! Tests of images, with files made by the image crate and damaged by hand.

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
    for file in [&b""[..], b"<html><svg/></html>", b"BM      ", b"GIF", b"%PDF-1.7", b"\x89PNG"] {
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

/// An animated PNG; the first picture is a frame of it or stands before it.
fn animated_png(frames: u32, first_is_frame: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 8, 6);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_animated(frames, 0).unwrap();
    encoder.set_sep_def_img(!first_is_frame).unwrap();
    let mut writer = encoder.write_header().unwrap();
    for shade in 0..frames + u32::from(!first_is_frame) {
        writer.write_image_data(&[shade as u8 * 20; 8 * 6 * 3]).unwrap();
    }
    writer.finish().unwrap();
    bytes
}

#[test]
fn an_animated_png_keeps_its_frames() {
    for first_is_frame in [true, false] {
        let file = animated_png(4, first_is_frame);
        let prepared = prepare(&file).unwrap();
        assert_eq!((prepared.kind, prepared.width, prepared.height), (ImageKind::Png, 8, 6));
        assert_eq!(prepared.bytes, file);
        let cut = file.windows(4).rposition(|name| name == b"fdAT").unwrap();
        let mut damaged = file.clone();
        damaged[cut + 12] ^= 0xFF;
        assert_eq!(prepare(&damaged), Err(DAMAGED.into()), "the last frame is looked at too");
    }
    let mut endless = animated_png(2, true);
    let at = endless.windows(4).position(|name| name == b"acTL").unwrap();
    for frames in [1_000_000_000, u32::MAX] {
        let control = [&frames.to_be_bytes()[..], &[0; 4]].concat();
        endless.splice(at - 4..at + 16, png_chunk(b"acTL", &control));
        assert!(prepare(&endless).is_err());
    }
}

#[test]
fn pictures_with_deep_colours_and_inks_are_taken() {
    let mut deep = Cursor::new(Vec::new());
    DynamicImage::new_rgba16(6, 4).write_to(&mut deep, ImageFormat::Png).unwrap();
    assert_eq!(prepare(deep.get_ref()).unwrap().bytes, deep.into_inner());
}

proptest::proptest! {
    #[test]
    fn damaged_files_never_panic(which in 0usize..6, at in 0usize..2_000, with: u8, cut in 0usize..2_000) {
        let mut file = match which {
            5 => animated_png(2, true),
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
