//! The master key of the tests: invented, and of use to nobody else.

use rekindle::storage::Database;
use rekindle::vault::{Keyring, MasterKey, Vault};

/// The same in every process, in base64.
pub const MASTER_KEY: &str = "cmVraW5kbGUgdGVzdCBtYXN0ZXIga2V5LCAzMiBieS4=";

pub fn vault() -> Vault {
    Vault::with(Keyring::of([MasterKey::parse(MASTER_KEY).unwrap()]).unwrap())
}

/// A database as it is, with the vault of the tests.
pub async fn open(url: &str) -> Database {
    Database::open(url).await.unwrap().with_vault(vault())
}
