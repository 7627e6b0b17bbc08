//! Uploaded images: what is taken, what is refused, how they are served.

use crate::harness::Blog;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use std::io::Cursor;

/// A PNG of these dimensions; `shade` makes it another image.
pub fn png(width: u32, height: u32, shade: u8) -> Vec<u8> {
    encoded(width, height, shade, ImageFormat::Png)
}

/// A PNG that cannot be made small.
pub fn noise(width: u32, height: u32) -> Vec<u8> {
    let grain = |x: u32, y: u32| (x * 7_919 + y * 104_729).wrapping_mul(2_654_435_761).to_be_bytes();
    let color = |x, y| Rgb([grain(x, y)[0], grain(x, y)[1], grain(y, x)[0]]);
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, color)).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// The left third is red, the rest blue, so that a turn shows.
fn encoded(width: u32, height: u32, shade: u8, format: ImageFormat) -> Vec<u8> {
    let color = |x, _| if x < width / 3 { Rgb([250, shade, 0]) } else { Rgb([0, shade, 250]) };
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, color)).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A JPEG with an Exif segment: an orientation, and a place that must not get out.
fn jpeg_with_exif(orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend_from_slice(&[orientation, 0, 0, 0, 0, 0, 0]);
    exif.extend_from_slice(b"52.5200N 13.4050E at home");
    let mut jpeg = encoded(60, 20, 0, ImageFormat::Jpeg);
    let length = (exif.len() + 2) as u16;
    let segment = [&[0xFF, 0xE1], &length.to_be_bytes()[..], &exif].concat();
    jpeg.splice(2..2, segment);
    jpeg
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_is_turned_upright_and_says_nothing_of_its_place() {
    let blog = Blog::start().await;
    let ada = blog.author("ada").await;
    let address = ada.upload("../My Photo.JPG.exe", &jpeg_with_exif(6)).await;
    assert!(address.starts_with("/media/") && address.ends_with("/my-photo-jpg.jpg"), "{address}");
    let answer = blog.visitor().get(&address).await.expect(200);
    assert_eq!(answer.header("content-type"), Some("image/jpeg"));
    assert!(!answer.bytes.windows(7).any(|bytes| bytes == b"at home"));
    assert!(!answer.bytes.windows(4).any(|bytes| bytes == b"Exif"));
    let image = image::load_from_memory(&answer.bytes).unwrap().to_rgb8();
    assert_eq!(image.dimensions(), (20, 60));
    assert!(image.get_pixel(10, 3)[0] > 150 && image.get_pixel(10, 55)[2] > 150, "the left is on top");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_can_never_run_as_anything_else() {
    let blog = Blog::start().await;
    let ada = blog.author("ada").await;
    let kinds = [
        (ImageFormat::Png, "image/png"),
        (ImageFormat::Jpeg, "image/jpeg"),
        (ImageFormat::Gif, "image/gif"),
        (ImageFormat::WebP, "image/webp"),
    ];
    for (format, media_type) in kinds {
        let address = ada.upload("page.html", &encoded(30, 20, 9, format)).await;
        let answer = blog.visitor().get(&address).await.expect(200);
        assert_eq!(answer.header("content-type"), Some(media_type));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("sandbox") && policy.contains("default-src 'none'"), "{policy}");
        assert!(answer.header("cache-control").unwrap().contains("immutable"));
    }
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_image_is_refused_whatever_it_says() {
    let blog = Blog::start().await;
    let ada = blog.author("ada").await;
    let whole = png(60, 20, 0);
    let mut lying = whole.clone();
    lying.splice(..8, *b"GIF89a\0\0");
    let cases: [(&str, Vec<u8>); 7] = [
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</svg>".to_vec()),
        ("page.png", b"<!doctype html><script>alert(1)</script>".to_vec()),
        ("lying.gif", lying),
        ("cut.png", whole[..whole.len() / 2].to_vec()),
        ("cut.jpg", encoded(60, 20, 0, ImageFormat::Jpeg)[..300].to_vec()),
        ("empty.png", Vec::new()),
        ("bomb.png", bomb()),
    ];
    for (name, bytes) in cases {
        let answer = ada.post_files("/admin/media", &[], &[("images", name, &bytes)]).await;
        assert_eq!(answer.status, 422, "{name}");
        answer.contains("error-images");
    }
    ada.post_files("/admin/media", &[("nothing", "chosen")], &[]).await.expect(422);
    ada.get("/admin/media").await.expect(200).contains("No images yet");
    blog.stop().await;
}

/// A few hundred bytes that say they are 30,000 × 30,000 pixels.
fn bomb() -> Vec<u8> {
    let mut bytes = png(1, 1, 0);
    let header = [&30_000u32.to_be_bytes()[..], &30_000u32.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    let chunk = [b"IHDR", header.as_slice()].concat();
    let sum = crc(&chunk).to_be_bytes();
    bytes.splice(12..33, chunk.into_iter().chain(sum));
    bytes
}

/// PNG specification, annex D.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { 0xEDB8_8320 ^ (crc >> 1) } else { crc >> 1 })
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_an_image_can_be_asked_for() {
    let blog = Blog::start().await;
    let ada = blog.author("ada").await;
    // Noise does not compress, so that it takes several chunks of the data file.
    let noise = RgbImage::from_fn(300, 300, |x, y| {
        let hash = (u64::from(x) * 300 + u64::from(y) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Rgb([(hash >> 40) as u8, (hash >> 48) as u8, (hash >> 56) as u8])
    });
    let mut file = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(noise).write_to(&mut file, ImageFormat::Png).unwrap();
    let address = ada.upload("noise.png", file.get_ref()).await;
    let visitor = blog.visitor();
    let whole = visitor.get(&address).await.expect(200).bytes;
    let length = whole.len();
    assert!(length > 200_000, "{length} bytes");
    for (range, from, to) in [
        ("bytes=0-0".to_owned(), 0, 1),
        ("bytes=64999-65000".to_owned(), 64_999, 65_001),
        (format!("bytes={}-", length - 5), length - 5, length),
        ("bytes=-7".to_owned(), length - 7, length),
        ("bytes=1000-199999".to_owned(), 1_000, 200_000),
    ] {
        let part = visitor.with("range", &range).get(&address).await.expect(206);
        assert_eq!(part.header("content-range"), Some(format!("bytes {from}-{}/{length}", to - 1).as_str()));
        assert_eq!(part.bytes, whole[from..to], "{range}");
    }
    let beyond = visitor.with("range", &format!("bytes={length}-")).get(&address).await.expect(416);
    assert_eq!(beyond.header("content-range"), Some(format!("bytes */{length}").as_str()));
    let head = visitor.head(&address).await.expect(200);
    assert_eq!((head.header("content-length"), head.bytes.len()), (Some(length.to_string().as_str()), 0));
    let tag = head.header("etag").unwrap();
    visitor.with("if-none-match", tag).get(&address).await.expect(304);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_image_twice_is_stored_once_and_a_wrong_name_leads_to_the_right_one() {
    let blog = Blog::start().await;
    let ada = blog.author("ada").await;
    let first = ada.upload("first.png", &png(10, 10, 5)).await;
    assert_eq!(ada.upload("second.png", &png(10, 10, 5)).await, first);
    assert_eq!(ada.get("/admin/media").await.expect(200).count("![]("), 1);
    let other = first.replace("first.png", "other.png");
    blog.visitor().get(&other).await.expect(301).leads_to(&first);
    for missing in ["/media/x/first.png", "/media/00000000000000000000000000000000/x.png", "/media/"] {
        blog.visitor().get(missing).await.expect_one_of(&[404, 301]);
    }
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_deleted_by_its_owner_or_an_editor() {
    let blog = Blog::start().await;
    let (ada, bob, eve) = (blog.author("ada").await, blog.author("bob").await, blog.editor("eve").await);
    let hers = ada.upload("hers.png", &png(10, 10, 1)).await;
    let delete = |address: &str| format!("/admin/media/{}/delete", address.split('/').nth(2).unwrap());
    bob.get(&delete(&hers)).await.expect(403);
    bob.post_form(&delete(&hers), &[]).await.expect(403);
    ada.get(&delete(&hers)).await.expect(200).contains("hers.png");
    ada.post_form(&delete(&hers), &[]).await.expect(303);
    blog.visitor().get(&hers).await.expect(404);
    ada.post_form(&delete(&hers), &[]).await.expect(404);
    let theirs = bob.upload("theirs.png", &png(10, 10, 2)).await;
    eve.post_form(&delete(&theirs), &[]).await.expect(303);
    blog.visitor().get(&theirs).await.expect(404);
    blog.stop().await;
}
