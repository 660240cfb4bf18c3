(* In Model.v, instead of
match k with KeepAll => ts | _ => [] end
---- this
match k with KeepNothing => [] | _ => ts end
---- and a run refutes the claim. *)
From Q Require Import Claims Witness.
Theorem refuted : ¬ no_token_survives_login.
Proof.
  intros H. set (l := inputs 0 [(0, start 1 None); (0, of 1 CreateFormToken); (0, done_ 1);
    (0, start 2 (Some (CookieId 1002))); (0, of 2 (SetUser (Some "ann")))]).
  set (st := end_of strict init l).
  assert (fair_run strict (occurs strict st saving :: history strict init l []) (step strict st saving).1) as Hr by is_fair.
  assert (∃ s s' g, e_op (step strict st saving).2 = Some (OpRotate 1002 1005 s' g) ∧ store st !! 1002 = Some s ∧
    user s' ≠ user s ∧ tokens s = [3001] ∧ tokens s' = [3001]) as (s & s' & g & Ho & Hs & Hu & Et & Et')
    by (vm_compute; by eexists _, _, _).
  apply (H _ _ _ _ _ _ _ _ _ 3001 Hr Ho Hs Hu); rewrite ?Et, ?Et'; by left.
Qed.
