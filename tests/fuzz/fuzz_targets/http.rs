#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gentron_tests::fuzzing::run("http", bytes));
