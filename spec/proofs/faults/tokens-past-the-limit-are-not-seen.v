(* In Model.v, instead of
            else match find m n with
            | None => inl SessionGone
            | Some old =>
                check bool_decide
---- this
            else match m !! n with
            | None => inl SessionGone
            | Some old =>
                check bool_decide
---- and a run refutes the claim: a form token of a session that has reached its limit is accepted, if it is there. *)
From Q Require Import Drivers DriversLate Witness.

Definition old : session := Session (Some 9) None "" 0 0 [] {[ "k" := "v" ]}%string.
Definition held_by_1 : state := State {[ 3 := old ]} {[ 1 := Request (Some (Some 3, old)) None "" "" false no_changes ]} ∅.
Definition i1 := at_ 1 43200000 (of 1 (RemoveFormToken (Some 7))).
Theorem refuted : ¬ tokens_past_the_limit_are_not_seen.
Proof.
  intros H. assert (e_reply (step strict (with_stored held_by_1 3 (Some (set_tokens old [7]))) i1).2 = Done) as E by (vm_compute; reflexivity).
  rewrite (H strict held_by_1 3 old [7] i1) in E.
  - vm_compute in E. discriminate E.
  - vm_compute. reflexivity.
  - vm_compute. reflexivity.
  - intros t Ht. apply elem_of_list_singleton in Ht as ->. apply (bool_decide_unpack _). vm_compute. reflexivity.
Qed.
