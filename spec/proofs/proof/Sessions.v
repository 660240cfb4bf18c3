(** The claims about ids, handles, users and tokens. *)
From Q Require Export Whole.
From Q Require Import Steps.

Theorem t_accessed : accessed_not_before_created.
Proof.
  intros cfg h st [Hr Hf]. pose proof (bound_run _ _ _ Hr Hf) as B. split.
  - intros i s Hi. by apply (b_stored _ _ _ B) in Hi as [? _].
  - intros r q i s Hq Hh. apply (b_requests _ _ _ B) in Hq as [(_ & _ & Hs) _]. by apply Hs in Hh as [? _].
Qed.
Theorem t_one_user : one_user_per_id.
Proof.
  intros cfg h st i n s s' H Hn Hn'. destruct (fair_before _ _ _ _ H) as (Hrun & B & _ & Hi). revert Hn'.
  by_rule cfg st i; [intros; congruence|]. intros Hn'.
  destruct (rule_happens _ _ _ _ _ _ H0) as [_ Hh]. destruct (happens_follows _ _ _ _ _ _ _ _ _ Hh B) as [i0 Hf].
  destruct (Hf _ _ Hn') as [(o & Ho & _ & Hu & _)|(-> & Hnone & _)]; congruence.
Qed.
Lemma rotates cfg now d st e nx eff m' from to s g : happens cfg now d st e nx eff m' → e_op eff = Some (OpRotate from to s g) →
  ∃ r o q c, e = OfRequest r (FinishRequest o) ∧ requests st !! r = Some q ∧ saves_as cfg now d (store st) q (e_op eff) c m'.
Proof.
  intros H Ho. destruct H as [r c a script p h rp op m' _ Hs|r e q q' eff m' _ _ Ht|r o q eff m' Hq Hf|e eff m' _ _ Hw _].
  - simpl in Ho. subst. inversion Hs.
  - exfalso. inversion Ht; subst; simplify_eq/=;
      try match goal with E : ends _ _ _ _ _ |- _ => inversion E end;
      try match goal with E : _ ∨ ∃ _, _ |- _ => destruct E as [[? _]|(? & ? & _)] end; simplify_eq.
  - inversion Hf; subst; [by eexists r, o, q, _|congruence].
  - by rewrite Ho in Hw.
Qed.
Theorem t_no_id_survives : no_id_survives_login.
Proof.
  intros cfg h st i n s u H Hn Hu Hbefore. pose proof (fair_before _ _ _ _ H) as (Hrun & B & _ & Hi).
  assert (store st !! n = None) as Hnone.
  { destruct (store st !! n) as [s0|] eqn:E; [|done]. destruct (Hbefore s0 eq_refl). rewrite <- Hu. symmetry.
    by eapply t_one_user. }
  assert (n ∈ d_ids (i_draws i)) as Hin by (eapply in_take, t_issued; [done|by eexists]).
  split; [done|]. split; [by apply Hi|]. intros from to s' g.
  by_rule cfg st i; [done|]. intros Hop. destruct (rule_happens _ _ _ _ _ _ H0) as [_ Hh].
  eapply rotates in Hh as (r & o & q & c & _ & _ & Hsave); [|done]. rewrite Hop in Hsave. inversion Hsave; subst.
  match goal with E : onto _ _ _ |- _ => destruct E as [_ [? ?]] end.
  rewrite lookup_insert_ne by congruence. apply lookup_delete.
Qed.
Theorem t_no_token : no_token_survives_login.
Proof.
  intros cfg h st i from to s s' g t H Hop Hs Hu Ht Ht'. pose proof (fair_before _ _ _ _ H) as (Hrun & B & _ & _).
  revert Hop. by_rule cfg st i; [done|]. intros Hop. destruct (rule_happens _ _ _ _ _ _ H0) as [_ Hh].
  eapply rotates in Hh as (r & o & q & c & _ & Hq & Hsave); [|done]. rewrite Hop in Hsave.
  destruct (b_requests _ _ _ B _ _ Hq) as (Hsd & Htied & _).
  assert (t ∈ c_tokens (own q)) as Hin.
  { inversion Hsave as [| | | |old n i0 s0 g0 Hm Hon Hi Ha Hmv Hf Hdr|]; subst. simpl in Ht', Hu.
    destruct (merged_tokens _ _ _ _ _ _ Hm Hsd) as [(E & _ & _)|E]; [by rewrite E in Ht'|].
    rewrite E in Ht'. apply in_fold in Ht' as [Hin|]; [|done]. exfalso. destruct old as [old|]; [|by apply elem_of_nil in Hin].
    apply in_keep in Hin as [Hk _]. apply merges_some in Hm as (n' & mine & t0 & Hh' & Hn' & -> & _).
    destruct Hon as [Hn _]. unfold held_id in Hn. rewrite Hh' in Hn. simplify_eq.
    destruct (Htied _ _ _ Hh' Hs) as (_ & _ & Hk'). rewrite Hk in Hk'. apply Hu. cbn [user set_accessed]. rewrite apply_user.
    destruct Hsd as (_ & _ & Hl). destruct (Hl _ _ Hh') as (_ & Hl' & _).
    destruct (c_login (own q)) as [l|]; [|done]. by rewrite <- (Hl' l eq_refl). }
  assert (Stored from = Own r) as E; [|done]. apply (b_place _ _ _ B _ _ t); simpl; [by rewrite Hs|by rewrite Hq].
Qed.
Theorem t_token_once : token_accepted_once.
Proof.
  intros cfg h3 o2 h2 o1 h1 st t [Hr Hf] A1 A2.
  assert (∃ st', run cfg (o2 :: h2 ++ o1 :: h1) st' ∧ fresh_draws (o2 :: h2 ++ o1 :: h1)) as (st2 & Hr2 & Hf2).
  { revert st Hr. induction h3 as [|o h3 IH]; simpl; intros st Hr; [eauto|].
    apply run_inv_cons in Hr as (st0 & i & Hr & -> & ->). apply fresh_cons in Hf as [Hf _]. by eapply IH. }
  apply run_inv_cons in Hr2 as (st0 & i & Hr0 & -> & ->). apply fresh_cons in Hf2 as (Hf0 & _).
  pose proof (bound_run _ _ _ Hr0 Hf0) as B.
  assert (∃ p, t ∈ at_ st0 p) as [p Hp].
  { destruct A2 as [Ha (r & He)]. unfold accepted, event_of in *. simpl in *. revert Ha. by_rule cfg st0 i; [done|]. intros _.
    destruct (rule_happens _ _ _ _ _ _ H) as [_ Hh].
    destruct (accepts_happens _ _ _ _ _ _ _ _ _ {[ r := default (Request None None "" "" false no_changes) (r_next res) ]} t Hh B) as (p & Hp & _); [|by eauto|by eauto].
    rewrite He in *. intros r0 [= <-]. rewrite lookup_singleton. by inversion Hh. }
  apply (b_drawn _ _ _ B) in Hp as [_ Hp]. apply Hp. exists o1. split; [|done]. apply elem_of_app. right. by left.
Qed.

(** ** Handles *)

Lemma delete_one (m : gmap N session) n s h : m !! n = Some s → handle s = Some h →
  (∀ n' s', m !! n' = Some s' → handle s' = handle s → n' = n) → delete_where (has_handle h) m = delete n m.
Proof.
  intros Hn Hh Hu. apply map_eq. intros k. rewrite delete_where_lookup. destruct (decide (n = k)) as [<-|].
  - rewrite lookup_delete, Hn. unfold has_handle. by rewrite bool_decide_true.
  - rewrite lookup_delete_ne by done. destruct (m !! k) as [s'|] eqn:E; [|done]. unfold has_handle.
    rewrite bool_decide_false; [done|]. intros Hs'. apply (Hu k s') in E; congruence.
Qed.
Lemma delete_where_all f (m : gmap N session) : size (delete_where f m) = size m → delete_where f m = m.
Proof.
  intros H. apply map_eq. intros k. rewrite delete_where_lookup. destruct (m !! k) as [s|] eqn:E; [|done].
  destruct (f s) eqn:F; [|done]. exfalso.
  rewrite <- !(size_dom (D := gset N)) in H.
  assert (dom (delete_where f m) ⊂@{gset N} dom m) as Hs; [|apply subset_size in Hs; lia].
  split.
  - intros j. rewrite !elem_of_dom, delete_where_lookup. destruct (m !! j); [intros; by eexists|done].
  - intros Hs. assert (k ∈ dom (D := gset N) (delete_where f m)) as Hk by (apply Hs, elem_of_dom; by eexists).
    apply elem_of_dom in Hk as [x Hx]. rewrite delete_where_lookup, E, F in Hx. done.
Qed.
Theorem t_store_ops : store_ops_reproduce_store.
Proof.
  intros cfg h st i H. pose proof (fair_before _ _ _ _ H) as (Hrun & B & _ & _).
  by_rule cfg st i; [done|]. destruct (rule_happens _ _ _ _ _ _ H0) as [_ Hh].
  destruct Hh as [r c a script p h0 rp op m' Hr Hs|r e q q' eff m' Hq Hne Ht|r o q eff m' Hq Hf|e eff m' Hm _ Hw _].
  - destruct Hs as [| | |n s Hn Hs]; simpl; try done. apply map_eq. intros k. destruct (decide (n = k)) as [<-|].
    + rewrite lookup_insert, lookup_alter, Hn. simpl. unfold touched in Hs. do 2 f_equal. lia.
    + by rewrite lookup_insert_ne, lookup_alter_ne.
  - destruct (b_requests _ _ _ B _ _ Hq) as (_ & Htied & _).
    destruct Ht as [| | | | | | | | |e i0 s op m' Hh He Hend| | |op m' Hn [[-> ->]|(n & -> & ->)]]; simpl; try done.
    destruct Hend as [| | |n x [o Ho] Hx|]; simpl; try done.
    destruct (Htied _ _ _ Hh Ho) as (E & _). symmetry. apply (delete_one _ n o); [done|congruence|].
    intros n' s' Hn' Hs'. by apply (b_handles _ _ _ B n' n s' o).
  - destruct Hf as [o c m' eff _ Hsave _ _|o eff _ -> _ _]; [|done].
    destruct Hsave as [| |i0 s g left t Hm Hi Ha Hd Hfr Hdr Hl| | |]; simpl; try done.
    destruct Hl as [[-> ->]|[[-> ->]|(-> & -> & Hl)]]; [done..|]. simpl. by rewrite delete_where_all.
  - done.
Qed.
Theorem t_expiry : expiry_is_immediate.
Proof.
  intros cfg h st i r q n s0 H He Hq Hh. pose proof (fair_before _ _ _ _ H) as (Hrun & B & _ & _).
  by_rule cfg st i.
  { exfalso. rewrite He in H0. simpl in H0. rewrite Hq in H0. unf H0. rewrite Hh in H0. cases H0. }
  destruct (rule_happens _ _ _ _ _ _ H0) as [_ Hs]. rewrite He in Hs. inversion Hs; subst.
  destruct (b_requests _ _ _ B _ _ Hq) as (_ & Htied & _).
  match goal with E : turns _ _ _ _ _ _ _ _ _ |- _ => rename E into Ht end. simplify_eq.
  inversion Ht; subst; try match goal with E : assigns _ _ _ |- _ => by inversion E end;
    try match goal with E : takes _ _ _ _ _ _ _ |- _ => by inversion E end;
    try (match goal with E : _ ∨ _ |- _ => by destruct E as [[??]|[??]] end). simplify_eq.
  assert (∀ n' s, store st !! n' = Some s → handle s ≠ None) as Hsome.
  { intros n' s Hn'. apply (b_stored _ _ _ B) in Hn' as (_ & x & Hx & _). congruence. }
  match goal with E : ends _ _ _ _ _ |- _ => inversion E; subst end.
  - split; [done|]. intros n' s Hn'. match goal with E : handle s0 = None |- _ => rewrite E end. by eapply Hsome.
  - split; [apply lookup_delete|]. intros n' s [_ Hn']%lookup_delete_Some.
    match goal with E : handle s0 = None |- _ => rewrite E end. by eapply Hsome.
  - split; [apply lookup_delete|]. intros n' s [Hne Hn']%lookup_delete_Some Heq.
    match goal with E : is_Some _ |- _ => destruct E as [o Ho] end.
    destruct (Htied _ _ _ Hh Ho) as (E & _). apply Hne. symmetry. apply (b_handles _ _ _ B n' n s o); congruence.
  - split; [rewrite delete_where_lookup; by match goal with E : store st !! n = None |- _ => rewrite E end|].
    intros n' s. rewrite delete_where_lookup. intros Hn' Heq. repeat case_match; simplify_eq.
    match goal with E : has_handle _ _ = false |- _ => unfold has_handle in E; apply bool_decide_eq_false in E end. congruence.
Qed.
