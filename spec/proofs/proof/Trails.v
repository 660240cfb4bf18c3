(** A trail, which knows the calls of an application and their answers, agrees with what the machine remembers. *)
From Q Require Export Whole.

Definition agrees (m : gmap N session) (t : trail) (q : request) : Prop :=
  t_addr t = r_addr q ∧
  t_login t = (λ l, (l_user l, l_at l)) <$> c_login (own q) ∧
  (t_ended t = true → ∀ l, c_login (own q) = Some l → l_generation l = None) ∧
  t_keeps t = c_keeps (own q) ∧ t_values t = c_values (own q) ∧ t_tokens t = c_tokens (own q) ∧
  t_renews t = c_renews (own q) ∧
  (∀ i s, held q = Some (i, s) → t_user t = user s) ∧
  (t_changed t = false → own q = no_changes ∧ revoked q = false ∧ ∃ i s, held q = Some (i, s) ∧ (i = None → has_info s = false)) ∧
  (∀ n, t_sent t = Some n → held_id q = Some n ∨ held_id q = None ∧ m !! n = None).

Lemma without_absent q t : t ∉ q → without q t = q.
Proof.
  induction q as [|x q IH]; simpl; [done|]. intros H. destruct (N.eqb_spec x t) as [->|]; [destruct H; by left|].
  f_equal. apply IH. intros Hi. apply H. by right.
