//! The editor of posts and static pages.

use crate::domain::category::Category;
use crate::domain::category::Tag;
use crate::domain::post::Kind;
use crate::domain::post::PostHead;
use crate::domain::post::PostInput;
use crate::domain::post::State;
use crate::error::FieldError;
use crate::view::admin::frame;
use crate::view::admin::frame::Section;
use crate::view::admin::posts::state_badge;
use crate::view::form;
use crate::view::form::Field;
use crate::view::layout::Frame;
use crate::view::title::title;
use maud::Markup;
use maud::html;

/// Everything the editor shows.
#[derive(Clone, Copy)]
pub struct Editor<'a> {
    pub kind: Kind,
    /// What is stored; `None` for something new.
    pub stored: Option<&'a PostHead>,
    /// Where the form is sent, if not where `kind` and `stored` say.
    pub post_to: Option<&'a str>,
    /// What stands in the form.
    pub input: &'a PostInput,
    /// The version the edit began from; 0 for something new.
    pub version: u32,
    pub categories: &'a [Category],
    /// Whether what stands in the form was sent and not saved.
    pub is_unsaved: bool,
    pub conflict: Option<Conflict<'a>>,
}

/// What somebody else saved in the meantime; `Editor::version` is then its version, so that
/// saving again replaces it knowingly.
#[derive(Clone, Copy)]
pub struct Conflict<'a> {
    pub title: &'a str,
    pub source: &'a str,
}

/// The editor. Sends `multipart/form-data` with the fields of `PostInput`, files `cover` and
/// `images`, `cover_media` (the id of the cover as it stands), `cover_remove`, `version`, and
/// `action`: `save`, `publish`, `unpublish`, `preview` or `insert`.
pub fn edit(frame: &Frame, editor: &Editor, errors: &[FieldError]) -> Markup {
    let title = match (editor.kind, editor.stored) {
        (Kind::Post, None) => "New post",
        (Kind::Page, None) => "New page",
        (Kind::Post, Some(_)) => "Edit post",
        (Kind::Page, Some(_)) => "Edit page",
    };
    let post_to = match (editor.post_to, editor.stored) {
        (Some(address), _) => address.to_owned(),
        (None, Some(head)) => frame.links.admin_edit(head.id),
        (None, None) => frame.links.admin_new(editor.kind),
    };
    let main = html! {
        h1.hidden { (title) }
        form.editor method="post" action=(post_to) enctype="multipart/form-data" data-unsaved[editor.is_unsaved] {
            (toolbar(frame, editor))
            (form::summary(errors))
            @if let Some(theirs) = &editor.conflict { (conflict(theirs)) }
            (form::hidden("version", &editor.version.to_string()))
            div.columns {
                div.text { (text(editor, errors)) }
                div.details { (details(frame, editor, errors)) }
            }
        }
    };
    frame::page_with(frame, Section::of(editor.kind), (title, Some("editor.js")), main)
}

/// The page that asks before a post is deleted.
pub fn confirm_delete(frame: &Frame, post: &PostHead, comments: usize) -> Markup {
    let kind = post.kind.as_str();
    let main = html! {
        div.sheet {
            h1 { "Delete this " (kind) "?" }
            p { "“" bdi { (title(&post.title)) } "” will be gone for good" @match comments {
                0 => {},
                1 => ", and its one comment with it",
                many => { ", and its " (many) " comments with it" },
            } "." }
            @if post.is_public(frame.now) {
                p { "To take it off the site without losing it, unpublish it instead." }
            }
            (form::confirm(
                &frame.links.admin_delete(post.id),
                &format!("Delete {kind}"),
                &frame.links.admin_edit(post.id),
            ))
        }
    };
    frame::page(frame, Section::of(post.kind), &format!("Delete this {kind}?"), main)
}

/// The first button is what the Enter key presses, so it is the one that does no harm.
fn toolbar(frame: &Frame, editor: &Editor) -> Markup {
    let state = editor.stored.map(|head| head.state(frame.now));
    html! {
        div.toolbar {
            p.state {
                @match state {
                    Some(state) => (state_badge(state)),
                    None => span.badge.draft { "New" },
                }
                @if let Some(head) = editor.stored {
                    " " a href=(frame.links.content(head)) { "View" span.hidden { " on the site" } }
                    " " a href=(frame.links.admin_delete(head.id)) { "Delete" span.hidden { " this " (head.kind.as_str()) } }
                }
            }
            p.buttons {
                @if matches!(state, None | Some(State::Draft)) {
                    (form::action("save", "Save draft", Some("quiet")))
                    " " (form::preview())
                    " " (form::action("publish", "Publish", None))
                } @else {
                    (form::action("save", "Update", None))
                    " " (form::preview())
                    " " (form::action("unpublish", "Unpublish", Some("quiet")))
                }
            }
        }
    }
}

