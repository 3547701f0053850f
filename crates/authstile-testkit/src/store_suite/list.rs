//! The names of all rules, from which [`store_suite!`](crate::store_suite!) makes tests.

/// Makes a test of each rule: `store_suite!(stores, [accounts, passwords, sessions, one_time, revocations, throttle, leases])`, where
/// `stores` is a function that gives a future of new, empty [`Stores`](crate::store_suite::Stores). See
/// [`store_suite`](mod@crate::store_suite).
#[macro_export]
macro_rules! store_suite {
    ($stores:expr, [$($list:ident),+ $(,)?]) => {
        $($crate::store_suite_list!($list, $stores);)+
    };
}

/// The rules of a list.
#[doc(hidden)]
#[macro_export]
macro_rules! store_suite_list {
    (accounts, $stores:expr) => {
        $crate::store_suite_tests! {
            accounts, $stores,
            accounts: [
                an_empty_store_has_nobody
                a_person_is_found_as_registered
                a_person_may_have_nothing_but_an_id
                registering_never_overwrites
                people_may_be_called_anything
                addresses_are_not_folded
                moments_of_people_keep_their_precision
                malformed_ids_name_nobody
                a_change_leaves_the_rest
                a_change_to_a_taken_address_is_a_conflict
                deleting_a_person_takes_their_accounts
                pages_show_everybody_once
            ]
            accounts_links: [
                an_account_finds_its_person
                accounts_keep_all_that_they_have
                account_ids_are_compared_byte_for_byte
                a_taken_address_leaves_no_account_behind
                a_linked_account_leaves_no_person_behind
                an_address_is_registered_once_by_many
                an_account_is_registered_once_by_many
                an_account_is_linked_once_by_many
                linking_never_overwrites
                linking_needs_a_person
                unlinking_takes_one_account_of_its_person
                newer_tokens_replace_older_ones
                tokens_of_nobody_are_not_kept
            ]
        }
    };
    (passwords, $stores:expr) => {
        $crate::store_suite_tests! {
            passwords, $stores,
            passwords: [
                nobody_has_a_password_unasked
                a_password_is_set_and_set_again
                passwords_may_look_like_anything
                replacing_needs_the_old_password
                a_password_is_replaced_once_by_many
                setting_wins_against_many_who_replace
                a_password_is_set_by_many
                deleting_takes_a_password
                a_password_is_deleted_once_by_many
                a_password_needs_its_person
                a_deleted_person_has_no_password
                no_password_outlives_its_person
            ]
        }
    };
    (sessions, $stores:expr) => {
        $crate::store_suite_tests! {
            sessions, $stores,
            sessions: [
                an_empty_store_has_no_sessions
                a_session_is_found_as_created
                many_at_once_find_their_own
                a_session_may_have_little
                sessions_may_hold_anything
                session_keys_are_compared_byte_for_byte
                the_end_of_a_session_keeps_its_precision
                creating_never_overwrites
                a_key_is_created_once_by_many
                a_session_needs_its_person
                a_session_shows_its_person_as_they_are
                extending_changes_the_end_and_the_last_use
                an_extended_session_outlives_its_first_end
                extending_does_not_bring_back
                deleting_wins_against_many_who_extend
            ]
            sessions_ends: [
                what_has_ended_is_found_or_gone_by_itself
                a_session_may_have_ended_before_it_began
                what_has_ended_is_swept_in_batches
                deleting_takes_one
                a_session_is_deleted_once_by_many
                sessions_of_a_person_are_listed_latest_first
                all_sessions_of_a_person_end
                the_excepted_session_stays
                a_key_ends_the_sessions_that_carry_it
                a_key_ends_what_began_until_a_moment
                a_deleted_person_has_no_sessions
            ]
        }
    };
    (one_time, $stores:expr) => {
        $crate::store_suite_tests! {
            one_time, $stores,
            one_time: [
                a_value_is_good_once
                a_value_is_used_once_by_many
                a_wrong_one_uses_nothing_up
                identifier_and_token_do_not_run_into_each_other
                an_identifier_may_have_several_values
                creating_a_value_never_overwrites
                a_value_is_created_once_by_many
                identifiers_are_compared_byte_for_byte
                the_end_of_a_value_keeps_its_precision
                what_has_expired_is_used_up_too
                what_has_expired_is_swept_in_batches
            ]
        }
    };
    (revocations, $stores:expr) => {
        $crate::store_suite_tests! {
            revocations, $stores,
            revocations: [
                an_empty_store_revokes_nothing
                a_revocation_counts_at_once
                the_latest_moment_counts
                the_latest_moment_of_many_counts
                a_revocation_is_not_forgotten_too_early
                a_refusal_holds_until_it_is_taken_back
                old_news_changes_no_newer_decision
                the_newest_decision_of_many_counts
                the_first_time_is_one_time
                one_of_many_is_the_first
                what_is_forgotten_is_the_first_again
                news_bring_what_was_revoked_since
                no_news_of_many_are_lost
            ]
        }
    };
    (throttle, $stores:expr) => {
        $crate::store_suite_tests! {
            throttle, $stores,
            throttle: [
                a_burst_and_then_one_for_each_interval
                waiting_is_rounded_up
                a_burst_becomes_free_again
                refused_attempts_do_not_count
                keys_are_counted_apart
                of_many_at_once_a_burst_is_allowed
                a_clock_that_is_behind_gives_nothing_away
            ]
        }
    };
    (leases, $stores:expr) => {
        $crate::store_suite_tests! {
            leases, $stores,
            leases: [
                a_lease_has_one_holder
                one_of_many_gets_the_lease
                one_of_many_gets_the_lease_of_a_dead_holder
                a_renewed_lease_does_not_end
                what_was_published_is_what_all_get
                only_the_latest_holder_can_publish
                only_the_latest_holder_can_renew_or_release
                a_late_holder_can_publish_while_nobody_else_came
                an_outcome_is_published_once
                an_outcome_is_forgotten_after_its_time
                outcomes_are_kept_as_they_are
                leases_are_held_apart
                waiting_ends
            ]
        }
    };
}

/// A module of tests.
#[doc(hidden)]
#[macro_export]
macro_rules! store_suite_tests {
    ($list:ident, $stores:expr, $($file:ident: [$($rule:ident)+])+) => {
        mod $list {
            #[allow(unused_imports, reason = "what makes the stores may be named by a path")]
            use super::*;
            $($(
                #[test]
                fn $rule() {
                    $crate::store_suite::run(async {
                        let stores = ($stores)().await;
                        $crate::store_suite::$file::$rule(&stores).await;
                    });
                }
            )+)+
        }
    };
}

#[cfg(test)]
mod tests {
    /// Every rule that is written is in a list, where its name stands as a word on a line of its own.
    #[test]
    fn every_rule_is_listed() {
        let lists = include_str!("list.rs");
        let files = [
            include_str!("accounts.rs"),
            include_str!("accounts_links.rs"),
            include_str!("passwords.rs"),
            include_str!("sessions.rs"),
            include_str!("sessions_ends.rs"),
            include_str!("one_time.rs"),
            include_str!("revocations.rs"),
            include_str!("throttle.rs"),
            include_str!("leases.rs"),
        ];
        for file in files {
            for rest in file.split("\npub async fn ").skip(1) {
                let name = rest.split('(').next().unwrap();
                assert!(lists.lines().any(|line| line.trim() == name), "{name} is in no list");
            }
        }
    }
}
