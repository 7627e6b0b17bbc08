//! Making, renaming, merging and deleting categories.

use crate::domain::category::Category;
use crate::domain::category::CategoryInput;
use crate::error::FieldError;
use crate::view::admin::frame;
use crate::view::admin::frame::Section;
use crate::view::form;
use crate::view::form::Field;
use crate::view::layout::Frame;
use crate::view::list::amount;
use maud::Markup;
use maud::html;

/// All categories, each with the number of its posts, and the form for one more.
pub fn index(frame: &Frame, categories: &[(Category, usize)], new: &CategoryInput, errors: &[FieldError]) -> Markup {
    let main = html! {
        (frame::heading("Categories", None))
        @if categories.is_empty() {
            p.empty { "No categories yet. A category says what a post is about; a post has one at most." }
        } @else {
            ul.rows {
                @for (category, posts) in categories {
                    li {
                        div {
                            h2 dir="auto" { a href=(frame.links.admin_category(category.id)) { (category.name) } }
                            p.hint { (amount(*posts, "post", "posts"))
                                @if !category.description.is_empty() { ". " bdi { (category.description) } }
                            }
                        }
                        a.button.quiet href=(frame.links.category(&category.slug)) {
                            "View" span.hidden { " " bdi { (category.name) } }
                        }
                    }
                }
            }
        }
        section aria-labelledby="new" {
            h2 #new { "New category" }
            form method="post" action=(frame.links.admin_categories()) {
                (form::summary(errors))
                (fields(frame, new, errors))
                p.buttons { (form::submit("Add category")) }
            }
        }
    };
    frame::page(frame, Section::Categories, "Categories", main)
}

/// The page of one category, from which it can also be merged or deleted.
pub fn edit(frame: &Frame, category: &Category, typed: &CategoryInput, errors: &[FieldError]) -> Markup {
    let main = html! {
        (frame::heading("Edit category", None))
        form method="post" action=(frame.links.admin_category(category.id)) {
            (form::summary(errors))
            (fields(frame, typed, errors))
            p.buttons {
                (form::submit("Save"))
                " " a.button.quiet href=(frame.links.admin_categories()) { "Cancel" }
            }
        }
        p.more {
            a href=(frame.links.admin_category_action(category.id, "merge")) { "Merge into another category" }
            " " a href=(frame.links.admin_category_action(category.id, "delete")) { "Delete this category" }
        }
    };
    frame::page(frame, Section::Categories, "Edit category", main)
}

/// The page that asks into which of `others` a category goes; sends `into`, an id.
pub fn merge(frame: &Frame, category: &Category, others: &[Category], errors: &[FieldError]) -> Markup {
    let ids: Vec<String> = others.iter().map(|other| other.id.to_string()).collect();
    let options = ids.iter().zip(others).map(|(id, other)| (id.as_str(), other.name.as_str())).collect();
    let back = frame.links.admin_category(category.id);
    let main = html! {
        div.sheet {
            h1 { "Merge “" bdi { (category.name) } "”" }
            @if others.is_empty() {
                p { "There is no other category to merge it into." }
                p.buttons { a.button.quiet href=(back) { "Back" } }
            } @else {
                p { "All its posts move to the other category, and its address leads there from then on." }
                form method="post" action=(frame.links.admin_category_action(category.id, "merge")) {
                    (form::summary(errors))
                    (Field::select("into", "Merge into", options).errors(errors))
                    p.buttons {
                        button.danger type="submit" { "Merge" }
                        " " a.button.quiet href=(back) { "Cancel" }
                    }
                }
            }
        }
    };
    frame::page(frame, Section::Categories, "Merge categories", main)
}

/// The page that asks before a category with this many posts is deleted.
pub fn confirm_delete(frame: &Frame, category: &Category, posts: usize) -> Markup {
    let main = html! {
        div.sheet {
            h1 { "Delete “" bdi { (category.name) } "”?" }
            p {
                @match posts {
                    0 => "No post is in this category.",
                    1 => "One post is in this category. It stays and will be in none.",
                    many => { (many) " posts are in this category. They stay and will be in none." },
                }
            }
            (form::confirm(
                &frame.links.admin_category_action(category.id, "delete"),
                "Delete category",
                &frame.links.admin_category(category.id),
            ))
        }
    };
    frame::page(frame, Section::Categories, "Delete category", main)
}

fn fields(frame: &Frame, typed: &CategoryInput, errors: &[FieldError]) -> Markup {
    html! {
        (Field::text("name", "Name").value(&typed.name).required().errors(errors))
        (Field::text("slug", "Address").value(&typed.slug).errors(errors)
            .hint(html! { "After " code { (frame.links.to("/category/")) } ". Empty: made from the name." }))
        (Field::area("description", "Description", 3).value(&typed.description).errors(errors)
            .hint("Stands above the list of its posts."))
    }
}
