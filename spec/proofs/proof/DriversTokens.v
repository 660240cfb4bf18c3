(** No step asks for the form tokens of a session that is past its absolute limit. *)
From Q Require Import DriversLate Facts.

Lemma draw_same ds f g k : (∀ t, t ∈ ds → f t = g t) → draw ds f k = draw ds g k.
Proof.
  revert k. induction ds as [|t ds IH]; intros k H; [done|].
  change (draw (t :: ds) f k) with (if f t then draw ds f (S k) else Some (t, S k)).
  change (draw (t :: ds) g k) with (if g t then draw ds g (S k) else Some (t, S k)).
  rewrite (H t) by by left. destruct (g t); [|done]. apply IH. intros x Hx. apply H. by right.
Qed.
Lemma not_among_false t q : t ∉ q → among t q = false.
Proof. rewrite <- among_spec. by destruct (among t q). Qed.

Section past.
  Context (cfg : config) (now : time) (d : draws) (n : N) (s : session) (ts : list N).
  Context (Ho : too_old cfg now s = true) (Ht : ∀ t, t ∈ tokens s ++ ts → t ∉ d_tokens d).
  Notation memory := (gmap N session) (only parsing).
  Definition retoken : memory → memory := alter (λ s, set_tokens s ts) n.

  Lemma re_lookup m k : retoken m !! k = if decide (k = n) then (λ s, set_tokens s ts) <$> m !! n else m !! k.
  Proof. unfold retoken. case_decide as E; [subst; apply lookup_alter|by rewrite lookup_alter_ne]. Qed.
  Lemma re_delete m k : delete k (retoken m) = retoken (delete k m).
  Proof.
    apply map_eq. intros j. rewrite re_lookup. destruct (decide (k = j)) as [->|Hk].
    - rewrite lookup_delete. case_decide as E; [subst|]; by rewrite lookup_delete.
    - rewrite lookup_delete_ne, re_lookup by done. case_decide as E; [subst|]; by rewrite lookup_delete_ne.
  Qed.
  Lemma re_insert m k x : k ≠ n → <[ k := x ]> (retoken m) = retoken (<[ k := x ]> m).
  Proof.
    intros Hk. apply map_eq. intros j. rewrite re_lookup. destruct (decide (k = j)) as [<-|Hj].
    - by rewrite decide_False, !lookup_insert.
    - rewrite lookup_insert_ne, re_lookup by done. case_decide as E; [subst|]; by rewrite lookup_insert_ne.
  Qed.
  Lemma re_where g m : (∀ x, g (set_tokens x ts) = g x) → delete_where g (retoken m) = retoken (delete_where g m).
  Proof.
    intros Hg. apply map_eq. intros j. rewrite re_lookup, !delete_where_lookup, re_lookup. case_decide as E; [|done].
    destruct (m !! n); simpl; [|done]. rewrite Hg. by destruct (g s0).
  Qed.
  Lemma re_user u x m : end_user u x (retoken m) = retoken (end_user u x m).
  Proof.
    apply map_eq. intros j. rewrite re_lookup, !end_user_lookup, re_lookup. case_decide as E; [subst|done].
    destruct (m !! n) as [y|]; simpl; [|done]. change (is_of u (set_tokens y ts)) with (is_of u y). by destruct (is_of u y && _).
  Qed.
  Lemma re_size m : size (retoken m) = size m.
  Proof.
    rewrite <- !(size_dom (D := gset N)). f_equal. apply set_eq. intros k. rewrite !elem_of_dom, re_lookup.
    case_decide as E; [subst; by rewrite fmap_is_Some|done].
  Qed.

  Context (m : memory) (Hs : m !! n = Some s).
  Lemma re_here : retoken m !! n = Some (set_tokens s ts).
  Proof. by rewrite re_lookup, decide_True, Hs. Qed.
  Lemma re_apart k : k ≠ n → retoken m !! k = m !! k.
  Proof. intros H. by rewrite re_lookup, decide_False. Qed.
  Lemma re_find k : find cfg now (retoken m) k = find cfg now m k.
  Proof.
    unfold find. destruct (decide (k = n)) as [->|H]; [|by rewrite re_apart]. rewrite re_here, Hs.
    change (too_old cfg now (set_tokens s ts)) with (too_old cfg now s). by rewrite Ho.
  Qed.
  Lemma re_stored k : stored (retoken m) k = stored m k.
  Proof. unfold stored. destruct (decide (k = n)) as [->|H]; [by rewrite re_here, Hs|by rewrite re_apart]. Qed.
  Lemma re_draw : draw (d_ids d) (stored (retoken m)) 0 = draw (d_ids d) (stored m) 0.
  Proof. apply draw_same. intros k _. apply re_stored. Qed.
  Lemma re_tokens i t : t ∈ d_tokens d → among t (stored_tokens (retoken m) i) = among t (stored_tokens m i).
  Proof.
    intros H. unfold stored_tokens. destruct i as [k|]; [|done]. destruct (decide (k = n)) as [->|Hk]; [|by rewrite re_apart].
    rewrite re_here, Hs. simpl. rewrite !not_among_false; [done|..]; intros Hx; apply (Ht t); try done; apply elem_of_app; [by left|by right].
  Qed.
  Lemma past_over : over cfg now s = true.
  Proof. unfold over. by rewrite Ho. Qed.
  Lemma re_discard i : discard_over cfg now (retoken m) i = let '(m', op) := discard_over cfg now m i in (retoken m', op).
  Proof.
    unfold discard_over. destruct i as [k|]; [|done]. destruct (decide (k = n)) as [->|Hk].
    - rewrite re_here, Hs. change (over cfg now (set_tokens s ts)) with (over cfg now s). by rewrite past_over, re_delete.
    - rewrite re_apart by done. destruct (m !! k); [|done]. destruct (over _ _ _); [by rewrite re_delete|done].
  Qed.
  Lemma found_apart k x : find cfg now m k = Some x → k ≠ n.
  Proof. intros [E1 E2]%find_some ->. rewrite Hs in E1. injection E1 as <-. congruence. Qed.
  Lemma drawn_apart k j : draw (d_ids d) (stored m) 0 = Some (k, j) → k ≠ n.
  Proof. intros [E _]%draw_unused ->. congruence. Qed.

  (** The same, but for these tokens. *)
  Definition but_for_tokens (x y : refusal + result) : Prop := y = match x with
    | inl why => inl why | inr res => inr (Result (retoken (r_store res)) (r_next res) (r_ended res) (r_effects res)) end.
  Definition saved_but (x y : refusal + saved) : Prop := y = match x with
    | inl why => inl why | inr (m', o, c, k) => inr (retoken m', o, c, k) end.
  Lemma create_past x g : saved_but (create cfg now d m x g) (create cfg now d (retoken m) x g).
  Proof.
    unfold saved_but, create, nothing_saved. destruct (negb (has_info x)); [done|]. destruct (negb (too_old cfg now x)); [|done]. cbv zeta.
    rewrite re_size. destruct (max_sessions cfg <=? N.of_nat (size m)) eqn:Ef.
    - rewrite re_where, re_size by done. destruct (negb _); [|done]. rewrite re_draw. destruct (draw _ _ _) as [[k j]|] eqn:Ed; [|done].
      by rewrite re_insert by by eapply drawn_apart.
    - rewrite re_size, Ef. simpl. rewrite re_draw. destruct (draw _ _ _) as [[k j]|] eqn:Ed; [|done].
      by rewrite re_insert by by eapply drawn_apart.
  Qed.
  Lemma rotate_past k x g : saved_but (rotate d m k x g) (rotate d (retoken m) k x g).
  Proof.
    unfold saved_but, rotate. rewrite re_draw. destruct (draw _ _ _) as [[j c]|] eqn:Ed; [|done].
    by rewrite re_delete, re_insert by by eapply drawn_apart.
  Qed.
  Lemma save_past q : saved_but (save cfg now d m q) (save cfg now d (retoken m) q).
  Proof.
    unfold save. destruct (held q) as [[[k|] mine]|]; [..|done].
    2: { destruct (generation_of (own q)); [done|]. apply create_past. }
    destruct (unchanged (own q)); [done|]. destruct (generation_of (own q)) as [|g]; [done|].
    unfold save_changes. rewrite re_find. destruct (find cfg now m k) as [old|] eqn:Ef.
    - destruct (guards_hold _ _); [|done]. cbv zeta. destruct (count _ <=? _); [|done]. destruct (negb _).
      + unfold saved_but, discard. by rewrite re_delete.
      + destruct (moves _); [apply rotate_past|]. unfold saved_but. by rewrite re_insert by by eapply found_apart.
    - unfold save_without_stored. destruct (but_tokens _); [done|]. cbv zeta. destruct (begins _) as [l|]; [|done].
      destruct (decide (k = n)) as [->|Hk].
      + rewrite re_here, Hs. destruct (negb _ && _); [|done]. destruct (guards_hold _ _); [|by destruct (_ && _)].
        change (accessed (set_tokens s ts)) with (accessed s). destruct (negb (too_old _ _ _)); [|done].
        destruct (has_info _); [apply rotate_past|]. unfold saved_but, discard. by rewrite re_delete.
      + rewrite re_apart by done. destruct (m !! k) as [old|].
        * destruct (negb _ && _); [|done]. destruct (guards_hold _ _); [|by destruct (_ && _)]. destruct (negb (too_old _ _ _)); [|done].
          destruct (has_info _); [apply rotate_past|]. unfold saved_but, discard. by rewrite re_delete.
        * destruct (negb _ && _); [|done]. destruct (guards_hold _ _); [|by destruct (_ && _)]. apply create_past.
  Qed.
  Lemma finish_past q o : but_for_tokens (finish_request cfg now d m q o) (finish_request cfg now d (retoken m) q o).
  Proof.
    unfold finish_request. destruct o; try done.
    all: pose proof (save_past q) as H; unfold saved_but in H; rewrite H; by destruct (save cfg now d m q) as [|[[[? ?] ?] ?]].
  Qed.
  Lemma acting_past q i x : acting_user cfg now (retoken m) q i x = acting_user cfg now m q i x.
  Proof.
    unfold acting_user. destruct (user x); [|done]. destruct (c_login (own q)); destruct i as [k|]; try done.
    all: assert (∀ u, match retoken m !! k with Some s => if is_of u s then Some k else None | None => None end =
      match m !! k with Some s => if is_of u s then Some k else None | None => None end) as ->.
    1,3: intros u; destruct (decide (k = n)) as [->|Hk]; [by rewrite re_here, Hs|by rewrite re_apart].
    - done.
    - destruct (match m !! k with Some _ => _ | None => _ end); [|done]. by rewrite re_find.
  Qed.
  Lemma end_past q i x : but_for_tokens (end_own m q i x) (end_own (retoken m) q i x).
  Proof.
    unfold but_for_tokens, end_own, go_on. destruct i as [k|]; [|done]. rewrite re_stored, re_delete.
    destruct (handle x); [|done]. rewrite re_where by done. by destruct (stored m k).
  Qed.
  Lemma turn_past g q e : but_for_tokens (request_event_rule cfg now d m g q e) (request_event_rule cfg now d (retoken m) g q e).
  Proof.
    destruct e; try apply finish_past; simpl.
    - unfold set_user, go_on, holding. destruct (fits _ _); [|done]. by destruct (held q) as [[? ?]|].
    - unfold renew_session, go_on, holding. by destruct (held q) as [[? ?]|].
    - unfold set_value, change_value, go_on, holding. destruct (fits _ k); [|done]. destruct (fits _ v); [|done].
      destruct (held q) as [[? ?]|]; [|done]. destruct (_ || _); [|done]. by destruct (_ || _).
    - unfold remove_value, change_value, go_on, holding. destruct (held q) as [[? ?]|]; [|done]. by destruct (has_key _ _).
    - unfold take_value, change_value, go_on, holding, write_back, go_on. destruct (held q) as [[[j|] x]|]; [..|done].
      2: by destruct (values x !! k).
      destruct (values x !! k); [|done]. destruct (has_key _ _); [done|]. rewrite re_find. destruct (find cfg now m j) as [old|] eqn:Ef; [|done].
      destruct (values old !! k); [|done]. rewrite re_insert, re_delete by by eapply found_apart. by destruct (has_info _).
    - unfold guard_value, go_on, holding. destruct (fits _ _); [|done]. destruct (held q) as [[? ?]|]; [|done].
      destruct (negb _); [|done]. by destruct (_ || _).
    - unfold create_form_token, go_on, holding. destruct (held q) as [[i x]|]; [|done].
      rewrite (draw_same (d_tokens d) (λ t, among t (tokens x) || among t (stored_tokens (retoken m) i))
        (λ t, among t (tokens x) || among t (stored_tokens m i))) by (intros t Hx; by rewrite re_tokens).
      by destruct (draw _ _ _) as [[? ?]|].
    - unfold has_form_token, go_on, holding. by destruct (held q) as [[? ?]|].
    - unfold remove_form_token, go_on, holding, write_back, go_on. destruct (held q) as [[[j|] x]|]; [..|done].
      2: { destruct t; [|done]. by destruct (_ || _). }
      rewrite re_find. destruct t as [t|]; [|by destruct (is_none _)]. cbv zeta. destruct (among _ _); [done|].
      destruct (find cfg now m j) as [old|] eqn:Ef; [|done]. destruct (bool_decide _ && _); [|done].
      rewrite re_insert, re_delete by by eapply found_apart. by destruct (has_info _).
    - unfold has_session_cookie, go_on. destruct must_exist; [|done]. destruct (cookie_id _); [by rewrite re_find|done].
    - done.
    - unfold expire_session, holding. destruct (held q) as [[? ?]|]; [apply end_past|done].
    - unfold expire_other_sessions, holding. destruct (held q) as [[i x]|]; [|done]. rewrite acting_past.
      destruct (acting_user _ _ _ _ _ _) as [|[u y]]; [done|]. unfold but_for_tokens. by rewrite re_user.
    - unfold expire_handle, holding, go_on. destruct (held q) as [[i x]|]; [|done]. rewrite acting_past.
      destruct (acting_user _ _ _ _ _ _) as [|[u y]]; [done|]. destruct (has_handle _ _); [apply end_past|].
      unfold but_for_tokens. by rewrite re_where.
    - unfold new_session. destruct (held_id q) as [i|] eqn:Ei; [rewrite re_find; destruct (is_none _); [|done]|]; rewrite re_discard;
        destruct (discard_over _ _ _ _) as [m' op]; unfold holding, go_on; by destruct (held q).
    - unfold holding. by destruct (held q) as [[? ?]|].
    - by destruct (fits _ _).
  Qed.
  Lemma start_past c a script p : but_for_tokens (start cfg now m c a script p) (start cfg now (retoken m) c a script p).
  Proof.
    unfold start, go_on. destruct (fits _ a); [|done]. destruct (fits _ script); [|done]. cbv zeta. rewrite re_discard.
    destruct (cookie_id (bounded cfg c)) as [k|]; [|done]. unfold discard_over. destruct (decide (k = n)) as [->|Hk].
    - rewrite Hs, past_over. cbv iota beta. rewrite re_lookup, decide_True, !lookup_delete by done. done.
    - destruct (m !! k) as [x|] eqn:Ek.
      + destruct (over cfg now x); cbv iota beta.
        * rewrite re_lookup, decide_False, !lookup_delete by done. done.
        * rewrite re_apart, Ek by done. destruct (negb p && _); [|done]. unfold but_for_tokens. by rewrite re_insert.
      + by rewrite re_apart, Ek by done.
  Qed.
  Lemma rule_past rs g e : but_for_tokens (rule cfg now d (State m rs g) e) (rule cfg now d (State (retoken m) rs g) e).
  Proof.
    destruct e as [r c a script p|r e|e]; simpl.
    - destruct (is_none _); [|done]. destruct (_ <? _); [|done]. apply start_past.
    - destruct (rs !! r); [apply turn_past|done].
    - destruct e; simpl; unfold but_for_tokens, manage.
      + rewrite re_stored, re_delete. by destruct (stored m i).
      + by rewrite re_where.
      + by rewrite re_user.
      + by rewrite re_where.
  Qed.
End past.
Lemma past_stored (m : gmap N session) n ts : partial_alter (λ _, (λ s, set_tokens s ts) <$> m !! n) n m = retoken n ts m.
Proof.
  apply map_eq. intros k. rewrite re_lookup. case_decide as E; [subst; by rewrite lookup_partial_alter|by rewrite lookup_partial_alter_ne].
Qed.
Theorem t_not_seen : tokens_past_the_limit_are_not_seen.
Proof.
  intros cfg [m rs g] n s ts i Hs Ho Ht. simpl in Hs. unfold step, with_stored. cbn [store requests generations].
  assert (partial_alter (λ _, Some (set_tokens s ts)) n m = retoken n ts m) as -> by (by rewrite <- past_stored, Hs).
  pose proof (rule_past cfg (i_now i) (i_draws i) n s ts Ho Ht m Hs rs g (i_event i)) as H. unfold but_for_tokens in H. rewrite H.
  destruct (rule cfg (i_now i) (i_draws i) (State m rs g) (i_event i)) as [why|res].
  - cbn [store requests generations]. by rewrite past_stored.
  - unfold conclude. simpl. by rewrite past_stored.
Qed.
