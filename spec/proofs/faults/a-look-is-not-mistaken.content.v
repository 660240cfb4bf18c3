(* In Drivers.v, instead of
Definition is_found (w : world) (m : sent) : Prop := ∃ n, written_by (s_op m) = Some n ∧ revision w n = Some (s_input m).
---- this
Definition is_found (w : world) (m : sent) : Prop := ∃ n, written_by (s_op m) = Some n ∧ w_store w !! n = store (s_after m) !! n.
---- and a run refutes the claim: two requests write the same, and each finds it. *)
From Q Require Import DriversRuns.

Definition w1 := answers nothing_yet 1 (at_ 1 0 (start 1 None)).
Definition w2 := answers w1 1 (at_ 2 1 (of 1 (SetValue "k" "v"))).
Definition w3 := writes w2 1 (at_ 3 2 (done_ 1)).                     (* id 1003 *)
Definition w4 := loads 2 1003 w3.
Definition w5 := answers w4 2 (at_ 5 3 (start 2 (Some (CookieId 1003)))).
Definition w6 := loads 3 1003 w5.
Definition w7 := answers w6 3 (at_ 7 4 (start 3 (Some (CookieId 1003)))).
Definition w8 := answers w7 2 (at_ 8 5 (of 2 (SetValue "a" "x"))).
Definition w9 := answers w8 3 (at_ 9 6 (of 3 (SetValue "a" "x"))).
Definition i10 := at_ 10 7 (done_ 2).
Definition m10 := sent_at w9 2 i10.
Definition w10 := sends w9 2 i10.
Definition w11 := writes w10 3 (at_ 11 8 (done_ 3)).
Lemma s1 : act strict 1 nothing_yet w1. Proof. answering. Qed.
Lemma s2 : act strict 1 w1 w2. Proof. answering. Qed.
Lemma s3 : act strict 1 w2 w3. Proof. writing. creating. Qed.
Lemma s4 : act strict 2 w3 w4. Proof. by apply Loads. Qed.
Lemma s5 : act strict 2 w4 w5. Proof. answering. Qed.
Lemma s6 : act strict 3 w5 w6. Proof. by apply Loads. Qed.
Lemma s7 : act strict 3 w6 w7. Proof. answering. Qed.
Lemma s8 : act strict 2 w7 w8. Proof. answering. Qed.
Lemma s9 : act strict 3 w8 w9. Proof. answering. Qed.
Lemma s10 : act strict 2 w9 w10. Proof. sending. Qed.
Lemma s11 : act strict 3 w10 w11. Proof. writing. computed. Qed.
Lemma same_doubt w r i r0 : doubt_of (writes w r i) r0 = doubt_of w r0.
Proof. unfold writes, sees_written. by destruct (written_by (op_at w r i)). Qed.
Lemma in_w10 : doubt_of w10 2 = Some (doubt_at w10 2). Proof. apply in_doubt. computed. Qed.
Theorem refuted : ¬ a_look_is_not_mistaken.
Proof.
  intros H. destruct (H strict w11 2 (doubt_at w10 2)) as (Hf & _).
  - then_ s11. then_ s10. then_ s9. then_ s8. then_ s7. then_ s6. then_ s5. then_ s4. then_ s3. then_ s2. then_ s1. constructor.
  - apply fresh_computed; computed.
  - exact (eq_trans (same_doubt w10 3 (at_ 11 8 (done_ 3)) 2) in_w10).
  - destruct (Hf m10) as [Hs _].
    + rewrite sent_known by computed. assert (sent_by w10 2 = [m10]) as -> by exact (is_alone w9 2 i10 ltac:(computed)). by left.
    + exists 1003. split; computed.
    + apply (elem_of_list_fmap_1 fst) in Hs. revert Hs. apply not_said. computed.
Qed.
