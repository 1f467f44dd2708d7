use super::*;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};

const USER: u32 = 1000;

#[test]
fn where_the_directory_is() {
    let base = tempfile::tempdir().expect("directory");
    let existing = base.path().to_owned();
    let missing = existing.join("missing");
    let tmp = PathBuf::from("/tmp/codemem-1000");
    let env = Env::default;
    for (env, expected) in [
        (env(), tmp.clone()),
        (env().with(Variable::XdgRuntimeDir, &existing), existing.join("codemem")),
        (env().with(Variable::XdgRuntimeDir, &missing), tmp.clone()),
        (env().with(Variable::XdgRuntimeDir, "relative"), tmp),
        (
            env()
                .with(Variable::XdgRuntimeDir, &existing)
                .with(Variable::RuntimeDir, &missing),
            missing.clone(),
        ),
    ] {
        assert_eq!(Rendezvous::directory_of(&env, USER), expected, "{env:?}");
    }
}

#[test]
fn a_path_must_be_absolute_and_short() {
    assert!(matches!(Rendezvous::at("run"), Err(RendezvousError::Relative(_))));
    let longest = MAX_SOCKET_PATH_BYTES - 1 - LONGEST_SOCKET_NAME;
    let fits = format!("/{}", "x".repeat(longest - 1));
    let rendezvous = Rendezvous::at(&fits).expect("fits");
    assert!(rendezvous.notify_socket(u32::MAX).as_os_str().len() <= MAX_SOCKET_PATH_BYTES);
    assert!(rendezvous.socket().as_os_str().len() <= MAX_SOCKET_PATH_BYTES);
    assert!(matches!(
        Rendezvous::at(format!("{fits}x")),
        Err(RendezvousError::TooLong(_))
    ));
}

#[test]
fn a_new_directory_is_private() {
    let base = tempfile::tempdir().expect("directory");
    let rendezvous = Rendezvous::at(base.path().join("a/b")).expect("short");
    rendezvous.prepare().expect("made");
    rendezvous.prepare().expect("still fine");
    let mode = rendezvous.directory().metadata().expect("there").mode() & 0o7777;
    assert_eq!(mode, 0o700);
}

#[test]
fn unsafe_directories_are_refused() {
    let base = tempfile::tempdir().expect("directory");
    let good = base.path().join("good");
    Rendezvous::at(&good).expect("short").prepare().expect("made");

    let link = base.path().join("link");
    symlink(&good, &link).expect("linked");
    let error = Rendezvous::at(&link).expect("short").prepare().expect_err("a link");
    assert!(matches!(error, RendezvousError::Symlink(_)), "{error}");

    let dangling = base.path().join("dangling");
    symlink(base.path().join("nowhere"), &dangling).expect("linked");
    let error = Rendezvous::at(&dangling).expect("short").prepare().expect_err("a link");
    assert!(matches!(error, RendezvousError::Symlink(_)), "{error}");

    let file = base.path().join("file");
    fs::write(&file, "").expect("written");
    let error = Rendezvous::at(&file).expect("short").prepare().expect_err("a file");
    assert!(matches!(error, RendezvousError::NotADirectory(_)), "{error}");

    for mode in [0o750, 0o701, 0o770, 0o1777] {
        let open = base.path().join(format!("open{mode:o}"));
        fs::create_dir(&open).expect("made");
        fs::set_permissions(&open, Permissions::from_mode(mode)).expect("changed");
        let error = Rendezvous::at(&open).expect("short").prepare().expect_err("open");
        assert!(
            matches!(error, RendezvousError::OpenToOthers { mode: found, .. } if found == mode),
            "{error}"
        );
        assert_eq!(error.hint(), format!("run `chmod 700 {}`", open.display()));
    }

    let stranger = own_uid() + 1;
    let error = Rendezvous::at(&good)
        .expect("short")
        .verify_for(stranger)
        .expect_err("foreign");
    assert!(
        matches!(error, RendezvousError::ForeignOwner { user, .. } if user == stranger),
        "{error}"
    );

    let error = Rendezvous::at(base.path().join("absent"))
        .expect("short")
        .verify()
        .expect_err("absent");
    assert!(matches!(error, RendezvousError::Inspect { .. }), "{error}");
}

#[test]
fn a_directory_that_cannot_be_made() {
    let base = tempfile::tempdir().expect("directory");
    let file = base.path().join("file");
    fs::write(&file, "").expect("written");
    let error = Rendezvous::at(file.join("below"))
        .expect("short")
        .prepare()
        .expect_err("below a file");
    assert!(matches!(error, RendezvousError::Create { .. }), "{error}");
}
