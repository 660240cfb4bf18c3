(* In Model.v, instead of
then go_on (<[i := touch s]> m)
---- this
then go_on m
---- and a run refutes the claim. *)
From Q Require Import Claims Witness.
Theorem refuted : ¬ visit_counts.
Proof.
  intros H.
  set (i := at_ 0 100000 (start 1 (Some (CookieId 1)))).
  assert (∃ q s, requests (step strict st0 i).1 !! 1 = Some q ∧ held q = Some (Some 1, s)) as (q & s & Hq & Hh)
    by (vm_compute; eexists _, _; split; reflexivity).
  destruct (H strict st0 i 1 (Some (CookieId 1)) "addr" "" false q 1 s eq_refl eq_refl Hq Hh) as (s0 & s1 & _ & E & Hl).
  vm_compute in E. injection E as <-. vm_compute in Hl. by apply Hl.
Qed.
