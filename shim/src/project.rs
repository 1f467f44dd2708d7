//! Which directory a question is about.

use codemem_proto::env::{Env, Variable};
use std::path::{Path, PathBuf};

/// The project of this session, as far as the environment tells.
#[derive(Clone, Debug)]
pub(crate) struct Project {
    directory: Option<PathBuf>,
}

/// The directory of one question.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Place {
    /// What is asked about; absolute.
    pub(crate) path: String,
    /// What may be indexed for it without being told to: the session's project, when the question is
    /// about that.
    pub(crate) project: Option<String>,
}

impl Project {
    /// The client's word goes before the working directory.
    pub(crate) fn of(env: &Env, working_directory: Option<PathBuf>) -> Self {
        let named = env.path(Variable::ClaudeProjectDir).filter(|path| path.is_absolute());
        Self {
            directory: named.map(Path::to_owned).or(working_directory),
        }
    }

    /// The directory that `path` means; relative ones start at the project.
    pub(crate) fn place(&self, path: Option<&str>) -> Result<Place, String> {
        let directory = match (path.map(Path::new), &self.directory) {
            (Some(path), _) if path.is_absolute() => path.to_owned(),
            (Some(path), Some(project)) => project.join(path),
            (None, Some(project)) => project.clone(),
            (_, None) => return Err("no project is known: give `path` as an absolute directory".to_owned()),
        };
        let text = |path: &Path| path.to_str().map(str::to_owned);
        let project = self
            .directory
            .as_deref()
            .filter(|project| directory.starts_with(project));
        Ok(Place {
            path: text(&directory).ok_or("`path` must be UTF-8")?,
            project: project.and_then(text),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_path_means() {
        let env = Env::default().with(Variable::ClaudeProjectDir, "/p");
        let named = Project::of(&env, Some("/cwd".into()));
        let here = Project::of(&Env::default(), Some("/cwd".into()));
        for (project, path, expected, may_index) in [
            (&named, None, "/p", Some("/p")),
            (&named, Some("sub"), "/p/sub", Some("/p")),
            (&named, Some("/p/sub"), "/p/sub", Some("/p")),
            (&named, Some("/other"), "/other", None),
            (&named, Some("/pp"), "/pp", None),
            (&here, None, "/cwd", Some("/cwd")),
            (&here, Some("sub"), "/cwd/sub", Some("/cwd")),
        ] {
            let place = Place {
                path: expected.to_owned(),
                project: may_index.map(str::to_owned),
            };
            assert_eq!(project.place(path), Ok(place), "{path:?}");
        }
        let nowhere = Project::of(&Env::default(), None);
        assert!(nowhere.place(None).is_err());
        assert!(nowhere.place(Some("/abs")).is_ok());
        let relative = Project::of(
            &Env::default().with(Variable::ClaudeProjectDir, "rel"),
            Some("/cwd".into()),
        );
        assert_eq!(relative.place(None).expect("known").path, "/cwd");
    }
}
