(* In Model.v, instead of
manage (end_user u None m) (Some u) (OpDeleteUser u None)
---- this
manage m (Some u) (OpDeleteUser u None)
---- and a run refutes the claim. *)
From Q Require Import Claims Witness.
Theorem refuted : ¬ user_is_ended_everywhere.
Proof.
  intros H.
  by eapply (H strict (State {[ 1 := Session (Some 9) (Some "ann") "" 0 0 [] ∅ ]} ∅ ∅) (at_ 0 0 (OfManager (DeleteSessionsOf "ann")))
    "ann" 1 _ eq_refl eq_refl).
Qed.
