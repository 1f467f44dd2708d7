//! Which files are left out, judged from cheapest to dearest: name, bytes, shape.

use codemem_core::path::RepoPath;
use codemem_core::skip::SkipReason;

/// Bytes looked at to tell text from binary: what git looks at.
const SNIFFED: usize = 8 * 1_024;

/// A text may hold one byte in this many that is no text (control characters, broken UTF-8) and still be one: a
/// Latin-1 file in a language full of accents stays below.
const NOISE_SHARE: usize = 10;

/// A line longer than this, in bytes, was not written by hand.
const MAX_LINE: usize = 20_000;

/// Average line length, in bytes, above which a file is minified.
const MAX_AVERAGE_LINE: usize = 300;

/// Files up to this many bytes are not judged by their average line.
const AVERAGE_FROM: usize = 2 * 1_024;

/// Extensions of binary formats, in lower case.
const BINARY: [&str; 96] = [
    "7z",
    "a",
    "aac",
    "ai",
    "apk",
    "avi",
    "avif",
    "bin",
    "blend",
    "bmp",
    "bz2",
    "cab",
    "class",
    "cur",
    "dat",
    "db",
    "deb",
    "dll",
    "dmg",
    "doc",
    "docx",
    "ds_store",
    "dylib",
    "ear",
    "eot",
    "exe",
    "fbx",
    "flac",
    "flv",
    "gif",
    "glb",
    "gz",
    "h5",
    "heic",
    "icns",
    "ico",
    "iso",
    "jar",
    "jpeg",
    "jpg",
    "ko",
    "lib",
    "lz4",
    "lzma",
    "mkv",
    "mmdb",
    "mo",
    "mov",
    "mp3",
    "mp4",
    "mpeg",
    "mpg",
    "msi",
    "npy",
    "npz",
    "nupkg",
    "o",
    "obj",
    "odt",
    "ogg",
    "onnx",
    "otf",
    "parquet",
    "pb",
    "pdb",
    "pdf",
    "pickle",
    "pkl",
    "png",
    "ppt",
    "pptx",
    "psd",
    "pt",
    "pyc",
    "pyd",
    "pyo",
    "rar",
    "rlib",
    "rmeta",
    "rpm",
    "safetensors",
    "so",
    "sqlite",
    "sqlite3",
    "tar",
    "tgz",
    "tif",
    "tiff",
    "ttf",
    "wasm",
    "wav",
    "webm",
    "webp",
    "woff",
    "woff2",
    "xlsx",
];

/// Further binary extensions, kept apart so that the list above stays sorted.
const ARCHIVES: [&str; 4] = ["xz", "zip", "zst", "war"];

/// Files that tools keep to remember what they resolved, in lower case.
const LOCK_FILES: [&str; 23] = [
    "bun.lock",
    "cargo.lock",
    "cartfile.resolved",
    "composer.lock",
    "conan.lock",
    "deno.lock",
    "flake.lock",
    "gemfile.lock",
    "go.sum",
    "go.work.sum",
    "gradle.lockfile",
    "mix.lock",
    "npm-shrinkwrap.json",
    "package-lock.json",
    "package.resolved",
    "packages.lock.json",
    "pdm.lock",
    "pipfile.lock",
    "pnpm-lock.yaml",
    "podfile.lock",
    "poetry.lock",
    "pubspec.lock",
    "uv.lock",
];

/// Ends of the names of generated files, in lower case.
const GENERATED_ENDS: [&str; 21] = [
    "yarn.lock",
    ".pb.go",
    ".pb.gw.go",
    ".pb.cc",
    ".pb.h",
    "_pb2.py",
    "_pb2.pyi",
    "_pb2_grpc.py",
    "_pb.js",
    "_pb.d.ts",
    ".g.dart",
    ".freezed.dart",
    ".g.cs",
    ".g.i.cs",
    ".designer.cs",
    ".designer.vb",
    "_generated.go",
    ".js.map",
    ".css.map",
    ".mjs.map",
    ".ts.map",
];

/// Ends of the names of minified files, in lower case.
const MINIFIED_ENDS: [&str; 5] = [".min.js", ".min.css", ".min.mjs", ".min.cjs", "-min.js"];

/// Judges by the name alone.
pub(crate) fn by_name(path: &RepoPath) -> Result<(), SkipReason> {
    let name = path.file_name().to_ascii_lowercase();
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    if BINARY.binary_search(&extension).is_ok() || ARCHIVES.contains(&extension) {
        return Err(SkipReason::Binary);
    }
    if LOCK_FILES.binary_search(&name.as_str()).is_ok() || GENERATED_ENDS.iter().any(|end| name.ends_with(end)) {
        return Err(SkipReason::Generated);
    }
    if MINIFIED_ENDS.iter().any(|end| name.ends_with(end)) {
        return Err(SkipReason::Minified);
    }
    Ok(())
}

