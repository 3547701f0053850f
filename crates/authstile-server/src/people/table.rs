//! Tables that fit a terminal of 80 columns.

use authstile::clock::UnixTime;

/// Columns of a terminal.
const WIDTH: usize = 80;
const GAP: usize = 2;

/// What fits is shown whole; else the columns behind the first are cut, those on the right first, but not below this.
const LEAST: usize = 10;

/// Rows below a heading, in columns; a row may be followed by a line of its own.
pub(super) fn table<const N: usize>(heading: [&str; N], rows: &[([String; N], Option<String>)]) -> String {
    let heading = heading.map(str::to_owned);
    let cells = || std::iter::once(&heading).chain(rows.iter().map(|(row, _)| row));
    let mut widths: [usize; N] = std::array::from_fn(|column| {
        cells().filter_map(|row| row.get(column)).map(|cell| width(&plain(cell))).max().unwrap_or_default()
    });
    let mut over = (widths.iter().sum::<usize>() + GAP * N.saturating_sub(1)).saturating_sub(WIDTH);
    for width in widths.iter_mut().skip(1).rev() {
        let cut = over.min(width.saturating_sub(LEAST));
        *width -= cut;
        over -= cut;
    }
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths).map(|(cell, most)| {
            let cell = fitted(&plain(cell), most);
            let pad = most.saturating_sub(width(&cell));
            format!("{cell}{}", " ".repeat(pad))
        });
        cells.collect::<Vec<_>>().join(&" ".repeat(GAP)).trim_end().to_owned()
    };
    let mut text = format!("{}\n", line(&heading));
    for (row, more) in rows {
        text.push_str(&line(row));
        text.push('\n');
        if let Some(more) = more {
            text.push_str(&format!("  {}\n", fitted(&plain(more), WIDTH - 2)));
        }
    }
    text
}

/// Text of others, without anything that a terminal would obey.
pub(super) fn plain(text: &str) -> String {
    let is_odd = |c: char| {
        c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
    };
    text.chars().map(|c| if is_odd(c) { '\u{fffd}' } else { c }).collect()
}

/// `2026-11-23 17:12`, in UTC.
pub(super) fn minute(at: UnixTime) -> String {
    let text = at.iso8601();
    text.get(..16).unwrap_or(&text).replace('T', " ")
}

/// The beginning of a text that is too wide.
fn fitted(text: &str, most: usize) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let (mut kept, mut used) = (String::new(), 1);
    for c in text.chars() {
        used += width_of(c);
        if used > most {
            break;
        }
        kept.push(c);
    }
    kept.push('…');
    kept
}

fn width(text: &str) -> usize {
    text.chars().map(width_of).sum()
}

/// Columns of a character: the wide ones of East Asia and pictures take two, marks above others none.
fn width_of(c: char) -> usize {
    match c {
        '\u{300}'..='\u{36f}' | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_wider_than_a_terminal_and_the_first_column_is_whole() {
        let id = "0190163d-8694-739b-aea5-966c26f8ad91";
        let row = |name: &str| ([id.to_owned(), format!("{name}@acme.example"), name.to_owned()], None);
        let text = table(["ID", "E-MAIL", "NAME"], &[row("ada"), row(&"漢字".repeat(30)), row(&"x".repeat(200))]);
        for line in text.lines() {
            assert!(width(line) <= 80, "{line}");
        }
        assert_eq!(text.matches(id).count(), 3, "{text}");
        assert!(text.contains("ada@acme.example") && text.contains('…'), "{text}");
        let small = table(["A", "B"], &[(["1".into(), "2".into()], Some("more".into()))]);
        assert_eq!(small, "A  B\n1  2\n  more\n");
    }

    #[test]
    fn a_terminal_obeys_nobodys_name() {
        assert_eq!(plain("Ada\u{1b}[2J\r\n\u{202e}x"), "Ada\u{fffd}[2J\u{fffd}\u{fffd}\u{fffd}x");
    }

    #[test]
    fn moments_are_shown_to_the_minute() {
        assert_eq!(minute(UnixTime::from_seconds(1_767_225_600)), "2026-01-01 00:00");
    }
}
