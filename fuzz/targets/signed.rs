//! Values that are signed: ids, and sessions that everybody can read.

#![no_main]

use libfuzzer_sys::fuzz_target;
use session_fuzz::SITES;

fuzz_target!(|input: &[u8]| {
    SITES[0].try_value(input);
    SITES[2].try_value(input);
});
