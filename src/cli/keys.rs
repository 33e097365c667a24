//! `rekindle keys`: the master keys that people's data is sealed under.

use std::io::BufRead as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::app::{keys, names};
use crate::cli::open::operator;
use crate::cli::{Common, output, vault};
use crate::clock::Clock;
use crate::config::Config;
use crate::storage::Database;
use crate::vault::{KeyId, Keyring, MasterKey, read_file, replace_file};

/// After this time every process that uses the same key file has seen a change of it.
const NOTICED: Duration = Duration::from_secs(3);

#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// Make a master key: in the key file, or printed where there is no place for one
    Init(Init),
    /// The master keys, and how many subjects' keys are sealed under each
    List(List),
    /// Make a new master key current and seal every subject's key under it, while everything runs
    Rotate(Rotate),
    /// Destroy a master key that is no longer needed: backups made under it become unreadable
    Destroy(Destroy),
    /// Seal the bodies that were stored before there was sealing, and keep reference ids as `seal_reference_ids` says
    Seal(Seal),
}

#[derive(Debug, Args)]
pub(super) struct Init {
    #[command(flatten)]
    common: Common,
    /// Print a new key and change nothing
    #[arg(long, conflicts_with = "abandon")]
    print: bool,
    /// Give up what is sealed under this master key, which is lost: payloads go, inquiries stay
    #[arg(long, value_name = "ID")]
    abandon: Option<String>,
    /// Don't ask
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(super) struct Rotate {
    #[command(flatten)]
    common: Common,
    /// Only make the next key, to be copied to every machine before it becomes current
    #[arg(long)]
    prepare: bool,
}

#[derive(Debug, Args)]
pub(super) struct Destroy {
    #[command(flatten)]
    common: Common,
    /// The master key's id; `rekindle keys list` shows it
    id: String,
    /// Why; kept in the audit
    #[arg(long, default_value = "nothing is sealed under it any more")]
    reason: String,
    /// Don't ask
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, Args)]
pub(super) struct Seal {
    #[command(flatten)]
    common: Common,
}

/// A master key as programs see it.
#[derive(Serialize)]
struct Wire {
    id: String,
    /// `current`, `next`, `kept`, or `missing`.
    part: &'static str,
    /// Subjects whose keys are sealed under it.
    subjects: u64,
}

impl Keys {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Init(init) => init.run().await,
            Self::List(list) => list.run().await,
            Self::Rotate(rotate) => rotate.run().await,
            Self::Destroy(destroy) => destroy.run().await,
            Self::Seal(seal) => seal.run().await,
        }?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Init {
    async fn run(self) -> anyhow::Result<()> {
        if self.print {
            println!("{}", *MasterKey::make()?.expose());
            return Ok(());
        }
        let config = self.common.configuration()?;
        let database = Database::open(config.database_url.expose()).await.context("the database can't be opened")?;
        if let Some(id) = &self.abandon {
            return self.abandon(&config, &database, &key_id(id)?).await;
        }
        ensure!(config.master_keys.given().is_none(), "master_key gives a key already; --print makes another one");
        let Some(path) = vault::key_file(&config, &database) else {
            eprintln!("rekindle: give this key in REKINDLE_MASTER_KEY, and keep a copy apart from the database:");
            println!("{}", *MasterKey::make()?.expose());
            return Ok(());
        };
        // A database that is not there yet, or not now, needs no key; the start will look again.
        let needed = keys::needed(&database).await.unwrap_or_default();
        if let Some(id) = needed.into_iter().next().filter(|_| !path.exists()) {
            return Err(keys::KeysError::Missing(id).into());
        }
        self.made(&path)
    }

    async fn abandon(&self, config: &Config, database: &Database, id: &KeyId) -> anyhow::Result<()> {
        database.check_schema().await?;
        let at_hand = vault::at_hand(config, database).map(|vault| vault.key_ids()).unwrap_or_default();
        ensure!(!at_hand.contains(id), "the master key {id} is at hand: nothing is lost, and nothing is given up");
        let what = "Every payload sealed under it goes for good; inquiries, plans and reminders stay.";
        confirm(id, what, self.yes)?;
        let subjects = keys::abandon(database, id, &operator(None), Clock::System.now()).await?;
        println!("{id}: {subjects} subjects' payloads were given up");
        match vault::key_file(config, database) {
            Some(path) if !path.exists() => self.made(&path),
            _ => Ok(()),
        }
    }

    fn made(&self, path: &std::path::Path) -> anyhow::Result<()> {
        vault::make_file(path)?;
        if self.common.json {
            println!("{}", serde_json::json!({ "file": path.display().to_string() }));
        } else {
            println!("{}: a new master key; keep a copy of it apart from the database", path.display());
        }
        Ok(())
    }
}

