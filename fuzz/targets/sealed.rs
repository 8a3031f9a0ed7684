//! Values of sealed cookies.

#![no_main]

use libfuzzer_sys::fuzz_target;
use session_fuzz::SITES;

fuzz_target!(|input: &[u8]| SITES[1].try_value(input));
