(** What holds in every state of a run, whatever the draws. *)
From Q Require Export Others.

Definition bounded_tokens cfg (s : session) := (length (tokens s) ≤ bound (cap cfg))%nat.
Definition InvA cfg st :=
  (∀ i s, store st !! i = Some s → bounded_tokens cfg s ∧ has_info s = true) ∧
  (∀ r q, requests st !! r = Some q → (length (c_tokens (own q)) ≤ bound (cap cfg))%nat ∧
     ∀ i s, held q = Some (i, s) → bounded_tokens cfg s).

Lemma bounded_apply cfg ch a s : bounded_tokens cfg s → bounded_tokens cfg (apply (cap cfg) ch a s).
Proof. unfold bounded_tokens. rewrite apply_tokens. intros. apply fold_length. pose proof (keep_tokens_length (c_keeps ch) (tokens s)). lia. Qed.
Lemma bounded_fresh cfg a now : bounded_tokens cfg (fresh a now).
Proof. unfold bounded_tokens. simpl. lia. Qed.
Lemma store_bounded cfg now d st e res : rule cfg now d st e = inr res → InvA cfg st →
  ∀ i s, r_store res !! i = Some s → bounded_tokens cfg s ∧ has_info s = true.
Proof.
  intros H [Hs Hr].
  assert (∀ i s, store st !! i = Some s → bounded_tokens cfg s) as Hs1 by (intros; by eapply Hs).
  assert (∀ i s, store st !! i = Some s → has_info s = true) as Hs2 by (intros; by eapply Hs).
  assert (∀ r q i s, requests st !! r = Some q → held q = Some (i, s) → bounded_tokens cfg s) as Hr1.
  { intros r q i s E ?. apply Hr in E as [_ E]. eauto. }
  clear Hs Hr. rules H; prep; simpl; intros i' s' Hi; lookups; repeat case_match; simplify_eq/=; eauto.
  all: split; try done.
  all: try (apply (bounded_apply cfg); by eauto using bounded_fresh).
  all: unfold touch; repeat case_match; eauto.
  all: try (by apply Hs2 in H).
  all: try (by eapply Hr1).
  all: unfold bounded_tokens in *; simpl; try (by eauto).
  all: try (etrans; [apply without_length|by eauto]).
Qed.
Lemma next_bounded cfg now d st e res q' : rule cfg now d st e = inr res → InvA cfg st → r_next res = Some q' →
  (length (c_tokens (own q')) ≤ bound (cap cfg))%nat ∧ ∀ i s, held q' = Some (i, s) → bounded_tokens cfg s.
Proof.
  intros H [Hs Hr].
  assert (∀ i s, store st !! i = Some s → bounded_tokens cfg s) as Hs1 by (intros; by eapply Hs).
  assert (∀ r q i s, requests st !! r = Some q → held q = Some (i, s) → bounded_tokens cfg s) as Hr1.
  { intros r q i s E ?. apply Hr in E as [_ E]. eauto. }
  assert (∀ r q, requests st !! r = Some q → (length (c_tokens (own q)) ≤ bound (cap cfg))%nat) as Hr2.
  { intros r q E. by apply Hr in E as [E _]. }
  clear Hs Hr. rules H; prep; lookups; simpl; intros; simplify_eq/=.
  all: (split; [try done|intros i' s' Hh; simplify_eq/=]).
  all: try (by eauto using bounded_fresh).
  all: try apply push_length.
  all: try lia.
  all: try (etrans; [first [apply without_length|apply keep_tokens_length]|]; by eauto).
  all: unfold bounded_tokens; cbn [tokens set_tokens set_values set_handle set_accessed].
  all: try apply push_length.
  all: try (unfold touch; case_match; cbn [tokens set_accessed]).
  all: try (apply (bounded_apply cfg); unfold bounded_tokens; cbn [tokens set_tokens set_values set_handle set_accessed]).
  all: try (etrans; [first [apply without_length|apply keep_tokens_length]|]).
  all: unfold apply_login; repeat case_match; cbn [tokens drop_rest]; simplify_eq.
  all: try (etrans; [apply keep_tokens_length|]).
  all: first [by eapply Hr1|by eapply Hs1].
Qed.
Lemma invA_run cfg h st : run cfg h st → InvA cfg st.
Proof.
  induction 1 as [|h st i Hrun IH].
  { split; intros *; simpl; rewrite lookup_empty; done. }
  by_rule cfg st i; [done|]. split.
  - eapply store_bounded; eauto.
  - intros r q [[_ Hn]|(_ & q0 & Hq & Hq')]%conclude_lookup; [by eapply next_bounded|].
    destruct (proj2 IH _ _ Hq) as [H1 H2].
    destruct Hq' as [->|(u & _ & ->)]; [by eauto|]. rewrite end_login_tokens, end_login_held. eauto.
Qed.
Theorem t_stored_has_info : stored_has_info.
Proof. intros cfg h st i s H%invA_run Hi. by apply H in Hi as [_ ?]. Qed.
Theorem t_tokens_are_bounded : tokens_are_bounded.
Proof.
  intros cfg h st [Hs Hr]%invA_run. split.
  - intros i s Hi. by apply Hs in Hi as [? _].
  - intros r q i s Hq Hh. by eapply Hr.
Qed.
