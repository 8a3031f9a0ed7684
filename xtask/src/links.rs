//! `cargo xtask links`: every link in Markdown and in doc comments leads somewhere.

mod page;

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use self::page::Page;
use crate::Outcome;
use crate::step::root;

/// Addresses outside of the repository, and why they are linked. They are not fetched.
const ALLOWED: &[(&str, &str)] = &[
    ("http://localhost:3000", "the examples serve there"),
    ("https://bugs.webkit.org/", "why Safari needs HTTPS during development"),
    ("https://cheatsheetseries.owasp.org/", "what the library keeps to"),
    ("https://crates.io/crates/", "crates, published"),
    ("https://datatracker.ietf.org/", "RFCs and their drafts"),
    ("https://docs.rs/", "documentation of crates, ours included"),
    ("https://fetch.spec.whatwg.org/", "a standard that the library keeps to"),
    ("https://github.com/WebKit/WebKit/pull/", "why Safari needs HTTPS during development"),
    ("https://github.com/jcs224/hono_sessions", "the guide compares it"),
    ("https://github.com/koajs/session", "the guide compares it"),
    ("https://keepachangelog.com/", "the form of CHANGELOG.md"),
    ("https://semver.org/", "the form of versions"),
    ("https://serde.rs/", "serde's own documentation"),
    ("https://webd.is", "a server that one of the stores speaks to"),
    ("https://www.w3.org/TR/", "standards that the library keeps to"),
];

/// Where the registry shows the pages of the guide, and where they are here.
const GUIDE: (&str, &str) =
    ("https://docs.rs/session-runtime/latest/session_runtime/guide/", "session-runtime/src/guide");

/// Reads all files and lists all broken links.
pub(crate) fn run() -> Outcome {
    let root = root();
    let (mut checked, mut problems) = (BTreeSet::new(), Vec::new());
    for file in files(&root)? {
        let page = read(&root.join(&file))?;
        let name = file.display();
        for link in &page.links {
            if let Err(problem) = check(&root, &file, &page, &link.target) {
                problems.push(format!("{name}:{}: `{}` {problem}", link.line, link.target));
            }
            checked.insert(link.target.clone());
        }
        // In rustdoc a name without an address is a path to an item.
        for link in page.undefined.iter().filter(|_| !is_rustdoc(&file)) {
            problems.push(format!("{name}:{}: `[{}]` has no address", link.line, link.target));
        }
    }
    eprintln!("=== links: {} addresses, {} broken", checked.len(), problems.len());
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n       ")) }
}

/// The files that have links, as paths from the root. A link to a file counts once, as that file.
fn files(root: &Path) -> Result<Vec<PathBuf>, String> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md", "*.rs"]);
    let output = git.current_dir(root).output().map_err(|error| format!("git: {error}"))?;
    let names = String::from_utf8(output.stdout).map_err(|error| format!("git: {error}"))?;
    let files = names.split_terminator('\0').map(PathBuf::from);
    let files = files.filter(|file| root.join(file).is_file() && !root.join(file).is_symlink());
    let files: Vec<_> = files.collect();
    if files.is_empty() { Err("git names no files".to_owned()) } else { Ok(files) }
}

fn read(path: &Path) -> Result<Page, String> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| format!("{}: {error}", path.display()))?;
    let is_rust = path.extension().is_some_and(|extension| extension == "rs");
    Ok(if is_rust { Page::rust(&text) } else { Page::markdown(&text) })
}

/// Doc comments, and the Markdown that is included in them.
fn is_rustdoc(file: &Path) -> bool {
    file.extension().is_none_or(|extension| extension != "md")
        || file.components().any(|folder| folder.as_os_str() == "src")
}

/// Follows a link that stands on `page`, which is `file`.
fn check(root: &Path, file: &Path, page: &Page, target: &str) -> Outcome {
    let (address, anchor) = target.split_once('#').unwrap_or((target, ""));
    if let Some(name) = guide_page(file, address) {
        return follow(root, &Path::new(GUIDE.1).join(name).with_extension("md"), anchor);
    }
    if target.contains("://") {
        return match ALLOWED.iter().any(|(prefix, _)| target.starts_with(prefix)) {
            true => Ok(()),
            false => Err("is not among the addresses that `xtask/src/links.rs` allows".to_owned()),
        };
    }
    match address {
        "" if page.has(anchor) => Ok(()),
        "" => Err("names no heading of this file".to_owned()),
        _ if !is_rustdoc(file) => follow(root, &file.with_file_name(address), anchor),
        _ if address.contains(['/', '.']) => {
            Err("is a file, which rustdoc does not see".to_owned())
        }
        // rustdoc looks for the item.
        _ => Ok(()),
    }
}

/// The name of the guide's page that a link leads to, if it is one.
fn guide_page<'a>(file: &Path, address: &'a str) -> Option<&'a str> {
    match address.strip_prefix(GUIDE.0) {
        Some("index.html") => None,
        Some(page) => Some(page.strip_suffix("/index.html").unwrap_or(page)),
        None => address.strip_prefix("super::").filter(|_| file.starts_with(GUIDE.1)),
    }
}

/// Looks for a file, given as a path from the root, and for a heading in it.
fn follow(root: &Path, path: &Path, anchor: &str) -> Outcome {
    let mut inside = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir if inside.pop() => {}
            Component::Normal(name) => inside.push(name),
            _ => return Err("leads out of the repository".to_owned()),
        }
    }
    let path = root.join(inside);
    match path.exists() {
        false => Err("does not exist".to_owned()),
        true if anchor.is_empty() || read(&path)?.has(anchor) => Ok(()),
        true => Err("names no heading of that file".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with a link in `file`, whose only heading is `Here`.
    fn problem(file: &str, target: &str) -> Option<String> {
        check(&root(), Path::new(file), &Page::markdown("# Here"), target).err()
    }

    #[test]
    fn a_file_and_its_heading_must_exist() {
        for target in ["#here", "scaling.md", "../README.md", "screenshots", "scaling.md#memory"] {
            assert_eq!(problem("docs/x.md", target), None, "{target}");
        }
        for target in ["#there", "README.md", "../scaling.md", "../../x", "/etc", "scaling.md#no"] {
            assert!(problem("docs/x.md", target).is_some(), "{target}");
        }
    }

    #[test]
    fn an_address_elsewhere_must_be_allowed() {
        assert_eq!(problem("README.md", "https://docs.rs/serde"), None);
        assert!(problem("README.md", "https://example.com/docs.rs/").is_some());
    }

    #[test]
    fn pages_of_the_guide_are_looked_for_wherever_they_are_linked() {
        let page = |rest: &str| format!("{}{rest}", GUIDE.0);
        assert_eq!(problem("README.md", &page("index.html")), None);
        assert_eq!(problem("README.md", &page("login/index.html#signing-out")), None);
        assert!(problem("README.md", &page("logout/index.html")).is_some());
        assert!(problem("README.md", &page("login/index.html#no")).is_some());
        let guide = format!("{}/axum.md", GUIDE.1);
        assert_eq!(problem(&guide, "super::login#signing-out"), None);
        assert!(problem(&guide, "super::login#no").is_some());
    }

    #[test]
    fn doc_comments_link_to_items_and_not_to_files() {
        assert_eq!(problem("src/lib.rs", "crate::Session#examples"), None);
        assert_eq!(problem("src/guide/x.md", "derive@crate::SessionSchema"), None);
        assert!(problem("src/lib.rs", "../README.md").is_some());
        assert!(problem("src/guide/x.md", "BENCHMARKS.md").is_some());
    }
}
