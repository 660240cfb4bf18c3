(* In Model.v, instead of
    | None => go_on m (open (None, fresh a now)) (Started None) op 0
    end.
---- this
    | None => go_on m (open (None, fresh a now)) (Started None) (Some (OpCreate 7 (fresh a now) (Some 0) None)) 0
    end.
---- and a run refutes the claim: a start that names a number of nobody loses although nobody else did anything. *)
From Q Require Import DriversRuns.

Lemma act_says cfg r w w' : act cfg r w w' → (length (w_said w) ≤ length (w_said w'))%nat.
Proof.
  intros H. destruct H; unfold sees_written, gives_up; repeat match goal with |- context [written_by ?op] => destruct (written_by op) end;
    simpl; repeat match goal with |- context [w_requests ?w !! ?r] => destruct (w_requests w !! r) end;
    repeat match goal with |- context [step ?c ?s ?i] => destruct (step c s i) end; simpl; auto.
Qed.
Lemma meanwhile_says cfg r w w' : meanwhile cfg r w w' → (length (w_said w) ≤ length (w_said w'))%nat.
Proof. induction 1 as [|w w' w'' r1 _ IH Ha _|w w' w'' _ IH Ha _ _]; [done|..]; (etrans; [exact IH|by eapply act_says]). Qed.
Theorem refuted : ¬ a_lost_race_means_another_won.
Proof.
  intros H. set (i := at_ 1 0 (start 1 None)).
  destruct (H strict nothing_yet nothing_yet 1 i (op_at nothing_yet 1 i))
    as (w1 & w2 & r1 & i1 & st1 & eff1 & op1 & s & _ & M1 & _ & _ & _ & E & M2).
  - constructor.
  - split; [apply fresh_computed; computed|]. intros n _ Hn. by apply elem_of_nil in Hn.
  - by left.
  - split; [intros q u t n E; vm_compute in E; discriminate|intros n E; vm_compute in E; discriminate].
  - constructor.
  - computed.
  - left. intros E. vm_compute in E. by destruct E.
  - apply meanwhile_says in M2. rewrite E in M2. simpl in M2. by apply Nat.nle_succ_0 in M2.
Qed.
