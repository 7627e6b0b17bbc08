//! Parts of forms: a label that is always visible, a control, a hint and its error.

use crate::error::FieldError;
use maud::Markup;
use maud::Render;
use maud::html;

/// One labelled control; print it to show it.
pub struct Field<'a> {
    control: Control<'a>,
    name: &'static str,
    label: &'a str,
    value: &'a str,
    hint: Option<Markup>,
    autocomplete: Option<&'static str>,
    required: bool,
    wide: bool,
    error: Option<&'a FieldError>,
}

enum Control<'a> {
    /// The `type` of an `input`.
    Input(&'static str),
    /// A text area with this many rows.
    Area(u16),
    /// Pairs of value and label.
    Select(Vec<(&'a str, &'a str)>),
    /// Files of these media types.
    Files { accept: &'static str, many: bool },
}

impl<'a> Field<'a> {
    /// An `input` of this `type`: `text`, `email`, `datetime-local` and so on.
    pub fn input(kind: &'static str, name: &'static str, label: &'a str) -> Field<'a> {
        Field::new(Control::Input(kind), name, label)
    }

    /// A line of text.
    pub fn text(name: &'static str, label: &'a str) -> Field<'a> {
        Field::input("text", name, label)
    }

    /// A password, which is never filled in again.
    pub fn password(name: &'static str, label: &'a str, autocomplete: &'static str) -> Field<'a> {
        Field { autocomplete: Some(autocomplete), required: true, ..Field::input("password", name, label) }
    }

    /// Several lines of text.
    pub fn area(name: &'static str, label: &'a str, rows: u16) -> Field<'a> {
        Field::new(Control::Area(rows), name, label)
    }

    /// One of several; `options` are pairs of value and label.
    pub fn select(name: &'static str, label: &'a str, options: Vec<(&'a str, &'a str)>) -> Field<'a> {
        Field::new(Control::Select(options), name, label)
    }

    /// An image to upload.
    pub fn image(name: &'static str, label: &'a str) -> Field<'a> {
        Field::new(Control::Files { accept: IMAGES, many: false }, name, label)
    }

    /// Any number of images to upload.
    pub fn images(name: &'static str, label: &'a str) -> Field<'a> {
        Field::new(Control::Files { accept: IMAGES, many: true }, name, label)
    }

    fn new(control: Control<'a>, name: &'static str, label: &'a str) -> Field<'a> {
        Field {
            control,
            name,
            label,
            value: "",
            hint: None,
            autocomplete: None,
            required: false,
            wide: false,
            error: None,
        }
    }

    /// What was typed before, or is stored.
    pub fn value(self, value: &'a str) -> Field<'a> {
        Field { value, ..self }
    }

    /// A sentence below the label.
    pub fn hint(self, hint: impl Render) -> Field<'a> {
        Field { hint: Some(hint.render()), ..self }
    }

    /// The token of the HTML standard, section 4.10.18.7.
    pub fn autocomplete(self, autocomplete: &'static str) -> Field<'a> {
        Field { autocomplete: Some(autocomplete), ..self }
    }

    /// It may not be left empty.
    pub fn required(self) -> Field<'a> {
        Field { required: true, ..self }
    }

    /// Takes all of the width, as a long text does.
    pub fn wide(self) -> Field<'a> {
        Field { wide: true, ..self }
    }

    /// Picks its own error, the first one, from those of the form.
    pub fn errors(self, errors: &'a [FieldError]) -> Field<'a> {
        Field { error: errors.iter().find(|error| error.field == self.name), ..self }
    }

    /// The ids of hint and error, for `aria-describedby`.
    fn described_by(&self) -> Option<String> {
        let hint = self.hint.as_ref().map(|_| format!("hint-{}", self.name));
        let error = self.error.map(|_| format!("error-{}", self.name));
        match (hint, error) {
            (Some(hint), Some(error)) => Some(format!("{hint} {error}")),
            (hint, error) => hint.or(error),
        }
    }

    fn control(&self) -> Markup {
        let id = format!("field-{}", self.name);
        let described = self.described_by();
        let invalid = self.error.map(|_| "true");
        html! {
            @match &self.control {
                Control::Input(kind) => {
                    @let value = (*kind != "password").then_some(self.value);
                    @let dir = (*kind == "text").then_some("auto");
                    input id=(id) type=(kind) name=(self.name) value=[value] dir=[dir]
                        autocomplete=[self.autocomplete] required[self.required]
                        aria-describedby=[described] aria-invalid=[invalid];
                }
                Control::Area(rows) => {
                    // HTML drops a line feed right after the tag, so one is given up for it.
                    textarea id=(id) name=(self.name) rows=(rows) dir="auto" required[self.required]
                        aria-describedby=[described] aria-invalid=[invalid] {
                        "\n" (self.value)
                    }
                }
                Control::Select(options) => {
                    select id=(id) name=(self.name) aria-describedby=[described] aria-invalid=[invalid] {
                        @for (value, label) in options {
                            option value=(value) selected[*value == self.value] { (label) }
                        }
                    }
                }
                Control::Files { accept, many } => {
                    input id=(id) type="file" name=(self.name) accept=(accept) multiple[*many]
                        aria-describedby=[described] aria-invalid=[invalid];
                }
            }
        }
    }
}

