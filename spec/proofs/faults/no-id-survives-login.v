(* In Model.v, instead of
inr (<[to := s]> (delete from m)
---- this
inr (<[to := s]> (<[from := s]> m)
---- and a run refutes the claim. *)
From Q Require Import Claims Witness.
Theorem refuted : ¬ no_id_survives_login.
Proof.
  intros H. set (st := end_of strict init login).
  assert (fair_run strict (occurs strict st saving :: history strict init login []) (step strict st saving).1) as Hr by is_fair.
  assert (∃ s', store (step strict st saving).1 !! 1002 = Some s' ∧ user s' = Some "ann") as (s' & Hs' & Hu)
    by (vm_compute; by eexists).
  destruct (H _ _ _ _ _ _ "ann" Hr Hs' Hu) as (_ & Hn & _).
  - intros s0 Hs0. vm_compute in Hs0. injection Hs0 as <-. done.
  - apply Hn. apply (bool_decide_unpack _). vm_compute. reflexivity.
Qed.