fn conflict(theirs: &Conflict) -> Markup {
    html! {
        section.conflict role="alert" {
            h2 { "Somebody saved this since you opened it" }
            p {
                "Nothing is lost: your text is in the form below, and what they saved is here. "
                "Take over what you want to keep; saving then replaces theirs."
            }
            label for="stored-title" { "Their title" }
            input #stored-title type="text" readonly dir="auto" value=(theirs.title);
            label for="stored-source" { "Their text" }
            textarea #stored-source readonly rows="12" dir="auto" { "\n" (theirs.source) }
        }
    }
}

fn text(editor: &Editor, errors: &[FieldError]) -> Markup {
    html! {
        (Field::text("title", "Title").value(&editor.input.title).required().wide().errors(errors))
        (Field::area("source", "Text", 24).value(&editor.input.source).wide().errors(errors)
            .hint("Markdown, with tables, footnotes[^1], task lists and fenced code."))
        fieldset.upload {
            legend { "Images for the text" }
            (Field::images("images", "Choose images").errors(errors)
                .hint("JPEG, PNG, GIF or WebP, at most 10 MB each. They are uploaded and their Markdown is put at the end of the text."))
            (form::side_action("insert", "Upload and insert"))
        }
    }
}

fn details(frame: &Frame, editor: &Editor, errors: &[FieldError]) -> Markup {
    let input = editor.input;
    let before = match editor.kind {
        Kind::Post => frame.links.to("/posts/"),
        Kind::Page => frame.links.to("/"),
    };
    let zone = if input.zone.is_empty() { &frame.settings.time_zone } else { &input.zone };
    let when = format!("In the time of {zone}. Leave empty to publish now. A future time schedules the post.");
    // What such a control cannot show would be lost in it: an offset, or something that is no time.
    let kind = if is_local_time(&input.published_at) { "datetime-local" } else { "text" };
    let tags = Tag::join_names(input.tags.iter().map(String::as_str));
    html! {
        (Field::input(kind, "published_at", "Publication time").value(&input.published_at).errors(errors)
            .hint(when))
        (form::hidden("zone", zone))
        (Field::text("slug", "Address").value(&input.slug).errors(errors)
            .hint(html! { "After " code { (before) } ". Empty: made from the title." }))
        @if editor.kind == Kind::Post {
            (category(editor, errors))
            (Field::text("tags", "Tags").value(&tags).errors(errors)
                .hint("Separated by commas. Put a tag that has a comma itself in “quotes”."))
        }
        (Field::area("excerpt", "Excerpt", 3).value(&input.excerpt).errors(errors)
            .hint("For lists and search engines. Empty: the beginning of the text."))
        (cover(frame, editor, errors))
        (Field::text("language", "Language").value(&input.language).errors(errors)
            .hint(html! { "A tag such as fr or pt-BR. Empty: that of the blog, " (frame.settings.language) "." }))
        @if editor.kind == Kind::Post {
            (form::checkbox("comments_open", "Comments are open", input.comments_open, errors))
        }
    }
}

/// Whether a text is what `<input type="datetime-local">` shows: nothing, or a date and a time of day.
fn is_local_time(text: &str) -> bool {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    ["", "0000-00-00T00:00", "0000-00-00T00:00:00"].contains(&shape.as_str())
}

fn category<'a>(editor: &Editor<'a>, errors: &'a [FieldError]) -> Markup {
    let ids: Vec<String> = editor.categories.iter().map(|category| category.id.to_string()).collect();
    let choices = ids.iter().zip(editor.categories).map(|(id, category)| (id.as_str(), category.name.as_str()));
    let options = std::iter::once(("", "None")).chain(choices).collect();
    html! { (Field::select("category", "Category", options).value(&editor.input.category).errors(errors)) }
}

fn cover(frame: &Frame, editor: &Editor, errors: &[FieldError]) -> Markup {
    let input = editor.input;
    html! {
        fieldset {
            legend { "Cover" }
            @if let Some(cover) = &input.cover {
                (form::hidden("cover_media", &cover.media.to_string()))
                img src=(frame.links.picture(cover)) width=(cover.width) height=(cover.height) alt="The current cover";
                (form::checkbox("cover_remove", "Remove this cover", false, errors))
            }
            (Field::image("cover", if input.cover.is_some() { "Replace by" } else { "Image" }).errors(errors))
            (Field::text("cover_alt", "What it shows").value(&input.cover_alt).errors(errors)
                .hint("For those who cannot see it."))
        }
    }
}