/// Judges whether the bytes are text.
pub(crate) fn by_bytes(bytes: &[u8]) -> Result<(), SkipReason> {
    let head = &bytes[..bytes.len().min(SNIFFED)];
    if head.contains(&0) {
        return Err(SkipReason::Binary);
    }
    let is_control = |byte: &&u8| matches!(byte, 0x01..=0x08 | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f);
    let n_control = head.iter().filter(is_control).count();
    // The cut may run through a character: at most three bytes of it count as invalid.
    let n_invalid: usize = head.utf8_chunks().map(|chunk| chunk.invalid().len()).sum();
    if (n_control + n_invalid.saturating_sub(3)) * NOISE_SHARE > head.len() {
        return Err(SkipReason::Binary);
    }
    Ok(())
}

/// Judges by the lengths of the lines.
pub(crate) fn by_shape(language: &str, text: &str) -> Result<(), SkipReason> {
    let mut n_lines = 0;
    let mut start = 0;
    let ends = text.match_indices('\n').map(|(at, _)| at);
    for end in ends.chain((!text.ends_with('\n')).then_some(text.len())) {
        if end - start > MAX_LINE {
            return Err(SkipReason::Minified);
        }
        start = end + 1;
        n_lines += 1;
    }
    let average = text.len() / n_lines.max(1);
    // A paragraph of prose may be one line.
    if text.len() > AVERAGE_FROM && average > MAX_AVERAGE_LINE && !crate::split::is_prose(language) {
        return Err(SkipReason::Minified);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted() {
        assert!(BINARY.is_sorted());
        assert!(LOCK_FILES.is_sorted());
    }

    #[test]
    fn names() {
        for (path, expected) in [
            ("a/logo.PNG", Err(SkipReason::Binary)),
            ("lib.so", Err(SkipReason::Binary)),
            ("data.tar.gz", Err(SkipReason::Binary)),
            ("Cargo.lock", Err(SkipReason::Generated)),
            ("web/package-lock.json", Err(SkipReason::Generated)),
            ("yarn.lock", Err(SkipReason::Generated)),
            ("api/user.pb.go", Err(SkipReason::Generated)),
            ("api/user_pb2.py", Err(SkipReason::Generated)),
            ("Form1.Designer.cs", Err(SkipReason::Generated)),
            ("app.js.map", Err(SkipReason::Generated)),
            ("jquery.min.js", Err(SkipReason::Minified)),
            ("src/lock.rs", Ok(())),
            ("Makefile", Ok(())),
            ("a.b/c", Ok(())),
            ("src/map.ts", Ok(())),
        ] {
            let path = RepoPath::new(path).expect("valid");
            assert_eq!(by_name(&path), expected, "{path}");
        }
    }

    #[test]
    fn bytes() {
        for (bytes, expected) in [
            (&b""[..], Ok(())),
            (b"plain", Ok(())),
            (b"with\0nul", Err(SkipReason::Binary)),
            ("größe ✓".as_bytes(), Ok(())),
            (b"gr\xf6\xdfe // latin-1 text with few accents in it", Ok(())),
            (b"\x01\x02\x03\x04\xff\xfe\xfd", Err(SkipReason::Binary)),
            (b"\x1b[31mred\x1b[0m", Ok(())),
        ] {
            assert_eq!(by_bytes(bytes), expected, "{bytes:?}");
        }
        let mut late = vec![b'a'; SNIFFED];
        late.push(0);
        assert_eq!(by_bytes(&late), Ok(()));
        // A character across the edge of what is looked at.
        let mut split = vec![b'a'; SNIFFED - 1];
        split.extend("ö".as_bytes());
        assert_eq!(by_bytes(&split), Ok(()));
    }

    #[test]
    fn shapes() {
        let line = |n: usize| "x".repeat(n) + "\n";
        for (language, text, expected) in [
            ("javascript", String::new(), Ok(())),
            ("javascript", line(1_500), Ok(())),
            ("javascript", line(2_500), Err(SkipReason::Minified)),
            ("markdown", line(2_500), Ok(())),
            ("markdown", line(20_001), Err(SkipReason::Minified)),
            (
                "rust",
                line(10).repeat(3_000) + &line(20_001),
                Err(SkipReason::Minified),
            ),
            (
                "rust",
                line(10).repeat(3_000) + &"x".repeat(20_001),
                Err(SkipReason::Minified),
            ),
            ("rust", line(80).repeat(300), Ok(())),
        ] {
            assert_eq!(by_shape(language, &text), expected, "{language} {}", text.len());
        }
    }
}
