(* In Model.v, instead of
    | None => save_without_stored m q i ch g
---- this
    | None => inr (<[i := mine]> m, Some (OpUpdate i mine), None, 0%nat)
---- and a run refutes the claim. *)
From Q Require Import Claims Witness.
Theorem refuted : ¬ no_id_comes_back.
Proof.
  intros H.
  set (l := inputs 0 [(0, start 1 None); (0, of 1 (SetValue "k" "v")); (0, done_ 1); (0, start 2 (Some (CookieId 1002))); (0, of 2 (SetValue "k" "w"))]).
  set (before := end_of strict init l). set (gone := at_ 5 0 (OfManager (DeleteSession 1002))).
  set (after := (step strict before gone).1). set (late := at_ 6 0 (done_ 2)).
  assert (fair_run strict ([occurs strict after late] ++ occurs strict before gone :: history strict init l [])
    (step strict after late).1) as Hr by is_fair.
  specialize (H _ _ _ _ _ 1002 Hr). assert (is_Some (store (step strict after late).1 !! 1002)) as [s Hs] by (vm_compute; by eexists).
  rewrite H in Hs; [done|vm_compute; by eexists|vm_compute; reflexivity].
Qed.
