(** The premises of the claims about drivers are met: computed runs, of three of which one loses a race, and of four over
    a store that fails. *)
From Q Require Import DriversRuns.

(** ** A race *)

(** Request 1 stores a session. Requests 2 and 3 load it, and each sets a value. *)
Definition w1 := answers nothing_yet 1 (at_ 1 0 (start 1 None)).
Definition w2 := answers w1 1 (at_ 2 1 (of 1 (SetValue "k" "v"))).
Definition w3 := writes w2 1 (at_ 3 2 (done_ 1)).                     (* id 1003 *)
Definition w4 := loads w3 2 1003.
Definition w5 := answers w4 2 (at_ 5 3 (start 2 (Some (CookieId 1003)))).
Definition w6 := loads w5 3 1003.
Definition w7 := answers w6 3 (at_ 7 4 (start 3 (Some (CookieId 1003)))).
Definition w8 := answers w7 2 (at_ 8 5 (of 2 (SetValue "a" "x"))).
Definition w9 := answers w8 3 (at_ 9 6 (of 3 (SetValue "b" "y"))).
(** Request 2 saves. Request 3 finds that its condition does not hold, loads again, and saves as well. *)
Definition w10 := writes w9 2 (at_ 10 7 (done_ 2)).
Definition w11 := loads w10 3 1003.
Definition w12 := writes w11 3 (at_ 12 8 (done_ 3)).
Lemma s1 : act strict 1 nothing_yet w1. Proof. answering. Qed.
Lemma s2 : act strict 1 w1 w2. Proof. answering. Qed.
Lemma s3 : act strict 1 w2 w3. Proof. apply Writes. carrying. split; [computed|exact I]. Qed.
Lemma s4 : act strict 2 w3 w4. Proof. by apply Loads. Qed.
Lemma s5 : act strict 2 w4 w5. Proof. answering. Qed.
Lemma s6 : act strict 3 w5 w6. Proof. by apply Loads. Qed.
Lemma s7 : act strict 3 w6 w7. Proof. answering. Qed.
Lemma s8 : act strict 2 w7 w8. Proof. answering. Qed.
Lemma s9 : act strict 3 w8 w9. Proof. answering. Qed.
Lemma s10 : act strict 2 w9 w10. Proof. apply Writes. carrying. computed. Qed.
Lemma s11 : act strict 3 w10 w11. Proof. by apply Loads. Qed.
Lemma s12 : act strict 3 w11 w12. Proof. apply Writes. carrying. computed. Qed.
Lemma up_to_9 : reaches strict nothing_yet w9.
Proof. then_ s9. then_ s8. then_ s7. then_ s6. then_ s5. then_ s4. then_ s3. then_ s2. then_ s1. constructor. Qed.
Example they_reach : reaches strict nothing_yet w12.
Proof. then_ s12. then_ s11. then_ s10. exact up_to_9. Qed.
Example they_are_fresh : fresh_inputs (inputs_of w12).
Proof. split; [|split]; apply (bool_decide_unpack _); computed. Qed.
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
Example one_turn : is_fresh_in (at_ 10 7 (done_ 2)) w9 ∧ just_loaded w9 2 (done_ 2).
Proof.
  split; [split; [split; [|split]; apply (bool_decide_unpack _); computed|]|split; [without_login|]].
  - intros n Hn Hi. revert n Hn Hi. apply (Forall_forall (λ n, n ∉ _)), (bool_decide_unpack _). computed.
  - intros n E. vm_compute in E. injection E as <-. computed.
Qed.

(** ** A store that fails *)

