(** One turn of a driver is one turn of the one machine. *)
From Q Require Export DriversCompare.
From Q Require Import DriversEnds Turns Whole Writes Runs Sessions Steps.

Lemma still_close w r n : is_still w r n → older (w_loaded w r) (w_store w) → close (w_loaded w r !! n) (w_store w !! n).
Proof.
  unfold is_still, close. intros H O. destruct (w_loaded w r !! n) as [s|] eqn:E1, (w_store w !! n) as [s'|] eqn:E2; try done.
  exists (accessed s'). destruct (O _ _ _ E1 E2) as (_ & _ & _ & ?). split; [|done].
  assert (set_accessed s' 0 = set_accessed s 0) as E by (by apply Some_inj in H).
  destruct s, s'. unfold set_accessed in *. simpl in *. injection E as -> -> -> -> -> ->. reflexivity.
Qed.
Lemma compare_turn cfg now d w h st r q e x : good cfg w h st → bound_up cfg h st → w_requests w !! r = Some q → below_limits cfg w r →
  (∀ n, n ∈ d_ids d → n ∉ ids_drawn h) → x = request_event_rule cfg now d (w_loaded w r) (w_told w r) q e →
  (op_of x = None ∧ is_final w r (OfRequest r e) (reply_of x)) ∨
  (∃ op, op_of x = Some op ∧ holds w r op ∧ discards_in_time w r op ∧ ends_in_time w r (OfRequest r e)) →
  related w x (request_event_rule cfg now d (w_store w) ∅ (as_whole (w_numbers w) q) e).
Proof.
  intros G B Hq (L1 & L2 & L3) Hf Ex Hcase.
  assert (∀ n, n ∈ d_ids d → w_loaded w r !! n = None ∧ w_store w !! n = None) as Hd.
  { intros n Hn%Hf. split.
    - destruct (w_loaded w r !! n) eqn:E; [|done]. exfalso. apply Hn, (g_drawn _ _ _ _ G r). by eexists.
    - destruct (w_store w !! n) eqn:E; [|done]. exfalso. apply Hn. eapply stored_was_drawn; [apply G|].
      rewrite (g_store _ _ _ _ G). by eexists. }
  pose proof (g_ahead _ _ _ _ G r q Hq) as Hah.
  assert (looks_at w (OfRequest r e) = looks q e) as Hlook by (destruct e; simpl; by rewrite Hq).
  assert (∀ n, held_id q = Some n → once (w_loaded w r !! n) (w_store w !! n)) as Honce.
  { intros n Hn. unfold once. destruct (w_loaded w r !! n) eqn:E1, (w_store w !! n) eqn:E2; try done.
    - by destruct (g_older _ _ _ _ G r _ _ _ E1 E2) as (_ & ? & ? & _).
    - pose proof (g_gone _ _ _ _ G r q n Hq Hn E1). congruence. }
  destruct Hcase as [[Hop [Hrest Hset]]|(op & Hop & Hh & Hdisc & Hends)].
  - destruct (rests_on_load w (OfRequest r e) (reply_of x)) eqn:Er.
    + destruct (Hrest eq_refl) as [Hst Hat]. subst x. apply both_stores; try done.
      * apply turn_local; try done. intros n Hn. rewrite <- Hlook in Hn. rewrite (Hat n Hn). apply close_refl.
      * intros _. by eapply stands_told.
      * intros u ->. by apply Hset.
      * intros _ u t n El. destruct (Hst _ _ _ _ Hq El). done.
    + destruct (asks e) eqn:Ea.
      * destruct x as [why|res].
        -- rewrite as_whole_is. by erewrite (early _ _ _ _ _ _ _ _ _ _ w r Ea (eq_sym Ex) Er).
        -- assert (∃ o, e = FinishRequest o) as [o ->].
           { destruct e; try done; [..|by eexists]; unfold rests_on_load in Er; simpl in Er;
             destruct (e_reply (r_effects res)) as [| | | | |why] eqn:Ew; try done; by apply (turn_not_refused _ _ _ _ _ _ _ _ why (eq_sym Ex)) in Ew. }
           assert (c_login (own q) = None) as El.
           { pose proof (finish_cases _ _ _ _ _ _ _ (eq_sym Ex)) as (_ & _ & F).
             assert (e_reply (r_effects res) = Done) as Ed by (by inversion F).
             simpl in Er. unfold rests_on_load in Er. rewrite Ed, Hq in Er. destruct o; try done; by destruct (c_login (own q)). }
           rewrite Ex. apply both_stores; try done.
           ++ eapply turn_blind; try done; rewrite <- Ex; done.
           ++ intros _. unfold stands. by rewrite El.
      * subst x. apply both_stores; try done.
        -- by eapply turn_blind.
        -- congruence.
        -- intros u ->. by apply Hset.
        -- intros ->. done.
  - destruct x as [|res]; [done|]. simpl in Hop. rewrite Ex. apply both_stores; try done.
    + assert (e = ExpireSession ∨ e ≠ ExpireSession) as [->|E1] by (destruct e; auto); [by apply expire_blind|].
      assert ((e = ExpireOtherSessions ∨ ∃ h, e = ExpireHandle h) ∨ ¬ (e = ExpireOtherSessions ∨ ∃ h, e = ExpireHandle h)) as [E2|E2].
      { destruct e; try (right; intros [|[??]]; done); left; eauto. }
      * apply ends_local; [done|]. intros n Hn. specialize (Honce n Hn). unfold once, akin in *.
        assert (is_Some (w_loaded w r !! n) → is_Some (w_store w !! n)) as His.
        { destruct E2 as [->|[? ->]]; simpl in Hends; destruct Hends as [_ Hi]; apply Hi; by rewrite Hq. }
        destruct (w_loaded w r !! n), (w_store w !! n); try done. by destruct His.
      * apply turn_local; try done. intros n Hn.
        pose proof (op_is_about _ _ _ _ _ _ _ _ _ (eq_sym Ex) Hop E1 ltac:(naive_solver) ltac:(naive_solver) n Hn) as Hab.
        assert (held_id q = Some n) as Hn'.
        { destruct e; try done. simpl in Ex. unfold has_session_cookie, go_on in Ex. by simplify_eq/=. }
        destruct op; simpl in Hab, Hh; try done; subst.
        -- rewrite Hab, (g_gone _ _ _ _ G r q n Hq Hn' Hab). done.
        -- apply still_close; [done|apply (g_older _ _ _ _ G)].
        -- apply still_close; [by destruct Hh|apply (g_older _ _ _ _ G)].
        -- rewrite Hh. apply close_refl.
    + intros Ha. destruct e; try done; try (by eapply stands_told; [apply Hends|]).
      destruct (stands (w_numbers w) q) eqn:Es; [done|]. exfalso. unfold stands in Es.
      destruct (c_login (own q)) as [[[u|] t [k|]]|] eqn:El; try done. apply N.eqb_neq in Es.
      destruct o; try done; simpl in Ex; unfold finish_request in Ex.
      all: destruct (save _ _ _ _ q) as [|[[[? op'] ?] ?]] eqn:Ev; [done|]; simplify_eq/=.
      all: destruct (save_numbered _ _ _ _ _ _ _ _ _ _ _ _ Ev El) as [[i ->]|[(i & s & t0 & -> & Hu)|(i & j & s & -> & Hu)]].
      all: try (intros s Hs; destruct (b_requests _ _ _ B r (as_whole (w_numbers w) q)) as ((_ & _ & Hsound) & _);
        [by rewrite (g_requests _ _ _ _ G), lookup_fmap, Hq|]; rewrite as_whole_is in Hsound;
        destruct (Hsound _ _ Hs) as (_ & Hl & _); refine (Hl (Login (Some u) t (if stands (w_numbers w) q then Some 0 else None)) _); simpl; by rewrite El).
      all: simpl in Hh, Hdisc; try (by destruct (Hdisc _ _ _ _ Hq El)).
      all: unfold numbered in Hh; rewrite Hu in Hh; naive_solver.
    + intros u ->. exfalso. simpl in Ex. unfold set_user, holding, go_on in Ex. repeat case_match; by simplify_eq/=.
    + intros -> u t n El. simpl in Hends. destruct Hends as [Hst _]. by destruct (Hst _ _ _ _ Hq El).
Qed.
