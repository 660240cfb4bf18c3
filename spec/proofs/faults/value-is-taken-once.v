(* In Model.v, instead of
(set_values old (delete k (values old)))

---- this
(set_values old (values old))

---- and a run refutes the claim. *)
From Q Require Import Claims Witness.
Theorem refuted : ¬ value_is_taken_once.
Proof.
  intros H.
  set (l := inputs 0 [(0, start 1 (Some (CookieId 1)))]).
  destruct (H strict (end_of strict st0 l) (at_ 1 0 (of 1 (TakeValue "k"))) 1 "k" "v" (OpUpdate 1 one) eq_refl eq_refl eq_refl)
    as (q & n & s & Hq & Hh & _ & _ & Hl).
  assert (held_id q = Some 1) as E by (vm_compute in Hq; injection Hq as <-; reflexivity).
  rewrite E in Hh. injection Hh as <-. specialize (Hl one eq_refl). vm_compute in Hl. done.
Qed.
