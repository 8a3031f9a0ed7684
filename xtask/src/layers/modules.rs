//! The modules of a crate: one for each file.

use std::fs;
use std::path::Path;

/// A file of the crate.
#[derive(Clone, Debug)]
pub(super) struct Module {
    /// Its path in the crate. Empty for `lib.rs`.
    pub(super) path: Vec<String>,
    /// The file, relative to the source folder.
    pub(super) file: String,
    pub(super) source: String,
}

/// The modules below `folder`, without those that only tests have.
pub(super) fn read(folder: &Path) -> Result<Vec<Module>, String> {
    let mut modules = Vec::new();
    read_folder(folder, folder, &mut modules)?;
    Ok(modules)
}

fn read_folder(src: &Path, folder: &Path, modules: &mut Vec<Module>) -> Result<(), String> {
    let failed = |error| format!("{}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            read_folder(src, &path, modules)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let file = path.strip_prefix(src).unwrap_or(&path).to_string_lossy().into_owned();
            let source = fs::read_to_string(&path)
                .map_err(|error| format!("{}: {error}", path.display()))?;
            modules.extend(module(file, source));
        }
    }
    Ok(())
}

/// The module in `file`. `None` if it is a module of tests.
pub(super) fn module(file: String, source: String) -> Option<Module> {
    let mut path: Vec<String> =
        file.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    match path.last().map(String::as_str) {
        Some("tests") => return None,
        Some("mod") => drop(path.pop()),
        Some("lib") if path.len() == 1 => path.clear(),
        // `lib.rs` gives it another name.
        Some("private") if path.len() == 1 => path = vec!["__private".to_owned()],
        _ => {}
    }
    Some(Module { path, file, source })
}
