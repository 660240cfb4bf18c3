//! Which traces a path stands for.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::report::Failure;

/// The path that stands for the standard input.
const STDIN: &str = "-";

/// The traces found, in order, and what could not be searched.
#[derive(Default)]
pub(super) struct Found {
    pub(super) traces: Vec<PathBuf>,
    pub(super) failures: Vec<Failure>,
}

impl Found {
    /// Adds a file, or all traces in a folder and in those below it, in the order of their names.
    pub(super) fn add(&mut self, path: &Path) {
        let known = (self.traces.len(), self.failures.len());
        if is_stdin(path) {
            self.traces.push(path.into());
            return;
        }
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => self.search(path),
            Ok(_) => self.traces.push(path.into()),
            Err(error) => self.failures.push(Failure::of(path, &error)),
        }
        if (self.traces.len(), self.failures.len()) == known {
            let message = "expected a folder with traces, found no *.jsonl in it";
            self.failures.push(Failure::new(path, message));
        }
    }

    /// Folders wait in a list, so that no depth is too deep; links to folders are not followed.
    fn search(&mut self, folder: &Path) {
        let mut waiting = vec![folder.to_path_buf()];
        while let Some(path) = waiting.pop() {
            match fs::metadata(&path) {
                Ok(found) if found.is_file() => self.traces.push(path),
                Ok(found) if found.is_dir() => match below(&path) {
                    Ok(entries) => waiting.extend(entries.into_iter().rev()),
                    Err(error) => self.failures.push(Failure::of(&path, &error)),
                },
                Ok(_) => {
                    let message = "expected a file, found a pipe, a socket or a device";
                    self.failures.push(Failure::new(&path, message));
                }
                Err(error) => self.failures.push(Failure::of(&path, &error)),
            }
        }
    }
}

/// What a folder holds that may be searched: folders, and files that are called traces.
fn below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let trace = path.extension().is_some_and(|end| end == "jsonl");
        if entry.file_type()?.is_dir() || (trace && !path.is_dir()) {
            paths.push(path);
        }
    }
    paths.sort_unstable();
    Ok(paths)
}

pub(super) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == STDIN
}

/// Opens a trace; `-` is the standard input.
pub(super) fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
    if is_stdin(path) {
        return Ok(Box::new(io::stdin().lock()));
    }
    Ok(Box::new(BufReader::with_capacity(1 << 16, fs::File::open(path)?)))
}
