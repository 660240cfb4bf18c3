(** What a driver answers or writes is one step of the one machine. *)
From Q Require Import DriversTurn DriversEnds Turns Whole Writes Runs Sessions Steps.

(** An event of any kind, over the store of the one machine. *)
Lemma compare cfg w h st r i x : good cfg w h st → bound_up cfg h st → is_of_driver w r (i_event i) → below_limits cfg w r →
  (∀ n, n ∈ d_ids (i_draws i) → n ∉ ids_drawn h) →
  x = rule cfg (i_now i) (i_draws i) (alone w r) (i_event i) →
  (op_of x = None ∧ is_final w r (i_event i) (reply_of x)) ∨
  (∃ op, op_of x = Some op ∧ holds w r op ∧ touches_in_time w r op ∧ discards_in_time w r op ∧ ends_in_time w r (i_event i)) →
  related w x (rule cfg (i_now i) (i_draws i) st (i_event i)).
Proof.
  intros G B Hof Hbelow Hf Ex Hcase. destruct i as [now d e]. cbn [i_event i_now i_draws] in *.
  assert (w_requests w !! r = None → size (requests (alone w r)) = 0%nat) as Hnone by (intros E; unfold alone; simpl; by rewrite E, map_size_empty).
  pose proof (alone_request w r) as Har. remember (alone w r) as al eqn:Eal.
  assert (store al = w_loaded w r) as Hst by (by subst al). assert (generations al = w_told w r) as Hto by (by subst al). clear Eal.
  destruct e as [r0 c a script p|r0 e|e].
  - destruct Hof as [[= ->]|[? _]]; [|done]. unfold rule in Ex. rewrite Har in Ex. unfold rule.
    rewrite (g_requests _ _ _ _ G), lookup_fmap.
    destruct (w_requests w !! r) as [q|] eqn:Eq; simpl in Ex |- *; [by subst x|].
    destruct Hbelow as (Hb1 & Hb2 & Hb3).
    assert (N.of_nat (size (as_whole (w_numbers w) <$> w_requests w)) <? max_requests cfg = true) as -> by (rewrite map_size_fmap; lia).
    assert (N.of_nat (size (requests al)) <? max_requests cfg = true) as Hs by (rewrite Hnone by done; lia).
    rewrite Hs, Hst in Ex. rewrite (g_store _ _ _ _ G).
    destruct (fits cfg a) eqn:Fa; [|unfold start in *; rewrite Fa in *; by subst x].
    destruct (fits cfg script) eqn:Fs; [|unfold start in *; rewrite Fa, Fs in *; by subst x].
    destruct x as [why|res].
    { exfalso. unfold start in Ex. rewrite Fa, Fs in Ex. unfold go_on in Ex. repeat case_match; done. }
    pose proof (start_cases _ _ _ _ _ _ _ _ (eq_sym Ex)) as (hd & rp & op & m' & -> & Hs').
    assert (∀ n, cookie_id c = Some n → w_loaded w r !! n = w_store w !! n) as Hexact.
    { intros n Hn. simpl in Hcase. destruct Hcase as [[-> [Hr _]]|(op' & -> & Hh & Ht & _)].
      - symmetry. apply Hr; [by inversion Hs'|done].
      - rewrite Hn in Hs'. inversion Hs'; subst; symmetry; [apply Hh|apply Ht]. }
    pose proof (start_local cfg now (w_loaded w r) (w_store w) c a script p Hexact) as HL.
    rewrite <- Ex in HL. simpl in HL. destruct (start cfg now (w_store w) c a script p) as [|b] eqn:Eb; [done|].
    destruct HL as (Hn & He & Ha & Ho). simpl. split; [done|]. split; [done|]. split; [by eexists|]. by rewrite Hn.
  - destruct Hof as [[= ->]|[? _]]; [|done]. unfold rule in *. rewrite Har, Hst, Hto in Ex.
    rewrite (g_requests _ _ _ _ G), lookup_fmap. destruct (w_requests w !! r) as [q|] eqn:Eq; simpl in Ex |- *; [|by subst x].
    rewrite (g_store _ _ _ _ G), (g_numbers _ _ _ _ G). eapply compare_turn; try done.
    destruct Hcase as [?|(op & ? & ? & ? & ? & ?)]; [by left|right; by exists op].
  - unfold rule in *. rewrite Hst in Ex. rewrite (g_store _ _ _ _ G). destruct e; simpl in Ex |- *; unfold manage in *.
    2-4: subst x; simpl; repeat split; by eexists; split; [by left|].
    unfold stored in *. assert (is_as_loaded w r i) as E.
    { destruct Hcase as [[_ [Hr _]]|(op & Hop & Hh & _)].
      - apply Hr; [|done]. subst x. destruct (w_loaded w r !! i); [|done]. done.
      - subst x. destruct (w_loaded w r !! i) eqn:E'; simplify_eq/=. apply Hh. }
    unfold is_as_loaded in E. rewrite E.
    subst x. destruct (w_loaded w r !! i); simpl; repeat split. by eexists; split; [by left|].
Qed.

(** ** What a driver knows after its own step *)

Lemma own_gone cfg now d st e q1 eff v' m n : happens cfg now d st e (Some q1) eff v' → older (store st) m →
  (∀ q, acting st e = Some q → held_id q = Some n → store st !! n = None → m !! n = None) →
  held_id q1 = Some n → v' !! n = None → write_op cfg m (e_op eff) !! n = None.
Proof.
  intros H O Hg Hn Hv. inversion H as [r c a script p hd rp op m0 Hr Hs|r e0 q q0 eff0 m0 Hq He Ht| |]; subst; clear H.
  - inversion Hs; subst; simpl in *; simplify_eq; unfold held_id in *; simpl in *; simplify_eq; try congruence.
    by rewrite lookup_insert in Hv.
  - specialize (Hg q). unfold acting in Hg. simpl in Hg. rewrite Hq in Hg. specialize (Hg eq_refl).
    inversion Ht; subst; unfold held_id in *; simpl in *; simplify_eq; unfold write_op; simpl; auto;
      repeat match goal with E : held q = _ |- _ => rewrite E in Hg; clear E end; auto;
      try (by rewrite lookup_insert in Hv).
    + rewrite end_user_lookup in *. destruct (m !! n) as [s'|] eqn:Em; [|done]. destruct (store st !! n) as [o|] eqn:Eo; [|by discriminate (Hg eq_refl eq_refl)].
      destruct (O _ _ _ Eo Em) as (_ & Hu & _). unfold is_of in *. rewrite Hu. by repeat case_match.
    + rewrite delete_where_lookup in *. destruct (m !! n) as [s'|] eqn:Em; [|done].
      destruct (store st !! n) as [o|] eqn:Eo; [|by discriminate (Hg Hn eq_refl)].
      destruct (O _ _ _ Eo Em) as (Hh & Hu & _). unfold is_of, has_handle in *. rewrite Hu, Hh. by repeat case_match.
Qed.

Lemma put_request w r st r0 : w_requests (put w r st) !! r0 = if decide (r = r0) then requests st !! r else w_requests w !! r0.
Proof.
  unfold put. simpl. destruct (decide (r = r0)) as [<-|]; [by rewrite lookup_partial_alter|by rewrite lookup_partial_alter_ne].
Qed.
Lemma put_loaded w r st r0 : w_loaded (put w r st) r0 = if decide (r = r0) then store st else w_loaded w r0.
Proof. unfold put. simpl. destruct (decide (r = r0)) as [<-|]; [by rewrite fn_lookup_insert|by rewrite fn_lookup_insert_ne]. Qed.
Lemma next_empty u : next_generation u ∅ = ∅.
Proof. unfold next_generation. apply map_eq. intros k. destruct (decide (u = k)) as [->|]; [by rewrite lookup_alter|by rewrite lookup_alter_ne]. Qed.
(** The state of a driver after a load, or after it was told a number. *)
Lemma loads_good cfg w h st r i : good cfg w h st → good cfg (put w r (with_stored (alone w r) i (w_store w !! i))) h st.
Proof.
  intros G. assert (w_requests (put w r (with_stored (alone w r) i (w_store w !! i))) = w_requests w) as Er.
  { apply map_eq. intros r0. rewrite put_request. case_decide as E; [|done]. subst r0. apply (alone_request w r). }
  constructor; try apply G; rewrite ?Er; try apply G; intros r0; rewrite put_loaded; case_decide as E; try apply G; subst r0; simpl.
  - intros n s s'. destruct (decide (i = n)) as [->|].
    + rewrite lookup_partial_alter. intros ??; simplify_eq. apply sib_refl.
    + rewrite lookup_partial_alter_ne by done. apply (g_older _ _ _ _ G).
  - intros q n Hq Hn. destruct (decide (i = n)) as [->|]; [by rewrite lookup_partial_alter|].
    rewrite lookup_partial_alter_ne by done. by apply (g_gone _ _ _ _ G r q n).
  - intros n. destruct (decide (i = n)) as [->|].
    + rewrite lookup_partial_alter. intros Hs. eapply stored_was_drawn; [apply G|]. by rewrite (g_store _ _ _ _ G).
    + rewrite lookup_partial_alter_ne by done. apply (g_drawn _ _ _ _ G).
Qed.
Lemma told_whole numbers u q : as_whole numbers (end_login u (N.eqb (default 0 (numbers !! u))) q) = as_whole numbers q.
Proof.
  destruct q as [h rc a sc rv [l k re vs gs ts]]. unfold as_whole, end_login, set_own. simpl.
  destruct l as [[[u1|] t [n|]]|]; try done. simpl. destruct (String.eqb_spec u1 u) as [->|]; [|done]. simpl.
  destruct (N.eqb_spec (default 0 (numbers !! u)) n) as [Heq|Hne]; simpl; [done|].
  by destruct (N.eqb_spec n (default 0 (numbers !! u))); [congruence|].
Qed.
Lemma tells_good cfg w h st r u : good cfg w h st → good cfg (put w r (with_generation (alone w r) u (number_of w u))) h st.
Proof.
  intros G. set (w' := put _ _ _). assert (∀ r0 q, w_requests w' !! r0 = Some q → ∃ q0, w_requests w !! r0 = Some q0 ∧
    (q = q0 ∨ q = end_login u (N.eqb (number_of w u)) q0)) as Hq.
  { intros r0 q. unfold w'. rewrite put_request. case_decide as E; [|by eauto]. subst r0. unfold with_generation. cbn [requests].
    rewrite lookup_fmap, alone_request. destruct (w_requests w !! r); simpl; intros; simplify_eq. eauto. }
  assert (as_whole (w_numbers w) <$> w_requests w' = as_whole (w_numbers w) <$> w_requests w) as Er.
  { apply map_eq. intros r0. rewrite !lookup_fmap. unfold w'. rewrite put_request. case_decide as E; [|done]. subst r0.
    unfold with_generation. cbn [requests]. rewrite lookup_fmap, alone_request.
    destruct (w_requests w !! r); simpl; [|done]. f_equal. apply told_whole. }
  constructor; try apply G.
  - change (w_numbers w') with (w_numbers w). rewrite Er. apply G.
  - intros r0. unfold w'. rewrite put_loaded. case_decide; [subst; apply (g_older _ _ _ _ G r0)|apply G].
  - intros r0 q n (q0 & Hq0 & Hqq)%Hq Hn Hl. assert (held_id q0 = Some n) as Hn0.
    { destruct Hqq as [->| ->]; [done|]. unfold held_id in *. by rewrite end_login_held in Hn. }
    apply (g_gone _ _ _ _ G r0 q0 n Hq0 Hn0). unfold w' in Hl. rewrite put_loaded in Hl. case_decide; [by subst|done].
  - intros r0 n. unfold w'. rewrite put_loaded. case_decide; [subst; apply (g_drawn _ _ _ _ G r0)|apply G].
  - intros r0 q (q0 & Hq0 & Hqq)%Hq. pose proof (g_ahead _ _ _ _ G r0 q0 Hq0) as A. destruct Hqq as [->| ->]; [done|].
    intros u1 t n. destruct (end_login_own u (N.eqb (number_of w u)) q0) as [->|(v & t1 & g & ? & -> & ->)]; [apply A|done].
Qed.

Lemma own_ahead cfg w r i res q u t n : rule cfg (i_now i) (i_draws i) (alone w r) (i_event i) = inr res → is_of_driver w r (i_event i) →
  (e_op (r_effects res) = None ∧ is_final w r (i_event i) (e_reply (r_effects res))) ∨
  (∃ op, e_op (r_effects res) = Some op ∧ holds w r op ∧ touches_in_time w r op ∧ discards_in_time w r op ∧ ends_in_time w r (i_event i)) →
  (∀ q, w_requests w !! r = Some q → not_ahead (w_numbers w) q) → r_next res = Some q →
  (∀ u, default 0 (w_numbers w !! u) <= default 0 (numbers_after w (r_ended res) !! u)) →
  c_login (own q) = Some (Login (Some u) t (Some n)) → n <= default 0 (numbers_after w (r_ended res) !! u).
Proof.
  intros H Hof Hcase Hah Hn Hgrow El. destruct (i_event i) as [r0 c a script p|r0 e|e].
  - apply rule_happens in H as [_ H]. rewrite Hn in H. inversion H; subst. done.
  - destruct Hof as [[= ->]|[? _]]; [|done]. unfold rule in H. rewrite alone_request in H.
    destruct (w_requests w !! r) as [q0|] eqn:Eq; [|done].
    destruct (next_login _ _ _ _ _ _ _ _ _ H Hn) as [E|[(E & _)|[(u1 & -> & Er & E)|(u1 & -> & Er & E)]]].
    + congruence.
    + rewrite E in El. etrans; [by eapply (Hah q0)|apply Hgrow].
    + rewrite E in El. simplify_eq. rewrite Er. simpl. destruct Hcase as [[_ [_ Ht]]|(op & Hop & _)].
      * specialize (Ht u eq_refl). unfold is_told in Ht. simpl. rewrite Ht. simpl. unfold number_of. lia.
      * exfalso. simpl in H. unf H. cases H.
    + rewrite Er in *. simpl in *. rewrite E in El. unfold login_again in El. destruct (c_login (own q0)) as [[lu lt lg]|] eqn:E0; [|done].
      simpl in El. case_bool_decide as D; simplify_eq/=.
      * destruct Hcase as [[Hop _]|(op & _ & _ & _ & _ & Hst & _)]; [exfalso; unf H; cases H|].
        destruct lg as [lg|]; [|exfalso; unf H; cases H].
        destruct (Hst _ _ _ _ Eq E0) as [_ Ht]. unfold is_told in Ht.
        unfold next_generation. rewrite lookup_alter, lookup_insert, Ht. simpl. lia.
      * etrans; [by eapply (Hah q0)|apply Hgrow].
  - apply rule_happens in H as [_ H]. rewrite Hn in H. inversion H.
Qed.
Lemma step_good cfg w h st r i st1 eff : good cfg w h st → is_of_driver w r (i_event i) → below_limits cfg w r →
  step cfg (alone w r) i = (st1, eff) →
  (e_op eff = None ∧ is_final w r (i_event i) (e_reply eff)) ∨
  (∃ op, e_op eff = Some op ∧ holds w r op ∧ touches_in_time w r op ∧ discards_in_time w r op ∧ ends_in_time w r (i_event i)) →
  fresh_draws (occurs cfg st i :: h) →
  good cfg (say i eff (put (match e_op eff with Some op => write cfg op w | None => w end) r st1)) (occurs cfg st i :: h) (step cfg st i).1.
Proof.
  intros G Hof Hbelow E Hcase Hfresh. pose proof (g_run _ _ _ _ G) as Hrun.
  assert (run cfg (occurs cfg st i :: h) (step cfg st i).1) as Hrun' by by constructor.
  pose proof (fair_before _ _ _ _ (conj Hrun' Hfresh)) as (_ & B & _ & Hf).
  pose proof (t_store_ops _ _ _ _ (conj Hrun' Hfresh)) as Hops.
  assert (∀ x, x = rule cfg (i_now i) (i_draws i) (alone w r) (i_event i) → op_of x = e_op eff → reply_of x = e_reply eff →
    related w x (rule cfg (i_now i) (i_draws i) st (i_event i))) as Hcmp.
  { intros x Ex E1 E2. eapply compare; try done. by rewrite E1, E2. }
  destruct (step_cases cfg (alone w r) i) as [(why & Ex & E')|(res & Ex & E')]; rewrite E' in E; simplify_eq/=.
  - specialize (Hcmp _ (eq_sym Ex) eq_refl eq_refl). simpl in Hcmp. unfold occurs in *.
    destruct (step_cases cfg st i) as [(why' & Ey & Ey')|(b & Ey & Ey')]; rewrite Ey in Hcmp; [|done]. subst why'. rewrite Ey' in *.
    cbn [fst snd] in *. assert (w_requests (put w r (alone w r)) = w_requests w) as Er.
    { apply map_eq. intros r0. rewrite put_request. case_decide as D; [|done]. subst r0. apply alone_request. }
    constructor; try done; try apply G.
    + change (w_requests (say _ _ ?x)) with (w_requests x). rewrite Er. apply G.
    + csimpl. by rewrite (g_said _ _ _ _ G).
    + intros r0. change (w_loaded (say _ _ ?x)) with (w_loaded x). rewrite put_loaded. case_decide; [subst; apply (g_older _ _ _ _ G r0)|apply G].
    + intros r0 q n. change (w_requests (say _ _ ?x)) with (w_requests x). change (w_loaded (say _ _ ?x)) with (w_loaded x).
      rewrite Er, put_loaded. case_decide; [subst; apply (g_gone _ _ _ _ G r0)|apply G].
    + intros r0 n Hs. rewrite drawn_ids. apply elem_of_app. right. apply (g_drawn _ _ _ _ G r0).
      revert Hs. change (w_loaded (say _ _ ?x)) with (w_loaded x). rewrite put_loaded. by case_decide; [subst|].
    + intros r0 q. change (w_requests (say _ _ ?x)) with (w_requests x). rewrite Er. apply G.
  - specialize (Hcmp _ (eq_sym Ex) eq_refl eq_refl). simpl in Hcmp.
    destruct (step_cases cfg st i) as [(why & Ey & Ey')|(b & Ey & Ey')]; rewrite Ey in Hcmp; [done|].
    destruct Hcmp as (Hen & Han & (o & Ho & Hno) & Hnx).
    pose proof (ended_is _ _ _ _ _ _ Ex) as Hend.
    set (w1 := match e_op (r_effects res) with Some op => write cfg op w | None => w end).
    assert (w_store w1 = write_op cfg (w_store w) (e_op (r_effects res))) as Hs1 by (unfold w1; by destruct (e_op (r_effects res))).
    assert (w_numbers w1 = numbers_after w (r_ended res)) as Hn1.
    { unfold w1. rewrite Hend. destruct (e_op (r_effects res)) as [[]|]; done. }
    assert (w_loaded w1 = w_loaded w ∧ w_requests w1 = w_requests w ∧ w_said w1 = w_said w) as (Hl1 & Hr1 & Hd1)
      by (unfold w1; by destruct (e_op (r_effects res))).
    assert (r_store b = w_store w1) as Hst.
    { rewrite Ey' in Hops. simpl in Hops. rewrite Hs1, <- (same_carried _ _ _ _ Ho), <- (g_store _ _ _ _ G).
      rewrite Hops. by apply no_number_carried. }
    clearbody w1.
    destruct (rule_happens _ _ _ _ _ _ Ex) as [_ Hhap].
    set (st1 := conclude (alone w r) (actor (i_event i)) res).
    assert (requests st1 !! r = r_next res) as Hreq.
    { unfold st1. destruct Hof as [->|[Ha Hnone]]; [apply conclude_request|].
      rewrite conclude_other by (by rewrite Ha). rewrite alone_request, Hnone.
      destruct (i_event i); try done. inversion Hhap; subst. by destruct (r_ended res). }
    assert (∀ r0, w_requests (put w1 r st1) !! r0 = if decide (r = r0) then r_next res else w_requests w !! r0) as Hput.
    { intros r0. rewrite put_request, Hreq, Hr1. done. }
    assert (∀ r0, w_loaded (put w1 r st1) r0 = if decide (r = r0) then r_store res else w_loaded w r0) as Hload.
    { intros r0. rewrite put_loaded, Hl1. done. }
    rewrite Ey'. cbn [fst snd].
    assert (∀ n, is_Some (w_store w1 !! n) → is_Some (w_store w !! n) ∨ n ∈ d_ids (i_draws i)) as Hiss.
    { intros n Hs. rewrite <- (g_store _ _ _ _ G). apply (issued cfg). rewrite Ey'. simpl. by rewrite Hst. }
    constructor.
    + rewrite Ey' in Hrun'. exact Hrun'.
    + simpl. exact Hst.
    + simpl. rewrite (g_numbers _ _ _ _ G). destruct (r_ended b); [apply next_empty|done].
    + change (w_numbers (say _ _ ?x)) with (w_numbers x). change (w_requests (say _ _ ?x)) with (w_requests x).
      change (w_numbers (put w1 r st1)) with (w_numbers w1). rewrite Hn1. apply map_eq. intros r0. rewrite lookup_fmap, Hput.
      destruct (decide (Some r0 = actor (i_event i))) as [Ha|Ha].
      * rewrite <- Ha. rewrite conclude_request, Hnx. destruct Hof as [Hof|[Hof _]]; [|congruence].
        case_decide; [done|congruence].
      * rewrite conclude_other by congruence. rewrite (g_requests _ _ _ _ G), lookup_fmap, Hen.
        case_decide as D.
        { subst r0. destruct Hof as [Hof|[Hof Hnone]]; [congruence|]. rewrite Hnone. simpl.
          destruct (i_event i); try done. inversion Hhap; subst. simpl. by destruct (r_ended res). }
        destruct (w_requests w !! r0) as [q|] eqn:Eq; simpl; [|by destruct (r_ended res)].
        unfold numbers_after. destruct (r_ended res) as [u|]; [|done]. simpl. f_equal. apply ended_whole. by apply (g_ahead _ _ _ _ G r0).
    + csimpl. rewrite Hd1, <- (g_said _ _ _ _ G), <- Han. unfold occurs. simpl. by rewrite Ey'.
    + intros r0. change (w_loaded (say _ _ ?x)) with (w_loaded x). change (w_store (say _ _ ?x)) with (w_store w1). rewrite Hload. case_decide.
      * rewrite Hs1. eapply own_write; [apply (rule_writes _ _ _ _ _ _ Ex)|apply (g_older _ _ _ _ G)].
      * intros n s s' Hv Hm. destruct (w_store w !! n) as [o'|] eqn:Em.
        -- eapply sib_trans; [by eapply (g_older _ _ _ _ G)|]. rewrite <- (g_store _ _ _ _ G) in Em.
           eapply (stays _ _ _ _ _ _ _ Ey B Hf); [done|by rewrite Hst].
        -- exfalso. destruct (Hiss n) as [Hi|Hi]; [by eexists|rewrite Em in Hi; by destruct Hi|].
           apply (Hf n Hi), (g_drawn _ _ _ _ G r0). by eexists.
    + intros r0 q n. change (w_loaded (say _ _ ?x)) with (w_loaded x). change (w_requests (say _ _ ?x)) with (w_requests x).
      change (w_store (say _ _ ?x)) with (w_store w1). rewrite Hload, Hput. case_decide as D.
      * intros Hq Hn Hv. rewrite Hs1. rewrite Hq in Hhap. eapply own_gone; [exact Hhap|apply (g_older _ _ _ _ G)| |done|done].
        intros q0 Hac Hn0 Hv0. unfold acting in Hac. destruct Hof as [Ha|[Ha Hnone]]; rewrite Ha in Hac; [|done].
        change (requests (alone w r) !! r = Some q0) in Hac. rewrite alone_request in Hac. by eapply (g_gone _ _ _ _ G).
      * intros Hq Hn Hv. pose proof (g_gone _ _ _ _ G r0 q n Hq Hn Hv) as Hm.
        destruct (w_store w1 !! n) eqn:Em; [|done]. exfalso. destruct (Hiss n) as [Hi|Hi]; [by eexists|rewrite Hm in Hi; by destruct Hi|].
        destruct (b_requests _ _ _ B r0 (as_whole (w_numbers w) q)) as (_ & _ & Hd).
        { by rewrite (g_requests _ _ _ _ G), lookup_fmap, Hq. }
        apply (Hf n Hi), Hd. by rewrite as_whole_is.
    + intros r0 n. change (w_loaded (say _ _ ?x)) with (w_loaded x). rewrite Hload, drawn_ids, elem_of_app. case_decide.
      * intros Hs. pose proof (issued cfg (alone w r) i n) as Hi. rewrite E' in Hi. apply Hi in Hs as [Hs|Hs]; [|by left].
        right. by apply (g_drawn _ _ _ _ G r).
      * intros Hs. right. by apply (g_drawn _ _ _ _ G r0).
    + assert (∀ u, default 0 (w_numbers w !! u) <= default 0 (numbers_after w (r_ended res) !! u)) as Hgrow.
      { intros u. unfold numbers_after, number_of. destruct (r_ended res) as [u1|]; [|lia]. destruct (decide (u1 = u)) as [->|].
        - rewrite lookup_insert. simpl. lia. - rewrite lookup_insert_ne by done. lia. }
      intros r0 q. change (w_requests (say _ _ ?x)) with (w_requests x). change (w_numbers (say _ _ ?x)) with (w_numbers w1).
      rewrite Hput, Hn1. case_decide as D.
      * intros Hq u t n El. eapply own_ahead; try done. by apply (g_ahead _ _ _ _ G).
      * intros Hq u t n El. etrans; [by eapply (g_ahead _ _ _ _ G)|apply Hgrow].
Qed.
