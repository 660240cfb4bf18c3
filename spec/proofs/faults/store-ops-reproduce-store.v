(* In Model.v, instead of
r (Some (OpUpdate i left)) 0
---- this
r None 0
---- and a run refutes the claim. *)
From Q Require Import Claims Witness.
Theorem refuted : ¬ store_ops_reproduce_store.
Proof.
  intros H. set (l := inputs 0 [(0, start 1 None); (0, of 1 (SetValue "k" "v")); (0, of 1 (SetValue "once" "x")); (0, done_ 1);
    (0, start 2 (Some (CookieId 1003)))]).
  set (st := end_of strict init l). set (i := at_ 5 0 (of 2 (TakeValue "once"))).
  assert (fair_run strict (occurs strict st i :: history strict init l []) (step strict st i).1) as Hr by is_fair.
  specialize (H _ _ _ _ Hr). apply (f_equal (lookup 1003)) in H. vm_compute in H. done.
Qed.
