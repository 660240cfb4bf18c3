(* In Drivers.v, instead of
  | OpCreate i _ _ _ => w_store w !! i = None
---- this
  | OpCreate i _ _ _ => True
---- and a run refutes the claim: a driver that does not look steps again what was done. *)
From Q Require Import DriversRuns.

Definition w1 := answers nothing_yet 1 (at_ 1 0 (start 1 None)).
Definition w2 := answers w1 1 (at_ 2 1 (of 1 (SetValue "k" "v"))).
Definition i3 := at_ 3 2 (done_ 1).
Definition m3 := sent_at w2 1 i3.
Definition w3 := sends w2 1 i3.
Definition w4 := arrives w3 1 m3.
Lemma m3_alone : sent_by w3 1 = [m3].
Proof. exact (is_alone w2 1 i3 ltac:(computed)). Qed.
Lemma step1 : act strict 1 nothing_yet w1. Proof. answering. Qed.
Lemma step2 : act strict 1 w1 w2. Proof. answering. Qed.
Lemma step3 : act strict 1 w2 w3. Proof. sending. Qed.
Lemma step4 : act strict 1 w3 w4. Proof. arriving w3 1 m3; [exact m3_alone|creating]. Qed.
Lemma in_w4 : doubt_of w4 1 = Some (doubt_at w4 1). Proof. apply in_doubt. computed. Qed.
Lemma sent_w4 : d_sent (doubt_at w4 1) = [m3].
Proof. rewrite sent_known by computed. exact (eq_trans (arrives_sent w3 1 m3 1) m3_alone). Qed.
Theorem refuted : ¬ a_look_is_not_mistaken.
Proof.
  intros H. destruct (H strict w4 1 (doubt_at w4 1)) as (_ & Hm & _).
  - then_ step4. then_ step3. then_ step2. then_ step1. constructor.
  - apply fresh_computed; computed.
  - exact in_w4.
  - assert (∃ s g t, s_op m3 = OpCreate 1003 s g t) as (s & g & t & Eo) by (eexists _, _, _; computed). apply (Hm m3).
    + rewrite sent_w4. by left.
    + unfold is_missed. by rewrite Eo.
    + unfold looks_in_time. rewrite Eo. intros _. apply not_eq_None_Some. intros E. vm_compute in E. discriminate.
    + by left.
Qed.
