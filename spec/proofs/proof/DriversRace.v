(** After a load one turn is enough, and a lost race means that another one was won. *)
From Q Require Import DriversRefine DriversLook DriversOps DriversTurn DriversEnds Turns Whole Runs.

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
(** What an operation is carried out on is what its event looks at. *)
Lemma op_looked_at cfg w r i op : is_of_driver w r (i_event i) → e_op (step cfg (alone w r) i).2 = Some op → match op with
  | OpUpdate n _ | OpDiscard n | OpRotate n _ _ _ | OpDeleteUser _ (Some n) | OpTouch n _ => looks_at w (i_event i) = Some n
  | _ => True end.
Proof.
  intros Hof Hop. destruct (step_cases cfg (alone w r) i) as [(why & Ex & E)|(res & Ex & E)]; rewrite E in Hop; [done|].
  simpl in Hop. clear E. destruct i as [now d e]. cbn [i_now i_draws i_event] in *. destruct e as [r0 c a script p|r0 e|e].
  - apply rule_happens in Ex as [_ Ex]. inversion Ex; subst.
    match goal with E : starts _ _ _ _ _ _ _ _ _ |- _ => inversion E; subst end; simpl in *;
      match goal with E : _ = r_effects _ |- _ => rewrite <- E in Hop end; by simplify_eq/=.
  - destruct Hof as [[= ->]|[? _]]; [|done]. unfold rule in Ex. rewrite alone_request in Ex.
    destruct (w_requests w !! r) as [q|] eqn:Eq; [|done].
    assert (looks_at w (OfRequest r e) = looks q e) as Hlook by (destruct e; simpl; by rewrite Eq).
    rewrite Hlook. pose proof (op_is_on _ _ _ _ _ _ _ _ _ Ex Hop) as Hon. destruct op as [|n t| | | |? [?|]| | |]; try done; [|by apply Hon].
    assert ((∃ o, e = FinishRequest o) ∨ ¬ ∃ o, e = FinishRequest o) as [[o ->]|Hne]
      by (destruct e; first [right; by intros [? [=]]|left; by eexists]).
    + apply finish_cases in Ex as (_ & _ & F). inversion F as [o0 c m' eff Hop' Hs|o0 eff Hop']; subst; [|congruence]. rewrite Hop in Hs. by inversion Hs.
    + apply turn_cases in Ex as (q' & _ & F & _); [|naive_solver].
      inversion F; subst; simpl in *; repeat match goal with E : _ = r_effects _ |- _ => rewrite <- E in Hop; simpl in Hop; clear E end; simplify_eq/=.
      all: try match goal with E : ends _ _ _ _ _ |- _ => inversion E; subst; by simplify_eq/= end.
      all: try match goal with E : _ ∨ _ |- _ => destruct E as [[? ?]|(? & ? & ?)]; by simplify_eq/= end.
  - destruct e; simpl in Ex; unfold manage in Ex; repeat case_match; by simplify_eq/=.
Qed.
Lemma loaded_holds cfg w h st r i op : good cfg w h st → bound_up cfg h st →
  (∀ n, n ∈ d_ids (i_draws i) → n ∉ ids_drawn h) → is_of_driver w r (i_event i) → just_loaded w r (i_event i) →
  e_op (step cfg (alone w r) i).2 = Some op → holds w r op.
Proof.
  intros G B Hf Hof [Hst Hat] Hop.
  destruct (step_cases cfg (alone w r) i) as [(why & Ex & E)|(res & Ex & E)]; rewrite E in Hop; [done|].
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
(** ** What others do *)

Lemma holds_good cfg w h st i op r : good cfg w h st → fresh_inputs (w_said w) → (∀ n, n ∈ d_ids (i_draws i) → n ∉ said_ids w) →
  is_of_driver w r (i_event i) → just_loaded w r (i_event i) → e_op (step cfg (alone w r) i).2 = Some op →
  holds w r op ∧ touches_in_time w r op ∧ discards_in_time w r op ∧ ends_in_time w r (i_event i).
Proof.
  intros G Hf Hi Hof Hj Hop. pose proof (op_looked_at cfg w r i op Hof Hop) as Hat. pose proof Hj as [Hst Hl]. split; [|split; [|split]].
  - eapply loaded_holds; [exact G|by eapply both_good_bound| |done|done|done].
    intros n Hin Hd. apply (Hi n Hin). by apply (said_drawn cfg w h st).
  - destruct op; simpl; try done. by apply Hl.
  - by destruct op.
  - unfold ends_in_time. destruct (i_event i) as [|r0 e|]; try done.
    assert (login_stands w r ∧ ∀ n, looks_at w (OfRequest r0 e) = Some n → is_Some (w_loaded w r !! n) → is_Some (w_store w !! n)) as Hends.
    { split; [done|]. intros n Hn. by rewrite (Hl n Hn). }
    by destruct e.
Qed.
Lemma holds_new cfg w i op r : reaches cfg nothing_yet w → fresh_with i w → is_of_driver w r (i_event i) → just_loaded w r (i_event i) →
  e_op (step cfg (alone w r) i).2 = Some op → holds w r op ∧ touches_in_time w r op ∧ discards_in_time w r op ∧ ends_in_time w r (i_event i).
Proof. intros Hr [Hf Hi]. destruct (reaches_both cfg w Hr Hf) as (h & st & G & _). eapply holds_good; [exact G|apply Hf|exact Hi]. Qed.
Theorem t_one_turn : one_turn_is_enough.
Proof.
  intros cfg w r i Hr Hf Hd Hof Hb Hj Hu. destruct (step cfg (alone w r) i) as [st eff] eqn:E. destruct (e_op eff) as [op|] eqn:Hop.
  - assert (e_op (step cfg (alone w r) i).2 = Some op) as Hop' by by rewrite E.
    destruct (holds_new cfg w i op r Hr Hf Hof Hj Hop') as (Hh & Ht & Hdi & He).
    eexists. split; [by apply (Writes cfg r w i st eff op)|]. unfold sees_written. by destruct (written_by op).
  - eexists. split; [by apply Answers|done].
Qed.

(** ** A race *)

Lemma alone_others cfg r r1 w w' : act cfg r1 w w' → r1 ≠ r → alone w' r = alone w r.
Proof.
  assert (∀ w s, r1 ≠ r → alone (put w r1 s) r = alone w r) as Hp.
  { intros W s N. unfold alone, put. simpl. by rewrite !fn_lookup_insert_ne, lookup_partial_alter_ne by done. }
  assert (∀ j W, r1 ≠ r → alone (gives_up cfg j r1 W) r = alone W r) as Hup.
  { intros j W N. unfold gives_up. rewrite Hp by done. destruct (w_requests W !! r1); [|done]. destruct (step _ _ _) as [st eff]. exact (Hp W st N). }
  intros Ha N. destruct Ha as [| |i st eff|i st eff op|i op|i j|i st eff op|m| | |d l m l'|d|d|d j]; try done; try exact (Hp _ _ N).
  - unfold sees_written. destruct (written_by op); exact (Hp (write cfg op w) _ N).
  - exact (Hup j (tries i w) N).
  - unfold sees_written. destruct (written_by (s_op m)); exact (Hp w _ N).
  - exact (Hup j w N).
Qed.
Lemma put_alone cfg w r i st eff op : carries_out cfg w r i st eff op → carries_out cfg (put w r (alone w r)) r i st eff op.
Proof.
  assert (∀ n, w_loaded (put w r (alone w r)) r !! n = w_loaded w r !! n) as El by (intros n; rewrite put_loaded; by case_decide).
  assert (w_requests (put w r (alone w r)) = w_requests w) as Er.
  { apply map_eq. intros r0. rewrite put_request. case_decide as E; [|done]. subst r0. apply (alone_request w r). }
  assert (alone (put w r (alone w r)) r = alone w r) as Ea.
  { unfold alone at 1. rewrite Er. simpl. by rewrite !fn_lookup_insert. }
  assert (w_told (put w r (alone w r)) r = w_told w r) as Et by (simpl; apply fn_lookup_insert).
  intros (H1 & H2 & H3 & H4 & H5 & H6 & H7 & H8). unfold carries_out, is_of_driver, below_limits. rewrite Er, Ea.
  assert (w_loaded (put w r (alone w r)) r = w_loaded w r) as El' by (rewrite put_loaded; by case_decide). rewrite El'.
  do 4 (split; [done|]). unfold login_stands, looks_at, is_told in *.
  unfold holds, touches_in_time, discards_in_time, ends_in_time, login_stands, looks_at, is_told, is_still, is_as_loaded. rewrite Er, El', Et. done.
Qed.
Lemma act_carries cfg r w w' : act cfg r w w' →
  (w_store w' = w_store w ∧ w_numbers w' = w_numbers w ∧ t_revisions (w_traffic w') = t_revisions (w_traffic w)) ∨
  ∃ i st eff op s, carries_out cfg (put w r s) r i st eff op ∧ w_store w' = w_store (write cfg op w) ∧ w_said w' = (i, answer_of eff) :: w_said w.
Proof.
  assert (∀ j W, w_store (gives_up cfg j r W) = w_store W ∧ w_numbers (gives_up cfg j r W) = w_numbers W ∧
    t_revisions (w_traffic (gives_up cfg j r W)) = t_revisions (w_traffic W)) as Hup.
  { intros j W. unfold gives_up. destruct (w_requests W !! r); [by destruct (step _ _ _)|done]. }
  intros Ha. destruct Ha as [| |i st eff|i st eff op Hd Hc|i op|i j|i st eff op|m Ha Hm Hc| | |d l m l'|d|d|d j]; try (by left).
  - right. exists i, st, eff, op, (alone w r). split; [by apply put_alone|]. unfold sees_written. by destruct (written_by op).
  - left. exact (Hup j (tries i w)).
  - right. by eexists _, _, _, _, (s_before m).
  - left. unfold sees_written. by destruct (written_by (s_op m)).
  - left. exact (Hup j w).
Qed.
Lemma meanwhile_won cfg r w w' : meanwhile cfg r w w' →
  (w_store w' = w_store w ∧ w_numbers w' = w_numbers w ∧ t_revisions (w_traffic w') = t_revisions (w_traffic w)) ∨
  ∃ w1 w2 r1 i1 st1 eff1 op1 s, r1 ≠ r ∧ meanwhile cfg r w w1 ∧ carries_out cfg (put w1 r1 s) r1 i1 st1 eff1 op1 ∧
    act cfg r1 w1 w2 ∧ w_store w2 = w_store (write cfg op1 w1) ∧ w_said w2 = (i1, answer_of eff1) :: w_said w1 ∧ meanwhile cfg r w2 w'.
Proof.
  induction 1 as [w|w w' w'' r1 Hm IH Ha N|w w' w'' Hm IH Ha Hal Hs]; [by left|..].
  - destruct IH as [(E1 & E2 & E3)|(w1 & w2 & r2 & i & st & eff & op & s & N2 & M & Hc & Hact & Hst & Hsa & M2)].
    + destruct (act_carries _ _ _ _ Ha) as [(F1 & F2 & F3)|(i & st & eff & op & s & Hc & Hst & Hsa)]; [left; repeat split; congruence|right].
      exists w', w'', r1, i, st, eff, op, s. do 6 (split; [done|]). constructor.
    + right. exists w1, w2, r2, i, st, eff, op, s. do 6 (split; [done|]). by econstructor.
  - destruct IH as [(E1 & E2 & E3)|(w1 & w2 & r2 & i & st & eff & op & s & N2 & M & Hc & Hact & Hst & Hsa & M2)].
    + destruct (act_carries _ _ _ _ Ha) as [(F1 & F2 & F3)|(i & st & eff & op & s & _ & _ & Hsa)]; [left; repeat split; congruence|exfalso].
      rewrite Hs in Hsa. apply (f_equal length) in Hsa. simpl in Hsa. lia.
    + right. exists w1, w2, r2, i, st, eff, op, s. do 6 (split; [done|]). by eapply meanwhile_own.
Qed.
Lemma meanwhile_alone cfg r w w' : meanwhile cfg r w w' → alone w' r = alone w r.
Proof.
  induction 1 as [w|w w' w'' r1 Hm IH Ha N|w w' w'' Hm IH Ha Hal Hs]; [done|..]; rewrite <- IH; [by eapply alone_others|done].
Qed.
Theorem t_lost_race : a_lost_race_means_another_won.
Proof.
  intros cfg w w' r i op Hr Hi Hof Hj Hm Hop Hn. destruct (meanwhile_won _ _ _ _ Hm) as [(E1 & E2 & E3)|Hw]; [exfalso|done].
  pose proof (meanwhile_alone _ _ _ _ Hm) as Ea. rewrite Ea in Hop. destruct (holds_new _ _ _ _ _ Hr Hi Hof Hj Hop) as (Hh & _).
  assert (w_loaded w' r = w_loaded w r) as El by (by apply (f_equal store) in Ea). destruct Hn as [Hn|[Hn Hs]].
  - apply Hn. unfold holds, is_still, is_as_loaded, numbered, number_of in *. rewrite E1, E2, El. exact Hh.
  - pose proof (op_looked_at cfg w r i op Hof Hop) as Hat. unfold is_rewritten, is_rewritten_since, revision in Hn. rewrite E1, E3 in Hn. fold (revision w) in Hn.
    destruct op as [| | | | |? [?|]| | |]; try done; destruct (Hs _ Hat) as [R1 R2]; rewrite R2 in Hn; by apply Hn.
Qed.
