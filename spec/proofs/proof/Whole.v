(** The ties hold in every state of a run with fresh draws. *)
From Q Require Export Places Runs Inv.

Inductive place := Stored (n : N) | Own (r : N).
Definition at_place (m : gmap N session) (rs : gmap N request) (p : place) : list N :=
  match p with
  | Stored n => match m !! n with Some s => tokens s | None => [] end
  | Own r => match rs !! r with Some q => c_tokens (own q) | None => [] end
  end.
Notation at_ st := (at_place (store st) (requests st)).
Definition accepted_before (h : list occurrence) (t : N) := ∃ o, o ∈ h ∧ accepts o t.
Record bound_up (cfg : config) (h : list occurrence) (st : state) : Prop := {
  b_stored : ∀ n o, store st !! n = Some o → created o <= accessed o ∧ ∃ x, handle o = Some x ∧ x ∈ handles_drawn h;
  b_handles : ∀ n1 n2 o1 o2, store st !! n1 = Some o1 → store st !! n2 = Some o2 → handle o1 = handle o2 → n1 = n2;
  b_requests : ∀ r q, requests st !! r = Some q → sound q ∧ all_tied (store st) q ∧
    ∀ n, held_id q = Some n → n ∈ ids_drawn h;
  b_once : ∀ p, NoDup (at_ st p);
  b_place : ∀ p1 p2 t, t ∈ at_ st p1 → t ∈ at_ st p2 → p1 = p2;
  b_drawn : ∀ p t, t ∈ at_ st p → t ∈ tokens_drawn h ∧ ¬ accepted_before h t;
  b_accepted : ∀ t, accepted_before h t → t ∈ tokens_drawn h }.

(** ** The requests *)

Lemma end_login_sound u f q : sound q → sound (end_login u f q).
Proof.
  intros Hq. unfold end_login. destruct (c_login (own q)) as [[[v|] t [g|]]|] eqn:E; try done. case_match; try done.
  destruct Hq as (Hk & Hr & Hs). split; [done|]. split; [done|]. intros i s Hh. destruct (Hs i s Hh) as (? & Hl & Hm).
  split; [done|]. split; [intros l [= <-]; by apply (Hl _ E)|].
  intros Hi. destruct (Hm Hi) as (? & ? & Hb). split; [done|split; [done|]]. intros l [= <-].
  apply (Hb (Login (Some v) t (Some g))). unfold begins. by rewrite E.
Qed.
Lemma end_login_tied m u f q : all_tied m q → all_tied m (end_login u f q).
Proof.
  intros H n s o Hh Ho. rewrite end_login_held in Hh. specialize (H _ _ _ Hh Ho). unfold tied in *.
  destruct (end_login_own u f q) as [->|(?&?&?&?&?&->)]; exact H.
Qed.
Lemma follows_tied d m m' q : follows d m m' → all_tied m q → (∀ n, held_id q = Some n → n ∉ d_ids d) → all_tied m' q.
Proof.
  intros [i Hf] Ht Hn n s o Hh Ho. destruct (Hf _ _ Ho) as [(o0 & Ho0 & Hs)|(-> & _ & Hi & _)].
  - eapply tied_same; [by eapply Ht|done].
  - exfalso. apply (Hn i); [unfold held_id; by rewrite Hh|done].
Qed.
Lemma happens_follows cfg now d h st e nx eff m' : happens cfg now d st e nx eff m' → bound_up cfg h st → follows d (store st) m'.
Proof.
  intros H B. inversion H; subst; clear H.
  - by eapply start_follows.
  - by eapply turn_follows.
  - destruct (b_requests _ _ _ B _ _ H0) as (Hs & Ht & _). inversion H1; subst; [|by apply follows_fewer].
    eapply save_follows; try done. intros n o1 Ho. by apply (b_stored _ _ _ B) in Ho as [? _].
  - by apply follows_fewer.
Qed.
Lemma start_next cfg now m a c h r op m' q : starts cfg now m a c h r op m' → held q = Some h → own q = no_changes → revoked q = false →
  (∀ n o, m !! n = Some o → created o <= accessed o) →
  sound q ∧ all_tied m' q ∧ ∀ n, held_id q = Some n → is_Some (m !! n).
