//! Films, posts and sounds of other services: what an embedded one is called, and where it can be seen.

use crate::content::address;

/// An embedded thing as a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Embedded {
    pub words: String,
    pub address: String,
}

fn embedded(words: impl Into<String>, address: impl Into<String>) -> Embedded {
    Embedded { words: words.into(), address: address.into() }
}

/// What a tag such as `youtube` with these values shows.
pub fn named(name: &str, values: &[&str]) -> Option<Embedded> {
    let first = *values.first()?;
    if address::is_external(first) {
        return Some(at(first));
    }
    let is_id =
        !first.is_empty() && first.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/' | '.'));
    let path = values.iter().map(|value| value.trim_matches('/')).collect::<Vec<_>>().join("/");
    let bare = name.replace(['-', '_'], "");
    if bare == "gist" {
        return is_id.then(|| embedded(format!("Gist {path}"), format!("https://gist.github.com/{path}")));
    }
    if !is_id {
        return None;
    }
    Some(match bare.as_str() {
        "youtube" | "yt" | "youtubeplayer" | "youtubelite" | "liteyoutube" | "youtubeenhanced" => {
            embedded("Video on YouTube", format!("https://www.youtube.com/watch?v={first}"))
        }
        "vimeo" | "vimeosimple" => embedded("Video on Vimeo", format!("https://vimeo.com/{first}")),
        "bilibili" => embedded("Video on Bilibili", format!("https://www.bilibili.com/video/{first}")),
        "dailymotion" => embedded("Video on Dailymotion", format!("https://www.dailymotion.com/video/{first}")),
        "asciinema" => embedded("Recording on asciinema", format!("https://asciinema.org/a/{first}")),
        "tweet" | "twitter" | "x" | "twittersimple" | "xsimple" => match values {
            [user, id, ..] => embedded(format!("Post on X by {user}"), format!("https://x.com/{user}/status/{id}")),
            _ => embedded("Post on X", format!("https://x.com/i/status/{first}")),
        },
        "tweetsingle" => embedded("Post on X", format!("https://x.com/{}", path.replacen('/', "/status/", 1))),
        "instagram" | "instagramsimple" => {
            embedded("Post on Instagram", format!("https://www.instagram.com/p/{first}/"))
        }
        "codepen" => match values {
            [user, id, ..] => embedded("Example on CodePen", format!("https://codepen.io/{user}/pen/{id}")),
            _ => embedded("Example on CodePen", format!("https://codepen.io/pen/{first}")),
        },
        "jsfiddle" => embedded("Example on JSFiddle", format!("https://jsfiddle.net/{path}")),
        "spotify" => embedded("Listen on Spotify", format!("https://open.spotify.com/{path}")),
        "speakerdeck" => embedded("Slides on Speaker Deck", format!("https://speakerdeck.com/{path}")),
        "github" => embedded(path.clone(), format!("https://github.com/{path}")),
        _ => return None,
    })
}

