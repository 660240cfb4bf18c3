(** Any number of drivers do what one state with everything in it would. *)
From Q Require Import DriversRefine DriversTurn DriversEnds Turns Whole Writes Runs Sessions Steps.
From Q Require Export DriversActs.

Definition both cfg w h st := good cfg w h st ∧ sure cfg w.
(** What its driver finds was done, and nothing else of what it has sent. *)
Lemma found_said cfg w m : sure cfg w → is_found w m → s_input m ∈ (w_said w).*1.
Proof. intros S (n & _ & Hr). by eapply revision_said. Qed.
Lemma split_same (l1 l2 l l' : list sent) m0 m : l1 ++ m0 :: l2 = l ++ m :: l' → (m ∈ l1 ++ l2 → m = m0) → m = m0 ∧ l1 ++ l2 ≡ₚ l ++ l'.
Proof.
  intros E H. assert (m0 :: (l1 ++ l2) ≡ₚ m :: (l ++ l')) as P.
  { etrans; [apply Permutation_middle|]. rewrite E. symmetry. apply Permutation_middle. }
  assert (m = m0) as ->.
  { assert (m ∈ m0 :: (l1 ++ l2)) as [?|?]%elem_of_cons by (rewrite P; by left); [done|by apply H]. }
  split; [done|]. by eapply Permutation_cons_inv.
Qed.
Lemma finds_done cfg w r d l m l' : sure cfg w → doubt_of w r = Some d → d_sent d = l ++ m :: l' →
  is_found w m ∨ s_input m ∈ (w_said w).*1 → (s_input m, answer_of (s_effects m)) ∈ w_said w ∧ is_place w r (s_after m) ∧
  ∀ m', m' ∈ l ++ l' → s_input m' ∉ (w_said w).*1.
Proof.
  intros S Hd El Hm. assert (s_input m ∈ (w_said w).*1) as Hs by (destruct Hm; [by eapply found_said|done]).
  destruct (s_true _ _ S r d Hd) as [[N _]|(l1 & m0 & l2 & E & T1 & T2 & _ & T4)].
  - destruct (N m) as [Hn _]; [rewrite El; apply elem_of_app; right; by left|done].
  - rewrite E in El. destruct (split_same _ _ _ _ _ _ El) as [-> P]; [intros Hin; by destruct (T4 m Hin)|].
    split; [done|]. split; [done|]. intros m' Hm'. apply T4. by rewrite P.
Qed.
(** What its driver misses was not. *)
Lemma missed_not cfg w r m : sure cfg w → (r, m) ∈ t_air (w_traffic w) → is_missed w m → looks_in_time w m → is_settled w m →
  s_input m ∉ (w_said w).*1.
Proof.
  intros S Hm Hs Hl T Hi. unfold is_missed, looks_in_time, is_settled in *. destruct (s_op m); try done.
  - rewrite Hs in Hl. by destruct (Hl Hi).
  - destruct Hs as [[k Hk] Hs]. unfold revision in *. destruct (w_store w !! _); [|done]. simpl in *. apply (T k Hk). congruence.
  - rewrite (proj1 T) in Hs. by destruct Hs.
  - rewrite (proj1 T) in Hs. by destruct Hs.
Qed.
Lemma missed_undone cfg w r d m : sure cfg w → doubt_of w r = Some d → m ∈ d_sent d → is_missed w m → looks_in_time w m →
  s_input m ∉ (w_said w).*1.
Proof.
  intros S Hd Hm Hs Hl. destruct (s_sent _ _ S r d m Hd Hm) as [Ha _].
  destruct (s_true _ _ S r d Hd) as [[N _]|(l1 & m0 & l2 & E & T1 & T2 & T3 & T4)]; [by apply N|].
  rewrite E in Hm. apply elem_of_app in Hm as [Hm|[->|Hm]%elem_of_cons].
  - apply T4, elem_of_app. by left. - by eapply missed_not. - apply T4, elem_of_app. by right.
Qed.
Lemma none_said cfg w r d : sure cfg w → doubt_of w r = Some d → Forall (λ m, s_input m ∉ (w_said w).*1) (d_sent d) →
  none_done w r (d_sent d) ∧ suits w r (d_now d).
Proof.
  intros S Hd Hn. destruct (s_true _ _ S r d Hd) as [?|(l1 & m0 & l2 & E & T1 & _)]; [done|exfalso].
  rewrite E in Hn. apply Forall_app in Hn as [_ [Hn _]%Forall_cons]. apply Hn, elem_of_list_fmap. by eexists (_, _).
Qed.
Lemma both_good_bound cfg w h st : good cfg w h st → fresh_inputs (w_said w) → bound_up cfg h st.
Proof. intros G Hf. apply bound_run; [apply G|]. apply said_fresh. by rewrite (g_said _ _ _ _ G). Qed.
(** A write that arrives. *)
Lemma arrives_first cfg w r m : sure cfg w → (r, m) ∈ t_air (w_traffic w) → may_arrive w r m →
  ∃ d, doubt_of w r = Some d ∧ m ∈ d_sent d ∧ none_done w r (d_sent d).
Proof.
  intros S Ha [[Hl Hi]|(n & k & H1 & H2 & H3)]; destruct (s_air _ _ S r m Ha) as [M A].
  - destruct (sent_in w r m) as (d & Hd & Hm); [rewrite Hl; by left|]. exists d. split; [done|]. split; [done|].
    apply (none_said cfg w r d S Hd). rewrite (sent_is _ _ _ Hd) in Hl. rewrite Hl. by apply Forall_singleton.
  - destruct A as [[A1 A2]|A]; [|by destruct (dead_not w m n k A H1 H2)].
    destruct (sent_in _ _ _ A1) as (d & Hd & Hm). exists d. rewrite (sent_is _ _ _ Hd) in A2. done.
Qed.
Lemma arrives_both cfg w h st r m : good cfg w h st → sure cfg w → (r, m) ∈ t_air (w_traffic w) → may_arrive w r m →
  carries_out cfg (put w r (s_before m)) r (s_input m) (s_after m) (s_effects m) (s_op m) →
  fresh_inputs ((s_input m, answer_of (s_effects m)) :: w_said w) →
  both cfg (after cfg w r (s_input m) (s_after m) (s_effects m) (s_op m)) (occurs cfg st (s_input m) :: h) (step cfg st (s_input m)).1.
Proof.
  intros G S Ha Hmay (Hof & Hb & E & Hop & Hcase) Hf. set (w' := after _ _ _ _ _ _ _). destruct (s_air _ _ S r m Ha) as [M A].
  destruct (arrives_first cfg w r m S Ha Hmay) as (d & Hd & Hm & N).
  destruct (N m Hm) as (Hi & F & _). set (W := put w r (s_before m)) in *.
  assert (good cfg W h st) as GW by by apply suits_good.
  destruct (carries cfg W h st r (s_input m) (s_after m) (s_effects m)) as [G' K]; [done|done|done|done|right; by eexists|done|].
  assert (is_settled (after cfg W r (s_input m) (s_after m) (s_effects m) (s_op m)) m) as Hset.
  { eapply writes_settle; [exact GW|apply M|done|done|done|apply Hcase]. }
  unfold carried in G', K. rewrite Hop in G', K. split.
  - apply good_notes. apply (good_ext cfg _ _ _ _ G'); try done; intros r0.
    + change (w_requests (say _ _ ?x)) with (w_requests x). rewrite !put_request. change (w_requests (write _ _ ?x)) with (w_requests x).
      unfold W. rewrite put_request. by repeat case_decide.
    + change (w_loaded (say _ _ ?x)) with (w_loaded x). rewrite !put_loaded. change (w_loaded (write _ _ ?x)) with (w_loaded x).
      unfold W. rewrite put_loaded. by repeat case_decide.
  - eapply (sure_carried cfg w w' r (s_input m) (s_effects m)); try done.
    + by eapply good_ahead.
    + destruct K as [K1 K2 K3 K4 K5]. by constructor.
    + intros r0 Hne. exact (put_place (write cfg (s_op m) w) r _ r0 Hne).
    + intros n k. simpl. destruct (written_by (s_op m)) as [x|]; [|by right]. destruct (decide (x = n)) as [->|].
      * rewrite lookup_insert. intros [= <-]. by left. * rewrite lookup_insert_ne by done. by right.
    + apply M.
    + by apply (s_sent _ _ S r d).
    + intros r0 m0 H0 E0. destruct (same_air cfg w _ _ _ _ S H0 Ha E0) as [-> ->]. split; [done|]. by rewrite (sent_is _ _ _ Hd).
    + intros d' Hd'. assert (d' = d) as -> by congruence. apply elem_of_list_split in Hm as (l1 & l2 & El). exists l1, m, l2.
      split; [done|]. split; [simpl; by left|]. split; [exact (put_is (write cfg (s_op m) w) r (s_after m))|]. split; [exact Hset|].
      destruct (s_alike _ _ S r d Hd) as [Nd _]. rewrite El, fmap_app in Nd. csimpl.
      intros x Hx. simpl. intros [Ex|Ex]%elem_of_cons.
      * apply NoDup_app in Nd as (_ & N1 & [N2 _]%NoDup_cons). apply elem_of_app in Hx as [Hx|Hx]; apply (elem_of_list_fmap_1 s_input) in Hx.
        -- apply (N1 _ Hx). rewrite Ex. by left. -- apply N2. by rewrite <- Ex.
      * apply (N x); [|done]. rewrite El. apply elem_of_app in Hx as [?|?]; apply elem_of_app; [by left|right; by right].
    + intros m0 H0 E0. destruct (same_air cfg w _ _ _ _ S H0 Ha E0) as [_ ->]. by eapply (writes_note cfg W).
Qed.

Lemma others_apart cfg w r r0 d d0 m x : sure cfg w → doubt_of w r = Some d → doubt_of w r0 = Some d0 → r ≠ r0 →
  m ∈ d_sent d → x ∈ d_sent d0 → s_input x ≠ s_input m.
Proof.
  intros S Hd Hd0 Hne Hm Hx E. destruct (s_sent _ _ S r d m Hd Hm) as [H1 _], (s_sent _ _ S r0 d0 x Hd0 Hx) as [H2 _].
  destruct (same_air cfg w _ _ _ _ S H2 H1 E) as [-> _]. done.
Qed.
(** A fresh step, heard at once. *)
Lemma heard_once cfg w i a : sure cfg w → i ∈ t_tried (w_traffic w) → (i, a) ∈ w_said w → sure cfg (hears i (Says a) w).
Proof.
  intros S Ht Hs. apply sure_hears; [done|..].
  - by intros i0 v [= -> ->]%elem_of_list_singleton. - by intros i0 v [= -> ->]%elem_of_list_singleton.
  - by intros i0 E%elem_of_list_singleton.
Qed.
Lemma heard_not cfg w i : sure cfg w → i ∈ t_tried (w_traffic w) → i ∉ (w_said w).*1 →
  (∀ r d m, doubt_of w r = Some d → m ∈ d_sent d → s_input m ≠ i) → sure cfg (hears i NotDone w).
Proof.
  intros S Ht Hs Hd. apply sure_hears; [done|..].
  - intros i0 v [= -> ->]%elem_of_list_singleton. done.
  - intros i0 v [= ]%elem_of_list_singleton.
  - intros i0 [= ->]%elem_of_list_singleton. done.
Qed.
Lemma act_both cfg w r w' h st : act cfg r w w' → good cfg w h st → sure cfg w → fresh_inputs (w_said w) →
  fresh_inputs (w_said w') → NoDup (t_tried (w_traffic w')) → ∃ h' st', both cfg w' h' st'.
Proof.
  intros Hact G S Hf0. pose proof (good_ahead _ _ _ _ G) as Hah. pose proof (both_good_bound cfg w h st G Hf0) as B.
  destruct Hact as [n Hd|u Hd|i st1 eff Hd Hof Hb E Hop Hfin|i st1 eff op Hd (Hof & Hb & E & Hop & Hc)|i op Hd Hof Hop Hn|
    i j Hd Hof Hb Hj|i st1 eff op Hof E Hop m Hc|m Ha Hmay Hc|d n Hd|d u Hd|d l m l' Hd El Hm|d Hd Hm|d Hd|d j Hd _ Hb Hj];
    intros Hf Hnd; cbn [w_said w_traffic t_tried] in Hf, Hnd.
  - assert (good cfg (put w r (with_stored (alone w r) n (w_store w !! n))) h st) as G' by by apply loads_good.
    exists h, st. split; [by apply (good_notes cfg (put w r _))|]. apply (sure_sees cfg (put w r _)); [by apply sure_put|by eapply good_ahead].
  - exists h, st. split; [by apply tells_good|by apply sure_put].
  - apply NoDup_cons in Hnd as [Hi _]. destruct (carries cfg w h st r i st1 eff) as [G' K]; try done; [by left|].
    assert (sure cfg (carried cfg (tries i w) r i st1 eff)) as S' by (eapply sure_step; try done; by left).
    unfold carried in *. rewrite Hop in *. eexists _, _. split; [apply good_notes, good_notes; exact G'|].
    apply (heard_once cfg (say i eff (put (tries i w) r st1))); [exact S'|by left|by left].
  - assert (NoDup (i :: t_tried (w_traffic w)) ∧ fresh_inputs ((i, answer_of eff) :: w_said w)) as [[Hi _]%NoDup_cons Hf'].
    { unfold sees_written in *. destruct (written_by op); done. }
    destruct (carries cfg w h st r i st1 eff) as [G' K]; try done; [by right; eexists|].
    assert (sure cfg (after cfg (tries i w) r i st1 eff op)) as S' by (eapply sure_step; try done; right; by eexists).
    unfold carried in *. rewrite Hop in *.
    assert (good cfg (after cfg (tries i w) r i st1 eff op) (occurs cfg st i :: h) (step cfg st i).1) as G2
      by exact (good_notes _ _ _ _ (λ t, Traffic _ _ _ _ _ _) (good_notes _ _ _ _ (λ t, Traffic _ _ _ _ _ _) G')).
    pose proof (sure_written _ _ r op S' (good_ahead _ _ _ _ G2)) as S2.
    exists (occurs cfg st i :: h), (step cfg st i).1.
    assert (tries i (sees_written r op (after cfg w r i st1 eff op)) = sees_written r op (after cfg (tries i w) r i st1 eff op)) as ->.
    { unfold sees_written. by destruct (written_by op). }
    split; [apply good_notes; unfold sees_written; destruct (written_by op); [by apply good_notes|done]|].
    apply heard_once; [exact S2|..]; unfold sees_written; destruct (written_by op); simpl; by left.
  - apply NoDup_cons in Hnd as [Hi _]. destruct (fresh_input _ _ _ S Hi) as (F1 & F2 & F3 & F4).
    exists h, st. split; [by apply good_notes, good_notes|]. apply heard_not; [by apply sure_tries|by left|done|done].
  - assert (∃ l, t_tried (w_traffic (gives_up cfg j r (tries i w))) = l ++ i :: t_tried (w_traffic w) ∧
      ∀ i0, i0 ∈ (w_said (gives_up cfg j r (tries i w))).*1 → i0 ∈ l ∨ i0 ∈ (w_said w).*1) as (l & El & Hl).
    { unfold gives_up. simpl. destruct (w_requests w !! r); [|exists []; split; [done|by right]]. destruct (step _ _ _). exists [j].
      split; [done|]. simpl. intros i0 [->|?]%elem_of_cons; [by left; left|by right]. }
    assert (i ∉ l ∧ i ∉ t_tried (w_traffic w)) as [H1 H2].
    { change (NoDup (t_tried (w_traffic (gives_up cfg j r (tries i w))))) in Hnd. rewrite El in Hnd. apply NoDup_app in Hnd as (_ & H1 & [H2 _]%NoDup_cons). split; [|done]. intros Hi. by destruct (H1 i Hi); left. }
    destruct (fresh_input _ _ _ S H2) as (F1 & F2 & F3 & F4).
    destruct (gives_up_good cfg (tries i w) h st r j) as (h' & st' & G' & S'); try done; [by apply good_notes|by apply sure_tries|].
    exists h', st'. split; [by apply good_notes|]. apply heard_not; [done|..].
    + rewrite El. apply elem_of_app. right. by left.
    + by intros [?|?]%Hl.
    + intros r0 d m. unfold gives_up. simpl. destruct (w_requests w !! r); [destruct (step _ _ _)|]; apply F4.
  - apply NoDup_cons in Hnd as [Hi _]. destruct (fresh_input _ _ _ S Hi) as (F1 & F2 & F3 & F4).
    exists h, st. split; [by apply good_notes, good_notes, good_notes|].
    apply (sure_sends cfg (tries i w) r i st1 eff op); try done; [by apply sure_tries|by left|].
    eapply (suits_alone cfg (tries i w)); [by apply good_notes|done].
  - eexists _, _. by eapply arrives_both.
  - exists h, st. split; [by apply good_notes|]. apply sure_again; [done|done| |by eapply suits_stored].
    intros k x. apply with_revision_said with cfg; [done|]. intros ??. by apply (s_now _ _ S r d).
  - exists h, st. split; [by apply good_notes|]. apply sure_again; [done|done| |by apply suits_told].
    intros k x. by apply (s_now _ _ S r d).
  - destruct (finds_done cfg w r d l m l' S Hd El Hm) as (T1 & T2 & T3).
    assert (∀ x, x ∈ d_sent d → (r, x) ∈ t_air (w_traffic w) ∧ s_input x ∈ t_tried (w_traffic w)) as Hair.
    { intros x Hx. destruct (s_sent _ _ S r d x Hd Hx) as [Hx' _]. split; [done|]. apply (s_air _ _ S r x Hx'). }
    assert (∀ x, (r, x) ∈ t_air (w_traffic w) → is_dead w x) as Hdead.
    { intros x Hx. destruct (s_air _ _ S r x Hx) as [_ [[A1 A2]|A]]; [|done]. exfalso. rewrite (sent_is _ _ _ Hd) in A2.
      destruct (A2 m) as [Hn _]; [rewrite El; apply elem_of_app; right; by left|]. apply Hn, elem_of_list_fmap. by eexists (_, _). }
    set (w1 := settles r d (s_after m) w). assert (good cfg w1 h st) as G1 by by apply good_notes, good_notes, good_put_same.
    assert (sure cfg w1) as S1.
    { apply sure_settles; [|exact Hdead]. assert (good cfg (put w r (s_after m)) h st) as G2 by by apply good_put_same.
      apply sure_seen; [by apply sure_put_same|by eapply good_ahead|]. intros k x. by apply (s_now _ _ S r d). }
    assert (sure cfg (sees_written r (s_op m) w1) ∧ good cfg (sees_written r (s_op m) w1) h st) as [S2 G2].
    { split; [apply sure_written; [done|by eapply good_ahead]|]. unfold sees_written. destruct (written_by (s_op m)); [by apply good_notes|done]. }
    assert (w_said (sees_written r (s_op m) w1) = w_said w ∧ t_tried (w_traffic (sees_written r (s_op m) w1)) = t_tried (w_traffic w) ∧
      ∀ r0 d0, doubt_of (sees_written r (s_op m) w1) r0 = Some d0 → doubt_of w r0 = Some d0 ∧ r0 ≠ r) as (W1 & W2 & W3).
    { assert (∀ r0 d0, doubt_of w1 r0 = Some d0 → doubt_of w r0 = Some d0 ∧ r0 ≠ r) as W.
      { intros r0 d0 H0. change (doubt_of (doubts r None w) r0 = Some d0) in H0. rewrite doubts_of in H0. by case_decide. }
      unfold sees_written. by destruct (written_by (s_op m)). }
    exists h, st. split; [by apply good_notes|]. assert (m ∈ d_sent d) as Hmd by (rewrite El; apply elem_of_app; right; by left).
    assert (∀ x, x ∈ l ++ l' → x ∈ d_sent d) as Hsub.
    { intros x Hx. rewrite El. apply elem_of_app in Hx as [?|?]; apply elem_of_app; [by left|right; by right]. }
    apply sure_hears; [exact S2|..]; rewrite ?W1, ?W2.
    + intros i v [[= -> ->]|(x & [= -> ->] & Hx)%elem_of_list_fmap]%elem_of_cons; apply Hair; [done|by apply Hsub].
    + intros i a [[= -> ->]|(x & [=] & Hx)%elem_of_list_fmap]%elem_of_cons. done.
    + intros i [[=]|(x & [= ->] & Hx)%elem_of_list_fmap]%elem_of_cons. split; [by apply T3|].
      intros r0 d0 y [H1 H2]%W3 Hy. by eapply (others_apart cfg w r r0 d d0); auto.
  - assert (Forall (λ m, s_input m ∉ (w_said w).*1) (d_sent d)) as Hn.
    { apply Forall_forall. intros x Hx. rewrite Forall_forall in Hm. destruct (Hm x Hx) as [[? ?]|[? _]]; [by eapply missed_undone|done]. }
    destruct (none_said cfg w r d S Hd Hn) as [N F]. rewrite Forall_forall in Hn.
    assert (good cfg (put w r (d_now d)) h st) as G1 by by apply suits_good.
    exists h, st. split; [by apply good_notes, good_notes, good_notes, good_notes|].
    set (w0 := silences r (doubts r None w)). assert (∀ r0, doubt_of w0 r0 = doubt_of (doubts r None w) r0) as Ed by done.
    assert (sure cfg (put w0 r (d_now d))) as S1.
    { apply sure_put; [by apply sure_silent|done|]. rewrite Ed, doubts_of. by case_decide. }
    assert (sure cfg (seen_by r (d_seen d) (put w0 r (d_now d)))) as S2.
    { apply sure_seen; [done|exact (good_ahead cfg (put w r (d_now d)) h st G1)|]. intros k x. by apply (s_now _ _ S r d). }
    apply (sure_hears cfg (seen_by r (d_seen d) (put w0 r (d_now d)))); [exact S2|..].
    + intros i v (x & [= -> ->] & Hx)%elem_of_list_fmap. destruct (s_sent _ _ S r d x Hd Hx) as [Hx' _]. apply (s_air _ _ S r x Hx').
    + intros i a (x & [=] & Hx)%elem_of_list_fmap.
    + intros i (x & [= ->] & Hx)%elem_of_list_fmap. split; [by apply Hn|]. intros r0 d0 y H0 Hy.
      change (doubt_of (doubts r None w) r0 = Some d0) in H0. rewrite doubts_of in H0. case_decide; [done|].
      by eapply (others_apart cfg w r r0 d d0).
  - exists h, st. split; [by apply good_notes|]. apply sure_hears; [done|..].
    + intros i v (x & [= -> ->] & Hx)%elem_of_list_fmap. destruct (s_sent _ _ S r d x Hd Hx) as [Hx' _]. apply (s_air _ _ S r x Hx').
    + intros i a (x & [=] & Hx)%elem_of_list_fmap. + intros i (x & [=] & Hx)%elem_of_list_fmap.
  - assert (silences r (doubts r None (gives_up cfg j r w)) = gives_up cfg j r (silences r (doubts r None w))) as Ec.
    { unfold gives_up. simpl. destruct (w_requests w !! r); [|done]. unfold alone. simpl. by destruct (step _ _ _). }
    change (fresh_inputs (w_said (silences r (doubts r None (gives_up cfg j r w))))) in Hf.
    change (NoDup (t_tried (w_traffic (silences r (doubts r None (gives_up cfg j r w)))))) in Hnd. rewrite Ec in *.
    destruct (gives_up_good cfg (silences r (doubts r None w)) h st r j) as (h' & st' & G' & S'); try done.
    + by apply good_notes, good_notes. + by apply sure_silent.
    + change (doubt_of (doubts r None w) r = None). rewrite doubts_of. by case_decide.
    + by exists h', st'.
Qed.

(** ** Runs *)

Lemma gives_up_grows cfg j r w : ∃ l l', w_said (gives_up cfg j r w) = l ++ w_said w ∧
  t_tried (w_traffic (gives_up cfg j r w)) = l' ++ t_tried (w_traffic w).
Proof.
  unfold gives_up. destruct (w_requests w !! r); [|by exists [], []]. destruct (step cfg (alone w r) j) as [st eff].
  by exists [(j, answer_of eff)], [j].
Qed.
Lemma act_grows cfg r w w' : act cfg r w w' → ∃ l l', w_said w' = l ++ w_said w ∧
  t_tried (w_traffic w') = l' ++ t_tried (w_traffic w).
Proof.
  destruct 1 as [| |i st eff|i st eff op|i op|i j|i st eff op|m| | |d l m l'|d|d|d j]; try (by exists [], []); try (by exists [], [i]).
  - by exists [(i, answer_of eff)], [i].
  - exists [(i, answer_of eff)], [i]. unfold sees_written. by destruct (written_by op).
  - destruct (gives_up_grows cfg j r (tries i w)) as (l & l' & E1 & E2). exists l, (l' ++ [i]). simpl in *. split; [exact E1|].
    rewrite <- app_assoc. exact E2.
  - by exists [(s_input m, answer_of (s_effects m))], [].
  - exists [], []. unfold sees_written. by destruct (written_by (s_op m)).
  - exact (gives_up_grows cfg j r w).
Qed.
Lemma act_fresh cfg r w w' : act cfg r w w' → fresh_world w' → fresh_world w.
Proof.
  intros H [Hf Ht]. destruct (act_grows cfg r w w' H) as (l & l' & E1 & E2). rewrite E1 in Hf. rewrite E2 in Ht.
  split; [by eapply fresh_earlier|]. by apply NoDup_app in Ht as (_ & _ & ?).
Qed.
Lemma nothing_both cfg : both cfg nothing_yet [] init.
Proof.
  split.
  - constructor; [constructor|done|done|simpl; by rewrite fmap_empty|done|..]; simpl.
    + intros r n s s'. simpl. by rewrite lookup_empty.
    + intros r q n. by rewrite lookup_empty.
    + intros r n. rewrite lookup_empty. by intros [].
    + intros r q. by rewrite lookup_empty.
  - constructor; unfold doubt_of; simpl; try done; intros *; rewrite ?elem_of_nil, ?lookup_empty; try done; constructor.
Qed.
Lemma reaches_both cfg w : reaches cfg nothing_yet w → fresh_world w → ∃ h st, both cfg w h st.
Proof.
  intros H. remember nothing_yet as w0 eqn:E. induction H as [w|w w' w'' r Hr IH Ha]; intros Hf.
  - subst. exists [], init. apply nothing_both.
  - pose proof (act_fresh _ _ _ _ Ha Hf) as [Hf' _]. destruct (IH E) as (h & st & G & S); [by eapply act_fresh|].
    destruct Hf. by eapply act_both.
Qed.
Theorem t_drivers : drivers_refine_the_machine.
Proof.
  intros cfg w H Hf. destruct (reaches_both cfg w H Hf) as (h & st & G & _). exists h, st.
  split; [split; [apply G|]|split; [apply G|split; apply G]].
  apply said_fresh. rewrite (g_said _ _ _ _ G). apply Hf.
Qed.
