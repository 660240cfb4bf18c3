(* In Drivers.v, instead of
Definition is_lost (w : world) (m : sent) : Prop := s_input m ∉ (w_said w).*1 ∧ is_rewritten_since (s_seen m) w (s_op m).
---- this
Definition is_lost (w : world) (m : sent) : Prop := is_rewritten_since (s_seen m) w (s_op m).
---- and a run refutes the claim: that nothing was done is said of a save whose session has gone since. *)
From Q Require Import DriversRuns DriversLateRuns DriversFormRuns.

Definition w8 := arrives w7 2 m7.
Definition w9 := writes w8 3 (at_ 9 99999999 (OfManager Sweep)).
Definition w10 := misses w9 2.
Lemma s8 : act strict 2 w7 w8. Proof. arriving w7 2 m7; [exact m7_alone|computed]. Qed.
Lemma s9 : act strict 3 w8 w9.
Proof.
  apply writes_act; [computed|]. split; [by right|]. split; [below|]. split; [apply settled_step; computed|]. split; [computed|].
  assert (op_at w8 3 (at_ 9 99999999 (OfManager Sweep)) = OpDiscardOver 99999999) as -> by computed. by split; [|split; [|split]].
Qed.
Lemma swept_sent w : sent_by (writes w 3 (at_ 9 99999999 (OfManager Sweep))) 2 = sent_by w 2.
Proof. unfold writes, sees_written. by destruct (written_by _). Qed.
Lemma still_alone : sent_by w9 2 = [m7].
Proof. exact (eq_trans (swept_sent w8) (eq_trans (arrives_sent w7 2 m7 2) m7_alone)). Qed.
Lemma s10 : act strict 2 w9 w10.
Proof.
  apply misses_act; [computed|]. apply (the_only m7); [exact still_alone|]. right.
  assert (∃ s, s_op m7 = OpUpdate 1003 s) as [s E] by (eexists; computed). unfold is_lost. rewrite E. intros E'.
  apply (f_equal (fmap name)) in E'. vm_compute in E'. discriminate E'.
Qed.
Theorem refuted : ¬ what_is_told_is_true.
Proof.
  intros H. destruct (H strict w10 i7) as (_ & _ & Hn & _).
  - then_ s10. then_ s9. then_ s8. then_ s7. then_ s6. then_ s5. then_ s4. then_ s3. then_ s2. then_ s1. constructor.
  - apply fresh_computed; computed.
  - apply Hn; [|apply (elem_of_list_lookup_2 _ 1); computed]. apply (elem_of_list_lookup_2 _ 0). computed.
Qed.
