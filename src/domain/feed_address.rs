//! Where other blog programs have their feeds.

/// Paths below the base path: Ghost, Hexo, Hugo, Jekyll, Pelican, WordPress,
/// Blogger, Docusaurus, Eleventy. Readers of a blog that moved here still ask for them.
const ELSEWHERE: &[&str] = &[
    "atom",
    "atom.xml",
    "blog/atom.xml",
    "blog/feed",
    "blog/feed.xml",
    "blog/index.xml",
    "blog/rss.xml",
    "feed",
    "feed.atom",
    "feed.rss",
    "feed/atom",
    "feed/atom.xml",
    "feed/feed.xml",
    "feed/index.xml",
    "feed/rss",
    "feed/rss.xml",
    "feed/rss2",
    "feeds/all.atom.xml",
    "feeds/all.rss.xml",
    "feeds/atom.xml",
    "feeds/posts/default",
    "feeds/rss.xml",
    "index.atom",
    "index.rss",
    "index.xml",
    "post/index.xml",
    "rss",
    "rss.xml",
    "rss/feed.xml",
    "rss/index.xml",
    "rss2.xml",
];

/// Whether other programs have their feed at this path, which is written without slashes around it.
pub fn is_elsewhere(path: &str) -> bool {
    ELSEWHERE.contains(&path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_feeds_are_not_elsewhere() {
        for own in ["feed.xml", "feed.json", "", "/feed", "feed/"] {
            assert!(!is_elsewhere(own), "{own}");
        }
        assert!(is_elsewhere("feed") && is_elsewhere("feeds/all.atom.xml"));
    }
}
