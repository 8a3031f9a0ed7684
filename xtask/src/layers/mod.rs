//! `cargo xtask layers`: in `session-runtime`, imports go down, and folders on one floor form no
//! cycle.
//!
//! It reads every `use`, and every path that begins with `crate`, `super` or `self`, outside of
//! tests and documentation.

mod cycles;
mod modules;
mod paths;

use std::collections::BTreeSet;
use std::fmt;

use self::modules::Module;
use crate::Outcome;
use crate::step::root;

/// The floors of `session-runtime/src`, from the top. The last one is the ground: files without a
/// folder.
const FLOORS: &[&[&str]] = &[
    &["lib", "__private", "guide"],
    &["adapters", "testing", "conformance"],
    &["sessions", "csrf"],
    &["request"],
    &["backend"],
    &["telemetry", "revocation"],
    &["schema", "crypto", "cookie"],
    &["store"],
    &["patch", "record", "id", "clock", "error", "base64url"],
];

/// Reads the sources, and fails with every import that goes up and every cycle.
pub(crate) fn run() -> Outcome {
    let modules = modules::read(&root().join("session-runtime/src"))?;
    let imports = imports(&modules)?;
    let faults = faults(&modules, &imports)?;
    if faults.is_empty() {
        println!("{} modules, {} imports: all go down", modules.len(), imports.len());
        return Ok(());
    }
    let count = faults.len();
    Err(format!("{}\n{count} imports do not fit the layers", faults.join("\n")))
}

/// One module names another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Import {
    from: Vec<String>,
    to: Vec<String>,
    /// The file and the line.
    place: String,
}

impl Import {
    /// The folders or files on each side, in the deepest folder that holds both. `None` if one
    /// holds the other.
    fn siblings(&self) -> Option<(&[String], &str, &str)> {
        let common = self.from.iter().zip(&self.to).take_while(|(from, to)| from == to).count();
        let (from, to) = (self.from.get(common)?, self.to.get(common)?);
        Some((&self.from[..common], from, to))
    }
}

impl fmt::Display for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: `{}` names `{}`", self.place, name(&self.from), name(&self.to))
    }
}

fn name(module: &[String]) -> String {
    if module.is_empty() { "lib".to_owned() } else { module.join("::") }
}

/// Every import of every module.
fn imports(modules: &[Module]) -> Result<Vec<Import>, String> {
    let known: BTreeSet<&[String]> = modules.iter().map(|module| &*module.path).collect();
    let mut imports = Vec::new();
    for module in modules {
        for path in paths::read(module)? {
            // The longest part of the path that is a module: the rest names an item in it.
            let mut to = path.segments.as_slice();
            while !known.contains(to) {
                to = &to[..to.len() - 1];
            }
            if to != module.path {
                let place = format!("{}:{}", module.file, path.line);
                let import = Import { from: module.path.clone(), to: to.to_vec(), place };
                if imports.last() != Some(&import) {
                    imports.push(import);
                }
            }
        }
    }
    Ok(imports)
}

/// What does not fit the layers, a message each.
fn faults(modules: &[Module], imports: &[Import]) -> Result<Vec<String>, String> {
    for module in modules {
        floor(&module.path)?;
    }
    let mut faults = Vec::new();
    for import in imports {
        let (from, to) = (floor(&import.from)?, floor(&import.to)?);
        if to < from {
            faults.push(format!("up: {import}"));
        }
    }
    faults.extend(cycles::find(imports).into_iter().map(|cycle| {
        let cycle: Vec<_> = cycle.iter().map(ToString::to_string).collect();
        format!("cycle: {}", cycle.join("\n       "))
    }));
    Ok(faults)
}

/// The number of the module's floor, from the top.
fn floor(module: &[String]) -> Result<usize, String> {
    let folder = module.first().map_or("lib", String::as_str);
    let floor = FLOORS.iter().position(|floor| floor.contains(&folder));
    floor.ok_or_else(|| format!("`{folder}` stands on no floor: add it to `FLOORS`"))
}

#[cfg(test)]
mod tests;
