//! Where things are: the database and the web addresses we call, none of which may give a password away.

use std::fmt;

use url::{Host, Url};

/// Which database a URL names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseKind {
    /// One file.
    Sqlite,
    /// A server.
    Postgres,
}

/// Where the database is. `Display` and `Debug` leave the password out; [`DatabaseUrl::expose`] doesn't.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    kind: DatabaseKind,
    text: String,
}

impl DatabaseUrl {
    /// Reads `sqlite://file` or `postgres://user:password@host/name`.
    ///
    /// # Errors
    /// What is wrong with it, worded to follow the key; the text itself isn't quoted.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let kind = if let Some(file) = text.strip_prefix("sqlite://") {
            if file.split('?').next().is_none_or(str::is_empty) {
                return Err(
                    "names no file; write it like \"sqlite://rekindle.db\" or \"sqlite:///var/lib/rekindle.db\"",
                );
            }
            if file.contains(":memory:") || file.contains("mode=memory") {
                return Err("is kept in memory and would be lost with the process; name a file");
            }
            DatabaseKind::Sqlite
        } else if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            // A socket's folder may stand in the query instead of a host.
            if Url::parse(text).is_err() {
                return Err("is no valid URL; write it like \"postgres://user:password@host/name\", \
                            with special characters of the password percent-encoded");
            }
            DatabaseKind::Postgres
        } else {
            return Err("is no database we know; use \"sqlite://…\" or \"postgres://…\"");
        };
        Ok(Self { kind, text: text.to_owned() })
    }

    /// Which database it is.
    pub const fn kind(&self) -> DatabaseKind {
        self.kind
    }

    /// The URL with its password, for opening the database.
    pub fn expose(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind, Url::parse(&self.text)) {
            (DatabaseKind::Postgres, Ok(url)) => f.write_str(&without_password(url)),
            (DatabaseKind::Postgres, Err(_)) => f.write_str("postgres://…"),
            (DatabaseKind::Sqlite, _) => f.write_str(&self.text),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

fn without_password(mut url: Url) -> String {
    if url.password().is_some() && url.set_password(Some("***")).is_err() {
        return "postgres://…".to_owned();
    }
    if url.query_pairs().any(|(key, _)| key == "password") {
        let pairs: Vec<(String, String)> = url
            .query_pairs()
            .map(|(key, value)| (key.to_string(), if key == "password" { "***".into() } else { value.to_string() }))
            .collect();
        url.query_pairs_mut().clear().extend_pairs(pairs);
    }
    url.to_string()
}

/// Reads the address of something we send secrets or people's links to: `https`, or `http` to this machine.
pub(super) fn web(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "is no URL; write it like \"https://app.example.com/rekindle\"")?;
    let host = url.host().ok_or("names no host; write it like \"https://app.example.com/rekindle\"")?;
    if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(&host)) {
        return Err("must begin with https://; http:// is only for this machine (localhost, 127.0.0.1, [::1])");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds a user name or password; leave them out");
    }
    if url.fragment().is_some() {
        return Err("holds a # part, which is never sent; leave it out");
    }
    Ok(url)
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// Scheme, host and port; paths and queries of a webhook's address may be secrets of their own.
pub(super) fn origin(url: &Url) -> String {
    let rest = if url.path() == "/" && url.query().is_none() { "" } else { "/…" };
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{}://{host}:{port}{rest}", url.scheme()),
        (Some(host), None) => format!("{}://{host}{rest}", url.scheme()),
        (None, _) => format!("{}:…", url.scheme()),
    }
}

/// What may be shown of a text that was meant to be an address.
pub(super) fn shown(text: &str) -> String {
    match Url::parse(text) {
        Ok(url) => format!("{:?}", origin(&url)),
        Err(_) => format!("a {}-character text", text.chars().count()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_url_never_shows_its_password() {
        for (text, shown) in [
            ("postgres://ada:pa%20ss@db.example.com:5432/rekindle", "postgres://ada:***@db.example.com:5432/rekindle"),
            ("postgresql://db/rekindle?user=ada&password=pass", "postgresql://db/rekindle?user=ada&password=***"),
            ("postgres:///rekindle?host=/run/postgresql", "postgres:///rekindle?host=/run/postgresql"),
            ("sqlite://rekindle.db", "sqlite://rekindle.db"),
        ] {
            let url = DatabaseUrl::parse(text).unwrap();
            assert_eq!(url.to_string(), shown);
            assert_eq!(format!("{url:?}"), format!("DatabaseUrl({shown})"));
            assert_eq!(url.expose(), text);
        }
    }

    #[test]
    fn refuses_what_is_no_database() {
        for text in [
            "",
            "mysql://db/x",
            "rekindle.db",
            "sqlite://",
            "sqlite://?mode=rwc",
            "sqlite://:memory:",
            "postgres://:x@/",
        ] {
            assert!(DatabaseUrl::parse(text).is_err(), "{text:?} is none");
        }
    }

    #[test]
    fn only_this_machine_is_spoken_to_in_the_clear() {
        for text in ["https://app.example.com/x", "http://localhost:3000/x", "http://127.0.0.2/x", "http://[::1]:3000/"]
        {
            assert!(web(text).is_ok(), "{text}: {:?}", web(text));
        }
        for text in [
            "http://app.example.com/x",
            "http://10.0.0.1/x",
            "http://localhost.example.com",
            "https://ada:pass@app.example.com",
            "https://app.example.com/#x",
            "ftp://localhost/",
            "app.example.com",
            "mailto:ada@example.com",
        ] {
            assert!(web(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_address_is_shown_without_its_path() {
        assert_eq!(shown("https://hooks.example.com/T0/secret?key=1"), "\"https://hooks.example.com/…\"");
        assert_eq!(shown("https://ada:pass@app.example.com:8443"), "\"https://app.example.com:8443\"");
        assert_eq!(shown("no url: secret"), "a 14-character text");
    }
}