Proof.
  intros H Hh Ho Hr Hc. unfold sound, all_tied, tied, made, held_id. rewrite Hh, Ho, Hr. destruct H.
  all: repeat split; try done; intros; simplify_eq/=; try done; try lia.
  all: repeat match goal with E : Some _ = Some _ |- _ => injection E as E; subst end.
  all: try (by eauto). all: lookups; try done; try (by eauto). all: try (unfold touched in *; specialize (Hc _ _ H); lia).
Qed.
Lemma next_sound cfg now d h st e nx eff m' q : happens cfg now d st e nx eff m' → bound_up cfg h st → InvA cfg st →
  (∀ n, is_Some (store st !! n) → n ∈ ids_drawn h) → nx = Some q →
  sound q ∧ all_tied m' q ∧ ∀ n, held_id q = Some n → n ∈ ids_drawn h.
Proof.
  intros H B [_ A] Hd Hn. inversion H; subst; clear H; simplify_eq.
  - destruct (start_next _ _ _ _ _ _ _ _ _ (Request (Some h0) (bounded cfg c) a script false no_changes) H1) as (? & ? & ?); eauto.
    intros n o1 Ho. by apply (b_stored _ _ _ B) in Ho as [? _].
  - destruct (b_requests _ _ _ B _ _ H0) as (Hs & Ht & Hi).
    split; [eapply turn_sound; try done|split; [by eapply turn_tied|]].
    + pose proof (b_once _ _ _ B (Own r)) as Ho. simpl in Ho. by rewrite H0 in Ho.
    + by apply (A _ _ H0).
    + assert (held_id q = held_id q0 ∨ held_id q = None) as [->| ->]; [|done..].
      unfold held_id. inversion H2; subst; simpl; auto;
        match goal with E : held _ = Some _ |- _ => rewrite E; simpl; repeat case_match; auto end.
Qed.

(** ** The tokens *)

