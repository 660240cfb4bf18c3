(* In Drivers.v, instead of
  | OpCreate i _ _ _ => w_store w !! i = None
---- this
  | OpCreate i _ _ _ => True
---- and a run refutes the claim: a driver that does not look steps again what was done. *)
From Q Require Import DriversRuns.

Definition w1 := answers nothing_yet 1 (at_ 1 0 (start 1 None)).
Definition w2 := answers w1 1 (at_ 2 1 (of 1 (SetValue "k" "v"))).
Definition w3 := done_unheard w2 1 (at_ 3 2 (done_ 1)).
Definition x3 := doubt_at w2 1 (at_ 3 2 (done_ 1)).
Lemma step1 : act strict 1 nothing_yet w1. Proof. answering. Qed.
Lemma step2 : act strict 1 w1 w2. Proof. answering. Qed.
Lemma step3 : act strict 1 w2 w3. Proof. apply IsDone. carrying. split; [computed|exact I]. Qed.
Theorem refuted : ¬ a_look_is_not_mistaken.
Proof.
  intros H. destruct (H strict w3 1 x3) as [_ Hm].
  - then_ step3. then_ step2. then_ step1. constructor.
  - split; [|split]; apply (bool_decide_unpack _); computed.
  - computed.
  - assert (∃ s g t, d_op x3 = OpCreate 1003 s g t) as (s & g & t & Eo) by (eexists _, _, _; computed).
    destruct Hm as [Hm _].
    + unfold is_missed. by rewrite Eo.
    + unfold looks_in_time. rewrite Eo. intros _. apply not_eq_None_Some. intros E. vm_compute in E. discriminate.
    + apply Hm. change (w_said w3).*1 with (d_input x3 :: (w_said w2).*1). by apply elem_of_cons; left.
Qed.
