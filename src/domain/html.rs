//! Markup that is safe to print unescaped.

/// HTML made by the Markdown renderer or the sanitiser.
///
/// `Html::trusted` may be called only in `content` (which makes it) and in `store` (which reads
/// back what `content` made); `tests/it/architecture.rs` checks this.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Html(String);

impl Html {
    /// Declares that `markup` is safe. See the type's rule about who may call this.
    pub fn trusted(markup: String) -> Html {
        Html(markup)
    }

    /// The markup itself.
    pub fn into_string(self) -> String {
        self.0
    }

    /// The markup.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
