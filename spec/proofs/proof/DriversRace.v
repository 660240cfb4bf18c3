(** After a load one turn is enough, and a lost race means that another one was won. *)
From Q Require Import DriversLook DriversOps DriversTurn DriversEnds Turns Whole Steps Runs.

Lemma saved_by cfg now d v g q e res op : request_event_rule cfg now d v g q e = inr res → e_op (r_effects res) = Some op →
  (∃ o, e = FinishRequest o) ∨ match op with OpCreate _ _ _ _ | OpRotate _ _ _ _ => False | _ => True end.
Proof.
  intros H Ho. assert ((∃ o, e = FinishRequest o) ∨ ¬ ∃ o, e = FinishRequest o) as [?|Hne]
    by (destruct e; first [right; by intros [? [=]]|left; by eexists]); [by left|right].
  apply turn_cases in H as (q' & _ & H & _); [|intros o ->; apply Hne; by eexists].
  destruct H; simpl in Ho; simplify_eq; try done.
  all: try match goal with E : ends _ _ _ _ _ |- _ => by inversion E end.
  match goal with E : _ ∨ _ |- _ => destruct E as [[? ?]|(n & ? & ?)]; by simplify_eq end.
Qed.
Lemma loaded_holds cfg w h st r i op : good cfg w h st → bound_up cfg h st →
  (∀ n, n ∈ d_ids (i_draws i) → n ∉ ids_drawn h) → is_of_driver w r (i_event i) → just_loaded w r (i_event i) →
  e_op (step cfg (alone w r) i).2 = Some op → holds w r op.
Proof.
  intros G B Hf Hof [Hst Hat] Hop. destruct (step_cases cfg (alone w r) i) as [(why & Ex & E)|(res & Ex & E)]; rewrite E in Hop; [done|].
  simpl in Hop. clear E. destruct i as [now d e]. cbn [i_now i_draws i_event] in *.
  assert (∀ n, n ∈ d_ids d → w_store w !! n = None) as Hnew.
  { intros n Hn%Hf. destruct (w_store w !! n) eqn:E; [|done]. exfalso. apply Hn. eapply stored_was_drawn; [apply G|].
    rewrite (g_store _ _ _ _ G). by eexists. }
  assert (∀ n, is_as_loaded w r n → is_still w r n) as Hstill by (unfold is_as_loaded, is_still; intros n ->; done).
  destruct e as [r0 c a script p|r0 e|e].
  - destruct (requests (alone w r) !! r0) eqn:Eq; [unfold rule in Ex; by rewrite Eq in Ex|].
    apply rule_happens in Ex as [_ Ex]. inversion Ex; subst.
    match goal with E : starts _ _ _ _ _ _ _ _ _ |- _ => inversion E; subst end; simpl in *;
      match goal with E : _ = r_effects _ |- _ => rewrite <- E in Hop end; simplify_eq/=; auto.
  - destruct Hof as [[= ->]|[? _]]; [|done]. unfold rule in Ex. rewrite alone_request in Ex.
    destruct (w_requests w !! r) as [q|] eqn:Eq; [|done].
    assert (looks_at w (OfRequest r e) = looks q e) as Hlook by (destruct e; simpl; by rewrite Eq).
    rewrite Hlook in Hat. pose proof (op_is_on _ _ _ _ _ _ _ _ _ Ex Hop) as Hon.
    assert (∀ s g, (∃ i t, op = OpCreate i s g t) ∨ (∃ i j, op = OpRotate i j s g) → numbered w (user s) g) as Hnum.
    { intros s g Hopg. assert (∃ o, e = FinishRequest o) as [o ->].
      { destruct (saved_by _ _ _ _ _ _ _ _ _ Ex Hop) as [?|Hs]; [done|]. by destruct Hopg as [(? & ? & ->)|(? & ? & ->)]. }
      simpl in Ex. unfold finish_request in Ex. destruct o; try (simplify_eq/=; done).
      all: destruct (save _ _ _ _ q) as [|[[[x op'] c] k]] eqn:Ev; [done|]; simplify_eq/=.
      all: pose proof (save_names _ _ _ _ _ _ _ _ _ Ev) as Hg.
      all: assert (generation_of (own q) = inr g) as Hg' by (destruct Hopg as [(? & ? & ->)|(? & ? & ->)]; exact Hg).
      all: destruct g as [n|]; [|by destruct (user s)].
      all: unfold generation_of in Hg'; destruct (c_login (own q)) as [[[u|] t [n'|]]|] eqn:El; simplify_eq.
      all: destruct (Hst _ _ _ _ Eq El) as [Hnu _].
      all: destruct (save_numbered _ _ _ _ _ _ _ _ _ _ _ _ Ev El) as [[i ->]|[(i & s' & t0 & -> & Hu)|(i & j & s' & -> & Hu)]];
        try (destruct Hopg as [(? & ? & ?)|(? & ? & ?)]; simplify_eq; simpl; rewrite Hu; done).
      all: intros s' Hs; destruct (b_requests _ _ _ B r (as_whole (w_numbers w) q)) as ((_ & _ & Hsound) & _);
        [by rewrite (g_requests _ _ _ _ G), lookup_fmap, Eq|]; rewrite as_whole_is in Hsound;
        destruct (Hsound _ _ Hs) as (_ & Hl & _);
        refine (Hl (Login (Some u) t (if stands (w_numbers w) q then Some 0 else None)) _); simpl; by rewrite El. }
    destruct op as [| | | | |? [?|]| | |]; simpl in *; try done; auto.
    + split; [by apply Hnew|]. apply Hnum. eauto.
    + destruct Hon as [Hi Hj]. split; [by auto|]. split; [by apply Hnew|]. apply Hnum. eauto.
  - destruct e; simpl in Ex; unfold manage in Ex; repeat case_match; simplify_eq/=; try done. by apply Hat.
Qed.
Lemma fresh_in cfg w h st i : good cfg w h st → is_fresh_in i w → ∀ n, n ∈ d_ids (i_draws i) → n ∉ ids_drawn h.
Proof.
  intros G [_ Hi] n Hn Hd. apply (Hi n Hn). unfold inputs_of. rewrite bind_app. apply elem_of_app. right.
  unfold ids_drawn in Hd. apply elem_of_list_bind in Hd as (o & Hno & Ho). apply elem_of_list_bind. exists (o_in o).
  split; [done|]. rewrite <- (g_said _ _ _ _ G), <- list_fmap_compose. apply elem_of_list_fmap. by exists o.
Qed.
Lemma stands_by cfg w r i op : reaches cfg nothing_yet w → is_fresh_in i w → is_of_driver w r (i_event i) →
  just_loaded w r (i_event i) → e_op (step cfg (alone w r) i).2 = Some op → holds w r op.
Proof.
  intros H Hi Hof Hj Ho. destruct (reaches_good cfg w H (proj1 Hi)) as (h & st & G & _).
  eapply loaded_holds; [exact G|apply bound_run; [apply G|by eapply said_fresh; [|apply Hi]]|by eapply fresh_in|done..].
Qed.

(** ** One turn *)

Lemma touches_at_start cfg w r i n t : is_of_driver w r (i_event i) → e_op (step cfg (alone w r) i).2 = Some (OpTouch n t) →
  looks_at w (i_event i) = Some n.
Proof.
  intros Hof Ho. destruct (step_cases cfg (alone w r) i) as [(why & Ex & E)|(res & Ex & E)]; rewrite E in Ho; [done|].
  simpl in Ho. clear E. destruct i as [now d e]. cbn [i_now i_draws i_event] in *. destruct e as [r0 c a script p|r0 e|e].
  - apply rule_happens in Ex as [_ Ex]. inversion Ex; subst.
    match goal with E : starts _ _ _ _ _ _ _ _ _ |- _ => inversion E; subst end; simpl in *;
      match goal with E : _ = r_effects _ |- _ => rewrite <- E in Ho end; by simplify_eq/=.
  - unfold rule in Ex. destruct (requests (alone w r) !! r0) as [q|]; [|done]. exfalso. destruct e; simpl in Ex; unf Ex; by cases Ex.
  - exfalso. destruct e; simpl in Ex; unfold manage in Ex; repeat case_match; by simplify_eq/=.
Qed.
Theorem t_one_turn : one_turn_is_enough.
Proof.
  intros cfg w r i H Hi Hr Hof Hb Hj Ht. destruct (step cfg (alone w r) i) as [st eff] eqn:E.
  destruct (e_op eff) as [op|] eqn:Ho.
  - assert (e_op (step cfg (alone w r) i).2 = Some op) as Ho' by (by rewrite E).
    pose proof (stands_by _ _ _ _ _ H Hi Hof Hj Ho') as Hh. eexists. split.
    + apply Writes. do 6 (split; [done|]). destruct Hj as [Hst Hat]. split; [|split].
      * destruct op as [|n t| | | | | | |]; try done. apply Hat. by eapply touches_at_start.
      * by destruct op.
      * destruct (i_event i) as [| r0 e|]; try done. destruct e; try done; (split; [done|]); intros n Hn; by rewrite (Hat n Hn).
    + unfold note_own, heard. by destruct (row_of op).
  - eexists. split; [by apply Answers|done].
Qed.

(** ** A race *)

Lemma alone_put w r r1 s : r1 ≠ r → alone (put w r1 s) r = alone w r.
Proof.
  intros N. unfold alone, put. simpl. by rewrite !fn_lookup_insert_ne, lookup_partial_alter_ne by done.
Qed.
Lemma alone_others cfg r r1 w w' : act cfg r1 w w' → r1 ≠ r → alone w' r = alone w r.
Proof.
  intros Ha N. destruct Ha as [| | |w i st1 eff op Hc| |w i j|w i st1 eff op|w i st1 eff op|w x| |w x i]; try done;
    try (by apply alone_put).
  - unfold note_own. destruct (row_of op); by apply (alone_put (write cfg op w)).
  - unfold abandoned. destruct (step cfg (alone w r1) i) as [st eff].
    etrans; [by apply (alone_put (say i eff (put w r1 st)))|by apply (alone_put w)].
  - by apply (alone_put (write cfg op w)).
  - unfold note_own. destruct (row_of (d_op x)); by apply (alone_put w).
  - unfold abandoned. destruct (step cfg (alone w r1) i) as [st eff].
    etrans; [by apply (alone_put (say i eff (put w r1 st)))|by apply (alone_put w)].
Qed.
Lemma act_carries cfg r w w' : act cfg r w w' → (w_store w' = w_store w ∧ w_numbers w' = w_numbers w) ∨
  ∃ i st eff op, carries_out cfg w r i st eff op ∧ w_store w' = w_store (write cfg op w) ∧ w_said w' = (i, answer_of eff) :: w_said w.
Proof.
  intros Ha. destruct Ha as [| | |w i st1 eff op Hc| |w i j|w i st1 eff op Hc|w i st1 eff op|w x| |w x i]; try (by left).
  - right. eexists _, _, _, _. split; [exact Hc|]. unfold note_own. by destruct (row_of op).
  - left. unfold abandoned. by destruct (step cfg (alone w r) i).
  - right. eexists _, _, _, _. by split; [exact Hc|].
  - left. unfold note_own. by destruct (row_of (d_op x)).
  - left. unfold abandoned. by destruct (step cfg (alone w r) i).
Qed.
Lemma meanwhile_won cfg r w w' : meanwhile cfg r w w' → (w_store w' = w_store w ∧ w_numbers w' = w_numbers w) ∨
  ∃ w1 w2 r1 i1 st1 eff1 op1, r1 ≠ r ∧ meanwhile cfg r w w1 ∧ carries_out cfg w1 r1 i1 st1 eff1 op1 ∧ act cfg r1 w1 w2 ∧
    w_store w2 = w_store (write cfg op1 w1) ∧ w_said w2 = (i1, answer_of eff1) :: w_said w1 ∧ meanwhile cfg r w2 w'.
Proof.
  induction 1 as [w|w w' w'' r1 Hm IH Ha N|w w' w'' Hm IH Ha Hal Hs]; [by left|..].
  - destruct IH as [[E1 E2]|(w1 & w2 & r2 & i & st & eff & op & N2 & M & Hc & Hact & Hst & Hsa & M2)].
    + destruct (act_carries _ _ _ _ Ha) as [[E3 E4]|(i & st & eff & op & Hc & Hst & Hsa)]; [left; split; congruence|right].
      eexists w', w'', r1, i, st, eff, op. do 6 (split; [done|]). constructor.
    + right. eexists w1, w2, r2, i, st, eff, op. do 6 (split; [done|]). by econstructor.
  - destruct IH as [[E1 E2]|(w1 & w2 & r2 & i & st & eff & op & N2 & M & Hc & Hact & Hst & Hsa & M2)].
    + destruct (act_carries _ _ _ _ Ha) as [[E3 E4]|(i & st & eff & op & _ & _ & Hsa)]; [left; split; congruence|exfalso].
      rewrite Hs in Hsa. apply (f_equal length) in Hsa. simpl in Hsa. lia.
    + right. eexists w1, w2, r2, i, st, eff, op. do 6 (split; [done|]). by eapply meanwhile_own.
Qed.
Lemma meanwhile_alone cfg r w w' : meanwhile cfg r w w' → alone w' r = alone w r.
Proof.
  induction 1 as [w|w w' w'' r1 Hm IH Ha N|w w' w'' Hm IH Ha Hal Hs]; [done|..]; rewrite <- IH; [by eapply alone_others|done].
Qed.
Theorem t_lost_race : a_lost_race_means_another_won.
Proof.
  intros cfg w w' r i op Hr Hi Hof Hj Hm Hop Hn. destruct (meanwhile_won _ _ _ _ Hm) as [[E1 E2]|Hw]; [exfalso|done].
  pose proof (meanwhile_alone _ _ _ _ Hm) as Ea. rewrite Ea in Hop. pose proof (stands_by _ _ _ _ _ Hr Hi Hof Hj Hop) as Hh.
  apply Hn. assert (w_loaded w' r = w_loaded w r) as El by (by apply (f_equal store) in Ea).
  unfold holds, is_still, is_as_loaded, numbered, number_of in *. rewrite E1, E2, El. exact Hh.
Qed.
