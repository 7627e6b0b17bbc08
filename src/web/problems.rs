//! Every kind of problem with a page of its own, to which the `type` of a problem document leads.

use crate::error::{Error, Result};
use crate::service::Scope;
use crate::view;
use crate::view::problem::Problem;
use crate::web::Site;
use crate::web::cache;
use crate::web::framed::framed;
use crate::web::problem::{self, Refusal};
use crate::web::request::{Req, RequestId};
use crate::web::response;
use crate::web::response::Res;
use std::sync::Arc;
use std::time::Duration;

/// What one kind means and what to do about it.
pub async fn show(site: Arc<Site>, req: Req) -> Result<Res> {
    cache::get_or_render(&site, &req, &[], |txn| {
        let code = req.param("code")?;
        let kind = kinds().into_iter().find(|kind| kind.code == code).ok_or(Error::NotFound("page"))?;
        let page = framed(&site, &req, txn, &[], |frame| view::problem::show(frame, &kind))?;
        Ok(response::page(page, vec![Scope::Frame], None))
    })
    .await
}

/// Every kind of problem, by status.
pub fn kinds() -> Vec<Problem> {
    let errors = [
        Error::NotFound("thing"),
        Error::Invalid(Vec::new()),
        Error::Conflict(""),
        Error::Unauthenticated,
        Error::Forbidden,
        Error::ScopeMissing(""),
        Error::SessionNeeded,
        Error::Stale(""),
        Error::KeyReused,
        Error::TooLarge(0),
        Error::Malformed(""),
        Error::TooSlow,
        Error::RateLimited(Duration::ZERO),
        Error::Busy,
        Error::Unavailable,
        Error::NoSpace,
    ];
    let refusals = [
        Refusal::LongAddress,
        Refusal::LongHead,
        Refusal::Method(String::new()),
        Refusal::OtherSite,
        Refusal::NotAcceptable(""),
        Refusal::BadToken,
        Refusal::TokenInAddress,
        Refusal::NoPrecondition,
        Refusal::MediaType(String::new()),
    ];
    let told =
        errors.iter().map(|error| problem::verdict(error, RequestId(0))).chain(refusals.iter().map(problem::refused));
    // An internal error is logged when it is told, so it is not told for the sake of the list.
    let told = told.map(|told| (told.code, told.status.as_u16(), told.title));
    let internal = (problem::INTERNAL.0, 500, problem::INTERNAL.1);
    let kind = |(code, status, title)| Problem { code, status, title, about: about(code) };
    let mut kinds: Vec<Problem> = told.chain([internal]).map(kind).collect();
    kinds.sort_by_key(|kind| (kind.status, kind.code));
    kinds
}

/// What it means and what to do, for whoever writes a program.
fn about(code: &str) -> &'static str {
    match code {
        "malformed" => {
            "The request cannot be read: its body is not what its `Content-Type` says, or its head is broken. `detail` says \
             where. Sent again as it is, it will fail again."
        }
        "token-in-address" => {
            "A token stood in the address, where logs and histories keep it. Send it as `Authorization: Bearer …`, and revoke \
             the one that was sent."
        }
        "unauthenticated" => {
            "Nobody is signed in, and somebody has to be. Send a token as `Authorization: Bearer …`, or the cookie of a session."
        }
        "bad-token" => {
            "The token is unknown, revoked or at its end. Make a new one in the account settings or with `pamphlet user token`."
        }
        "forbidden" => "It is known who asks, and their role is not for this. An administrator can give them another.",
        "scope-missing" => {
            "The role of whoever asks may be for this, and the token is not. `WWW-Authenticate` names the scope that it lacks; \
             scopes are chosen when a token is made."
        }
        "session-needed" => {
            "No token may do this: it is about passwords, sessions or tokens, or makes somebody an administrator. Sign in \
             with `POST /api/v1/sessions` and send the cookie."
        }
        "other-site" => {
            "A browser sent this with the cookie of a session from a page of another site, so nothing was changed. A program \
             sends a token, or `Sec-Fetch-Site: same-origin`. Behind a proxy, the public URL has to be set."
        }
        "not-found" => {
            "There is nothing at this address, or nothing that whoever asks may know of: a draft is there only for those who \
             may read it. Check the address, and whether a token is needed."
        }
        "method-not-allowed" => "The address is there and knows other methods; `Allow` lists them.",
        "not-acceptable" => "What this address answers with is not what `Accept` names; `detail` says what there is.",
        "too-slow" => "The body did not arrive in time. Send it again, over a better line.",
        "conflict" => {
            "The request is fine by itself, and what is stored refuses it: comments are closed, say, or this is the last \
             administrator. Read what is there now and decide anew."
        }
        "stale" => {
            "Somebody changed it since it was read, so nothing was done. Read it again, and send its new `ETag` in \
             `If-Match` (GraphQL: its `version` or `etag`)."
        }
        "too-large" => {
            "The body, or the answer that was asked for, is larger than it may be; `detail` names the limit."
        }
        "head-too-large" => {
            "The header fields of a request are 32 KiB at most, and 100 of them. Cookies are often what is large."
        }
        "address-too-long" => "The address is longer than any there is: 8 KiB at most. Long values belong in a body.",
        "media-type" => {
            "The body is of a kind that this address does not read; `Accept` in the answer lists those that it does."
        }
        "invalid" => {
            "The request was read, and something in it is not as it has to be; nothing was changed. `errors` names every \
             field at fault with what to do: a member by its way (`navigation[2].label`), a parameter or a header."
        }
        "key-reused" => {
            "This `Idempotency-Key` came with another request within 24 hours. A key stands for one request: make up a new \
             one for each, and send the same one only to repeat it."
        }
        "precondition-required" => {
            "What is changed has a version, and `If-Match` has to name it: the `ETag` with which it was read, or `*` for \
             whatever is there."
        }
        "rate-limited" => "There were too many requests or attempts. `Retry-After` says when to come back.",
        "internal" => {
            "Something broke on this side. Whoever runs the blog finds the cause in its log under `request_id`. What was \
             asked for may be tried again, with the same `Idempotency-Key` if it makes something."
        }
        "busy" => "There is too much to do at the moment, and nothing was done. `Retry-After` says when to come back.",
        "unavailable" => {
            "The blog cannot save things at the moment; reading goes on. `Retry-After` says when to come back."
        }
        "no-space" => "The disk is almost full, so that nothing can be added; reading and deleting go on.",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_there_once_and_says_what_to_do() {
        let kinds = kinds();
        assert!(kinds.iter().all(|kind| kind.about.ends_with('.') && kind.status >= 400));
        let mut codes: Vec<&str> = kinds.iter().map(|kind| kind.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), kinds.len());
    }
}
