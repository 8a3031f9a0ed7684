//! Records as JSON, as stores with one opaque column keep them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use session_runtime::record::Record;

fuzz_target!(|input: &[u8]| {
    if let Ok(record) = serde_json::from_slice::<Record>(input) {
        let kept = serde_json::to_vec(&record).unwrap();
        assert_eq!(serde_json::from_slice::<Record>(&kept).unwrap(), record);
    }
});
