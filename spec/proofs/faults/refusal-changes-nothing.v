(* In Model.v, instead of
inl why => (st, refused why)
---- this
inl why => (init, refused why)
---- and a run refutes the claim. *)
From Q Require Import Claims Witness.
Theorem refuted : ¬ refusal_changes_nothing.
Proof.
  intros H.
  specialize (H strict st0 (at_ 0 0 (of 1 ExpireSession)) UnknownRequest eq_refl).
  apply (f_equal (λ p, size (store p.1))) in H. vm_compute in H. done.
Qed.
