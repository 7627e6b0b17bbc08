//! Addresses of the pages on which administrators see to accounts.

use crate::domain::id::UserId;
use crate::domain::link::Links;

impl Links {
    pub fn admin_users(&self) -> String {
        self.to("/admin/users")
    }

    pub fn admin_user(&self, id: UserId) -> String {
        self.to(&format!("/admin/users/{id}"))
    }

    /// Where the form for somebody's new password posts to.
    pub fn admin_user_password(&self, id: UserId) -> String {
        self.to(&format!("/admin/users/{id}/password"))
    }

    /// Where the button that makes a link to a new password posts to.
    pub fn admin_user_reset(&self, id: UserId) -> String {
        self.to(&format!("/admin/users/{id}/reset"))
    }

    /// Where the buttons that end somebody's sessions and tokens post to.
    pub fn admin_user_revoke(&self, id: UserId) -> String {
        self.to(&format!("/admin/users/{id}/revoke"))
    }
}
