(* In Model.v, instead of
    | Failed => end_ m None carried (Some Abort) 0%nat
---- this
    | Failed => inl SessionGone
---- and a run refutes the claim: a request that cannot be ended as failed. *)
From Q Require Import DriversRuns.
Theorem refuted : ¬ can_always_be_ended.
Proof.
  intros H. set (w := answers nothing_yet 1 (at_ 1 0 (start 1 None))).
  set (q := Request (Some (None, fresh "addr" 0)) None "addr" "" false no_changes).
  destruct (H strict w 1 (at_ 2 1 (of 1 (FinishRequest Failed))) Failed ltac:(below) eq_refl (or_introl eq_refl)) as [Hs _].
  specialize (Hs ltac:(computed) q ltac:(computed)).
  destruct (step _ _ _) as [st eff] eqn:E in Hs. destruct Hs as (_ & _ & Hs & _).
  vm_compute in E. injection E as <- <-. discriminate.
Qed.
