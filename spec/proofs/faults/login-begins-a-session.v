(* In Model.v, instead of
Some l => Session (handle s) (user s) a (l_at l)
---- this
Some l => Session (handle s) (user s) (addr s) (l_at l)
---- and a run refutes the claim. *)
From Q Require Import Claims Witness.
Theorem refuted : ¬ login_begins_a_session.
Proof.
  intros H. set (l := inputs 0 [(0, start 1 None); (0, of 1 (SetValue "k" "v")); (0, done_ 1);
    (0, StartRequest 2 (Some (CookieId 1002)) "elsewhere" "" false); (0, of 2 (SetUser (Some "ann")))]).
  set (st := end_of strict init l).
  assert (fair_run strict (occurs strict st saving :: history strict init l []) (step strict st saving).1) as Hr by is_fair.
  assert (∃ q t s, requests st !! 2 = Some q ∧ trail_of strict (history strict init l []) 2 = Some t ∧
    written (e_op (step strict st saving).2) = Some (1005, s) ∧ t_login t = Some (Some "ann", 0) ∧
    addr s = "addr" ∧ t_addr t = "elsewhere") as (q & t & s & Hq & Ht & Hw & El & Es & Et) by (vm_compute; by eexists _, _, _).
  destruct (H _ _ _ _ 2 q t _ s Hr ltac:(by left) Hq Ht Hw) as [_ Hb].
  destruct Hb as (_ & Ha & _); [|congruence]. unfold t_begins. rewrite El. left. by eexists.
Qed.
