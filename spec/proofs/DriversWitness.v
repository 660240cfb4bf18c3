(** Computed runs that meet the premises of the claims about drivers: three drivers, one of which loses a race; five
    over a store that fails or answers late; and an end that is sent once more and arrives twice. *)
From Q Require Import DriversLateRuns.

(** ** A race *)

(** Request 1 stores a session. Requests 2 and 3 load it, and each sets a value. *)
Definition w1 := answers nothing_yet 1 (at_ 1 0 (start 1 None)).
Definition w2 := answers w1 1 (at_ 2 1 (of 1 (SetValue "k" "v"))).
Definition w3 := writes w2 1 (at_ 3 2 (done_ 1)).                     (* id 1003 *)
Definition w4 := loads 2 1003 w3.
Definition w5 := answers w4 2 (at_ 5 3 (start 2 (Some (CookieId 1003)))).
Definition w6 := loads 3 1003 w5.
Definition w7 := answers w6 3 (at_ 7 4 (start 3 (Some (CookieId 1003)))).
Definition w8 := answers w7 2 (at_ 8 5 (of 2 (SetValue "a" "x"))).
Definition w9 := answers w8 3 (at_ 9 6 (of 3 (SetValue "b" "y"))).
(** Request 2 saves. Request 3 finds that its condition does not hold, loads again, and saves as well. *)
Definition w10 := writes w9 2 (at_ 10 7 (done_ 2)).
Definition w11 := loads 3 1003 w10.
Definition w12 := writes w11 3 (at_ 12 8 (done_ 3)).
Lemma s1 : act strict 1 nothing_yet w1. Proof. answering. Qed.
Lemma s2 : act strict 1 w1 w2. Proof. answering. Qed.
Lemma s3 : act strict 1 w2 w3. Proof. writing. creating. Qed.
Lemma s4 : act strict 2 w3 w4. Proof. by apply Loads. Qed.
Lemma s5 : act strict 2 w4 w5. Proof. answering. Qed.
Lemma s6 : act strict 3 w5 w6. Proof. by apply Loads. Qed.
Lemma s7 : act strict 3 w6 w7. Proof. answering. Qed.
Lemma s8 : act strict 2 w7 w8. Proof. answering. Qed.
Lemma s9 : act strict 3 w8 w9. Proof. answering. Qed.
Lemma s10 : act strict 2 w9 w10. Proof. writing. computed. Qed.
Lemma s11 : act strict 3 w10 w11. Proof. by apply Loads. Qed.
Lemma s12 : act strict 3 w11 w12. Proof. writing. computed. Qed.
Lemma up_to_9 : reaches strict nothing_yet w9.
Proof. then_ s9. then_ s8. then_ s7. then_ s6. then_ s5. then_ s4. then_ s3. then_ s2. then_ s1. constructor. Qed.
Example they_reach : reaches strict nothing_yet w12.
Proof. then_ s12. then_ s11. then_ s10. exact up_to_9. Qed.
Example they_are_fresh : fresh_world w12.
Proof. apply fresh_computed; computed. Qed.
Example one_loses : ∃ op, e_op (step strict (alone w10 3) (at_ 11 8 (done_ 3))).2 = Some op ∧ ¬ holds w10 3 op.
Proof. eexists. split; [computed|]. intros H. vm_compute in H. discriminate. Qed.
Definition values_in (w : world) (ks : list text) : list (option text) :=
  match w_store w !! 1003 with Some s => (λ k, values s !! k) <$> ks | None => [] end.
Example both_are_saved : values_in w12 ["a"; "b"; "k"]%string = [Some "x"; Some "y"; Some "v"]%string.
Proof. computed. Qed.
Example they_answer : (λ p, p.2.1.1) <$> w_said w12 = [Done; Done; Done; Done; Started None; Started None; Done; Done; Started None].
Proof. computed. Qed.
(** And then it can be ended. *)
Example loser_is_open : is_none (w_requests w10 !! 3) = false ∧ below_limits strict w10 3.
Proof. split; [|below]; computed. Qed.
(** While its driver did nothing after it had loaded. *)
Example while_another_wins : meanwhile strict 3 w9 w10 ∧ just_loaded w9 3 (done_ 3).
Proof.
  split; [by apply (meanwhile_others strict 3 w9 w9 w10 2 (meanwhile_nothing strict 3 w9) s10)|].
  split; [without_login|]. intros n E. vm_compute in E. injection E as <-. computed.
