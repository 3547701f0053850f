//! When do two accounts belong to one person? Auth.js's decision table (`authjs-behaviour` §6), as a function.

use crate::model::AccountKind;
use crate::store::StoredUser;

/// What happens when somebody comes with a new account, and a known person has the same e-mail address.
///
/// Whoever is signed in links what they sign in with next, whatever the policy: they hold both.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum LinkPolicy {
    /// They are told to sign in as they did before. The default, and Auth.js's.
    #[default]
    Never,
    /// The account is linked when the provider says that the address is verified, and ours was proven too.
    VerifiedBothSides,
    /// As above, and only for addresses of these domains, about which this provider has the last word: that of an
    /// organization that runs it.
    VerifiedDomain(Vec<String>),
    /// They are told to sign in as they did before, and are then asked whether the new account should be linked.
    AskUser,
}

/// What a link in a mail does for a person whose address was never proven, but who has accounts already.
///
/// Whoever registered with a provider that does not check addresses may have entered somebody else's. If its owner came in
/// by mail as the same person, two people would share one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnverifiedAddresses {
    /// They are told to sign in as they did before. The default.
    #[default]
    Distrust,
    /// It signs them in and proves the address, as in Auth.js: for a database whose addresses were checked another way.
    Trust,
}

/// Whose sign-in it is, as far as the store knows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    /// The person to whom the account is linked.
    pub(crate) owner: Option<StoredUser>,
    /// Who is signed in in this browser.
    pub(crate) current: Option<StoredUser>,
    /// The person with the same e-mail address.
    pub(crate) namesake: Option<StoredUser>,
    /// Whether that person has accounts at providers.
    pub(crate) namesake_has_accounts: bool,
}

/// What somebody came with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Presented<'a> {
    pub(crate) kind: AccountKind,
    pub(crate) email: Option<&'a str>,
    /// What the provider says about the address.
    pub(crate) email_verified: bool,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Decision {
    /// They are who they were.
    Enter(StoredUser),
    /// The address of this person is proven now.
    Verify(StoredUser),
    /// The account becomes this person's.
    Link(StoredUser),
    /// A new person.
    Register,
    /// Not before this person says so.
    Ask(StoredUser),
    /// Not at all.
    Refuse(NotLinked),
}

/// Why an account is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotLinked {
    /// It belongs to somebody else than is signed in.
    #[error("the account belongs to another user than the one who is signed in")]
    OwnedByAnother,
    /// A known person has its address.
    #[error("another user has the account's e-mail address, and the link policy does not let them be one")]
    AddressTaken,
    /// The address of the person was never proven.
    #[error("the user with this e-mail address has other accounts, and never proved the address")]
    AddressUnproven,
}

/// The table.
pub(crate) fn decide(
    presented: Presented<'_>,
    known: Known,
    policy: &LinkPolicy,
    unverified: UnverifiedAddresses,
) -> Decision {
    let Known { owner, current, namesake, namesake_has_accounts } = known;
    match (presented.kind, owner, current, namesake) {
        // By mail: the address is the account.
        (AccountKind::Email, _, _, Some(person)) => {
            let unproven = person.email_verified.is_none() && namesake_has_accounts;
            match unverified {
                UnverifiedAddresses::Distrust if unproven => Decision::Refuse(NotLinked::AddressUnproven),
                _ => Decision::Verify(person),
            }
        }
        (AccountKind::Email, _, _, None) => Decision::Register,
        // By a provider: the account is known, or it is linked, or it is new.
        (_, Some(owner), Some(current), _) if owner.id != current.id => Decision::Refuse(NotLinked::OwnedByAnother),
        (_, Some(owner), _, _) => Decision::Enter(owner),
        (_, None, Some(current), _) => Decision::Link(current),
        (_, None, None, Some(person)) => by_policy(presented, person, policy),
        (_, None, None, None) => Decision::Register,
    }
}

