//! The temporary folder of one server, and what an interrupted test left of others.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result};

use super::process::Account;
use super::random_word;

const PREFIX: &str = "authstile-server-";
/// Of a folder that is not locked yet.
const NEW: &str = "authstile-new-";

/// Removed with the value. A test that is stopped drops nothing, so each new folder also removes those that nobody holds
/// a lock on any more.
#[derive(Debug)]
pub(super) struct Folder {
    outer: PathBuf,
    own: PathBuf,
    _lock: File,
}

impl Folder {
    /// A folder in which an account may write, and which nobody else may read.
    pub(super) fn create(name: &str, account: &Account) -> Result<Self> {
        let temporary = std::env::temp_dir();
        sweep(&temporary);
        let name = format!("{name}-{}", random_word()?);
        let (new, outer) = (temporary.join(format!("{NEW}{name}")), temporary.join(format!("{PREFIX}{name}")));
        fs::DirBuilder::new().mode(0o711).create(&new).with_context(|| format!("cannot create {}", new.display()))?;
        let lock = File::create(new.join("lock"))?;
        lock.lock()?;
        fs::rename(&new, &outer)?;

        let folder = Self { own: outer.join("own"), outer, _lock: lock };
        fs::DirBuilder::new().mode(0o700).create(&folder.own)?;
        account.give(&folder.own)?;
        Ok(folder)
    }

    /// The server's own.
    pub(super) fn path(&self) -> &Path {
        &self.own
    }

    /// Puts a file there that only this process and the account can read.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.own.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    /// Where a process writes its log, after what is there.
    pub(super) fn log(&self) -> Result<(Stdio, Stdio)> {
        let path = self.outer.join("log");
        let log = OpenOptions::new().create(true).append(true).open(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        Ok((log.try_clone()?.into(), log.into()))
    }

    /// Lets go of it as a test that is stopped would.
    #[cfg(all(test, feature = "services"))]
    pub(super) fn forget(self) {
        let _ = self._lock.unlock();
        std::mem::forget(self);
    }

    pub(super) fn log_length(&self) -> u64 {
        fs::metadata(self.outer.join("log")).map_or(0, |metadata| metadata.len())
    }

    /// The log from an offset on.
    pub(super) fn log_from(&self, offset: u64) -> String {
        let read = || {
            let mut log = File::open(self.outer.join("log"))?;
            log.seek(SeekFrom::Start(offset))?;
            let mut bytes = Vec::new();
            log.read_to_end(&mut bytes).map(|_| bytes)
        };
        read().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.outer);
    }
}

/// Removes our folders that nobody holds.
fn sweep(temporary: &Path) {
    let own = fs::metadata("/proc/self").map(|metadata| metadata.uid()).ok();
    for entry in fs::read_dir(temporary).into_iter().flatten().flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(PREFIX)
            && entry.metadata().is_ok_and(|metadata| metadata.is_dir() && Some(metadata.uid()) == own);
        let lock = ours.then(|| File::open(entry.path().join("lock")).ok()).flatten();
        if lock.is_some_and(|lock| lock.try_lock().is_ok()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
