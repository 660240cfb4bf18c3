(** Each act of a driver is one step of the one machine, or none, and what the driver hears of it is true. *)
From Q Require Import DriversRefine DriversTurn DriversEnds Turns Whole Writes Runs Sessions Steps.
From Q Require Export DriversSure.

Lemma good_notes cfg w h st f : good cfg w h st → good cfg (notes f w) h st.
Proof. intros G. constructor; apply G. Qed.
Lemma good_ext cfg w w' h st : good cfg w h st → w_store w' = w_store w → w_numbers w' = w_numbers w → w_said w' = w_said w →
  (∀ r, w_requests w' !! r = w_requests w !! r) → (∀ r, w_loaded w' r = w_loaded w r) → good cfg w' h st.
Proof.
  intros G E1 E2 E3 E4 E5. apply map_eq in E4. constructor; rewrite ?E1, ?E2, ?E3, ?E4; try apply G; intros r; rewrite ?E5; apply G.
Qed.
Lemma good_put_same cfg w h st r st1 : good cfg w h st → is_place w r st1 → good cfg (put w r st1) h st.
Proof.
  intros G (H1 & _ & H3). apply (good_ext cfg w); try done; intros r0; [rewrite put_request|rewrite put_loaded]; case_decide; by subst.
Qed.
Lemma good_dropped cfg w h st r : good cfg w h st → w_requests w !! r = None → good cfg (put w r init) h st.
Proof.
  intros G Hn. assert (w_requests (put w r init) = w_requests w) as Er.
  { apply map_eq. intros r0. rewrite put_request. case_decide; [subst; by rewrite Hn|done]. }
  constructor; try apply G; rewrite ?Er; try apply G; intros r0; rewrite put_loaded; case_decide; try apply G; subst.
  - intros n s s'. simpl. by rewrite lookup_empty.
  - intros q n Hq. congruence.
  - intros n. simpl. rewrite lookup_empty. by intros [].
Qed.
Lemma good_ahead cfg w h st : good cfg w h st → knows_ahead w.
Proof. intros G r q. apply (g_ahead _ _ _ _ G). Qed.
Lemma said_drawn cfg w h st n : good cfg w h st → n ∈ said_ids w ↔ n ∈ ids_drawn h.
Proof.
  intros G. unfold said_ids, ids_drawn. rewrite <- (g_said _ _ _ _ G). rewrite !elem_of_list_bind. split.
  - intros (p & Hn & (o & -> & Ho)%elem_of_list_fmap). by exists o.
  - intros (o & Hn & Ho). exists (o_in o, answer_of (o_eff o)). split; [done|]. apply elem_of_list_fmap. by exists o.
Qed.
Lemma stored_said cfg w h st n : good cfg w h st → is_Some (w_store w !! n) → n ∈ said_ids w.
Proof. intros G Hs. apply (said_drawn cfg w h st n G). eapply stored_was_drawn; [apply G|]. by rewrite (g_store _ _ _ _ G). Qed.
Lemma fresh_occurs cfg w h st i eff : good cfg w h st → fresh_inputs ((i, answer_of eff) :: w_said w) → fresh_draws (occurs cfg st i :: h).
Proof. intros G Hf. apply said_fresh. csimpl. rewrite (g_said _ _ _ _ G). revert Hf. unfold fresh_inputs. by csimpl. Qed.
Lemma discard_stored cfg now d st e res n : rule cfg now d st e = inr res → e_op (r_effects res) = Some (OpDiscard n) →
  is_Some (store st !! n).
Proof.
  intros H Ho. rules H; prep; simplify_eq/=; eauto.
  unfold stored in *. match goal with |- is_Some ?x => destruct x eqn:?; [by eexists|done] end.
Qed.

(** ** What a driver may begin from *)

