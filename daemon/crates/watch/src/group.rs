//! Which repositories are clones of each other, so that they can share an index.
//!
//! A repository that was cloned from one on this machine, or borrows its objects, goes with that one, however many steps away; any
//! other goes by the address of its `origin`, written in one way only. Reads git's files and runs nothing: no address is asked
//! whether it is there, and none is shown but by host and path. What [`Config`] does not read does not count.

use crate::config::Config;
use crate::git;
use codemem_core::ports::{GroupLink, GroupName, IndexGroup};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

/// Most repositories on a way. Nobody makes longer ones; more only share less.
const MOST_STEPS: usize = 16;

/// Largest list of borrowed object directories read, in bytes.
const MAX_ALTERNATES: u64 = 64 * 1024;

/// The group of the repository whose canonical common directory this is.
pub(crate) fn group(common: &Path) -> IndexGroup {
    let mut seen = vec![common.to_path_buf()];
    let mut way = Vec::new();
    let name = loop {
        let here = &seen[seen.len() - 1];
        match next(here) {
            Next::Repository(link, next) => {
                if let Some(place) = seen.iter().position(|seen| *seen == next) {
                    // Round and round: whoever comes to this circle gives it the same name.
                    let first = seen[place..].iter().min();
                    break GroupName::Directory(first.unwrap_or(&next).clone());
                }
                if way.len() == MOST_STEPS {
                    break GroupName::Directory(here.clone());
                }
                way.push((link, next.clone()));
                seen.push(next);
            }
            Next::Elsewhere(origin) => break GroupName::Origin(origin),
            Next::Nothing => break GroupName::Directory(here.clone()),
        }
    };
    IndexGroup { name, way }
}

/// Where a repository comes from.
enum Next {
    /// Another one on this machine, by its canonical common directory.
    Repository(GroupLink, PathBuf),
    /// Another machine: host and path.
    Elsewhere(String),
    Nothing,
}

fn next(common: &Path) -> Next {
    let config = Config::of(common);
    let origin = config.origin();
    if let Some(path) = origin.and_then(local)
        && let Some(next) = repository_at(&base(common).join(path))
    {
        return Next::Repository(GroupLink::Origin, next);
    }
    if let Some(next) = lender(common) {
        return Next::Repository(GroupLink::Alternates, next);
    }
    match origin.and_then(normalised) {
        Some(origin) => Next::Elsewhere(origin),
        None => Next::Nothing,
    }
}

/// What relative addresses of a repository begin at: the working tree that holds it, or itself.
fn base(common: &Path) -> &Path {
    match common.parent() {
        Some(parent) if common.file_name().is_some_and(|name| name == ".git") => parent,
        Some(_) | None => common,
    }
}

/// The common directory of the repository that git would find at a path.
fn repository_at(path: &Path) -> Option<PathBuf> {
    let name = path.as_os_str().to_str()?.trim_end_matches('/');
    [path.to_path_buf(), PathBuf::from(format!("{name}.git"))]
        .iter()
        .find_map(|path| {
            let path = path.canonicalize().ok()?;
            match git::at(&path) {
                Some(git) => Some(git.common),
                None => git::is_git_directory(&path).then_some(path),
            }
        })
}

/// The repository whose objects another one borrows, the first of several.
fn lender(common: &Path) -> Option<PathBuf> {
    let objects = common.join("objects");
    let list = git::text(&objects.join("info/alternates"), MAX_ALTERNATES)?;
    let borrowed = list.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    borrowed
        .filter_map(|line| objects.join(line).canonicalize().ok())
        .find_map(|borrowed| {
            let holder = borrowed.parent()?;
            git::is_git_directory(holder).then(|| holder.to_path_buf())
        })
}

/// The path that an address is, if it is one on this machine.
fn local(url: &str) -> Option<PathBuf> {
    if let Some(rest) = url.strip_prefix("file://") {
        let path = rest.strip_prefix("localhost").unwrap_or(rest);
        return path.starts_with('/').then(|| decoded(path));
    }
    let is_path = !url.is_empty() && !url.contains("://") && host_and_path(url).is_none();
    is_path.then(|| PathBuf::from(url))
}

