//! Every address of the site, one line each.

use crate::web::health;
use crate::web::router::Route;
use crate::web::router::Surface::Feed;
use crate::web::static_files;
use http::Method;

/// The table. Patterns are below the base path.
pub fn table() -> Vec<Route> {
    vec![
        // What the binary carries
        Route::new(Method::GET, "/assets/{name}", Feed, static_files::show),
        Route::new(Method::GET, "/favicon.ico", Feed, static_files::show),
        // Health
        Route::new(Method::GET, "/healthz", Feed, health::alive),
        Route::new(Method::GET, "/readyz", Feed, health::ready),
    ]
}
