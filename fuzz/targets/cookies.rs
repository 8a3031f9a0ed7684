//! Any `Cookie` headers: no panic, and a session only for cookies that the site has issued.
//!
//! The first byte selects the site. The next three select the byte and the bits to flip at the end.
//! In the rest, `@` stands for the visitor's cookies and `$` for the value of the first of them.
//! Each line is one header.

#![no_main]

use http::HeaderValue;
use libfuzzer_sys::fuzz_target;
use session_fuzz::{SITES, contains};

fuzz_target!(|input: &[u8]| {
    let Some((&[which, low, high, bits], template)) = input.split_first_chunk() else { return };
    let site = &SITES[usize::from(which) % SITES.len()];
    let mut lines = Vec::new();
    for &byte in template {
        match byte {
            b'@' => lines.extend_from_slice(site.header().as_bytes()),
            b'$' => lines.extend_from_slice(site.cookies[0].1.as_bytes()),
            _ => lines.push(byte),
        }
    }
    if let Some(byte) = lines.get_mut(usize::from(u16::from_le_bytes([low, high]))) {
        *byte ^= bits;
    }
    let headers = lines.split(|&byte| byte == b'\n');
    if site.knows(headers.filter_map(|header| HeaderValue::from_bytes(header).ok())) {
        let is_there = |value: &String| contains(&lines, value.as_bytes());
        assert!(site.cookies.iter().all(|(_, value)| is_there(value)), "cookies of nobody");
    }
});
