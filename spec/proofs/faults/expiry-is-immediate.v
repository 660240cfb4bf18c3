(* In Model.v, instead of
          (if stored m i then delete i m else delete_where (has_handle h) m, Some (OpDeleteHandle h None))
---- this
          (delete i m, Some (OpDeleteHandle h None))
---- and a run refutes the claim. *)
From Q Require Import Claims Witness.
Theorem refuted : ¬ expiry_is_immediate.
Proof.
  intros H. set (l := inputs 0 [(0, start 1 None); (0, of 1 (SetValue "k" "v")); (0, done_ 1);
    (0, start 2 (Some (CookieId 1002))); (0, start 3 (Some (CookieId 1002))); (0, of 2 RenewSession); (0, done_ 2)]).
  set (st := end_of strict init l). set (i := at_ 7 0 (of 3 ExpireSession)).
  assert (fair_run strict (occurs strict st i :: history strict init l []) (step strict st i).1) as Hr by is_fair.
  assert (∃ q s0 s, requests st !! 3 = Some q ∧ held q = Some (Some 1002, s0) ∧
    store (step strict st i).1 !! 1006 = Some s ∧ handle s = handle s0) as (q & s0 & s & Hq & Hh & Hs & E)
    by (vm_compute; by eexists _, _, _).
  destruct (H _ _ _ _ _ _ _ _ Hr eq_refl Hq Hh) as [_ H2]. by apply (H2 _ _ Hs).
Qed.
