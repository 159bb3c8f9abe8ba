//! Which places of its configuration a run has looked at.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashSet};

/// Places that are kept of one run.
pub const MAX_PATHS: usize = 500;
/// The longest JSON pointer that is kept, bytes.
const MAX_LENGTH: usize = 512;

/// The leaves of its configuration that a run has read, as JSON pointers; those that it looked for in vain too. Never the
/// values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathsRead {
    /// The pointers, in order.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub paths: BTreeSet<String>,
    /// It read more than is kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_cut: bool,
}

impl PathsRead {
    /// Adds a place. False where no more can be kept.
    pub fn add(&mut self, path: String) -> bool {
        if self.paths.contains(&path) {
            return true;
        }
        if self.paths.len() >= MAX_PATHS {
            self.is_cut = true;
            return false;
        }
        if path.len() > MAX_LENGTH || !is_pointer(&path) {
            self.is_cut = true;
            return true;
        }
        self.paths.insert(path)
    }

    /// Of these only what may be kept, and only the innermost: who read `/a/b` also looked at `/a`.
    pub fn innermost(self) -> Self {
        let mut kept = Self { is_cut: self.is_cut, ..Self::default() };
        for path in self.paths {
            if !kept.add(path) {
                break;
            }
        }
        let outer: BTreeSet<String> =
            kept.paths.iter().flat_map(|path| ancestors(path)).map(str::to_owned).collect();
        kept.paths.retain(|path| !outer.contains(path));
        kept
    }
}

/// The pointers to the objects around a place, the innermost first; not the whole document.
pub fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    path.rmatch_indices('/').map(|(end, _)| &path[..end]).filter(|outer| !outer.is_empty())
}

/// Where what is set and what is read do not meet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mismatch {
    /// Leaves that are set and that nobody read.
    pub unread: Vec<String>,
    /// Places that were read and where nothing is set.
    pub missing: Vec<String>,
}

/// Compares the leaves that connections set (`set`) and those that have a default with what was read.
pub fn compare<'a>(set: &[&'a str], defaults: &[&'a str], read: &BTreeSet<&'a str>) -> Mismatch {
    let mut there: HashSet<&str> = HashSet::new();
    for path in set.iter().chain(defaults) {
        there.insert(path);
        there.extend(ancestors(path));
    }
    let unread = set.iter().filter(|path| !read.contains(*path));
    let missing = read.iter().filter(|path| !there.contains(*path));
    let owned = |path: &&str| (*path).to_owned();
    Mismatch { unread: unread.map(owned).collect(), missing: missing.map(owned).collect() }
}

/// Whether it is a JSON pointer (RFC 6901) to something within a document.
fn is_pointer(path: &str) -> bool {
    let mut escapes = path.split('~').skip(1);
    path.starts_with('/') && escapes.all(|rest| rest.starts_with(['0', '1']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<'a>(paths: impl IntoIterator<Item = &'a str>) -> PathsRead {
        PathsRead { paths: paths.into_iter().map(str::to_owned).collect(), is_cut: false }
    }

    #[test]
    fn only_what_is_a_place_is_kept_and_only_the_innermost() {
        let stranger =
            of(["", "a", "/a", "/a/b", "/a b/c", "/a b", "/~2", "/x~", "/x~1y/~0", "/ab"]).innermost();
        assert_eq!(stranger, PathsRead { is_cut: true, ..of(["/a/b", "/a b/c", "/x~1y/~0", "/ab"]) });
        assert_eq!(of(["/a", "/a/b/c", "/a/b", "/a/d"]).innermost(), of(["/a/b/c", "/a/d"]));
        assert_eq!(ancestors("/a/b~1/c").collect::<Vec<_>>(), ["/a/b~1", "/a"]);
    }

    #[test]
    fn what_is_set_and_what_is_read_are_compared_leaf_by_leaf() {
        let read = BTreeSet::from(["/map/id", "/map", "/none", "/limit", "/deep/none"]);
        let found = compare(&["/map/id", "/fieldMaping/id", "/deep/a"], &["/limit", "/unused"], &read);
        assert_eq!(found.unread, ["/fieldMaping/id", "/deep/a"]);
        assert_eq!(found.missing, ["/deep/none", "/none"]);
    }

    #[test]
    fn there_is_an_end_to_it() {
        let mut read = PathsRead::default();
        assert!((0..MAX_PATHS).all(|number| read.add(format!("/{number}"))));
        assert!(read.add("/7".to_owned()) && !read.is_cut);
        assert!(!read.add("/more".to_owned()) && read.is_cut);
        assert_eq!(read.clone().innermost(), read);
        let mut long = PathsRead::default();
        assert!(long.add(format!("/{}", "x".repeat(MAX_LENGTH))));
        assert_eq!(long, PathsRead { is_cut: true, ..PathsRead::default() });
        let many =
            PathsRead { paths: (0..2_000).map(|number| format!("/{number}")).collect(), is_cut: false };
        assert_eq!(many.innermost().paths.len(), MAX_PATHS);
        assert_eq!(serde_json::to_string(&of(["/a"])).unwrap(), r#"{"paths":["/a"]}"#);
        assert_eq!(serde_json::from_str::<PathsRead>("{}").unwrap(), PathsRead::default());
    }
}
