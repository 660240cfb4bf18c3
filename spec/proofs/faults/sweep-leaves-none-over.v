(* In Model.v, instead of
manage (delete_where over m) None (OpDiscardOver now)
---- this
manage m None (OpDiscardOver now)
---- and a run refutes the claim. *)
From Q Require Import Claims Witness.
Theorem refuted : ¬ sweep_leaves_none_over.
Proof.
  intros H.
  eapply (H strict st0 (at_ 0 100000000 (OfManager Sweep)) 1 one eq_refl eq_refl). left. left. vm_compute. done.
Qed.
