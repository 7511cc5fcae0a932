//! What is wrong with imports, and with the names of files.

use rustc_hash::FxHashMap;

use super::flat::Flat;
use super::kind::NodeKind;
use super::rule::Rule;
use super::tree::{Tree, number};
use crate::{Problem, ProblemKind};

/// The relative imports of a file that lead to no package.
pub(super) fn of_imports(flat: &Flat, file: u32) -> Vec<Problem> {
    let Some(record) = flat.files.get(file as usize) else {
        return Vec::new();
    };
    let mut problems = Vec::new();
    for edge in flat.edges(file) {
        if edge.rule() != Rule::Import || flat.kind(edge.target) != NodeKind::Missing {
            continue;
        }
        let name = flat.name(edge.target);
        let level = name.bytes().take_while(|byte| *byte == b'.').count();
        if level == 0 || is_package(flat, record.folder, level - 1) {
            continue;
        }
        let message = format!(
            "`{name}` is beyond the top-level package, so Python cannot import it: use an absolute \
             import, or run the file as a module of the package that it is meant to be in"
        );
        let problem = Problem::new(ProblemKind::Graph, message);
        problems.push(problem.at(flat.name(file), Some(edge.line)));
    }
    problems.sort_by_key(|problem| problem.line);
    problems
}

/// Whether the folder that lies so many levels up is a package.
fn is_package(flat: &Flat, folder: u32, up: usize) -> bool {
    let mut folder = folder;
    for _ in 0..up {
        if folder == 0 {
            return false;
        }
        folder = flat.folders[folder as usize].parent;
    }
    let record = &flat.folders[folder as usize];
    let files = record.files_from as usize..record.files_to as usize;
    let files = flat.files.get(files).unwrap_or_default();
    files
        .iter()
        .any(|file| flat.text(file.name) == "__init__.py")
}

/// Folders in which names differ by case only: other file systems have one file for them.
pub(super) fn of_names(tree: &Tree) -> Vec<Problem> {
    let is_plain = |name: &&str| {
        !name
            .bytes()
            .any(|byte| byte.is_ascii_uppercase() || byte >= 0x80)
    };
    let mut below: FxHashMap<u32, Vec<&str>> = FxHashMap::default();
    for folder in tree.folders.iter().skip(1) {
        let name = folder.path.rsplit('/').next().unwrap_or_default();
        below.entry(folder.parent).or_default().push(name);
    }
    let mut problems = Vec::new();
    for (at, folder) in tree.folders.iter().enumerate() {
        let (from, to) = folder.files;
        let files = tree.files[from as usize..to as usize].iter();
        let files = files.map(|file| file.name.as_str());
        let folders = below.remove(&number(at)).unwrap_or_default();
        let names = files.chain(folders);
        if names.clone().all(|name| is_plain(&name)) {
            continue;
        }
        let mut names: Vec<(String, &str)> =
            names.map(|name| (name.to_lowercase(), name)).collect();
        names.sort_unstable();
        let clash = names.windows(2).find(|two| two[0].0 == two[1].0);
        if let Some([(_, one), (_, other)]) = clash {
            let path = match folder.path.as_str() {
                "" => ".",
                path => path,
            };
            let message = format!(
                "the names `{one}` and `{other}` differ by case only: where the file system does not \
                 tell them apart, one takes the place of the other"
            );
            problems.push(Problem::new(ProblemKind::Graph, message).at(path, None));
        }
    }
    problems
}
