(** Where the store answers, and nobody else comes between, four acts are enough. *)
From Q Require Import DriversWhole DriversRefine DriversLook DriversRace.

(** ** A number is told *)

Lemma tell_request w r u r0 : w_requests (tells r u w) !! r0 =
  if decide (r = r0) then end_login u (N.eqb (number_of w u)) <$> w_requests w !! r else w_requests w !! r0.
Proof.
  unfold tells. rewrite put_request. case_decide; [|done]. unfold with_generation. cbn [requests]. by rewrite lookup_fmap, alone_request.
Qed.
Lemma end_login_cookie u f q : r_cookie (end_login u f q) = r_cookie q ∧ held (end_login u f q) = held q.
Proof. destruct q as [h rc a sc rv [[[[v|] t [g|]]|] k re vs gs ts]]; unfold end_login; simpl; try done. by destruct (_ && _). Qed.
Lemma tell_looks w r u e : is_of_driver w r e → looks_at (tells r u w) e = looks_at w e.
Proof.
  assert (∀ q, r_cookie (end_login u (N.eqb (number_of w u)) q) = r_cookie q ∧ held_id (end_login u (N.eqb (number_of w u)) q) = held_id q) as Hq.
  { intros q. unfold held_id. destruct (end_login_cookie u (N.eqb (number_of w u)) q) as [-> ->]. done. }
  intros Hof. destruct e as [|r0 e|]; try done. destruct Hof as [[= ->]|[? _]]; [|done].
  unfold looks_at. rewrite tell_request. case_decide; [|done]. destruct (w_requests w !! r) as [q|] eqn:Eq; simpl; [|by destruct e].
  destruct (Hq q) as [E1 E2]. rewrite E1, E2. by destruct e.
Qed.
Lemma tell_of_driver w r u e : is_of_driver w r e → is_of_driver (tells r u w) r e.
Proof. intros [?|[? Hn]]; [by left|right]. split; [done|]. rewrite tell_request. case_decide; [|done]. by rewrite Hn. Qed.
Lemma tell_below cfg w r u : below_limits cfg w r → below_limits cfg (tells r u w) r.
Proof.
  intros (H1 & H2 & H3). split; [done|]. split; [unfold tells; simpl; by rewrite fn_lookup_insert|].
  assert (size (w_requests (tells r u w)) = size (w_requests w)) as ->; [|done].
  assert (w_requests (tells r u w) = match w_requests w !! r with Some q => <[ r := end_login u (N.eqb (number_of w u)) q ]> (w_requests w) | None => w_requests w end) as ->.
  { apply map_eq. intros r0. rewrite tell_request. case_decide as E; [rewrite <- E|]; destruct (w_requests w !! r) eqn:Er.
    - by rewrite lookup_insert. - by rewrite Er. - by rewrite lookup_insert_ne. - done. }
  destruct (w_requests w !! r) eqn:Er; [|done]. rewrite map_size_insert, Er. done.
Qed.
(** The number of a login is right afterwards, and stays so. *)
Lemma tell_stands w r u : (∀ q v t n, w_requests w !! r = Some q → c_login (own q) = Some (Login (Some v) t (Some n)) → v = u ∨
    n = number_of w v ∧ is_told w r v) → login_stands (tells r u w) r.
Proof.
  intros H q v t n Hq Hl. rewrite tell_request in Hq. case_decide; [|done]. destruct (w_requests w !! r) as [q0|] eqn:Eq; [|done].
  simpl in Hq. injection Hq as <-. unfold is_told, tells. simpl. rewrite fn_lookup_insert. change (number_of (put _ _ _) v) with (number_of w v).
  assert (v = u ∧ n = number_of w u ∨ v ≠ u ∧ c_login (own q0) = Some (Login (Some v) t (Some n))) as [[-> ->]|[Hne Hl0]].
  { unfold end_login in Hl. destruct (c_login (own q0)) as [[[x|] t0 [k|]]|] eqn:E; try congruence.
    destruct (String.eqb_spec x u) as [->|Hx]; simpl in Hl.
    - destruct (N.eqb_spec (number_of w u) k) as [Ek|]; simpl in Hl; [|done]. rewrite E in Hl. simplify_eq. by left.
    - rewrite E in Hl. simplify_eq. by right. }
  - by rewrite lookup_insert.
  - rewrite lookup_insert_ne by done. by destruct (H q0 v t n eq_refl Hl0) as [|[-> ?]].
