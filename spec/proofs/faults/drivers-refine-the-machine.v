(* In Model.v, instead of
    go_on m q (Answer (match t with Some t => among t (tokens s) | None => false end)) None 0.
---- this
    go_on m q (Answer (match t with Some t => among t (tokens s) | None => stored m 1 end)) None 0.
---- and a run refutes the claim: an answer that rests on no load sees what its driver has not loaded. *)
From Q Require Import DriversRuns.

Definition i3 := Input 0 (Draws [1] [] 3) (done_ 1).
Definition a1 := answers nothing_yet 1 (at_ 1 0 (start 1 None)).
Definition a2 := answers a1 1 (at_ 2 0 (of 1 (SetValue "k" "v"))).
Definition a3 := writes a2 1 i3.
Definition a4 := answers a3 2 (at_ 4 0 (start 2 None)).
Definition a5 := answers a4 2 (at_ 5 0 (of 2 (HasFormToken None))).
Lemma step1 : act strict 1 nothing_yet a1. Proof. answering. Qed.
Lemma step2 : act strict 1 a1 a2. Proof. answering. Qed.
Lemma step3 : act strict 1 a2 a3. Proof. writing. creating. Qed.
Lemma step4 : act strict 2 a3 a4. Proof. answering. Qed.
Lemma step5 : act strict 2 a4 a5. Proof. answering. Qed.
Theorem refuted : ¬ drivers_refine_the_machine.
Proof.
  intros H. destruct (H strict a5) as (h & st & [Hr _] & _ & _ & Hs).
  - then_ step5. then_ step4. then_ step3. then_ step2. then_ step1. constructor.
  - apply fresh_computed; computed.
  - pose proof (said_replayed _ _ _ _ Hr Hs) as E. apply (f_equal fst) in E. simpl in E. rewrite <- E in Hs.
    vm_compute in Hs. discriminate.
Qed.
