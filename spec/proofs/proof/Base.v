(** Case analysis of a step. *)
From Q Require Export Claims.
From Coq Require Export Lia ZifyBool ZifyN ZifyNat.

Global Arguments insert : simpl never.
Global Arguments delete : simpl never.
Global Arguments lookup : simpl never.
Global Arguments filter : simpl never.
Global Arguments merge : simpl never.
Global Arguments alter : simpl never.
Global Arguments apply : simpl never.
Global Arguments apply_login : simpl never.
Global Arguments drop_rest : simpl never.
Global Arguments has_info : simpl never.
Global Arguments push : simpl never.
Global Arguments touch : simpl never.
Global Arguments path_of : simpl never.
Global Arguments begins : simpl never.
Global Arguments moves : simpl never.
Global Arguments but_tokens : simpl never.
Global Arguments unchanged : simpl never.
Global Arguments guards_hold : simpl never.
Global Arguments over : simpl never.
Global Arguments too_old : simpl never.
Global Arguments touched : simpl never.
Global Arguments partial_alter : simpl never.
Global Arguments find : simpl never.
Global Arguments draw : simpl never.
Global Arguments stored : simpl never.
Global Arguments N.max : simpl never.
Global Arguments N.add : simpl never.
Global Arguments N.sub : simpl never.
Global Arguments N.leb : simpl never.
Global Arguments N.ltb : simpl never.
Global Arguments N.mul : simpl never.
Global Arguments N.of_nat : simpl never.

Ltac unf H :=
  unfold start, set_user, renew_session, set_value, remove_value, take_value, guard_value,
    create_form_token, has_form_token, remove_form_token, has_session_cookie, expire_session,
    expire_other_sessions, expire_handle, new_session, finish_request, save, manage in H;
  unfold acting_user, end_own, write_back, change_value, save_changes, discard_over, holding in H;
  unfold save_without_stored, discard in H; unfold create, rotate, nothing_saved, go_on in H.
Ltac cases H := repeat (first [progress simplify_eq/= | case_match]).
(** [H : rule cfg now d st e = inr res], for any event. *)
Ltac rules H := match type of H with rule _ _ _ _ ?e = _ =>
  let re := fresh "re" in let me := fresh "me" in
  unfold rule in H; destruct e as [?r ?c ?a ?script ?passive|?r re|me];
  [unf H; cases H
  |destruct (requests _ !! _) as [?q|] eqn:?; [|discriminate H]; destruct re; simpl in H; unf H; cases H
  |destruct me; simpl in H; unf H; cases H] end.

Lemma step_cases cfg st i :
  (∃ why, rule cfg (i_now i) (i_draws i) st (i_event i) = inl why ∧ step cfg st i = (st, refused why)) ∨
  (∃ res, rule cfg (i_now i) (i_draws i) st (i_event i) = inr res ∧
     step cfg st i = (conclude st (actor (i_event i)) res, r_effects res)).
Proof. unfold step. destruct (rule _ _ _ _ _) as [?|?]; eauto. Qed.
Lemma not_refused cfg now d st e res why : rule cfg now d st e = inr res → e_reply (r_effects res) ≠ Refused why.
Proof. intros H. rules H; done. Qed.
