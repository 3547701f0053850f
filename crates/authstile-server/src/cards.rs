//! The cards that this binary knows: the catalogue, and those of the file that the environment names.

use std::path::Path;

use anyhow::Context as _;
use authstile::card_file;
use authstile::env::Environment;
use authstile::provider::Provider;
use authstile_scalekit::SCALEKIT;

use crate::mistake::Mistake;

/// The variable with the path of a file of cards.
pub(crate) const VARIABLE: &str = "AUTHSTILE_PROVIDERS";

/// The cards, those of the environment's file first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cards {
    own: Vec<Provider>,
}

/// The catalogue, and the cards of the file that `AUTHSTILE_PROVIDERS` names.
pub(crate) fn of(environment: &Environment) -> Result<Cards, Mistake> {
    let Some(path) = environment.get(VARIABLE) else { return Ok(Cards::default()) };
    let mend = || format!("authstile providers show github    (prints a card to compare {path} with)");
    let text = std::fs::read_to_string(path)
        .map_err(|error| Mistake::new(format!("{VARIABLE} names {path}, which cannot be read: {error}"), mend()))?;
    let own = read(&text).map_err(|error| Mistake::new(format!("{VARIABLE} names {path}, {error}"), mend()))?;
    if own.iter().any(|card| card.id == SCALEKIT.id) {
        // Its checks of organizations belong to its crate; a card could not say them.
        let what = format!("{VARIABLE} names {path}, which has a card for scalekit: Scalekit's is fixed");
        return Err(Mistake::new(what, "give your card another id, such as id = \"my-scalekit\""));
    }
    Ok(Cards { own })
}

/// Cards out of a file, which may change those of the catalogue.
fn read(text: &str) -> Result<Vec<Provider>, card_file::CardFileError> {
    card_file::read_list(text, built_in)
}

fn built_in(id: &str) -> Option<Provider> {
    // Scalekit's card belongs to its own crate, which knows more than a card can say.
    if id == SCALEKIT.id { Some(SCALEKIT) } else { authstile_providers::find(id).copied() }
}

impl Cards {
    /// The same cards, with those of one more file before them.
    pub(crate) fn with_file(mut self, path: &Path, text: &str) -> anyhow::Result<Self> {
        let own = card_file::read_list(text, |id| self.find(id)).with_context(|| path.display().to_string())?;
        self.own.retain(|card| !own.iter().any(|newer| newer.id == card.id));
        self.own.extend(own);
        Ok(self)
    }

    /// The card with this id.
    pub(crate) fn find(&self, id: &str) -> Option<Provider> {
        self.own.iter().find(|card| card.id == id).copied().or_else(|| built_in(id))
    }

    /// The card whose variables begin with `AUTH_<ID>_`; ids of variables have dashes in place of dots and underscores.
    pub(crate) fn of_variable(&self, id: &str) -> Option<Provider> {
        let plain = |id: &str| id.to_ascii_lowercase().replace(['_', '.'], "-");
        self.find(id).or_else(|| self.all().into_iter().find(|card| plain(card.id) == plain(id)))
    }

    /// Whether the card is not the catalogue's.
    pub(crate) fn is_own(&self, id: &str) -> bool {
        self.own.iter().any(|card| card.id == id)
    }

    /// All of them, sorted by id.
    pub(crate) fn all(&self) -> Vec<Provider> {
        let catalogue = std::iter::once(SCALEKIT).chain(authstile_providers::all().iter().copied().copied());
        let mut all = self.own.clone();
        all.extend(catalogue.filter(|card| !self.is_own(card.id)));
        // A stable sort: of two with one id, the first stays.
        all.sort_by_key(|card| card.id);
        all.dedup_by_key(|card| card.id);
        all
    }

    /// The card with this id, or an error that names the nearest ones.
    pub(crate) fn require(&self, id: &str) -> anyhow::Result<Provider> {
        self.find(id).ok_or_else(|| {
            let near = nearest(id, &self.all().iter().map(|card| card.id).collect::<Vec<_>>());
            anyhow::anyhow!(
                "there is no provider {id:?}; the nearest are {}. `authstile providers` lists all of them",
                near.join(", ")
            )
        })
    }
}

/// The three ids that are most like this one.
fn nearest<'a>(id: &str, known: &[&'a str]) -> Vec<&'a str> {
    let plain = |text: &str| text.to_ascii_lowercase().replace(['-', '_', '.', ' '], "");
    let id = plain(id);
    let mut ranked: Vec<(bool, usize, &str)> = known
        .iter()
        .map(|known| {
            let other = plain(known);
            let contains = !id.is_empty() && (other.contains(&id) || id.contains(&other));
            (!contains, distance(&id, &other), *known)
        })
        .collect();
    ranked.sort_unstable();
    ranked.into_iter().take(3).map(|(_, _, known)| known).collect()
}

/// How many letters must be added, removed or changed (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (above_all, x) in a.chars().enumerate() {
        let mut left = above_all + 1;
        let mut next = vec![left];
        for ((diagonal, above), y) in row.iter().zip(row.iter().skip(1)).zip(b.chars()) {
            left = (diagonal + usize::from(x != y)).min(above + 1).min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_ids_are_those_that_were_meant() {
        let known = ["github", "gitlab", "google", "gitea", "okta", "microsoft-entra-id"];
        for (typed, meant) in [("githb", "github"), ("Google", "google"), ("entra", "microsoft-entra-id")] {
            assert_eq!(nearest(typed, &known).first(), Some(&meant), "{typed}");
        }
        assert_eq!(nearest("", &known).len(), 3);
    }

    #[test]
    fn without_a_file_there_is_the_catalogue() {
        let cards = of(&Environment::default()).unwrap();
        assert_eq!(cards.all().len(), cards.all().iter().filter(|card| cards.find(card.id) == Some(**card)).count());
        assert!(cards.all().iter().any(|card| card.id == "scalekit"));
        assert_eq!(cards.of_variable("donation_alerts").map(|card| card.id), Some("donation-alerts"));
    }

    #[test]
    fn a_file_that_is_not_there_or_wrong_names_variable_path_and_line() {
        let file = std::env::temp_dir().join(format!("authstile-cards-{}.toml", std::process::id()));
        let path = file.to_str().unwrap();
        let mistake = |path: &str| of(&Environment::from_pairs([(VARIABLE, path)])).unwrap_err().to_string();
        assert!(mistake("/nowhere/x.toml").contains("AUTHSTILE_PROVIDERS names /nowhere/x.toml, which cannot be read"));
        std::fs::write(&file, "[[provider]]\nid = \"github\"\nscopes = \"x\"\n").unwrap();
        let said = mistake(path);
        std::fs::remove_file(&file).unwrap();
        assert!(said.contains("line 3: github: unknown field `scopes`; did you mean `scope`?"), "{said}");
    }
}