/// The kinds of image that are taken.
const IMAGES: &str = "image/jpeg,image/png,image/gif,image/webp,image/svg+xml";

impl Render for Field<'_> {
    fn render(&self) -> Markup {
        html! {
            div.field.wide[self.wide].wrong[self.error.is_some()] {
                label for={ "field-" (self.name) } { (self.label) }
                @if let Some(hint) = &self.hint {
                    p.hint id={ "hint-" (self.name) } { (hint) }
                }
                @if let Some(error) = self.error {
                    p.error id={ "error-" (self.name) } { (error.message) }
                }
                (self.control())
            }
        }
    }
}

/// A box to tick; it sends `on`.
pub fn checkbox(name: &str, label: &str, checked: bool, errors: &[FieldError]) -> Markup {
    let error = errors.iter().find(|error| error.field == name);
    html! {
        div.field.tick.wrong[error.is_some()] {
            input id={ "field-" (name) } type="checkbox" name=(name) value="on" checked[checked]
                aria-describedby=[error.map(|_| format!("error-{name}"))] aria-invalid=[error.map(|_| "true")];
            label for={ "field-" (name) } { (label) }
            @if let Some(error) = error {
                p.error id={ "error-" (name) } { (error.message) }
            }
        }
    }
}

/// A value that the form carries along.
pub fn hidden(name: &str, value: &str) -> Markup {
    html! { input type="hidden" name=(name) value=(value); }
}

/// All errors at the top of a form, each a link to its field; an error whose field is empty
/// stands for the form as a whole.
pub fn summary(errors: &[FieldError]) -> Markup {
    html! {
        @if !errors.is_empty() {
            div.summary role="alert" {
                p { strong { "Please have another look:" } }
                ul {
                    @for error in errors {
                        li {
                            @if error.field.is_empty() {
                                (error.message)
                            } @else {
                                a href={ "#field-" (error.field) } { (name_of(&error.field)) ": " (error.message) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What the summary calls a field: its name, where the label says something else.
fn name_of(field: &str) -> String {
    let known = match field {
        "source" => "Text",
        "body" => "Your comment",
        "parent_id" => "Your reply",
        "slug" => "Address",
        "username" => "User name",
        "email" => "E-mail",
        "into" => "Category",
        "bio" => "About you",
        "cover_alt" => "What the cover shows",
        "published_at" => "Publication time",
        _ => "",
    };
    if !known.is_empty() {
        return known.into();
    }
    let mut letters = field.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).map(|letter| if letter == '_' { ' ' } else { letter }).collect()
}

/// The button that sends a form.
pub fn submit(label: &str) -> Markup {
    html! { button type="submit" { (label) } }
}

/// One of several buttons of a form, told apart by the value of `action`.
pub fn action(value: &str, label: &str, class: Option<&str>) -> Markup {
    html! { button type="submit" name="action" value=(value) class=[class] { (label) } }
}

/// Like `action`, for what saves nothing: the form may still be incomplete.
pub fn side_action(value: &str, label: &str) -> Markup {
    html! { button.quiet type="submit" name="action" value=(value) formnovalidate { (label) } }
}

/// The button that shows what the editor holds in a tab of its own, so that the text stays where it is.
pub fn preview() -> Markup {
    html! {
        button.quiet type="submit" name="action" value="preview" formnovalidate formtarget="_blank" {
            "Preview" span.hidden { " in a new tab" }
        }
    }
}

/// A page that asks before something is deleted: what happens, the button, the way back.
pub fn confirm(post_to: &str, button: &str, back: &str) -> Markup {
    html! {
        form method="post" action=(post_to) {
            p.buttons {
                button.danger type="submit" { (button) }
                " "
                a.button.quiet href=(back) { "Cancel" }
            }
        }
    }
}