/// A path of which some bytes are written as `%` and two digits.
fn decoded(path: &str) -> PathBuf {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let Some(byte) = byte.filter(|_| first == b'%') {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    PathBuf::from(OsString::from_vec(bytes))
}

/// Host and path of `user@host:path`, as git tells it from a path: a colon before any slash.
fn host_and_path(url: &str) -> Option<(&str, &str)> {
    let after_user = url.find('@').map_or(0, |at| at + 1);
    let (from, bracketed) = match url[after_user..].strip_prefix('[') {
        Some(inside) => (after_user + 1 + inside.find(']')? + 1, true),
        None => (0, false),
    };
    let (before, path) = url[from..].split_once(':')?;
    if before.contains('/') || bracketed && !before.is_empty() || path.starts_with(':') {
        return None;
    }
    Some((&url[..from + before.len()], path))
}

/// `host/path` of an address on another machine, whichever way it was written. `None` where it names none: nothing of it that
/// might be secret must ever be taken for its name.
fn normalised(url: &str) -> Option<String> {
    let (scheme, authority, path) = if let Some((scheme, rest)) = url.split_once("://") {
        let (authority, path) = rest.split_once('/')?;
        (scheme.to_ascii_lowercase(), authority, path)
    } else {
        let (authority, path) = host_and_path(url)?;
        ("ssh".to_owned(), authority, path)
    };
    let scheme = scheme.strip_prefix("git+").unwrap_or(&scheme);
    let port = match scheme.strip_suffix("+git").unwrap_or(scheme) {
        "ssh" => Some("22"),
        "http" => Some("80"),
        "https" => Some("443"),
        "git" => Some("9418"),
        "ftp" | "ftps" => None,
        // Another program's addresses mean what that program makes of them.
        _ => return None,
    };
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host)
        .to_ascii_lowercase();
    let host = port
        .and_then(|port| host.strip_suffix(port)?.strip_suffix(':'))
        .unwrap_or_else(|| host.strip_suffix(':').unwrap_or(&host));
    // `[host:port]` beside a path; an address of many colons keeps its brackets.
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host = bare.filter(|bare| bare.matches(':').count() <= 1).unwrap_or(host);
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let path: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let path = path.join("/");
    let path = path.strip_suffix(".git").unwrap_or(&path).trim_end_matches('/');
    if host.is_empty() || path.is_empty() {
        return None;
    }
    Some(format!("{host}/{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn an_address_has_one_name_however_it_is_written_and_no_secrets() {
        for (url, expected) in [
            ("https://example.org/owner/repo", Some("example.org/owner/repo")),
            ("https://Example.ORG/owner/repo.git/", Some("example.org/owner/repo")),
            (
                "https://user:secret@example.org:443/owner/repo.git",
                Some("example.org/owner/repo"),
            ),
            (
                "https://us@er:secret@example.org/owner/repo",
                Some("example.org/owner/repo"),
            ),
            (
                "https://example.org/owner/repo?token=secret#secret",
                Some("example.org/owner/repo"),
            ),
            ("http://example.org:80//owner//repo", Some("example.org/owner/repo")),
            ("ssh://git@example.org:22/owner/repo", Some("example.org/owner/repo")),
            ("git+ssh://git@example.org/owner/repo", Some("example.org/owner/repo")),
            ("git://example.org:9418/owner/repo", Some("example.org/owner/repo")),
            ("git@example.org:owner/repo.git", Some("example.org/owner/repo")),
            ("git@example.org:/owner/repo", Some("example.org/owner/repo")),
            ("example.org:owner/repo/", Some("example.org/owner/repo")),
            ("git@[example.org:2222]:owner/repo", Some("example.org:2222/owner/repo")),
            (
                "ssh://git@example.org:2222/owner/repo",
                Some("example.org:2222/owner/repo"),
            ),
            ("https://example.org:22/owner/repo", Some("example.org:22/owner/repo")),
            ("ssh://[::1]/a/b", Some("[::1]/a/b")),
            ("[::1]:a/b", Some("[::1]/a/b")),
            ("https://example.org/Owner/Repo", Some("example.org/Owner/Repo")),
            ("https://example.org/", None),
            ("https://example.org/.git", None),
            ("https://secret@/owner/repo", None),
            ("codecommit::eu-west-1://repo", None),
            ("ext::sh -c secret", None),
            ("/srv/repo.git", None),
            ("./odd:name", None),
            ("../repo", None),
            ("", None),
        ] {
            assert_eq!(normalised(url).as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn a_path_is_told_from_an_address() {
        for (url, expected) in [
            ("/srv/repo", Some("/srv/repo")),
            ("../repo", Some("../repo")),
            ("./a:b", Some("./a:b")),
            ("file:///srv/a%20b%2", Some("/srv/a b%2")),
            ("file://localhost/srv/a", Some("/srv/a")),
            ("file://elsewhere/srv/a", None),
            ("example.org:a", None),
            ("https://example.org/a", None),
            ("", None),
        ] {
            assert_eq!(local(url).as_deref(), expected.map(Path::new), "{url}");
        }
    }

    /// Repositories by name, each with the origin and the borrowed objects it has.
    struct Place(tempfile::TempDir);

    impl Place {
        fn new() -> Self {
            Self(tempfile::tempdir().expect("temp dir"))
        }

        fn at(&self, name: &str) -> PathBuf {
            self.0.path().canonicalize().expect("there").join(name)
        }

        /// A git directory; its common directory is the answer.
        fn repository(&self, name: &str, origin: Option<&str>) -> PathBuf {
            let common = self.at(name);
            for directory in ["objects/info", "refs"] {
                fs::create_dir_all(common.join(directory)).expect("directory");
            }
            fs::write(common.join("HEAD"), "ref: refs/heads/main\n").expect("file");
            let config = origin.map_or_else(String::new, |url| format!("[remote \"origin\"]\n\turl = \"{url}\"\n"));
            fs::write(common.join("config"), config).expect("file");
            common
        }

        fn borrow(&self, name: &str, from: &str) {
            fs::write(self.at(name).join("objects/info/alternates"), from).expect("file");
        }
    }

    #[test]
    fn clones_of_one_place_are_one_group_and_others_are_not() {
        let place = Place::new();
        let from = |path: &str| place.at(path).to_str().expect("UTF-8").to_owned();
        let upstream = place.repository("upstream/.git", None);
        place.repository("server.git", Some("https://me:secret@example.org/owner/repo.git"));
        for (name, origin, expected, n_steps) in [
            // A clone, a clone of a clone, a mirror, a relative address, `.git` left out.
            ("a/.git", from("upstream"), GroupName::Directory(upstream.clone()), 1),
            ("b/.git", from("a/"), GroupName::Directory(upstream.clone()), 2),
            (
                "c.git",
                format!("file://{}", from("upstream/.git")),
                GroupName::Directory(upstream.clone()),
                1,
            ),
            (
                "d/.git",
                "../upstream".to_owned(),
                GroupName::Directory(upstream.clone()),
                1,
            ),
            (
                "e/.git",
                "../server".to_owned(),
                GroupName::Origin("example.org/owner/repo".to_owned()),
                1,
            ),
            (
                "f/.git",
                "git@example.org:owner/repo".to_owned(),
                GroupName::Origin("example.org/owner/repo".to_owned()),
                0,
            ),
            // Nothing there.
            ("g/.git", from("gone"), GroupName::Directory(place.at("g/.git")), 0),
            (
                "h/.git",
                "file://elsewhere/srv/a".to_owned(),
                GroupName::Directory(place.at("h/.git")),
                0,
            ),
            // Itself.
            ("i/.git", from("i"), GroupName::Directory(place.at("i/.git")), 0),
        ] {
            let common = place.repository(name, Some(&origin));
            let found = group(&common);
            assert_eq!(found.name, expected, "{name}");
            assert_eq!(found.way.len(), n_steps, "{name}: {:?}", found.way);
        }
        assert_eq!(group(&upstream), IndexGroup::own(upstream.clone()));
        let steps = group(&place.at("b/.git")).way;
        assert_eq!(
            steps,
            [(GroupLink::Origin, place.at("a/.git")), (GroupLink::Origin, upstream)]
        );
    }

    #[test]
    fn borrowed_objects_lead_to_their_repository_unless_the_origin_is_here() {
        let place = Place::new();
        let upstream = place.repository("upstream/.git", None);
        let other = place.repository("other/.git", None);
        let borrower = place.repository("borrower/.git", Some("https://example.org/a/b"));
        place.borrow(
            "borrower/.git",
            "# from\n/nowhere/objects\n../../../upstream/.git/objects\n",
        );
        assert_eq!(group(&borrower).name, GroupName::Directory(upstream.clone()));
        assert_eq!(group(&borrower).way, [(GroupLink::Alternates, upstream)]);
        let both = place.repository("both/.git", Some("../other"));
        place.borrow("both/.git", "../../../upstream/.git/objects\n");
        assert_eq!(group(&both).name, GroupName::Directory(other));
        // What lends is no repository any more.
        let alone = place.repository("alone/.git", None);
        fs::create_dir_all(place.at("heap/objects")).expect("directory");
        place.borrow("alone/.git", "../../../heap/objects\n");
        assert_eq!(group(&alone), IndexGroup::own(alone));
    }

    #[test]
    fn a_circle_has_one_name_from_wherever_it_is_entered_and_a_way_ends() {
        let place = Place::new();
        for (name, origin) in [
            ("x/.git", "../y"),
            ("y/.git", "../z"),
            ("z/.git", "../x"),
            ("in/.git", "../y"),
        ] {
            place.repository(name, Some(origin));
        }
        for name in ["x/.git", "y/.git", "z/.git", "in/.git"] {
            let common = place.at(name);
            assert_eq!(group(&common).name, GroupName::Directory(place.at("x/.git")), "{name}");
        }
        for n in 0..40 {
            place.repository(&format!("step{n}/.git"), Some(&format!("../step{}", n + 1)));
        }
        let found = group(&place.at("step0/.git"));
        assert_eq!(found.way.len(), MOST_STEPS);
        assert_eq!(
            found.name,
            GroupName::Directory(place.at(&format!("step{MOST_STEPS}/.git")))
        );
    }

    #[test]
    fn what_is_no_configuration_names_nothing() {
        let place = Place::new();
        let common = place.repository("a/.git", None);
        let config = common.join("config");
        fs::write(&config, [0xff, 0xfe, 0x00]).expect("file");
        assert_eq!(group(&common), IndexGroup::own(common.clone()));
        fs::remove_file(&config).expect("removed");
        assert_eq!(group(&common), IndexGroup::own(common.clone()));
        fs::create_dir(&config).expect("made");
        assert_eq!(group(&common), IndexGroup::own(common));
    }
}
