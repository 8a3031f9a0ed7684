//! Keys as text: an error has fixed words and positions, never parts of the input.

#![no_main]

use libfuzzer_sys::fuzz_target;
use session_runtime::Keyring;

/// With `#` for each number.
const REFUSALS: [&str; 3] = [
    "key # is not base#",
    "key # has # bytes; a session key needs at least # random bytes",
    "key # is the same as key #",
];

fuzz_target!(|input: &str| {
    match Keyring::from_base64(input) {
        Ok(ring) => {
            let keys = input.split(',').count();
            assert_eq!(format!("{ring:?}"), format!("Keyring {{ keys: {keys} }}"));
        }
        Err(error) => {
            let words = without_numbers(&error.to_string());
            assert!(REFUSALS.contains(&words.as_str()), "{words}");
        }
    }
});

/// The text with `#` for each number.
fn without_numbers(text: &str) -> String {
    let mut words = String::new();
    for character in text.chars() {
        match character {
            '0'..='9' if words.ends_with('#') => {}
            '0'..='9' => words.push('#'),
            other => words.push(other),
        }
    }
    words
}
