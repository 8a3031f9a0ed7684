//! What a page of Markdown links to, and what can be linked to in it.

use pulldown_cmark::{BrokenLink, CowStr, Event, Options, Parser, Tag, TagEnd};

/// A Markdown file, or all doc comments of a Rust file.
#[derive(Default)]
pub(super) struct Page {
    pub(super) links: Vec<Link>,
    /// Names such as `[this]` that are written like a link and have no address.
    pub(super) undefined: Vec<Link>,
    anchors: Vec<String>,
}

/// Where a link leads, and its line in the file.
pub(super) struct Link {
    pub(super) target: String,
    pub(super) line: usize,
}

impl Page {
    /// Reads a file of Markdown.
    pub(super) fn markdown(text: &str) -> Self {
        let mut page = Self::default();
        page.read(text, 1);
        page
    }

    /// Reads the doc comments of a file of Rust.
    pub(super) fn rust(code: &str) -> Self {
        let mut page = Self::default();
        let mut number = 1;
        let lines: Vec<_> = code.lines().map(doc_comment).collect();
        for block in lines.chunk_by(|one, next| marker(one) == marker(next)) {
            let text: Vec<_> = block.iter().flatten().map(|(_, text)| *text).collect();
            page.read(&text.join("\n"), number);
            number += block.len();
        }
        page
    }

    /// Whether a heading has this anchor.
    pub(super) fn has(&self, anchor: &str) -> bool {
        self.anchors.iter().any(|known| known == anchor)
    }

    fn read(&mut self, text: &str, first_line: usize) {
        let link = |target: &str, at: usize| {
            let line = first_line + text[..at].matches('\n').count();
            Link { target: target.to_owned(), line }
        };
        let mut undefined = Vec::new();
        let is_undefined = |broken: BrokenLink<'_>| -> Option<(CowStr<'_>, CowStr<'_>)> {
            undefined.push(link(&broken.reference, broken.span.start));
            None
        };
        let options = Options::ENABLE_TABLES;
        let parser = Parser::new_with_broken_link_callback(text, options, Some(is_undefined));
        let mut heading = None;
        for (event, span) in parser.into_offset_iter() {
            match (event, &mut heading) {
                (Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }), _) => {
                    self.links.push(link(&dest_url, span.start));
                }
                (Event::Start(Tag::Heading { .. }), _) => heading = Some(String::new()),
                (Event::Text(words) | Event::Code(words), Some(text)) => text.push_str(&words),
                (Event::End(TagEnd::Heading(_)), Some(text)) => {
                    self.anchors.push(anchor(text));
                    heading = None;
                }
                _ => {}
            }
        }
        self.undefined.append(&mut undefined);
    }
}

/// A heading's anchor, as GitHub and rustdoc make it.
fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ');
    heading.to_lowercase().chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// The marker of a doc comment's line, and its text.
fn doc_comment(line: &str) -> Option<(&str, &str)> {
    let (marker, text) = line.trim_start().split_at_checked(3)?;
    let is_doc = matches!(marker, "///" | "//!") && !text.starts_with('/');
    is_doc.then(|| (marker, text.strip_prefix(' ').unwrap_or(text)))
}

fn marker<'a>(line: &Option<(&'a str, &str)>) -> Option<&'a str> {
    line.map(|(marker, _)| marker)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(links: &[Link]) -> Vec<(&str, usize)> {
        links.iter().map(|link| (&*link.target, link.line)).collect()
    }

    #[test]
    fn finds_links_in_text_tables_and_definitions_but_not_in_code() {
        let page = Page::markdown(
            "# One\n\n[a](a.md) ![b](b.png)\n\n| [`c`] |\n| --- |\n| <https://d.example> |\n\n\
             `[no](no.md)` [nobody]\n\n```\n[no](no.md)\n```\n\n[`c`]: c.md#there\n",
        );
        let links = [("a.md", 3), ("b.png", 3), ("c.md#there", 5), ("https://d.example", 7)];
        assert_eq!(found(&page.links), links);
        assert_eq!(found(&page.undefined), [("nobody", 9)]);
    }

    #[test]
    fn finds_the_links_of_each_doc_comment() {
        let page = Page::rust(
            "//! # Top\n//! [a](a)\n/// [b]:\n/// b\nfn f() {\n    /// [c](c) [b]\n    \
             let no = \"[no](no)\"; // [no](no)\n    //// [no](no)\n}\n",
        );
        assert_eq!(found(&page.links), [("a", 2), ("c", 6)]);
        assert_eq!(found(&page.undefined), [("b", 6)]);
        assert!(page.has("top"));
    }

    #[test]
    fn makes_the_anchors_of_headings() {
        let page = Page::markdown("# `set_`, *or* add?\n\nTwo words\n---------\n");
        assert!(page.has("set_-or-add") && page.has("two-words"));
        assert!(!page.has("Two words"));
    }
}
