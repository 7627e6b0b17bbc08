//! Stand-in.
pub fn summary(text: &str) -> String {
    text.chars().take(280).collect()
}