Qed.
(** The event of the winner, which one turn was enough for. *)
Lemma is_new w i : fresh_world w → bool_decide (Forall (λ n, n ∉ w_said w ≫= λ p, d_ids (i_draws p.1)) (d_ids (i_draws i))) = true →
  fresh_with i w.
Proof. intros Hf H%bool_decide_eq_true. split; [done|]. by apply Forall_forall. Qed.
Example one_turn : fresh_with (at_ 10 7 (done_ 2)) w9 ∧ just_loaded w9 2 (done_ 2).
Proof.
  split; [apply is_new; [apply fresh_computed|]; computed|split; [without_login|]].
  intros n E. vm_compute in E. injection E as <-. computed.
Qed.

(** ** A store that fails, or answers late *)

(** The first save of request 2 is carried out. It is not acknowledged, but its driver finds it. *)
Definition v10 := sends w9 2 (at_ 10 7 (done_ 2)).
Definition m10 := sent_at w9 2 (at_ 10 7 (done_ 2)).
Definition v11 := arrives v10 2 m10.
Definition v12 := finds v11 2 m10 [].
(** The save of request 3 does not arrive, and its driver sends another one. Then the first arrives after all. *)
Definition v13 := loads 3 1003 v12.
Definition v14 := sends v13 3 (at_ 14 8 (done_ 3)).
Definition m14 := sent_at v13 3 (at_ 14 8 (done_ 3)).
Definition v15 := reloaded v14 3 1003.
Definition v16 := sends v15 3 (at_ 16 9 (done_ 3)).
Definition m16 := sent_at v15 3 (at_ 16 9 (done_ 3)).
Definition v17 := arrives v16 3 m14.
Definition v18 := finds v17 3 m14 [m16].
(** The save of request 4 arrives after its driver has said that the outcome is unknown. The load of request 5 fails. *)
Definition v19 := loads 4 1003 v18.
Definition v20 := answers v19 4 (at_ 20 10 (start 4 (Some (CookieId 1003)))).
Definition v21 := answers v20 4 (at_ 21 11 (of 4 (SetValue "c" "z"))).
Definition v22 := sends v21 4 (at_ 22 12 (done_ 4)).
Definition m22 := sent_at v21 4 (at_ 22 12 (done_ 4)).
Definition v23 := despairs v22 4.
Definition v24 := arrives v23 4 m22.
Definition v25 := forgets v24 4 (at_ 25 13 (of 4 (FinishRequest Abandoned))).
Definition v26 := fails v25 5 (at_ 26 14 (start 5 (Some (CookieId 1003)))) (at_ 27 14 (of 5 (FinishRequest Abandoned))).
(** The session that request 6 would create is lost for good, and its driver begins again. *)
Definition v28 := answers v26 6 (at_ 28 15 (start 6 None)).
Definition v29 := answers v28 6 (at_ 29 16 (of 6 (SetValue "k" "w"))).
Definition v30 := sends v29 6 (at_ 30 17 (done_ 6)).
Definition m30 := sent_at v29 6 (at_ 30 17 (done_ 6)).
Definition v31 := misses v30 6.
Definition v32 := writes v31 6 (at_ 32 18 (done_ 6)).                 (* id 1032 *)
Lemma t10 : act strict 2 w9 v10. Proof. sending. Qed.
Lemma m10_alone : sent_by v10 2 = [m10].
Proof. exact (is_alone w9 2 (at_ 10 7 (done_ 2)) ltac:(computed)). Qed.
Lemma t11 : act strict 2 v10 v11. Proof. arriving v10 2 m10; [exact m10_alone|computed]. Qed.
Lemma t12 : act strict 2 v11 v12.
Proof.
  refine (finds_act v11 2 [] m10 [] _ (eq_trans (arrives_sent v10 2 m10 2) m10_alone) _); [computed|]. left. exists 1003. split; computed.
Qed.
Lemma t13 : act strict 3 v12 v13. Proof. by apply Loads. Qed.
Lemma t14 : act strict 3 v13 v14. Proof. sending. Qed.
Lemma t15 : act strict 3 v14 v15. Proof. apply reloads_act. computed. Qed.
Lemma m14_alone : sent_by v15 3 = [m14].
Proof.
  exact (eq_trans (reloaded_sent v14 3 1003 ltac:(computed)) (is_alone v13 3 (at_ 14 8 (done_ 3)) ltac:(computed))).
