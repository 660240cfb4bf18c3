(** What a step does depends on what its event looks at, and on nothing else that is stored. *)
From Q Require Export Drivers Facts.
From Q Require Import Turns.

(** The same session, visited later. *)
Definition close (a b : option session) : Prop := match a, b with
  | Some s, Some s' => ∃ t, s' = set_accessed s t ∧ accessed s <= t | None, None => True | _, _ => False end.
Lemma close_refl a : close a a.
Proof. destruct a as [s|]; [|done]. exists (accessed s). split; [by destruct s|lia]. Qed.
Lemma close_cases (v m : gmap N session) n : close (v !! n) (m !! n) → (v !! n = None ∧ m !! n = None) ∨
  ∃ s t, v !! n = Some s ∧ m !! n = Some (set_accessed s t) ∧ accessed s <= t.
Proof. unfold close. destruct (v !! n), (m !! n); try done; [|by left]. intros (t & -> & ?). right. eauto. Qed.
Definition same_op (m : gmap N session) (o o' : option store_op) : Prop :=
  o' = with_later m <$> o ∨ ∃ n, o = Some (OpDelete n) ∧ o' = None ∧ m !! n = None.
Definition same_effects m (a b : effects) := answer_of b = answer_of a ∧ same_op m (e_op a) (e_op b).
(** What two stores make of an event. *)
Definition alike m (x y : refusal + result) : Prop := match x, y with
  | inl a, inl b => b = a
  | inr a, inr b => r_next b = r_next a ∧ r_ended b = r_ended a ∧ same_effects m (r_effects a) (r_effects b)
  | _, _ => False end.

(** What does not depend on the noted access. *)
Ltac unaccess := match goal with
  | |- context [too_old ?c ?n (set_accessed ?s ?t)] => change (too_old c n (set_accessed s t)) with (too_old c n s)
  | |- context [over ?c ?n ?s] => change (over c n s) with (too_old c n s || reached n (accessed s) (idle c))
  | |- context [values (set_accessed ?s ?t)] => change (values (set_accessed s t)) with (values s)
  | |- context [tokens (set_accessed ?s ?t)] => change (tokens (set_accessed s t)) with (tokens s)
  | |- context [is_of ?u (set_accessed ?s ?t)] => change (is_of u (set_accessed s t)) with (is_of u s)
  | |- context [set_values (set_accessed ?s ?t) ?x] =>
      change (set_values (set_accessed s t) x) with (set_accessed (set_values s x) t)
  | |- context [set_tokens (set_accessed ?s ?t) ?x] =>
      change (set_tokens (set_accessed s t) x) with (set_accessed (set_tokens s x) t)
  | |- context [set_accessed (set_accessed ?s ?t) ?x] =>
      change (set_accessed (set_accessed s t) x) with (set_accessed s x)
  | |- context [has_info (set_accessed ?s ?t)] => change (has_info (set_accessed s t)) with (has_info s) end.
Ltac plain := repeat first [done|by left|split].
(** The next thing that is decided, on both sides alike. *)
Ltac inner y := match y with context [match ?z with _ => _ end] => inner z | _ => y end.
Ltac head x := lazymatch x with match ?y with _ => _ end => inner y | _ => x end.
Ltac finish_op := match goal with E : ?m !! ?n = Some _ |- same_op ?m _ _ => left; simpl; rewrite E; simpl; rewrite N.max_r by done; done end.
Ltac decide_once := lazymatch goal with |- alike _ ?x _ => let y := head x in
  lazymatch y with inl _ => fail | inr _ => fail | _ => destruct y end end; cbn [negb orb andb is_none];
  repeat match goal with E : ?m !! ?n = _ |- context [?m !! ?n] => rewrite E end; repeat unaccess; try (by plain).
Ltac blindly := lazymatch goal with |- _ → _ → alike _ ?x _ => let y := head x in
  lazymatch y with inl _ => fail | inr _ => fail | _ => destruct y eqn:? end end; cbn [negb orb andb is_none];
  try (by intros; plain).
Lemma draw_hd ds used n : (∀ d, d ∈ ds → used d = false) →
  draw ds used n = match ds with [] => None | d :: _ => Some (d, S n) end.
Proof. destruct ds as [|d ds]; [done|]. intros H. unfold draw. rewrite H; [done|by left]. Qed.
Lemma apply_accessed_later c ch a s t : apply c ch a (set_accessed s t) =
  set_accessed (apply c ch a s) (match begins ch with Some l => N.max t (l_at l) | None => t end).
Proof. unfold apply, apply_login. by destruct (begins ch). Qed.
Lemma size_below (m : gmap N session) k : N.of_nat (size m) < k → k <=? N.of_nat (size m) = false.
Proof. lia. Qed.

Section local.
  Context (cfg : config) (now : time) (d : draws) (v m : gmap N session).
  Context (Hd : ∀ n, n ∈ d_ids d → v !! n = None ∧ m !! n = None).
  Context (Hv : N.of_nat (size v) < max_sessions cfg) (Hm : N.of_nat (size m) < max_sessions cfg).

  Lemma same_draw : draw (d_ids d) (stored m) 0 = draw (d_ids d) (stored v) 0.
  Proof. rewrite !draw_hd; [done|..]; intros x [E1 E2]%Hd; unfold stored; by rewrite ?E1, ?E2. Qed.
  Definition same_save (x y : refusal + saved) : Prop := match x, y with
    | inl a, inl b => b = a
    | inr (_, o, c, k), inr (_, o', c', k') => c' = c ∧ k' = k ∧ o' = with_later m <$> o
    | _, _ => False end.
  Lemma create_local s g : same_save (create cfg now d v s g) (create cfg now d m s g).
  Proof.
    unfold create, nothing_saved. destruct (has_info s); [|done]. destruct (too_old cfg now s); [done|]. cbv beta zeta.
    pose proof (size_below _ _ Hv) as Ev. pose proof (size_below _ _ Hm) as Em.
    rewrite !Ev, !Em. cbn [negb]. rewrite ?Ev, ?Em. cbn [negb]. rewrite same_draw. destruct (draw _ _ _) as [[i k]|]; [|done]. simpl. by rewrite !bool_decide_true.
  Qed.
  Lemma rotate_local n s s' g t : m !! n = Some t → set_handle s' (handle s) = set_accessed s (N.max (accessed s) (accessed t)) →
    handle s' = handle s →
    same_save (rotate d v n s g) (rotate d m n s' g).
  Proof.
    intros Hn Hs Hh. unfold rotate. rewrite same_draw. destruct (draw _ _ _) as [[i k]|]; [|done]. simpl. rewrite Hn. simpl.
    rewrite Hh. repeat split. destruct s, s', t. unfold set_handle, set_accessed in *. simpl in *. by simplify_eq.
  Qed.
  Lemma save_local q : (∀ n, held_id q = Some n → close (v !! n) (m !! n)) → same_save (save cfg now d v q) (save cfg now d m q).
  Proof.
    intros Hc. unfold save, nothing_saved. unfold held_id in Hc. destruct (held q) as [[[n|] mine]|]; [..|done].
    2: { destruct (generation_of (own q)); [done|]. apply create_local. }
    destruct (unchanged (own q)); [done|]. destruct (generation_of (own q)) as [|g]; [done|].
    unfold save_changes, save_without_stored, find, nothing_saved, discard.
    destruct (close_cases _ _ _ (Hc n eq_refl)) as [[E1 E2]|(s & t & E1 & E2 & Ht)]; rewrite E1, E2.
    - destruct (but_tokens (own q)); [done|]. destruct (begins (own q)); [|done].
      destruct (negb _ && _); [|done]. cbn [is_none negb]. destruct (guards_hold _ _).
      + apply create_local.
      + by destruct (_ && _).
    - change (too_old cfg now (set_accessed s t)) with (too_old cfg now s). destruct (too_old cfg now s).
      + destruct (but_tokens (own q)); [done|]. destruct (begins (own q)); [|done].
        destruct (negb _ && _); [|done]. cbn [is_none negb]. destruct (guards_hold _ _); [|by destruct (_ && _)].
        set (f := apply _ _ _ _). change (too_old cfg now (set_accessed f (N.max (accessed f) (accessed s)))) with (too_old cfg now f).
        change (too_old cfg now (set_accessed f (N.max (accessed f) (accessed (set_accessed s t))))) with (too_old cfg now f).
        destruct (too_old cfg now f); [done|].
        change (has_info (set_accessed f (N.max (accessed f) (accessed s)))) with (has_info f).
        change (has_info (set_accessed f (N.max (accessed f) (accessed (set_accessed s t))))) with (has_info f).
        destruct (has_info f); [|done]. eapply rotate_local; [done| |done].
        unfold set_handle, set_accessed. simpl. f_equal. lia.
      + change (guards_hold (own q) (set_accessed s t)) with (guards_hold (own q) s). destruct (guards_hold _ _); [|done].
        rewrite apply_accessed_later. set (f := apply _ _ _ s). set (t' := match begins _ with Some _ => _ | None => _ end).
        assert (accessed f <= t') as Ht'. { unfold f, t'. rewrite apply_accessed. destruct (begins _); lia. }
        assert (t <= t') as Htt by (unfold t'; destruct (begins _); lia).
        assert (N.max t' (accessed mine) = N.max (N.max (accessed f) (accessed mine)) t) as Ha.
        { unfold f, t'. rewrite apply_accessed. destruct (begins (own q)); lia. }
        set (w := N.max _ _). cbn [accessed set_accessed]. change (N.max t' (accessed mine)) with (N.max t' (accessed mine)).
        rewrite Ha. subst w.
        change (count (values (set_accessed (set_accessed f t') (N.max (N.max (accessed f) (accessed mine)) t)))) with (count (values f)).
        change (count (values (set_accessed f (N.max (accessed f) (accessed mine))))) with (count (values f)).
        destruct (_ <=? max_values cfg); [|done].
        change (has_info (set_accessed (set_accessed f t') (N.max (N.max (accessed f) (accessed mine)) t))) with (has_info f).
        change (has_info (set_accessed f (N.max (accessed f) (accessed mine)))) with (has_info f).
        destruct (has_info f); [|done]. cbn [negb]. destruct (moves (own q)).
        * eapply rotate_local; [done| |done]. unfold set_handle, set_accessed. simpl. done.
        * simpl. rewrite E2. simpl. done.
  Qed.

  (** What is loaded is what is stored, or was. *)
  Definition looks q (e : request_event) : option N :=
    match e with HasSessionCookie _ => cookie_id (r_cookie q) | _ => held_id q end.
  Lemma finish_local q o : (∀ n, held_id q = Some n → close (v !! n) (m !! n)) →
    alike m (finish_request cfg now d v q o) (finish_request cfg now d m q o).
  Proof.
    intros Hc. unfold finish_request. destruct o; [..|plain|plain].
    all: pose proof (save_local q Hc) as Hs; destruct (save cfg now d v q) as [|[[[? ?] ?] ?]],
      (save cfg now d m q) as [|[[[? ?] ?] ?]];
      try done; destruct Hs as (-> & -> & ->); plain.
  Qed.
  Lemma turn_local g q e : (∀ n, looks q e = Some n → close (v !! n) (m !! n)) →
    alike m (request_event_rule cfg now d v g q e) (request_event_rule cfg now d m g q e).
  Proof.
    intros Hc. destruct e; try (by apply finish_local); simpl in Hc |- *.
    all: unfold set_user, renew_session, set_value, remove_value, guard_value, has_form_token, take_value, remove_form_token,
      create_form_token, has_session_cookie, expire_session, expire_other_sessions, expire_handle, new_session, acting_user,
      end_own, discard_over, change_value, holding, held_id, stored_tokens, find, stored, go_on.
    all: try (unfold held_id in Hc; destruct (held q) as [[[n|] mine]|]; [..|by plain]).
    all: try (destruct t as [t|]).
    all: try match goal with b : bool |- _ => destruct b; [destruct (cookie_id (r_cookie q)) as [n|]|]; [..|by plain] end.
    all: try match type of Hc with ∀ n, Some ?n = Some _ → _ =>
      destruct (close_cases _ _ _ (Hc n eq_refl)) as [[E1 E2]|(s & x & E1 & E2 & Ht)]; rewrite E1, E2; clear Hc end.
    all: unfold write_back, go_on.
    all: repeat unaccess.
    all: cbn [is_none negb]; try (by plain).
    all: repeat decide_once.
    all: try (repeat split; finish_op).
    all: by destruct (too_old cfg now s); plain.
  Qed.
  Lemma start_local c a script p : (∀ n, cookie_id c = Some n → v !! n = m !! n) →
    alike m (start cfg now v c a script p) (start cfg now m c a script p).
  Proof.
    intros Hc. rewrite <- (bounded_same cfg) in Hc. unfold start, discard_over, go_on.
    destruct (fits cfg a); [|done]. destruct (fits cfg script); [|done]. cbv beta zeta.
    destruct (cookie_id (bounded cfg c)) as [n|]; [|by plain].
    rewrite <- (Hc n eq_refl). destruct (v !! n) as [s|] eqn:E.
    2: { rewrite E, <- (Hc n eq_refl), E. by plain. }
    destruct (over cfg now s).
    - rewrite !lookup_delete. by plain.
    - rewrite E, <- (Hc n eq_refl), E. destruct (negb p && touched cfg now s); by plain.
  Qed.

  (** An answer without an operation that rests on nothing that is stored, whatever was loaded, if that was stored once
      and what is gone does not come back. *)
  Definition once (a b : option session) : Prop := match a, b with
    | Some s, Some s' => user s' = user s ∧ created s' = created s | None, Some _ => False | _, None => True end.
  Definition rests w r e rep := rests_on_load w (OfRequest r e) rep.
  Lemma gone n : once (v !! n) (m !! n) → find cfg now v n = None → find cfg now m n = None.
  Proof.
    unfold once, find. destruct (v !! n) as [s|], (m !! n) as [s'|]; try done. intros [_ Hs].
    unfold too_old. rewrite Hs. by destruct (reached _ _ _).
  Qed.
  Definition reply_of (x : refusal + result) := match x with inl why => Refused why | inr res => e_reply (r_effects res) end.
  Definition op_of (x : refusal + result) := match x with inl why => None | inr res => e_op (r_effects res) end.
  Lemma expire_blind q : (∀ n, held_id q = Some n → once (v !! n) (m !! n)) → alike m (expire_session v q) (expire_session m q).
  Proof.
    intros Hc. unfold expire_session, holding, end_own, stored, held_id in *.
    destruct (held q) as [[[n|] s]|]; [..|by plain]; [|by plain]. specialize (Hc n eq_refl). unfold once in Hc.
    destruct (handle s) as [h|]; [by plain|]. destruct (v !! n), (m !! n) eqn:E; try done; simpl; [by plain| |by plain].
    split; [done|]. split; [done|]. split; [done|]. right. eauto.
  Qed.
  Lemma save_blind q x o c k : (∀ n, held_id q = Some n → once (v !! n) (m !! n)) → c_login (own q) = None →
    save cfg now d v q = inr (x, o, c, k) → o = None → save cfg now d m q = inr (m, None, c, k).
  Proof.
    intros Hc Hl H ->. unfold save, held_id in *. destruct (held q) as [[[n|] mine]|] eqn:Eh;
      [..|unfold nothing_saved in *; by simplify_eq].
    - destruct (unchanged (own q)) eqn:Eu; [unfold nothing_saved in *; by simplify_eq|].
      unfold generation_of in *. rewrite Hl in *. unfold save_changes in *.
      destruct (find cfg now v n) as [s|] eqn:Ef.
      + exfalso. unfold rotate, discard in H. cases H.
      + rewrite (gone n) by (by auto). unfold save_without_stored, begins, nothing_saved in *. rewrite Hl in *.
        destruct (but_tokens (own q)); by simplify_eq.
    - destruct (generation_of (own q)); [done|]. unfold create, nothing_saved in *. destruct (has_info mine); [|simpl in *; by simplify_eq].
      exfalso. cases H.
  Qed.
  Lemma save_refused q why : save cfg now d v q = inl why → (∀ r w, rests w r (FinishRequest Successful) (Refused why) = false) →
    save cfg now d m q = inl why.
  Proof.
    intros H Hr. specialize (Hr 0 nothing_yet). unfold rests, rests_on_load in Hr. unfold save in *. destruct (held q) as [[[n|] mine]|]; [..|done].
    - destruct (unchanged _); [done|]. destruct (generation_of _); [by simplify_eq|].
      exfalso. unfold save_changes, save_without_stored, rotate, discard in H. unfold create, nothing_saved in H. by cases H.
    - destruct (generation_of _); [by simplify_eq|]. exfalso. unfold create, nothing_saved in H. by cases H.
  Qed.
  Lemma finish_blind q o w r : w_requests w !! r = Some q → (∀ n, held_id q = Some n → once (v !! n) (m !! n)) →
    op_of (finish_request cfg now d v q o) = None → rests w r (FinishRequest o) (reply_of (finish_request cfg now d v q o)) = false →
    alike m (finish_request cfg now d v q o) (finish_request cfg now d m q o).
  Proof.
    intros Hq Hc. unfold finish_request. destruct o; [..|by plain|by plain].
    all: destruct (save cfg now d v q) as [why|[[[x op] c] k]] eqn:E; simpl; intros Hop Hr.
    all: try (rewrite (save_refused q why E); [done|]; intros r0 w0; by destruct why).
    all: unfold rests in Hr; simpl in Hr; rewrite Hq in Hr; prep.
    all: rewrite (save_blind q x op c k Hc) by done; subst op; by plain.
  Qed.
  Lemma turn_blind g q e w r : w_requests w !! r = Some q → (∀ n, held_id q = Some n → once (v !! n) (m !! n)) →
    op_of (request_event_rule cfg now d v g q e) = None →
    rests w r e (reply_of (request_event_rule cfg now d v g q e)) = false →
    alike m (request_event_rule cfg now d v g q e) (request_event_rule cfg now d m g q e).
  Proof.
    intros Hq Hc. assert (∀ o, e = FinishRequest o → op_of (request_event_rule cfg now d v g q e) = None →
      rests w r e (reply_of (request_event_rule cfg now d v g q e)) = false →
      alike m (request_event_rule cfg now d v g q e) (request_event_rule cfg now d m g q e)) as Hf.
    { intros o -> Ho Hr. by eapply finish_blind. }
    destruct e; try (by eapply Hf); try (by intros; apply expire_blind); clear Hf; unfold rests, rests_on_load; simpl.
    all: unfold set_user, renew_session, set_value, remove_value, guard_value, has_form_token, take_value, remove_form_token,
      create_form_token, has_session_cookie, expire_other_sessions, expire_handle, new_session, acting_user,
      end_own, discard_over, change_value, write_back, holding, held_id, stored_tokens, go_on; rewrite ?Hq.
    all: try (unfold held_id in Hc; destruct (held q) as [[[n|] mine]|]; [specialize (Hc n eq_refl)|clear Hc|by plain]).
    all: try (intros _ _; by plain).
    all: repeat blindly.
    - intros _ ->. by plain.
    - intros _ _. unfold once in Hc. exfalso. unfold find in *. prep.
      match goal with E : v !! n = Some ?s, O : over cfg now ?s = false |- _ => apply not_over_not_old in O end.
      repeat case_match; simplify_eq/=; congruence.
    - intros _ _. unfold once in Hc. destruct (m !! n) eqn:E; [done|]. unfold find. rewrite E. by plain.
  Qed.
End local.
