//! A working tree in memory.

use super::gate::Gateway;
use super::{Fault, Faults, Gate};
use codemem_core::path::RepoPath;
use codemem_core::ports::{
    FileStamp, GitPlace, GroupName, Head, Identity, IndexGroup, PortError, PortErrorKind, PortResult, ScanEntry,
    SourceTree, Trail,
};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// Files of one root: bytes and modification time in nanoseconds, by path.
type Files = BTreeMap<String, (Vec<u8>, i64)>;

/// Roots and their files. All roots belong to one repository, as worktrees do, unless a test says otherwise.
#[derive(Default, Debug)]
pub struct FakeSource {
    roots: Mutex<BTreeMap<PathBuf, Files>>,
    identities: Mutex<BTreeMap<PathBuf, Identity>>,
    /// Where repositories come from.
    origins: Mutex<BTreeMap<PathBuf, String>>,
    git: Mutex<BTreeMap<PathBuf, (Head, u64)>>,
    n_scans: AtomicU64,
    scans: Mutex<BTreeMap<PathBuf, Arc<Gateway>>>,
    reads: Gateway,
    faults: Faults,
}

impl FakeSource {
    /// A source without roots.
    pub fn new(faults: Faults) -> Self {
        Self {
            roots: Mutex::default(),
            identities: Mutex::default(),
            origins: Mutex::default(),
            git: Mutex::default(),
            n_scans: AtomicU64::new(0),
            scans: Mutex::default(),
            reads: Gateway::default(),
            faults,
        }
    }

    /// Adds a root, or writes one of its files; `time` is its modification time in seconds.
    pub fn write(&self, root: &str, path: &str, text: &str, time: i64) {
        let entry = (text.as_bytes().to_vec(), time * 1_000_000_000);
        self.lock()
            .entry(root.into())
            .or_default()
            .insert(path.to_owned(), entry);
    }

    /// Lets a directory belong to a repository, and to a git worktree if there is one.
    pub fn set_identity(&self, path: &str, repository: &str, git_top: Option<&str>) {
        let identity = Identity {
            root: path.into(),
            repository: repository.into(),
            git_top: git_top.map(PathBuf::from),
        };
        let mut identities = self.identities.lock().unwrap_or_else(PoisonError::into_inner);
        identities.insert(path.into(), identity);
    }

    /// Lets a repository come from somewhere; two that come from the same place are clones.
    pub fn set_origin(&self, repository: &str, origin: &str) {
        let mut origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        origins.insert(repository.into(), origin.to_owned());
    }

    /// Sets what git says of a root, and how many of its files differ from git's index. Outside git otherwise.
    pub fn set_git(&self, root: &str, head: Head, n_dirty: u64) {
        self.git().insert(root.into(), (head, n_dirty));
    }

    /// How often a whole root was listed.
    pub fn n_scans(&self) -> u64 {
        self.n_scans.load(Ordering::SeqCst)
    }

    /// Lets every listing of a whole root wait for the test.
    pub fn hold_scans(&self, root: &str) -> Arc<Gate> {
        self.scans().entry(root.into()).or_default().close()
    }

    /// Lets every reading of a file wait for the test.
    pub fn hold_reads(&self) -> Arc<Gate> {
        self.reads.close()
    }

    /// Deletes a file.
    pub fn delete(&self, root: &str, path: &str) {
        if let Some(files) = self.lock().get_mut(Path::new(root)) {
            files.remove(path);
        }
    }

    /// Deletes a root.
    pub fn delete_root(&self, root: &str) {
        self.lock().remove(Path::new(root));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Files>> {
        self.roots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn scans(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Arc<Gateway>>> {
        self.scans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn git(&self) -> MutexGuard<'_, BTreeMap<PathBuf, (Head, u64)>> {
        self.git.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lists the files of a root that are wanted.
    fn list(
        &self,
        root: &Path,
        wanted: &dyn Fn(&Path) -> bool,
        max_file_bytes: u64,
        sink: &mut dyn FnMut(ScanEntry) -> ControlFlow<()>,
    ) -> PortResult<()> {
        self.faults.check(Fault::Scan)?;
        let files = self.lock().get(root).cloned().unwrap_or_default();
        for (path, (bytes, mtime_ns)) in files {
            if !wanted(Path::new(&path)) {
                continue;
            }
            let path = RepoPath::new(&path).expect("tests write valid paths");
            let stamp = FileStamp {
                size: bytes.len() as u64,
                mtime_ns,
            };
            let entry = if stamp.size > max_file_bytes {
                ScanEntry::Skipped(path.to_string(), codemem_core::skip::SkipReason::TooLarge)
            } else {
                ScanEntry::File(path, stamp)
            };
            if sink(entry).is_break() {
                break;
            }
        }
        Ok(())
    }
}

impl SourceTree for FakeSource {
    fn identify(&self, path: &Path) -> PortResult<Identity> {
        let identities = self.identities.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(identity) = identities.get(path) {
            return Ok(identity.clone());
        }
        drop(identities);
        if !self.lock().contains_key(path) {
            return Err(PortError::new(
                PortErrorKind::NotFound,
                format!("no such directory: `{}`", path.display()),
            ));
        }
        Ok(Identity {
            root: path.to_path_buf(),
            repository: "/repository".into(),
            git_top: None,
        })
    }

    fn group(&self, identity: &Identity) -> IndexGroup {
        let origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        match origins.get(&identity.repository) {
            Some(origin) => IndexGroup {
                name: GroupName::Origin(origin.clone()),
                way: Vec::new(),
            },
            None => IndexGroup::own(identity.repository.clone()),
        }
    }

    fn trail(&self, _directory: &Path) -> Trail {
        Trail {
            place: GitPlace::Outside,
            steps: Vec::new(),
            broken: None,
        }
    }

    fn is_gone(&self, root: &Path, _known_since: Option<SystemTime>) -> bool {
        self.identify(root)
            .is_err_and(|error| error.kind == PortErrorKind::NotFound)
    }

    fn head(&self, root: &Path) -> Option<Head> {
        self.git().get(root).map(|(head, _)| head.clone())
    }

    fn scan(
        &self,
        root: &Path,
        max_file_bytes: u64,
        sink: &mut dyn FnMut(ScanEntry) -> ControlFlow<()>,
    ) -> PortResult<()> {
        self.n_scans.fetch_add(1, Ordering::SeqCst);
        let gateway = self.scans().get(root).cloned();
        if let Some(gateway) = gateway {
            gateway.pass();
        }
        self.list(root, &|_| true, max_file_bytes, sink)
    }

    fn look(
        &self,
        root: &Path,
        paths: &[PathBuf],
        max_file_bytes: u64,
        sink: &mut dyn FnMut(ScanEntry) -> ControlFlow<()>,
    ) -> PortResult<()> {
        let wanted = |path: &Path| paths.iter().any(|wanted| path.starts_with(wanted));
        self.list(root, &wanted, max_file_bytes, sink)
    }

    fn dirty(&self, root: &Path) -> Option<u64> {
        self.git().get(root).map(|(_, n_dirty)| *n_dirty)
    }

    fn read(&self, root: &Path, path: &RepoPath, _max_bytes: u64) -> PortResult<Vec<u8>> {
        self.reads.pass();
        self.faults.check(Fault::Read)?;
        let roots = self.lock();
        let found = roots.get(root).and_then(|files| files.get(path.as_str()));
        found
            .map(|(bytes, _)| bytes.clone())
            .ok_or_else(|| PortError::new(PortErrorKind::NotFound, "no such file"))
    }
}
