//! A runner that carries its Python side compiled: each action of Bazel starts in an empty folder,
//! where everything would be compiled anew.
//!
//! The files are appended to the program, behind them their length and a mark.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fastest_lib::Session;
use fastest_lib::execution::write_harness;
use fastest_lib::workspace::WorkspaceOptions;

use crate::Failure;
use crate::contract::Variables;

const MARK: &[u8; 8] = b"fstHarn1";
const TRAILER: u64 = 16;

/// Writes to `output` this program with its Python side, compiled by `python`.
///
/// # Errors
///
/// When there is no such interpreter, it is too old, or something cannot be written.
pub fn prepare(output: &Path, python: &Path, variables: &Variables) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::io(output, &error);
    let folder = output
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let scratch = tempfile::tempdir_in(folder.unwrap_or(Path::new("."))).map_err(failed)?;
    let python = interpreter(scratch.path(), python, variables)?;
    let package = write_harness(scratch.path())?;
    compile(&python, &package)?;
    let program = std::env::current_exe().map_err(failed)?;
    fs::copy(&program, output).map_err(failed)?;
    let mut file = File::options().append(true).open(output).map_err(failed)?;
    let length = payload(&mut File::open(&program).map_err(failed)?).map_err(failed)?;
    if let Some(length) = length {
        // It carries one already, maybe of another interpreter.
        let whole = file.metadata().map_err(failed)?.len();
        file.set_len(whole - length - TRAILER).map_err(failed)?;
    }
    let bytes = pack(scratch.path()).map_err(failed)?;
    file.write_all(&bytes).map_err(failed)?;
    file.write_all(&(bytes.len() as u64).to_le_bytes())
        .map_err(failed)?;
    file.write_all(MARK).map_err(failed)
}

fn interpreter(folder: &Path, python: &Path, variables: &Variables) -> Result<PathBuf, Failure> {
    let here = std::env::current_dir().map_err(|error| Failure::io(folder, &error))?;
    let mut options = WorkspaceOptions::new(here);
    options.rootdir = Some(folder.to_path_buf());
    options.config_file = Some(PathBuf::from("/dev/null"));
    options.python = Some(python.to_path_buf());
    options.path_env = variables.get("PATH").map(Into::into);
    Ok(Session::open(options)?.workspace().interpreter()?.path)
}

fn compile(python: &Path, package: &Path) -> Result<(), Failure> {
    let output = Command::new(python)
        .args([
            "-I",
            "-m",
            "compileall",
            "-q",
            "--invalidation-mode",
            "unchecked-hash",
        ])
        // Bytecode names its source; where that will be is known only at run time.
        .args(["-s", &package.to_string_lossy(), "-p", "fastest_harness"])
        .arg(package)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Failure::io(python, &error))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stdout);
    Err(Failure::infrastructure(format!(
        "{}: cannot compile the Python side of the runner, which needs CPython 3.9 or later:\n{said}{}",
        python.display(),
        String::from_utf8_lossy(&output.stderr)
    )))
}

/// Writes what this program carries below `folder`; nothing when it carries nothing.
///
/// # Errors
///
/// When the program cannot be read or is damaged, or the files cannot be written.
pub fn unpack(folder: &Path) -> io::Result<()> {
    let mut program = File::open(std::env::current_exe()?)?;
    let Some(length) = payload(&mut program)? else {
        return Ok(());
    };
    program.seek(SeekFrom::End(
        -i64::try_from(length + TRAILER).map_err(io::Error::other)?,
    ))?;
    let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    program.read_exact(&mut bytes)?;
    unpack_from(&bytes, folder)
}

/// How many bytes of files the program carries.
fn payload(program: &mut File) -> io::Result<Option<u64>> {
    let length = program.metadata()?.len();
    if length < TRAILER {
        return Ok(None);
    }
    let mut trailer = [0; 16];
    program.seek(SeekFrom::Start(length - TRAILER))?;
    program.read_exact(&mut trailer)?;
    let (size, mark) = trailer.split_at(8);
    let size = u64::from_le_bytes(size.try_into().map_err(io::Error::other)?);
    Ok((mark == MARK && size + TRAILER <= length).then_some(size))
}

/// All files below a folder: for each the length of its name, its name, its length and its content.
fn pack(folder: &Path) -> io::Result<Vec<u8>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    let mut bytes = Vec::new();
    for file in files {
        let name = file.strip_prefix(folder).map_err(io::Error::other)?;
        let content = fs::read(&file)?;
        for part in [name.as_os_str().as_encoded_bytes(), &content] {
            bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
            bytes.extend_from_slice(part);
        }
    }
    Ok(bytes)
}

fn unpack_from(mut bytes: &[u8], folder: &Path) -> io::Result<()> {
    let damaged = || io::Error::new(io::ErrorKind::InvalidData, "the program is damaged");
    let mut made = PathBuf::new();
    while !bytes.is_empty() {
        let name = part(&mut bytes).ok_or_else(damaged)?;
        let content = part(&mut bytes).ok_or_else(damaged)?;
        let path = folder.join(std::str::from_utf8(name).map_err(io::Error::other)?);
        let parent = path.parent().unwrap_or(folder);
        if parent != made {
            fs::create_dir_all(parent)?;
            parent.clone_into(&mut made);
        }
        fs::write(&path, content)?;
    }
    Ok(())
}

fn part<'b>(bytes: &mut &'b [u8]) -> Option<&'b [u8]> {
    let (length, rest) = bytes.split_at_checked(8)?;
    let length = u64::from_le_bytes(length.try_into().ok()?);
    let (part, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    *bytes = rest;
    Some(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_unpacked() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let files = [("a.py", "x = 1"), ("b/c/d.pyc", ""), ("b/e.py", "é")];
        for (name, text) in files {
            let path = from.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let bytes = pack(from.path()).unwrap();
        unpack_from(&bytes, to.path()).unwrap();
        for (name, text) in files {
            assert_eq!(fs::read_to_string(to.path().join(name)).unwrap(), text);
        }
        assert!(unpack_from(&bytes[..bytes.len() - 1], to.path()).is_err());
    }
}
