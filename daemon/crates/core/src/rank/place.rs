//! What a path says about a file's role: own code, tests, examples, documentation, generated and vendored code.

use crate::path::RepoPath;

/// The role of a file in its project, told from its path alone.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Place {
    /// The project's own code.
    Source,
    /// Tests and their helpers.
    Test,
    /// Examples, benchmarks, demos, samples, scripts.
    Example,
    /// Prose, and what belongs to it.
    Docs,
    /// Configuration, build scripts and data.
    Data,
    /// The texts of one human language each.
    Translation,
    /// Made from other files of the tree: build output, amalgamations, generated code.
    Generated,
    /// Somebody else's code kept in the tree, or code kept for compatibility.
    Vendored,
}

impl Place {
    /// The role of the file at `path`.
    pub fn of(path: &RepoPath) -> Self {
        let lower = path.as_str().to_lowercase();
        let mut directories = lower.split('/').rev().skip(1);
        let name = lower.rsplit('/').next().unwrap_or(&lower);
        if directories.clone().any(is_vendored) {
            return Self::Vendored;
        }
        if directories.clone().any(is_test_directory) || is_test_name(path.file_name(), name) {
            return Self::Test;
        }
        if directories.clone().any(is_example_directory) {
            return Self::Example;
        }
        // At the top of a project these say what they say; further down they are modules like others.
        let top = lower.split_once('/').map_or("", |(top, _)| top);
        if directories.clone().any(is_generated) || matches!(top, "build" | "out" | "target" | "gen" | "bundle") {
            return Self::Generated;
        }
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        match () {
            () if is_prose(extension) => Self::Docs,
            () if is_data(extension) => Self::Data,
            () if directories.clone().any(is_docs_directory) || matches!(top, "site" | "www" | "man" | "guide") => {
                Self::Docs
            }
            () if is_about_the_build(name, extension) => Self::Data,
            () if directories.clone().any(|directory| directory.starts_with('.')) => Self::Data,
            () if matches!(top, "ci" | "tools" | "hack" | "fuzz" | "fuzzing" | "perf" | "stress") => Self::Example,
            () if directories.any(is_translation) => Self::Translation,
            () => Self::Source,
        }
    }

    /// In which order a pass reads files; lower is earlier.
    pub(crate) fn rank_in_pass(self) -> u8 {
        match self {
            Self::Source => 0,
            Self::Test => 1,
            Self::Docs => 2,
            Self::Example | Self::Data | Self::Translation => 3,
            Self::Generated | Self::Vendored => 4,
        }
    }
}

fn is_vendored(directory: &str) -> bool {
    matches!(
        directory,
        "vendor"
            | "vendored"
            | "third_party"
            | "third-party"
            | "thirdparty"
            | "external"
            | "externals"
            | "deps"
            | "_vendor"
            | "bower_components"
            | "compat"
            | "legacy"
            | "deprecated"
            | "deprecations"
    )
}

fn is_test_directory(directory: &str) -> bool {
    matches!(
        directory,
        "test"
            | "tests"
            | "testing"
            | "testdata"
            | "test-data"
            | "spec"
            | "specs"
            | "__tests__"
            | "__mocks__"
            | "fixtures"
            | "e2e"
            | "testsuite"
            | "test_suite"
            | "mocks"
            | "integration-tests"
            | "unittests"
            | "snapshots"
            | "__snapshots__"
    ) || directory.starts_with("test_")
        || directory.ends_with("_test")
        || directory.ends_with("_tests")
        || directory.ends_with("-tests")
        || directory.ends_with("-test")
        || directory.split('.').any(|part| part == "tests")
}

fn is_example_directory(directory: &str) -> bool {
    // Go's tools skip what begins with an underscore, so examples do.
    matches!(
        directory.trim_start_matches('_'),
        "example"
            | "examples"
            | "demo"
            | "demos"
            | "sample"
            | "samples"
            | "bench"
            | "benches"
            | "benchmark"
            | "benchmarks"
            | "docs_src"
            | "scripts"
            | "tutorial"
            | "tutorials"
            | "playground"
            | "sandbox"
    )
}

