//! What has changed since a graph was made, by what the file system says of folders and files.

use std::os::fd::AsFd;
use std::path::Path;

use rayon::prelude::*;
use rustc_hash::FxHashSet;
use rustix::fs::{AtFlags, Mode, OFlags, Stat, fstat, open, openat, statat};

use super::flat::{Flat, FolderRecord};
use super::kind::NodeKind;
use super::tree::{File, Folder, Tree, number};

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
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = open(rootdir, flags, Mode::empty()).ok()?;
    let look = |(at, folder): (usize, &FolderRecord)| -> Changed {
        let mut changed = Changed::default();
        let path = match flat.text(folder.path) {
            "" => ".",
            path => path,
        };
        // Names are looked for in the folder itself: that is half of what whole paths cost.
        let opened = openat(root.as_fd(), path, flags, Mode::empty()).ok();
        let stamp = opened.as_ref().and_then(|opened| {
            let mut stamp = identity(&fstat(opened).ok()?);
            stamp[4] = 1;
            Some(stamp)
        });
        if stamp != Some(folder.stamp) {
            changed.folders.push(number(at));
        }
        let files = folder.files_from..folder.files_to;
        for (at, file) in files.clone().zip(flat.files_in(files)) {
            if !NodeKind::of(file.kind as u8).is_source() && !flat.is_project_file(file) {
                continue;
            }
            let now = opened.as_ref().and_then(|opened| {
                let name = flat.text(file.name);
                Some(identity(&statat(opened, name, AtFlags::empty()).ok()?))
            });
            if now != Some(file.identity) {
                changed.files.insert(at);
            }
        }
        changed
    };
    let folders = flat.folders.par_iter().enumerate().with_min_len(64);
    let all = folders.map(look).reduce(Changed::default, |mut all, more| {
        all.folders.extend(more.folders);
        all.files.extend(more.files);
        all
    });
    Some(all)
}

/// What the file system says, in the order of [`Identity`](crate::syntax::Identity).
fn identity(stat: &Stat) -> [u64; 7] {
    let times = [
        stat.st_mtime,
        stat.st_mtime_nsec as i64,
        stat.st_ctime,
        stat.st_ctime_nsec as i64,
    ];
    let [mtime, mtime_nsec, ctime, ctime_nsec] = times.map(i64::cast_unsigned);
    let size = stat.st_size as u64;
    [
        mtime,
        mtime_nsec,
        ctime,
        ctime_nsec,
        size,
        stat.st_ino,
        stat.st_dev,
    ]
}

/// The tree that a graph was made of.
pub(super) fn tree(flat: &Flat, rootdir: &Path) -> Tree {
    let folders = flat.folders.iter().map(|folder| Folder {
        path: flat.text(folder.path).to_owned(),
        parent: folder.parent,
        behind_link: folder.behind_link != 0,
        stamp: folder.stamp,
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
        is_as_known: true,
    }
}