fn by_policy(presented: Presented<'_>, person: StoredUser, policy: &LinkPolicy) -> Decision {
    let both = presented.email_verified && person.email_verified.is_some();
    let domain = presented.email.and_then(|email| email.rsplit_once('@')).map_or("", |(_, domain)| domain);
    match policy {
        LinkPolicy::VerifiedBothSides if both => Decision::Link(person),
        LinkPolicy::VerifiedDomain(domains) if both && domains.iter().any(|ours| ours.eq_ignore_ascii_case(domain)) => {
            Decision::Link(person)
        }
        LinkPolicy::AskUser => Decision::Ask(person),
        LinkPolicy::Never | LinkPolicy::VerifiedBothSides | LinkPolicy::VerifiedDomain(_) => {
            Decision::Refuse(NotLinked::AddressTaken)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::UnixTime;

    fn person(id: &str, proven: bool) -> StoredUser {
        let email_verified = proven.then_some(UnixTime::from_seconds(1));
        StoredUser { id: id.into(), email: Some("ada@acme.example".into()), email_verified, ..StoredUser::default() }
    }

    fn oauth(email_verified: bool) -> Presented<'static> {
        Presented { kind: AccountKind::Oidc, email: Some("ada@acme.example"), email_verified }
    }

    fn table(presented: Presented<'_>, known: &Known, policy: &LinkPolicy) -> Decision {
        decide(presented, known.clone(), policy, UnverifiedAddresses::Distrust)
    }

    #[test]
    fn a_known_account_enters_and_an_unknown_one_is_linked_to_whoever_is_signed_in() {
        let (a, b) = (person("a", true), person("b", true));
        let known = |owner: Option<&StoredUser>, current: Option<&StoredUser>| Known {
            owner: owner.cloned(),
            current: current.cloned(),
            ..Known::default()
        };
        let decided = |known| table(oauth(false), &known, &LinkPolicy::Never);
        assert_eq!(decided(known(Some(&a), Some(&a))), Decision::Enter(a.clone()));
        assert_eq!(decided(known(Some(&a), Some(&b))), Decision::Refuse(NotLinked::OwnedByAnother));
        assert_eq!(decided(known(Some(&a), None)), Decision::Enter(a.clone()));
        assert_eq!(decided(known(None, Some(&b))), Decision::Link(b.clone()));
        assert_eq!(decided(known(None, None)), Decision::Register);
    }

    #[test]
    fn an_address_alone_links_nothing_but_where_the_policy_says_so_and_both_sides_are_proven() {
        let both = LinkPolicy::VerifiedBothSides;
        let ours = LinkPolicy::VerifiedDomain(vec!["Acme.example".into()]);
        let theirs = LinkPolicy::VerifiedDomain(vec!["example".into(), "globex.example".into()]);
        for (policy, presented_proven, known_proven, links) in [
            (&LinkPolicy::Never, true, true, false),
            (&both, true, true, true),
            (&both, false, true, false),
            (&both, true, false, false),
            (&ours, true, true, true),
            (&ours, false, true, false),
            (&ours, true, false, false),
            (&theirs, true, true, false),
        ] {
            let namesake = person("a", known_proven);
            let known = Known { namesake: Some(namesake.clone()), ..Known::default() };
            let expected = if links { Decision::Link(namesake) } else { Decision::Refuse(NotLinked::AddressTaken) };
            assert_eq!(table(oauth(presented_proven), &known, policy), expected, "{policy:?}");
        }
        let known = Known { namesake: Some(person("a", false)), ..Known::default() };
        assert_eq!(table(oauth(true), &known, &LinkPolicy::AskUser), Decision::Ask(person("a", false)));
    }

    #[test]
    fn a_link_by_mail_never_lets_two_people_share_an_account() {
        let mail = Presented { kind: AccountKind::Email, email: Some("ada@acme.example"), email_verified: true };
        let known = |proven, namesake_has_accounts| Known {
            namesake: Some(person("a", proven)),
            namesake_has_accounts,
            current: Some(person("b", true)),
            ..Known::default()
        };
        assert_eq!(table(mail, &known(true, true), &LinkPolicy::Never), Decision::Verify(person("a", true)));
        assert_eq!(table(mail, &known(false, false), &LinkPolicy::Never), Decision::Verify(person("a", false)));
        let squatted = known(false, true);
        assert_eq!(table(mail, &squatted, &LinkPolicy::Never), Decision::Refuse(NotLinked::AddressUnproven));
        let trusted = decide(mail, squatted, &LinkPolicy::Never, UnverifiedAddresses::Trust);
        assert_eq!(trusted, Decision::Verify(person("a", false)));
        assert_eq!(table(mail, &Known::default(), &LinkPolicy::Never), Decision::Register);
    }
}
