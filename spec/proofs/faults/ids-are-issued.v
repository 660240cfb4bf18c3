(* In Model.v, instead of
inr (<[i := s]> left, Some (OpCreate i s g at_)
---- this
inr (<[N.succ i := s]> left, Some (OpCreate i s g at_)
---- and a run refutes the claim. *)
From Q Require Import Claims Witness.
Theorem refuted : ¬ ids_are_issued.
Proof.
  intros H.
  set (l := inputs 0 [(0, start 1 None); (0, of 1 (SetValue "k" "v"))]).
  specialize (H strict (end_of strict init l) (at_ 2 0 (done_ 1)) 1003 eq_refl).
  assert (bool_decide (1003 ∈ take (e_draws (step strict (end_of strict init l) (at_ 2 0 (done_ 1))).2) [1002; 2002]) = false)
    as E by (vm_compute; reflexivity).
  apply bool_decide_eq_false in E. apply E, H. vm_compute. by eexists.
Qed.