(** The save of request 2 is carried out, and its driver does not hear of it, but finds it. *)
Definition v10 := done_unheard w9 2 (at_ 10 7 (done_ 2)).
Definition x10 := doubt_at w9 2 (at_ 10 7 (done_ 2)).
Definition v11 := finds v10 2 x10.
(** That of request 3 is not; its driver misses it, steps the event again, and saves. *)
Definition v12 := loads v11 3 1003.
Definition v13 := not_done v12 3 (at_ 13 8 (done_ 3)).
Definition x13 := doubt_at v12 3 (at_ 13 8 (done_ 3)).
Definition v14 := misses v13 3 x13.
Definition v15 := writes v14 3 (at_ 15 9 (done_ 3)).
(** That of request 4 is carried out, and its driver cannot look. The load of request 5 fails. *)
Definition v16 := loads v15 4 1003.
Definition v17 := answers v16 4 (at_ 17 10 (start 4 (Some (CookieId 1003)))).
Definition v18 := answers v17 4 (at_ 18 11 (of 4 (SetValue "c" "z"))).
Definition v19 := done_unheard v18 4 (at_ 19 12 (done_ 4)).
Definition x19 := doubt_at v18 4 (at_ 19 12 (done_ 4)).
Definition v20 := gives_up v19 4 x19 (at_ 20 13 (of 4 (FinishRequest Abandoned))).
Definition v21 := fails v20 5 (at_ 21 14 (of 5 (FinishRequest Abandoned))) (at_ 22 14 (start 5 (Some (CookieId 1003)))).
Lemma t10 : act strict 2 w9 v10. Proof. apply IsDone. carrying. computed. Qed.
Lemma t11 : act strict 2 v10 v11. Proof. apply Finds; [computed|]. exists 1003. split; computed. Qed.
Lemma t12 : act strict 3 v11 v12. Proof. by apply Loads. Qed.
Lemma t13 : act strict 3 v12 v13. Proof. missing. Qed.
Lemma t14 : act strict 3 v13 v14. Proof. apply Misses; [computed|eapply misses_update; computed|eapply in_time; computed]. Qed.
Lemma t15 : act strict 3 v14 v15. Proof. apply Writes. carrying. computed. Qed.
Lemma t16 : act strict 4 v15 v16. Proof. by apply Loads. Qed.
Lemma t17 : act strict 4 v16 v17. Proof. answering. Qed.
Lemma t18 : act strict 4 v17 v18. Proof. answering. Qed.
Lemma t19 : act strict 4 v18 v19. Proof. apply IsDone. carrying. computed. Qed.
Lemma t20 : act strict 4 v19 v20. Proof. apply GivesUp; [computed|split; [done|below]]. Qed.
Lemma t21 : act strict 5 v20 v21. Proof. apply Fails; [computed|split; [done|below]]. Qed.
Example these_reach : reaches strict nothing_yet v21.
Proof.
  then_ t21. then_ t20. then_ t19. then_ t18. then_ t17. then_ t16. then_ t15. then_ t14. then_ t13. then_ t12. then_ t11.
  then_ t10. exact up_to_9.
Qed.
Example these_are_fresh : fresh_inputs (inputs_of v21).
Proof. split; [|split]; apply (bool_decide_unpack _); computed. Qed.
(** What the five last calls were told, the newest first; and what is stored: of nothing a half. *)
Example they_hear : (λ p, match p.2 with Answered a => inl a.1.1 | what => inr what end) <$> take 6 (heard v21) =
  [inr StoreFailed; inr Unknown; inl Done; inl (Started None); inl Done; inl Done].
Proof. computed. Qed.
Example what_is_left : values_in v21 ["a"; "b"; "c"; "k"]%string = [Some "x"; Some "y"; Some "z"; Some "v"]%string.
Proof. computed. Qed.
Example none_is_open : (λ r, is_none (w_requests v21 !! r)) <$> [2; 3; 4; 5] = [true; true; true; true].
Proof. computed. Qed.
(** A write that was not carried out is not found, and one that was is not missed. *)
Example not_mistaken : ¬ is_found v13 x13 ∧ ¬ is_missed v10 x10.
Proof.
  split.
  - intros (n & E & H). vm_compute in E. injection E as <-. vm_compute in H. discriminate.
  - intros H. eapply missed_update in H; [|computed]. vm_compute in H. discriminate.
Qed.
