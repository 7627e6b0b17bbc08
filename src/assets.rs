//! Files in the binary and their hashed addresses.

use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/assets"]
struct Bundle;

/// The address of a bundled file, without the base path; it changes whenever the file does.
pub fn url(name: &str) -> String {
    match (Bundle::get(name), name.rsplit_once('.')) {
        (Some(file), Some((stem, ending))) => {
            let hash: String = file.metadata.sha256_hash().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
            format!("/assets/{stem}.{hash}.{ending}")
        }
        _ => format!("/assets/{name}"),
    }
}
