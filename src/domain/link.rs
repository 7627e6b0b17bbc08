//! Every address of the site, base path included; the only place that builds a URL.

mod accounts;
mod api;

use crate::domain::category::Tag;
use crate::domain::id::{CategoryId, CommentId, PostId, TokenId};
use crate::domain::media::{MediaId, Picture};
use crate::domain::post::{Kind, PostHead, State};
use crate::domain::slug::Slug;
use crate::domain::user::Username;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use std::borrow::Cow;
use std::fmt::Write;
use unicode_normalization::UnicodeNormalization;

/// What RFC 3986, section 3.3, does not allow in a path segment, and the quotes that would end
/// an attribute.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'/')
    .add(b'\\')
    .add(b'^')
    .add(b'|')
    .add(b'[')
    .add(b']')
    .add(b'\'')
    .add(b'&');
/// The same for a whole path in a query value, where slashes may stay.
const QUERY: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'&')
    .add(b'+')
    .add(b'=')
    .add(b'\'')
    .add(b'?');

/// Builds addresses. Methods return paths with the base path in front.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links {
    base: String,
    origin: Option<String>,
}

impl Links {
    /// For a site at the root of its host, whose name is not configured.
    pub fn root() -> Links {
        Links { base: String::new(), origin: None }
    }

    /// For `--public-url`: `http` or `https`, a host, optionally a port and a path. The error is
    /// one sentence.
    pub fn from_public_url(url: &str) -> Result<Links, String> {
        let wrong =
            || format!("The public URL “{url}” must look like https://example.org or https://example.org/blog.");
        let (scheme, rest) = url.trim().split_once("://").ok_or_else(wrong)?;
        if !matches!(scheme, "http" | "https") {
            return Err(wrong());
        }
        let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let host_ok =
            !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte));
        let base = path.trim_end_matches('/');
        let base_ok = base.split('/').skip(1).all(|part| {
            !part.is_empty()
                && !part.starts_with('.')
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
        });
        if !host_ok || !base_ok {
            return Err(wrong());
        }
        Ok(Links { base: base.to_owned(), origin: Some(format!("{scheme}://{}", host.to_ascii_lowercase())) })
    }

    /// The path below which the site lives: empty or `/blog`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Scheme, host and port, where they are configured: `https://example.org`.
    pub fn origin(&self) -> Option<&str> {
        self.origin.as_deref()
    }

    /// A path as the routes know it, with the base path in front.
    pub fn to(&self, path: &str) -> String {
        self.joined(&[path])
    }

    /// What is left of a request's path below the base path; `None` outside of it.
    pub fn strip<'a>(&self, path: &'a str) -> Option<&'a str> {
        match path.strip_prefix(self.base.as_str()) {
            Some("") => Some("/"),
            Some(rest) if rest.starts_with('/') => Some(rest),
            _ => None,
        }
    }

    /// A path as it was sent (percent-encoded, below the base path) in composed letters.
    pub fn composed(&self, path: &str) -> String {
        let segments = path.split('/').map(|sent| match percent_decode_str(sent).decode_utf8() {
            Ok(text) => segment(&text.nfc().collect::<String>()).into_owned(),
            Err(_) => sent.to_owned(),
        });
        self.to(&segments.collect::<Vec<_>>().join("/"))
    }

    pub fn home(&self) -> String {
        self.to("/")
    }

    pub fn post(&self, slug: &Slug) -> String {
        self.joined(&["/posts/", &segment(slug.as_str())])
    }

    pub fn page(&self, slug: &Slug) -> String {
        self.joined(&["/", &segment(slug.as_str())])
    }

    /// Where a post or a page is read.
    pub fn content(&self, head: &PostHead) -> String {
        match head.kind {
            Kind::Post => self.post(&head.slug),
            Kind::Page => self.page(&head.slug),
        }
    }

    /// The permalink of a comment; redirects to the page of the conversation it is on.
    pub fn comment(&self, post: &Slug, id: CommentId) -> String {
        let mut address = self.comments(post);
        Links::push_comment(&mut address, id);
        address
    }

    /// The stream of what happens in the conversation of a post.
    pub fn events(&self, post: &Slug) -> String {
        format!("{}/events", self.post(post))
    }

    /// Where the comment form posts to.
    pub fn comments(&self, post: &Slug) -> String {
        self.joined(&["/posts/", &segment(post.as_str()), "/comments"])
    }

    /// Page `page` of a post's conversation, at comment `at` if given, else at its beginning.
    pub fn conversation(&self, post: &Slug, page: usize, at: Option<CommentId>) -> String {
        let query = if page > 1 { format!("?comments={page}") } else { String::new() };
        let fragment = at.map_or_else(|| "comments".into(), |id| format!("comment-{id}"));
        format!("{}{query}#{fragment}", self.post(post))
    }

    /// `action` is `reply`, `edit` or `delete`.
    pub fn comment_action(&self, post: &Slug, id: CommentId, action: &str) -> String {
        let mut address = self.comment(post, id);
        Links::push_action(&mut address, action);
        address
    }

    /// Makes the address of a comment out of that of `comments`, escaped for an attribute or not: what
    /// is added needs no escapes. For pages with hundreds of them.
    pub fn push_comment(comments: &mut String, id: CommentId) {
        // Writing to a string cannot fail.
        let _ = write!(comments, "/{id}");
    }

    /// Makes the address of an action out of that of its comment.
    pub fn push_action(comment: &mut String, action: &str) {
        comment.push('/');
        comment.push_str(action);
    }

    pub fn category(&self, slug: &Slug) -> String {
        self.joined(&["/category/", &segment(slug.as_str())])
    }

    pub fn tag(&self, tag: &Tag) -> String {
        self.joined(&["/tag/", &segment(tag.slug.as_str())])
    }

    pub fn author(&self, username: &Username) -> String {
        self.joined(&["/author/", &segment(username.as_str())])
    }

    pub fn archive(&self) -> String {
        self.to("/archive")
    }

    pub fn archive_year(&self, year: i16) -> String {
        self.to(&format!("/archive/{year}"))
    }

    /// `month` from 1 to 12.
    pub fn archive_month(&self, year: i16, month: i8) -> String {
        self.to(&format!("/archive/{year}/{month:02}"))
    }

    pub fn feed(&self) -> String {
        self.to("/feed.xml")
    }

    pub fn media(&self, id: MediaId, name: &str) -> String {
        self.to(&format!("/media/{id}/{}", segment(name)))
    }

    pub fn picture(&self, picture: &Picture) -> String {
        self.media(picture.media, &picture.name)
    }

    /// The login page, which leads back to `next`, a path with the base path in front.
    pub fn login(&self, next: &str) -> String {
        self.with_next("/login", next)
    }

    /// The sign-up page, which leads back to `next`.
    pub fn signup(&self, next: &str) -> String {
        self.with_next("/signup", next)
    }

    pub fn logout(&self) -> String {
        self.to("/logout")
    }

    pub fn account(&self) -> String {
        self.to("/account")
    }

    /// Where the form for a new password posts to.
    pub fn account_password(&self) -> String {
        self.to("/account/password")
    }

    /// Where the buttons that end sessions post to.
    pub fn account_sessions(&self) -> String {
        self.to("/account/sessions")
    }

    /// The page of API tokens, where the form for one more posts to.
    pub fn account_tokens(&self) -> String {
        self.to("/account/tokens")
    }

    /// Where the button that revokes a token posts to.
    pub fn account_token_revoke(&self, id: TokenId) -> String {
        self.to(&format!("/account/tokens/{id}/revoke"))
    }

    /// The reference of the API.
    pub fn api_docs(&self) -> String {
        self.to("/api/docs")
    }

    /// The page of a kind of problem, which problem documents name as their `type`.
    pub fn problem(&self, code: &str) -> String {
        self.joined(&["/problems/", code])
    }

    /// Where the holder of `token` chooses a new password.
    pub fn reset(&self, token: &str) -> String {
        self.joined(&["/reset/", &segment(token)])
    }

    pub fn setup(&self) -> String {
        self.to("/setup")
    }

    pub fn admin(&self) -> String {
        self.to("/admin")
    }

    pub fn admin_posts(&self) -> String {
        self.to("/admin/posts")
    }

    pub fn admin_new(&self, kind: Kind) -> String {
        self.to(&format!("/admin/{}s/new", kind.as_str()))
    }

    pub fn admin_pages(&self) -> String {
        self.to("/admin/pages")
    }

    /// The editor of a post or a page.
    pub fn admin_edit(&self, id: PostId) -> String {
        self.to(&format!("/admin/posts/{id}"))
    }

    pub fn admin_delete(&self, id: PostId) -> String {
        self.to(&format!("/admin/posts/{id}/delete"))
    }

    pub fn admin_categories(&self) -> String {
        self.to("/admin/categories")
    }

    pub fn admin_category(&self, id: CategoryId) -> String {
        self.to(&format!("/admin/categories/{id}"))
    }

    /// `action` is `merge` or `delete`.
    pub fn admin_category_action(&self, id: CategoryId, action: &str) -> String {
        format!("{}/{action}", self.admin_category(id))
    }

    pub fn admin_media_delete(&self, id: MediaId) -> String {
        self.to(&format!("/admin/media/{id}/delete"))
    }

    pub fn admin_media(&self) -> String {
        self.to("/admin/media")
    }

    pub fn admin_comments(&self) -> String {
        self.to("/admin/comments")
    }

    pub fn admin_settings(&self) -> String {
        self.to("/admin/settings")
    }

    pub fn admin_explorer(&self) -> String {
        self.to("/admin/explorer")
    }

    /// `path` (base path in front) with a page number, from 2; the first page has none.
    pub fn numbered(&self, path: &str, page: usize) -> String {
        if page > 1 { format!("{path}?page={page}") } else { path.to_owned() }
    }

    /// Like `numbered`, for the part of a list that is in `state`.
    pub fn in_state(&self, path: &str, state: State, page: usize) -> String {
        let page = if page > 1 { format!("&page={page}") } else { String::new() };
        format!("{path}?state={}{page}", state.as_str())
    }

    /// An address that an author or the settings gave: local ones get the base path.
    pub fn given(&self, address: &str) -> String {
        if address.starts_with('/') && !address.starts_with("//") { self.to(address) } else { address.to_owned() }
    }

    fn joined(&self, parts: &[&str]) -> String {
        let mut address =
            String::with_capacity(self.base.len() + parts.iter().map(|part| part.len()).sum::<usize>() + 32);
        address.push_str(&self.base);
        address.extend(parts.iter().copied());
        address
    }

    fn with_next(&self, path: &str, next: &str) -> String {
        if next.is_empty() {
            self.to(path)
        } else {
            format!("{}?next={}", self.to(path), utf8_percent_encode(next, QUERY))
        }
    }
}

