//! The README says what the code does.

/// The example in the README is the example that is compiled and run.
#[test]
fn the_readme_has_the_example_from_its_file() {
    let readme = include_str!("../../README.md");
    let example = include_str!("../../examples/axum-minimal/src/main.rs");
    assert!(example.lines().count() <= 40, "the example has {} lines", example.lines().count());
    assert!(
        readme.contains(&format!("```rust\n{}\n```", example.trim_end())),
        "copy examples/axum-minimal/src/main.rs into README.md"
    );
}
