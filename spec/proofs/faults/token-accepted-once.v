(* In Model.v, instead of
              write_back m q n s' (set_tokens old (without (tokens old) t)) (own q) Done
---- this
              write_back m q n s' old (own q) Done
---- and a run refutes the claim. *)
From Q Require Import Claims Witness.
Theorem refuted : ¬ token_accepted_once.
Proof.
  intros H.
  set (l := inputs 0 [(0, start 1 None); (0, of 1 CreateFormToken); (0, done_ 1);
    (0, start 2 (Some (CookieId 1002))); (0, start 3 (Some (CookieId 1002)))]).
  set (before := end_of strict init l). set (one := at_ 5 0 (of 2 (RemoveFormToken (Some 3001)))).
  set (after := (step strict before one).1). set (two := at_ 6 0 (of 3 (RemoveFormToken (Some 3001)))).
  apply (H strict [] (occurs strict after two) [] (occurs strict before one) (history strict init l [])
    (step strict after two).1 3001).
  - is_fair.
  - split; [vm_compute; reflexivity|by exists 2].
  - split; [vm_compute; reflexivity|by exists 3].
Qed.
