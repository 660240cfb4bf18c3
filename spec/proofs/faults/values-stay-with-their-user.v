(* In Model.v, instead of
match k with KeepNothing => ∅ | _ => vs end
---- this
vs
---- and a run refutes the claim. *)
From Q Require Import Claims Witness.
Theorem refuted : ¬ values_stay_with_their_user.
Proof.
  intros H. set (l := inputs 0 [(0, start 1 None); (0, of 1 (SetUser (Some "ann"))); (0, of 1 (SetValue "k" "v")); (0, done_ 1);
    (0, start 2 (Some (CookieId 1003))); (0, of 2 (SetUser (Some "bob")))]).
  set (st := end_of strict init l). set (i := at_ 6 0 (done_ 2)).
  assert (fair_run strict (occurs strict st i :: history strict init l []) (step strict st i).1) as Hr by is_fair.
  assert (∃ q t s, requests st !! 2 = Some q ∧ trail_of strict (history strict init l []) 2 = Some t ∧
    written (e_op (step strict st i).2) = Some (1006, s) ∧ t_keeps t = KeepNothing ∧
    values s !! "k" = Some "v" ∧ t_values t !! "k" = None) as (q & t & s & Hq & Ht & Hw & Ek & Es & Et)
    by (vm_compute; by eexists _, _, _).
  destruct (H _ _ _ _ 2 q t _ s Hr ltac:(by left) Hq Ht Hw Ek) as [Hv _]. apply Hv in Es. congruence.
Qed.
