//! The settings of the site.

use crate::domain::settings::SettingsPatch;
use crate::domain::time::Zone;
use crate::error::FieldError;
use crate::view::admin::frame;
use crate::view::admin::frame::Section;
use crate::view::form;
use crate::view::form::Field;
use crate::view::layout::Frame;
use crate::view::sign_in;
use maud::Markup;
use maud::html;

/// The settings form. Sends `multipart/form-data`: the fields of `SettingsPatch`, a file `logo`,
/// and `logo_remove` if ticked. The logo shown is that of the frame's settings.
pub fn edit(frame: &Frame, typed: &SettingsPatch, errors: &[FieldError]) -> Markup {
    let zones = Zone::names();
    let main = html! {
        (frame::heading("Settings", None))
        form method="post" action=(frame.links.admin_settings()) enctype="multipart/form-data" {
            (form::summary(errors))
            (site(frame, typed, errors))
            fieldset {
                legend { "Reading" }
                (Field::area("navigation", "Navigation", 5).value(&typed.navigation).errors(errors)
                    .hint(html! { "One link a line: " code { "Label | address" } ". An address on this site begins with " code { "/" } "." }))
                (Field::input("number", "posts_per_page", "Posts per page").value(&typed.posts_per_page).errors(errors))
                (sign_in::time_zone(&zones, &typed.time_zone).errors(errors))
                (Field::text("language", "Language").value(&typed.language).errors(errors)
                    .hint(html! { "Of most posts, as a tag such as " code { "en" } " or " code { "pt-BR" } ". Screen readers and search engines go by it." }))
            }
            fieldset {
                legend { "People" }
                (form::checkbox("signup_open", "Visitors may sign up to comment", typed.signup_open, errors))
            }
            p.buttons { (form::submit("Save settings")) }
        }
    };
    frame::page(frame, Section::Settings, "Settings", main)
}

fn site(frame: &Frame, typed: &SettingsPatch, errors: &[FieldError]) -> Markup {
    let logo = frame.settings.logo.as_ref();
    html! {
        fieldset {
            legend { "The site" }
            (Field::text("title", "Title").value(&typed.title).required().errors(errors))
            (Field::text("tagline", "Tagline").value(&typed.tagline).errors(errors)
                .hint("One sentence about the site, for the front page and for search engines."))
            @if let Some(logo) = logo {
                img.logo src=(frame.links.picture(logo)) width=(logo.width) height=(logo.height) alt="The current logo";
                (form::checkbox("logo_remove", "Remove this logo", false, errors))
            }
            (Field::image("logo", if logo.is_some() { "Replace the logo by" } else { "Logo" }).errors(errors)
                .hint("A square image looks best. It stands beside the title and in browser tabs."))
        }
    }
}
