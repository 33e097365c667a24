//! The demo's folder: the database, its key and the configuration, for the owner's eyes only, gone at the end unless kept.

use std::fs::{self, DirBuilder};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// A folder of our own in the system's place for temporary files.
#[derive(Debug)]
pub(super) struct Home {
    path: PathBuf,
    kept: bool,
}

impl Home {
    /// Makes a folder that was not there.
    pub(super) fn make() -> anyhow::Result<Self> {
        let places = std::env::temp_dir();
        for number in 0..100 {
            let path = places.join(format!("rekindle-demo-{}-{number}", std::process::id()));
            match for_the_owner().create(&path) {
                Ok(()) => return Ok(Self { path, kept: false }),
                Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {}
                Err(why) => return Err(why).with_context(|| format!("{} can't be made", path.display())),
            }
        }
        anyhow::bail!("{} is full of earlier demos; remove them", places.display())
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves it there at the end.
    pub(super) const fn keep(&mut self) {
        self.kept = true;
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if !self.kept {
            // What can't be removed is the system's to remove; it is in its place for temporary files.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

fn for_the_owner() -> DirBuilder {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_gone_with_its_content_unless_kept() {
        let home = Home::make().unwrap();
        let path = home.path().to_owned();
        fs::write(path.join("rekindle.db"), "").unwrap();
        drop(home);
        assert!(!path.exists());

        let mut home = Home::make().unwrap();
        home.keep();
        let path = home.path().to_owned();
        drop(home);
        assert!(path.exists());
        fs::remove_dir_all(path).unwrap();
    }
}
