(** What a driver finds of its own write when it looks is what the store has done. *)
From Q Require Export Drivers Facts DriversWhole.
From Q Require Import Writes Base.

Definition said_ids (w : world) : list N := w_said w ≫= λ p, d_ids (i_draws p.1).
(** The place of a request is as in this state. *)
Definition is_place (w : world) (r : number) (st : state) : Prop :=
  w_loaded w r = store st ∧ w_told w r = generations st ∧ w_requests w !! r = requests st !! r.
(** A state that a step of this request may begin from: for the one machine it is the same. *)
Record suits (w : world) (r : number) (s : state) : Prop := {
  f_alone : requests s = match requests s !! r with Some q => {[ r := q ]} | None => ∅ end;
  f_request : as_whole (w_numbers w) <$> requests s !! r = as_whole (w_numbers w) <$> w_requests w !! r;
  f_older : older (store s) (w_store w);
  f_gone : ∀ q n, requests s !! r = Some q → held_id q = Some n → store s !! n = None → w_store w !! n = None;
  f_held : ∀ q n, requests s !! r = Some q → held_id q = Some n → n ∈ said_ids w;
  f_drawn : ∀ n, is_Some (store s !! n) → n ∈ said_ids w;
  f_ahead : ∀ q, requests s !! r = Some q → not_ahead (w_numbers w) q }.
(** What a write that was carried out has changed for ever: the revision of its row, or that the row is gone. *)
Definition is_settled (w : world) (m : sent) : Prop := match s_op m with
  | OpUpdate n _ => ∀ i, t_revisions (w_traffic w) !! n = Some i → s_seen m !! n ≠ Some i
  | OpDiscard n | OpRotate n _ _ _ => w_store w !! n = None ∧ n ∈ said_ids w
  | _ => True end.
(** What cannot arrive any more: what it compares has changed. *)
Definition is_dead (w : world) (m : sent) : Prop := match compared (s_op m) with
  | Some n => (∀ i, t_revisions (w_traffic w) !! n = Some i → s_seen m !! n ≠ Some i) ∨ w_store w !! n = None ∧ n ∈ said_ids w
  | None => True end.
