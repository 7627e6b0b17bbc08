//! Every address of the site, one line each.

use crate::web::api;
use crate::web::events;
use crate::web::feeds;
use crate::web::form::UPLOAD_LIMIT;
use crate::web::graphql;
use crate::web::health;
use crate::web::metrics;
use crate::web::pages::{
    account, account_tokens, admin_categories, admin_comments, admin_media, admin_posts, admin_settings, admin_users,
};
use crate::web::pages::{comments, lists, media, posts, reset, sign_in};
use crate::web::problems;
use crate::web::router::Route;
use crate::web::router::Surface::{Api, Feed, GraphQl, Page};
use crate::web::static_files;
use http::Method;

const GET: Method = Method::GET;
const POST: Method = Method::POST;
/// Body limit of the comment form: a text that is far too long comes back with the form, to be shortened.
const COMMENT_LIMIT: u64 = 1024 * 1024;

/// Body limit of forms about people, the longest of which holds a biography.
const PEOPLE_LIMIT: u64 = 32 * 1024;

/// The table. Patterns are below the base path; HEAD and OPTIONS follow from it.
pub fn table() -> Vec<Route> {
    let mut routes = reading();
    routes.extend(people());
    routes.extend(writing());
    routes.extend(managing());
    routes.extend(api::routes());
    routes
}

fn reading() -> Vec<Route> {
    vec![
        // Lists
        Route::new(GET, "/", Page, lists::home),
        Route::new(GET, "/category/{slug}", Page, lists::category),
        Route::new(GET, "/tag/{slug}", Page, lists::tag),
        Route::new(GET, "/author/{username}", Page, lists::author),
        Route::new(GET, "/archive", Page, lists::archive),
        Route::new(GET, "/archive/{year}", Page, lists::year),
        Route::new(GET, "/archive/{year}/{month}", Page, lists::month),
        // Posts and pages
        Route::new(GET, "/posts/{slug}", Page, posts::show),
        Route::new(GET, "/{*path}", Page, posts::page),
        // Conversation
        Route::new(GET, "/posts/{slug}/comments", Page, comments::form),
        Route::new(POST, "/posts/{slug}/comments", Page, comments::create).body_limit(COMMENT_LIMIT),
        Route::new(GET, "/posts/{slug}/comments/{id}", Page, comments::show),
        Route::new(GET, "/posts/{slug}/comments/{id}/reply", Page, comments::reply),
        Route::new(GET, "/posts/{slug}/comments/{id}/edit", Page, comments::edit),
        Route::new(POST, "/posts/{slug}/comments/{id}/edit", Page, comments::update).body_limit(COMMENT_LIMIT),
        Route::new(GET, "/posts/{slug}/comments/{id}/delete", Page, comments::confirm),
        Route::new(POST, "/posts/{slug}/comments/{id}/delete", Page, comments::remove),
        Route::new(GET, "/posts/{slug}/events", Api, events::show).gives(&[events::MEDIA_TYPE]),
        // Feeds and discovery
        Route::new(GET, "/feed.xml", Feed, feeds::atom),
        Route::new(GET, "/sitemap.xml", Feed, feeds::sitemap),
        Route::new(GET, "/robots.txt", Feed, feeds::robots),
        // Files
        Route::new(GET, "/media/{id}/{name}", Feed, media::show),
        Route::new(GET, "/assets/{name}", Feed, static_files::show),
        Route::new(GET, "/favicon.ico", Feed, static_files::show),
        // APIs
        Route::new(GET, "/graphql", GraphQl, graphql::get),
        Route::new(POST, "/graphql", GraphQl, graphql::post)
            .body_limit(graphql::BODY_LIMIT)
            .short_limit(graphql::SHORT_LIMIT),
        // For programmers
        Route::new(GET, "/api/docs", Page, api::docs::show),
        Route::new(GET, "/problems/{code}", Page, problems::show),
        // Health
        Route::new(GET, "/healthz", Feed, health::alive),
        Route::new(GET, "/readyz", Feed, health::ready),
        Route::new(GET, "/metrics", Page, metrics::show),
    ]
}

