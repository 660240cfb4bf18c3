(* In DriversLate.v, instead of
| late_create l w i n s : reaches_late cfg l w → (i, NotDone) ∈ t_heard (w_traffic w) → n ∈ d_ids (i_draws i) →
---- this
| late_create l w i n s : reaches_late cfg l w → (i, Unknown) ∈ t_heard (w_traffic w) → n ∈ d_ids (i_draws i) →
---- and a run refutes the claim: of what nobody can tell the store may have told all, and its session may be over; if that
     comes once more, an id comes back that was in a cookie. *)
From Q Require Import DriversLate DriversRuns DriversLateRuns.

Definition i3 := at_ 3 2 (done_ 1).
Definition w1 := answers nothing_yet 1 (at_ 1 0 (start 1 None)).
Definition w2 := answers w1 1 (at_ 2 1 (of 1 (SetValue "k" "v"))).
Definition w3 := sends w2 1 i3.
Definition m3 := sent_at w2 1 i3.
Definition w4 := despairs w3 1.
Definition w5 := arrives w4 1 m3.                                     (* id 1003 *)
Definition w6 := forgets w5 1 (at_ 6 3 (of 1 (FinishRequest Abandoned))).
Definition w7 := writes w6 2 (at_ 7 99999999 (OfManager Sweep)).
Definition w8 := comes_late i3 1003 (fresh "" 0) w7.
Lemma m3_alone : sent_by w4 1 = [m3].
Proof. exact (eq_trans (despairs_sent w3 1 1) (is_alone w2 1 i3 ltac:(computed))). Qed.
Lemma s1 : act strict 1 nothing_yet w1. Proof. answering. Qed.
Lemma s2 : act strict 1 w1 w2. Proof. answering. Qed.
Lemma s3 : act strict 1 w2 w3. Proof. sending. Qed.
Lemma s4 : act strict 1 w3 w4. Proof. apply despairs_act. computed. Qed.
Lemma s5 : act strict 1 w4 w5. Proof. arriving w4 1 m3; [exact m3_alone|creating]. Qed.
Lemma s6 : act strict 1 w5 w6.
Proof.
  apply forgets_act; [computed| |below|done]. apply (the_only m3); [exact (eq_trans (arrives_sent w4 1 m3 1) m3_alone)|].
  apply (elem_of_list_lookup_2 _ 0). computed.
Qed.
Lemma s7 : act strict 2 w6 w7.
Proof.
  apply writes_act; [computed|]. split; [by right|]. split; [below|]. split; [apply settled_step; computed|]. split; [computed|].
  assert (op_at w6 2 (at_ 7 99999999 (OfManager Sweep)) = OpDiscardOver 99999999) as -> by computed. by split; [|split; [|split]].
Qed.
Lemma only_two : only [1; 2] w7.
Proof.
  apply (only_act _ 2 w6 _ s7), (only_act _ 1 w5 _ s6), (only_act _ 1 w4 _ s5), (only_act _ 1 w3 _ s4), (only_act _ 1 w2 _ s3),
    (only_act _ 1 w1 _ s2), (only_act _ 1 nothing_yet _ s1); try apply (elem_of_list_lookup_2 [1; 2] 0 1 eq_refl);
    try apply (elem_of_list_lookup_2 [1; 2] 1 2 eq_refl). by intros r.
Qed.
Lemma unmet : is_unmet w7 1003.
Proof.
  assert (∀ r, r ≠ 1 → r ≠ 2 → w_loaded w7 r = ∅ ∧ doubt_of w7 r = None) as O.
  { intros r H1 H2. apply only_two. intros [?|[?|[]%elem_of_nil]%elem_of_cons]%elem_of_cons; done. }
  split; [|split].
  - intros r. destruct (decide (r = 1)) as [->|H1]; [computed|]. destruct (decide (r = 2)) as [->|H2]; [computed|].
    destruct (O r H1 H2) as [-> _]. apply lookup_empty.
  - intros r d Hd. exfalso. destruct (decide (r = 1)) as [->|H1]; [vm_compute in Hd; discriminate Hd|].
    destruct (decide (r = 2)) as [->|H2]; [vm_compute in Hd; discriminate Hd|]. destruct (O r H1 H2) as [_ E]. congruence.
  - intros r m Hm. assert (t_air (w_traffic w7) = []) as E by computed. rewrite E in Hm. by apply elem_of_nil in Hm.
Qed.
Theorem refuted : ¬ a_late_create_is_met_by_nobody.
Proof.
  intros H. assert (∀ w w' r, reaches_late strict [] w → act strict r w w' → reaches_late strict [] w') as Hact
    by (intros w w' r H1 H2; eapply late_act; [exact H1|exact H2|constructor]).
  destruct (H strict [(i3, 1003)] w8) as [_ Hn].
  - apply late_create; [|apply (elem_of_list_lookup_2 _ 1); computed|apply (elem_of_list_here 1003)| |computed|exact unmet].
    + apply (Hact _ _ _ (Hact _ _ _ (Hact _ _ _ (Hact _ _ _ (Hact _ _ _ (Hact _ _ _ (Hact _ _ _ (nothing_late strict) s1) s2) s3) s4) s5) s6) s7).
    + intros r m Hm. assert (t_air (w_traffic w7) = []) as E by computed. rewrite E in Hm. by apply elem_of_nil in Hm.
  - split; [apply fresh_computed; computed|]. intros i n j [= -> ->]%elem_of_list_singleton Hj Hd.
    assert (Forall (λ j, j = i3 ∨ bool_decide (1003 ∈ d_ids (i_draws j)) = false) (t_tried (w_traffic w8))) as F.
    { change (t_tried (w_traffic w8)) with [at_ 7 99999999 (OfManager Sweep); i3; at_ 2 1 (of 1 (SetValue "k" "v")); at_ 1 0 (start 1 None)].
      repeat constructor; first [by left|right; computed]. }
    rewrite Forall_forall in F. destruct (F j Hj) as [?|F']; [done|]. by apply bool_decide_eq_false in F'.
  - apply (Hn i3 1003 i3 (Done, Some Commit) "/"%string); [by left|]. apply (elem_of_list_lookup_2 _ 1). computed.
Qed.
