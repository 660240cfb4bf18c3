(* In Model.v, instead of
| Failed => end_ m None carried (Some Abort) 0%nat
---- this
| Failed => end_ m None None (Some Abort) 0%nat
---- and a run refutes the claim. *)
From Q Require Import Clients Witness.
(** A logout fails, and its revocation with it. *)
Theorem refuted : ¬ logout_reaches_the_client.
Proof.
  intros H. set (w := world_of strict at_first (moves 0
    [Asks 1 0 (start 1 None); Asks 1 0 (of 1 (SetValue "k" "v")); Asks 1 0 (done_ 1); Comes 0;
     Asks 1 0 (start 2 (Some (CookieId 1002))); Asks 1 0 (of 2 ExpireSession); Asks 1 0 (of 2 (FinishRequest Failed))])).
  assert (fairly_goes strict w) as Hw by goes_fairly.
  assert (∃ p, under_way w !! 0%nat = Some p ∧ p_ended p = true ∧ p_sent p = Some 1002 ∧ p_to p = 1) as (p & Hp & He & Hs & Hb)
    by (vm_compute; by eexists).
  apply (H strict "/" w 0%nat p 1002 eq_refl ltac:(done) Hw Hp He Hs). rewrite Hb.
  apply (bool_decide_unpack _). vm_compute. done.
Qed.