(** A visit that was noted is noted as long as the session is there; and a session that was spared is its user's. *)
Definition is_noted (w : world) (m : sent) : Prop := match s_op m with
  | OpTouch n t => (∀ s, w_store w !! n = Some s → t <= accessed s) ∧ n ∈ said_ids w
  | OpDeleteUser u (Some n) => (∀ s, w_store w !! n = Some s → user s = Some u) ∧ n ∈ said_ids w
  | _ => True end.
Definition none_done (w : world) (r : number) (l : list sent) : Prop := ∀ m, m ∈ l →
  s_input m ∉ (w_said w).*1 ∧ suits w r (s_before m) ∧ is_of_driver w r (i_event (s_input m)).
Definition one_done (w : world) (r : number) (l : list sent) : Prop := ∃ l1 m l2, l = l1 ++ m :: l2 ∧
  (s_input m, answer_of (s_effects m)) ∈ w_said w ∧ is_place w r (s_after m) ∧ is_settled w m ∧
  ∀ m', m' ∈ l1 ++ l2 → s_input m' ∉ (w_said w).*1.
Definition alike (l : list sent) : Prop := NoDup (s_input <$> l) ∧ ((∃ m, l = [m]) ∨
  ∃ n k, ∀ m, m ∈ l → compared (s_op m) = Some n ∧ s_seen m !! n = Some k).
Record is_sound cfg (w : world) (m : sent) : Prop := {
  m_step : step cfg (s_before m) (s_input m) = (s_after m, s_effects m);
  m_op : e_op (s_effects m) = Some (s_op m);
  m_tried : s_input m ∈ t_tried (w_traffic w);
  m_seen : ∀ n k, s_seen m !! n = Some k → k ∈ (w_said w).*1 }.
Record sure cfg (w : world) : Prop := {
  s_said : ∀ i, i ∈ (w_said w).*1 → i ∈ t_tried (w_traffic w);
  s_heard : ∀ i v, (i, v) ∈ t_heard (w_traffic w) → i ∈ t_tried (w_traffic w);
  s_says : ∀ i a, (i, Says a) ∈ t_heard (w_traffic w) → (i, a) ∈ w_said w;
  s_not : ∀ i, (i, NotDone) ∈ t_heard (w_traffic w) → i ∉ (w_said w).*1;
  s_row : ∀ n i, t_revisions (w_traffic w) !! n = Some i → i ∈ (w_said w).*1;
  s_saw : ∀ r n i, t_seen (w_traffic w) r !! n = Some i → i ∈ (w_said w).*1;
  s_once : NoDup (w_said w).*1;
  s_names : NoDup ((λ p, s_input p.2) <$> t_air (w_traffic w));
  s_air : ∀ r m, (r, m) ∈ t_air (w_traffic w) → is_sound cfg w m ∧
    (m ∈ sent_by w r ∧ none_done w r (sent_by w r) ∨ is_dead w m);
  s_noted : ∀ r m, (r, m) ∈ t_air (w_traffic w) → s_input m ∈ (w_said w).*1 → is_noted w m;
  s_sent : ∀ r d m, doubt_of w r = Some d → m ∈ d_sent d →
    (r, m) ∈ t_air (w_traffic w) ∧ (s_input m, NotDone) ∉ t_heard (w_traffic w);
  s_alike : ∀ r d, doubt_of w r = Some d → alike (d_sent d);
  s_now : ∀ r d n k, doubt_of w r = Some d → d_seen d !! n = Some k → k ∈ (w_said w).*1;
  s_true : ∀ r d, doubt_of w r = Some d → none_done w r (d_sent d) ∧ suits w r (d_now d) ∨ one_done w r (d_sent d) }.

Lemma doubts_of r d w r0 : doubt_of (doubts r d w) r0 = if decide (r = r0) then d else doubt_of w r0.
Proof. unfold doubt_of, doubts. simpl. case_decide; [subst; by rewrite fn_lookup_insert|by rewrite fn_lookup_insert_ne]. Qed.
Lemma is_place_alone w r : is_place w r (alone w r).
Proof. unfold is_place, alone. simpl. destruct (w_requests w !! r); [by rewrite lookup_singleton|by rewrite lookup_empty]. Qed.
Lemma is_place_request w w' r : is_place w' r (alone w r) → w_requests w' !! r = w_requests w !! r.
Proof. intros (_ & _ & ->). symmetry. apply (is_place_alone w r). Qed.
Lemma is_place_same w w' r st : is_place w' r (alone w r) → is_place w r st → is_place w' r st.
Proof. intros (P1 & P2 & P3) (Q1 & Q2 & Q3). destruct (is_place_alone w r) as (R1 & R2 & R3). unfold is_place. rewrite P1, P2, P3, <- R1, <- R2, <- R3. done. Qed.
Lemma put_place w r st r0 : r0 ≠ r → is_place (put w r st) r0 (alone w r0).
Proof.
  intros Hne. destruct (is_place_alone w r0) as (H1 & H2 & H3). unfold is_place, put. simpl in *.
  rewrite !fn_lookup_insert_ne, lookup_partial_alter_ne by done. done.
Qed.
Lemma put_is w r st : is_place (put w r st) r st.
Proof. unfold is_place, put. simpl. by rewrite !fn_lookup_insert, lookup_partial_alter. Qed.
Lemma sent_in w r m : m ∈ sent_by w r → ∃ d, doubt_of w r = Some d ∧ m ∈ d_sent d.
Proof. unfold sent_by. destruct (doubt_of w r) as [d|]; [by exists d|by intros ?%elem_of_nil]. Qed.
Lemma sent_is w r d : doubt_of w r = Some d → sent_by w r = d_sent d.
Proof. unfold sent_by. by intros ->. Qed.
Lemma one_not_none w r l : one_done w r l → none_done w r l → False.
Proof.
  intros (l1 & m & l2 & -> & H & _) Hn. destruct (Hn m) as [Hm _]; [apply elem_of_app; right; by left|].
  apply Hm, elem_of_list_fmap. by eexists (_, _).
Qed.
Lemma same_air cfg w r1 r2 m1 m2 : sure cfg w → (r1, m1) ∈ t_air (w_traffic w) → (r2, m2) ∈ t_air (w_traffic w) →
  s_input m1 = s_input m2 → r1 = r2 ∧ m1 = m2.
Proof.
  intros S [k1 H1]%elem_of_list_lookup [k2 H2]%elem_of_list_lookup E. pose proof (s_names _ _ S) as N.
  assert (((λ p, s_input p.2) <$> t_air (w_traffic w)) !! k1 = Some (s_input m1)) as L1 by (by rewrite list_lookup_fmap, H1).
  assert (((λ p, s_input p.2) <$> t_air (w_traffic w)) !! k2 = Some (s_input m1)) as L2 by (by rewrite list_lookup_fmap, H2, E).
  pose proof (NoDup_lookup _ _ _ _ N L1 L2). subst. rewrite H1 in H2. by injection H2.
Qed.

(** ** What stays when others act *)

Record kept (w w1 : world) : Prop := {
  k_sib : ∀ n s s', w_store w !! n = Some s → w_store w1 !! n = Some s' → sib s s';
  k_gone : ∀ n, w_store w !! n = None → n ∈ said_ids w → w_store w1 !! n = None;
  k_numbers : w_numbers w1 = w_numbers w ∨ ∃ u, w_numbers w1 = <[ u := N.succ (number_of w u) ]> (w_numbers w);
  k_said : ∀ i, i ∈ (w_said w).*1 → i ∈ (w_said w1).*1;
  k_ids : ∀ n, n ∈ said_ids w → n ∈ said_ids w1 }.
Lemma kept_same w w' : w_store w' = w_store w → w_numbers w' = w_numbers w → w_said w' = w_said w → kept w w'.
Proof.
  intros E1 E2 E3. constructor; unfold said_ids; rewrite ?E1, ?E2, ?E3; try done.
  - intros n s s' Hs Hs'. rewrite Hs in Hs'. injection Hs' as <-. apply sib_refl. - by left.
Qed.
Lemma whole_kept w w1 q q' : kept w w1 → (∀ x, q = Some x → not_ahead (w_numbers w) x) → (∀ x, q' = Some x → not_ahead (w_numbers w) x) →
  as_whole (w_numbers w) <$> q = as_whole (w_numbers w) <$> q' → as_whole (w_numbers w1) <$> q = as_whole (w_numbers w1) <$> q'.
