(* In Model.v, instead of
drop (S (length q) - bound c) q ++ [t]
---- this
drop (length q - bound c) q ++ [t]
---- and a run refutes the claim. *)
From Q Require Import Claims Witness.
Theorem refuted : ¬ tokens_are_bounded.
Proof.
  intros H.
  set (l := inputs 0 [(0, start 1 None); (0, of 1 CreateFormToken); (0, of 1 CreateFormToken); (0, of 1 CreateFormToken)]).
  destruct (H tight _ _ (run_to tight l)) as [_ H2].
  assert (∃ q i s, requests (end_of tight init l) !! 1 = Some q ∧ held q = Some (i, s) ∧ length (tokens s) = 3%nat)
    as (q & i & s & E & Eh & El) by (vm_compute; eexists _, _, _; split; [reflexivity|split; reflexivity]).
  specialize (H2 _ _ _ _ E Eh). rewrite El in H2. vm_compute in H2. by repeat apply le_S_n in H2; inversion H2.
Qed.