/// Whether `next` is a path on this site: what a login may lead back to.
pub fn is_local_path(next: &str) -> bool {
    next.starts_with('/')
        && !next.starts_with("//")
        && next.len() <= 2_000
        && !next.chars().any(|c| c == '\\' || c.is_control() || c.is_whitespace())
}

/// One segment of a path, percent-encoded.
pub fn segment(text: &str) -> Cow<'_, str> {
    utf8_percent_encode(text, SEGMENT).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_path_stands_before_every_address() {
        let links = Links::from_public_url("https://Example.org:8443/blog/").unwrap();
        assert_eq!(links.origin(), Some("https://example.org:8443"));
        assert_eq!(
            links.post(&Slug::from_title("Мой пост").unwrap()),
            "/blog/posts/%D0%BC%D0%BE%D0%B9-%D0%BF%D0%BE%D1%81%D1%82"
        );
        assert_eq!(links.strip("/blog"), Some("/"));
        assert_eq!(links.strip("/blog/tag/x"), Some("/tag/x"));
        assert_eq!(links.strip("/blogger"), None);
        assert_eq!(links.given("/archive"), "/blog/archive");
        assert_eq!(links.given("https://example.com/"), "https://example.com/");
        assert_eq!(links.login("/blog/posts/x#comments"), "/blog/login?next=/blog/posts/x%23comments");
    }

    #[test]
    fn public_urls_that_would_break_links_are_refused() {
        for bad in [
            "",
            "example.org",
            "ftp://example.org",
            "https://",
            "https://a b",
            "https://x/../y",
            "https://x/a//b",
            "https://user@x",
            "https://x/?q",
        ] {
            assert!(Links::from_public_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_paths_of_this_site_are_local() {
        assert!(is_local_path("/posts/x?comments=2#comment-3"));
        for bad in ["", "posts", "//evil.example", "/\\evil.example", "https://evil.example", "/a b", "/a\nb"] {
            assert!(!is_local_path(bad), "{bad}");
        }
    }
}