Proof.
  intros [_ _ [->|[u ->]] _ _] H H' E; [done|]. destruct q as [q|], q' as [q'|]; try done. simpl in *. f_equal.
  unfold number_of. rewrite <- !ended_whole by auto. congruence.
Qed.
Lemma ahead_kept w w1 q : kept w w1 → not_ahead (w_numbers w) q → not_ahead (w_numbers w1) q.
Proof.
  intros [_ _ [->|[u ->]] _ _] H v t n Hl; [by eapply H|]. etrans; [by eapply H|]. destruct (decide (u = v)) as [->|].
  - rewrite lookup_insert. unfold number_of. simpl. lia.
  - by rewrite lookup_insert_ne.
Qed.
Lemma suits_kept w w1 r s : kept w w1 → w_requests w1 !! r = w_requests w !! r →
  (∀ q, w_requests w !! r = Some q → not_ahead (w_numbers w) q) → suits w r s → suits w1 r s.
Proof.
  intros K E Hah F. constructor; try apply F.
  - rewrite E. eapply whole_kept; [done|apply F|done|apply F].
  - intros n o o' Ho Ho'. destruct (w_store w !! n) as [x|] eqn:Ex.
    + eapply sib_trans; [by eapply (f_older _ _ _ F)|by eapply (k_sib _ _ K)].
    + rewrite (k_gone _ _ K n Ex) in Ho'; [done|]. apply (f_drawn _ _ _ F). by eexists.
  - intros q n Hq Hn Hs. apply (k_gone _ _ K); [by eapply (f_gone _ _ _ F)|by eapply (f_held _ _ _ F)].
  - intros q n Hq Hn. apply (k_ids _ _ K). by eapply (f_held _ _ _ F).
  - intros n Hn. apply (k_ids _ _ K). by apply (f_drawn _ _ _ F).
  - intros q Hq. eapply ahead_kept; [done|]. by apply (f_ahead _ _ _ F).
Qed.
Lemma of_driver_same w w' r e : w_requests w' !! r = w_requests w !! r → is_of_driver w r e → is_of_driver w' r e.
Proof. unfold is_of_driver. by intros ->. Qed.
Lemma none_kept w w1 r l : kept w w1 → w_requests w1 !! r = w_requests w !! r →
  (∀ q, w_requests w !! r = Some q → not_ahead (w_numbers w) q) → (∀ m, m ∈ l → s_input m ∉ (w_said w1).*1) →
  none_done w r l → none_done w1 r l.
Proof.
  intros K E Hah Hs N m Hm. destruct (N m Hm) as (N1 & N2 & N3). split; [by apply Hs|]. split; [by eapply suits_kept|by eapply of_driver_same].
Qed.
(** No write gives a row a revision that it had. *)
Definition revised (w w1 : world) : Prop := ∀ n k, k ∈ (w_said w).*1 →
  t_revisions (w_traffic w1) !! n = Some k → t_revisions (w_traffic w) !! n = Some k.
Lemma dead_kept w w1 m : kept w w1 → revised w w1 → (∀ n k, s_seen m !! n = Some k → k ∈ (w_said w).*1) → is_dead w m → is_dead w1 m.
Proof.
  intros K R Hs. unfold is_dead. destruct (compared (s_op m)) as [n|]; [|done]. intros [H|[H1 H2]]; [left|right].
  - intros i Hi Hn. eapply (H i); [apply R; [by eapply Hs|done]|done].
  - split; [by apply (k_gone _ _ K)|by apply (k_ids _ _ K)].
Qed.
Lemma settled_kept w w1 m : kept w w1 → revised w w1 → (∀ n k, s_seen m !! n = Some k → k ∈ (w_said w).*1) → is_settled w m → is_settled w1 m.
Proof.
  intros K R Hs. unfold is_settled. destruct (s_op m); try done.
  - intros H k Hk Hn. eapply (H k); [apply R; [by eapply Hs|done]|done].
  - intros [H1 H2]. split; [by apply (k_gone _ _ K)|by apply (k_ids _ _ K)].
  - intros [H1 H2]. split; [by apply (k_gone _ _ K)|by apply (k_ids _ _ K)].
Qed.
Lemma noted_kept w w1 m : kept w w1 → is_noted w m → is_noted w1 m.
Proof.
  intros K. assert (∀ n s', n ∈ said_ids w → w_store w1 !! n = Some s' → ∃ s, w_store w !! n = Some s ∧ sib s s') as Hs.
  { intros n s' Hn Hs'. destruct (w_store w !! n) as [s|] eqn:Es; [|by rewrite (k_gone _ _ K n Es) in Hs'].
    exists s. split; [done|]. by apply (k_sib _ _ K n). }
  unfold is_noted. destruct (s_op m) as [|n t| | | |u [n|]| | |]; try done.
  all: intros [H1 H2]; split; [|by apply (k_ids _ _ K)]; intros s' Hs'; destruct (Hs n s' H2 Hs') as (s & Es & _ & ? & _ & ?).
  - specialize (H1 s Es). lia. - specialize (H1 s Es). congruence.
Qed.
(** What was carried out kills what was sent under the same condition. *)
Lemma settled_dead w m m' n k : is_settled w m → compared (s_op m) = Some n → compared (s_op m') = Some n →
  s_seen m !! n = Some k → s_seen m' !! n = Some k → is_dead w m'.
Proof.
  unfold is_settled, is_dead. intros H Hm -> Hk Hk'. destruct (s_op m); simplify_eq/=; [left|by right|by right].
  intros i Hi. rewrite Hk', <- Hk. by apply H.
Qed.
Lemma settled_itself w m : is_settled w m → is_dead w m.
Proof. unfold is_settled, is_dead. destruct (s_op m); simpl; try done; [by left|by right|by right]. Qed.
Lemma alike_dead w m m' l : alike l → m ∈ l → m' ∈ l → is_settled w m → is_dead w m'.
Proof.
  intros [_ [[x ->]|(n & k & H)]] Hm Hm' S; [apply elem_of_list_singleton in Hm, Hm'; subst; by apply settled_itself|].
  destruct (H m Hm), (H m' Hm'). by eapply settled_dead.
Qed.
Lemma dead_not w m n k : is_dead w m → compared (s_op m) = Some n → s_seen m !! n = Some k → revision w n ≠ Some k.
Proof.
  unfold is_dead, revision. intros H Hc Hk. rewrite Hc, Hk in H. destruct (w_store w !! n); [|done]. simpl. intros E.
  destruct H as [H|[? _]]; [|done]. by apply (H k).
Qed.

Lemma suits_notes f w r s : suits w r s → suits (notes f w) r s.
Proof. intros F. constructor; apply F. Qed.
Lemma none_notes f w r l : none_done w r l → none_done (notes f w) r l.
Proof. intros N m Hm. destruct (N m Hm) as (N1 & N2 & N3). split; [done|]. split; [by apply suits_notes|done]. Qed.
Lemma sound_notes cfg f w m : (∀ i, i ∈ t_tried (w_traffic w) → i ∈ t_tried (f (w_traffic w))) → is_sound cfg w m → is_sound cfg (notes f w) m.
Proof. intros H M. constructor; try apply M. apply H, M. Qed.
Lemma air_notes f w r m : sent_by (notes f w) r = sent_by w r → (is_dead w m → is_dead (notes f w) m) →
  m ∈ sent_by w r ∧ none_done w r (sent_by w r) ∨ is_dead w m →
  m ∈ sent_by (notes f w) r ∧ none_done (notes f w) r (sent_by (notes f w) r) ∨ is_dead (notes f w) m.
Proof. intros -> Hd [[A1 A2]|A]; [left; split; [done|by apply none_notes]|right; by apply Hd]. Qed.
Lemma true_notes f w r l s : t_revisions (f (w_traffic w)) = t_revisions (w_traffic w) →
  none_done w r l ∧ suits w r s ∨ one_done w r l → none_done (notes f w) r l ∧ suits (notes f w) r s ∨ one_done (notes f w) r l.
Proof.
  intros E [[N F]|(l1 & m & l2 & El & T1 & T2 & T3 & T4)]; [left; split; [by apply none_notes|by apply suits_notes]|right].
  exists l1, m, l2. do 3 (split; [done|]). split; [|done]. unfold is_settled in *. simpl. by rewrite E.
Qed.
