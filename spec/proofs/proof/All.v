(** The claims that are proved, and what their proofs rest on. `python3 spec/proofs check` counts both. *)
From Q Require Import Steps Inv Runs Who.

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
