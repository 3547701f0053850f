//! What the pages say when something went wrong: to a visitor, who may be anybody, and can do this or that about it.

use crate::error::Reason;
use crate::registration::ErrorWords;

/// The words for a reason.
pub(crate) const fn words(reason: Reason) -> ErrorWords {
    let (title, what, todo) = match reason {
        Reason::AccessDenied => (
            "You do not have access",
            "You signed in, but this application does not let your account in.",
            "Sign in with another account, or ask the people who run this application for access.",
        ),
        Reason::AccountExists => (
            "You have been here before, another way",
            "Somebody with your email address already uses this application, and signed in another way.",
            "Sign in the way you did the first time. Once you are in, you can connect further accounts.",
        ),
        Reason::ConnectAccount => (
            "Is this you?",
            "Somebody with your email address already uses this application, and signed in another way.",
            "If that is you, sign in the way you did before: then we ask whether to connect the two.",
        ),
        Reason::AccountOfAnother => (
            "That account is taken",
            "The account that you chose belongs to another user of this application than the one who is signed in.",
            "Sign out first if you want to use it, or choose another account.",
        ),
        Reason::CredentialsRejected => {
            ("That did not match", "What you entered does not belong to an account here.", "Check it and try again.")
        }
        Reason::MailNotSent => (
            "The email could not be sent",
            "Our mail service did not take it just now.",
            "Wait a minute and try again. If it stays like this, tell the people who run this application.",
        ),
        Reason::NotProvisioned => (
            "You do not have access yet",
            "You signed in, but nobody has given you access to this application.",
            "Ask your administrator, or the people who run this application, for access.",
        ),
        Reason::TooManyAttempts => (
            "Too many attempts",
            "This was tried too often in a short time, from here or for this address.",
            "Wait a few minutes, then try again.",
        ),
        Reason::OrganizationMismatch => (
            "That is another organization",
            "You signed in as a member of a different organization than the one this sign-in was for.",
            "Sign in again with the account of the right organization, or ask your administrator.",
        ),
        Reason::ConnectionMismatch => (
            "That is another way to sign in",
            "You signed in through a different connection than the one this sign-in was for.",
            "Sign in again, and choose the way your organization gave you.",
        ),
        Reason::Configuration => (
            "Something is wrong on our side",
            "The application could not finish what you asked for.",
            "Try again in a moment. If it stays like this, tell the people who run this application: their log has the details.",
        ),
        Reason::Deactivated => (
            "Your account is switched off",
            "Your organization has switched off your account, or your way to sign in, for this application.",
            "Ask your organization's administrator to switch it on again.",
        ),
        Reason::DomainNotAllowed => (
            "That email address does not belong here",
            "You signed in with an address of a domain that your organization does not use for this application.",
            "Sign in again with your work address, or ask your administrator.",
        ),
        Reason::InvalidEmail => (
            "That is not an email address",
            "The address that you entered cannot be read as one.",
            "Enter your work email address, such as ada@example.com.",
        ),
        Reason::NotFound => (
            "There is nothing here",
            "This address does not belong to a way to sign in.",
            "Go back to the sign-in page and choose one of the ways shown there.",
        ),
        Reason::ProviderDenied => (
            "Sign-in was cancelled",
            "The sign-in was declined, by you or by the service that you sign in with.",
            "Try again if that was not on purpose, or choose another way to sign in.",
        ),
        Reason::ProviderRefused => (
            "Sign-in did not work",
            "The service that you sign in with did not let this sign-in through.",
            "Try again, or with another account. If it stays like this, ask your administrator.",
        ),
        Reason::ProviderMisbehaved => (
            "The answer could not be trusted",
            "The service that you sign in with answered in a way that failed our checks, so we did not sign you in.",
            "Try again. If it stays like this, tell the people who run this application.",
        ),
        Reason::ProviderBusy => (
            "The sign-in service is busy",
            "So many people are signing in with it just now that it cannot keep up.",
            "Wait a minute and try again. Your account is not affected.",
        ),
        Reason::ProviderUnreachable => (
            "The sign-in service does not answer",
            "The service that you sign in with cannot be reached at the moment.",
            "Wait a minute and try again. Your account is not affected.",
        ),
        Reason::SessionRequired => (
            "Please sign in",
            "The page that you want to see is for people who are signed in.",
            "Sign in, and you are taken there.",
        ),
        Reason::SignInExpired => (
            "That took too long",
            "A sign-in has to be finished within 15 minutes, and this one was begun earlier.",
            "Sign in again: it starts afresh.",
        ),
        Reason::SignInTooOld => (
            "Please sign in once more",
            "The page that you want asks for a sign-in of the last minutes. The service that you sign in with says that yours is older, or does not say.",
            "Sign out there, then open the page again. If it stays like this, tell the people who run this application.",
        ),
        Reason::SignInTooWeak => (
            "This page needs a stronger sign-in",
            "It asks for more proof of who you are, such as a second factor, than the service that you sign in with gave.",
            "Set that up where you sign in and open the page again, or ask your administrator.",
        ),
        Reason::SignInUnknown => (
            "This sign-in cannot be finished",
            "It was finished already, was begun in another browser, or this browser did not keep our cookie.",
            "Sign in again. If it keeps happening, allow cookies for this site.",
        ),
        Reason::StalePage => (
            "This page was too old",
            "The form that you sent did not come from a fresh page of this site.",
            "Try once more from here: this page is fresh.",
        ),
        Reason::Unavailable => (
            "Please try again in a moment",
            "The application cannot reach its storage just now, so it does not know who you are.",
            "Wait a minute and try again. If it stays like this, tell the people who run this application.",
        ),
        Reason::TooManyParameters => (
            "This link asks for too much",
            "The address that began this sign-in has more in it than a sign-in can carry.",
            "Sign in from here instead. If a link or a button of the application led you here, tell the people who run it.",
        ),
        Reason::WrongAddress => (
            "Nothing is served at this address",
            "The address in your browser is not one of this application's, or something on the way changed it.",
            "Check the address. If it is right, tell the people who run this application: their log has the details.",
        ),
        Reason::Verification => (
            "This link no longer works",
            "It was used already, or it has expired.",
            "Ask for a new one on the sign-in page.",
        ),
    };
    ErrorWords { title, what, todo }
}
