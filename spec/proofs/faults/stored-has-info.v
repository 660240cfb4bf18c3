(* In Model.v, instead of
if negb (has_info s) then nothing_saved m else
---- this
if false then nothing_saved m else
---- and a run refutes the claim. *)
From Q Require Import Claims Witness.
Theorem refuted : ¬ stored_has_info.
Proof.
  intros H.
  set (l := inputs 0 [(0, start 1 None); (1, done_ 1)]).
  assert (store (end_of strict init l) !! 1001 = Some (set_handle (fresh "addr" 0) (Some 5001))) as E by (vm_compute; reflexivity).
  specialize (H strict _ _ _ _ (run_to strict l) E). vm_compute in H. done.
Qed.
