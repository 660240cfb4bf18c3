(** The requests that a step is not of. *)
From Q Require Export Facts.

Lemma end_login_own u f q : own (end_login u f q) = own q ∨
  ∃ v t g, c_login (own q) = Some (Login (Some v) t (Some g)) ∧ v = u ∧ own (end_login u f q) =
    Changes (Some (Login (Some v) t None)) (c_keeps (own q)) (c_renews (own q)) (c_values (own q)) (c_guards (own q)) (c_tokens (own q)).
Proof.
  unfold end_login. destruct (c_login (own q)) as [[[v|] t [g|]]|]; try by left.
  destruct (String.eqb_spec v u); simpl; [|by left]. destruct (negb (f g)); [|by left]. right. by exists v, t, g.
Qed.
Lemma end_login_held u f q : held (end_login u f q) = held q.
Proof. unfold end_login. repeat case_match; done. Qed.
Lemma end_login_tokens u f q : c_tokens (own (end_login u f q)) = c_tokens (own q).
Proof. destruct (end_login_own u f q) as [->|(v&t&g&?&?&->)]; done. Qed.
(** Another request in the state after a step was there before, but for a login that was ended. *)
Lemma conclude_lookup st a res r q : requests (conclude st a res) !! r = Some q →
  (a = Some r ∧ r_next res = Some q) ∨
  (a ≠ Some r ∧ ∃ q0, requests st !! r = Some q0 ∧ (q = q0 ∨ ∃ u, r_ended res = Some u ∧ q = end_login u never q0)).
Proof.
  destruct (decide (a = Some r)) as [->|Hne].
  - rewrite conclude_request. by left.
  - rewrite conclude_other by done. intros H. right. split; [done|]. destruct (r_ended res) eqn:E.
    + apply fmap_Some in H as (q0 & ? & ->). exists q0. split; [done|]. right. eauto.
    + exists q. by split; [|left].
Qed.
