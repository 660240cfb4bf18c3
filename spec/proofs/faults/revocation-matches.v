(* In Model.v, instead of
Some (c, path_of (r_script q))
---- this
Some (c, r_script q)
---- and a run refutes the claim. *)
From Q Require Import Claims Witness.
Theorem refuted : ¬ revocation_matches.
Proof.
  intros H.
  set (l := inputs 0 [(0, start 1 None); (0, of 1 ExpireSession)]).
  assert ("" = "/") as E; [|done]. by eapply (H strict "/" (end_of strict init l) (at_ 2 0 (done_ 1)) Revoke "" eq_refl).
Qed.
