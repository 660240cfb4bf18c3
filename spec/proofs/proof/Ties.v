(** What ties the copies of the requests to what is stored. *)
From Q Require Export Turns.

(** A copy, and what is stored under its id. *)
Definition tied (q : request) (s o : session) : Prop :=
  handle s = handle o ∧ created o <= accessed s ∧
  match c_keeps (own q) with KeepAll => user s = user o | KeepValues => user o = None | KeepNothing => True end.
(** A session that is not stored yet, and the changes that made it. *)
Definition made (q : request) (s : session) : Prop :=
  tokens s = c_tokens (own q) ∧
  (∀ k, values s !! k = match c_values (own q) !! k with Some v => v | None => None end) ∧
  (∀ l, begins (own q) = Some l → addr s = r_addr q ∧ created s = l_at l).
Definition sound (q : request) : Prop :=
  (c_login (own q) = None → c_keeps (own q) = KeepAll) ∧
  (revoked q = true → held_id q = None) ∧
  (∀ i s, held q = Some (i, s) → created s <= accessed s ∧
     (∀ l, c_login (own q) = Some l → user s = l_user l) ∧ (i = None → made q s)).
Definition same (o o' : session) : Prop :=
  handle o' = handle o ∧ user o' = user o ∧ created o' = created o ∧
  (created o <= accessed o → created o' <= accessed o').
Lemma same_refl o : same o o. Proof. done. Qed.
Lemma tied_same q s o o' : tied q s o → same o o' → tied q s o'.
Proof. unfold tied. intros (? & ? & ?) (-> & -> & -> & _). done. Qed.
Lemma no_info_spec s : has_info s = false → tokens s = [] ∧ values s = ∅.
Proof. unfold has_info. intros H. prep. split; [by apply is_nil_spec|by apply no_keys_spec]. Qed.

(** ** The copy of the request that acts *)

Definition all_tied (m : gmap N session) (q : request) : Prop :=
  ∀ n s o, held q = Some (Some n, s) → m !! n = Some o → tied q s o.
Lemma takes_same q s old e s' left ch : takes q s old e s' left ch → same old left ∧ user s' = user s ∧
  accessed s' = accessed s ∧ created s' = created s ∧ handle s' = handle s ∧
  c_login ch = c_login (own q) ∧ c_keeps ch = c_keeps (own q) ∧ c_values ch = c_values (own q) ∧ c_tokens ch = c_tokens (own q).
Proof. by destruct 1. Qed.
Lemma between_cases u v : between u v = KeepAll ∧ u = v ∨ between u v = KeepValues ∧ u = None ∨ between u v = KeepNothing.
Proof. unfold between. case_bool_decide; [by left|]. destruct u; simpl; auto. Qed.
Lemma turn_tied cfg now d m q e q' eff m' : turns cfg now d m q e q' eff m' → sound q → all_tied m q → all_tied m' q'.
Proof.
  intros H (_ & _ & Hs) Ht. inversion H; subst; clear H; intros n0 s0 o0 Hh Ho; simplify_eq/=; try (by eapply Ht).
  all: lookups; repeat case_match; simplify_eq; try (by eapply Ht).
  all: try match goal with T : takes _ _ _ _ _ _ _ |- _ =>
    apply takes_same in T as ((T1 & T2 & T3 & _) & T5 & T6 & T7 & T8 & T9 & T10 & T11) end.
  all: match goal with E : held _ = Some (Some ?n, ?s), Ho : _ !! ?n = Some _ |- _ =>
    destruct (Hs _ _ E) as (_ & Hl & _); destruct (Ht _ _ _ E Ho) as (? & ? & Hk) end; unfold tied; simpl; rewrite ?T10; try done.
  - split; [done|]. split; [destruct (begins _); unfold drop_rest; simpl; lia|].
    destruct (between_cases (user s) u) as [[-> <-]|[[-> Hu]| ->]], (c_keeps (own q)); simpl; try done; congruence.
  - rewrite T1, T2, T3, T5, T6, T8. done.
Qed.

(** ** What is stored *)

(** What stays is the same session, and one may be new. *)
Definition follows (d : draws) (m m' : gmap N session) : Prop :=
  ∃ i, ∀ n o', m' !! n = Some o' → (∃ o, m !! n = Some o ∧ same o o') ∨
    (n = i ∧ m !! i = None ∧ i ∈ d_ids d ∧ created o' <= accessed o' ∧
      ∃ x, handle o' = Some x ∧ (x = d_handle d ∨ ∃ n0 o, m !! n0 = Some o ∧ handle o = Some x ∧ m' !! n0 = None)).
