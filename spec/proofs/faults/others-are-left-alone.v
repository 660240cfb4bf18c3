(* In Model.v, instead of
manage (end_user u None m) (Some u) (OpDeleteUser u None)
---- this
manage ∅ (Some u) (OpDeleteUser u None)
---- and a run refutes the claim. *)
From Q Require Import Claims Witness.
Theorem refuted : ¬ others_are_left_alone.
Proof.
  intros H.
  destruct (H strict st0 (at_ 0 0 (OfManager (DeleteSessionsOf "x"))) 1 one eq_refl) as [E|E]; vm_compute in E; done.
Qed.
