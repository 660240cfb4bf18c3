(* In Model.v, instead of
:= c_renews ch || negb (is_none (begins ch)).
---- this
:= c_renews ch.
---- and a run refutes the claim. *)
From Q Require Import Claims Witness.
Theorem refuted : ¬ one_user_per_id.
Proof.
  intros H. set (st := end_of strict init login).
  assert (fair_run strict (occurs strict st saving :: history strict init login []) (step strict st saving).1) as Hr by is_fair.
  assert (∃ s s', store st !! 1002 = Some s ∧ store (step strict st saving).1 !! 1002 = Some s' ∧ user s' ≠ user s)
    as (s & s' & Hs & Hs' & Hu) by (vm_compute; by eexists _, _).
  by apply Hu, (H _ _ _ _ _ _ _ Hr Hs Hs').
Qed.
