(* In Model.v, instead of
manage (end_user u None m) (Some u) (OpDeleteUser u None)
---- this
manage m (Some u) (OpDeleteUser u None)
---- and a run refutes the claim. *)
From Q Require Import Claims Witness.
Theorem refuted : ¬ user_is_ended_everywhere.
Proof.
  intros H.
  set (ann := Session (Some 9) (Some "ann") "" 0 0 [] ∅).
  set (i := at_ 0 0 (OfManager (DeleteSessionsOf "ann"))).
  assert (store (step strict (State {[ 1 := ann ]} ∅ ∅) i).1 !! 1 = Some ann) as E by (vm_compute; reflexivity).
  by apply (H strict _ i "ann" 1 ann eq_refl E).
Qed.
