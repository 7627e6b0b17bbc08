//! In which media type a client wants its answer (RFC 9110, section 12.5.1).

use http::HeaderMap;
use http::header::ACCEPT;

/// The media types of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    /// `application/json`: the status is 200 whenever the body is a GraphQL response.
    Json,
    /// `application/graphql-response+json`: the status says how it went.
    GraphQl,
    /// `text/event-stream`: GraphQL over SSE, distinct connections.
    Events,
}

/// What is told to whoever accepts none of them.
pub const MEDIA_TYPES: &str = "application/graphql-response+json, application/json, text/event-stream";

impl Speaks {
    /// The value of `Content-Type`.
    pub fn media_type(self) -> &'static str {
        match self {
            Speaks::Json => "application/json; charset=utf-8",
            Speaks::GraphQl => "application/graphql-response+json; charset=utf-8",
            Speaks::Events => "text/event-stream; charset=utf-8",
        }
    }

    /// What the client likes best; of equals the first that it names, and `application/json` where it
    /// leaves the choice to us. `None`: nothing of ours will do.
    pub fn choose(headers: &HeaderMap) -> Option<Speaks> {
        if !headers.contains_key(ACCEPT) {
            return Some(Speaks::Json);
        }
        let fields = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let ranges: Vec<(String, f32)> = fields.flat_map(|field| field.split(',')).filter_map(range).collect();
        let mut best: Option<(Speaks, f32)> = None;
        for (name, _) in &ranges {
            for speaks in named(name) {
                // A range that names a type says more about it than a wider one.
                let weight = weight(&ranges, *speaks);
                if weight > best.map_or(0.0, |(_, weight)| weight) {
                    best = Some((*speaks, weight));
                }
            }
        }
        best.map(|(speaks, _)| speaks)
    }
}

fn weight(ranges: &[(String, f32)], speaks: Speaks) -> f32 {
    let exact = speaks.media_type().split(';').next().unwrap_or("");
    let family = format!("{}/*", exact.split('/').next().unwrap_or(""));
    let of = |wanted: &str| ranges.iter().find(|(name, _)| name == wanted).map(|(_, weight)| *weight);
    of(exact).or_else(|| of(&family)).or_else(|| of("*/*")).unwrap_or(0.0)
}

fn named(range: &str) -> &'static [Speaks] {
    match range {
        "*/*" | "application/*" => &[Speaks::Json, Speaks::GraphQl],
        "application/json" => &[Speaks::Json],
        "application/graphql-response+json" => &[Speaks::GraphQl],
        "text/event-stream" => &[Speaks::Events],
        _ => &[],
    }
}

/// A media range and its weight; one that is malformed is not accepted.
fn range(entry: &str) -> Option<(String, f32)> {
    let mut parts = entry.split(';').map(str::trim);
    let name = parts.next()?.to_ascii_lowercase();
    let mut weight = 1.0;
    for part in parts {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        match key.trim().to_ascii_lowercase().as_str() {
            "q" => weight = value.trim().parse().ok().filter(|weight| (0.0..=1.0).contains(weight))?,
            "charset" if !value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8") => return None,
            _ => {}
        }
    }
    Some((name, weight))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(accept: &str) -> Option<Speaks> {
        Speaks::choose(&HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]))
    }

    #[test]
    fn the_client_chooses_the_media_type() {
        assert_eq!(Speaks::choose(&HeaderMap::new()), Some(Speaks::Json));
        for (accept, speaks) in [
            ("*/*", Some(Speaks::Json)),
            ("application/json", Some(Speaks::Json)),
            ("application/graphql-response+json", Some(Speaks::GraphQl)),
            (
                "application/graphql-response+json; charset=utf-8, application/json; charset=utf-8",
                Some(Speaks::GraphQl),
            ),
            ("application/json, application/graphql-response+json", Some(Speaks::Json)),
            ("application/json;q=0.5, application/graphql-response+json", Some(Speaks::GraphQl)),
            ("text/event-stream", Some(Speaks::Events)),
            ("text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8", Some(Speaks::Json)),
            ("application/json;q=0, */*", Some(Speaks::GraphQl)),
            ("text/html", None),
            ("application/json; charset=iso-8859-1", None),
            ("application/json;q=2", None),
            ("", None),
        ] {
            assert_eq!(chosen(accept), speaks, "{accept}");
        }
    }
}