Lemma suits_alone cfg w h st r : good cfg w h st → bound_up cfg h st → suits w r (alone w r).
Proof.
  intros G B. constructor; rewrite ?alone_request; try done.
  - apply G. - apply G.
  - intros q n Hq Hn. apply (said_drawn cfg w h st n G).
    destruct (b_requests _ _ _ B r (as_whole (w_numbers w) q)) as (_ & _ & Hd).
    { by rewrite (g_requests _ _ _ _ G), lookup_fmap, Hq. }
    apply Hd. by rewrite as_whole_is.
  - intros n Hn. apply (said_drawn cfg w h st n G). by apply (g_drawn _ _ _ _ G r).
  - apply G.
Qed.
Lemma suits_good cfg w h st r s : good cfg w h st → suits w r s → good cfg (put w r s) h st.
Proof.
  intros G F. constructor; try apply G.
  - change (w_numbers (put w r s)) with (w_numbers w). rewrite (g_requests _ _ _ _ G). apply map_eq. intros r0.
    rewrite !lookup_fmap, put_request. case_decide as E; [|done]. subst r0. symmetry. apply F.
  - intros r0. rewrite put_loaded. case_decide; [apply F|apply G].
  - intros r0 q n. rewrite put_loaded, put_request. case_decide; [apply F|apply G].
  - intros r0 n. rewrite put_loaded. case_decide; [|apply G]. intros Hn. apply (said_drawn cfg w h st n G). by apply F.
  - intros r0 q. rewrite put_request. case_decide; [apply F|apply G].
Qed.
Lemma suits_is w r s : suits w r s → alone (put w r s) r = s.
Proof.
  intros F. destruct s as [m q g]. unfold alone, put. simpl. rewrite !fn_lookup_insert, lookup_partial_alter.
  pose proof (f_alone _ _ _ F) as E. simpl in E. by rewrite <- E.
Qed.
Lemma suits_of_driver w r s e : suits w r s → is_of_driver w r e → is_of_driver (put w r s) r e.
Proof.
  intros F [?|[? Hn]]; [by left|right]. split; [done|]. rewrite put_request. case_decide; [|done].
  pose proof (f_request _ _ _ F) as E. rewrite Hn in E. by destruct (requests s !! r).
Qed.
Lemma suits_stored cfg w h st r s n : good cfg w h st → suits w r s → suits w r (with_stored s n (w_store w !! n)).
Proof.
  intros G F. constructor; try apply F; simpl.
  - intros k o o'. destruct (decide (n = k)) as [->|].
    + rewrite lookup_partial_alter. intros ??; simplify_eq. apply sib_refl.
    + rewrite lookup_partial_alter_ne by done. apply (f_older _ _ _ F).
  - intros q k Hq Hk. destruct (decide (n = k)) as [->|]; [by rewrite lookup_partial_alter|].
    rewrite lookup_partial_alter_ne by done. by eapply (f_gone _ _ _ F).
  - intros k. destruct (decide (n = k)) as [->|].
    + rewrite lookup_partial_alter. by eapply stored_said.
    + rewrite lookup_partial_alter_ne by done. apply (f_drawn _ _ _ F).
Qed.
Lemma suits_told w r s u : suits w r s → suits w r (with_generation s u (number_of w u)).
Proof.
  intros F. set (f := end_login u (N.eqb (number_of w u))).
  assert (∀ q, requests (with_generation s u (number_of w u)) !! r = Some q → ∃ q0, requests s !! r = Some q0 ∧ q = f q0) as Hq.
  { intros q. unfold with_generation. cbn [requests]. rewrite lookup_fmap. fold f. destruct (requests s !! r) as [q0|]; [|done].
    intros [= <-]. by exists q0. }
  assert (∀ q, held_id (f q) = held_id q) as Hheld by (intros q; unfold held_id, f; by rewrite end_login_held).
  constructor; try apply F.
  - unfold with_generation. cbn [requests]. rewrite lookup_fmap. rewrite (f_alone _ _ _ F) at 1.
    destruct (requests s !! r); [by rewrite map_fmap_singleton|by rewrite fmap_empty].
  - rewrite <- (f_request _ _ _ F). unfold with_generation. cbn [requests]. rewrite lookup_fmap.
    destruct (requests s !! r); [|done]. simpl. f_equal. apply told_whole.
  - intros q n (q0 & Hq0 & ->)%Hq Hn. rewrite Hheld in Hn. by apply (f_gone _ _ _ F q0).
  - intros q n (q0 & Hq0 & ->)%Hq Hn. rewrite Hheld in Hn. by apply (f_held _ _ _ F q0).
  - intros q (q0 & Hq0 & ->)%Hq. pose proof (f_ahead _ _ _ F q0 Hq0) as A. intros u1 t n. unfold f.
    destruct (end_login_own u (N.eqb (number_of w u)) q0) as [->|(v & t1 & g & ? & -> & ->)]; [apply A|done].
