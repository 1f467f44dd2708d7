//! Java's packages.

use super::Imported;
use crate::graph::facts::FileFacts;

/// The package that a file says it belongs to.
pub(super) fn package_of(file: &FileFacts) -> Option<&str> {
    file.package()
}

/// The last part of a name that begins with a capital is a type, what is before it the package. Without one it is a package,
/// all of whose types are meant.
pub(super) fn module(name: &str) -> Imported {
    match name.rsplit_once('.') {
        Some((package, last)) if last.starts_with(char::is_uppercase) => {
            Imported::Symbol(package.to_owned(), last.to_owned())
        }
        Some(_) | None => Imported::Whole(name.to_owned()),
    }
}
