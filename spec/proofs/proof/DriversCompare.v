(** What the one machine makes of an event, and what a driver makes of it over what it has loaded. *)
From Q Require Import DriversEnds Whole Writes Runs Sessions Steps.
From Q Require Export DriversWhole.

Lemma held_of w r q n : w_requests w !! r = Some q → held_id q = Some n → w_requests w !! r ≫= held_id = Some n.
Proof. by intros -> ?. Qed.
Lemma stands_told w r q : login_stands w r → w_requests w !! r = Some q → stands (w_numbers w) q = true.
Proof.
  intros H Hq. unfold stands. destruct (c_login (own q)) as [[[u|] t [n|]]|] eqn:E; try done.
  destruct (H _ _ _ _ Hq E) as [-> _]. apply N.eqb_refl.
Qed.
Lemma both_stores w cfg now d (v m : gmap N session) g q e : w_store w = m → not_ahead (w_numbers w) q →
  alike m (request_event_rule cfg now d v g q e) (request_event_rule cfg now d m g q e) →
  (asks e = true → stands (w_numbers w) q = true) →
  (∀ u, e = SetUser (Some u) → g !! u = Some (number_of w u)) →
  (e = ExpireOtherSessions → ∀ u t n, c_login (own q) = Some (Login (Some u) t (Some n)) →
     n = number_of w u ∧ g !! u = Some (number_of w u)) →
  related w (request_event_rule cfg now d v g q e) (request_event_rule cfg now d m ∅ (as_whole (w_numbers w) q) e).
Proof.
  intros <- Hn HL Ha Hset Hex. rewrite as_whole_is. pose proof (turn_numbers cfg now d (w_store w) g (stands (w_numbers w) q) q e Ha) as HN.
  destruct (request_event_rule cfg now d v g q e) as [a|a] eqn:Ea,
    (request_event_rule cfg now d (w_store w) g q e) as [b|b] eqn:Eb; try done; simpl in HL.
  { subst b. simpl in HN. by destruct (request_event_rule _ _ _ _ ∅ _ _). }
  destruct HL as (Hnx & Hen & Han & Hop).
  destruct (request_event_rule cfg now d (w_store w) ∅ (whole (stands (w_numbers w) q) q) e) as [c|c]; [done|].
  destruct HN as (_ & Hen' & Han' & Hop' & Hnx'). simpl. split; [congruence|]. split; [congruence|].
  split; [by eexists|]. rewrite Hnx in Hnx'. destruct (r_next a) as [q1|] eqn:E1, (r_next c) as [q2|]; try done; simpl. f_equal.
  unfold next_whole in Hnx'. rewrite Hnx', as_whole_is.
  destruct (next_login _ _ _ _ _ _ _ _ _ Ea E1) as [El|[(El & Er & Hs)|[(u & -> & Er & El)|(u & -> & Er & El)]]].
  - rewrite !whole_same; [done|..]; intros *; by rewrite El.
  - rewrite Er. simpl. assert (stands (w_numbers w) q1 = stands (w_numbers w) q) as -> by (unfold stands; by rewrite El).
    destruct e; try done; [by destruct (Hs u)|by rewrite Ha].
  - rewrite Er. simpl. destruct u as [u|].
    + unfold stands. rewrite El, (Hset u eq_refl). simpl. unfold number_of. by rewrite N.eqb_refl.
    + rewrite !whole_same; [done|..]; intros *; by rewrite El.
  - rewrite Er. simpl. specialize (Hex eq_refl). specialize (Ha eq_refl). unfold stands in *. rewrite El. unfold login_again.
    destruct (c_login (own q)) as [[[u1|] t [n|]]|] eqn:Eq; simpl; try done.
    all: try (rewrite !whole_same; [done|..]; intros *; rewrite El; unfold login_again; rewrite ?Eq; simpl; by case_bool_decide).
    + destruct (Hex _ _ _ eq_refl) as [-> Ht]. case_bool_decide as Eu; simplify_eq/=.
      * rewrite lookup_insert. unfold next_generation. rewrite lookup_alter, Ht. simpl. by rewrite N.eqb_refl.
      * rewrite lookup_insert_ne by congruence. unfold number_of. by rewrite N.eqb_refl.
    + exfalso. simpl in Ea. unf Ea. cases Ea.
