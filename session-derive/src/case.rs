//! `rename_all`: serde's eight cases, under the same names.

use syn::LitStr;

use crate::errors::Errors;
use crate::suggest::nearest;

/// How the name of a field becomes a key.
#[derive(Clone, Copy)]
pub(crate) enum Case {
    Lower,
    Upper,
    Pascal,
    Camel,
    Snake,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
}

const CASES: [(&str, Case); 8] = [
    ("lowercase", Case::Lower),
    ("UPPERCASE", Case::Upper),
    ("PascalCase", Case::Pascal),
    ("camelCase", Case::Camel),
    ("snake_case", Case::Snake),
    ("SCREAMING_SNAKE_CASE", Case::ScreamingSnake),
    ("kebab-case", Case::Kebab),
    ("SCREAMING-KEBAB-CASE", Case::ScreamingKebab),
];

impl Case {
    /// The case called `name`. Another name is reported.
    pub(crate) fn parse(name: &LitStr, errors: &Errors) -> Option<Self> {
        let text = name.value();
        let case = CASES.iter().find(|(known, _)| *known == text).map(|(_, case)| *case);
        if case.is_none() {
            let names = CASES.map(|(known, _)| known);
            let help = match nearest(&text, names) {
                Some(known) => format!("did you mean `\"{known}\"`?"),
                None => format!("expected one of `\"{}\"`", names.join("\"`, `\"")),
            };
            errors.add(name, format!("unknown case `\"{text}\"` for `rename_all`\nhelp: {help}"));
        }
        case
    }

    /// The key of a field called `name`, which is expected to be in snake case.
    pub(crate) fn apply(self, name: &str) -> String {
        match self {
            Self::Lower | Self::Snake => name.to_owned(),
            Self::Upper | Self::ScreamingSnake => name.to_ascii_uppercase(),
            Self::Pascal => name.split('_').map(capitalised).collect(),
            Self::Camel => {
                let pascal = Self::Pascal.apply(name);
                let first = pascal.chars().next().map_or(0, char::len_utf8);
                pascal[..first].to_ascii_lowercase() + &pascal[first..]
            }
            Self::Kebab => name.replace('_', "-"),
            Self::ScreamingKebab => name.to_ascii_uppercase().replace('_', "-"),
        }
    }
}

fn capitalised(word: &str) -> String {
    let first = word.chars().next().map_or(0, char::len_utf8);
    word[..first].to_ascii_uppercase() + &word[first..]
}

#[cfg(test)]
mod tests {
    use super::CASES;

    #[test]
    fn names_change_as_in_serde() {
        let renamed = CASES.map(|(_, case)| case.apply("last_seen_at"));
        let expected = [
            "last_seen_at",
            "LAST_SEEN_AT",
            "LastSeenAt",
            "lastSeenAt",
            "last_seen_at",
            "LAST_SEEN_AT",
            "last-seen-at",
            "LAST-SEEN-AT",
        ];
        assert_eq!(renamed, expected);
    }
}
