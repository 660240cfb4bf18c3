(** A lost race means that another one was won. *)
From Q Require Import DriversRefine DriversOps DriversTurn DriversEnds Turns Whole Runs.

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
Lemma meanwhile_won cfg r w w' : meanwhile cfg r w w' → (w_store w' = w_store w ∧ w_numbers w' = w_numbers w) ∨
  ∃ w1 r1 i1 st1 eff1 op1, meanwhile cfg r w w1 ∧ step cfg (alone w1 r1) i1 = (st1, eff1) ∧ e_op eff1 = Some op1 ∧
    holds w1 r1 op1 ∧ meanwhile cfg r (say i1 eff1 (put (write cfg op1 w1) r1 st1)) w'.
Proof.
  induction 1 as [w|w w' w'' Hm IH Ha Hal]; [by left|].
  destruct IH as [[E1 E2]|(w1 & r1 & i1 & st1 & eff1 & op1 & M1 & Es & Eo & Hh & M2)].
  - inversion Ha; subst; try (left; by split). right. eexists _, _, _, _, _, _. split; [exact Hm|]. split; [eassumption|].
    split; [eassumption|]. split; [eassumption|constructor].
  - right. eexists _, _, _, _, _, _. split; [exact M1|]. split; [exact Es|]. split; [exact Eo|]. split; [exact Hh|]. by econstructor.
Qed.
Lemma meanwhile_alone cfg r w w' : meanwhile cfg r w w' → alone w' r = alone w r.
Proof. induction 1; congruence. Qed.
Theorem t_lost_race : a_lost_race_means_another_won.
Proof.
  intros cfg w w' r i op Hr [Hf Hi] Hof Hj Hm Hop Hn. destruct (meanwhile_won _ _ _ _ Hm) as [[E1 E2]|Hw]; [exfalso|done].
  pose proof (meanwhile_alone _ _ _ _ Hm) as Ea. rewrite Ea in Hop.
  destruct (reaches_good cfg w Hr Hf) as (h & st & G).
  assert (fresh_draws h) as Hfh by (apply said_fresh; by rewrite (g_said _ _ _ _ G)).
  assert (holds w r op) as Hh.
  { eapply loaded_holds; [exact G|by apply bound_run; [apply G|]| |done|done|done].
    intros n Hin Hd. apply (Hi n Hin). rewrite <- (g_said _ _ _ _ G). clear -Hd. unfold ids_drawn in Hd.
    apply elem_of_list_bind in Hd as (o & Hno & Ho). apply elem_of_list_bind. exists (o_in o, answer_of (o_eff o)). split; [done|].
    apply elem_of_list_fmap. by exists o. }
  apply Hn. assert (w_loaded w' r = w_loaded w r) as El by (by apply (f_equal store) in Ea).
  unfold holds, is_still, is_as_loaded, numbered, number_of in *. rewrite E1, E2, El. exact Hh.
Qed.