Qed.

Lemma save_ended cfg now d v q why w r : save cfg now d v q = inl why → rests w r (FinishRequest Successful) (Refused why) = false →
  ∃ u t, c_login (own q) = Some (Login (Some u) t None).
Proof.
  intros H Hr. unfold rests, rests_on_load in Hr. unfold save in H. destruct (held q) as [[[n|] mine]|]; [..|done].
  - destruct (unchanged _); [done|]. destruct (generation_of _) as [y|] eqn:E.
    + unfold generation_of in E. repeat case_match; simplify_eq; eauto.
    + exfalso. unfold save_changes, save_without_stored, rotate, discard in H. unfold create, nothing_saved in H. by cases H.
  - destruct (generation_of _) as [y|] eqn:E.
    + unfold generation_of in E. repeat case_match; simplify_eq; eauto.
    + exfalso. unfold create, nothing_saved in H. by cases H.
Qed.
(** A refusal that rests on nothing that is stored, of an event that asks whether a login stands. *)
Lemma early cfg now d v m g b q e why w r : asks e = true → request_event_rule cfg now d v g q e = inl why →
  rests w r e (Refused why) = false → request_event_rule cfg now d m ∅ (whole b q) e = inl why.
Proof.
  intros Ha H Hr. destruct e; try done; simpl in H |- *.
  - unfold expire_other_sessions, holding, acting_user in *. change (held (whole b q)) with (held q).
    destruct (held q) as [[i s]|]; [|done]. destruct (user s); [|done].
    destruct (c_login (own q)) as [l|] eqn:El.
    + destruct l as [lu t [n|]]; [done|]. rewrite whole_same by (intros *; by rewrite El). rewrite El. done.
    + exfalso. unfold rests, rests_on_load in Hr. cases H.
  - unfold expire_handle, holding, acting_user in *. change (held (whole b q)) with (held q).
    destruct (held q) as [[i s]|]; [|done]. destruct (user s); [|done].
    destruct (c_login (own q)) as [l|] eqn:El.
    + destruct l as [lu t [n|]]; [exfalso; unfold end_own in H; cases H|]. rewrite whole_same by (intros *; by rewrite El). rewrite El. done.
    + exfalso. unfold rests, rests_on_load, end_own in *. cases H.
  - unfold finish_request in *. destruct o; try done.
    all: destruct (save cfg now d v q) as [y|[[[? ?] ?] ?]] eqn:E; [|done]; simplify_eq.
    all: destruct (save_ended _ _ _ _ _ _ w r E Hr) as (u & t & El); rewrite whole_same by (intros *; by rewrite El).
    all: by rewrite (save_refused cfg now d v m q why E) by (intros *; by destruct why).
Qed.
(** The number that an operation names. *)
Lemma save_numbered cfg now d v q x op c k u t n : save cfg now d v q = inr (x, Some op, c, k) →
  c_login (own q) = Some (Login (Some u) t (Some n)) → (∀ s, held q = Some (None, s) → user s = Some u) →
  (∃ i, op = OpDiscard i) ∨ (∃ i s t0, op = OpCreate i s (Some n) t0 ∧ user s = Some u) ∨
  (∃ i j s, op = OpRotate i j s (Some n) ∧ user s = Some u).
Proof.
  intros H El Hs. unfold save, generation_of in H. rewrite El in H.
  assert (moves (own q) = true) as Hmv by (unfold moves, begins; rewrite El; apply orb_true_r).
  unfold save_changes, save_without_stored, rotate, discard in H. rewrite Hmv in H. unfold create, nothing_saved in H.
  cases H.
  all: first [by left; eexists|right; left; eexists _, _, _; split; [reflexivity|]|right; right; eexists _, _, _; split; [reflexivity|]].
  all: simpl; rewrite ?apply_user, ?El; try done; try (by eapply Hs).
Qed.
Lemma turn_not_refused cfg now d v g q e res why : request_event_rule cfg now d v g q e = inr res → e_reply (r_effects res) ≠ Refused why.
Proof.
  intros H. apply (not_refused cfg now d (State v {[ 0 := q ]} g) (OfRequest 0 e)). simpl. by rewrite lookup_singleton.
Qed.
