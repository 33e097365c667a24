//! What a provider says of itself (<https://openid.net/specs/openid-connect-discovery-1_0.html>).

use serde::Deserialize;
use url::Url;

use super::error::OidcError;
use crate::tls;

/// The part of a discovery document that matters here.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Document {
    issuer: String,
    pub(super) authorization_endpoint: Url,
    pub(super) token_endpoint: Url,
    pub(super) jwks_uri: Url,
    #[serde(default)]
    pub(super) userinfo_endpoint: Option<Url>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// Whether it says who it is when somebody comes back (<https://www.rfc-editor.org/rfc/rfc9207>).
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
}

impl Document {
    /// Checks that it is this issuer's, and that everything it leads to is private.
    pub(super) fn checked(self, issuer: &str) -> Result<Self, OidcError> {
        if self.issuer != issuer {
            return Err(OidcError::OtherIssuer { found: self.issuer });
        }
        let parts = [
            ("authorization endpoint", Some(&self.authorization_endpoint)),
            ("token endpoint", Some(&self.token_endpoint)),
            ("key set", Some(&self.jwks_uri)),
            ("userinfo endpoint", self.userinfo_endpoint.as_ref()),
        ];
        for (part, url) in parts {
            if url.is_some_and(|url| !tls::is_private(url)) {
                return Err(OidcError::InTheClear(part));
            }
        }
        Ok(self)
    }

    /// Whether our secret goes into the form instead of a header: only where the header is not taken.
    pub(super) fn secret_in_form(&self) -> bool {
        let takes = |method: &str| {
            let methods = self.token_endpoint_auth_methods_supported.as_ref();
            // Without the list the header is what every provider takes.
            methods.map_or(method == "client_secret_basic", |all| all.iter().any(|one| one == method))
        };
        !takes("client_secret_basic") && takes("client_secret_post")
    }
}

/// Where the discovery document of an issuer is.
pub(super) fn address(issuer: &str) -> Option<Url> {
    format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/')).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(issuer: &str, endpoint: &str, methods: Option<&[&str]>) -> Document {
        serde_json::from_value(serde_json::json!({
            "issuer": issuer, "authorization_endpoint": endpoint, "token_endpoint": endpoint, "jwks_uri": endpoint,
            "token_endpoint_auth_methods_supported": methods,
        }))
        .unwrap()
    }

    #[test]
    fn a_document_is_its_issuers_and_leads_nowhere_in_the_clear() {
        let (issuer, fine) = ("https://id.example.com", "https://id.example.com/x");
        assert!(document(issuer, fine, None).checked(issuer).is_ok());
        let other = document("https://id.example.com/", fine, None).checked(issuer);
        assert_eq!(other.unwrap_err(), OidcError::OtherIssuer { found: "https://id.example.com/".to_owned() });
        let clear = document(issuer, "http://id.example.com/x", None).checked(issuer);
        assert_eq!(clear.unwrap_err(), OidcError::InTheClear("authorization endpoint"));
    }

    #[test]
    fn the_secret_goes_into_the_form_only_where_it_must() {
        let in_form = |methods| document("https://a.example", "https://a.example", methods).secret_in_form();
        assert!(!in_form(None));
        assert!(!in_form(Some(&["client_secret_post", "client_secret_basic"])));
        assert!(in_form(Some(&["client_secret_post"])));
        assert!(!in_form(Some(&["private_key_jwt"])));
    }

    #[test]
    fn the_document_is_behind_the_issuers_path() {
        for issuer in ["https://id.example.com/realms/a", "https://id.example.com/realms/a/"] {
            let address = address(issuer).unwrap();
            assert_eq!(address.as_str(), "https://id.example.com/realms/a/.well-known/openid-configuration");
        }
    }
}
