(** The premises of the claims about drivers are met: a computed run of three, of which one loses a race. *)
From Q Require Import Drivers Witness.

Definition stepped cfg (w : world) (r : N) (i : input) : world :=
  say i (step cfg (alone w r) i).2 (put (match e_op (step cfg (alone w r) i).2 with Some op => write cfg op w | None => w end) r
    (step cfg (alone w r) i).1).
Definition loads (w : world) (r i : N) : world := put w r (with_stored (alone w r) i (w_store w !! i)).
Lemma no_login w r : (c_login ∘ own) <$> (w_requests w !! r) ∈ [None; Some None] → login_stands w r.
Proof.
  intros H q u t n E1 E2. rewrite E1 in H. simpl in H. rewrite E2 in H.
  apply elem_of_list_In in H as [H|[H|[]]]; discriminate.
Qed.
Lemma answers w r i : actor (i_event i) = Some r → below_limits strict w r → e_op (step strict (alone w r) i).2 = None →
  login_stands w r → (∀ n, looks_at w (i_event i) = Some n → is_as_loaded w r n) →
  (∀ u, i_event i ≠ OfRequest r (SetUser (Some u))) → act strict w (stepped strict w r i).
Proof.
  intros Ha Hb Ho Hl Hk Hu. unfold stepped. rewrite Ho. apply Answers; [by left|done|by destruct (step _ _ _)|done|].
  split; [done|]. intros u E. by destruct (Hu u).
Qed.
Lemma writes w r i op : actor (i_event i) = Some r → below_limits strict w r → e_op (step strict (alone w r) i).2 = Some op →
  holds w r op → login_stands w r → touches_in_time w r op → ends_in_time w r (i_event i) → act strict w (stepped strict w r i).
Proof.
  intros Ha Hb Ho Hh Hl Ht He. unfold stepped. rewrite Ho.
  apply Writes; [by left|done|by destruct (step _ _ _)|done|done|done|by destruct op|done].
Qed.

(** Request 1 stores a session. Requests 2 and 3 load it, and each sets a value. *)
Definition w1 := stepped strict nothing_yet 1 (at_ 1 0 (start 1 None)).
Definition w2 := stepped strict w1 1 (at_ 2 1 (of 1 (SetValue "k" "v"))).
Definition w3 := stepped strict w2 1 (at_ 3 2 (done_ 1)).                     (* id 1003 *)
Definition w4 := loads w3 2 1003.
Definition w5 := stepped strict w4 2 (at_ 5 3 (start 2 (Some (CookieId 1003)))).
Definition w6 := loads w5 3 1003.
Definition w7 := stepped strict w6 3 (at_ 7 4 (start 3 (Some (CookieId 1003)))).
Definition w8 := stepped strict w7 2 (at_ 8 5 (of 2 (SetValue "a" "x"))).
Definition w9 := stepped strict w8 3 (at_ 9 6 (of 3 (SetValue "b" "y"))).
(** Request 2 saves. Request 3 finds that its condition does not hold, loads again, and saves as well. *)
Definition w10 := stepped strict w9 2 (at_ 10 7 (done_ 2)).
Definition w11 := loads w10 3 1003.
Definition w12 := stepped strict w11 3 (at_ 12 8 (done_ 3)).
Ltac computed := vm_compute; reflexivity.
Ltac answering := apply answers; [computed|split; [|split]; computed|computed|
  apply no_login, (bool_decide_unpack _); computed|intros n E; vm_compute in E; try discriminate; injection E as <-; computed|
  intros ?; discriminate].
Ltac writing := eapply writes; [computed|split; [|split]; computed|computed|idtac|
  apply no_login, (bool_decide_unpack _); computed|exact I|exact I].
Lemma s1 : act strict nothing_yet w1. Proof. answering. Qed.
Lemma s2 : act strict w1 w2. Proof. answering. Qed.
Lemma s3 : act strict w2 w3. Proof. writing. split; [computed|exact I]. Qed.
Lemma s5 : act strict w4 w5. Proof. answering. Qed.
Lemma s7 : act strict w6 w7. Proof. answering. Qed.
Lemma s8 : act strict w7 w8. Proof. answering. Qed.
Lemma s9 : act strict w8 w9. Proof. answering. Qed.
Lemma s10 : act strict w9 w10. Proof. writing. computed. Qed.
Lemma s12 : act strict w11 w12. Proof. writing. computed. Qed.
Example they_reach : reaches strict nothing_yet w12.
Proof.
  eapply reaches_next, s12. eapply reaches_next, Loads. eapply reaches_next, s10. eapply reaches_next, s9. eapply reaches_next, s8.
  eapply reaches_next, s7. eapply reaches_next, Loads. eapply reaches_next, s5. eapply reaches_next, Loads.
  eapply reaches_next, s3. eapply reaches_next, s2. eapply reaches_next, s1. constructor.
Qed.
Example they_are_fresh : fresh_inputs (w_said w12).
Proof. split; [|split]; apply (bool_decide_unpack _); computed. Qed.
Example one_loses : ∃ op, e_op (step strict (alone w10 3) (at_ 11 8 (done_ 3))).2 = Some op ∧ ¬ holds w10 3 op.
Proof. eexists. split; [computed|]. intros H. vm_compute in H. discriminate. Qed.
Example both_are_saved : match w_store w12 !! 1003 with Some s => (λ k, values s !! k) <$> ["a"; "b"; "k"]%string | None => [] end =
  [Some "x"; Some "y"; Some "v"]%string.
Proof. computed. Qed.
Example they_answer : (λ p, p.2.1.1) <$> w_said w12 = [Done; Done; Done; Done; Started None; Started None; Done; Done; Started None].
Proof. computed. Qed.
(** And then it can be ended. *)
Example loser_is_open : is_none (w_requests w10 !! 3) = false ∧ below_limits strict w10 3.
Proof. split; [|split; [|split]]; computed. Qed.
(** While its driver did nothing after it had loaded. *)
Example while_another_wins : meanwhile strict 3 w9 w10 ∧ just_loaded w9 3 (done_ 3).
Proof.
  split; [apply (meanwhile_act strict 3 w9 w9 w10 (meanwhile_nothing strict 3 w9) s10); computed|].
  split; [apply no_login, (bool_decide_unpack _); computed|]. intros n E. vm_compute in E. injection E as <-. computed.
Qed.
