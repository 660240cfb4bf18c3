(* In Model.v, instead of
| Failed => end_ m None carried
---- this
| Failed => end_ (∅ : gmap id session) None carried
---- and a run refutes the claim. *)
From Q Require Import Claims Witness.
Theorem refuted : ¬ failure_leaves_no_trace.
Proof.
  intros H.
  set (l := inputs 0 [(0, start 1 None)]).
  specialize (H strict (end_of strict st0 l) (at_ 1 0 (of 1 (FinishRequest Failed))) 1 1 eq_refl).
  destruct H as [H|H]; [by intros [E|E]|vm_compute in H; done|done].
Qed.