Qed.
Lemma tell_told w r u v : v = u ∨ is_told w r v → is_told (tells r u w) r v.
Proof.
  unfold is_told, tells. simpl. rewrite fn_lookup_insert. change (number_of (put _ _ _) v) with (number_of w v).
  destruct (decide (v = u)) as [->|Hne]; [by rewrite lookup_insert|]. intros [|?]; [done|]. by rewrite lookup_insert_ne.
Qed.

(** ** The last act *)

Lemma acts_reach cfg r n w0 w w' : reaches cfg w0 w → alone_acts cfg r n w w' → reaches cfg w0 w'.
Proof. intros H A. revert w0 H. induction A as [|n w w1 w2 Ha _ IH]; [done|]. intros w0 H. apply IH. by eapply reaches_next. Qed.
(** What is true before the last act. *)
Record ready cfg (w0 w : world) r i : Prop := {
  y_fresh : fresh_with i w; y_sure : doubt_of w r = None; y_driver : is_of_driver w r (i_event i); y_below : below_limits cfg w r;
  y_heard : t_heard (w_traffic w) = t_heard (w_traffic w0);
  y_loaded : ∀ n, looks_at w (i_event i) = Some n → is_as_loaded w r n }.
Lemma load_ready cfg w r i : fresh_with i w → doubt_of w r = None → is_of_driver w r (i_event i) → below_limits cfg w r →
  N.of_nat (S (size (w_loaded w r))) < max_sessions cfg → 
  let w1 := match looks_at w (i_event i) with Some n => loads r n w | None => w end in alone_acts cfg r 1 w w1 ∧ ready cfg w w1 r i.
Proof.
  intros Hf Hd Hof Hb Hroom. cbv zeta. destruct (looks_at w (i_event i)) as [n|] eqn:El.
  - set (w1 := loads r n w).
    assert (w_requests w1 = w_requests w) as Er.
    { apply map_eq. intros r0. change (w_requests w1) with (w_requests (put w r (with_stored (alone w r) n (w_store w !! n)))).
      rewrite put_request. case_decide as E; [|done]. subst r0. apply (alone_request w r). }
    split; [eapply alone_goes_on; [by apply Loads|constructor]|]. constructor; try done.
    + unfold is_of_driver. by rewrite Er.
    + destruct Hb as (Hb1 & Hb2 & Hb3). unfold below_limits. rewrite Er. split; [done|]. split; [|done].
      simpl. rewrite fn_lookup_insert. simpl. eapply N.le_lt_trans; [|exact Hroom].
      destruct (w_store w !! n) as [s|]; simpl.
      * change (partial_alter (λ _, Some s) n (w_loaded w r)) with (<[ n := s ]> (w_loaded w r)).
        rewrite map_size_insert. destruct (w_loaded w r !! n); simpl; lia.
      * change (partial_alter (λ _, None) n (w_loaded w r)) with (delete n (w_loaded w r)).
        rewrite map_size_delete. destruct (w_loaded w r !! n); simpl; lia.
    + intros k. assert (looks_at w1 (i_event i) = looks_at w (i_event i)) as -> by (unfold looks_at; by rewrite Er).
      rewrite El. intros [= <-]. unfold is_as_loaded. simpl. rewrite fn_lookup_insert. simpl. by rewrite lookup_partial_alter.
  - split; [constructor|]. constructor; try done. by rewrite El.
Qed.
Lemma tell_ready cfg w0 w r i u : ready cfg w0 w r i → alone_acts cfg r 1 w (tells r u w) ∧ ready cfg w0 (tells r u w) r i.
Proof.
  intros [H1 H2 H3 H4 H5 H6]. split; [eapply alone_goes_on; [by apply Tells|constructor]|].
  constructor; [done|done|by apply tell_of_driver|by apply tell_below|done|].
  intros n. rewrite tell_looks by done. intros E1%H6.
  unfold is_as_loaded, tells in *. simpl. rewrite fn_lookup_insert. done.
