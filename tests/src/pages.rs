//! Pages of the documentation that are tables of claims, read so that a test can hold them to what there is.

use std::path::{Path, PathBuf};

/// One line of a table.
#[derive(Debug)]
pub struct Row {
    /// Its cells, as they are written.
    pub cells: Vec<String>,
}

/// The root of the workspace.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The lines of all tables of a page, without their heads.
///
/// # Panics
/// When the page cannot be read.
#[must_use]
pub fn rows(page: &str) -> Vec<Row> {
    let text = std::fs::read_to_string(root().join(page)).expect("the page");
    let lines: Vec<&str> = text.lines().collect();
    let is_rule = |line: &str| line.starts_with("|-") || line.starts_with("|:-") || line.starts_with("| -");
    let is_head = |at: usize| lines.get(at + 1).is_some_and(|next| is_rule(next));
    let table = lines.iter().enumerate().filter(|(at, line)| line.starts_with('|') && !is_rule(line) && !is_head(*at));
    let cells = |line: &str| {
        let inside = line.trim_matches('|').replace("\\|", "\u{0}");
        inside.split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect()
    };
    table.map(|(_, line)| Row { cells: cells(line) }).collect()
}

/// The tests that a cell names: `` `path/to/file.rs::name` ``.
#[must_use]
pub fn tests(cell: &str) -> Vec<String> {
    quoted(cell).filter(|text| text.contains(".rs::")).collect()
}

/// The files that a cell names.
#[must_use]
pub fn files(cell: &str) -> Vec<String> {
    let is_file = |text: &String| !text.contains("::") && text.contains('/') && !text.contains(' ');
    quoted(cell).filter(is_file).collect()
}

fn quoted(cell: &str) -> impl Iterator<Item = String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned)
}

/// The text of a test, with what stands above it; `None` when it does not exist.
#[must_use]
pub fn text_of(test: &str) -> Option<String> {
    let (path, name) = test.split_once("::")?;
    let source = std::fs::read_to_string(root().join(path)).ok()?;
    let lines: Vec<&str> = source.lines().collect();
    let function = format!("fn {name}(");
    let at = lines.iter().position(|line| line.contains(&function))?;
    let line = lines.get(at)?;
    let indent = &line.get(..line.len() - line.trim_start().len())?;
    let belongs = |line: &&&str| line.trim_start().starts_with("//") || line.trim_start().starts_with("#[");
    let above = lines.get(..at)?.iter().rev().take_while(belongs).count();
    let end = format!("{indent}}}");
    let below = lines.iter().skip(at).position(|line| *line == end)?;
    Some(lines.get(at - above..=at + below)?.join("\n"))
}
