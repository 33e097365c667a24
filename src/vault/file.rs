//! The key file: a line for each master key, the part it plays and the key, for its owner's eyes only.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use zeroize::Zeroizing;

use crate::vault::keyring::{InvalidKey, Keyring, MasterKey, Role};

/// The head of every key file.
const HEAD: &str = "# Rekindle's master keys. Whoever has this file and the database can read people's data; without\n\
                    # it nobody can. Keep a copy of it away from the backups of the database.\n";

/// Longest key file that is read, in bytes: room for a thousand keys.
const LONGEST: u64 = 64 << 10;

/// Why a key file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It is not there.
    #[error("there is no key file {}; `rekindle keys init` makes one", .0.display())]
    Missing(PathBuf),
    /// It is there already.
    #[error("the key file {} is there already, and is left as it is", .0.display())]
    Exists(PathBuf),
    /// Others can read it.
    #[error("the key file {} can be read by others than its owner; run `chmod 600 {}`", .0.display(), .0.display())]
    Open(PathBuf),
    /// It can't be read or written.
    #[error("the key file {}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It holds something else.
    #[error("the key file {}: line {line} {why}", path.display())]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// Which of its lines, from 1; 0 for all of it.
        line: usize,
        /// What is wrong.
        why: InvalidKey,
    },
}

/// What tells one state of a file from another, as far as that can be seen from outside.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    inode: u64,
}

impl Stamp {
    pub(super) fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let about = fs::metadata(path).ok()?;
        Some(Self { length: about.len(), modified: about.modified().ok(), inode: about.ino() })
    }
}

/// Reads a key file. A line without a word is a key too: the first one is current, others are kept.
///
/// # Errors
/// [`KeyFileError`].
pub fn read(path: &Path) -> Result<Keyring, KeyFileError> {
    let error = |source| KeyFileError::File { path: path.to_owned(), source };
    let about = fs::metadata(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => KeyFileError::Missing(path.to_owned()),
        _ => error(source),
    })?;
    if is_open(&about) {
        return Err(KeyFileError::Open(path.to_owned()));
    }
    if about.len() > LONGEST {
        return Err(error(io::Error::other("too long to be a key file")));
    }
    let text = Zeroizing::new(fs::read_to_string(path).map_err(error)?);
    parse(&text).map_err(|(line, why)| KeyFileError::Invalid { path: path.to_owned(), line, why })
}

/// Makes a key file; one that is there already stays as it is.
///
/// # Errors
/// [`KeyFileError`].
pub fn create(path: &Path, keyring: &Keyring) -> Result<(), KeyFileError> {
    let error = |source| KeyFileError::File { path: path.to_owned(), source };
    let draft = write_draft(path, keyring).map_err(error)?;
    // A link comes to be at once or not at all, and never in place of another file.
    let linked = fs::hard_link(&draft, path);
    let _ = fs::remove_file(&draft);
    linked.map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => KeyFileError::Exists(path.to_owned()),
        _ => error(source),
    })?;
    sync_folder(path).map_err(error)
}

/// Replaces a key file at once, and overwrites what the old one held.
///
/// # Errors
/// [`KeyFileError`]; then either the old file is there or the new one.
pub fn replace(path: &Path, keyring: &Keyring) -> Result<(), KeyFileError> {
    let error = |source| KeyFileError::File { path: path.to_owned(), source };
    let old = OpenOptions::new().write(true).open(path).map_err(error)?;
    let draft = write_draft(path, keyring).map_err(error)?;
    fs::rename(&draft, path).map_err(error)?;
    sync_folder(path).map_err(error)?;
    // Nobody finds the old one by name any more; on most file systems this reaches the blocks it lay on.
    overwrite(old).map_err(error)
}

fn parse(text: &str) -> Result<Keyring, (usize, InvalidKey)> {
    let mut keys: Vec<(Role, MasterKey)> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let told = [Role::Current, Role::Next, Role::Kept].into_iter().find_map(|role| {
            let rest = line.strip_prefix(role.as_str())?;
            rest.starts_with(char::is_whitespace).then_some((role, rest))
        });
        let untold = if keys.is_empty() { Role::Current } else { Role::Kept };
        let (role, key) = told.unwrap_or((untold, line));
        keys.push((role, MasterKey::parse(key).map_err(|why| (number + 1, why))?));
    }
    Keyring::with_roles(keys).map_err(|why| (0, why))
}

fn text(keyring: &Keyring) -> Zeroizing<String> {
    let mut text = Zeroizing::new(HEAD.to_owned());
    for (role, key) in keyring.iter() {
        text.push_str(role.as_str());
        text.push(' ');
        text.push_str(&key.expose());
        text.push('\n');
    }
    text
}

/// Writes a file beside the one that is meant, on disk before it is named.
fn write_draft(path: &Path, keyring: &Keyring) -> io::Result<PathBuf> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", std::process::id()));
    let draft = path.with_file_name(name);
    let _ = fs::remove_file(&draft);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(&draft)?;
    file.write_all(text(keyring).as_bytes())?;
    file.sync_all()?;
    Ok(draft)
}

fn overwrite(mut file: File) -> io::Result<()> {
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(0);
    file.write_all(&vec![0; length])?;
    file.sync_all()
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

fn is_open(about: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    about.permissions().mode() & 0o077 != 0
}
