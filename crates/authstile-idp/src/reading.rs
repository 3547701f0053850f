//! Where Scalekit's documentation can be read in two ways (§11, §12).

/// One table: variant, stable name, one sentence.
macro_rules! readings {
    ($($variant:ident $name:literal $description:literal)*) => {
        /// The other reading of a place where the documentation is silent or contradicts itself, switched on with
        /// [`IdpBuilder::reading`](crate::IdpBuilder::reading). A relying party must live with both.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Reading {
            $(#[doc = $description] $variant,)*
        }

        impl Reading {
            /// Every one.
            pub const ALL: &[Reading] = &[$(Reading::$variant),*];

            /// The stable name in kebab case, for seed files.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Reading::$variant => $name,)* }
            }

            /// What the provider does, in one sentence.
            #[must_use]
            pub fn description(&self) -> &'static str {
                match self { $(Reading::$variant => $description,)* }
            }

            /// The reading of that [`name`](Self::name).
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|reading| reading.name() == name)
            }
        }
    };
}

readings! {
    OrganizationWithoutConnectionFails "organization-without-connection-fails"
        "In full-stack mode an organization without active connection is an error, as in Modular, not the hosted page."
    UnknownConnectionFallsBack "unknown-connection-falls-back"
        "An unknown `connection_id` is passed over if there is an `organization_id`."
    OrganizationKeepsSession "organization-keeps-session"
        "In full-stack mode `organization_id` alone does not switch a session: it is answered for its old organization."
    HintBeforeDomain "hint-before-domain"
        "`domain_hint` wins over `domain`."
    DomainsAreCaseSensitive "domains-are-case-sensitive"
        "Domains are compared as sent, not in lower case."
    SharedDomainIsUnknown "shared-domain-is-unknown"
        "A domain that two organizations registered routes to neither."
    DefaultRedirectUrlWins "default-redirect-url-wins"
        "An IdP-initiated login arrives at the first redirect URI, even if there is an Initiate login URL."
    LateErrorsLoseState "late-errors-lose-state"
        "Errors that are raised after the identity provider's step have no `state`."
    CodeReplayKeepsTokens "code-replay-keeps-tokens"
        "A code's second use is refused, but what the first one gave stays valid."
}
