//! What Auth.js lists among its providers and is no OAuth: letters with a link, passkeys, passwords.

/// An entry of Auth.js's list that is no card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Other {
    /// Auth.js's id.
    pub id: &'static str,
    /// What people read.
    pub name: &'static str,
    /// How it signs people in.
    pub kind: OtherKind,
    /// The environment variables that Auth.js reads for it.
    pub variables: &'static [&'static str],
    /// What it is, in one line.
    pub doc: &'static str,
}

/// How somebody signs in without OAuth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OtherKind {
    /// With a link in a letter that an HTTP service sends.
    MailService,
    /// With a link in a letter that goes out over SMTP.
    Smtp,
    /// With a passkey (WebAuthn).
    Passkey,
    /// With what a form of the application asks for.
    Credentials,
}

const OTHERS: &[Other] = &[
    Other {
        id: "credentials",
        name: "Credentials",
        kind: OtherKind::Credentials,
        variables: &[],
        doc: "Fields of a form, such as a user name and a password, that the application checks itself.",
    },
    Other { id: "email", name: "Email", kind: OtherKind::Smtp, variables: &[], doc: "The former id of nodemailer." },
    Other {
        id: "forwardemail",
        name: "Forward Email",
        kind: OtherKind::MailService,
        variables: &["AUTH_FORWARDEMAIL_KEY"],
        doc: "A link, sent by forwardemail.net.",
    },
    Other {
        id: "loops",
        name: "Loops",
        kind: OtherKind::MailService,
        variables: &["AUTH_LOOPS_KEY"],
        doc: "A link, sent by loops.so in a letter that is written there; needs the id of that letter too.",
    },
    Other {
        id: "mailgun",
        name: "Mailgun",
        kind: OtherKind::MailService,
        variables: &["AUTH_MAILGUN_KEY"],
        doc: "A link, sent by mailgun.com from the domain of the sender, in the United States or in Europe.",
    },
    Other {
        id: "nodemailer",
        name: "Nodemailer",
        kind: OtherKind::Smtp,
        variables: &[],
        doc: "A link, sent over your own SMTP server.",
    },
    Other {
        id: "passkey",
        name: "Passkey",
        kind: OtherKind::Passkey,
        variables: &[],
        doc: "A passkey that the device keeps, with its owner verified.",
    },
    Other {
        id: "postmark",
        name: "Postmark",
        kind: OtherKind::MailService,
        variables: &["AUTH_POSTMARK_KEY"],
        doc: "A link, sent by postmarkapp.com.",
    },
    Other {
        id: "resend",
        name: "Resend",
        kind: OtherKind::MailService,
        variables: &["AUTH_RESEND_KEY"],
        doc: "A link, sent by resend.com.",
    },
    Other {
        id: "sendgrid",
        name: "SendGrid",
        kind: OtherKind::MailService,
        variables: &["AUTH_SENDGRID_KEY"],
        doc: "A link, sent by sendgrid.com.",
    },
    Other {
        id: "webauthn",
        name: "WebAuthn",
        kind: OtherKind::Passkey,
        variables: &[],
        doc: "Any WebAuthn authenticator, also security keys.",
    },
];

/// The entries of Auth.js's list that are no cards, sorted by id: whoever looks for one is told what it is.
#[must_use]
pub const fn others() -> &'static [Other] {
    OTHERS
}