Qed.
Lemma t16 : act strict 3 v15 v16.
Proof.
  apply sends_act; [by left|computed|]. apply (the_only m14); [exact m14_alone|eapply same_row; computed].
Qed.
Lemma t17 : act strict 3 v16 v17.
Proof.
  refine (arrives_act v16 3 m14 (elem_of_list_further _ _ _ (elem_of_list_here _ _)) _ _);
    [eapply by_revision; computed|carrying arrived_step]. computed.
Qed.
Lemma both_sent : sent_by v17 3 = [m16; m14].
Proof. exact (eq_trans (arrives_sent v16 3 m14 3) (eq_trans (is_more v15 3 (at_ 16 9 (done_ 3))) (f_equal (cons m16) m14_alone))). Qed.
Lemma t18 : act strict 3 v17 v18.
Proof. refine (finds_act v17 3 [m16] m14 [] _ both_sent _); [computed|]. left. exists 1003. split; computed. Qed.
Lemma t19 : act strict 4 v18 v19. Proof. by apply Loads. Qed.
Lemma t20 : act strict 4 v19 v20. Proof. answering. Qed.
Lemma t21 : act strict 4 v20 v21. Proof. answering. Qed.
Lemma t22 : act strict 4 v21 v22. Proof. sending. Qed.
Lemma t23 : act strict 4 v22 v23. Proof. apply despairs_act. computed. Qed.
Lemma m22_alone : sent_by v22 4 = [m22].
Proof. exact (is_alone v21 4 (at_ 22 12 (done_ 4)) ltac:(computed)). Qed.
Lemma t24 : act strict 4 v23 v24.
Proof. arriving v23 4 m22; [exact (eq_trans (despairs_sent v22 4 4) m22_alone)|computed]. Qed.
Lemma t25 : act strict 4 v24 v25.
Proof.
  refine (forgets_act v24 4 (at_ 25 13 (of 4 (FinishRequest Abandoned))) _ (the_only m22 (eq_trans (arrives_sent v23 4 m22 4) (eq_trans (despairs_sent v22 4 4) m22_alone)) _) _ eq_refl);
    [computed|apply (elem_of_list_lookup_2 _ 0); computed|below].
Qed.
Lemma t26 : act strict 5 v25 v26. Proof. apply Fails; [computed|by left|below|done]. Qed.
Lemma t28 : act strict 6 v26 v28. Proof. answering. Qed.
Lemma t29 : act strict 6 v28 v29. Proof. answering. Qed.
Lemma t30 : act strict 6 v29 v30. Proof. sending. Qed.
Lemma t31 : act strict 6 v30 v31.
Proof.
  apply misses_act; [computed|]. apply (the_only m30); [exact (is_alone v29 6 (at_ 30 17 (done_ 6)) ltac:(computed))|].
  assert (∃ s g t, s_op m30 = OpCreate 1030 s g t) as (s & g & t & Eo) by (eexists _, _, _; computed).
  unfold is_missed, looks_in_time. rewrite Eo. left. split; [computed|]. intros Hi. exfalso. revert Hi. apply not_said. computed.
Qed.
Lemma t32 : act strict 6 v31 v32. Proof. writing. creating. Qed.
Example these_reach : reaches strict nothing_yet v32.
Proof.
  then_ t32. then_ t31. then_ t30. then_ t29. then_ t28. then_ t26. then_ t25. then_ t24. then_ t23. then_ t22. then_ t21. then_ t20.
  then_ t19. then_ t18. then_ t17. then_ t16. then_ t15. then_ t14. then_ t13. then_ t12. then_ t11. then_ t10. exact up_to_9.
Qed.
Example these_are_fresh : fresh_world v32.
Proof. apply fresh_computed; computed. Qed.
(** What the last calls were told, the newest first; and what is stored: nothing by half, and nothing twice. *)
Example they_hear : (λ p, (name p.1, match p.2 with Says a => inl a.1.1 | what => inr what end)) <$> take 12 (t_heard (w_traffic v32)) =
  [(5032, inl Done); (5030, inr NotDone); (5029, inl Done); (5028, inl (Started None)); (5026, inr NotDone); (5022, inr Unknown);
   (5021, inl Done); (5020, inl (Started None)); (5014, inl Done); (5016, inr NotDone); (5010, inl Done); (5009, inl Done)].
