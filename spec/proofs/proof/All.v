(** The claims that are proved, and what their proofs rest on. `python3 spec/proofs check` counts both. *)
From Q Require Import Steps Inv Runs Sessions Histories Who.
From Q Require Import Browsers.
From Q Require Import Drivers DriversLook DriversTold DriversClosed DriversRace DriversTurns.
From Q Require Import DriversLate DriversAgain DriversGone DriversLimit DriversTokens DriversUnmet.

Theorem refusal_changes_nothing_holds : refusal_changes_nothing. Proof. exact t_refusal_changes_nothing. Qed.
Print Assumptions refusal_changes_nothing_holds.
Theorem stored_has_info_holds : stored_has_info. Proof. exact t_stored_has_info. Qed.
Print Assumptions stored_has_info_holds.
Theorem tokens_are_bounded_holds : tokens_are_bounded. Proof. exact t_tokens_are_bounded. Qed.
Print Assumptions tokens_are_bounded_holds.
Theorem ids_are_issued_holds : ids_are_issued. Proof. exact t_issued. Qed.
Print Assumptions ids_are_issued_holds.
Theorem no_id_comes_back_holds : no_id_comes_back. Proof. exact t_no_id_comes_back. Qed.
Print Assumptions no_id_comes_back_holds.
Theorem failure_leaves_no_trace_holds : failure_leaves_no_trace. Proof. exact t_failure. Qed.
Print Assumptions failure_leaves_no_trace_holds.
Theorem others_are_left_alone_holds : others_are_left_alone. Proof. exact t_others. Qed.
Print Assumptions others_are_left_alone_holds.
Theorem value_is_taken_once_holds : value_is_taken_once. Proof. exact t_value. Qed.
Print Assumptions value_is_taken_once_holds.
Theorem visit_counts_holds : visit_counts. Proof. exact t_visit. Qed.
Print Assumptions visit_counts_holds.
Theorem cookie_names_stored_holds : cookie_names_stored. Proof. exact t_cookie. Qed.
Print Assumptions cookie_names_stored_holds.
Theorem revocation_matches_holds : revocation_matches. Proof. exact t_revocation. Qed.
Print Assumptions revocation_matches_holds.
Theorem nothing_past_its_limits_holds : nothing_past_its_limits. Proof. exact t_limits. Qed.
Print Assumptions nothing_past_its_limits_holds.
Theorem sweep_leaves_none_over_holds : sweep_leaves_none_over. Proof. exact t_sweep. Qed.
Print Assumptions sweep_leaves_none_over_holds.
Theorem user_is_ended_everywhere_holds : user_is_ended_everywhere. Proof. exact Steps.t_user. Qed.
Print Assumptions user_is_ended_everywhere_holds.
Theorem strict_refines_who_holds : strict_refines_who. Proof. exact t_who. Qed.
Print Assumptions strict_refines_who_holds.
Theorem accessed_not_before_created_holds : accessed_not_before_created. Proof. exact t_accessed. Qed.
Print Assumptions accessed_not_before_created_holds.
Theorem no_id_survives_login_holds : no_id_survives_login. Proof. exact t_no_id_survives. Qed.
Print Assumptions no_id_survives_login_holds.
Theorem one_user_per_id_holds : one_user_per_id. Proof. exact t_one_user. Qed.
Print Assumptions one_user_per_id_holds.
Theorem no_token_survives_login_holds : no_token_survives_login. Proof. exact t_no_token. Qed.
Print Assumptions no_token_survives_login_holds.
Theorem store_ops_reproduce_store_holds : store_ops_reproduce_store. Proof. exact t_store_ops. Qed.
Print Assumptions store_ops_reproduce_store_holds.
Theorem token_accepted_once_holds : token_accepted_once. Proof. exact t_token_once. Qed.
Print Assumptions token_accepted_once_holds.
Theorem expiry_is_immediate_holds : expiry_is_immediate. Proof. exact t_expiry. Qed.
Print Assumptions expiry_is_immediate_holds.
Theorem no_update_is_lost_holds : no_update_is_lost. Proof. exact t_no_update. Qed.
Print Assumptions no_update_is_lost_holds.
Theorem login_begins_a_session_holds : login_begins_a_session. Proof. exact t_login_begins. Qed.
Print Assumptions login_begins_a_session_holds.
Theorem values_stay_with_their_user_holds : values_stay_with_their_user. Proof. exact t_values_stay. Qed.
Print Assumptions values_stay_with_their_user_holds.
Theorem ended_user_stays_ended_holds : ended_user_stays_ended. Proof. exact t_ended_user. Qed.
Print Assumptions ended_user_stays_ended_holds.
Theorem reading_stores_nothing_holds : reading_stores_nothing. Proof. exact t_reading. Qed.
Print Assumptions reading_stores_nothing_holds.
Theorem no_session_is_orphaned_holds : no_session_is_orphaned. Proof. exact t_orphan. Qed.
Print Assumptions no_session_is_orphaned_holds.
Theorem logout_reaches_the_client_holds : logout_reaches_the_client. Proof. exact t_logout. Qed.
Print Assumptions logout_reaches_the_client_holds.
Theorem still_logged_in_holds : still_logged_in. Proof. exact t_still. Qed.
Print Assumptions still_logged_in_holds.
Theorem drivers_refine_the_machine_holds : drivers_refine_the_machine. Proof. exact t_drivers. Qed.
Print Assumptions drivers_refine_the_machine_holds.
Theorem what_is_told_is_true_holds : what_is_told_is_true. Proof. exact t_told. Qed.
Print Assumptions what_is_told_is_true_holds.
Theorem a_look_is_not_mistaken_holds : a_look_is_not_mistaken. Proof. exact t_look. Qed.
Print Assumptions a_look_is_not_mistaken_holds.
Theorem can_always_be_ended_holds : can_always_be_ended. Proof. exact t_can_be_ended. Qed.
Print Assumptions can_always_be_ended_holds.
Theorem one_turn_is_enough_holds : one_turn_is_enough. Proof. exact t_one_turn. Qed.
Print Assumptions one_turn_is_enough_holds.
Theorem a_lost_race_means_another_won_holds : a_lost_race_means_another_won. Proof. exact t_lost_race. Qed.
Print Assumptions a_lost_race_means_another_won_holds.
Theorem four_acts_are_enough_holds : four_acts_are_enough. Proof. exact t_four_acts. Qed.
Print Assumptions four_acts_are_enough_holds.
Theorem five_acts_end_a_doubt_holds : five_acts_end_a_doubt. Proof. exact t_five_acts. Qed.
Print Assumptions five_acts_end_a_doubt_holds.
Theorem what_arrives_again_could_be_anothers_holds : what_arrives_again_could_be_anothers. Proof. exact t_again. Qed.
Print Assumptions what_arrives_again_could_be_anothers_holds.
Theorem a_gone_session_is_answered_alike_holds : a_gone_session_is_answered_alike. Proof. exact t_gone. Qed.
Print Assumptions a_gone_session_is_answered_alike_holds.
Theorem an_answer_past_the_limit_comes_true_holds : an_answer_past_the_limit_comes_true. Proof. exact t_comes_true. Qed.
Print Assumptions an_answer_past_the_limit_comes_true_holds.
Theorem tokens_past_the_limit_are_not_seen_holds : tokens_past_the_limit_are_not_seen. Proof. exact t_not_seen. Qed.
Print Assumptions tokens_past_the_limit_are_not_seen_holds.
Theorem a_late_create_is_met_by_nobody_holds : a_late_create_is_met_by_nobody. Proof. exact t_unmet. Qed.
Print Assumptions a_late_create_is_met_by_nobody_holds.
