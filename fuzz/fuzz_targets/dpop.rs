#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| authstile_fuzz::dpop(data));