fn people() -> Vec<Route> {
    vec![
        Route::new(GET, "/setup", Page, sign_in::setup),
        Route::new(POST, "/setup", Page, sign_in::set_up).body_limit(PEOPLE_LIMIT),
        Route::new(GET, "/signup", Page, sign_in::signup),
        Route::new(POST, "/signup", Page, sign_in::join).body_limit(PEOPLE_LIMIT),
        Route::new(GET, "/login", Page, sign_in::login),
        Route::new(POST, "/login", Page, sign_in::start).body_limit(PEOPLE_LIMIT),
        Route::new(GET, "/logout", Page, sign_in::form),
        Route::new(POST, "/logout", Page, sign_in::end).body_limit(PEOPLE_LIMIT),
        Route::new(GET, "/reset/{token}", Page, reset::show),
        Route::new(POST, "/reset/{token}", Page, reset::redeem).body_limit(PEOPLE_LIMIT),
        Route::new(GET, "/account", Page, account::show),
        Route::new(POST, "/account", Page, account::update).body_limit(PEOPLE_LIMIT),
        Route::new(GET, "/account/password", Page, account::form),
        Route::new(POST, "/account/password", Page, account::password).body_limit(PEOPLE_LIMIT),
        Route::new(GET, "/account/sessions", Page, account::form),
        Route::new(POST, "/account/sessions", Page, account::sessions).body_limit(PEOPLE_LIMIT),
        Route::new(GET, "/account/tokens", Page, account_tokens::index),
        Route::new(POST, "/account/tokens", Page, account_tokens::create).body_limit(PEOPLE_LIMIT),
        Route::new(GET, "/account/tokens/{id}/revoke", Page, account_tokens::form),
        Route::new(POST, "/account/tokens/{id}/revoke", Page, account_tokens::revoke).body_limit(PEOPLE_LIMIT),
    ]
}

fn writing() -> Vec<Route> {
    vec![
        Route::new(GET, "/admin", Page, admin_posts::entrance),
        Route::new(GET, "/admin/posts", Page, admin_posts::posts),
        Route::new(GET, "/admin/pages", Page, admin_posts::pages),
        Route::new(GET, "/admin/posts/new", Page, admin_posts::new_post),
        Route::new(POST, "/admin/posts/new", Page, admin_posts::create_post).body_limit(UPLOAD_LIMIT),
        Route::new(GET, "/admin/pages/new", Page, admin_posts::new_page),
        Route::new(POST, "/admin/pages/new", Page, admin_posts::create_page).body_limit(UPLOAD_LIMIT),
        Route::new(GET, "/admin/posts/{id}", Page, admin_posts::edit),
        Route::new(POST, "/admin/posts/{id}", Page, admin_posts::update).body_limit(UPLOAD_LIMIT),
        Route::new(GET, "/admin/posts/{id}/delete", Page, admin_posts::confirm),
        Route::new(POST, "/admin/posts/{id}/delete", Page, admin_posts::remove),
        Route::new(GET, "/admin/media", Page, admin_media::index),
        Route::new(POST, "/admin/media", Page, admin_media::create).body_limit(UPLOAD_LIMIT),
        Route::new(GET, "/admin/media/{id}/delete", Page, admin_media::confirm),
        Route::new(POST, "/admin/media/{id}/delete", Page, admin_media::remove),
    ]
}

fn managing() -> Vec<Route> {
    vec![
        Route::new(GET, "/admin/comments", Page, admin_comments::index),
        Route::new(GET, "/admin/categories", Page, admin_categories::index),
        Route::new(POST, "/admin/categories", Page, admin_categories::create),
        Route::new(GET, "/admin/categories/{id}", Page, admin_categories::edit),
        Route::new(POST, "/admin/categories/{id}", Page, admin_categories::update),
        Route::new(GET, "/admin/categories/{id}/merge", Page, admin_categories::choose_merge),
        Route::new(POST, "/admin/categories/{id}/merge", Page, admin_categories::merge),
        Route::new(GET, "/admin/categories/{id}/delete", Page, admin_categories::confirm),
        Route::new(POST, "/admin/categories/{id}/delete", Page, admin_categories::remove),
        Route::new(GET, "/admin/users", Page, admin_users::index),
        Route::new(POST, "/admin/users", Page, admin_users::create),
        Route::new(GET, "/admin/users/{id}", Page, admin_users::edit),
        Route::new(POST, "/admin/users/{id}", Page, admin_users::update),
        Route::new(POST, "/admin/users/{id}/password", Page, admin_users::set_password),
        Route::new(POST, "/admin/users/{id}/reset", Page, admin_users::reset),
        Route::new(POST, "/admin/users/{id}/revoke", Page, admin_users::revoke),
        Route::new(GET, "/admin/explorer", Page, graphql::explorer::show),
        Route::new(POST, "/admin/explorer", Page, graphql::explorer::run_form)
            .body_limit(graphql::explorer::BODY_LIMIT),
        Route::new(GET, "/admin/settings", Page, admin_settings::edit),
        Route::new(POST, "/admin/settings", Page, admin_settings::update).body_limit(UPLOAD_LIMIT),
    ]
}
