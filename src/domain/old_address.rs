//! The one form in which an old address is kept and looked up.

/// `/2024/05/owls` for `/2024/05/owls`, `/2024/05/owls/`, `/2024/05/owls.html` and
/// `/2024/05/owls/index.html`: static sites answer several of them with one page.
pub fn plain(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    let path = path.strip_suffix("/index.html").or_else(|| path.strip_suffix("/index.htm")).unwrap_or(path);
    let path = path.strip_suffix(".html").or_else(|| path.strip_suffix(".htm")).unwrap_or(path);
    if path.is_empty() { "/" } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn all_addresses_of_a_static_page_have_one_form() {
        for path in ["/a/b", "/a/b/", "/a/b.html", "/a/b.htm", "/a/b/index.html", "/a/b//"] {
            assert_eq!(plain(path), "/a/b", "{path}");
        }
        assert_eq!((plain("/"), plain("/index.html"), plain("")), ("/", "/", "/"));
        assert_eq!(plain("/index"), "/index");
    }

    proptest! {
        #[test]
        fn the_form_of_a_form_begins_with_a_slash(path in "(/[a-z.]{1,8}){0,4}(/|\\.html|/index\\.html)?") {
            prop_assert!(plain(&path).starts_with('/'));
        }
    }
}
