(** An event that asks nothing any more of the session that a write in doubt would have updated is answered as by it. *)
From Q Require Import DriversLate DriversLook DriversTold DriversOps Turns Ties Runs.

(** What its driver would begin from has the same request as what it began from, but for a login that is over. *)
Definition with_login (l : option login) (q : request) : request := set_own q (held q) (set_login l (own q)).
Definition may_end (l : option login) : Prop := ∃ u t g, l = Some (Login (Some u) t (Some g)).
Definition like (x y : option request) : Prop := ∀ q, x = Some q →
  ∃ l, y = Some (with_login l q) ∧ (may_end (c_login (own q)) ∧ is_Some l ∨ l = c_login (own q)).
Definition begun_alike (w : world) : Prop := ∀ r d m, doubt_of w r = Some d → m ∈ d_sent d →
  like (requests (s_before m) !! r) (requests (d_now d) !! r).
Lemma with_own_login q : with_login (c_login (own q)) q = q.
Proof. by destruct q as [? ? ? ? ? []]. Qed.
Lemma like_refl x : like x x.
Proof. intros q ->. exists (c_login (own q)). rewrite with_own_login. split; [done|by right]. Qed.
Lemma like_told x y u f : like x y → like x (end_login u f <$> y).
Proof.
  intros H q Hq. destruct (H q Hq) as (l & -> & Hl). simpl. unfold end_login. change (c_login (own (with_login l q))) with l.
  assert (∀ l', l' = l → ∃ l0, Some (with_login l' q) = Some (with_login l0 q) ∧
    (may_end (c_login (own q)) ∧ is_Some l0 ∨ l0 = c_login (own q))) as Hsame
    by (intros l' ->; by exists l).
  destruct l as [[[v|] t [g|]]|]; try (by eapply Hsame). destruct (String.eqb v u && negb (f g)); [|by eapply Hsame].
  exists (Some (Login (Some v) t None)). split; [done|left]. split; [|by eexists]. destruct Hl as [[? _]|<-]; [done|by exists v, t, g].
Qed.
Lemma act_begun cfg r w w' : act cfg r w w' → begun_alike w → begun_alike w'.
Proof.
  intros Ha B. assert (∀ W, (∀ r0 d, doubt_of W r0 = Some d → doubt_of w r0 = Some d) → begun_alike W) as Hless.
  { intros W HW r0 d m Hd. apply (B r0 d m). by apply HW. }
  assert (∀ d0 d, doubt_of w r = Some d0 → d_sent d = d_sent d0 →
    (∀ x, like x (requests (d_now d0) !! r) → like x (requests (d_now d) !! r)) → begun_alike (doubts r (Some d) w)) as Hagain.
  { intros d0 d Hd0 Es Hl r0 d1 m. rewrite doubts_of. case_decide as E; [subst r0|apply B]. intros [= <-]. rewrite Es. intros Hm.
    by apply Hl, (B r d0 m). }
  destruct Ha as [n Hd|u Hd|i st1 eff Hd|i st1 eff op Hd|i op Hd|i j Hd|i st1 eff op _ _ _ m _|m|d n Hd|d u Hd|d l m l' Hd|d Hd|d Hd|d j Hd];
    try (by apply Hless).
  - apply Hless. unfold sees_written. destruct (written_by op); done.
  - apply Hless. intros r0 d. change (doubt_of (gives_up cfg j r (tries i w)) r0 = Some d → doubt_of w r0 = Some d). by rewrite gives_up_doubts.
  - intros r0 d x. rewrite doubts_of. case_decide as E; [subst r0|apply B]. intros [= <-]. simpl. intros [->|Hx]%elem_of_cons; [apply like_refl|].
    destruct (sent_in _ _ _ Hx) as (d & Hd & Hx'). unfold believed. rewrite Hd. by apply (B r d).
  - by apply (Hagain d).
  - apply (Hagain d); [done|done|]. intros x Hx. unfold with_generation. cbn [d_now requests]. rewrite lookup_fmap. by apply like_told.
  - apply Hless. intros r0 d0 K0. assert (doubt_of (doubts r None w) r0 = Some d0) as H1.
    { unfold sees_written in K0. by destruct (written_by (s_op m)). }
    rewrite doubts_of in H1. by case_decide.
  - apply Hless. intros r0 d0 K0. change (doubt_of (doubts r None w) r0 = Some d0) in K0. rewrite doubts_of in K0. by case_decide.
  - apply Hless. intros r0 d0 K0. change (doubt_of (doubts r None (gives_up cfg j r w)) r0 = Some d0) in K0. rewrite doubts_of in K0.
    case_decide; [done|]. by rewrite gives_up_doubts in K0.
Qed.
Lemma reaches_begun cfg w : reaches cfg nothing_yet w → begun_alike w.
Proof.
  intros H. remember nothing_yet as w0 eqn:E. induction H as [w|w w' w'' r Hr IH Ha].
  - subst. by intros r d m Hd.
  - by eapply act_begun, IH.
Qed.

(** What a save that updates makes of a session that is gone. *)
Lemma save_gone cfg now d now' d' v v' q x n s c k y : save cfg now d v q = inr (x, Some (OpUpdate n s), c, k) →
  find cfg now' v' n = None → save cfg now' d' v' q = inr y → y = (v', None, None, 0%nat) ∧ c = None ∧ but_tokens (own q) = true.
Proof.
  intros H Hn. unfold save in *. destruct (held q) as [[[n0|] mine]|]; [..|done].
  2: { destruct (generation_of _); [done|]. unfold create, nothing_saved in H. by cases H. }
  destruct (unchanged _); [done|]. destruct (generation_of _) as [|g]; [done|].
  unfold save_changes in *. destruct (find cfg now v n0) as [old|].
  - destruct (guards_hold _ _); [|done]. cbv zeta in H. destruct (count _ <=? _); [|done]. destruct (negb _); [done|].
    destruct (moves (own q)) eqn:Em; [unfold rotate in H; by cases H|]. injection H as _ <- _ <- _.
    rewrite Hn. unfold save_without_stored, nothing_saved. apply orb_false_iff in Em as [_ Em].
    destruct (but_tokens (own q)); [by intros [= <-]|]. cbv zeta. destruct (begins (own q)); done.
  - exfalso. unfold save_without_stored, rotate, discard in H. unfold create, nothing_saved in H. by cases H.
Qed.
Lemma save_stays cfg now d v q x n s c k : save cfg now d v q = inr (x, Some (OpUpdate n s), c, k) → ¬ may_end (c_login (own q)).
Proof.
  intros H (u & t & g & El). assert (moves (own q) = true) as Em by (unfold moves, begins; rewrite El; apply orb_true_r).
  unfold save in H. destruct (held q) as [[[n0|] mine]|]; [..|done].
  - destruct (unchanged _); [done|]. destruct (generation_of _); [done|]. unfold save_changes, save_without_stored, rotate, discard in H.
    rewrite Em in H. unfold create, nothing_saved in H. by cases H.
  - destruct (generation_of _); [done|]. unfold create, nothing_saved in H. by cases H.
Qed.
Lemma turn_gone cfg now d now' d' v g v' g' q l e res res' n s : request_event_rule cfg now d v g q e = inr res →
  e_op (r_effects res) = Some (OpUpdate n s) → find cfg now' v' n = None → may_end (c_login (own q)) ∧ is_Some l ∨ l = c_login (own q) →
  request_event_rule cfg now' d' v' g' (with_login l q) e = inr res' →
  e_op (r_effects res') = None ∧ answer_of (r_effects res') = answer_of (r_effects res) ∧ r_next res = None ∧ r_next res' = None ∧
  (∃ o, e = FinishRequest o) ∧ with_login l q = q ∧ but_tokens (own q) = true ∧ held_id q = Some n.
Proof.
  intros H Hop Hn Hl H'. pose proof (op_is_on _ _ _ _ _ _ _ _ _ H Hop) as Hon. simpl in Hon.
  assert ((∃ o, e = FinishRequest o) ∨ ¬ ∃ o, e = FinishRequest o) as [[o ->]|Hne]
    by (destruct e; first [right; by intros [? [=]]|left; by eexists]).
  - simpl in H, H'. unfold finish_request in *. destruct o; try (simplify_eq/=; done).
    all: destruct (save cfg now d v q) as [|[[[x op] c] k]] eqn:E; [done|]; simplify_eq/=.
    all: destruct Hl as [[Hl _]| ->]; [by destruct (save_stays _ _ _ _ _ _ _ _ _ _ E)|]; rewrite with_own_login in *.
    all: destruct (save cfg now' d' v' q) as [|y] eqn:E'; [done|]; destruct (save_gone _ _ _ _ _ _ _ _ _ _ _ _ _ _ E Hn E') as (-> & -> & ?);
      simplify_eq/=; repeat split; by try eexists.
  - exfalso. destruct e; simpl in H; try (unf H; cases H; done); try (by apply Hne; eexists).
    all: simpl in H', Hon; unfold held_id in Hon; unf H; unf H'; change (held (with_login l q)) with (held q) in H';
      change (c_values (own (with_login l q))) with (c_values (own q)) in H'; change (c_tokens (own (with_login l q))) with (c_tokens (own q)) in H'.
    all: destruct (held q) as [[[n0|] mine]|]; [|done|done]; simplify_eq/=; rewrite ?Hn in H'.
    all: cases H; cases H'.
Qed.
(** All that is known of such an event: it is a finish, of the same request, whose only changes are form tokens. *)
Lemma asks_no_more cfg w r d m n s i st eff : reaches cfg nothing_yet w → sure cfg w →
  doubt_of w r = Some d → m ∈ d_sent d → s_op m = OpUpdate n s → find cfg (i_now i) (store (d_now d)) n = None →
  i_event i = i_event (s_input m) → is_of_driver w r (i_event i) → step cfg (d_now d) i = (st, eff) →
  (∀ why, e_reply eff ≠ Refused why) →
  e_op eff = None ∧ answer_of eff = answer_of (s_effects m) ∧ requests st !! r = requests (s_after m) !! r ∧
  requests st !! r = None ∧ ∃ o q, i_event i = OfRequest r (FinishRequest o) ∧ requests (s_before m) !! r = Some q ∧ requests (d_now d) !! r = Some q ∧
    but_tokens (own q) = true ∧ held_id q = Some n.
Proof.
  intros H S Hd Hm Hop Hn He Hof E Hnot.
  pose proof (reaches_begun cfg w H r d m Hd Hm) as B. destruct (s_sent _ _ S r d m Hd Hm) as [Ha _].
  destruct (s_air _ _ S r m Ha) as [M _]. pose proof (m_step _ _ _ M) as Es. pose proof (m_op _ _ _ M) as Eo. rewrite Hop in Eo.
  destruct (step_cases cfg (s_before m) (s_input m)) as [(why & Ex & E1)|(res & Ex & E1)]; rewrite E1 in Es; injection Es as Est Eeff;
    rewrite <- Eeff in *; [done|].
  destruct (step_cases cfg (d_now d) i) as [(why & Ey & E2)|(res' & Ey & E2)]; rewrite E2 in E; injection E as Est' Eeff';
    rewrite <- Eeff', <- Est in *; [by destruct (Hnot why)|].
  rewrite <- He in *. destruct (i_event i) as [r0 c a script p|r0 e|e].
  - exfalso. apply rule_happens in Ex as [_ Ex]. inversion Ex; subst.
    match goal with E : starts _ _ _ _ _ _ _ _ _ |- _ => inversion E; subst end; simpl in *;
      match goal with E : _ = r_effects _ |- _ => rewrite <- E in Eo end; by simplify_eq/=.
  - destruct Hof as [[= ->]|[? _]]; [|done]. unfold rule in Ex, Ey. destruct (requests (s_before m) !! r) as [q|] eqn:Eq; [|done].
    destruct (B q) as (l & Eq' & Hl); [done|]. rewrite Eq' in Ey.
    destruct (turn_gone _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ Ex Eo Hn Hl Ey) as (T1 & T2 & T3 & T4 & [o ->] & T5 & T6 & T7).
    split; [done|]. split; [done|]. rewrite <- Est'. unfold conclude. simpl. rewrite !lookup_partial_alter, T3, T4.
    split; [done|]. split; [done|]. exists o, q. rewrite Eq', T5. done.
  - exfalso. destruct e; simpl in Ex; unfold manage in Ex; repeat case_match; by simplify_eq/=.
Qed.
(** A finish whose only changes are form tokens asks for nothing but an [Update]. *)
Lemma push_new_some c q t : push_new c q t ≠ [].
Proof. unfold push_new, push. destruct (among t q) eqn:E; [by destruct q|by destruct (drop _ q)]. Qed.
Lemma fold_some c l q : q ≠ [] ∨ l ≠ [] → foldl (push_new c) q l ≠ [].
Proof.
  revert q. induction l as [|t l IH]; intros q H; simpl; [by destruct H|]. apply IH. left. apply push_new_some.
Qed.
Lemma tokens_update cfg now d v q x op c k : save cfg now d v q = inr (x, Some op, c, k) → but_tokens (own q) = true →
  held_id q ≠ None → ∃ n s, held_id q = Some n ∧ op = OpUpdate n s.
Proof.
  intros H Hb Hh. unfold save, held_id in *. destruct (held q) as [[[n|] mine]|]; [|done|done].
  destruct (unchanged (own q)) eqn:Eu; [done|]. destruct (generation_of _); [done|]. unfold save_changes in H.
  destruct (find cfg now v n) as [old|]; [|unfold save_without_stored in H; by rewrite Hb in H].
  destruct (guards_hold _ _); [|done]. cbv zeta in H. destruct (count _ <=? _); [|done].
  pose proof Hb as (E1 & E2 & _)%but_tokens_spec. assert (moves (own q) = false) as Em by (unfold moves, begins; by rewrite E1, E2).
  rewrite Em in H. destruct (negb _) eqn:Ei; [|simplify_eq; eauto]. exfalso.
  apply negb_true_iff, no_info_spec in Ei as [Ei _]. cbn [tokens set_accessed] in Ei. rewrite apply_tokens in Ei.
  revert Ei. apply fold_some. right. intros Ec. assert (unchanged (own q) = true) as Hu by by apply unchanged_spec. congruence.
Qed.
Lemma all_update cfg w r d m n q o : reaches cfg nothing_yet w → sure cfg w → doubt_of w r = Some d → m ∈ d_sent d →
  requests (d_now d) !! r = Some q → but_tokens (own q) = true → held_id q = Some n →
  i_event (s_input m) = OfRequest r (FinishRequest o) → ∃ s, s_op m = OpUpdate n s.
Proof.
  intros H S Hd Hm Eq Hb Hh Ee. pose proof (reaches_begun cfg w H r d m Hd Hm) as B. destruct (s_sent _ _ S r d m Hd Hm) as [Ha _].
  destruct (s_air _ _ S r m Ha) as [M _]. pose proof (m_step _ _ _ M) as Es. pose proof (m_op _ _ _ M) as Eo.
  destruct (step_cases cfg (s_before m) (s_input m)) as [(why & Ex & E1)|(res & Ex & E1)]; rewrite E1 in Es; injection Es as _ Eeff;
    rewrite <- Eeff in Eo; [done|].
  rewrite Ee in Ex. unfold rule in Ex. destruct (requests (s_before m) !! r) as [q'|] eqn:Eq'; [|done].
  destruct (B q' eq_refl) as (l & E & Hl). rewrite Eq in E. injection E as ->.
  pose proof Hb as (El & _)%but_tokens_spec. change (c_login (own (with_login l q'))) with l in El. subst l.
  destruct Hl as [[_ [? ?]]|Hl]; [done|]. rewrite Hl, with_own_login in *.
  simpl in Ex. unfold finish_request in Ex. destruct o; try (simplify_eq/=; done).
  all: destruct (save _ _ _ _ q') as [|[[[x op] c] k]] eqn:Ev; [done|]; simplify_eq/=.
  all: destruct (tokens_update _ _ _ _ _ _ _ _ _ Ev Hb) as (n' & s & Hn' & ->); [by rewrite Hh|]; exists s; congruence.
Qed.
Theorem t_gone : a_gone_session_is_answered_alike.
Proof.
  intros cfg w r d m n s i st eff H Hf Hd Hm Hop Hn He Hof E Hnot. destruct (reaches_both cfg w H Hf) as (h & st0 & _ & S).
  destruct (asks_no_more cfg w r d m n s i st eff) as (T1 & T2 & T3 & _); done.
Qed.
