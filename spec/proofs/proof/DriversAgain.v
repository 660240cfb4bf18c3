(** What arrives a second time is what another could have asked for. *)
From Q Require Import DriversRefine DriversLook DriversRace DriversTurns Sessions Facts Runs.

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
Theorem t_again : what_arrives_again_could_be_anothers.
Proof.
  intros cfg w r m H Hf Ha Hi. destruct (reaches_both cfg w H Hf) as (h & st & G & S). split.
  - intros n t Eo. pose proof (s_noted _ _ S r m Ha Hi) as Hn. unfold is_noted in Hn. rewrite Eo in Hn. rewrite Eo. simpl.
    apply map_eq. intros k. destruct (decide (k = n)) as [->|Hne]; [|by rewrite lookup_alter_ne].
    rewrite lookup_alter. destruct (w_store w !! n) as [s|]; [|done]. simpl. f_equal. destruct Hn as [Hn _]. specialize (Hn s eq_refl).
    rewrite N.max_l by done. by destruct s.
  - intros e r' j Ee Hj Hnow Hd Hq Hb Hroom.
    assert (∀ w1 w', alone_acts cfg r' 1 w w1 → act cfg r' w1 w' → alone_acts cfg r' 2 w w' ∧ ∀ r0, r0 ≠ r' → alone w' r0 = alone w r0) as Hacts.
    { intros w1 w' A1 A2. split.
      - apply (acts_then cfg r' 1 1 w w1 w' A1). eapply alone_goes_on; [exact A2|constructor].
      - intros r0 Hne. rewrite (alone_others _ _ _ _ _ A2) by done. inversion A1 as [|k a b c B1 B2]; subst; [done|].
        inversion B2; subst. by eapply alone_others. }
    assert (∀ op w1, alone_acts cfg r' 1 w w1 → doubt_of w1 r' = None → w_requests w1 !! r' = None → below_limits cfg w1 r' →
      w_store w1 = w_store w → w_numbers w1 = w_numbers w → e_op (step cfg (alone w1 r') j).2 = Some op → holds w1 r' op →
      match op with OpTouch _ _ => False | _ => True end → w_store (write cfg op w) = w_store (write cfg (s_op m) w) →
      w_numbers (write cfg op w) = w_numbers (write cfg (s_op m) w) → ∃ w', alone_acts cfg r' 2 w w' ∧
        w_store w' = w_store (write cfg (s_op m) w) ∧ w_numbers w' = w_numbers (write cfg (s_op m) w) ∧ ∀ r0, r0 ≠ r' → alone w' r0 = alone w r0) as Hgo.
    { intros op w1 A Hd1 Hq1 Hb1 E1 E2 Hop Hh Ht E3 E4. destruct (step cfg (alone w1 r') j) as [st1 eff] eqn:E. simpl in Hop.
      destruct (asks_manager cfg w1 r' j e st1 eff op) as (w' & A' & W1 & W2); try done. exists w'.
      destruct (Hacts w1 w' A A') as [B1 B2]. split; [done|]. split; [|split; [|done]].
      - rewrite W1, <- E3. unfold write. simpl. by rewrite E1.
      - rewrite W2, <- E4. unfold write, number_of. simpl. by rewrite E2. }
    assert (∀ op, e_op (step cfg (alone w r') j).2 = Some op → holds w r' op → match op with OpTouch _ _ => False | _ => True end →
      w_store (write cfg op w) = w_store (write cfg (s_op m) w) → w_numbers (write cfg op w) = w_numbers (write cfg (s_op m) w) →
      ∃ w', alone_acts cfg r' 2 w w' ∧ w_store w' = w_store (write cfg (s_op m) w) ∧
        w_numbers w' = w_numbers (write cfg (s_op m) w) ∧ ∀ r0, r0 ≠ r' → alone w' r0 = alone w r0) as Hone.
    { intros op. apply (Hgo op w); try done. constructor. }
    assert (w_store (write cfg (s_op m) w) = w_store w → w_numbers (write cfg (s_op m) w) = w_numbers w →
      ∃ w', alone_acts cfg r' 2 w w' ∧ w_store w' = w_store (write cfg (s_op m) w) ∧
        w_numbers w' = w_numbers (write cfg (s_op m) w) ∧ ∀ r0, r0 ≠ r' → alone w' r0 = alone w r0) as Hno.
    { intros E1 E2. exists w. rewrite E1, E2. split; [constructor|done]. }
    destruct j as [now d je]. simpl in Hj. subst je.
    destruct (s_op m) as [|?|?|?|i|u [?|]|x [u|]|?|t] eqn:Eo; simpl in Ee; simplify_eq/=.
    + destruct (w_store w !! i) as [s|] eqn:Es; [|apply Hno; [|done]; simpl; by apply delete_notin].
      apply (Hgo (OpDiscard i) (loads r' i w)); try done.
      * eapply alone_goes_on; [by apply Loads|constructor].
      * unfold loads. simpl. rewrite lookup_partial_alter. simpl. by rewrite Hq.
      * destruct Hb as (Hb1 & Hb2 & Hb3). unfold below_limits.
        assert (w_requests (loads r' i w) = w_requests w) as ->.
        { apply map_eq. intros r0. change (w_requests (loads r' i w)) with (w_requests (put w r' (with_stored (alone w r') i (w_store w !! i)))).
          rewrite put_request. case_decide as E; [|done]. subst r0. apply (alone_request w r'). }
        split; [done|]. split; [|done]. simpl. rewrite fn_lookup_insert. simpl. eapply N.le_lt_trans; [|exact Hroom].
        rewrite Es. change (partial_alter (λ _, Some s) i (w_loaded w r')) with (<[ i := s ]> (w_loaded w r')).
        rewrite map_size_insert. destruct (w_loaded w r' !! i); simpl; lia.
      * unfold step, rule. simpl. unfold stored. rewrite fn_lookup_insert. simpl. rewrite lookup_partial_alter, Es. done.
      * unfold holds, is_as_loaded. simpl. rewrite fn_lookup_insert. simpl. by rewrite lookup_partial_alter.
    + by apply (Hone (OpDeleteUser u None)).
    + destruct (one_handle cfg w h st x u G (proj1 Hf)) as [E|E]; [by apply Hno|].
      apply (Hone (OpDeleteHandle x None)); try done; try exact (eq_sym E); simpl; by rewrite E.
    + by apply (Hone (OpDeleteHandle x None)).
    + rewrite (Hnow t eq_refl) in *. by apply (Hone (OpDiscardOver t)).
Qed.
