//! `cargo xtask lint`: formatting, layers, clippy, docs, links; no warning passes.

use crate::step::{Step, root};
use crate::{Outcome, layers, links};

const DENY: [&str; 3] = ["--", "-D", "warnings"];

/// Checks layers and links, formatting, then clippy on everything, on each feature alone and on
/// none, then docs. Continues after a failure, so that one run shows them all.
pub(crate) fn run() -> Outcome {
    let mut steps = vec![Step::cargo("formatting", ["fmt", "--all", "--check"])];
    let fuzz = ["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"];
    steps.push(Step::cargo("formatting, fuzz targets", fuzz));
    let all = ["clippy", "--workspace", "--all-features", "--all-targets"];
    steps.push(Step::cargo("clippy, everything", all.iter().chain(&DENY)));
    let tests = ["clippy", "--package", "session-runtime", "--all-targets"];
    steps.push(Step::cargo("clippy, default features, with tests", tests.iter().chain(&DENY)));
    // Without `--all-targets`: development dependencies would lend the library their features.
    let alone = ["clippy", "--package", "session-runtime", "--no-default-features"];
    steps.push(Step::cargo("clippy, no feature", alone.iter().chain(&DENY)));
    for feature in features()? {
        let feature_alone = ["--features", feature.as_str()];
        let alone = alone.iter().chain(&feature_alone).chain(&DENY);
        steps.push(Step::cargo(format!("clippy, feature `{feature}` alone"), alone));
    }
    // The other packages are not published and have nothing to document.
    let published =
        ["session-derive", "session-runtime", "session-admin"].map(|name| ["--package", name]);
    let docs = ["doc", "--no-deps", "--all-features"];
    let docs = Step::cargo("docs", docs.iter().chain(published.iter().flatten()));
    steps.push(docs.env("RUSTDOCFLAGS", "-D warnings"));

    let read = [layers::run as fn() -> Outcome, links::run].into_iter().map(|check| check());
    let outcomes = read.chain(steps.into_iter().map(Step::run));
    let failures: Vec<_> = outcomes.filter_map(Outcome::err).collect();
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n       ")) }
}

/// The features of `session-runtime`, but for `default`.
fn features() -> Result<Vec<String>, String> {
    let file = root().join("session-runtime/Cargo.toml");
    let manifest =
        std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let features = features_in(&manifest);
    match features.is_empty() {
        true => Err(format!("{}: no features found", file.display())),
        false => Ok(features),
    }
}

fn features_in(manifest: &str) -> Vec<String> {
    let section = manifest.lines().skip_while(|line| line.trim() != "[features]").skip(1);
    section
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.trim_start().starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name.trim().trim_matches('"').to_owned())
        .filter(|name| name != "default")
        .collect()
}

#[cfg(test)]
mod tests {
    use super::features_in;

    #[test]
    fn finds_the_features() {
        let manifest = "[package]\nname = \"x\"\n\n[features]\ndefault = [\"a\"]\n# Not b = this.\n\
            a = [\"dep:a\"]\n\"b-c\" = []\n\n[dependencies]\nd = \"1\"\n";
        assert_eq!(features_in(manifest), ["a", "b-c"]);
    }
}
