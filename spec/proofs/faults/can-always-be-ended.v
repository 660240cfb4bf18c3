(* In Model.v, instead of
    | Failed => end_ m None carried (Some Abort) 0%nat
---- this
    | Failed => inl SessionGone
---- and a run refutes the claim: a request that cannot be ended as failed. *)
From Q Require Import Drivers Witness.
Theorem refuted : ¬ can_always_be_ended.
Proof.
  intros H. set (i0 := at_ 1 0 (start 1 None)). set (w := put nothing_yet 1 (step strict (alone nothing_yet 1) i0).1).
  set (q := Request (Some (None, fresh "addr" 0)) None "addr" "" false no_changes).
  specialize (H strict w 1 q (at_ 2 1 (of 1 (FinishRequest Failed))) Failed).
  assert (w_requests w !! 1 = Some q) as Hq by (vm_compute; reflexivity).
  specialize (H Hq ltac:(split; [|split]; vm_compute; reflexivity) eq_refl (or_introl eq_refl)).
  destruct (step _ _ _) as [st eff] eqn:E in H. destruct H as (_ & _ & H & _).
  vm_compute in E. injection E as <- <-. discriminate.
Qed.
