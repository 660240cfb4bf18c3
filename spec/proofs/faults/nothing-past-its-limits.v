(* In Model.v, instead of
if over s then (delete i m, Some (OpDiscard i)) else (m, None)
---- this
(m, None)
---- and a run refutes the claim. *)
From Q Require Import Claims Witness.
Theorem refuted : ¬ nothing_past_its_limits.
Proof.
  intros H.
  set (i := at_ 0 100000000 (start 1 (Some (CookieId 1)))).
  assert (∃ q s, requests (step strict st0 i).1 !! 1 = Some q ∧ held q = Some (Some 1, s)) as (q & s & Hq & Hh)
    by (vm_compute; eexists _, _; split; reflexivity).
  destruct (H strict st0 i 1 1 one eq_refl) as [Hl _].
  eapply (Hl (Some (CookieId 1)) "addr" "" false q s eq_refl eq_refl Hq Hh). left. left. vm_compute. done.
Qed.
