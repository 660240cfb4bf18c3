(** What arrives late, or a second time, is what another could have asked for. *)
From Q Require Import DriversLate DriversRefine DriversLook DriversRace DriversTurns Sessions Facts Runs.

Lemma asks_manager cfg w r j e st eff op : doubt_of w r = None → w_requests w !! r = None → below_limits cfg w r → i_event j = OfManager e →
  step cfg (alone w r) j = (st, eff) → e_op eff = Some op → holds w r op →
  match op with OpTouch _ _ => False | _ => True end →
  ∃ w', act cfg r w w' ∧ w_store w' = w_store (write cfg op w) ∧ w_numbers w' = w_numbers (write cfg op w).
Proof.
  intros Hd Hn Hb He E Hop Hh Ht. eexists. split; [apply (Writes cfg r w j st eff op Hd)|unfold sees_written; by destruct (written_by op)].
  split; [right; by rewrite He|]. do 4 (split; [done|]). split; [by destruct op|]. split; [|by rewrite He].
  destruct op; simpl; try done. intros q u t n Hq. by rewrite Hn in Hq.
Qed.
Lemma delete_where_none f (m : gmap N session) : (∀ n s, m !! n = Some s → f s = false) → delete_where f m = m.
Proof.
  intros H. apply map_eq. intros n. rewrite delete_where_lookup. destruct (m !! n) as [s|] eqn:E; [|done]. by rewrite (H n s E).
Qed.
(** A handle is that of one session. *)
Lemma one_handle cfg w h st x u : good cfg w h st → fresh_inputs (w_said w) →
  delete_where (λ s, has_handle x s && is_of u s) (w_store w) = w_store w ∨
  delete_where (λ s, has_handle x s && is_of u s) (w_store w) = delete_where (has_handle x) (w_store w).
