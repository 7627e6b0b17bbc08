//! The images of the site.

use crate::domain::link::Links;
use crate::domain::media::Media;
use crate::domain::paging::Page;
use crate::error::FieldError;
use crate::view::admin::frame;
use crate::view::admin::frame::Section;
use crate::view::form;
use crate::view::form::Field;
use crate::view::layout::Frame;
use crate::view::pager;
use maud::Markup;
use maud::html;

/// All images, the newest first, each with its Markdown, and the form to upload more (`images`).
pub fn index(frame: &Frame, images: &Page<Media>, errors: &[FieldError]) -> Markup {
    let path = frame.links.admin_media();
    let main = html! {
        (frame::heading("Images", None))
        form.upload method="post" action=(path) enctype="multipart/form-data" {
            (form::summary(errors))
            (Field::images("images", "Add images").required().errors(errors)
                .hint("JPEG, PNG, GIF or WebP, at most 10 MB each. Where and when they were taken is removed from them."))
            p.buttons { (form::submit("Upload")) }
        }
        @if images.items.is_empty() {
            p.empty { "No images yet." }
        } @else {
            ul.images {
                @for image in &images.items { li { (tile(frame, image)) } }
            }
            (pager::pager(&pager::NEWEST_FIRST, images.number, images.pages(), |page| frame.links.numbered(&path, page)))
        }
    };
    frame::page(frame, Section::Images, "Images", main)
}

/// The page that asks before an image is deleted.
pub fn confirm_delete(frame: &Frame, image: &Media) -> Markup {
    let main = html! {
        div.sheet {
            h1 { "Delete this image?" }
            @if let Some((width, height)) = image.size() {
                p { img.thumb src=(frame.links.media(image.id, &image.name)) width=(width) height=(height) alt=(image.name); }
            } @else {
                p { (image.name) }
            }
            p { "Posts that show it will have a gap there. It cannot be brought back." }
            (form::confirm(&frame.links.admin_media_delete(image.id), "Delete image", &frame.links.admin_media()))
        }
    };
    frame::page(frame, Section::Images, "Delete this image?", main)
}

/// The Markdown that shows an image or links to another file; without the base path, which is added where it is
/// rendered.
pub fn markdown(media: &Media) -> String {
    let address = Links::root().media(media.id, &media.name);
    if media.size().is_some() { format!("![]({address})") } else { format!("[{}]({address})", media.name) }
}

fn tile(frame: &Frame, image: &Media) -> Markup {
    let address = frame.links.media(image.id, &image.name);
    html! {
        @if let Some((width, height)) = image.size() {
            a.picture href=(address) {
                img src=(address) width=(width) height=(height) alt=(image.name) loading="lazy";
            }
        } @else {
            p { a href=(address) { (image.name) } }
        }
        p.hint {
            @if let Some((width, height)) = image.size() { (width) " × " (height) ", " }
            (size(image.bytes)) ", "
            time datetime=(image.uploaded_at.rfc3339()) { (image.uploaded_at.human_date(frame.zone)) }
        }
        label for={ "markdown-" (image.id) } { "Markdown" span.hidden { " of " (image.name) } }
        input id={ "markdown-" (image.id) } type="text" readonly value=(markdown(image));
        p { a href=(frame.links.admin_media_delete(image.id)) { "Delete" span.hidden { " " (image.name) } } }
    }
}

/// Bytes for people.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_for_people() {
        assert_eq!(size(999), "999 B");
        assert_eq!(size(48_200), "48 kB");
        assert_eq!(size(2_340_000), "2.3 MB");
    }
}