Qed.

(** ** A step that is carried out *)

Definition carried cfg (w : world) r i st1 eff : world :=
  say i eff (put (match e_op eff with Some op => write cfg op w | None => w end) r st1).
Lemma carries cfg w h st r i st1 eff : good cfg w h st → is_of_driver w r (i_event i) → below_limits cfg w r →
  step cfg (alone w r) i = (st1, eff) →
  (e_op eff = None ∧ is_final w r (i_event i) (e_reply eff)) ∨
  (∃ op, e_op eff = Some op ∧ holds w r op ∧ touches_in_time w r op ∧ discards_in_time w r op ∧ ends_in_time w r (i_event i)) →
  fresh_inputs ((i, answer_of eff) :: w_said w) →
  let w' := carried cfg w r i st1 eff in good cfg w' (occurs cfg st i :: h) (step cfg st i).1 ∧ kept w w'.
Proof.
  intros G Hof Hb E Hcase Hfresh w'. pose proof (fresh_occurs cfg w h st i eff G Hfresh) as Hf.
  pose proof (step_good cfg w h st r i st1 eff G Hof Hb E Hcase Hf) as G'. change (good cfg w' (occurs cfg st i :: h) (step cfg st i).1) in G'.
  destruct (fair_before cfg st i h) as (_ & B & _ & Hnew); [split; [apply G'|done]|]. split; [done|]. constructor.
  - intros n s s' Hs Hs'. rewrite <- (g_store _ _ _ _ G') in Hs'. rewrite <- (g_store _ _ _ _ G) in Hs.
    destruct (step_cases cfg st i) as [(why & _ & Ey)|(b & Ex & Ey)]; rewrite Ey in Hs'; simpl in Hs'.
    + rewrite Hs in Hs'. injection Hs' as <-. apply sib_refl.
    + by eapply stays.
  - intros n Hn Hin. destruct (w_store w' !! n) as [s|] eqn:Es; [|done]. exfalso.
    rewrite <- (g_store _ _ _ _ G') in Es. assert (is_Some (store (step cfg st i).1 !! n)) as His by by eexists.
    apply issued in His as [His|His]; [rewrite (g_store _ _ _ _ G), Hn in His; by destruct His|].
    apply (Hnew n His). by apply (said_drawn cfg w h st).
  - unfold w', carried. destruct (e_op eff) as [[]|]; simpl; eauto.
  - intros i0 Hi0. unfold w', carried. destruct (e_op eff); csimpl; by right.
  - intros n Hn. unfold w', carried, said_ids. destruct (e_op eff); csimpl; apply elem_of_app; by right.
Qed.
(** What a write changes for ever. *)
Lemma writes_settle cfg w h st r m eff : good cfg w h st → (∀ n k, s_seen m !! n = Some k → k ∈ (w_said w).*1) →
  s_input m ∉ (w_said w).*1 → step cfg (alone w r) (s_input m) = (s_after m, eff) → e_op eff = Some (s_op m) → holds w r (s_op m) →
  is_settled (after cfg w r (s_input m) (s_after m) eff (s_op m)) m.
Proof.
  intros G Hseen Hi E Hop Hh. destruct m as [i b st1 eff0 op k]. simpl in *.
  assert (∀ n s, w_loaded w r !! n = Some s → n ∈ (d_ids (i_draws i) ++ said_ids w)) as Hdr.
  { intros n s Hn. apply elem_of_app. right. apply (said_drawn cfg w h st n G). apply (g_drawn _ _ _ _ G r). by eexists. }
  destruct (step_cases cfg (alone w r) i) as [(why & Ex & E')|(res & Ex & E')]; rewrite E' in E; simplify_eq/=.
  destruct op as [| |n s| from to s g| | | | n|]; try done; unfold is_settled; simpl.
  - intros i0. rewrite lookup_insert. intros [= <-] Hs. by apply Hseen in Hs.
  - apply rule_writes in Ex. rewrite Hop in Ex. inversion Ex as [| | | |from0 to0 old s0 g0 Hfrom| | | | | | |]; subst.
    simpl in Hfrom. destruct Hh as (Hst & Hto & _). split; [|by eapply Hdr].
    unfold is_still in Hst. rewrite Hfrom in Hst. destruct (decide (from = to)) as [->|].
    + rewrite Hto in Hst. done.
    + by rewrite lookup_insert_ne, lookup_delete by done.
  - split; [by rewrite lookup_delete|]. destruct (discard_stored _ _ _ _ _ _ _ Ex Hop) as [s Hs]. by eapply Hdr.
Qed.
Lemma touch_stored cfg st i st1 eff n t : step cfg st i = (st1, eff) → e_op eff = Some (OpTouch n t) → is_Some (store st !! n).
Proof.
  intros E Hop. destruct (step_cases cfg st i) as [(why & Ex & E')|(res & Ex & E')]; rewrite E' in E; simplify_eq/=.
  apply rule_writes in Ex. rewrite Hop in Ex. inversion Ex; subst; by eexists.
Qed.
Lemma spared_stored cfg st i st1 eff u n : step cfg st i = (st1, eff) → e_op eff = Some (OpDeleteUser u (Some n)) →
  ∃ s, store st !! n = Some s ∧ user s = Some u.
Proof.
  intros E Hop. destruct (step_cases cfg st i) as [(why & Ex & E')|(res & Ex & E')]; rewrite E' in E; simplify_eq/=.
  rules Ex; prep; simplify_eq/=; unfold is_of in *; prep; eauto.
Qed.
Lemma writes_note cfg w h st r m eff : good cfg w h st → step cfg (alone w r) (s_input m) = (s_after m, eff) →
  e_op eff = Some (s_op m) → is_noted (after cfg w r (s_input m) (s_after m) eff (s_op m)) m.
Proof.
  intros G E Hop. unfold is_noted. assert (∀ n, is_Some (w_loaded w r !! n) →
    n ∈ said_ids (after cfg w r (s_input m) (s_after m) eff (s_op m))) as Hdrawn.
  { intros n Hn. unfold said_ids. csimpl. apply elem_of_app. right. apply (said_drawn cfg w h st n G). by apply (g_drawn _ _ _ _ G r). }
  destruct (s_op m) as [|n t| | | |u [n|]| | |] eqn:Eo; try done; simpl.
  - split; [|by apply Hdrawn, (touch_stored _ _ _ _ _ _ _ E Hop)].
    intros s Hs. rewrite lookup_alter in Hs. apply fmap_Some in Hs as (o & _ & ->). simpl. lia.
  - destruct (spared_stored _ _ _ _ _ _ _ E Hop) as (s & Hs & Hu). split; [|apply Hdrawn; by eexists].
    intros s' Hs'. rewrite end_user_lookup in Hs'. destruct (w_store w !! n) as [s0|] eqn:E0; [|done].
    destruct (g_older _ _ _ _ G r n s s0 Hs E0) as (_ & ? & _). repeat case_match; simplify_eq; congruence.
Qed.
Lemma fresh_input cfg w i : sure cfg w → i ∉ t_tried (w_traffic w) → i ∉ (w_said w).*1 ∧ (∀ v, (i, v) ∉ t_heard (w_traffic w)) ∧
  (∀ r m, (r, m) ∈ t_air (w_traffic w) → s_input m ≠ i) ∧ ∀ r d m, doubt_of w r = Some d → m ∈ d_sent d → s_input m ≠ i.
Proof.
  intros S Hi. assert (∀ r m, (r, m) ∈ t_air (w_traffic w) → s_input m ≠ i) as Ha.
  { intros r m [M _]%(s_air _ _ S) <-. by apply Hi, (m_tried _ _ _ M). }
  split; [by intros ?%(s_said _ _ S)|]. split; [by intros v ?%(s_heard _ _ S)|]. split; [done|].
  intros r d m Hd Hm. destruct (s_sent _ _ S r d m Hd Hm). by eapply Ha.
Qed.
Lemma fresh_earlier l l' : fresh_inputs (l ++ l') → fresh_inputs l'.
Proof.
  unfold fresh_inputs. rewrite !bind_app. intros (F1 & F2 & F3).
  by apply NoDup_app in F1 as (_ & _ & ?), F2 as (_ & _ & ?), F3 as (_ & _ & ?).
Qed.
(** A fresh step of a driver that is in no doubt: an answer, or a write. *)
Lemma sure_step cfg w r i st1 eff w' : sure cfg w → knows_ahead w → doubt_of w r = None → i ∉ t_tried (w_traffic w) →
  kept w (carried cfg w r i st1 eff) →
  w' = carried cfg (tries i w) r i st1 eff ∨ (∃ op, e_op eff = Some op ∧ w' = after cfg (tries i w) r i st1 eff op) → sure cfg w'.
Proof.
  intros S Hah Hd Hi K Hw. destruct (fresh_input _ _ _ S Hi) as (F1 & F2 & F3 & F4).
  assert (∀ r0, r0 ≠ r → is_place (carried cfg w r i st1 eff) r0 (alone w r0)) as Hp.
  { intros r0 Hne. unfold carried. destruct (e_op eff) as [op|]; [|exact (put_place w r st1 r0 Hne)]. exact (put_place (write cfg op w) r st1 r0 Hne). }
  assert (w_store w' = w_store (carried cfg w r i st1 eff) ∧ w_numbers w' = w_numbers (carried cfg w r i st1 eff) ∧
    w_said w' = (i, answer_of eff) :: w_said w ∧ (∀ r0, r0 ≠ r → is_place w' r0 (alone w r0)) ∧
    t_seen (w_traffic w') = t_seen (w_traffic w) ∧ t_doubts (w_traffic w') = t_doubts (w_traffic w) ∧
    t_air (w_traffic w') = t_air (w_traffic w) ∧ t_tried (w_traffic w') = i :: t_tried (w_traffic w) ∧
    t_heard (w_traffic w') = t_heard (w_traffic w) ∧
    ∀ n k, t_revisions (w_traffic w') !! n = Some k → k = i ∨ t_revisions (w_traffic w) !! n = Some k)
    as (E1 & E2 & E3 & E4 & E5 & E6 & E7 & E8 & E9 & E10).
  { destruct Hw as [->|(op & Hop & ->)]; unfold carried in *.
    - destruct (e_op eff) as [op|]; do 3 (split; [done|]); (split; [exact Hp|]); do 5 (split; [done|]); intros n k; by right.
    - rewrite Hop in *. do 3 (split; [done|]). split; [exact Hp|]. do 5 (split; [done|]). intros n k. simpl.
      destruct (written_by op) as [x|]; [|by right]. destruct (decide (x = n)) as [->|].
      + rewrite lookup_insert. intros [= <-]. by left. + rewrite lookup_insert_ne by done. by right. }
  destruct K as [K1 K2 K3 K4 K5]. eapply (sure_carried cfg (tries i w) w' r i eff); [by apply sure_tries|exact Hah| |exact E3|exact E4|exact E5|exact E6|exact E7|
    exact E8|exact E9|exact E10|..]; try done.
  - constructor; [| |rewrite E2; exact K3|..].
    + intros n s s'. rewrite E1. apply K1. + intros n. rewrite E1. apply K2.
    + intros i0 Hi0. rewrite E3. csimpl. by right. + intros n Hn. unfold said_ids. rewrite E3. csimpl. apply elem_of_app. by right.
  - simpl. by left.
  - intros r0 m Hm Hin. by destruct (F3 r0 m Hm).
  - intros d Hd'. change (doubt_of w r = Some d) in Hd'. congruence.
  - intros m Hm Hin. by destruct (F3 r m Hm).
Qed.
(** It is abandoned, and nothing is left. *)
Lemma ends_with_nothing cfg w r q i o st eff : w_requests w !! r = Some q → i_event i = OfRequest r (FinishRequest o) →
  o = Failed ∨ o = Abandoned → step cfg (alone w r) i = (st, eff) →
  e_op eff = None ∧ e_reply eff = Done ∧ requests st !! r = None ∧ is_final w r (i_event i) (e_reply eff).
Proof.
  intros Hq He Ho E. assert (requests (alone w r) !! r = Some q) as Hal by (by rewrite alone_request).
  unfold step, rule in E. rewrite He, Hal in E.
  assert (e_op eff = None ∧ e_reply eff = Done ∧ requests st !! r = None) as (E1 & E2 & E3).
  { destruct Ho; subst o; simpl in E; injection E as <- <-; simpl; rewrite lookup_partial_alter; done. }
  split; [done|]. split; [done|]. split; [done|]. rewrite He, E2. split; [|by intros]. by destruct Ho; subst o.
Qed.
Lemma gives_up_good cfg w h st r j : good cfg w h st → sure cfg w → doubt_of w r = None → below_limits cfg w r →
  i_event j = OfRequest r (FinishRequest Abandoned) →
  fresh_inputs (w_said (gives_up cfg j r w)) → NoDup (t_tried (w_traffic (gives_up cfg j r w))) →
  ∃ h' st', good cfg (gives_up cfg j r w) h' st' ∧ sure cfg (gives_up cfg j r w).
Proof.
  intros G S Hd Hb He Hf Ht. pose proof (good_ahead _ _ _ _ G) as Hah. unfold gives_up in *. destruct (w_requests w !! r) as [q|] eqn:Eq.
  - destruct (step cfg (alone w r) j) as [st1 eff] eqn:E. simpl in Hf, Ht.
    destruct (ends_with_nothing _ _ _ _ _ _ _ _ Eq He (or_intror eq_refl) E) as (E1 & E2 & E3 & E4).
    apply NoDup_cons in Ht as [Hj Ht].
    destruct (carries cfg w h st r j st1 eff) as (G' & K); try done; [left; by rewrite He|by left|].
    assert (sure cfg (carried cfg (tries j w) r j st1 eff)) as S' by (eapply sure_step; try done; by left).
    unfold carried in *. rewrite E1 in *.
    assert (good cfg (hears j (Says (answer_of eff)) (tries j (say j eff (put w r st1)))) (occurs cfg st j :: h) (step cfg st j).1) as G2
      by (by apply good_notes, good_notes).
    eexists _, _. split; [apply good_dropped; [exact G2|simpl; by rewrite lookup_partial_alter]|].
    apply sure_put; [|exact (good_ahead _ _ _ _ G2)|done]. apply (sure_hears cfg (tries j (say j eff (put w r st1)))); [exact S'|..].
    + intros i v [= -> ->]%elem_of_list_singleton. by left.
    + intros i a [= -> ->]%elem_of_list_singleton. by left.
    + intros i [= ]%elem_of_list_singleton.
  - exists h, st. split; [by apply good_dropped|by apply sure_put].
Qed.
