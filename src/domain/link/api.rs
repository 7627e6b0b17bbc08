//! Addresses of the APIs.

use crate::domain::id::{CommentId, TokenId};
use crate::domain::link::{Links, segment};
use crate::domain::media::MediaId;
use crate::domain::post::{Kind, PostHead};
use crate::domain::slug::Slug;
use crate::domain::user::Username;

impl Links {
    /// Below which all of it lives.
    pub fn api(&self) -> String {
        self.to("/api/v1")
    }

    /// Where the GraphQL API is asked.
    pub fn graphql(&self) -> String {
        self.to("/graphql")
    }

    /// A post or a page.
    pub fn api_content(&self, head: &PostHead) -> String {
        let noun = if head.kind == Kind::Post { "posts" } else { "pages" };
        format!("{}/{noun}/{}", self.api(), segment(head.slug.as_str()))
    }

    pub fn api_comment(&self, post: &Slug, id: CommentId) -> String {
        format!("{}/posts/{}/comments/{id}", self.api(), segment(post.as_str()))
    }

    pub fn api_category(&self, slug: &Slug) -> String {
        format!("{}/categories/{}", self.api(), segment(slug.as_str()))
    }

    pub fn api_media(&self, id: MediaId) -> String {
        format!("{}/media/{id}", self.api())
    }

    pub fn api_user(&self, username: &Username) -> String {
        format!("{}/users/{}", self.api(), segment(username.as_str()))
    }

    /// Where whoever asks is signed in.
    pub fn api_session(&self) -> String {
        format!("{}/sessions/current", self.api())
    }

    pub fn api_token(&self, id: TokenId) -> String {
        format!("{}/me/tokens/{id}", self.api())
    }
}