Lemma follows_old d m m' : (∀ n o', m' !! n = Some o' → ∃ o, m !! n = Some o ∧ same o o') → follows d m m'.
Proof. intros H. exists 0. intros n o' Ho. left. by apply H. Qed.
Lemma follows_fewer d m m' : (∀ n o', m' !! n = Some o' → m !! n = Some o') → follows d m m'.
Proof. intros H. apply follows_old. intros n o' Ho. exists o'. split; [by apply H|done]. Qed.

Lemma turn_stored cfg now d m q e q' eff m' : turns cfg now d m q e q' eff m' → ∀ n o', m' !! n = Some o' →
  m !! n = Some o' ∨ ∃ s old s' ch, m !! n = Some old ∧ takes q s old e s' o' ch.
Proof.
  intros H n0 o' Ho. inversion H; subst; clear H; try (by left).
  - lookups; [|by left]. right. by eexists _, _, _, _.
  - left. by lookups.
  - left. match goal with E : ends _ _ _ _ _ |- _ => inversion E; subst end; lookups; repeat case_match; by simplify_eq.
  - left. lookups. repeat case_match; by simplify_eq.
  - left. lookups. repeat case_match; by simplify_eq.
  - left. destruct_or!; destruct_and?; subst; [done|].
    match goal with H : ∃ _, _ |- _ => destruct H as (? & ? & ->) end. by lookups.
