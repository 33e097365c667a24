//! Signing in by the OpenID provider: begun in a browser, ended in the same one, once.

use jiff::SignedDuration;
use secrecy::SecretString;
use subtle::ConstantTimeEq;
use tracing::warn;

use super::sessions::SignInError;
use crate::app::App;
use crate::clock::Clock;
use crate::config::SignIn;
use crate::domain::act::Role;
use crate::domain::operator::{How, Operator};
use crate::oidc::{Browser, Identity, OidcError, Provider, ProviderSettings, Returned};
use crate::storage::StorageError;
use crate::storage::operators::sign_ins::Pending;
use sha2::{Digest, Sha256};

/// How long somebody may take at the provider.
const PATIENCE: SignedDuration = SignedDuration::from_mins(10);

/// The most sign-ins under way at one time: whoever begins them without end fills no disk.
const MOST_PENDING: u32 = 10_000;

/// A sign-in that begins at the provider.
#[derive(Debug)]
pub struct ProviderSignIn {
    /// Where to send the browser.
    pub address: String,
    /// What its cookie is to hold meanwhile, and how long.
    pub cookie: SecretString,
    /// How long that may take.
    pub patience: SignedDuration,
}

/// Why nobody is signed in by the provider.
#[derive(Debug, thiserror::Error)]
pub enum ProviderSignInError {
    /// No provider is configured.
    #[error("there is no provider here; sign in with a token")]
    NoProvider,
    /// So many sign-ins are under way that no other may begin.
    #[error("too many sign-ins are under way; try again in a few minutes")]
    TooMany,
    /// It came back too late, a second time, or to another browser.
    #[error("this sign-in is over, or was begun in another browser; begin anew")]
    Over,
    /// The provider knows them, and none of their groups has a role here.
    #[error("your organization knows you, but none of your groups has a role here; ask an administrator of Rekindle")]
    NoRole,
    /// The provider's answer is not good; the reason is for the log.
    #[error("the provider's answer could not be used; try again, and see the log if it stays so")]
    Provider(#[source] OidcError),
    /// The session could not begin.
    #[error(transparent)]
    SignIn(#[from] SignInError),
}

impl App {
    /// Begins a sign-in at the provider, after which the browser is to be led to `return_to`.
    ///
    /// # Errors
    /// [`ProviderSignInError`].
    pub async fn begin_provider_sign_in(&self, return_to: &str) -> Result<ProviderSignIn, ProviderSignInError> {
        let provider = self.provider()?;
        let browser = Browser::make().map_err(ProviderSignInError::Provider)?;
        let begun = provider.begin(&browser).await.map_err(ProviderSignInError::Provider)?;
        let now = self.clock().now();
        let pending =
            Pending { browser_hash: browser.hash(), return_to: return_to.to_owned(), expires_at: now.plus(PATIENCE) };
        let added = async {
            let mut tx = self.database().begin().await?;
            tx.forget_sign_ins(now).await?;
            let added = tx.add_pending(&hash(&begun.state), &pending, MOST_PENDING).await?;
            tx.commit().await?;
            Ok::<_, StorageError>(added)
        };
        if !added.await.map_err(SignInError::from)? {
            return Err(ProviderSignInError::TooMany);
        }
        let cookie = browser.secret().clone();
        Ok(ProviderSignIn { address: begun.address.to_string(), cookie, patience: PATIENCE })
    }

    /// Ends a sign-in that came back, whatever becomes of it: the cookie of the session that begins, and where to lead
    /// the browser. `pending` is the cookie that the sign-in began with, `before` the one of an older session.
    ///
    /// # Errors
    /// [`ProviderSignInError`].
    pub async fn finish_provider_sign_in(
        &self,
        state: &str,
        returned: Option<&Returned>,
        cookies: (Option<&str>, Option<&str>),
        address: Option<&str>,
    ) -> Result<(SecretString, String), ProviderSignInError> {
        let (pending, before) = cookies;
        let provider = self.provider()?;
        let browser = pending.and_then(Browser::parse).ok_or(ProviderSignInError::Over)?;
        // Used up before it is looked at: what came back once never comes back again.
        let used = async {
            let mut tx = self.database().begin().await?;
            let used = tx.use_pending(&hash(state)).await?;
            tx.commit().await?;
            Ok::<_, StorageError>(used)
        };
        let begun = used.await.map_err(SignInError::from)?.ok_or(ProviderSignInError::Over)?;
        let same = bool::from(begun.browser_hash.ct_eq(&browser.hash())) && state == browser.state();
        if !same || begun.expires_at <= self.clock().now() {
            return Err(ProviderSignInError::Over);
        }
        let returned = returned.ok_or(ProviderSignInError::Over)?;
        let identity = provider.finish(&browser, returned).await.map_err(ProviderSignInError::Provider)?;
        let role = self.role_of(&identity).ok_or_else(|| {
            warn!("somebody whom the provider knows is in no group that has a role here");
            ProviderSignInError::NoRole
        })?;
        let who = format!("oidc:{}", identity.name);
        let address = address.map(str::to_owned);
        let by = Operator { who, role, environment: None, how: How::Session(None), address };
        let cookie = async {
            let mut tx = self.database().begin().await?;
            let cookie = self.begin_session(&mut tx, &by, None, before).await?;
            tx.commit().await?;
            Ok::<_, SignInError>(cookie)
        };
        Ok((cookie.await?, begun.return_to))
    }

    fn provider(&self) -> Result<&Provider, ProviderSignInError> {
        self.shared.provider.as_ref().ok_or(ProviderSignInError::NoProvider)
    }

    /// The greatest role that one of the groups gives.
    fn role_of(&self, identity: &Identity) -> Option<Role> {
        let roles = &self.sign_in().oidc.as_ref()?.groups;
        identity.groups.iter().filter_map(|group| roles.get(group)).max().copied()
    }
}

/// The client of the configured provider.
pub(in crate::app) fn provider_of(settings: &SignIn, clock: &Clock) -> Result<Option<Provider>, OidcError> {
    let (Some(oidc), Some(callback)) = (&settings.oidc, settings.callback()) else { return Ok(None) };
    let settings = ProviderSettings {
        issuer: oidc.issuer.clone(),
        client_id: oidc.client_id.clone(),
        client_secret: oidc.client_secret.clone(),
        scopes: oidc.scopes.clone(),
        name_claim: oidc.name_claim.clone(),
        groups_claim: oidc.groups_claim.clone(),
        callback,
    };
    Provider::new(settings, clock.clone()).map(Some)
}

fn hash(state: &str) -> [u8; 32] {
    Sha256::digest(state.as_bytes()).into()
}
