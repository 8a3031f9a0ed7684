//! Cycles of the folders in one folder.

use std::collections::{BTreeMap, BTreeSet};

use super::Import;

/// A folder, the name of one of its folders or files, and the first import of each other that it
/// names.
type Graphs<'a> = BTreeMap<&'a [String], BTreeMap<&'a str, BTreeMap<&'a str, &'a Import>>>;

/// The cycles, each as the imports that close it.
pub(super) fn find(imports: &[Import]) -> Vec<Vec<Import>> {
    let mut graphs = Graphs::new();
    for import in imports {
        if let Some((parent, from, to)) = import.siblings() {
            let edges = graphs.entry(parent).or_default().entry(from).or_default();
            edges.entry(to).or_insert(import);
        }
    }
    let mut cycles = Vec::new();
    for graph in graphs.values() {
        let mut done = BTreeSet::new();
        for start in graph.keys() {
            walk(graph, start, &mut Vec::new(), &mut done, &mut cycles);
        }
    }
    cycles
}

fn walk<'a>(
    graph: &BTreeMap<&'a str, BTreeMap<&'a str, &'a Import>>,
    at: &'a str,
    path: &mut Vec<(&'a str, &'a Import)>,
    done: &mut BTreeSet<&'a str>,
    cycles: &mut Vec<Vec<Import>>,
) {
    for (to, import) in graph.get(at).into_iter().flatten() {
        path.push((at, import));
        if let Some(start) = path.iter().position(|(name, _)| name == to) {
            cycles.push(path[start..].iter().map(|(_, import)| (*import).clone()).collect());
        } else if !done.contains(to) {
            walk(graph, to, path, done, cycles);
        }
        path.pop();
    }
    done.insert(at);
}
