(* In Model.v, instead of
None => inl UserEnded end
  | _ => inr None end.
---- this
None => inr None end
  | _ => inr None end.
---- and a run refutes the claim. *)
From Q Require Import Claims Witness.
Theorem refuted : ¬ ended_user_stays_ended.
Proof.
  intros H. set (l := inputs 0 [(0, start 1 None); (0, of 1 (SetUser (Some "ann"))); (0, OfManager (DeleteSessionsOf "ann"))]).
  set (st := end_of strict init l). set (i := at_ 3 0 (done_ 1)).
  assert (fair_run strict (occurs strict st i :: history strict init l []) (step strict st i).1) as Hr by is_fair.
  assert (∃ t s, trail_of strict (history strict init l []) 1 = Some t ∧ t_login t = Some (Some "ann", 0) ∧ t_ended t = true ∧
    written (e_op (step strict st i).2) = Some (1003, s)) as (t & s & Ht & El & Ee & Hw) by (vm_compute; by eexists _, _).
  by apply (H _ _ _ _ 1 t _ _ _ s Hr ltac:(by left) Ht El Ee) in Hw.
Qed.
