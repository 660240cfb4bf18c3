(* In Model.v, instead of
Some (SetCookie to), n)
---- this
Some (SetCookie from), n)
---- and a run refutes the claim. *)
From Q Require Import Claims Witness.
Theorem refuted : ¬ cookie_names_stored.
Proof.
  intros H.
  set (l := inputs 0 [(0, start 1 (Some (CookieId 1))); (0, of 1 RenewSession)]).
  destruct (H strict (end_of strict st0 l) (at_ 2 0 (done_ 1)) 1 "/" eq_refl) as [s Hs]. vm_compute in Hs. done.
Qed.