Proof.
  intros G Hf. pose proof (both_good_bound cfg w h st G Hf) as B. rewrite <- (g_store _ _ _ _ G).
  destruct (decide (map_Exists (λ _ s, has_handle x s && is_of u s = true) (store st))) as [(n & s & Hn & Hs)|Hno]; [right|left].
  - apply map_eq. intros k. rewrite !delete_where_lookup. destruct (store st !! k) as [s'|] eqn:Ek; [|done].
    destruct (has_handle x s') eqn:Ex; [|done]. simpl. apply andb_true_iff in Hs as [Hx Hu].
    assert (k = n) as ->.
    { unfold has_handle in *. apply bool_decide_eq_true in Ex, Hx. by apply (b_handles _ _ _ B k n s' s); [done..|congruence]. }
    rewrite Hn in Ek. injection Ek as <-. by rewrite Hu.
  - apply delete_where_none. intros n s Hn. destruct (has_handle x s && is_of u s) eqn:E; [|done]. exfalso. apply Hno. by exists n, s.
Qed.
Lemma load_requests w r n : w_requests (loads r n w) = w_requests w.
Proof.
  apply map_eq. intros r0. change (w_requests (loads r n w)) with (w_requests (put w r (with_stored (alone w r) n (w_store w !! n)))).
  rewrite put_request. case_decide as E; [|done]. subst r0. apply (alone_request w r).
Qed.
Lemma load_loaded w r n : w_loaded (loads r n w) r !! n = w_store w !! n.
Proof. unfold loads. simpl. rewrite fn_lookup_insert. simpl. by rewrite lookup_partial_alter. Qed.
Lemma load_size w r n s : w_store w !! n = Some s → (size (w_loaded (loads r n w) r) ≤ S (size (w_loaded w r)))%nat.
Proof.
  intros Es. unfold loads. simpl. rewrite fn_lookup_insert. simpl. rewrite Es.
  change (partial_alter (λ _, Some s) n (w_loaded w r)) with (<[ n := s ]> (w_loaded w r)).
  rewrite map_size_insert. destruct (w_loaded w r !! n); simpl; lia.
Qed.
Lemma acts_others cfg r n w w' : alone_acts cfg r n w w' → ∀ r0, r0 ≠ r → alone w' r0 = alone w r0.
Proof. induction 1 as [|n w w1 w2 Ha _ IH]; [done|]. intros r0 Hne. rewrite IH by done. by eapply alone_others. Qed.
(** What a manager could have asked for. *)
Lemma could_be_managers cfg w op e r j : reaches cfg nothing_yet w → fresh_world w → asked_again op = Some e →
  i_event j = OfManager e → (∀ t, op = OpDiscardOver t → i_now j = t) → is_idle cfg w r → could_be_of cfg r 2 op w.
Proof.
  intros H Hf Ee Hj Hnow (Hd & Hq & Hb & Hroom). destruct (reaches_both cfg w H Hf) as (h & st & G & _).
  assert (∀ op' w1, alone_acts cfg r 1 w w1 → doubt_of w1 r = None → w_requests w1 !! r = None → below_limits cfg w1 r →
    w_store w1 = w_store w → w_numbers w1 = w_numbers w → e_op (step cfg (alone w1 r) j).2 = Some op' → holds w1 r op' →
    match op' with OpTouch _ _ => False | _ => True end → w_store (write cfg op' w) = w_store (write cfg op w) →
    w_numbers (write cfg op' w) = w_numbers (write cfg op w) → could_be_of cfg r 2 op w) as Hgo.
  { intros op' w1 A Hd1 Hq1 Hb1 E1 E2 Hop Hh Ht E3 E4. destruct (step cfg (alone w1 r) j) as [st1 eff] eqn:E. simpl in Hop.
    destruct (asks_manager cfg w1 r j e st1 eff op') as (w' & A' & W1 & W2); try done. exists w'.
    assert (alone_acts cfg r 2 w w') as A2 by (apply (acts_then cfg r 1 1 w w1 w' A); eapply alone_goes_on; [exact A'|constructor]).
    split; [done|]. split; [|split; [|by eapply acts_others]].
    - rewrite W1, <- E3. unfold write. simpl. by rewrite E1.
    - rewrite W2, <- E4. unfold write, number_of. simpl. by rewrite E2. }
  assert (∀ op', e_op (step cfg (alone w r) j).2 = Some op' → holds w r op' → match op' with OpTouch _ _ => False | _ => True end →
    w_store (write cfg op' w) = w_store (write cfg op w) → w_numbers (write cfg op' w) = w_numbers (write cfg op w) →
    could_be_of cfg r 2 op w) as Hone.
  { intros op'. apply (Hgo op' w); try done. constructor. }
  assert (w_store (write cfg op w) = w_store w → w_numbers (write cfg op w) = w_numbers w → could_be_of cfg r 2 op w) as Hno.
  { intros E1 E2. exists w. rewrite E1, E2. split; [constructor|done]. }
  destruct j as [now d je]. simpl in Hj. subst je.
  assert (∀ i, e = DeleteSession i → w_store (write cfg op w) = delete i (w_store w) → w_numbers (write cfg op w) = w_numbers w →
    could_be_of cfg r 2 op w) as Hsession.
  { intros i -> E1 E2. destruct (w_store w !! i) as [s|] eqn:Es; [|apply Hno; [|done]; rewrite E1; by apply delete_notin].
    pose proof (load_loaded w r i) as El. pose proof (load_size w r i s Es) as Ez.
    apply (Hgo (OpDiscard i) (loads r i w)); try done.
    - eapply alone_goes_on; [by apply Loads|constructor].
    - by rewrite load_requests.
    - destruct Hb as (Hb1 & Hb2 & Hb3). unfold below_limits. rewrite load_requests. split; [done|]. split; [lia|done].
    - unfold step, rule, stored. change (store (alone (loads r i w) r)) with (w_loaded (loads r i w) r). simpl i_event. cbv iota beta.
      unfold manager_rule, stored. by rewrite El, Es. }
  destruct op as [|?|?|?|i|u [?|]|x [u|]|i|t]; simpl in Ee; simplify_eq/=.
  - by apply (Hsession i).
  - by apply (Hone (OpDeleteUser u None)).
  - destruct (one_handle cfg w h st x u G (proj1 Hf)) as [E|E]; [by apply Hno|].
    apply (Hone (OpDeleteHandle x None)); try done; try exact (eq_sym E); simpl; by rewrite E.
  - by apply (Hone (OpDeleteHandle x None)).
  - by apply (Hsession i).
  - rewrite (Hnow t eq_refl) in *. by apply (Hone (OpDiscardOver t)).
Qed.
(** What a request of the session that is spared could have asked for. *)
Lemma could_be_requests cfg w u n s r i j : w_store w !! n = Some s → user s = Some u → is_idle cfg w r → N.of_nat (S (size (w_requests w))) < max_requests cfg →
  i_event i = StartRequest r (Some (CookieId n)) "" "" true → over cfg (i_now i) s = false →
  i_event j = OfRequest r ExpireOtherSessions → too_old cfg (i_now j) s = false →
  e_op (step cfg (alone (visits cfg r n i w) r) j).2 = Some (OpDeleteUser u (Some n)) ∧ could_be_of cfg r 3 (OpDeleteUser u (Some n)) w.
Proof.
  intros Es Hu (Hd & Hq & (Hb1 & Hb2 & Hb3) & Hroom) Hmore Hi Hover Hj Hold.
  set (w1 := loads r n w). set (q := Request (Some (Some n, s)) (Some (CookieId n)) "" "" false no_changes).
  assert (w_requests w1 = w_requests w) as Er by apply load_requests.
  assert (w_loaded w1 r !! n = Some s) as El by (unfold w1; by rewrite load_loaded).
  pose proof (load_size w r n s Es) as Ez. fold w1 in Ez.
  assert (alone w1 r = State (w_loaded w1 r) ∅ (w_told w1 r)) as Ea by (unfold alone; by rewrite Er, Hq).
  set (st1 := State (w_loaded w1 r) {[ r := q ]} (w_told w1 r)).
  assert (step cfg (alone w1 r) i = (st1, Effects (Started (Some u)) None None None 0)) as E1.
  { rewrite Ea. destruct i as [now d e]. simpl in *. subst e. unfold step, rule. cbn [i_event i_now i_draws requests store].
    rewrite lookup_empty. cbn [is_none]. rewrite map_size_empty.
    destruct (N.of_nat 0 <? max_requests cfg) eqn:Elim; [|exfalso; lia].
    unfold start. assert (fits cfg "" = true) as -> by (unfold fits; simpl; lia). cbn [bounded cookie_id]. unfold discard_over.
    rewrite El, Hover, El. cbn [negb andb]. unfold go_on, conclude. cbn. by rewrite Hu. }
  set (w2 := hears i (Says (Started (Some u), None, None)) (tries i (say i (Effects (Started (Some u)) None None None 0) (put w1 r st1)))).
  assert (act cfg r w1 w2) as A2.
  { apply (Answers cfg r w1 i st1 (Effects (Started (Some u)) None None None 0)); try done.
    - left. by rewrite Hi.
    - unfold below_limits. rewrite Er. split; [done|]. split; [lia|done].
    - rewrite Hi. split; [|by intros]. intros _. split.
      + intros q0 v t g Hq0. by rewrite Er, Hq in Hq0.
      + intros k [= <-]. unfold is_as_loaded. by rewrite El. }
  assert (w_requests w2 !! r = Some q) as Hq2 by (change (w_requests (put w1 r st1) !! r = Some q); rewrite put_request, decide_True by done; apply lookup_singleton).
  assert (w_loaded w2 r = w_loaded w1 r) as El2 by (change (w_loaded (put w1 r st1) r = w_loaded w1 r); by rewrite put_loaded, decide_True).
  assert (size (w_requests w2) = S (size (w_requests w))) as Ez2.
  { assert (w_requests w2 = <[ r := q ]> (w_requests w)) as ->; [|by rewrite map_size_insert_None].
    apply map_eq. intros r0. change (w_requests w2) with (w_requests (put w1 r st1)). rewrite put_request, Er.
    case_decide as E; [subst r0; rewrite lookup_insert; apply lookup_singleton|by rewrite lookup_insert_ne]. }
  assert (alone w2 r = State (w_loaded w1 r) {[ r := q ]} (w_told w2 r)) as Ea2 by (unfold alone; by rewrite Hq2, El2).
  destruct (step cfg (alone w2 r) j) as [st2 eff2] eqn:E2. assert (e_op eff2 = Some (OpDeleteUser u (Some n))) as Hop.
  { rewrite Ea2 in E2. destruct j as [now d e]. simpl in *. subst e. unfold step, rule in E2. cbn [i_event i_now i_draws requests store generations] in E2.
    rewrite lookup_singleton in E2. simpl in E2. unfold expire_other_sessions, holding, acting_user in E2. cbn [held q] in E2.
    rewrite Hu, El in E2. unfold is_of in E2. rewrite Hu, bool_decide_true in E2 by done. cbn [own q no_changes c_login] in E2.
    unfold find in E2. rewrite El, Hold in E2. cbn [is_none] in E2. by injection E2 as <- <-. }
  assert (visits cfg r n i w = w2) as -> by (unfold visits; fold w1; by rewrite E1). rewrite E2. split; [done|].
  exists (hears j (Says (answer_of eff2)) (tries j (sees_written r (OpDeleteUser u (Some n)) (after cfg w2 r j st2 eff2 (OpDeleteUser u (Some n)))))).
  assert (alone_acts cfg r 3 w (hears j (Says (answer_of eff2)) (tries j (sees_written r (OpDeleteUser u (Some n))
    (after cfg w2 r j st2 eff2 (OpDeleteUser u (Some n))))))) as A.
  { eapply alone_goes_on; [by apply (Loads cfg r w n)|]. eapply alone_goes_on; [exact A2|]. eapply alone_goes_on; [|constructor].
    apply Writes; [done|]. assert (w_store w2 = w_store w) as Ew by done.
    split; [left; by rewrite Hj|]. split; [unfold below_limits; rewrite El2, Ez2, Ew; split; [done|]; split; [lia|done]|].
    split; [done|]. split; [done|]. split; [|split; [done|split; [done|]]].
    - simpl. unfold is_still. by rewrite El2, El, Ew, Es.
    - rewrite Hj. split.
      + intros q0 v t g Hq0. rewrite Hq2 in Hq0. by injection Hq0 as <-.
      + intros k Hk _. change (w_requests w2 !! r ≫= held_id = Some k) in Hk. rewrite Hq2 in Hk. injection Hk as <-. rewrite Ew. by eexists. }
  split; [done|]. split; [done|]. split; [done|by eapply acts_others].
Qed.
Theorem t_again : what_arrives_again_could_be_anothers.
Proof.
  intros cfg w H Hf. split; [intros *; by apply could_be_managers|]. split; [intros *; by apply could_be_requests|]. intros r m Ha Hi.
  destruct (reaches_both cfg w H Hf) as (h & st & _ & S). pose proof (s_noted _ _ S r m Ha Hi) as Hn. unfold is_noted in Hn. split.
  - intros n t Eo. rewrite Eo in *. simpl. apply map_eq. intros k. destruct (decide (k = n)) as [->|Hne]; [|by rewrite lookup_alter_ne].
    rewrite lookup_alter. destruct (w_store w !! n) as [s|]; [|done]. simpl. f_equal. destruct Hn as [Hn _]. specialize (Hn s eq_refl).
    rewrite N.max_l by done. by destruct s.
  - intros u n s Eo. rewrite Eo in Hn. apply Hn.
Qed.
