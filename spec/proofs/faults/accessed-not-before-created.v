(* In Model.v, instead of
Some l => Session (handle s) (user s) a (l_at l) (N.max (accessed s) (l_at l)) (tokens s) (values s)
---- this
Some l => Session (handle s) (user s) a (l_at l) (accessed s) (tokens s) (values s)
---- and a run refutes the claim. *)
From Q Require Import Claims Witness.
Theorem refuted : ¬ accessed_not_before_created.
Proof.
  intros H. set (l := inputs 0 [(0, start 1 None); (1, of 1 (SetUser (Some "ann")))]).
  assert (fair_run strict (history strict init l []) (end_of strict init l)) as Hr by is_fair.
  destruct (H _ _ _ Hr) as [_ H2].
  assert (∃ q i s, requests (end_of strict init l) !! 1 = Some q ∧ held q = Some (i, s) ∧ (created s <=? accessed s) = false)
    as (q & i & s & Hq & Hh & Hs) by (vm_compute; by eexists _, _, _).
  specialize (H2 _ _ _ _ Hq Hh). apply N.leb_le in H2. congruence.
Qed.