impl List {
    async fn run(self) -> anyhow::Result<()> {
        let (config, database) = self.common.database().await?;
        let in_use = keys::in_use(&database).await?;
        let subjects = |id: &KeyId| in_use.iter().find(|used| used.id == *id).map_or(0, |used| used.subjects);
        let wire = |id: &KeyId, part| Wire { id: id.to_string(), part, subjects: subjects(id) };
        let mut wires = Vec::new();
        let keyring = match vault::key_file(&config, &database) {
            Some(path) => read_file(&path).ok(),
            None => config.master_keys.given(),
        };
        let at_hand: Vec<_> = keyring.iter().flat_map(Keyring::iter).collect();
        wires.extend(at_hand.iter().map(|(role, key)| wire(key.id(), role.as_str())));
        let missing = in_use.iter().filter(|used| !at_hand.iter().any(|(_, key)| *key.id() == used.id));
        wires.extend(missing.map(|used| wire(&used.id, "missing")));
        if self.common.json {
            return output::json(&wires);
        }
        let row = |wire: Wire| vec![wire.id, wire.part.to_owned(), wire.subjects.to_string()];
        output::table(&["MASTER KEY", "PART", "SUBJECTS"], &wires.into_iter().map(row).collect::<Vec<_>>());
        Ok(())
    }
}

impl Rotate {
    async fn run(self) -> anyhow::Result<()> {
        let (config, database) = self.common.database().await?;
        let Some(path) = vault::key_file(&config, &database) else {
            ensure!(!self.prepare, "master_key is given in place: put the new key behind the current one there");
            return self.reseal(&config, database).await;
        };
        let keyring = read_file(&path)?;
        if self.prepare {
            let key = MasterKey::make()?;
            let id = key.id().clone();
            replace_file(&path, &keyring.prepared(key)?)?;
            println!(
                "{id}: the next master key. Copy {} to every machine, then run this without --prepare",
                path.display()
            );
            return Ok(());
        }
        let current = keyring.current().id().clone();
        let unfinished = keys::in_use(&database).await?.into_iter().any(|used| used.id != current);
        let rotated = match (keyring.clone().rotated(), unfinished) {
            (Some(rotated), _) => Some(rotated),
            // Begun before and not ended: the key that was made then is to be the one.
            (None, true) => None,
            (None, false) => keyring.prepared(MasterKey::make()?)?.rotated(),
        };
        if let Some(rotated) = rotated {
            // Known before it is used: from then on no start does without it.
            keys::remember(&database, rotated.current().id(), Clock::System.now()).await?;
            replace_file(&path, &rotated)?;
        }
        self.reseal(&config, database).await
    }

