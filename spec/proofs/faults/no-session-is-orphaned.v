(* In Model.v, instead of
check match held_id q with Some i => is_none (find m i) | None => true end else WouldOrphan
---- this
check true else WouldOrphan
---- and a run refutes the claim. *)
From Q Require Import Claims Witness.
Theorem refuted : ¬ no_session_is_orphaned.
Proof.
  intros H. set (l := inputs 0 [(0, start 1 None); (0, of 1 (SetValue "k" "v")); (0, done_ 1);
    (0, start 2 (Some (CookieId 1002))); (0, of 2 NewSession); (0, of 2 (SetValue "k" "w"))]).
  set (st := end_of strict init l). set (i := at_ 6 0 (done_ 2)).
  assert (fair_run strict (occurs strict st i :: history strict init l []) (step strict st i).1) as Hr by is_fair.
  assert (∃ t, trail_of strict (history strict init l []) 2 = Some t ∧ t_sent t = Some 1002) as (t & Ht & Et)
    by (vm_compute; by eexists).
  assert (e_cookie (step strict st i).2 = Some (SetCookie 1006, "/")) as Hc by (vm_compute; reflexivity).
  specialize (H _ _ _ _ 2 t _ _ _ Hr eq_refl Ht Et Hc ltac:(done)). vm_compute in H. done.
Qed.
