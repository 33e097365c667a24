//! Why somebody's identity is not known.

/// Why the provider could not tell who somebody is. Nothing here holds a code, a token or a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OidcError {
    /// The client could not be made.
    #[error("TLS can't be set up on this machine; install its CA certificates (package ca-certificates): {0}")]
    Tls(String),
    /// It did not answer, or not in time.
    #[error("the provider's {0} does not answer; is issuer right, and can this machine reach it?")]
    Unreachable(&'static str),
    /// It answered something else than it should.
    #[error("the provider's {part} answered {status}")]
    Refused {
        /// Which part of it.
        part: &'static str,
        /// The status.
        status: u16,
    },
    /// What it answered is not what it should be.
    #[error("the provider's {0} can't be understood")]
    Unreadable(&'static str),
    /// Its discovery document is somebody else's.
    #[error("the provider calls itself {found:?}; set issuer to exactly that, if it is the one you mean")]
    OtherIssuer {
        /// What it says.
        found: String,
    },
    /// It would send people, or our secret, somewhere in the clear.
    #[error("the provider's {0} is no https address")]
    InTheClear(&'static str),
    /// The ID token is not good.
    #[error("the provider's ID token is not good: {0}")]
    Token(&'static str),
    /// Somebody else answered in its place.
    #[error("the answer is another provider's")]
    MixedUp,
    /// The system gave no random numbers.
    #[error("the system gives no random numbers")]
    NoRandomness,
}
