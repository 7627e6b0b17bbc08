//! Outlines of conversations follow what the writer commits, so that a comment costs the same in a long one.

use crate::store::fresh::Scope;
use crate::store::news::News;
use crate::store::reopen::Shared;
use std::sync::Arc;

/// Keeps the outlines in memory true that a commit only adds comments to. The writer calls it after the commit
/// and before it makes the commit known.
pub(in crate::store) fn follow(shared: &Shared, touched: &[Scope], news: &[News]) {
    for scope in touched {
        let Scope::Post(post) = scope else { continue };
        let Some((_, (number, outline))) = shared.outlines.remove(post) else { continue };
        if shared.fresh.changed_since(&[*scope], number) {
            continue;
        }
        let mut outline = Arc::unwrap_or_clone(outline);
        let mut of_post = news.iter().filter(|news| news.post() == *post).peekable();
        // A draft that goes with its conversation is no news.
        if of_post.peek().is_none() {
            continue;
        }
        let follows = of_post.try_for_each(|news| match *news {
            News::CommentWritten { thread, comment, .. } if outline.newest() < Some(comment) => {
                outline.push(thread, comment);
                Some(())
            }
            News::CommentWritten { .. } | News::CommentRemoved { .. } | News::PostHidden { .. } => None,
            _ => Some(()),
        });
        if follows.is_some() {
            shared.outlines.insert(*post, (shared.fresh.number() + 1, Arc::new(outline)));
        }
    }
}
