//! Every word of the mails, in English. Another language is another value of [`Words`].

/// What the mails say.
#[derive(Debug)]
pub(crate) struct Words {
    pub(crate) language: &'static str,
    /// `ltr` or `rtl`.
    pub(crate) direction: &'static str,
    /// Followed by the host.
    pub(crate) sign_in_to: &'static str,
    pub(crate) button: &'static str,
    pub(crate) without_button: &'static str,
    pub(crate) enter_code: &'static str,
    /// How long a link is good for, with `{}` for the time.
    link_life: &'static str,
    /// How long a code is good for, with `{}` for the time.
    code_life: &'static str,
    pub(crate) ignore_link: &'static str,
    pub(crate) ignore_code: &'static str,
    /// One and many of each unit.
    seconds: [&'static str; 2],
    minutes: [&'static str; 2],
    hours: [&'static str; 2],
    days: [&'static str; 2],
}

pub(crate) const ENGLISH: Words = Words {
    language: "en",
    direction: "ltr",
    sign_in_to: "Sign in to",
    button: "Sign in",
    without_button: "If the button does not work, open this address in your browser:",
    enter_code: "Enter this code in the browser that asked for it:",
    link_life: "This link works once and is good for {}.",
    code_life: "The code works once and is good for {}.",
    ignore_link: "If you did not ask for this mail, ignore it: nobody is signed in without this link.",
    ignore_code: "If you did not ask for this mail, ignore it. Never give the code to anyone.",
    seconds: ["second", "seconds"],
    minutes: ["minute", "minutes"],
    hours: ["hour", "hours"],
    days: ["day", "days"],
};

impl Words {
    /// The subject, which is also the first line.
    pub(crate) fn subject(&self, host: &str) -> String {
        format!("{} {host}", self.sign_in_to)
    }

    pub(crate) fn life_of_link(&self, seconds: i64) -> String {
        self.link_life.replace("{}", &self.time(seconds))
    }

    pub(crate) fn life_of_code(&self, seconds: i64) -> String {
        self.code_life.replace("{}", &self.time(seconds))
    }

    /// A time in the unit that people would use, rounded down: it never promises more than there is.
    fn time(&self, seconds: i64) -> String {
        let (count, [one, many]) = match seconds {
            ..60 => (seconds, self.seconds),
            3600 => (1, self.hours),
            60..7200 => (seconds / 60, self.minutes),
            7200..172_800 => (seconds / 3600, self.hours),
            _ => (seconds / 86_400, self.days),
        };
        format!("{count} {}", if count == 1 { one } else { many })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_in_words() {
        for (seconds, words) in [
            (1, "1 second"),
            (59, "59 seconds"),
            (60, "1 minute"),
            (119, "1 minute"),
            (600, "10 minutes"),
            (3600, "1 hour"),
            (5400, "90 minutes"),
            (7200, "2 hours"),
            (86_400, "24 hours"),
            (172_799, "47 hours"),
            (172_800, "2 days"),
            (604_800, "7 days"),
        ] {
            assert_eq!(ENGLISH.time(seconds), words);
        }
    }
}
