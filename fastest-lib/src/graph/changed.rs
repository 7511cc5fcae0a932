//! What has changed since a graph was made, by what the file system says of folders and files.

use std::os::fd::AsFd;
use std::path::Path;

use rayon::prelude::*;
use rustc_hash::FxHashSet;
use rustix::fs::{AtFlags, Mode, OFlags, open, statat};

use super::flat::Flat;
use super::kind::NodeKind;
use super::tree::{File, Folder, Stamp, Tree, current_stamp, is_project_file, number};

/// The folders whose lists of names, and the files whose contents, may be others now.
#[derive(Debug, Default)]
pub(super) struct Changed {
    pub(super) folders: Vec<u32>,
    pub(super) files: FxHashSet<u32>,
}

impl Changed {
    pub(super) fn is_empty(&self) -> bool {
        self.folders.is_empty() && self.files.is_empty()
    }
}

/// Compares every folder and source file with what is known of it; none when the rootdir cannot be
/// opened.
pub(super) fn since(flat: &Flat, rootdir: &Path) -> Option<Changed> {
    let root = open(
        rootdir,
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )
    .ok()?;
    let look = |path: &str| -> Option<[u64; 7]> {
        let path = if path.is_empty() { "." } else { path };
        let stat = statat(root.as_fd(), path, AtFlags::empty()).ok()?;
        let times = [
            stat.st_mtime,
            stat.st_mtime_nsec as i64,
            stat.st_ctime,
            stat.st_ctime_nsec as i64,
        ];
        let mut found = current_stamp(times, stat.st_ino, stat.st_dev);
        found[4] = stat.st_size as u64;
        Some(found)
    };
    let folders = flat
        .folders
        .par_iter()
        .enumerate()
        .filter_map(|(at, folder)| {
            let now = look(flat.text(folder.path)).map(|mut stamp| {
                stamp[4] = 1;
                stamp
            });
            (now != Some(folder.stamp)).then_some(number(at))
        });
    let folders: Vec<u32> = folders.collect();
    let files = flat.folders.par_iter().flat_map_iter(|folder| {
        let path = flat.text(folder.path);
        let mut text = String::with_capacity(path.len() + 32);
        text.push_str(path);
        if !path.is_empty() {
            text.push('/');
        }
        let base = text.len();
        let (from, to) = (folder.files_from, folder.files_to);
        let records = flat
            .files
            .get(from as usize..to as usize)
            .unwrap_or_default();
        let look = &look;
        (from..to).zip(records).filter_map(move |(at, file)| {
            let name = flat.text(file.name);
            let is_read = NodeKind::of(file.kind as u8).is_source() || is_project_file(name);
            if !is_read {
                return None;
            }
            text.truncate(base);
            text.push_str(name);
            (look(&text) != Some(file.identity)).then_some(at)
        })
    });
    Some(Changed {
        files: files.collect::<Vec<u32>>().into_iter().collect(),
        folders,
    })
}

/// The tree that a graph was made of.
pub(super) fn tree(flat: &Flat, rootdir: &Path) -> Tree {
    let folders = flat.folders.iter().map(|folder| Folder {
        path: flat.text(folder.path).to_owned(),
        parent: folder.parent,
        behind_link: folder.behind_link != 0,
        stamp: folder.stamp as Stamp,
        files: (folder.files_from, folder.files_to),
    });
    let files = flat.files.iter().map(|file| {
        let is_link = file.flags & super::flat::flag::LINK != 0;
        let mut new = File::new(file.folder, flat.text(file.name).to_owned(), is_link);
        new.is_ghost = file.flags & super::flat::flag::GHOST != 0;
        new
    });
    Tree {
        rootdir: rootdir.to_path_buf(),
        folders: folders.collect(),
        files: files.collect(),
        problems: Vec::new(),
    }
}