Qed.
Lemma acts_more cfg r k n w w' : alone_acts cfg r n w w' → (n ≤ k)%nat → alone_acts cfg r k w w'.
Proof.
  intros A. revert k. induction A as [|n w w1 w2 Ha _ IH]; intros k Hk; [constructor|].
  destruct k as [|k]; [lia|]. eapply alone_goes_on; [exact Ha|]. apply IH. lia.
Qed.
Lemma acts_then cfg r n k w w1 w2 : alone_acts cfg r n w w1 → alone_acts cfg r k w1 w2 → alone_acts cfg r (n + k) w w2.
Proof.
  intros A. revert w2. induction A as [|n w w' w1 Ha _ IH]; intros w2 B; [eapply acts_more; [exact B|lia]|].
  simpl. eapply alone_goes_on; [exact Ha|]. by apply IH.
Qed.
Theorem t_four_acts : four_acts_are_enough.
Proof.
  intros cfg w r i Hr Hf Hd Hof Hb Hroom w'. subst w'. unfold prepares.
  destruct (load_ready cfg w r i Hf Hd Hof Hb Hroom) as [A1 Y1]. set (w1 := match looks_at w (i_event i) with Some n => loads r n w | None => w end) in *.
  set (w2 := match w_requests w1 !! r ≫= _ with Some _ => _ | None => _ end).
  assert (alone_acts cfg r 1 w1 w2 ∧ ready cfg w w2 r i ∧ login_stands w2 r) as (A2 & Y2 & L2).
  { unfold w2. destruct (w_requests w1 !! r ≫= λ q, c_login (own q)) as [[[u|] t [n|]]|] eqn:E.
    1: destruct (tell_ready cfg w w1 r i u Y1) as [A Y]; split; [done|]; split; [done|]; apply tell_stands;
      intros q v t0 k Hq Hl; rewrite Hq in E; simpl in E; left; congruence.
    all: split; [constructor|]; split; [done|]; intros q v t0 k Hq Hl; rewrite Hq in E; simpl in E; congruence. }
  clearbody w1 w2. set (w3 := match i_event i with OfRequest _ (SetUser (Some u)) => _ | _ => _ end).
  assert (alone_acts cfg r 1 w2 w3 ∧ ready cfg w w3 r i ∧ login_stands w3 r ∧
    ∀ u, i_event i = OfRequest r (SetUser (Some u)) → is_told w3 r u) as (A3 & Y3 & L3 & U3).
  { unfold w3. destruct (i_event i) as [|r0 [[u|]| | | | | | | | | | | | | | | | |]|] eqn:Ee.
    2: { destruct (tell_ready cfg w w2 r i u Y2) as [A Y]. split; [done|]. split; [done|]. split.
      - apply tell_stands. intros q v t n Hq Hl. right. by eapply L2.
      - intros v [= _ <-]. apply tell_told. by left. }
    all: split; [constructor|]; split; [done|]; split; [done|]; by intros. }
  assert (alone_acts cfg r 3 w w3) as A by exact (acts_then _ _ 1 2 _ _ _ A1 (acts_then _ _ 1 1 _ _ _ A2 A3)).
  split; [done|]. destruct (t_one_turn cfg w3 r i) as (w4 & Ha & Hh); try apply Y3; try done.
  - by eapply acts_reach.
  - split; [done|apply Y3].
  - exists w4. split; [done|]. by rewrite Hh, (y_heard _ _ _ _ _ Y3).
Qed.

(** ** A doubt *)

Lemma refreshed_suits cfg w h st r n s : good cfg w h st → suits w r s → suits w r (refreshed w r n s).
Proof.
  intros G F. pose proof (suits_stored cfg w h st r s n G F) as F1. unfold refreshed.
  destruct (_ ≫= _) as [[[u|] t [g|]]|]; try done. by apply suits_told.
Qed.
Lemma refreshed_stored w r n s : store (refreshed w r n s) !! n = w_store w !! n.
Proof. unfold refreshed. destruct (_ ≫= _) as [[[u|] t [g|]]|]; simpl; by rewrite lookup_partial_alter. Qed.
Lemma refreshed_stands w r n s q u t g : requests (refreshed w r n s) !! r = Some q → c_login (own q) = Some (Login (Some u) t (Some g)) →
  g = number_of w u ∧ generations (refreshed w r n s) !! u = Some (number_of w u).
Proof.
  unfold refreshed. simpl. destruct (requests s !! r) as [q0|] eqn:Eq; simpl; [|by rewrite Eq].
  destruct (c_login (own q0)) as [[[v|] t0 [g0|]]|] eqn:El; try (intros Hq Hl; simpl in Hq; rewrite Eq in Hq; congruence).
  unfold with_generation. cbn [requests generations]. rewrite lookup_fmap. simpl. rewrite Eq. intros [= <-] Hl. unfold end_login in Hl.
  rewrite El in Hl. rewrite String.eqb_refl in Hl. simpl in Hl.
  destruct (N.eqb_spec (number_of w v) g0) as [Ek|]; simpl in Hl; [|done]. rewrite El in Hl. simplify_eq. by rewrite lookup_insert.
Qed.
Lemma settled_by w r l op d st : doubt_of (hear_all l (sees_written r op (settles r d st w))) r = None.
Proof. unfold sees_written. destruct (written_by op); apply fn_lookup_insert. Qed.
Theorem t_five_acts : five_acts_end_a_doubt.
Proof.
  intros cfg w r d Hr Hd. split.
  { intros m (l & l' & El)%elem_of_list_split Hfound. eexists. split; [eapply Finds; [done..|by left]|].
    split; [apply settled_by|simpl; by left]. }
  intros i n k op s [Hf Hi] Hof Hall Hk Hb Hop Hcom.
  destruct (reaches_both cfg w Hr Hf) as (h & st & G & S). destruct Hf as [Hf _].
  assert (Forall (λ m, s_input m ∉ (w_said w).*1) (d_sent d)) as Hnone.
  { apply Forall_forall. intros m Hm Hs. apply elem_of_list_split in Hm as (l & l' & El).
    destruct (s_true _ _ S r d Hd) as [[N _]|(l1 & m0 & l2 & E & T1 & T2 & T3 & T4)].
    - destruct (N m); [rewrite El; apply elem_of_app; right; by left|done].
    - assert (m0 ∈ d_sent d) as Hm0 by (rewrite E; apply elem_of_app; right; by left). destruct (Hall m0 Hm0) as [C1 C2].
      by apply (dead_not w m0 n k (settled_itself _ _ T3) C1 C2). }
  destruct (none_said cfg w r d S Hd Hnone) as [_ Fd].
  assert (suits w r s) as F by by eapply refreshed_suits. destruct (step cfg s i) as [st1 eff] eqn:E. simpl in Hop.
  (* It loads, and is told a number. *)
  set (w1 := reloads r d n w). set (seen1 := with_revision w n (d_seen d)).
  assert (∃ w2, alone_acts cfg r 2 w w2 ∧ doubt_of w2 r = Some (Doubt s seen1 (d_sent d)) ∧ ∃ f, w2 = notes f w ∧
    t_revisions (w_traffic w2) = t_revisions (w_traffic w)) as (w2 & A2 & D2 & f & Ew2 & R2).
  { assert (doubt_of w1 r = Some (Doubt (with_stored (d_now d) n (w_store w !! n)) seen1 (d_sent d))) as D1
      by (unfold w1, reloads; rewrite doubts_of; by case_decide).
    assert (s = refreshed w r n (d_now d)) as Es by done. unfold refreshed in Es. cbv zeta in Es.
    destruct (_ ≫= _) as [[[u|] t [g|]]|] in Es.
    1: { exists (retells r (Doubt (with_stored (d_now d) n (w_store w !! n)) seen1 (d_sent d)) u w1). split; [|split].
      - eapply alone_goes_on; [by apply Reloads|]. eapply alone_goes_on; [by apply Retells|constructor].
      - unfold retells. rewrite doubts_of. case_decide; [|done]. by rewrite Es.
      - by exists (λ _, w_traffic (retells r (Doubt (with_stored (d_now d) n (w_store w !! n)) seen1 (d_sent d)) u w1)). }
    all: exists w1; split; [eapply alone_goes_on; [by apply Reloads|constructor]|]; split; [by rewrite Es|]; by exists (λ _, w_traffic w1). }
  assert (believed w2 r = s ∧ seen w2 r = seen1 ∧ sent_by w2 r = d_sent d) as (B1 & B2 & B3)
    by (unfold believed, seen, sent_by; by rewrite D2).
  assert (seen1 !! n = Some k) as Hseen by (unfold seen1, with_revision; by rewrite lookup_partial_alter).
  set (m := Sent i s st1 eff op seen1).
  assert (act cfg r w2 (doubts r (Some (Doubt s seen1 (m :: d_sent d))) (is_sent r m (tries i w2)))) as A3.
  { pose proof (Sends cfg r w2 i st1 eff op) as H. rewrite B1, B2, B3 in H. apply H; try done.
    - rewrite Ew2. exact Hof.
    - apply Forall_forall. intros x Hx. destruct (Hall x Hx). by exists n, k. }
  set (w3 := doubts _ _ _) in A3.
  assert (w_store w3 = w_store w ∧ w_numbers w3 = w_numbers w ∧ w_said w3 = w_said w ∧ w_requests w3 = w_requests w ∧ w_loaded w3 = w_loaded w ∧
    t_revisions (w_traffic w3) = t_revisions (w_traffic w) ∧ good cfg w3 h st ∧ suits w3 r s ∧
    (below_limits cfg (put w r s) r → below_limits cfg (put w3 r s) r) ∧ is_of_driver w3 r (i_event i))
    as (E1 & E2 & E3 & E4 & E5 & E6 & G3 & F3 & Hb3 & Hof3).
  { subst w2. do 5 (split; [done|]). split; [exact R2|]. split; [by do 4 apply good_notes|]. split; [|done]. by do 4 apply suits_notes. }
  set (W := put w3 r s) in *. assert (good cfg W h st) as GW by by apply suits_good.
  assert (alone W r = s) as Ea by by apply suits_is.
  assert (carries_out cfg W r i st1 eff op) as Hc.
  { assert (is_of_driver W r (i_event i)) as HofW by by apply suits_of_driver. unfold carries_out. rewrite Ea.
    split; [done|]. split; [by apply Hb3|]. split; [done|]. split; [done|].
    apply (holds_good cfg W h st); try done.
    - change (w_said W) with (w_said w3). by rewrite E3.
    - intros x Hx. unfold said_ids. change (w_said W) with (w_said w3). rewrite E3. by apply Hi.
    - assert (e_op (step cfg (alone W r) i).2 = Some op) as HopW by (by rewrite Ea, E).
      pose proof (op_looked_at cfg W r i op HofW HopW) as Hat. split.
      + intros q u t g Hq Hl. unfold W in Hq. rewrite put_request in Hq. case_decide; [|done].
        destruct (refreshed_stands w r n (d_now d) q u t g Hq Hl) as [L1 L2].
        unfold is_told, number_of, W. change (w_numbers (put w3 r s)) with (w_numbers w3). rewrite E2. split; [exact L1|].
        simpl. rewrite fn_lookup_insert. exact L2.
      + intros x Hx. assert (x = n) as ->.
        { destruct op; simplify_eq/=; congruence. }
        unfold is_as_loaded, W. rewrite put_loaded. case_decide; [|done]. change (w_store (put w3 r s)) with (w_store w3). rewrite E1.
        symmetry. apply refreshed_stored.
    - by rewrite Ea, E. }
  assert (act cfg r w3 (after cfg w3 r i st1 eff op)) as A4.
  { apply (Arrives cfg r w3 m); [by left| |exact Hc]. right. exists n, k. split; [done|]. split; [done|].
    unfold revision in *. by rewrite E1, E6. }
  set (w4 := after cfg w3 r i st1 eff op) in A4.
  exists (hear_all ((i, Says (answer_of eff)) :: ((λ m, (s_input m, NotDone)) <$> [] ++ d_sent d))
    (sees_written r op (settles r (Doubt s seen1 (m :: d_sent d)) st1 w4))).
  split; [|split; [apply settled_by|simpl; by left]].
  apply (acts_then cfg r 2 3 w w2); [exact A2|]. eapply alone_goes_on; [exact A3|]. eapply alone_goes_on; [exact A4|].
  eapply alone_goes_on; [|constructor]. apply (Finds cfg r w4 (Doubt s seen1 (m :: d_sent d)) [] m (d_sent d)).
  - change (doubt_of w3 r = Some (Doubt s seen1 (m :: d_sent d))). unfold w3. rewrite doubts_of. by case_decide.
  - done.
  - right. simpl. by left.
Qed.
