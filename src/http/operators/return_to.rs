//! Where to go after signing in: a path of ours, and never anywhere else.

use url::Url;

/// The longest path that is remembered.
const MOST_BYTES: usize = 1_000;

/// A path of ours, with its query; `/` for anything else.
pub(super) fn path(wanted: Option<&str>) -> String {
    wanted.filter(|wanted| is_ours(wanted)).unwrap_or("/").to_owned()
}

fn is_ours(wanted: &str) -> bool {
    // Browsers read `\` as `/`, drop tabs and line ends, and take `//` for another host.
    let odd = |c: char| c == '\\' || c.is_control();
    if !wanted.starts_with('/') || wanted.starts_with("//") || wanted.len() > MOST_BYTES || wanted.contains(odd) {
        return false;
    }
    let Ok(base) = Url::parse("https://ours.invalid/") else { return false };
    let sign_in = |path: &str| path == "/sign-in" || path.starts_with("/sign-in/") || path == "/sign-out";
    base.join(wanted).is_ok_and(|url| url.origin() == base.origin() && !sign_in(url.path()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_of_ours_is_returned_to() {
        for fine in ["/", "/inquiries?status=expired&after=2026-01-01", "/actions/1#attempts", "/a//b"] {
            assert_eq!(path(Some(fine)), fine);
        }
        for wrong in [
            "https://evil.example.net/",
            "//evil.example.net",
            "/\\evil.example.net",
            "\\\\evil.example.net",
            "/\t/evil.example.net",
            "/\n/evil.example.net",
            "javascript:alert(1)",
            "evil.example.net",
            "",
            " /",
            "/.//evil.example.net/../../sign-in",
            "/sign-in",
            "/sign-in/once/abc",
            "/sign-out",
            &format!("/{}", "x".repeat(1_000)),
        ] {
            assert_eq!(path(Some(wrong)), "/", "{wrong:?}");
        }
        assert_eq!(path(None), "/");
    }
}
