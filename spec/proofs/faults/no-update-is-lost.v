(* In Model.v, instead of
let merged := apply (cap cfg) ch (r_addr q) old in
---- this
let merged := mine in
---- and a run refutes the claim. *)
From Q Require Import Claims Witness.
(** Of two requests on one session, the later one overwrites what the other has stored. *)
Theorem refuted : ¬ no_update_is_lost.
Proof.
  intros H. set (l := inputs 0 [(0, start 1 None); (0, of 1 (SetValue "k" "v")); (0, done_ 1);
    (0, start 2 (Some (CookieId 1002))); (0, start 3 (Some (CookieId 1002)));
    (0, of 2 (SetValue "a" "x")); (0, of 3 (SetValue "b" "y")); (0, done_ 2)]).
  set (st := end_of strict init l). set (i := at_ 8 0 (done_ 3)).
  assert (fair_run strict (occurs strict st i :: history strict init l []) (step strict st i).1) as Hr by is_fair.
  assert (∃ q mine t o s, requests st !! 3 = Some q ∧ held q = Some (Some 1002, mine) ∧
    trail_of strict (history strict init l []) 3 = Some t ∧ store st !! 1002 = Some o ∧
    created o = 0 ∧ written (e_op (step strict st i).2) = Some (1002, s) ∧
    t_values t !! "a" = None ∧ t_keeps t = KeepAll ∧ values o !! "a" = Some "x" ∧ values s !! "a" = None)
    as (q & mine & t & o & s & Hq & Hh & Ht & Ho & Hno & Hw & Et & Ek & Eo & Es) by (vm_compute; by eexists _, _, _, _, _).
  specialize (H _ _ _ _ 3 q t (Some o) Hr ltac:(by left) ltac:(vm_compute; reflexivity) Hq ltac:(by eexists) Ht).
  rewrite Hw in H. destruct H as (_ & (_ & Hv & _) & _).
  - exists 1002. unfold held_id. rewrite Hh. split; [done|]. split; [done|]. intros E. unfold is_too_old in E. rewrite Hno in E.
    vm_compute in E. by destruct E as [E|E]; apply E.
  - specialize (Hv "a"). rewrite Et, Ek, Es, Eo in Hv. vm_compute in Hv. done.
Qed.