Qed.
Lemma turn_agrees cfg now d m q e q' eff m' t : turns cfg now d m q e q' eff m' → sound q → all_tied m q → agrees m t q →
  (∀ n, t_sent t = Some n → m !! n = None → m' !! n = None) →
  ∃ t', learn cfg now e eff t = Some t' ∧ t_sent t' = t_sent t ∧ agrees m' t' q'.
Proof.
  intros H (Hk & _ & Hs) Ht (A1 & A2 & A3 & A4 & A5 & A6 & A7 & A8 & A9 & A10) Hgone.
  assert (∀ n, t_sent t = Some n → held_id q = Some n ∨ held_id q = None ∧ m' !! n = None) as Hsent.
  { intros n Hn. destruct (A10 n Hn) as [?|[??]]; auto. }
  inversion H; subst; clear H; try match goal with E : held q = Some _ |- _ => pose proof (A8 _ _ E) as Hu end.
  - (* asks *) exists t. split; [by match goal with E : _ ∨ _ |- _ => destruct E as [[? ->]|[? ->]] end|].
    split; [done|]. by do 9 (split; [done|]).
  - (* the user *) eexists. split; [reflexivity|]. split; [done|]. unfold agrees, user_set. simpl. rewrite Hu, A4, A5, A6.
    do 7 (split; [done|]). split; [by intros ?? [= <- <-]|]. split; [done|].
    intros n Hn. unfold held_id in *. simpl. rewrite H0 in Hsent. by apply Hsent.
  - eexists. split; [reflexivity|]. split; [done|]. unfold agrees, renewed. simpl.
    do 7 (split; [done|]). split; [intros ?? [= ->]; by eapply A8|]. split; [done|].
    intros n Hn. unfold held_id in *. simpl. rewrite H0 in Hsent. by apply Hsent.
  - exists (value_assigned t k v). split; [match goal with E : assigns _ _ _ |- _ => by inversion E end|]. split; [done|].
    unfold agrees, value_assigned. simpl. rewrite A5. do 7 (split; [done|]). split; [by intros ?? [= <- <-]|]. split; [done|].
    intros n Hn. unfold held_id in *. simpl. rewrite H0 in Hsent. by apply Hsent.
  - eexists. split; [reflexivity|]. split; [done|]. unfold agrees, changed. simpl.
    do 7 (split; [done|]). split; [intros ?? [= ->]; by eapply A8|]. split; [done|].
    intros n Hn. unfold held_id in *. simpl. rewrite H0 in Hsent. by apply Hsent.
  - eexists. split; [reflexivity|]. split; [done|]. unfold agrees, tokens_assigned. simpl. rewrite A6.
    do 7 (split; [done|]). split; [by intros ?? [= <- <-]|]. split; [done|].
    intros n0 Hn. unfold held_id in *. simpl. rewrite H0 in Hsent. by apply Hsent.
  - eexists. split; [reflexivity|]. split; [done|]. unfold agrees, tokens_assigned. simpl. rewrite A6.
    do 7 (split; [done|]). split; [by intros ?? [= <- <-]|]. split; [done|].
    intros n0 Hn. unfold held_id in *. simpl. rewrite H0 in Hsent. by apply Hsent.
  - match goal with T : takes _ _ _ _ _ _ _ |- _ => inversion T; subst end.
    all: eexists; split; [reflexivity|]; split; [done|]; unfold agrees; simpl; rewrite ?A6, ?without_absent by done.
    all: do 7 (split; [done|]); split; [by intros ?? [= <- <-]|]; split; [done|].
    all: intros n0 Hn; unfold held_id in *; simpl; rewrite H0 in Hsent; by apply Hsent.
  - assert (user (apply (cap cfg) ch (r_addr q) (set_handle (set_accessed left (accessed s)) None)) = user s) as Hus.
    { destruct (Hs _ _ H0) as (_ & Hl & _). destruct (Ht _ _ _ H0 H1) as (_ & _ & Hw). rewrite apply_user.
      match goal with T : takes _ _ _ _ _ _ _ |- _ => apply takes_same in T as ((_ & Tu & _) & _ & _ & _ & _ & -> & _) end.
      destruct (c_login (own q)) as [l|] eqn:El; [by rewrite (Hl l eq_refl)|]. rewrite Hk in Hw by done.
      cbn [user set_handle set_accessed]. congruence. }
    assert (∀ n0, t_sent t = Some n0 → Some n = Some n0) as Hn0.
    { intros n0 Hn0. unfold held_id in Hsent. rewrite H0 in Hsent. destruct (Hsent _ Hn0) as [?|[? _]]; congruence. }
    match goal with T : takes _ _ _ _ _ _ _ |- _ => inversion T; subst end.
    all: eexists; split; [reflexivity|]; split; [done|]; unfold agrees; cbn; rewrite ?A6, ?without_absent by done.
    all: do 7 (split; [done|]); split; [intros ?? [= <- <-]; by rewrite Hus|]; split; [done|].
    all: intros n0 Hn; right; split; [done|]; apply Hn0 in Hn as [= ->]; apply lookup_delete.
  - exists (dropped t). split.
    { match goal with E : _ ∨ _ |- _ => destruct E as [->|(h & -> & _)] end; [done|].
      match goal with E : ends _ _ _ _ _ |- _ => by inversion E end. }
    split; [done|]. unfold agrees, dropped. simpl. do 9 (split; [done|]). intros n Hn. right. split; [done|].
    destruct (Hsent _ Hn) as [Hid|[_ ?]]; [|done]. unfold held_id in Hid. rewrite H0 in Hid. subst.
    match goal with E : ends _ _ _ _ _ |- _ => inversion E; subst end; rewrite ?lookup_delete; try done.
    rewrite delete_where_lookup. by match goal with E : m !! n = None |- _ => rewrite E end.
  - exists (changed t). split; [done|]. split; [done|]. unfold agrees, changed. simpl. split; [done|].
    split; [|split; [|do 4 (split; [done|]); split; [by intros ?? [= <- <-]|]; split; [done|]]].
    + rewrite A2. unfold login_again. destruct (c_login (own q)) as [l|]; simpl; [|done]. by case_match.
    + intros Hen l. destruct (c_login (own q)) as [l0|]; [|done]. destruct (H2 l0 eq_refl) as [? E].
      rewrite (A3 Hen l0 eq_refl) in E. done.
    + intros n Hn. unfold held_id in *. simpl. rewrite H0 in Hsent. by apply Hsent.
  - exists (changed t). split; [done|]. split; [done|]. unfold agrees, changed. simpl. by do 9 (split; [done|]).
  - exists (dropped t). split; [done|]. split; [done|]. unfold agrees, dropped. simpl. do 7 (split; [done|]).
    split; [by intros ?? [= <- <-]|]. split; [done|]. intros n Hn. right. split; [done|].
    destruct (Hsent _ Hn) as [Hid|[_ ?]]; auto.
Qed.
Lemma end_login_agrees m t u q : agrees m t q →
  agrees m (if bool_decide (fst <$> t_login t = Some (Some u)) then user_ended t else t) (end_login u never q).
Proof.
  intros Hag. pose proof Hag as (A1 & A2 & A3 & A4 & A5 & A6 & A7 & A8 & A9 & A10). rewrite A2. unfold end_login.
  destruct (c_login (own q)) as [[[v|] at_ g]|] eqn:El; simpl.
  - destruct (String.eqb_spec v u) as [->|Hne]; simpl.
    + rewrite bool_decide_true by done. unfold agrees, user_ended. destruct g as [g|]; simpl; rewrite A2, ?El;
        (do 2 (split; [done|])); (split; [by intros _ ? [= <-]|]); (do 4 (split; [done|])); (split; [done|]);
        (split; [|done]); intros Hc; destruct (A9 Hc) as (E & _); by rewrite E in El.
    + rewrite bool_decide_false by congruence. by destruct g.
  - rewrite ?bool_decide_false by done. by destruct g.
  - by rewrite ?bool_decide_false.
Qed.
Lemma trail_run cfg h st : run cfg h st → fresh_draws h → ∀ r q, requests st !! r = Some q →
  ∃ t, trail_of cfg h r = Some t ∧ agrees (store st) t q ∧ ∀ n, t_sent t = Some n → n ∈ ids_drawn h.
Proof.
  induction 1 as [|h st i Hrun IH]; intros Hf r q; [simpl; by rewrite lookup_empty|].
  pose proof (fresh_cons _ _ Hf) as (Hf0 & Hfi & _). simpl in Hfi. specialize (IH Hf0).
  pose proof (bound_run _ _ _ Hrun Hf0) as B.
  assert (∀ n, n ∈ ids_drawn h → n ∈ ids_drawn (occurs cfg st i :: h)) as Hlater.
  { intros n Hn. rewrite drawn_ids. apply elem_of_app. by right. }
  assert (∀ n, n ∈ ids_drawn h → store st !! n = None → store (step cfg st i).1 !! n = None) as Hgone.
  { intros n Hn Hnone. destruct (store (step cfg st i).1 !! n) as [s|] eqn:E; [|done]. exfalso.
    destruct (issued cfg st i n) as [[? ?]|?]; [by eexists|congruence|by apply (Hfi n)]. }
  cbn [trail_of]. unfold occurs, accepted, event_of, user_ended_by. cbn [o_eff o_in o_before o_after].
  destruct (step_cases cfg st i) as [(why & H & E)|(res & H & E)]; rewrite E in *; cbn [fst snd] in *.
  { intros Hq. destruct (IH _ _ Hq) as (t & Ht & Ha & Hsent). exists t. split; [done|]. split; [done|]. auto. }
  destruct (rule_happens _ _ _ _ _ _ H) as [Hend Hh].
  assert (match e_reply (r_effects res) with Refused _ => false | _ => true end = true) as ->.
  { destruct (e_reply (r_effects res)) eqn:Er; try done. by eapply not_refused in H. }
  cbn [negb]. intros Hq. destruct (decide (actor (i_event i) = Some r)) as [Ha|Ha].
  - assert (r_next res = Some q) as Hn by (rewrite Ha, conclude_request in Hq; done). clear Hq. rewrite bool_decide_true by done. rewrite conclude_store in *. destruct Hh as [r0 c a script p h0 rp op m' Hr Hs|r0 e q1 q' eff m' Hq1 Hne Ht|r0 o q1 eff m' Hq1 Hf1|]; simplify_eq/=; try done.
    + eexists. split; [reflexivity|]. split; [|intros n; simpl; repeat case_match; intros; simplify_eq; prep; auto].
      unfold agrees. simpl. do 7 (split; [done|]).
      split; [by destruct Hs; intros ?? [= <- <-]|]. split.
      { intros _. do 2 (split; [done|]). destruct h0 as [i0 s0]. exists i0, s0. split; [done|]. intros ->. by inversion Hs. }
      intros n Hn. unfold held_id. simpl. destruct Hs as [c0 Hc|n0 s _|n0 s _|n0 s _ _]; repeat case_match; simplify_eq; auto.
      right. split; [done|]. apply lookup_delete.
    + destruct (IH _ _ Hq1) as (t & -> & Hag & Hsent). destruct (b_requests _ _ _ B _ _ Hq1) as (Hs & Htd & _).
      destruct (turn_agrees _ _ _ _ _ _ _ _ _ _ Ht Hs Htd Hag) as (t' & Hl & Hst & Hag'); [by auto|].
      exists t'. split; [done|]. split; [done|]. intros n. rewrite Hst. auto.
  - rewrite bool_decide_false by done. rewrite conclude_other in Hq by done.
    assert (∃ q0, requests st !! r = Some q0) as [q0 Hq0].
    { destruct (requests st !! r); [by eexists|]. by destruct (r_ended res). }
    rewrite Hq0 in Hq. destruct (IH _ _ Hq0) as (t & -> & Hag & Hsent).
    assert (agrees (r_store res) t q0) as Hag0.
    { destruct Hag as (A1 & A2 & A3 & A4 & A5 & A6 & A7 & A8 & A9 & A10). do 9 (split; [done|]).
      intros n Hn. destruct (A10 n Hn) as [?|[??]]; [by left|right]. split; [done|]. by apply Hgone; auto. }
    change (match e_op (r_effects res) with Some (OpDeleteUser u _) => Some u | _ => None end) with (ended_by (e_op (r_effects res))).
    rewrite <- Hend. destruct (r_ended res) as [u|]; simplify_eq/=; eexists; (split; [reflexivity|]).
    + split; [by apply end_login_agrees|]. case_bool_decide; simpl; auto.
    + auto.
Qed.
