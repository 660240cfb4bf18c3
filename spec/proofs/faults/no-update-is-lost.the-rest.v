(* In Model.v, instead of
Some (default (d_handle d) (handle s))
---- this
Some (d_handle d)
---- and a run refutes the claim. *)
From Q Require Import Claims Witness.
(** A session that is renewed loses its handle, although the request has kept all else. *)
Theorem refuted : ¬ no_update_is_lost.
Proof.
  intros H. set (l := inputs 0 [(0, start 1 None); (0, of 1 (SetValue "k" "v")); (0, done_ 1);
    (0, start 2 (Some (CookieId 1002))); (0, of 2 RenewSession)]).
  set (st := end_of strict init l). set (i := at_ 5 0 (done_ 2)).
  assert (fair_run strict (occurs strict st i :: history strict init l []) (step strict st i).1) as Hr by is_fair.
  assert (∃ q mine t o s, requests st !! 2 = Some q ∧ held q = Some (Some 1002, mine) ∧
    trail_of strict (history strict init l []) 2 = Some t ∧ store st !! 1002 = Some o ∧
    created o = 0 ∧ written (e_op (step strict st i).2) = Some (1005, s) ∧
    t_keeps t = KeepAll ∧ handle o = Some 5002 ∧ handle s = Some 5005)
    as (q & mine & t & o & s & Hq & Hh & Ht & Ho & Hno & Hw & Ek & Eo & Es) by (vm_compute; by eexists _, _, _, _, _).
  specialize (H _ _ _ _ 2 q t (Some o) Hr ltac:(by left) ltac:(vm_compute; reflexivity) Hq ltac:(by eexists) Ht).
  rewrite Hw in H. destruct H as (_ & _ & Hrest).
  - exists 1002. unfold held_id. rewrite Hh. split; [done|]. split; [done|]. intros E. unfold is_too_old in E. rewrite Hno in E.
    vm_compute in E. by destruct E as [E|E]; apply E.
  - destruct (Hrest o eq_refl) as (_ & [Hk|Hhd] & _); congruence.
Qed.
