//! Which index a root's contents go to, in words. An origin is told by host and path alone.

use codemem_core::ports::{GroupLink, GroupName, IndexGroup};
use codemem_engine::{ExplainedIndex, PlacementReason};
use codemem_proto::v1;

pub(super) fn wire(index: &ExplainedIndex) -> v1::IndexGroup {
    let (rule, because) = match &index.group {
        Some(group) => (rule(group), because(group, index)),
        None => ("registered", "the index that it was registered with".to_owned()),
    };
    v1::IndexGroup {
        key: index.key.to_string(),
        name: index.group.as_ref().map(|group| name(&group.name)).unwrap_or_default(),
        rule: rule.to_owned(),
        because,
        roots: index.roots.iter().map(|root| root.display().to_string()).collect(),
    }
}

fn name(name: &GroupName) -> String {
    match name {
        GroupName::Directory(directory) => directory.display().to_string(),
        GroupName::Origin(origin) => origin.clone(),
    }
}

fn rule(group: &IndexGroup) -> &'static str {
    match (group.way.first(), &group.name) {
        (Some((GroupLink::Origin, _)), _) => "local_origin",
        (Some((GroupLink::Alternates, _)), _) => "alternates",
        (None, GroupName::Origin(_)) => "origin",
        (None, GroupName::Directory(_)) => "own",
    }
}

/// The rule in a sentence, without a full stop.
fn because(group: &IndexGroup, index: &ExplainedIndex) -> String {
    let steps = group.way.iter().enumerate().map(|(n, (link, repository))| {
        let how = match (link, n) {
            (GroupLink::Origin, 0) => "cloned from",
            (GroupLink::Origin, _) => "which was cloned from",
            (GroupLink::Alternates, 0) => "borrows objects of",
            (GroupLink::Alternates, _) => "which borrows objects of",
        };
        format!("{how} `{}`", repository.display())
    });
    let mut parts: Vec<String> = steps.collect();
    match &group.name {
        GroupName::Origin(origin) if parts.is_empty() => parts.push(format!("its origin is `{origin}`")),
        GroupName::Origin(origin) => parts.push(format!("whose origin is `{origin}`")),
        GroupName::Directory(directory) if parts.is_empty() => {
            parts.push(format!("no origin leads further than `{}`", directory.display()));
        }
        GroupName::Directory(_) => {}
    }
    let how = parts.join(", ");
    if index.is_called_so {
        return how;
    }
    let why_another = match index.reason {
        PlacementReason::Registered => "it was registered with another index, and stays there",
        PlacementReason::Project => "the other roots of its project are in another index, and it goes with them",
        PlacementReason::Group => "a root of the same origin has an index from before, and it goes with that",
        PlacementReason::Name => return how,
    };
    format!("{how}; {why_another}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use codemem_core::ids::{Hash128, RepositoryKey};

    #[test]
    fn a_group_is_told_by_its_way_and_where_the_index_is_another_one_by_why() {
        let origin = || GroupName::Origin("example.org/a/b".to_owned());
        let directory = || GroupName::Directory("/r/.git".into());
        let cloned = || (GroupLink::Origin, "/r/.git".into());
        let lent = || (GroupLink::Alternates, "/pool.git".into());
        for (name, way, reason, is_called_so, rule, because) in [
            (
                directory(),
                vec![],
                PlacementReason::Name,
                true,
                "own",
                "no origin leads further than `/r/.git`",
            ),
            (
                origin(),
                vec![],
                PlacementReason::Name,
                true,
                "origin",
                "its origin is `example.org/a/b`",
            ),
            (
                directory(),
                vec![cloned()],
                PlacementReason::Project,
                true,
                "local_origin",
                "cloned from `/r/.git`",
            ),
            (
                origin(),
                vec![cloned(), lent()],
                PlacementReason::Registered,
                false,
                "local_origin",
                "cloned from `/r/.git`, which borrows objects of `/pool.git`, whose origin is `example.org/a/b`; it was registered \
                 with another index, and stays there",
            ),
            (
                directory(),
                vec![lent(), cloned()],
                PlacementReason::Group,
                false,
                "alternates",
                "borrows objects of `/pool.git`, which was cloned from `/r/.git`; a root of the same origin has an index from before, \
                 and it goes with that",
            ),
        ] {
            let told = wire(&ExplainedIndex {
                key: RepositoryKey::new(Hash128([7; 16])),
                group: Some(IndexGroup { name, way }),
                reason,
                is_called_so,
                roots: vec!["/r".into()],
            });
            assert_eq!((told.rule.as_str(), told.because.as_str()), (rule, because));
        }
    }
}
