//! Variables that are one of a few words, or a number.

use authstile::env::Environment;

use crate::mistake::Mistake;

/// The value that the word of a variable stands for; `None` when it is not set.
pub(crate) fn choice<T: Copy, const N: usize>(
    environment: &Environment,
    name: &str,
    words: [(&str, T); N],
) -> Result<Option<T>, Mistake> {
    let Some(given) = environment.get(name).map(str::trim) else { return Ok(None) };
    match words.iter().find(|(word, _)| word.eq_ignore_ascii_case(given)) {
        Some((_, value)) => Ok(Some(*value)),
        None => {
            let known = words.map(|(word, _)| word);
            let first = known.first().copied().unwrap_or_default();
            let what = format!("{name} is {given:?}, which is none of {}", known.join(", "));
            Err(Mistake::new(what, format!("{name}={first}")))
        }
    }
}

/// A hundred years: more is a mistake, and nothing overflows.
const MOST: i64 = 100 * 366 * 24 * 60 * 60;

/// A number of seconds.
pub(crate) fn seconds(environment: &Environment, name: &str, least: i64, example: i64) -> Result<Option<i64>, Mistake> {
    let Some(given) = environment.get(name).map(str::trim) else { return Ok(None) };
    match given.parse() {
        Ok(seconds) if (least..=MOST).contains(&seconds) => Ok(Some(seconds)),
        _ => {
            let what = format!("{name} is {given:?}, which is no number of seconds from {least} to {MOST}");
            Err(Mistake::new(what, format!("{name}={example}")))
        }
    }
}
