//! Values of signed cookies: ids, and sessions that are readable for everybody.

#![no_main]

use libfuzzer_sys::fuzz_target;
use session_fuzz::SITES;

fuzz_target!(|input: &[u8]| {
    SITES[0].try_value(input);
    SITES[2].try_value(input);
});
