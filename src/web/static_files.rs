//! What the binary carries, under `/assets/` and at the few addresses that browsers guess.

use crate::assets;
use crate::error::{Error, Result};
use crate::service::off_the_loop;
use crate::web::Site;
use crate::web::encoding;
use crate::web::request::Req;
use crate::web::response::Res;
use crate::web::variants::{About, Variants};
use bytes::Bytes;
use quick_cache::DefaultHashBuilder;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// Made once for each release, so made as small as can be.
const QUALITY: u32 = 11;

/// Every file by its path below the base path.
pub struct StaticFiles(HashMap<&'static str, Variants, DefaultHashBuilder>);

impl StaticFiles {
    /// All of the bundle; codes nothing yet.
    pub fn new() -> StaticFiles {
        let hashed = assets::all()
            .values()
            .map(|asset| (asset.url.as_str(), variants(asset, "public, max-age=31536000, immutable")));
        let icon =
            assets::by_name("favicon.ico").map(|asset| ("/favicon.ico", variants(asset, "public, max-age=86400")));
        StaticFiles(hashed.chain(icon).collect())
    }

    /// The file at a path. Nothing is looked up on the disk, so there is nothing to traverse.
    pub fn get(&self, path: &str) -> Option<&Variants> {
        self.0.get(path)
    }
}

impl Default for StaticFiles {
    fn default() -> StaticFiles {
        StaticFiles::new()
    }
}

/// A file that the fast path of the pipeline did not have in the right coding yet.
pub async fn show(site: Arc<Site>, req: Req) -> Result<Res> {
    let variants = site.files.get(&req.path).ok_or(Error::NotFound("file"))?;
    let encoding = encoding::choose(&req.headers);
    Ok(off_the_loop(|| variants.make(encoding)).respond(&req.headers))
}

fn variants(asset: &'static assets::Asset, cache_control: &'static str) -> Variants {
    let bytes = match &asset.bytes {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::copy_from_slice(bytes),
    };
    Variants::new(
        bytes,
        About { media_type: asset.media_type, cache_control, vary: "Accept-Encoding", quality: QUALITY },
    )
}
