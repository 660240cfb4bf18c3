(* In Model.v, instead of
if negb (has_info s) then nothing_saved m else
---- this
if false then nothing_saved m else
---- and a run refutes the claim. *)
From Q Require Import Claims Witness.
Theorem refuted : ¬ reading_stores_nothing.
Proof.
  intros H. set (l := inputs 0 [(0, start 1 None)]). set (st := end_of strict init l). set (i := at_ 1 0 (done_ 1)).
  assert (fair_run strict (occurs strict st i :: history strict init l []) (step strict st i).1) as Hr by is_fair.
  assert (∃ t, trail_of strict (history strict init l []) 1 = Some t ∧ t_changed t = false) as (t & Ht & Et)
    by (vm_compute; by eexists).
  destruct (H _ _ _ _ 1 t Hr ltac:(by left) Ht Et ltac:(vm_compute; reflexivity)) as [Ho _]. vm_compute in Ho. done.
Qed.
