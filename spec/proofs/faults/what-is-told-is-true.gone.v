(* In Drivers.v, instead of
Definition is_lost (w : world) (m : sent) : Prop := s_input m ∉ (w_said w).*1 ∧ is_rewritten_since (s_seen m) w (s_op m).
---- this
Definition is_lost (w : world) (m : sent) : Prop := is_rewritten_since (s_seen m) w (s_op m).
---- and a run refutes the claim: that nothing was done is said of a save whose session has gone since. *)
From Q Require Import DriversRuns DriversLateRuns.

Definition w1 := answers nothing_yet 1 (at_ 1 0 (start 1 None)).
Definition w2 := answers w1 1 (at_ 2 1 (of 1 (SetValue "k" "v"))).
Definition w3 := writes w2 1 (at_ 3 2 (done_ 1)).                     (* id 1003 *)
Definition w4 := loads 2 1003 w3.
Definition w5 := answers w4 2 (at_ 5 3 (start 2 (Some (CookieId 1003)))).
Definition w6 := answers w5 2 (at_ 6 4 (of 2 CreateFormToken)).
Definition i7 := at_ 7 5 (done_ 2).
Definition m7 := sent_at w6 2 i7.
Definition w7 := sends w6 2 i7.
Definition w8 := arrives w7 2 m7.
Definition w9 := writes w8 3 (at_ 9 99999999 (OfManager Sweep)).
Definition w10 := misses w9 2.
Lemma m7_alone : sent_by w7 2 = [m7].
Proof. exact (is_alone w6 2 i7 ltac:(computed)). Qed.
Lemma step1 : act strict 1 nothing_yet w1. Proof. answering. Qed.
Lemma step2 : act strict 1 w1 w2. Proof. answering. Qed.
Lemma step3 : act strict 1 w2 w3. Proof. writing. creating. Qed.
Lemma step4 : act strict 2 w3 w4. Proof. by apply Loads. Qed.
Lemma step5 : act strict 2 w4 w5. Proof. answering. Qed.
Lemma step6 : act strict 2 w5 w6. Proof. answering. Qed.
Lemma step7 : act strict 2 w6 w7. Proof. sending. Qed.
Lemma step8 : act strict 2 w7 w8. Proof. arriving w7 2 m7; [exact m7_alone|computed]. Qed.
Lemma step9 : act strict 3 w8 w9.
Proof.
  apply writes_act; [computed|]. split; [by right|]. split; [below|]. split; [apply settled_step; computed|]. split; [computed|].
  assert (op_at w8 3 (at_ 9 99999999 (OfManager Sweep)) = OpDiscardOver 99999999) as -> by computed. by split; [|split; [|split]].
Qed.
Lemma swept_sent w : sent_by (writes w 3 (at_ 9 99999999 (OfManager Sweep))) 2 = sent_by w 2.
Proof. unfold writes, sees_written. by destruct (written_by _). Qed.
Lemma still_alone : sent_by w9 2 = [m7].
Proof. exact (eq_trans (swept_sent w8) (eq_trans (arrives_sent w7 2 m7 2) m7_alone)). Qed.
Lemma step10 : act strict 2 w9 w10.
Proof.
  apply misses_act; [computed|]. apply (the_only m7); [exact still_alone|]. right.
  assert (∃ s, s_op m7 = OpUpdate 1003 s) as [s E] by (eexists; computed). unfold is_lost. rewrite E. intros E'.
  apply (f_equal (fmap name)) in E'. vm_compute in E'. discriminate E'.
Qed.
Theorem refuted : ¬ what_is_told_is_true.
Proof.
  intros H. destruct (H strict w10 i7) as (_ & _ & Hn & _).
  - then_ step10. then_ step9. then_ step8. then_ step7. then_ step6. then_ step5. then_ step4. then_ step3. then_ step2. then_ step1. constructor.
  - apply fresh_computed; computed.
  - apply Hn; [|apply (elem_of_list_lookup_2 _ 1); computed]. apply (elem_of_list_lookup_2 _ 0). computed.
Qed.
