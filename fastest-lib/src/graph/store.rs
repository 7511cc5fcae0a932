//! The graph on disk: one file a rootdir, mapped and never loaded.
//!
//! A header with a checksum of all but the references, then the columns of [`Flat`], each at a multiple of
//! eight, the references last: those of a file have a checksum of their own, looked at when they are used.
//! The file is replaced as a whole, by rename. Numbers are as this machine has them, and the header says
//! so: a file from another one is none.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytemuck::Pod;
use memmap2::Mmap;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::flat::{Column, Flat};
use crate::syntax::{Cleared, files, map, remove_owned, tidy};

const MAGIC: u64 = u64::from_ne_bytes(*b"\x89graph\r\n");
const COLUMNS: usize = 11;
const HEADER: usize = 8 * (4 + COLUMNS);

/// What the cache holds of import graphs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredGraphs {
    /// Graphs, one for each rootdir.
    pub graphs: u64,
    /// Their bytes on disk.
    pub bytes: u64,
}

/// The import graphs that are kept below `cache_dir`; none where there is no such folder.
///
/// # Errors
///
/// When the folder exists and cannot be read.
pub fn stored_graphs(cache_dir: &Path) -> io::Result<StoredGraphs> {
    let mut stored = StoredGraphs::default();
    for (name, metadata) in files(&folder(cache_dir))? {
        if is_graph(&name) {
            stored.graphs += 1;
            stored.bytes += metadata.len();
        }
    }
    Ok(stored)
}

/// Removes every import graph that is kept below `cache_dir`, and no other file.
///
/// # Errors
///
/// When a file cannot be removed, or the folder cannot be read.
pub fn clear_graphs(cache_dir: &Path) -> io::Result<Cleared> {
    let mut cleared = Cleared::default();
    let is_owned = |name: &str| name.starts_with(ASIDE) || is_graph(name);
    remove_owned(&folder(cache_dir), is_owned, &mut cleared)?;
    Ok(cleared)
}

/// The folder of graphs below a cache folder.
fn folder(cache_dir: &Path) -> PathBuf {
    cache_dir.join("graph")
}

/// Where the graph of a rootdir is kept.
pub(super) fn path(cache_dir: &Path, rootdir: &Path) -> PathBuf {
    let digest = blake3::hash(rootdir.as_os_str().as_encoded_bytes());
    folder(cache_dir).join(&digest.to_hex()[..32])
}

fn is_graph(name: &str) -> bool {
    name.len() == 32 && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The graphs of all rootdirs take no more than so many bytes, but for the one that was written last.
const LIMIT: u64 = 2 << 30;

const ASIDE: &str = ".new-";

/// Changes with this crate's version and with the source of everything that makes graphs.
fn schema() -> u64 {
    let text = concat!(env!("CARGO_PKG_VERSION"), "/", env!("FASTEST_GRAPH"));
    xxh3_64(text.as_bytes())
}

/// Reads a graph; none if there is none that can be trusted.
pub(super) fn read(path: &Path) -> Option<Flat> {
    let file = File::open(path).ok()?;
    let metadata = file.metadata().ok()?;
    // In a folder that many can write, someone else's file must not choose our tests.
    let own = rustix::process::geteuid().as_raw();
    let trusted = metadata.is_file() && [0, own].contains(&metadata.uid());
    if !trusted || metadata.len() < HEADER as u64 {
        return None;
    }
    let map = Arc::new(map(&file).ok()?);
    let header: Vec<u64> = map
        .get(..HEADER)?
        .chunks_exact(8)
        .map(|bytes| u64::from_ne_bytes(bytes.try_into().unwrap_or_default()))
        .collect();
    let rest = map.get(HEADER..)?;
    let own = usize::try_from(header[3]).ok()?;
    if header[0] != MAGIC || header[1] != schema() || header[2] != xxh3_64(rest.get(..own)?) {
        return None;
    }
    let mut at = HEADER;
    let mut lengths = header[4..].iter();
    let mut next = || {
        let length = usize::try_from(*lengths.next()?).ok()?;
        let range = at..at.checked_add(length)?;
        at = range.end.checked_next_multiple_of(8)?;
        (range.end <= map.len()).then_some(range)
    };
    let flat = Flat {
        text: column(&map, next()?)?,
        folders: column(&map, next()?)?,
        files: column(&map, next()?)?,
        outside: column(&map, next()?)?,
        starts: column(&map, next()?)?,
        edges: column(&map, next()?)?,
        reverse_starts: column(&map, next()?)?,
        reverse: column(&map, next()?)?,
        probes: column(&map, next()?)?,
        globals: column(&map, next()?)?,
        references: column(&map, next()?)?,
        ..Flat::default()
    };
    flat.is_sound().then_some(flat)
}

fn column<T: Pod>(map: &Arc<Mmap>, range: std::ops::Range<usize>) -> Option<Column<T>> {
    bytemuck::try_cast_slice::<u8, T>(map.get(range.clone())?).ok()?;
    Some(Column::Mapped(Arc::clone(map), range))
}

/// Replaces the graph at a path; the graph has to be compact.
pub(super) fn write(path: &Path, flat: &Flat) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)?;
    let columns: [&[u8]; COLUMNS] = [
        &flat.text,
        bytemuck::cast_slice(&flat.folders),
        bytemuck::cast_slice(&flat.files),
        bytemuck::cast_slice(&flat.outside),
        bytemuck::cast_slice(&flat.starts),
        bytemuck::cast_slice(&flat.edges),
        bytemuck::cast_slice(&flat.reverse_starts),
        bytemuck::cast_slice(&flat.reverse),
        bytemuck::cast_slice(&flat.probes),
        &flat.globals,
        &flat.references,
    ];
    let padding = |column: &[u8]| column.len().next_multiple_of(8) - column.len();
    let mut hash = Xxh3::new();
    let mut own = 0;
    for column in &columns[..COLUMNS - 1] {
        hash.update(column);
        hash.update(&[0; 8][..padding(column)]);
        own += column.len().next_multiple_of(8);
    }
    let aside = tempfile::Builder::new().prefix(ASIDE).tempfile_in(folder)?;
    let mut out = BufWriter::with_capacity(1 << 16, aside);
    for number in [MAGIC, schema(), hash.digest(), own as u64] {
        out.write_all(&number.to_ne_bytes())?;
    }
    for column in columns {
        out.write_all(&(column.len() as u64).to_ne_bytes())?;
    }
    for column in columns {
        out.write_all(column)?;
        out.write_all(&[0; 8][..padding(column)])?;
    }
    let aside = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    aside.persist(path).map_err(|error| error.error)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    tidy(folder, &name, LIMIT);
    Ok(())
}
