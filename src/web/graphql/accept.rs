//! In which media type a client wants its answer (RFC 9110, section 12.5.1).

use crate::web::accept;
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
        let weight = |speaks: Speaks| accept::weight(headers, speaks.essence());
        let place = |speaks: Speaks| accept::ranges(headers).position(|(range, _)| speaks.is_named(range));
        let liked = [Speaks::Json, Speaks::GraphQl, Speaks::Events].into_iter();
        let liked = liked.filter_map(|speaks| Some((weight(speaks), place(speaks)?, speaks)));
        let liked = liked.filter(|(weight, ..)| *weight > 0.0);
        let best = liked.min_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
        best.map(|(.., speaks)| speaks)
    }

    /// The media type without its parameters.
    fn essence(self) -> &'static str {
        self.media_type().split(';').next().unwrap_or("")
    }

    /// Events come to those alone who ask for them.
    fn is_named(self, range: &str) -> bool {
        let wide = ["*", "*/*", "application/*"].iter().any(|wide| range.eq_ignore_ascii_case(wide));
        range.eq_ignore_ascii_case(self.essence()) || (wide && self != Speaks::Events)
    }
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
            ("text/*", None),
            ("Application/JSON;q=0.5, application/*;q=0.4, */*;q=0.1", Some(Speaks::Json)),
            ("text/event-stream;q=0.5, application/json;q=0.5", Some(Speaks::Events)),
            ("application/json;q=0, application/graphql-response+json;q=0, */*", None),
            ("", None),
        ] {
            assert_eq!(chosen(accept), speaks, "{accept}");
        }
    }
}
