//! Which file systems keep changes to themselves.
//!
//! What programs on this machine write is told by every file system, because the system tells it before
//! the file system is asked. What others write on a file system that is shared with other machines, or
//! that another machine, a virtual one's host, or a program serves, is not told. Such roots are watched
//! and polled. An overlay, as containers have it, counts as a file system of this machine: what is written
//! through it is told, and nobody is meant to write beneath it.

use std::path::Path;

/// The name of a file system that does not tell of all changes; none when it does, or cannot be asked.
#[cfg(target_os = "linux")]
pub(super) fn keeps_silent(root: &Path) -> Option<&'static str> {
    let stat = rustix::fs::statfs(root).ok()?;
    // The field's type differs from machine to machine; the numbers are 32 bits wide.
    name_of(stat.f_type as u32)
}

/// The numbers are those of Linux's `magic.h` and of the file systems' own headers.
#[cfg(target_os = "linux")]
fn name_of(kind: u32) -> Option<&'static str> {
    let known = [
        (0x6969, "NFS"),
        (0xff53_4d42, "CIFS"),
        (0xfe53_4d42, "SMB"),
        (0x517b, "SMB"),
        (0x6573_5546, "FUSE"),
        (0x0102_1997, "9P"),
        (0x786f_4256, "VirtualBox's shared folders"),
        (0xbacb_acbc, "VMware's shared folders"),
        (0x00c3_6400, "Ceph"),
        (0x5346_414f, "AFS"),
        (0x7375_7245, "Coda"),
        (0x0bd0_0bd0, "Lustre"),
        (0x4750_4653, "GPFS"),
        (0x0116_1970, "GFS2"),
        (0x7461_636f, "OCFS2"),
    ];
    known.iter().find(|(number, _)| *number == kind).map(|(_, name)| *name)
}

/// The name of a file system that does not tell of all changes; none when it does, or cannot be asked.
#[cfg(target_os = "macos")]
pub(super) fn keeps_silent(root: &Path) -> Option<&'static str> {
    let stat = rustix::fs::statfs(root).ok()?;
    let name: Vec<u8> = stat
        .f_fstypename
        .iter()
        .map(|byte| byte.cast_unsigned())
        .take_while(|byte| *byte != 0)
        .collect();
    match name.as_slice() {
        b"nfs" => Some("NFS"),
        b"smbfs" => Some("SMB"),
        b"afpfs" => Some("AFP"),
        b"webdav" => Some("WebDAV"),
        b"macfuse" | b"osxfuse" => Some("FUSE"),
        _ => None,
    }
}

/// The name of a file system that does not tell of all changes: none is known here.
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
pub(super) fn keeps_silent(_root: &Path) -> Option<&'static str> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn shared_file_systems_are_known_and_local_ones_trusted() {
        assert_eq!(name_of(0x6969), Some("NFS"));
        assert_eq!(name_of(0x6573_5546), Some("FUSE"));
        for local in [0xef53, 0x0102_1994, 0x9123_683e, 0x5846_5342, 0x794c_7630, 0x2fc1_2fc1] {
            assert_eq!(name_of(local), None, "{local:x}");
        }
        assert_eq!(keeps_silent(Path::new("/proc")), None);
        assert_eq!(keeps_silent(Path::new("/no such directory")), None);
    }
}
