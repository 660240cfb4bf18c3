//! Links a counter of the comparisons that the fuzzer's instrumentation announces, for the target
//! `cookie`.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=comparisons.c");
    if std::env::var_os("CARGO_CFG_FUZZING").is_none() {
        return;
    }
    for kind in ["cmp", "const_cmp"] {
        for bytes in [1, 2, 4, 8] {
            let symbol = format!("__sanitizer_cov_trace_{kind}{bytes}");
            println!("cargo:rustc-link-arg-bin=cookie=-Wl,--wrap={symbol}");
        }
    }
    println!("cargo:rustc-link-arg-bin=cookie=-Wl,--wrap=__sanitizer_cov_trace_switch");
    cc::Build::new().file("comparisons.c").opt_level(2).compile("comparisons");
}