/// What a frame or script of this address shows.
pub fn at(source: &str) -> Embedded {
    let source = source.trim();
    let absolute = if source.starts_with("//") { format!("https:{source}") } else { source.to_owned() };
    let rest = absolute.split_once("://").map_or("", |(_, rest)| rest);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.strip_prefix("www.").unwrap_or(host);
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let id = |prefix: &str| {
        let id = path.strip_prefix(prefix)?.split(['/', '#']).next()?;
        (!id.is_empty()).then(|| id.to_owned())
    };
    let asked = |name: &str| {
        let value =
            query.split('&').find_map(|pair| pair.trim_start_matches("amp;").strip_prefix(name)?.strip_prefix('='));
        value.filter(|value| !value.is_empty()).map(str::to_owned)
    };
    let found = match host {
        "youtube.com" | "youtube-nocookie.com" | "m.youtube.com" if path == "embed/videoseries" => {
            asked("list").map(|id| embedded("Videos on YouTube", format!("https://www.youtube.com/playlist?list={id}")))
        }
        "youtube.com" | "youtube-nocookie.com" | "m.youtube.com" => id("embed/")
            .or_else(|| id("v/"))
            .or_else(|| id("shorts/"))
            .or_else(|| asked("v"))
            .and_then(|id| named("youtube", &[&id])),
        "youtu.be" => id("").and_then(|id| named("youtube", &[&id])),
        "player.vimeo.com" => id("video/").and_then(|id| named("vimeo", &[&id])),
        "vimeo.com" => id("").and_then(|id| named("vimeo", &[&id])),
        "player.bilibili.com" => asked("bvid").and_then(|id| named("bilibili", &[&id])).or_else(|| {
            asked("aid").map(|id| embedded("Video on Bilibili", format!("https://www.bilibili.com/video/av{id}")))
        }),
        "gist.github.com" => {
            let gist = path.strip_suffix(".js").unwrap_or(path);
            (!gist.is_empty()).then(|| named("gist", &[gist])).flatten()
        }
        "asciinema.org" => id("a/").and_then(|id| named("asciinema", &[id.strip_suffix(".js").unwrap_or(&id)])),
        "open.spotify.com" => path.strip_prefix("embed/").and_then(|path| named("spotify", &[path])),
        "codepen.io" if path.contains("/embed/") => {
            let path = path.replacen("/embed/preview/", "/pen/", 1).replacen("/embed/", "/pen/", 1);
            Some(embedded("Example on CodePen", format!("https://codepen.io/{path}")))
        }
        "x.com" | "twitter.com" => Some(embedded("Post on X", absolute.clone())),
        "instagram.com" => Some(embedded("Post on Instagram", absolute.clone())),
        _ => None,
    };
    found.unwrap_or_else(|| embedded(if host.is_empty() { source } else { host }, absolute.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embedded_things_lead_to_where_they_can_be_seen() {
        let film = "https://www.youtube.com/watch?v=abcdefghijk";
        for source in [
            "https://www.youtube.com/embed/abcdefghijk?rel=0",
            "//www.youtube-nocookie.com/embed/abcdefghijk",
            "https://youtu.be/abcdefghijk?t=1",
            "https://m.youtube.com/watch?x=1&amp;v=abcdefghijk",
        ] {
            assert_eq!(at(source), embedded("Video on YouTube", film), "{source}");
        }
        assert_eq!(at("https://player.vimeo.com/video/1?x=1").address, "https://vimeo.com/1");
        assert_eq!(
            at("//player.bilibili.com/player.html?bvid=BV1x&page=1").address,
            "https://www.bilibili.com/video/BV1x"
        );
        assert_eq!(at("https://gist.github.com/ada/01.js"), embedded("Gist ada/01", "https://gist.github.com/ada/01"));
        assert_eq!(at("https://maps.example.org/x?y"), embedded("maps.example.org", "https://maps.example.org/x?y"));
        assert_eq!(at("/demo.html"), embedded("/demo.html", "/demo.html"));
        assert_eq!(at(""), embedded("", ""));
    }

    #[test]
    fn tags_name_them_by_number() {
        let address = |name, values: &[&str]| named(name, values).map(|embedded| embedded.address);
        assert_eq!(address("youtube", &["a-b_c"]).as_deref(), Some("https://www.youtube.com/watch?v=a-b_c"));
        assert_eq!(address("gist", &["ada", "01"]).as_deref(), Some("https://gist.github.com/ada/01"));
        assert_eq!(address("tweet", &["ada", "1"]).as_deref(), Some("https://x.com/ada/status/1"));
        assert_eq!(address("x", &["1"]).as_deref(), Some("https://x.com/i/status/1"));
        assert_eq!(address("youtube", &["a b"]), None);
        assert_eq!(address("nothing", &["a"]), None);
        assert_eq!(address("youtube", &[]), None);
    }
}
