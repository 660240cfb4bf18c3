(** The claims about what a request has done until it saves. *)
From Q Require Export Trails.

Lemma happens_save cfg now d st e nx eff m' r : happens cfg now d st e nx eff m' → saves e r → ∃ q c o,
  requests st !! r = Some q ∧ e = OfRequest r (FinishRequest o) ∧ e_reply eff = Done ∧
  fst <$> e_cookie eff = match c with Some c => Some c | None => carried q end ∧
  saves_as cfg now d (store st) q (e_op eff) c m'.
Proof.
  intros H He. destruct H as [|r0 e q q' eff m' _ Hne _|r0 o q eff m' Hq Hf|]; [by destruct He|..|by destruct He].
  - exfalso. destruct He as [He|He]; injection He as -> ->; by eapply Hne.
  - assert (r0 = r) as -> by (destruct He as [He|He]; by injection He).
    destruct Hf as [o c m' eff _ Hs Hr Hc|o eff Hno]; [by exists q, c, o|]. exfalso. apply Hno.
    destruct He as [He|He]; injection He as ->; auto.
Qed.
(** What is known of a save in a fair run. *)
Lemma save_known cfg h st i r : fair_run cfg (occurs cfg st i :: h) (step cfg st i).1 → saves (i_event i) r →
  accepted (occurs cfg st i) = true → ∃ q t c o, requests st !! r = Some q ∧ trail_of cfg h r = Some t ∧
  agrees (store st) t q ∧ sound q ∧ all_tied (store st) q ∧ InvA cfg st ∧ bound_up cfg h st ∧
  i_event i = OfRequest r (FinishRequest o) ∧
  e_reply (step cfg st i).2 = Done ∧
  fst <$> e_cookie (step cfg st i).2 = match c with Some c => Some c | None => carried q end ∧
  saves_as cfg (i_now i) (i_draws i) (store st) q (e_op (step cfg st i).2) c (store (step cfg st i).1).
Proof.
  intros H He. pose proof (fair_before _ _ _ _ H) as (Hrun & B & _ & _). destruct H as [_ Hf]. apply fresh_cons in Hf as [Hf _].
  unfold accepted, occurs. cbn [o_eff]. by_rule cfg st i; [done|]. intros _.
  destruct (rule_happens _ _ _ _ _ _ H) as [_ Hh].
  destruct (happens_save _ _ _ _ _ _ _ _ _ Hh He) as (q & c & o & Hq & Ho & Hr & Hc & Hs).
  destruct (trail_run _ _ _ Hrun Hf _ _ Hq) as (t & Ht & Ha & _). destruct (b_requests _ _ _ B _ _ Hq) as (Hsd & Htd & _).
  pose proof (invA_run _ _ _ Hrun). by exists q, t, c, o.
Qed.
(** A save that writes was accepted. *)
Lemma wrote cfg st i : e_op (step cfg st i).2 ≠ None → accepted (occurs cfg st i) = true.
Proof.
  unfold accepted, occurs. cbn [o_eff]. by_rule cfg st i; [done|]. intros _.
  destruct (e_reply (r_effects res)) eqn:E; try done. by eapply not_refused in H.
Qed.
Lemma written_wrote cfg st i n s : written (e_op (step cfg st i).2) = Some (n, s) → accepted (occurs cfg st i) = true.
Proof. intros H. apply wrote. intros E. by rewrite E in H. Qed.

(** ** What a save makes of the changes *)

Lemma fold_all c l q x : (length q ≤ bound c)%nat → x ∈ q ∨ x ∈ l →
  x ∈ foldl (push_new c) q l ∨ length (foldl (push_new c) q l) = bound c.
Proof.
  revert q. induction l as [|y l IH]; simpl; intros q Hq Hx; [destruct Hx as [?|?%elem_of_nil]; by auto|].
  assert (length (push_new c q y) ≤ bound c)%nat as Hl by (by apply push_new_length).
  destruct (decide (x ∈ push_new c q y ∨ x ∈ l)) as [?|Hn]; [by apply IH|]. right.
  assert (length (push_new c q y) = bound c) as Hfull.
  { unfold push_new in *. destruct (among y q) eqn:E.
    - apply among_spec in E. exfalso. apply Hn. destruct Hx as [?|[->|?]%elem_of_cons]; auto.
    - unfold push in *. rewrite app_length, drop_length in *. simpl in *. destruct (decide (S (length q) ≤ bound c)%nat).
      + exfalso. apply Hn. replace (S (length q) - bound c)%nat with 0%nat by lia. rewrite drop_0, elem_of_app, elem_of_list_singleton.
        destruct Hx as [?|[->|?]%elem_of_cons]; auto.
      + pose proof (bound_pos c). lia. }
  clear -Hfull. revert Hfull. generalize (push_new c q y). induction l as [|z l IH]; simpl; intros p Hp; [done|]. apply IH.
  unfold push_new. case_match; [done|]. unfold push. rewrite app_length, drop_length. simpl. pose proof (bound_pos c). lia.
Qed.
Lemma merged_is cfg now m q t old s : merges cfg now m q old s → sound q → all_tied m q → agrees m t q →
  (∀ n o, m !! n = Some o → bounded_tokens cfg o) → is_merged cfg t old s.
Proof.
  intros H Hq Ht (A1 & A2 & A3 & A4 & A5 & A6 & A7 & A8 & _) Hb. pose proof Hq as (Hk & _ & Hs).
  destruct old as [old|].
  - apply merges_some in H as (n & mine & at_ & Hh & Hn & -> & Hle). destruct (Hs _ _ Hh) as (_ & Hl & _).
    destruct (Ht _ _ _ Hh Hn) as (_ & _ & Hu). unfold is_merged. cbn [user values tokens set_accessed].
    rewrite apply_user, apply_vals, apply_tokens, A4, A5, A6, (A8 _ _ Hh). split; [|split; [|split]].
    + destruct (c_login (own q)) as [l|] eqn:El; [by rewrite (Hl l eq_refl)|]. by rewrite Hk in Hu.
    + intros k. rewrite apply_values_lookup. destruct (c_values (own q) !! k); [done|].
      destruct (c_keeps (own q)); simpl; rewrite ?bool_decide_true, ?bool_decide_false by done; by rewrite ?lookup_empty.
    + intros x [[Hx1 Hx2]%in_keep|Hx]%in_fold; [right|by left]. eauto.
    + intros x Hx. apply fold_all.
      * etrans; [apply keep_tokens_length|by eapply Hb].
      * destruct Hx as [Hx|(-> & o & [= <-] & Hx)]; auto.
  - apply merges_none in H as [H|(n & mine & l & at_ & Hh & Hbg & -> & Hle)].
    + destruct (Hs _ _ H) as (_ & _ & Hm). destruct (Hm eq_refl) as (M1 & M2 & _). unfold is_merged.
      rewrite A5, A6, M1. split; [symmetry; by eapply A8|]. split; [done|]. split; [by left|]. intros x [?|(_ & o & [=] & _)]. by left.
    + destruct (Hs _ _ Hh) as (_ & Hl & _). unfold is_merged. cbn [user values tokens set_accessed].
      rewrite apply_user, apply_vals, apply_tokens, A5, A6, (A8 _ _ Hh). split; [|split; [|split]].
      * unfold begins in Hbg. destruct (c_login (own q)) as [l1|] eqn:El; [|done]. by rewrite (Hl l1 eq_refl).
      * intros k. rewrite apply_values_lookup. destruct (c_values (own q) !! k); [done|].
        destruct (c_keeps (own q)); simpl; by rewrite lookup_empty.
      * intros x [[_ Hx2%elem_of_nil]%in_keep|Hx]%in_fold; [done|by left].
      * intros x Hx. apply fold_all; [destruct (c_keeps (own q)); simpl; lia|]. destruct Hx as [Hx|(_ & o & [=] & _)]. by right.
Qed.
Lemma merged_addr cfg now m q old s l : merges cfg now m q old s → sound q → begins (own q) = Some l →
  addr s = r_addr q ∧ created s = l_at l.
Proof.
  intros H (_ & _ & Hs) Hb. destruct old as [old|].
  - apply merges_some in H as (n & mine & at_ & Hh & Hn & -> & Hle). cbn [addr created set_accessed].
    by rewrite apply_addr, apply_created, Hb.
  - apply merges_none in H as [H|(n & mine & l' & at_ & Hh & Hb' & -> & Hle)].
    + destruct (Hs _ _ H) as (_ & _ & Hm). by apply Hm.
    + cbn [addr created set_accessed]. by rewrite apply_addr, apply_created, Hb.
Qed.
Lemma merged_old cfg now st q old old' s : merges cfg now (store st) q old s → saved_onto cfg now st q old' → old' = old.
Proof.
  intros H Ho. unfold saved_onto, held_id in Ho. inversion H; subst; rewrite H0 in Ho; destruct old' as [o'|];
    try (destruct Ho as (n' & ? & ? & ?)); simplify_eq; try done. exfalso. by eapply H2, Ho.
Qed.
Lemma written_merged cfg now d m q op c m' n s : saves_as cfg now d m q op c m' → written op = Some (n, s) →
  m' !! n = Some s ∧ ∃ old s0 x, merges cfg now m q old s0 ∧ s = set_handle s0 x ∧ alive (own q) ∧
    (moves (own q) = true → held_id q = Some n → n ∈ d_ids d) ∧ (is_Some old → ∀ y, handle s0 = Some y → x = Some y).
Proof.
  intros H Hw. destruct H as [|s0 Hm Hi Hd|i s0 g left t Hm Hi Ha Hd Hf Hdr Hl|n0 old s0 Hm Hon Hi Ha Hmv Hu
    |old n0 i s0 g Hm Hon Hi Ha Hmv Hf Hdr|]; simplify_eq/=; try done; rewrite lookup_insert; (split; [done|]).
  - exists None, s0, (Some (d_handle d)). do 4 (split; [done|]). by intros [].
  - exists (Some old), s, (handle s). split; [done|]. split; [by destruct s|]. split; [done|]. split; [congruence|done].
  - exists old, s0, (Some (default (d_handle d) (handle s0))). do 3 (split; [done|]). split; [|by intros _ y ->].
    intros _ Hn. destruct Hon as [Hn0 [o Ho]]. congruence.
Qed.

Lemma begins_agrees m t q : agrees m t q → t_begins t ↔ ∃ l, begins (own q) = Some l.
Proof.
  intros (_ & A2 & _ & A4 & _). unfold t_begins, begins. rewrite A2, A4. destruct (c_login (own q)) as [l|]; simpl.
  - destruct (l_user l); simpl; [split; [by eauto|by left; eexists]|]. case_bool_decide as E; simpl.
    + split; [by eauto|by right].
    + split; [by intros [[??]|?]|by intros [??]].
  - split; [done|by intros [??]].
Qed.
Lemma begins_login ch l : begins ch = Some l → c_login ch = Some l.
Proof. unfold begins. destruct (c_login ch); [|done]. by case_match. Qed.

Lemma merged_rest cfg now m q t old s x : merges cfg now m q (Some old) s → agrees m t q → is_Some (handle old) →
  (∀ y, handle s = Some y → x = Some y) → leaves_the_rest t (Some old) (set_handle s x).
Proof.
  intros (n & mine & at_ & Hh & Hn & -> & Hle)%merges_some Hag [y Hy] Hx o [= <-].
  pose proof (begins_agrees _ _ _ Hag) as Hb. destruct Hag as (_ & _ & _ & A4 & _).
  cbn [handle accessed addr created set_handle set_accessed] in *. rewrite apply_handle, Hy in Hx. split; [|split].
  - etrans; [|exact Hle]. rewrite apply_accessed. destruct (begins (own q)); lia.
  - rewrite A4, Hy. destruct (c_keeps (own q)); [by left|right; by apply Hx..].
  - destruct (begins (own q)) as [l|] eqn:E; [left; apply Hb; by eexists|right]. by rewrite apply_addr, apply_created, E.
Qed.
Theorem t_reading : reading_stores_nothing.
Proof.
  intros cfg h st i r t H He Ht Hc Ha. destruct (save_known _ _ _ _ _ H He Ha)
    as (q & t' & c & o & Hq & Ht' & Hag & Hs & Htd & _ & _ & _ & _ & Hck & Hsv).
  rewrite Ht in Ht'. injection Ht' as <-. destruct Hag as (_ & _ & _ & _ & _ & _ & _ & _ & A9 & _).
  destruct (A9 Hc) as (Eo & Er & i0 & s0 & Hh & Hinfo). unfold carried in Hck. rewrite Er in Hck.
  assert (∀ s, merges cfg (i_now i) (store st) q None s → held_id q = None ∧ has_info s = false) as Hm.
  { intros s [Hm|(n & mine & l & x & _ & Hb & _)]%merges_none; [|by rewrite Eo in Hb].
    rewrite Hm in Hh. simplify_eq. unfold held_id. rewrite Hm. auto. }
  destruct Hsv as [|s Hms|i1 s g left x Hms Hi|n old s _ _ _ _ _ Hu|old n i1 s g Hms [Hn _] _ _ Hmv|old n s c _ _ _ _ Hu];
    rewrite ?Eo in *; try done.
  1, 2: split; [done|]; by destruct (e_cookie _).
  - destruct (Hm s Hms). congruence.
  - destruct old; [by discriminate Hmv|]. destruct (Hm s Hms). congruence.
Qed.
(** A save that writes, in the words of its trail. *)
Lemma written_known cfg h st i r t n s : fair_run cfg (occurs cfg st i :: h) (step cfg st i).1 → saves (i_event i) r →
  trail_of cfg h r = Some t → written (e_op (step cfg st i).2) = Some (n, s) →
  store (step cfg st i).1 !! n = Some s ∧ ∃ q, requests st !! r = Some q ∧ agrees (store st) t q ∧ alive (own q) ∧
  (moves (own q) = true → held_id q ≠ Some n) ∧
  ∃ old s0 x, merges cfg (i_now i) (store st) q old s0 ∧ s = set_handle s0 x ∧ is_merged cfg t old s ∧ leaves_the_rest t old s ∧
    ∀ l, begins (own q) = Some l → addr s = r_addr q ∧ created s = l_at l.
Proof.
  intros H He Ht Hw. pose proof (fair_before _ _ _ _ H) as (_ & B & _ & Hi).
  destruct (save_known _ _ _ _ _ H He (written_wrote _ _ _ _ _ Hw))
    as (q & t' & c & o & Hq & Ht' & Hag & Hs & Htd & [HA _] & _ & _ & _ & _ & Hsv).
  rewrite Ht in Ht'. injection Ht' as <-.
  destruct (written_merged _ _ _ _ _ _ _ _ _ _ Hsv Hw) as (Hn & old & s0 & x & Hm & -> & Hal & Hmv & Hx).
  split; [done|]. exists q. split; [done|]. split; [done|]. split; [done|]. split.
  { intros Hmv' Hid. apply (Hi n); [by apply Hmv|]. by apply (b_requests _ _ _ B _ _ Hq). }
  exists old, s0, x. split; [done|]. split; [done|]. split.
  - apply (merged_is _ _ _ _ _ _ _ Hm Hs Htd Hag). intros n' o' Ho'. by apply HA in Ho' as [? _].
  - split; [|intros l Hl; by eapply (merged_addr _ _ _ _ _ s0)]. destruct old as [old|]; [|done].
    apply (merged_rest _ _ _ _ _ _ _ _ Hm Hag); [|by apply Hx]. apply merges_some in Hm as (n' & _ & _ & _ & Ho & _).
    apply (b_stored _ _ _ B) in Ho as (_ & y & -> & _). by eexists.
Qed.
Theorem t_login_begins : login_begins_a_session.
Proof.
  intros cfg h st i r q t n s H He Hq Ht Hw.
  destruct (written_known _ _ _ _ _ _ _ _ H He Ht Hw) as (_ & q' & Hq' & Hag & _ & Hmv & old & s0 & x & _ & _ & Hm & _ & Hb).
  rewrite Hq in Hq'. injection Hq' as <-. pose proof (begins_agrees _ _ _ Hag) as Hbg.
  pose proof Hag as (A1 & A2 & _ & _ & _ & _ & A7 & _). split.
  - intros Hor. apply Hmv. unfold moves. destruct Hor as [[l Hl]%Hbg|E]; [rewrite Hl; by rewrite orb_true_r|by rewrite <- A7, E].
  - intros [l Hl]%Hbg. destruct (Hb _ Hl) as [-> ->]. rewrite A1, A2, (begins_login _ _ Hl). by destruct Hm as [-> _].
Qed.
Theorem t_values_stay : values_stay_with_their_user.
Proof.
  intros cfg h st i r q t n s H He Hq Ht Hw Hk.
  destruct (written_known _ _ _ _ _ _ _ _ H He Ht Hw) as (_ & q' & _ & _ & _ & _ & old & s0 & x & _ & _ & (_ & Hv & Hx & _) & _ & _).
  split.
  - intros k v Hkv. rewrite Hv in Hkv. rewrite bool_decide_true in Hkv by done.
    destruct (t_values t !! k); [congruence|]. by destruct old.
  - intros y [?|[? _]]%Hx; [done|congruence].
Qed.
Theorem t_ended_user : ended_user_stays_ended.
Proof.
  intros cfg h st i r t u at_ n s H He Ht Hl Hen Hw.
  destruct (written_known _ _ _ _ _ _ _ _ H He Ht Hw) as (_ & q & _ & (_ & A2 & A3 & _) & Hal & _).
  rewrite Hl in A2. destruct (c_login (own q)) as [[u' at' g]|] eqn:El; simplify_eq/=.
  apply (Hal u at'). rewrite El. by rewrite (A3 Hen _ eq_refl : g = None).
Qed.
Theorem t_no_update : no_update_is_lost.
Proof.
  intros cfg h st i r q t old H He Hd Hq Hheld Ht Hold. pose proof (fair_before _ _ _ _ H) as (_ & B & _).
  assert (accepted (occurs cfg st i) = true) as Ha by (unfold accepted, occurs; cbn [o_eff]; by rewrite Hd).
  destruct (save_known _ _ _ _ _ H He Ha) as (q' & t' & c & o & Hq' & Ht' & Hag & Hs & Htd & [HA _] & _ & _ & _ & _ & Hsv).
  rewrite Hq in Hq'. injection Hq' as <-. rewrite Ht in Ht'. injection Ht' as <-.
  assert (∀ old' s, merges cfg (i_now i) (store st) q old' s → old = old' ∧ is_merged cfg t old s) as Hm.
  { intros old' s Hm. pose proof (merged_old _ _ _ _ _ _ _ Hm Hold) as <-. split; [done|].
    apply (merged_is _ _ _ _ _ _ _ Hm Hs Htd Hag). intros n' o' Ho'. by apply HA in Ho' as [? _]. }
  destruct (written (e_op (step cfg st i).2)) as [[n s]|] eqn:Hw.
  - destruct (written_known _ _ _ _ _ _ _ _ H He Ht Hw) as (Hn & q' & Hq' & _ & _ & _ & old' & s0 & x & Hm0 & -> & _ & Hrest & _).
    rewrite Hq in Hq'. injection Hq' as <-. split; [done|].
    destruct (Hm _ _ Hm0) as [-> Hm1]. by split.
  - destruct Hsv as [Hnew Hstored|s Hms Hi Hn| | | |old' n s c Hms Hon Hi _ _]; try done.
    + destruct Hheld as [[[n|] s] Hh].
      * left. destruct (Hstored _ _ Hh) as [Hbt Htk]. apply but_tokens_spec in Hbt as (E1 & E2 & E3 & _).
        destruct Hag as (_ & A2 & _ & _ & A5 & A6 & A7 & _). unfold t_only_tokens, held_id. rewrite A2, A5, A6, A7, E1, E2, E3, Hh.
        split; [done|]. split; [|done]. destruct Htk as [?|Hto]; [by left|right]. split; [|by eexists].
        destruct old as [old|]; [|done]. destruct Hold as (n' & Hn' & Ho & Hno). unfold held_id in Hn'. rewrite Hh in Hn'.
        simplify_eq. by destruct (Hno (Hto _ Ho)).
      * right. split; [|intros n; unfold held_id; by rewrite Hh]. exists s. split; [|by apply Hnew].
        by apply (Hm None), merges_new.
    + right. split; [|done]. exists s. split; [by apply (Hm None)|done].
    + right. split; [exists s; split; [by apply (Hm old')|done]|]. intros n' Hn'. destruct Hon as [Hid _].
      rewrite Hid in Hn'. injection Hn' as <-. apply lookup_delete.
Qed.
Theorem t_orphan : no_session_is_orphaned.
Proof.
  intros cfg h st i r t n c path H Ha Ht Hn. pose proof (fair_before _ _ _ _ H) as (Hrun & B & _ & _).
  destruct H as [_ Hf]. apply fresh_cons in Hf as [Hf _].
  by_rule cfg st i; [done|]. intros Hck Hne. destruct (rule_happens _ _ _ _ _ _ H) as [_ Hh].
  destruct Hh as [r0 c0 a script p h0 rp op m' Hr Hs|r0 e q q' eff m' Hq Hno Htn|r0 o q eff m' Hq Hfin|]; [done| |..|done].
  { by inversion Htn; subst. }
  injection Ha as ->. destruct (trail_run _ _ _ Hrun Hf _ _ Hq) as (t' & Ht' & (_ & _ & _ & _ & _ & _ & _ & _ & _ & A10) & _).
  rewrite Ht in Ht'. injection Ht' as <-. specialize (A10 _ Hn). destruct (b_requests _ _ _ B _ _ Hq) as ((_ & Hrev & _) & _ & _).
  assert (carried q = Some c → store st !! n = None) as Hcar.
  { unfold carried. destruct (revoked q) eqn:Er; [|done]. intros _. specialize (Hrev eq_refl). destruct A10 as [?|[??]]; congruence. }
  destruct Hfin as [o c0 m' eff _ Hsv _ Hc|o eff _ _ _ [Hc|[_ Hc]]]; rewrite Hck in Hc; [|simpl in Hc; by apply Hcar|done].
  simpl in Hc. destruct Hsv as [|s|i1 s g left x Hm Hi _ Hd _ _ Hl|n1 old s _ [Hid _]|old n1 i1 s g _ [Hid [o1 Ho1]] _ _ _ Hfr|old n1 s c0 _ [Hid _]].
  - by apply Hcar.
  - by apply Hcar.
  - injection Hc as ->. assert (store st !! n = None) as Hnone by (destruct A10 as [?|[_ ?]]; auto).
    rewrite lookup_insert_ne by congruence.
    destruct Hl as [[-> _]|[[-> _]|[-> _]]]; [done|..]; by rewrite delete_where_lookup, Hnone.
  - exfalso. unfold carried in Hc. destruct (revoked q); [|done]. specialize (Hrev eq_refl). congruence.
  - assert (n1 = n) as -> by (destruct A10 as [?|[??]]; congruence). rewrite lookup_insert_ne by congruence. apply lookup_delete.
  - assert (n1 = n) as -> by (destruct A10 as [?|[??]]; congruence). apply lookup_delete.
Qed.
