//! Files, read into references.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::flat::{Flat, flag, sum};
use super::tree::{File, Tree, is_project_file, number};
use crate::syntax::{Identity, References, references, settled};
use crate::{Problem, ProblemKind};

/// A file as it was read, or as an earlier graph has it.
pub(super) struct Read {
    pub(super) identity: [u64; 7],
    pub(super) digest: [u8; 32],
    pub(super) references: Option<References>,
    /// The node of the earlier graph, whose references are the same.
    pub(super) old: Option<u32>,
    pub(super) flags: u32,
}

impl Read {
    fn none() -> Self {
        Self {
            identity: [0; 7],
            digest: [0; 32],
            references: None,
            old: None,
            flags: 0,
        }
    }
}

pub(super) fn read_all(
    old: &Flat,
    tree: &Tree,
    old_of: &[Option<u32>],
    stale: &FxHashSet<u32>,
    keeps: bool,
) -> Vec<Read> {
    let paths: Vec<PathBuf> = tree
        .folders
        .iter()
        .map(|folder| tree.rootdir.join(&folder.path))
        .collect();
    let read = |buffer: &mut Vec<u8>, (at, file): (usize, &File)| {
        let before = old_of[at].map(|before| (before, &old.files[before as usize]));
        let is_tracked = file.kind.is_source() || is_project_file(&file.name);
        if file.is_ghost {
            // What it held is not known: it may have loaded and walked anything.
            return Read {
                flags: flag::LOADER | flag::WALKER,
                ..Read::none()
            };
        }
        if !is_tracked {
            return Read::none();
        }
        if let Some((before, record)) = before
            && !stale.contains(&before)
        {
            return Read {
                identity: record.identity,
                digest: record.digest,
                references: None,
                old: Some(before),
                flags: record.flags,
            };
        }
        let path = paths[file.folder as usize].join(&file.name);
        let known = before.map(|(before, record)| (before, record.digest));
        let mut read = read_one(&path, file.kind.is_source(), known, keeps, buffer);
        if let (Some(before), Some((_, record))) = (read.old, before) {
            debug_assert_eq!(Some(before), old_of[at]);
            read.flags = record.flags;
        }
        read
    };
    let files = tree.files.par_iter().enumerate();
    files.map_init(Vec::new, read).collect()
}

/// Reads a file, by way of a buffer. If its content is the `known` one, which a node of the earlier graph
/// had, so are its references. A graph that is not kept needs no digests.
fn read_one(
    path: &Path,
    is_source: bool,
    known: Option<(u32, [u8; 32])>,
    keeps: bool,
    buffer: &mut Vec<u8>,
) -> Read {
    let asked = SystemTime::now();
    buffer.clear();
    let content = std::fs::File::open(path).and_then(|mut file| {
        use std::io::Read as _;
        let metadata = file.metadata()?;
        let size = usize::try_from(metadata.len()).unwrap_or(0);
        buffer.try_reserve_exact(size)?;
        file.read_to_end(buffer)?;
        Ok(metadata)
    });
    let metadata = match content {
        Ok(metadata) => metadata,
        Err(error) => {
            let message = format!("the file cannot be read, so its imports are not known: {error}");
            let mut references = References::default();
            references
                .problems
                .push(Problem::new(ProblemKind::Io, message));
            return Read {
                references: Some(references),
                ..Read::none()
            };
        }
    };
    let identity = Identity::of(&metadata);
    let digest: [u8; 32] = match keeps || known.is_some() {
        true => blake3::hash(buffer).into(),
        false => [0; 32],
    };
    let same = known.filter(|(_, known)| *known == digest);
    Read {
        identity: match settled(&identity, asked) {
            true => identity.0,
            false => [0; 7],
        },
        digest,
        references: (is_source && same.is_none()).then(|| references(buffer)),
        old: same.map(|(before, _)| before),
        flags: 0,
    }
}

/// The references of a file that an earlier graph kept; none when they are damaged.
pub(super) fn decode(flat: &Flat, file: u32) -> Option<References> {
    let record = flat.files.get(file as usize)?;
    let bytes = flat.references_of(record);
    let encoded = (sum(bytes) == record.sum).then_some(bytes)?;
    postcard::from_bytes(encoded).ok()
}

/// The references of a file that an earlier graph kept, or else as they are now.
pub(super) fn known(old: &Flat, before: u32, tree: &Tree, file: usize) -> References {
    decode(old, before).unwrap_or_else(|| {
        let path = tree.rootdir.join(tree.path_of(number(file)));
        std::fs::read(path)
            .map(|bytes| references(&bytes))
            .unwrap_or_default()
    })
}