    async fn reseal(&self, config: &Config, database: Database) -> anyhow::Result<()> {
        let vault = vault::at_hand(config, &database)?;
        let database = database.with_vault(vault);
        let mut resealed = 0;
        loop {
            let now = Clock::System.now();
            let done = keys::reseal(&database, now, |so_far| {
                if !self.common.json && so_far > 0 {
                    eprintln!("rekindle: {} subjects' keys sealed anew", resealed + so_far);
                }
            });
            let done = done.await?;
            resealed += done;
            if done == 0 {
                break;
            }
            // What a process made under the old key before it noticed is found by the next pass.
            tokio::time::sleep(NOTICED).await;
        }
        let current = database.vault().current_id()?;
        if self.common.json {
            println!("{}", serde_json::json!({ "current": current.as_str(), "resealed": resealed }));
        } else {
            println!("{current} is current; {resealed} subjects' keys were sealed anew under it");
        }
        Ok(())
    }
}

impl Destroy {
    async fn run(self) -> anyhow::Result<()> {
        let id = key_id(&self.id)?;
        let (config, database) = self.common.database().await?;
        let path = vault::key_file(&config, &database);
        let without = path.map(|path| without(path, &id)).transpose()?;
        if let Some(given) = config.master_keys.given() {
            ensure!(*given.current().id() != id, "{id} is the current master key; rotate first");
        }
        keys::ensure_unneeded(&database, &id).await?;
        let what = "Whatever was sealed under it, in backups too, can't be read any more by anybody.";
        confirm(&id, what, self.yes)?;
        keys::forget(&database, &id, &operator(None), &self.reason, Clock::System.now()).await?;
        match without {
            Some((path, keyring)) => {
                replace_file(&path, &keyring)?;
                println!("{id}: gone from {}; remove every other copy of it", path.display());
            }
            None => println!("{id}: no longer needed; take it out of master_key, and remove every copy of it"),
        }
        Ok(())
    }
}

impl Seal {
    async fn run(self) -> anyhow::Result<()> {
        let config = self.common.configuration()?;
        let database = Database::open(config.database_url.expose()).await.context("the database can't be opened")?;
        database.check_schema().await?;
        let database = vault::with_keys(&config, database, |path| {
            eprintln!("rekindle: made the key file {}: keep a copy of it apart from the database", path.display());
        })
        .await?;
        let now = Clock::System.now();
        let sealed = keys::seal_plain(&database, now, |_| {}).await?;
        let kept = self.keep_names(&database, config.seal_reference_ids).await?;
        if self.common.json {
            println!("{}", serde_json::json!({ "sealed": sealed, "inquiries": kept }));
        } else {
            println!("{sealed} bodies were sealed; the reference ids of {kept} inquiries were changed");
        }
        Ok(())
    }
}

impl Seal {
    async fn keep_names(&self, database: &Database, seal: bool) -> anyhow::Result<u64> {
        let told = |done| {
            if !self.common.json {
                eprintln!("rekindle: reference ids of {done} inquiries");
            }
        };
        Ok(names::keep(database, seal, Clock::System.now(), told).await?)
    }
}

fn key_id(text: &str) -> anyhow::Result<KeyId> {
    KeyId::parse(text).with_context(|| format!("{text:?} is no master key's id; `rekindle keys list` shows them"))
}

/// The key file's keys without one of them.
fn without(path: PathBuf, id: &KeyId) -> anyhow::Result<(PathBuf, Keyring)> {
    let keyring = read_file(&path)?;
    let known = keyring.get(id).is_some();
    match keyring.without(id) {
        Some(keyring) => Ok((path, keyring)),
        None if known => bail!("{id} is the current master key; run `rekindle keys rotate` first"),
        None => bail!("{} holds no master key {id}", path.display()),
    }
}

/// Asks for the id to be typed, so that nothing is lost by a wrong return.
fn confirm(id: &KeyId, what: &str, yes: bool) -> anyhow::Result<()> {
    if yes {
        return Ok(());
    }
    eprintln!("{what}\nType {id} to go on:");
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("nobody answers; --yes goes on without asking")?;
    ensure!(line.trim() == id.as_str(), "not confirmed; nothing was changed");
    Ok(())
}