Lemma drawn_ids o h : ids_drawn (o :: h) = d_ids (i_draws (o_in o)) ++ ids_drawn h. Proof. done. Qed.
Lemma drawn_tokens o h : tokens_drawn (o :: h) = d_tokens (i_draws (o_in o)) ++ tokens_drawn h. Proof. done. Qed.
Lemma drawn_handles o h : handles_drawn (o :: h) = d_handle (i_draws (o_in o)) :: handles_drawn h. Proof. done. Qed.
(** A token of afterwards was there before, was drawn by the request, or came with a save from a place that is empty now. *)
Lemma happens_tokens cfg now d h st e nx eff m' rs : happens cfg now d st e nx eff m' → bound_up cfg h st →
  (∀ t, t ∈ d_tokens d → t ∉ tokens_drawn h) →
  (∀ r, actor e = Some r → rs !! r = nx) →
  (∀ r, actor e ≠ Some r → at_place m' rs (Own r) = at_ st (Own r)) →
  (∀ p, NoDup (at_place m' rs p)) ∧
  ∃ T, ∀ p t, t ∈ at_place m' rs p → t ∈ at_ st p ∨ (∃ r, p = Own r ∧ actor e = Some r ∧ t ∈ d_tokens d) ∨
    ((T = Some p ∧ ∃ r o, e = OfRequest r (FinishRequest o)) ∧ ∃ p0, t ∈ at_ st p0 ∧ at_place m' rs p0 = []).
Proof.
  intros H B Hf Hrs Hro.
  assert (fewer_tokens (store st) m' → (∀ n, NoDup (at_place m' rs (Stored n))) ∧
    ∀ n t, t ∈ at_place m' rs (Stored n) → t ∈ at_ st (Stored n)) as Hfew.
  { intros Hw. split; intros n; pose proof (b_once _ _ _ B (Stored n)) as Hn; simpl in *;
      destruct (m' !! n) as [o'|] eqn:Eo; try constructor; try (by intros t ?%elem_of_nil);
      destruct (Hw _ _ Eo) as (o & E & Hin & Hnd); rewrite E in *; auto. }
  assert (∀ r, actor e ≠ Some r → NoDup (at_place m' rs (Own r))) as Hno.
  { intros r Hr. rewrite Hro by done. apply (b_once _ _ _ B). }
  inversion H; subst; clear H; cbn [actor] in Hrs, Hro, Hno.
  - destruct Hfew as [F1 F2].
    { inversion H1; subst; [by apply fewer_of|apply fewer_of; intros; by lookups|by apply fewer_of|].
      intros n0 o' Ho. lookups; [|by eauto]. exists s. by repeat split. }
    split.
    + intros [n|r0]; [done|]. destruct (decide (r = r0)) as [<-|]; [simpl; rewrite Hrs by done; simpl; constructor|apply Hno; congruence].
    + exists None. intros [n|r0] t Ht; [left; by apply F2|]. destruct (decide (r = r0)) as [<-|].
      * simpl in Ht. rewrite Hrs in Ht by done. by apply elem_of_nil in Ht.
      * rewrite Hro in Ht by congruence. by left.
  - destruct Hfew as [F1 F2]; [by eapply turn_fewer|]. destruct (turn_own _ _ _ _ _ _ _ _ _ H2) as [O1 O2].
    split.
    + intros [n|r0]; [done|]. destruct (decide (r = r0)) as [<-|]; [simpl; rewrite Hrs by done|apply Hno; congruence].
      pose proof (b_once _ _ _ B (Own r)) as Ho. simpl in Ho. rewrite H0 in Ho. apply O2; [done|].
      intros t Ht Hin. apply (Hf t Ht). apply (b_drawn _ _ _ B (Own r)). simpl. by rewrite H0.
    + exists None. intros [n|r0] t Ht; [left; by apply F2|]. destruct (decide (r = r0)) as [<-|].
      * simpl in Ht. rewrite Hrs in Ht by done. apply O1 in Ht as [Ht|Ht]; [left; simpl; by rewrite H0|right; left; by eauto].
      * rewrite Hro in Ht by congruence. by left.
  - destruct (b_requests _ _ _ B _ _ H0) as (Hs & _ & _).
    assert (∃ i, ∀ n o', m' !! n = Some o' → ((∀ n o, store st !! n = Some o → NoDup (tokens o)) → NoDup (c_tokens (own q)) → NoDup (tokens o')) ∧
      ∀ t, t ∈ tokens o' → (∃ o, store st !! n = Some o ∧ t ∈ tokens o) ∨
        n = i ∧ (t ∈ c_tokens (own q) ∨ ∃ n0 o, store st !! n0 = Some o ∧ t ∈ tokens o ∧ m' !! n0 = None)) as [i Hi].
    { inversion H1; subst; [by eapply save_tokens|]. exists 0. intros n o' Ho. split; [by eauto|]. left. eauto. }
    split.
    + intros [n|r0]; simpl.
      * destruct (m' !! n) as [o'|] eqn:Eo; [|constructor]. apply (Hi _ _ Eo).
        -- intros n1 o1 E1. pose proof (b_once _ _ _ B (Stored n1)) as Ho. simpl in Ho. by rewrite E1 in Ho.
        -- pose proof (b_once _ _ _ B (Own r)) as Ho. simpl in Ho. by rewrite H0 in Ho.
      * destruct (decide (r = r0)) as [<-|]; [rewrite Hrs by done; simpl; constructor|apply Hno; congruence].
    + exists (Some (Stored i)). intros [n|r0] t Ht.
      * simpl in Ht. destruct (m' !! n) as [o'|] eqn:Eo; [|by apply elem_of_nil in Ht].
        apply (Hi _ _ Eo) in Ht as [(o1 & E1 & Ht)|[-> [Ht|(n0 & o1 & E1 & Ht & E2)]]].
        -- left. simpl. by rewrite E1.
        -- right; right. split; [by eauto|]. exists (Own r). simpl. rewrite H0, Hrs by done. done.
        -- right; right. split; [by eauto|]. exists (Stored n0). simpl. by rewrite E1, E2.
      * destruct (decide (r = r0)) as [<-|]; [simpl in Ht; rewrite Hrs in Ht by done; by apply elem_of_nil in Ht|].
        rewrite Hro in Ht by congruence. by left.
  - destruct Hfew as [F1 F2]; [by apply fewer_of|]. split.
    + intros [n|r0]; [done|by apply Hno].
    + exists None. intros [n|r0] t Ht; left; [by apply F2|by rewrite Hro in Ht].
Qed.
Lemma accepts_happens cfg now d h st e nx eff m' rs t : happens cfg now d st e nx eff m' → bound_up cfg h st →
  (∀ r, actor e = Some r → rs !! r = nx) → (∃ r, e = OfRequest r (RemoveFormToken (Some t))) →
  ∃ p, t ∈ at_ st p ∧ t ∉ at_place m' rs p.
Proof.
  intros H B Hrs (r & ->). inversion H; subst; clear H. cbn [actor] in Hrs. specialize (Hrs r eq_refl).
  match goal with E : requests st !! r = Some q |- _ => rename E into Hq end.
  destruct (b_requests _ _ _ B _ _ Hq) as (Hs & _).
  match goal with E : turns _ _ _ _ _ _ _ _ _ |- _ => rename E into Hturn end.
  destruct (turn_accepts _ _ _ _ _ _ _ _ _ Hturn Hs) as [[Ht Hn]|(n & o & Ho & Ht & Hn)].
  - exists (Own r). simpl. rewrite Hq, Hrs. split; [done|]. apply Hn.
    pose proof (b_once _ _ _ B (Own r)) as E. simpl in E. by rewrite Hq in E.
  - exists (Stored n). simpl. rewrite Ho. split; [done|]. destruct (m' !! n) as [o'|] eqn:E; [|by apply not_elem_of_nil].
    eapply Hn; [|done]. pose proof (b_once _ _ _ B (Stored n)) as E'. simpl in E'. by rewrite Ho in E'.
Qed.

(** ** All of it *)

Lemma fresh_cons o h : fresh_draws (o :: h) → fresh_draws h ∧
  (∀ n, n ∈ d_ids (i_draws (o_in o)) → n ∉ ids_drawn h) ∧ (∀ t, t ∈ d_tokens (i_draws (o_in o)) → t ∉ tokens_drawn h) ∧
  d_handle (i_draws (o_in o)) ∉ handles_drawn h.
Proof.
  intros (H1 & H2 & H3). rewrite drawn_ids in H1. rewrite drawn_tokens in H2. rewrite drawn_handles in H3.
  apply NoDup_app in H1 as (_ & ? & ?). apply NoDup_app in H2 as (_ & ? & ?). apply NoDup_cons in H3 as [? ?]. done.
Qed.
Lemma accepted_cons o h t : accepted_before (o :: h) t ↔ accepts o t ∨ accepted_before h t.
Proof. unfold accepted_before. setoid_rewrite elem_of_cons. naive_solver. Qed.
Lemma bound_run cfg h st : run cfg h st → fresh_draws h → bound_up cfg h st.
Proof.
  induction 1 as [|h st i Hrun IH]; intros Hf.
  { constructor; simpl; intros *; rewrite ?lookup_empty; try done.
    - destruct p; simpl; rewrite lookup_empty; constructor.
    - destruct p1; simpl; rewrite lookup_empty; by intros ?%elem_of_nil.
    - destruct p; simpl; rewrite lookup_empty; by intros ?%elem_of_nil.
    - by intros (? & ?%elem_of_nil & _). }
  apply fresh_cons in Hf as (Hf & Hfi & Hft & Hfh). specialize (IH Hf). simpl in Hfi, Hft, Hfh.
  pose proof (invA_run _ _ _ Hrun) as A. pose proof (λ n, stored_was_drawn cfg h st n Hrun) as Hd.
  unfold occurs. destruct (step_cases cfg st i) as [(why & H & E)|(res & H & E)]; rewrite E; cbn [fst snd].
  { assert (∀ t, ¬ accepts (Occurrence st i st (refused why)) t) as Hna by (by intros t [? _]).
    destruct IH as [B1 B2 B3 B4 B5 B6 B7]. constructor; try done.
    - intros n o Ho. destruct (B1 _ _ Ho) as (? & x & ? & ?). split; [done|]. exists x. split; [done|].
      rewrite drawn_handles. by right.
    - intros r q Hq. destruct (B3 _ _ Hq) as (? & ? & Hn). split; [done|split; [done|]]. intros n Hh.
      rewrite drawn_ids. apply elem_of_app. right. by apply Hn.
    - intros p t Ht. destruct (B6 _ _ Ht) as [? ?]. rewrite drawn_tokens, elem_of_app, accepted_cons. split; [by right|].
      intros [?|?]; [by eapply Hna|done].
    - intros t. rewrite drawn_tokens, elem_of_app, accepted_cons. intros [?|?]; [by destruct (Hna t)|right; by apply B7]. }
  destruct (rule_happens _ _ _ _ _ _ H) as [_ Hh].
  pose proof (happens_follows _ _ _ _ _ _ _ _ _ Hh IH) as Hfol.
  set (st' := conclude st (actor (i_event i)) res) in *.
  assert (∀ r, actor (i_event i) = Some r → requests st' !! r = r_next res) as Hrs.
  { intros r Hr. unfold st'. rewrite Hr. apply conclude_request. }
  assert (∀ r, actor (i_event i) ≠ Some r → at_place (r_store res) (requests st') (Own r) = at_ st (Own r)) as Hro.
  { intros r Hr. unfold st', at_place. rewrite conclude_other by done. destruct (r_ended res); [|done].
    destruct (requests st !! r); simpl; [by rewrite end_login_tokens|done]. }
  destruct (happens_tokens _ _ _ _ _ _ _ _ _ _ Hh IH Hft Hrs Hro) as [Hnd [T Hsrc]].
  assert (∀ t p, t ∈ d_tokens (i_draws i) → t ∉ at_ st p) as Hnew.
  { intros t p Ht Hp. by apply (b_drawn _ _ _ IH) in Hp as [Hp%(Hft t Ht) _]. }
  assert (∀ t, accepts (Occurrence st i st' (r_effects res)) t → ∃ p, t ∈ at_ st p ∧ t ∉ at_place (r_store res) (requests st') p) as Hacc.
  { intros t [_ He]. eapply accepts_happens; [exact Hh|exact IH|exact Hrs|exact He]. }
  constructor; cbn [store].
  - intros n o Ho. change (r_store res !! n = Some o) in Ho. destruct Hfol as [i0 Hfol].
    destruct (Hfol _ _ Ho) as [(o0 & Ho0 & Hh0 & _ & _ & Hc0)|(_ & _ & _ & Hc & x & Hx & Hx')].
    + destruct (b_stored _ _ _ IH _ _ Ho0) as (Hc & x & Hx & Hin). split; [by apply Hc0|]. exists x. rewrite drawn_handles.
      split; [congruence|by right].
    + split; [done|]. exists x. rewrite drawn_handles. split; [done|]. destruct Hx' as [->|(n0 & o0 & Ho0 & Hx0 & _)]; [by left|].
      right. destruct (b_stored _ _ _ IH _ _ Ho0) as (_ & x1 & Hx1 & ?). congruence.
  - intros n1 n2 o1 o2 Ho1 Ho2 Heq. change (r_store res !! n1 = Some o1) in Ho1. change (r_store res !! n2 = Some o2) in Ho2.
    destruct Hfol as [i0 Hfol].
    destruct (Hfol _ _ Ho1) as [(p1 & Hp1 & Hh1 & _)|(-> & _ & _ & _ & x & Hx & Hx')],
      (Hfol _ _ Ho2) as [(p2 & Hp2 & Hh2 & _)|(-> & _ & _ & _ & y & Hy & Hy')]; [..|done].
    + apply (b_handles _ _ _ IH _ _ _ _ Hp1 Hp2). congruence.
    + destruct Hy' as [->|(n0 & o0 & Ho0 & Hx0 & Hgone)].
      * exfalso. destruct (b_stored _ _ _ IH _ _ Hp1) as (_ & z & Hz & Hin). assert (z = d_handle (i_draws i)) as -> by congruence. done.
      * assert (n0 = n1) as -> by (apply (b_handles _ _ _ IH _ _ _ _ Ho0 Hp1); congruence). congruence.
    + destruct Hx' as [->|(n0 & o0 & Ho0 & Hx0 & Hgone)].
      * exfalso. destruct (b_stored _ _ _ IH _ _ Hp2) as (_ & z & Hz & Hin). assert (z = d_handle (i_draws i)) as -> by congruence. done.
      * assert (n0 = n2) as -> by (apply (b_handles _ _ _ IH _ _ _ _ Ho0 Hp2); congruence). congruence.
  - intros r q Hq. assert (∀ n, n ∈ ids_drawn h → n ∈ ids_drawn (Occurrence st i st' (r_effects res) :: h)) as Hlater.
    { intros n Hn. rewrite drawn_ids. apply elem_of_app. by right. }
    apply conclude_lookup in Hq as [[_ Hn]|(_ & q0 & Hq0 & Hq)].
    + destruct (next_sound _ _ _ _ _ _ _ _ _ _ Hh IH A Hd Hn) as (? & ? & ?). auto.
    + destruct (b_requests _ _ _ IH _ _ Hq0) as (Hs & Ht & Hi).
      assert (all_tied (r_store res) q0) as Ht'.
      { eapply follows_tied; [exact Hfol|done|]. intros n Hn%Hi Hin. by apply (Hfi n). }
      destruct Hq as [->|(u & _ & ->)]; [by auto|].
      split; [by apply end_login_sound|]. split; [by apply end_login_tied|]. unfold held_id. rewrite end_login_held. by auto.
  - exact Hnd.
  - intros p q t Hp Hq. destruct (Hsrc _ _ Hp) as [Sp|[(r1 & -> & E1 & D1)|([E1 F1] & p0 & S1 & Z1)]],
      (Hsrc _ _ Hq) as [Sq|[(r2 & -> & E2 & D2)|([E2 F2] & q0 & S2 & Z2)]]; try congruence; try (by exfalso; eapply Hnew).
    + by eapply (b_place _ _ _ IH).
    + exfalso. assert (p = q0) as -> by (by eapply (b_place _ _ _ IH)).
      change (t ∈ at_place (r_store res) (requests st') q0) in Hp. rewrite Z2 in Hp. by apply elem_of_nil in Hp.
    + exfalso. assert (q = p0) as -> by (by eapply (b_place _ _ _ IH)).
      change (t ∈ at_place (r_store res) (requests st') p0) in Hq. rewrite Z1 in Hq. by apply elem_of_nil in Hq.
  - intros p t Hp. rewrite drawn_tokens, elem_of_app, accepted_cons. cbn [o_in].
    destruct (Hsrc _ _ Hp) as [Sp|[(r1 & -> & E1 & D1)|([E1 (r & o & F1)] & p0 & Sp & Z1)]].
    2: { split; [by left|]. intros [(p & Hp0 & _)%Hacc|Ha%(b_accepted _ _ _ IH)]; [by eapply Hnew|by eapply Hft]. }
    all: destruct (b_drawn _ _ _ IH _ _ Sp) as [? Hna]; split; [by right|]; intros [Ha|]; [|done].
    + apply Hacc in Ha as (p1 & Hp0 & Hout). assert (p1 = p) as -> by (by eapply (b_place _ _ _ IH)). done.
    + destruct Ha as (_ & r0 & He). unfold event_of in He. simpl in He. congruence.
  - intros t. rewrite drawn_tokens, elem_of_app, accepted_cons. cbn [o_in]. intros [(p & Hp & _)%Hacc|Ha]; right.
    + by apply (b_drawn _ _ _ IH) in Hp as [? _].
    + by apply (b_accepted _ _ _ IH).
Qed.
(** What is known of a step of a fair run. *)
Lemma fair_before cfg st i h : fair_run cfg (occurs cfg st i :: h) (step cfg st i).1 →
  run cfg h st ∧ bound_up cfg h st ∧ bound_up cfg (occurs cfg st i :: h) (step cfg st i).1 ∧
  (∀ n, n ∈ d_ids (i_draws i) → n ∉ ids_drawn h).
Proof.
  intros [Hr Hf]. pose proof (bound_run _ _ _ Hr Hf) as B. apply fresh_cons in Hf as (Hf & Hi & _).
  inversion Hr; subst.
  assert (run cfg h st) as Hrun by (match goal with E : run cfg h ?s |- _ => replace st with s; [exact E|congruence] end).
  split; [done|]. split; [by apply bound_run|]. done.
Qed.