fn is_generated(directory: &str) -> bool {
    matches!(
        directory,
        "dist"
            | "generated"
            | "__generated__"
            | "autogen"
            | "single_include"
            | "amalgamation"
            | "amalgamated"
            | "bundled"
            | "node_modules"
    )
}

fn is_docs_directory(directory: &str) -> bool {
    matches!(
        directory,
        "docs" | "doc" | "documentation" | "website" | "guides" | "manual" | "wiki"
    )
}

fn is_translation(directory: &str) -> bool {
    matches!(
        directory,
        "locales" | "locale" | "i18n" | "l10n" | "translations" | "_locales"
    )
}

fn is_prose(extension: &str) -> bool {
    // The digits are sections of the manual.
    matches!(
        extension,
        "md" | "rst"
            | "txt"
            | "adoc"
            | "asciidoc"
            | "mdx"
            | "org"
            | "tex"
            | "html"
            | "htm"
            | "ipynb"
            | "textile"
            | "rdoc"
            | "pod"
            | "1"
            | "2"
            | "3"
            | "4"
            | "5"
            | "6"
            | "7"
            | "8"
    )
}

fn is_data(extension: &str) -> bool {
    matches!(
        extension,
        "json"
            | "yaml"
            | "yml"
            | "toml"
            | "ini"
            | "cfg"
            | "conf"
            | "xml"
            | "csv"
            | "tsv"
            | "svg"
            | "lock"
            | "po"
            | "properties"
    )
}

/// Build scripts, project files, style sheets and dot files.
fn is_about_the_build(name: &str, extension: &str) -> bool {
    matches!(
        name,
        "makefile"
            | "dockerfile"
            | "license"
            | "copying"
            | "authors"
            | "changelog"
            | "readme"
            | "contributing"
            | "gemfile"
            | "rakefile"
            | "justfile"
    ) || matches!(
        extension,
        "gradle"
            | "kts"
            | "cmake"
            | "sbt"
            | "csproj"
            | "props"
            | "targets"
            | "sln"
            | "nix"
            | "bat"
            | "cabal"
            | "gemspec"
            | "podspec"
            | "css"
            | "scss"
            | "less"
    ) || name.starts_with('.')
}

fn is_test_name(name: &str, lower: &str) -> bool {
    let stem = lower.split('.').next().unwrap_or(lower);
    stem == "test"
        || stem == "tests"
        || stem == "conftest"
        || stem.starts_with("test_")
        || stem.ends_with("_test")
        || stem.ends_with("_tests")
        || stem.ends_with("_spec")
        || lower.contains(".test.")
        || lower.contains(".spec.")
        || lower.contains(".tests.")
        || ["Test.", "Tests.", "TestCase.", "Spec.", "IT."]
            .iter()
            .any(|end| name.contains(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_tells_its_role() {
        let table = [
            ("src/router.rs", Place::Source),
            ("src/latest.rs", Place::Source),
            ("src/contest/a.py", Place::Source),
            ("tests/router.rs", Place::Test),
            ("src/router_test.go", Place::Test),
            ("src/app.spec.ts", Place::Test),
            ("gson/src/test/java/GsonTest.java", Place::Test),
            ("pkg/FooTests.cs", Place::Test),
            ("examples/hello/main.rs", Place::Example),
            ("benches/a.rs", Place::Example),
            ("_examples/rest/main.go", Place::Example),
            ("README.md", Place::Docs),
            ("package.json", Place::Data),
            ("third_party/zlib/inflate.c", Place::Vendored),
            ("docs/examples/hello.md", Place::Example),
            ("website/src/index.ts", Place::Docs),
            ("man/tool.1", Place::Docs),
            ("dist/app.js", Place::Generated),
            ("single_include/app.hpp", Place::Generated),
            ("build/app.js", Place::Generated),
            ("src/build/plan.go", Place::Source),
            ("src/main/java/tools/json/Mapper.java", Place::Source),
            ("tools/release.py", Place::Example),
            ("src/locales/fr.ts", Place::Translation),
            ("build.gradle", Place::Data),
            (".github/ci.sh", Place::Data),
        ];
        for (path, expected) in table {
            assert_eq!(Place::of(&RepoPath::new(path).expect("valid")), expected, "{path}");
        }
    }
}