Proof. computed. Qed.
Example these_are_carried_out : (λ p, name p.1) <$> take 8 (w_said v32) = [5032; 5029; 5028; 5022; 5021; 5020; 5014; 5010].
Proof. computed. Qed.
Example what_is_left : values_in v32 ["a"; "b"; "c"; "k"]%string = [Some "x"; Some "y"; Some "z"; Some "v"]%string ∧
  (λ p, p.1) <$> map_to_list (w_store v32) = [1003; 1032] ∧ map_to_list (w_requests v32) = [].
Proof. split; [|split]; computed. Qed.
(** A write that was not carried out is not found, and one that was is not missed. Of two writes under one condition,
    the one that was not carried out cannot arrive any more. *)
Example not_mistaken : ¬ is_found v10 m10 ∧ ¬ is_missed v11 m10.
Proof.
  assert (∃ s, s_op m10 = OpUpdate 1003 s) as [s Eo] by (eexists; computed). split.
  - intros (n & E & H). rewrite Eo in E. injection E as <-. vm_compute in H. discriminate.
  - unfold is_missed. rewrite Eo. intros [_ H]. apply (f_equal (fmap name)) in H. vm_compute in H. discriminate.
Qed.
Example the_other_is_refused : ¬ may_arrive v18 3 m16.
Proof.
  intros [[E _]|(n & k & E1 & E2 & E3)]; [apply (f_equal length) in E; vm_compute in E; discriminate E|]. vm_compute in E1. injection E1 as <-.
  apply (f_equal (fmap name)) in E2, E3. vm_compute in E2, E3. congruence.
Qed.
(** While it had not arrived, five acts were enough. *)
Example nobody_wrote : revision v15 1003 = s_seen m14 !! 1003 ∧ is_Some (revision v15 1003).
Proof. split; [computed|]. apply not_eq_None_Some. intros E. apply (f_equal (fmap name)) in E. vm_compute in E. discriminate E. Qed.

(** ** An end that is sent once more *)

(** Driver 7 is of a manager, who ends the sessions of a user. This is carried out, but not acknowledged, so it is sent
    once more, and then acknowledged. The first copy arrives too, as if manager 8 had asked for the same. *)
Definition i40 := at_ 40 3 (OfManager (DeleteSessionsOf "u")).
Definition m40 := sent_at w3 7 i40.
Definition u1 := sends w3 7 i40.
Definition u2 := arrives u1 7 m40.
Definition u3 := finds u2 7 m40 [].
Definition u4 := writes u3 8 (at_ 41 4 (OfManager (DeleteSessionsOf "u"))).
Lemma m40_alone : sent_by u1 7 = [m40].
Proof. exact (is_alone w3 7 i40 ltac:(computed)). Qed.
Lemma r1 : act strict 7 w3 u1.
Proof. apply sends_act; [by right|computed|apply nothing_before; computed]. Qed.
Lemma r2 : act strict 7 u1 u2.
Proof.
  refine (arrives_act u1 7 m40 (elem_of_list_here _ _) (or_introl (conj m40_alone _)) _); [apply not_said; computed|].
  split; [by right|]. split; [below|]. split; [apply arrived_step; computed|]. split; [computed|].
  assert (s_op m40 = OpDeleteUser "u" None) as -> by computed. by split; [|split; [|split]].
Qed.
Lemma r3 : act strict 7 u2 u3.
Proof. refine (finds_act u2 7 [] m40 [] _ (eq_trans (arrives_sent u1 7 m40 7) m40_alone) _); [computed|]. right. by left. Qed.
Lemma r4 : act strict 8 u3 u4.
Proof.
  apply writes_act; [computed|]. split; [by right|]. split; [below|]. split; [apply settled_step; computed|]. split; [computed|].
  assert (op_at u3 8 (at_ 41 4 (OfManager (DeleteSessionsOf "u"))) = OpDeleteUser "u" None) as -> by computed.
  by split; [|split; [|split]].
Qed.
Example end_reaches : reaches strict nothing_yet u4.
Proof. then_ r4. then_ r3. then_ r2. then_ r1. then_ s3. then_ s2. then_ s1. constructor. Qed.
Example it_counts_twice : number_of w3 "u" = 0 ∧ number_of u3 "u" = 1 ∧ number_of u4 "u" = 2 ∧
  snd <$> head (t_heard (w_traffic u3)) = Some (Says (Done, None, None)).
Proof. split; [|split; [|split]]; computed. Qed.
Example end_is_fresh : fresh_world u4.
Proof. apply fresh_computed; computed. Qed.
