(* In Model.v, instead of
inr (delete i m, Some (OpDiscard i), if is_none (begins ch) then None else Some Revoke, 0%nat)
---- this
inr (delete i m, Some (OpDiscard i), Some Revoke, 0%nat)
---- and a run refutes the claim. *)
From Q Require Import Clients Witness.
(** One tab logs in. The other empties the session that it had come with, and its response takes the cookie away. *)
Theorem refuted : ¬ still_logged_in.
Proof.
  intros H. set (w := world_of strict at_first (moves 0
    [Asks 1 0 (start 1 None); Asks 1 0 (start 2 None); Asks 1 0 (of 2 (SetValue "k" "v")); Asks 1 0 (done_ 2); Comes 0;
     Asks 1 0 (start 3 (Some (CookieId 1003))); Asks 1 0 (of 1 (SetUser (Some "ann"))); Asks 1 0 (done_ 1); Comes 0;
     Asks 1 0 (of 3 (RemoveValue "k")); Asks 1 0 (done_ 3); Comes 0])).
  assert (fairly_goes strict w) as Hw by goes_fairly.
  assert (owed w !! 1 = Some "ann"%string) as Ho by (vm_compute; reflexivity).
  assert (cookie_id None = jars w !! (1, "/"%string)) as Hj by (vm_compute; reflexivity).
  destruct (H strict "/" w (at_ 9 0 (start 4 None)) 1 "ann" _ _ _ _ _ eq_refl ltac:(done) Hw Ho eq_refl Hj) as [Hr|(n & s & [=] & _)];
    vm_compute; [reflexivity|]. by vm_compute in Hr.
Qed.