Qed.
Lemma turn_follows cfg now d m q e q' eff m' : turns cfg now d m q e q' eff m' → follows d m m'.
Proof.
  intros H. apply follows_old. intros n o' Ho.
  destruct (turn_stored _ _ _ _ _ _ _ _ _ H _ _ Ho) as [?|(s & old & s' & ch & ? & T)]; [by eauto using same_refl|].
  apply takes_same in T as [T _]. eauto.
Qed.
Lemma start_follows cfg now d m a c h r op m' : starts cfg now m a c h r op m' → follows d m m'.
Proof.
  destruct 1; try (by apply follows_fewer); [apply follows_fewer; intros; by lookups|].
  apply follows_old. intros n0 o' Ho. lookups; [|by eauto using same_refl]. exists s; split; [done|].
  repeat split; try done. simpl. unfold touched in *. lia.
Qed.

(** What the save of a request starts from, and what it makes of that. *)
Lemma apply_times c ch a s : created s <= accessed s → created (apply c ch a s) <= accessed (apply c ch a s).
Proof. rewrite apply_created, apply_accessed. destruct (begins ch); lia. Qed.
Lemma still ch : moves ch = false → begins ch = None.
Proof. unfold moves. intros H. prep. done. Qed.
Lemma merges_some cfg now m q old s : merges cfg now m q (Some old) s → ∃ n mine t, held q = Some (Some n, mine) ∧
  m !! n = Some old ∧ s = set_accessed (apply (cap cfg) (own q) (r_addr q) old) t ∧
  accessed (apply (cap cfg) (own q) (r_addr q) old) <= t.
Proof. intros H. inversion H; subst. by eexists _, _, _. Qed.
Lemma merges_none cfg now m q s : merges cfg now m q None s → held q = Some (None, s) ∨
  ∃ n mine l t, held q = Some (Some n, mine) ∧ begins (own q) = Some l ∧
    s = set_accessed (apply (cap cfg) (own q) (r_addr q) (fresh (r_addr q) (l_at l))) t ∧
    accessed (apply (cap cfg) (own q) (r_addr q) (fresh (r_addr q) (l_at l))) <= t.
Proof.
  intros H. inversion H; subst; [by left|right..].
  - eexists n, mine, l, _. split; [done|]. split; [done|]. split; [|reflexivity]. by destruct (apply _ _ _ _).
  - by eexists n, mine, l, t.
Qed.
(** A request that does not begin a session leaves the user as it was. *)
Lemma still_user q s o : sound q → (∃ i, held q = Some (i, s)) → tied q s o → begins (own q) = None →
  c_keeps (own q) ≠ KeepNothing ∧ match c_login (own q) with Some l => l_user l | None => user o end = user o.
Proof.
  intros (Hk & _ & Hs) [i Hh] (_ & _ & Hu) Hm. destruct (Hs _ _ Hh) as (_ & Hl & _).
  assert (c_keeps (own q) ≠ KeepNothing) as Hn.
  { intros E. unfold begins in Hm. destruct (c_login (own q)) as [l|] eqn:El; [|by rewrite Hk in E].
    rewrite bool_decide_true in Hm by done. by rewrite orb_true_r in Hm. }
  split; [done|]. destruct (c_login (own q)) as [l|] eqn:El; [|done]. rewrite <- (Hl l eq_refl).
  destruct (c_keeps (own q)); try done.
  unfold begins in Hm. rewrite El in Hm. rewrite (Hl l eq_refl), Hu. case_match; [done|]. prep. done.
Qed.
Lemma merged_same cfg now m q old s : merges cfg now m q (Some old) s → sound q → all_tied m q → moves (own q) = false →
  same old s.
Proof.
  intros (n & mine & t & Hh & Ho & -> & Hle)%merges_some Hq Ht Hm%still.
  destruct (still_user q mine old Hq) as [Hn Hu]; [by eexists|by eapply Ht|done|].
  unfold same. cbn [handle user created accessed set_accessed].
  split; [|split; [|split]].
  - rewrite apply_handle. by destruct (c_keeps (own q)).
  - by rewrite apply_user.
  - by rewrite apply_created, Hm.
  - intros ?. etrans; [by apply apply_times|done].
Qed.
Lemma merged_times cfg now m q old s : merges cfg now m q old s → sound q → (∀ o, old = Some o → created o <= accessed o) →
  created s <= accessed s.
Proof.
  intros H (_ & _ & Hs) Ho. destruct old as [old|].
  - apply merges_some in H as (n & mine & t & Hh & Hn & -> & Hle). cbn [created accessed set_accessed].
    etrans; [apply apply_times; by eauto|exact Hle].
  - apply merges_none in H as [H|(n & mine & l & t & Hh & Hb & -> & Hle)]; [by apply Hs in H as (? & _)|].
    cbn [created accessed set_accessed]. etrans; [apply apply_times|exact Hle]. simpl. lia.
Qed.
Lemma merged_handle cfg now m q old s x n : merges cfg now m q old s → onto m q n → handle s = Some x →
  ∃ o, m !! n = Some o ∧ handle o = Some x.
Proof.
  intros H [Hn [o Ho]] Hx. unfold held_id in Hn. destruct old as [old|].
  - apply merges_some in H as (n' & mine & t & Hh & Hn' & -> & Hle). rewrite Hh in Hn. simplify_eq.
    cbn [handle set_accessed] in Hx. rewrite apply_handle in Hx. eexists; split; [eassumption|]. by destruct (c_keeps (own q)).
  - apply merges_none in H as [H|(n' & mine & l & t & Hh & Hb & -> & Hle)]; [by rewrite H in Hn|].
    cbn [handle set_accessed] in Hx. rewrite apply_handle in Hx. by destruct (c_keeps (own q)).
Qed.
Lemma merged_onto cfg now m q old s n : merges cfg now m q (Some old) s → onto m q n → m !! n = Some old.
Proof.
  intros (n' & mine & t & Hh & ? & _)%merges_some [Hn _]. unfold held_id in Hn. rewrite Hh in Hn. by simplify_eq.
Qed.
Lemma save_follows cfg now d m q op c m' : saves_as cfg now d m q op c m' → sound q → all_tied m q →
  (∀ n o, m !! n = Some o → created o <= accessed o) → follows d m m'.
Proof.
  intros H Hq Ht Hc. destruct H as [|s Hm Hi Hd|i s g left t Hm Hi Ha Hd Hf Hdr Hl|n old s Hm Hon Hi Ha Hmv Hu
    |old n i s g Hm Hon Hi Ha Hmv Hf Hdr|old n s c Hm Hon Hi Ha Hu]; try (by apply follows_fewer).
  - exists i. intros n o' Ho. lookups.
    + right. repeat split; try done; [|eexists; split; [done|by left]].
      change (created s <= accessed s). eapply merged_times; done.
    + left. exists o'. split; [|done]. destruct_or!; destruct_and?; subst; [done|..]; lookups; repeat case_match; by simplify_eq.
  - apply follows_old. intros n0 o' Ho. lookups; [|by eauto using same_refl].
    exists old. split; [by eapply merged_onto|by eapply merged_same].
  - exists i. intros n0 o' Ho. lookups; [|left; by eauto using same_refl].
    right. split; [done|]. split; [done|]. split; [done|]. split.
    + change (created s <= accessed s). eapply merged_times; try done. intros o ->. eapply Hc, merged_onto; done.
    + eexists. split; [done|]. destruct (handle s) as [x|] eqn:Ex; [right|by left].
      destruct (merged_handle _ _ _ _ _ _ _ _ Hm Hon Ex) as (o & Hn & Hx). exists n, o. split; [done|]. split; [done|].
      rewrite lookup_insert_ne by congruence. apply lookup_delete.
  - apply follows_fewer. intros. by lookups.
Qed.
