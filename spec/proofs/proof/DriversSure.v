(** What is known of drivers in doubt stays known, one thing at a time. *)
From Q Require Export DriversDoubt.
From Q Require Import Base.

(** Nothing is carried out. *)
Lemma sure_still cfg w w' : sure cfg w → w_store w' = w_store w → w_numbers w' = w_numbers w → w_said w' = w_said w →
  t_revisions (w_traffic w') = t_revisions (w_traffic w) → t_air (w_traffic w') = t_air (w_traffic w) →
  t_tried (w_traffic w') = t_tried (w_traffic w) → t_heard (w_traffic w') = t_heard (w_traffic w) →
  (∀ r, doubt_of w' r = doubt_of w r) → (∀ r n k, t_seen (w_traffic w') r !! n = Some k → k ∈ (w_said w).*1) →
  (∀ r d, doubt_of w r = Some d → is_place w' r (alone w r)) → (∀ r q, w_requests w !! r = Some q → not_ahead (w_numbers w) q) →
  sure cfg w'.
Proof.
  intros S E1 E2 E3 E4 E5 E6 E7 E8 E9 Hp Hah. pose proof (kept_same w w' E1 E2 E3) as K.
  assert (∀ r, sent_by w' r = sent_by w r) as E10 by (intros r; unfold sent_by; by rewrite E8).
  assert (revised w w') as R by (intros n k _; by rewrite E4).
  assert (∀ r d, doubt_of w r = Some d → none_done w r (d_sent d) → none_done w' r (d_sent d)) as Hnone.
  { intros r d Hd N. eapply none_kept; [done|by eapply is_place_request, Hp|by apply Hah| |done]. intros m Hm. rewrite E3. by apply N. }
  constructor; rewrite ?E3, ?E4, ?E5, ?E6, ?E7; try apply S; try done.
  - intros r m Hm. destruct (s_air _ _ S r m Hm) as [M A]. split.
    + constructor; try apply M; rewrite ?E6, ?E3; apply M.
    + destruct A as [[A1 A2]|A]; [left|right; eapply dead_kept; try done; apply M]. rewrite E10. split; [done|].
      destruct (sent_in _ _ _ A1) as (d & Hd & _). rewrite (sent_is _ _ _ Hd) in *. by eapply Hnone.
  - intros r m Hm Hi. eapply noted_kept; [done|]. by apply (s_noted _ _ S r).
  - intros r d m Hd. rewrite E8 in Hd. by eapply (s_sent _ _ S).
  - intros r d. rewrite E8. apply S.
  - intros r d n k. rewrite E8. apply S.
  - intros r d. rewrite E8. intros Hd. destruct (s_true _ _ S r d Hd) as [[N F]|(l1 & m & l2 & El & T1 & T2 & T3 & T4)]; [left|right].
    + split; [by eapply Hnone|]. eapply suits_kept; [done|by eapply is_place_request, Hp|by apply Hah|done].
    + exists l1, m, l2. rewrite E3. do 2 (split; [done|]). split; [by eapply is_place_same; [eapply Hp|]|]. split; [|done].
      eapply settled_kept; try done. apply (s_air _ _ S r). apply (s_sent _ _ S r d); [done|]. rewrite El. apply elem_of_app. right. by left.
Qed.
Definition knows_ahead (w : world) : Prop := ∀ r q, w_requests w !! r = Some q → not_ahead (w_numbers w) q.
Lemma sure_put cfg w r st : sure cfg w → knows_ahead w → doubt_of w r = None → sure cfg (put w r st).
Proof. intros S Hah H. eapply sure_still; try done; [apply S|]. intros r0 d Hd. apply put_place. congruence. Qed.
Lemma sure_put_same cfg w r st : sure cfg w → knows_ahead w → is_place w r st → sure cfg (put w r st).
Proof.
  intros S Hah (H1 & H2 & H3). eapply sure_still; try done; [apply S|]. intros r0 d Hd. destruct (decide (r0 = r)) as [->|]; [|by apply put_place].
  destruct (is_place_alone w r) as (L1 & L2 & L3). unfold is_place, put. simpl in *.
  rewrite !fn_lookup_insert, lookup_partial_alter, <- H1, <- H2, <- H3. done.
Qed.
Lemma sure_seen cfg w r m : sure cfg w → knows_ahead w → (∀ n k, m !! n = Some k → k ∈ (w_said w).*1) → sure cfg (seen_by r m w).
Proof.
  intros S Hah Hm. eapply sure_still; try done; [|intros r0 d _; exact (is_place_alone w r0)].
  intros r0 n k. simpl. destruct (decide (r = r0)) as [->|]; [rewrite fn_lookup_insert; apply Hm|rewrite fn_lookup_insert_ne by done; apply S].
Qed.
Lemma revision_said cfg w n k : sure cfg w → revision w n = Some k → k ∈ (w_said w).*1.
Proof. intros S. unfold revision. destruct (w_store w !! n); simpl; [apply S|done]. Qed.
Lemma with_revision_said cfg w n m j k : sure cfg w → (∀ n k, m !! n = Some k → k ∈ (w_said w).*1) →
  with_revision w n m !! j = Some k → k ∈ (w_said w).*1.
Proof.
  intros S Hm. unfold with_revision. destruct (decide (n = j)) as [->|].
  - rewrite lookup_partial_alter. by apply revision_said with cfg.
  - rewrite lookup_partial_alter_ne by done. apply Hm.
Qed.
Lemma sure_sees cfg w r n : sure cfg w → knows_ahead w → sure cfg (sees r n w).
Proof. intros S Hah. apply sure_seen; [done..|]. intros j k. apply with_revision_said with cfg; [done|apply S]. Qed.
Lemma sure_written cfg w r op : sure cfg w → knows_ahead w → sure cfg (sees_written r op w).
Proof. unfold sees_written. destruct (written_by op); [apply sure_sees|done]. Qed.
Lemma sure_tries cfg w i : sure cfg w → sure cfg (tries i w).
Proof.
  intros S. constructor; try apply S; simpl; intros.
  - right. by apply (s_said _ _ S).
  - right. by eapply (s_heard _ _ S).
  - destruct (s_air _ _ S _ _ H) as [M A]. split; [|by apply air_notes]. apply sound_notes; [by right|done].
  - by apply true_notes, (s_true _ _ S).
Qed.
Lemma sure_hears cfg w l : sure cfg w → (∀ i v, (i, v) ∈ l → i ∈ t_tried (w_traffic w)) →
  (∀ i a, (i, Says a) ∈ l → (i, a) ∈ w_said w) →
  (∀ i, (i, NotDone) ∈ l → i ∉ (w_said w).*1 ∧ ∀ r d m, doubt_of w r = Some d → m ∈ d_sent d → s_input m ≠ i) → sure cfg (hear_all l w).
Proof.
  intros S Ht Hs Hn. constructor; try apply S; simpl.
  - intros i v [?|?]%elem_of_app; [by eapply Ht|by eapply (s_heard _ _ S)].
  - intros i a [?|?]%elem_of_app; [by apply Hs|by apply (s_says _ _ S)].
  - intros i [?|?]%elem_of_app; [by apply Hn|by apply (s_not _ _ S)].
  - intros r m Hm. destruct (s_air _ _ S r m Hm) as [M A]. split; [by apply sound_notes|by apply air_notes].
  - intros r d m Hd Hm. destruct (s_sent _ _ S r d m Hd Hm) as [H1 H2]. split; [done|]. intros [Hi|?]%elem_of_app; [|done].
    destruct (Hn _ Hi) as [_ Hx]. by eapply Hx.
  - intros r d Hd. by apply true_notes, (s_true _ _ S).
Qed.
(** It is believed, and in no doubt: what it has sent is dead, or does not arrive. *)
Lemma sure_settles cfg w r : sure cfg w → (∀ m, (r, m) ∈ t_air (w_traffic w) → is_dead w m) → sure cfg (doubts r None w).
Proof.
  intros S Hdead. assert (∀ r0, r0 ≠ r → sent_by (doubts r None w) r0 = sent_by w r0) as Es.
  { intros r0 Hne. unfold sent_by. rewrite doubts_of. by case_decide. }
  constructor; try apply S.
  - intros r0 m Hm. destruct (s_air _ _ S r0 m Hm) as [M A]. split; [constructor; apply M|].
    destruct (decide (r0 = r)) as [->|Hne]; [right; by apply Hdead|]. by apply air_notes; [apply Es|..].
  - intros r0 d m. rewrite doubts_of. case_decide; [done|]. apply S.
  - intros r0 d. rewrite doubts_of. case_decide; [done|]. apply S.
  - intros r0 d n k. rewrite doubts_of. case_decide; [done|]. apply S.
  - intros r0 d. rewrite doubts_of. case_decide; [done|]. intros Hd. by apply true_notes, (s_true _ _ S).
Qed.
Lemma names_left {A B} (f : A → B) (P : A → Prop) `{∀ x, Decision (P x)} l : NoDup (f <$> l) → NoDup (f <$> filter P l).
Proof.
  induction l as [|x l IH]; [done|]. rewrite filter_cons. csimpl. intros [N1 N2]%NoDup_cons. case_decide; [|by apply IH].
  csimpl. apply NoDup_cons. split; [|by apply IH]. intros (y & E & [_ Hy]%elem_of_list_filter)%elem_of_list_fmap. apply N1, elem_of_list_fmap. by exists y.
Qed.
Lemma sure_silent cfg w r : sure cfg w → sure cfg (silences r (doubts r None w)).
Proof.
  intros S. assert (∀ r0 m, (r0, m) ∈ t_air (w_traffic (silences r (doubts r None w))) ↔ r0 ≠ r ∧ (r0, m) ∈ t_air (w_traffic w)) as Ea.
  { intros r0 m. simpl. by rewrite elem_of_list_filter. }
  assert (∀ r0, doubt_of (silences r (doubts r None w)) r0 = doubt_of (doubts r None w) r0) as Ed by done.
  constructor; try apply S.
  - apply names_left, S.
  - intros r0 m [Hne Hm]%Ea. destruct (s_air _ _ S r0 m Hm) as [M A]. split; [constructor; apply M|].
    apply (air_notes _ (doubts r None w)); [done..|]. apply air_notes; [|done..].
    assert (sent_by (doubts r None w) r0 = sent_by w r0) as Es; [|exact Es]. unfold sent_by. rewrite doubts_of. by case_decide.
  - intros r0 m [_ Hm]%Ea. apply (s_noted _ _ S r0 m Hm).
  - intros r0 d m. rewrite Ed, doubts_of. case_decide; [done|]. intros Hd Hm. destruct (s_sent _ _ S r0 d m Hd Hm). split; [|done].
    by apply Ea.
  - intros r0 d. rewrite Ed, doubts_of. case_decide; [done|]. apply S.
  - intros r0 d n k. rewrite Ed, doubts_of. case_decide; [done|]. apply S.
  - intros r0 d. rewrite Ed, doubts_of. case_decide; [done|]. intros Hd. apply (true_notes _ (doubts r None w)); [done|].
    by apply true_notes, (s_true _ _ S).
Qed.
(** What it would begin from is loaded again. *)
Lemma sure_again cfg w r d now m : sure cfg w → doubt_of w r = Some d → (∀ n k, m !! n = Some k → k ∈ (w_said w).*1) →
  (suits w r (d_now d) → suits w r now) → sure cfg (doubts r (Some (Doubt now m (d_sent d))) w).
Proof.
  intros S Hd Hm Hf. assert (∀ r0, sent_by (doubts r (Some (Doubt now m (d_sent d))) w) r0 = sent_by w r0) as Es.
  { intros r0. unfold sent_by. rewrite doubts_of. case_decide as E; [|done]. rewrite <- E. by rewrite Hd. }
  constructor; try apply S.
  - intros r0 x Hx. destruct (s_air _ _ S r0 x Hx) as [M A]. split; [constructor; apply M|]. by apply air_notes; [apply Es|..].
  - intros r0 d0 x. rewrite doubts_of. case_decide as E; [|apply S]. subst r0. intros [= <-]. simpl. by apply S.
  - intros r0 d0. rewrite doubts_of. case_decide as E; [|apply S]. subst r0. intros [= <-]. simpl. by apply (s_alike _ _ S r).
  - intros r0 d0 n k. rewrite doubts_of. case_decide as E; [|apply S]. subst r0. intros [= <-]. simpl. by apply Hm.
  - intros r0 d0. rewrite doubts_of. case_decide as E; [|intros; by apply true_notes, (s_true _ _ S)].
    subst r0. intros [= <-]. simpl. apply true_notes; [done|]. destruct (s_true _ _ S r d Hd) as [[N F]|T]; [left|by right]. split; [exact N|]. exact (Hf F).
Qed.
(** A write is sent, from what its driver believes. *)
Lemma sure_sends cfg w r i st eff op : sure cfg w → i ∈ t_tried (w_traffic w) → i ∉ (w_said w).*1 →
  (∀ v, (i, v) ∉ t_heard (w_traffic w)) → (∀ r0 m, (r0, m) ∈ t_air (w_traffic w) → s_input m ≠ i) → is_of_driver w r (i_event i) →
  step cfg (believed w r) i = (st, eff) → e_op eff = Some op → suits w r (alone w r) →
  let m := Sent i (believed w r) st eff op (seen w r) in Forall (same_condition m) (sent_by w r) →
  sure cfg (doubts r (Some (Doubt (believed w r) (seen w r) (m :: sent_by w r))) (is_sent r m w)).
Proof.
  intros S Ht Hi Hh Ha Hof E Hop Hal m Hc. set (w' := doubts _ _ _).
  assert (∀ n k, seen w r !! n = Some k → k ∈ (w_said w).*1) as Hseen.
  { intros n k. unfold seen. destruct (doubt_of w r) eqn:Ed; [by eapply (s_now _ _ S)|apply S]. }
  assert (∀ r0, doubt_of w' r0 = if decide (r = r0) then Some (Doubt (believed w r) (seen w r) (m :: sent_by w r)) else doubt_of w r0) as Ed
    by (intros r0; exact (doubts_of r _ (is_sent r m w) r0)).
  assert (none_done w r (sent_by w r) ∧ suits w r (believed w r) ∨ one_done w r (sent_by w r)) as T.
  { unfold sent_by, believed. destruct (doubt_of w r) as [d|] eqn:Hd; [by apply (s_true _ _ S)|].
    left. split; [by intros x ?%elem_of_nil|done]. }
  assert (none_done w r (sent_by w r) → suits w r (believed w r) → none_done w r (m :: sent_by w r)) as Hnone.
  { intros N F x [->|Hx]%elem_of_cons; [done|by apply N]. }
  assert (∀ x, is_sound cfg w x → is_sound cfg w' x) as Hso by (intros x M; constructor; apply M).
  constructor; try apply S.
  - simpl. apply NoDup_cons. split; [|apply (s_names _ _ S)]. intros ([r0 x] & E1 & Hx)%elem_of_list_fmap. simpl in E1. by apply (Ha r0 x).
  - intros r0 x Hx. simpl in Hx. apply elem_of_cons in Hx as [[= -> ->]|Hx].
    + split; [by constructor|]. unfold sent_by at 1 2. rewrite Ed. case_decide; [|done]. simpl.
      destruct T as [[N F]|T]; [left|right]; [split; [by left|by apply (none_notes _ (is_sent r m w)), none_notes, Hnone]|].
      destruct T as (l1 & m0 & l2 & El & _ & _ & T3 & _). rewrite El in Hc.
      apply Forall_app in Hc as [_ [(n & k & C1 & C2 & C3 & C4) _]%Forall_cons]. exact (settled_dead w m0 m n k T3 C2 C1 C4 C3).
    + destruct (s_air _ _ S r0 x Hx) as [M A]. split; [by apply Hso|]. destruct A as [[A1 A2]|A]; [left|by right].
      unfold sent_by at 1 2. rewrite Ed. case_decide as E0; [subst r0|].
      2: { split; [done|]. by apply (none_notes _ (is_sent r m w)), none_notes. }
      simpl. split; [by right|]. destruct T as [[N F]|T]; [by apply (none_notes _ (is_sent r m w)), none_notes, Hnone|]. destruct (one_not_none _ _ _ T A2).
  - intros r0 x Hx. simpl in Hx. apply elem_of_cons in Hx as [[= -> ->]|Hx]; [by intros ?|by apply (s_noted _ _ S r0)].
  - intros r0 d x. rewrite Ed. case_decide as E0; [|intros H1 H2; destruct (s_sent _ _ S r0 d x H1 H2); split; [by right|done]].
    subst r0. intros [= <-]. simpl. intros [->|Hx]%elem_of_cons; [split; [by left|apply Hh]|].
    destruct (sent_in _ _ _ Hx) as (d & Hd & Hx'). destruct (s_sent _ _ S r d x Hd Hx'). split; [by right|done].
  - intros r0 d. rewrite Ed. case_decide as E0; [|apply S]. intros [= <-]. simpl.
    unfold sent_by in *. destruct (doubt_of w r) as [d|] eqn:Hd; [|split; [apply NoDup_singleton|left; by exists m]].
    pose proof (s_alike _ _ S r d Hd) as [Nd Al]. split.
    { csimpl. apply NoDup_cons. split; [|done]. intros (x & Ex & Hx)%elem_of_list_fmap. destruct (s_sent _ _ S r d x Hd Hx) as [Hx' _]. by apply (Ha r x Hx'). }
    destruct (d_sent d) as [|x l] eqn:El; [left; by exists m|right]. apply Forall_cons in Hc as [(n & k & C1 & C2 & C3 & C4) _].
    exists n, k. intros y [->|[->|Hy]%elem_of_cons]%elem_of_cons; [done|done|].
    destruct Al as [[z [= -> ->]]|(n' & k' & Al)]; [by apply elem_of_nil in Hy|].
    destruct (Al x) as [A1 A2]; [by left|]. destruct (Al y) as [A3 A4]; [by right|]. split; [congruence|]. 
    assert (n' = n) as -> by congruence. congruence.
  - intros r0 d n k. rewrite Ed. case_decide; [|apply S]. intros [= <-]. simpl. apply Hseen.
  - intros r0 d. rewrite Ed. intros Hd. apply (true_notes _ (is_sent r m w)); [done|]. apply true_notes; [done|]. revert Hd.
    case_decide as E0; [|apply (s_true _ _ S)]. subst r0. intros [= <-]. simpl. destruct T as [[N F]|(l1 & m0 & l2 & El & T1 & T2 & T3 & T4)]; [left; split; [by apply Hnone|exact F]|right].
    exists (m :: l1), m0, l2. rewrite El. do 4 (split; [done|]). intros x [->|Hx]%elem_of_cons; [done|by apply T4].
Qed.
(** Something is carried out. *)
Lemma sure_carried cfg w w' r i eff : sure cfg w → knows_ahead w → kept w w' → w_said w' = (i, answer_of eff) :: w_said w →
  (∀ r0, r0 ≠ r → is_place w' r0 (alone w r0)) → t_seen (w_traffic w') = t_seen (w_traffic w) →
  t_doubts (w_traffic w') = t_doubts (w_traffic w) → t_air (w_traffic w') = t_air (w_traffic w) →
  t_tried (w_traffic w') = t_tried (w_traffic w) → t_heard (w_traffic w') = t_heard (w_traffic w) →
  (∀ n k, t_revisions (w_traffic w') !! n = Some k → k = i ∨ t_revisions (w_traffic w) !! n = Some k) →
  i ∈ t_tried (w_traffic w) → i ∉ (w_said w).*1 → (i, NotDone) ∉ t_heard (w_traffic w) →
  (∀ r0 m, (r0, m) ∈ t_air (w_traffic w) → s_input m = i → r0 = r ∧ m ∈ sent_by w r) →
  (∀ d, doubt_of w r = Some d → one_done w' r (d_sent d)) →
  (∀ m, (r, m) ∈ t_air (w_traffic w) → s_input m = i → is_noted w' m) → sure cfg w'.
Proof.
  intros S Hah K Es Hp E1 E2 E3 E4 E5 Hr Ht Hi Hn Ha Hd Hnote.
  assert (∀ r0, doubt_of w' r0 = doubt_of w r0) as Ed by (intros; unfold doubt_of; by rewrite E2).
  assert (∀ r0, sent_by w' r0 = sent_by w r0) as Eb by (intros; unfold sent_by; by rewrite Ed).
  assert (revised w w') as R by (intros n k Hk [->|?]%Hr; done).
  assert (∀ m, is_sound cfg w m → is_sound cfg w' m) as Hso.
  { intros m M. constructor; try apply M; rewrite ?E4; try apply M. intros n k Hk. apply (k_said _ _ K). by eapply (m_seen _ _ _ M). }
  assert (∀ r0 d m, r0 ≠ r → doubt_of w r0 = Some d → m ∈ d_sent d → s_input m ≠ i) as Hother.
  { intros r0 d m Hne Hd0 Hm Hi0. destruct (s_sent _ _ S r0 d m Hd0 Hm) as [Hx _]. by destruct (Ha r0 m Hx Hi0). }
  assert (∀ r0 d, r0 ≠ r → doubt_of w r0 = Some d → none_done w r0 (d_sent d) → none_done w' r0 (d_sent d)) as Hnone.
  { intros r0 d Hne Hd0 N. eapply none_kept; [done|by eapply is_place_request, Hp|by apply Hah| |done].
    intros m Hm. rewrite Es. csimpl. intros [?|?]%elem_of_cons; [by eapply (Hother r0 d)|by apply (N m)]. }
  constructor; rewrite ?E1, ?E3, ?E4, ?E5; try apply S.
  - intros i0. rewrite Es. csimpl. intros [->|?]%elem_of_cons; [done|by apply (s_said _ _ S)].
  - intros i0 a ?. rewrite Es. right. by apply (s_says _ _ S).
  - intros i0 Hi0. rewrite Es. csimpl. intros [->|?]%elem_of_cons; [done|by apply (s_not _ _ S i0)].
  - intros n k [->|?]%Hr; rewrite Es; [by left|right; by eapply (s_row _ _ S)].
  - intros r0 n k ?. apply (k_said _ _ K). by eapply (s_saw _ _ S).
  - rewrite Es. apply NoDup_cons. split; [done|apply S].
  - intros r0 m Hm. destruct (s_air _ _ S r0 m Hm) as [M A]. split; [by apply Hso|]. rewrite Eb. destruct A as [[A1 A2]|A].
    + destruct (sent_in _ _ _ A1) as (d & Hd0 & Hmd). rewrite (sent_is _ _ _ Hd0) in *. destruct (decide (r0 = r)) as [->|Hne].
      * right. destruct (Hd d Hd0) as (l1 & m0 & l2 & El & _ & _ & T3 & _). eapply (alike_dead _ m0 m); [by eapply (s_alike _ _ S)|..]; try done.
        rewrite El. apply elem_of_app. right. by left.
      * left. split; [done|by apply Hnone].
    + right. eapply dead_kept; try done. apply M.
  - intros r0 m Hm. rewrite Es. csimpl. intros [Hi0|Hi0]%elem_of_cons.
    + destruct (Ha r0 m Hm Hi0) as [-> _]. by apply Hnote.
    + eapply noted_kept; [done|]. by apply (s_noted _ _ S r0).
  - intros r0 d m. rewrite Ed. apply S.
  - intros r0 d. rewrite Ed. apply S.
  - intros r0 d n k. rewrite Ed. intros. apply (k_said _ _ K). by eapply (s_now _ _ S).
  - intros r0 d. rewrite Ed. intros Hd0. destruct (decide (r0 = r)) as [->|Hne]; [right; by apply Hd|].
    destruct (s_true _ _ S r0 d Hd0) as [[N F]|(l1 & m & l2 & El & T1 & T2 & T3 & T4)]; [left|right].
    + split; [by apply Hnone|]. eapply suits_kept; [done|by eapply is_place_request, Hp|by apply Hah|done].
    + exists l1, m, l2. split; [done|]. rewrite Es. split; [by right|]. split; [by eapply is_place_same; [apply Hp|]|]. split.
      * eapply settled_kept; try done. apply (s_air _ _ S r0). apply (s_sent _ _ S r0 d); [done|]. rewrite El. apply elem_of_app. right. by left.
      * intros x Hx. csimpl. intros [?|?]%elem_of_cons; [|by apply (T4 x)]. eapply (Hother r0 d x); try done. rewrite El.
        apply elem_of_app in Hx as [?|?]; apply elem_of_app; [by left|right; by right].
Qed.
