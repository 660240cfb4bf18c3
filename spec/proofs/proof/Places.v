(** Where form tokens are: each in one place, of a session that is stored or of a request. *)
From Q Require Export Ties.

(** ** Queues without doubles *)

Lemma in_without t q x : t ∈ without q x → t ∈ q.
Proof. induction q; simpl; [done|]. case_match; set_solver. Qed.
Lemma nodup_without q x : NoDup q → NoDup (without q x) ∧ x ∉ without q x.
Proof.
  induction 1 as [|y q Hy Hq [IH1 IH2]]; simpl; [split; [constructor|set_solver]|].
  destruct (N.eqb_spec y x) as [->|]; [done|]. split; [|set_solver].
  constructor; [|done]. by intros ?%in_without.
Qed.
Lemma in_drop {A} (x : A) n l : x ∈ drop n l → x ∈ l.
Proof. intros H. rewrite <- (take_drop n l). apply elem_of_app. by right. Qed.
Lemma in_push t c q x : t ∈ push c q x → t ∈ q ∨ t = x.
Proof. unfold push. rewrite elem_of_app, elem_of_list_singleton. intros [H%in_drop|H]; auto. Qed.
Lemma nodup_push c q x : NoDup q → x ∉ q → NoDup (push c q x).
Proof.
  intros Hq Hx. unfold push. apply NoDup_app. split; [|split].
  - rewrite <- (take_drop (S (length q) - bound c) q) in Hq. by apply NoDup_app in Hq as (_ & _ & ?).
  - intros t Ht%in_drop ->%elem_of_list_singleton. done.
  - apply NoDup_singleton.
Qed.
Lemma in_fold t c l q : t ∈ foldl (push_new c) q l → t ∈ q ∨ t ∈ l.
Proof.
  revert q. induction l as [|x l IH]; simpl; intros q H; [by left|].
  apply IH in H as [H|]; [|set_solver]. unfold push_new in H. case_match; [by left|].
  apply in_push in H as [|]; set_solver.
Qed.
Lemma nodup_fold c l q : NoDup q → NoDup (foldl (push_new c) q l).
Proof.
  revert q. induction l as [|x l IH]; simpl; intros q H; [done|]. apply IH. unfold push_new.
  destruct (among x q) eqn:E; [done|]. apply nodup_push; [done|]. intros Hx. apply among_spec in Hx. congruence.
Qed.
Lemma nodup_keep k q : NoDup q → NoDup (keep_tokens k q).
Proof. destruct k; simpl; auto using NoDup_nil_2. Qed.
Lemma in_keep t k q : t ∈ keep_tokens k q → k = KeepAll ∧ t ∈ q.
Proof. destruct k; simpl; [set_solver..|done]. Qed.
(** Nothing is lost of tokens that are new and not too many. *)
Lemma push_all c l q : NoDup (q ++ l) → (length q + length l ≤ bound c)%nat → foldl (push_new c) q l = q ++ l.
Proof.
  revert q. induction l as [|x l IH]; simpl; intros q Hn Hl; [by rewrite app_nil_r|].
  assert (push_new c q x = q ++ [x]) as ->.
  { unfold push_new. destruct (among x q) eqn:E.
    - apply among_spec in E. apply NoDup_app in Hn as (_ & Hd & _). by destruct (Hd x E); left.
    - unfold push. replace (S (length q) - bound c)%nat with 0%nat by lia. done. }
  rewrite IH; rewrite <- ?app_assoc, ?app_length; [done|done|simpl; lia].
Qed.
Lemma merged_tokens cfg now m q old s : merges cfg now m q old s → sound q →
  tokens s = c_tokens (own q) ∧ old = None ∧ held q = Some (None, s) ∨
  tokens s = foldl (push_new (cap cfg)) (match old with Some o => keep_tokens (c_keeps (own q)) (tokens o) | None => [] end)
    (c_tokens (own q)).
Proof.
  intros H (_ & _ & Hs). destruct old as [old|].
  - apply merges_some in H as (n & mine & t & Hh & Hn & -> & Hle). right. cbn [tokens set_accessed]. by rewrite apply_tokens.
  - apply merges_none in H as [H|(n & mine & l & t & Hh & Hb & -> & Hle)].
    + left. split; [|done]. by apply Hs in H as (_ & _ & [? _]).
    + right. cbn [tokens set_accessed]. rewrite apply_tokens. by destruct (c_keeps (own q)).
Qed.

(** ** The copy of the request that acts *)

Lemma turn_sound cfg now d m q e q' eff m' : turns cfg now d m q e q' eff m' → sound q → all_tied m q →
  NoDup (c_tokens (own q)) → (length (c_tokens (own q)) ≤ bound (cap cfg))%nat → sound q'.
Proof.
  intros H (Hk & Hr & Hs) Ht Hn Hl. inversion H; subst; clear H; try done.
  all: try match goal with E : held _ = Some _ |- _ => destruct (Hs _ _ E) as (Hc & Hu & Hm) end.
  all: try match goal with T : takes _ _ _ _ _ _ _ |- _ => pose proof T as T0;
    apply takes_same in T as ((T1 & T2 & T3 & T4) & T5 & T6 & T7 & T8 & T9 & T10 & T11 & T12) end.
  all: split; [|split].
  all: simpl; rewrite ?T9, ?T10; try done.
  all: try (by intros E; apply Hr in E; unfold held_id in *; simpl; match goal with E' : held _ = _ |- _ => rewrite E' in E end).
  all: try (by unfold login_again; destruct (c_login (own q)); repeat case_match; auto).
  all: try match goal with |- ∀ _ _, _ = _ → _ => intros i' s0 Hh end; simplify_eq/=.
  all: try (split; [done|]).
  all: try (split; [done|intros ->; destruct Hm as (Hm1 & Hm2 & Hm3); try done]).
  - split; [destruct (begins _); unfold drop_rest; simpl; lia|]. split; [by intros ? [= <-]|].
    intros ->. destruct (Hm eq_refl) as (M1 & M2 & M3). unfold made. simpl.
    destruct (begins (user_changed q s u now g)) eqn:Eb; unfold drop_rest; simpl; rewrite M1.
    all: split; [done|]; split; [intros k; destruct (between _ _); simpl; rewrite ?lookup_empty; auto|].
    all: intros l0 E; by simplify_eq.
  - by destruct (Hs _ _ H0) as (? & ? & ?).
  - split; [done|]. split; [|done]. intros k0. destruct v as [v|]; simpl.
    all: destruct (decide (k = k0)) as [->|]; simplify_map_eq; auto.
    all: try (by rewrite lookup_delete). all: try (by rewrite lookup_delete_ne).
  - by destruct (Hs _ _ H0) as (? & ? & ?).
  - split; [by rewrite <- Hm1|]. split; [done|done].
  - split; [by rewrite <- Hm1|]. split; [done|done].
  - rewrite T6, T7, T5. by repeat split.
  - destruct (Ht _ _ _ H0 H1) as (_ & Hoc & _). apply no_info_spec in H3 as [Ht0 Hv0].
    split; [destruct (begins ch); unfold drop_rest; simpl; lia|]. split.
    { intros l E. rewrite T9, E. done. }
    intros _. unfold made. rewrite apply_tokens, apply_vals. cbn [own set_own r_addr tokens values set_handle set_accessed].
    rewrite Ht0, Hv0. split; [|split].
    + assert (keep_tokens (c_keeps ch) [] = []) as -> by (by destruct (c_keeps ch)). rewrite T12. by rewrite push_all.
    + intros k. rewrite apply_values_lookup. destruct (c_values ch !! k); [done|]. destruct (c_keeps ch); simpl; by rewrite lookup_empty.
    + intros l E. by rewrite apply_addr, apply_created, E.
  - split; [|intros ->; destruct (Hm eq_refl) as (M1 & M2 & M3); split; [done|split; [done|]]].
    + unfold login_again. intros l. destruct (c_login (own q)) as [l1|] eqn:El; [|done]. rewrite (Hu l1 eq_refl).
      case_match; intros; by simplify_eq.
    + intros l. simpl. unfold begins, login_again. simpl. intros E.
      assert (∃ l1, begins (own q) = Some l1 ∧ l_at l1 = l_at l) as (l1 & E1 & <-); [|by apply M3].
      unfold begins. destruct (c_login (own q)) as [l1|]; [|done]. destruct (bool_decide (l_user l1 = Some u)); simpl in E;
        case_match; simplify_eq; by eexists.
  - split; [done|]. intros _. split; [done|]. split; [done|]. by intros l [=].
Qed.

(** ** Where tokens go *)

Lemma takes_tokens q s old e s' left ch : takes q s old e s' left ch →
  (∀ t, t ∈ tokens left → t ∈ tokens old) ∧ (NoDup (tokens old) → NoDup (tokens left)).
Proof. destruct 1; simpl; [split; [intros ?; apply in_without|intros Hn; by apply nodup_without]|done]. Qed.
Definition fewer_tokens (m m' : gmap N session) := ∀ n o', m' !! n = Some o' → ∃ o, m !! n = Some o ∧
  (∀ t, t ∈ tokens o' → t ∈ tokens o) ∧ (NoDup (tokens o) → NoDup (tokens o')).
Lemma fewer_of m m' : (∀ n o', m' !! n = Some o' → m !! n = Some o') → fewer_tokens m m'.
Proof. intros H n o' Ho. exists o'. split; [by apply H|done]. Qed.
Lemma turn_fewer cfg now d m q e q' eff m' : turns cfg now d m q e q' eff m' → fewer_tokens m m'.
Proof.
  intros H n o' Ho. destruct (turn_stored _ _ _ _ _ _ _ _ _ H _ _ Ho) as [?|(s & old & s' & ch & ? & T)].
  - exists o'. by split.
  - apply takes_tokens in T as [? ?]. eauto.
Qed.
Lemma turn_own cfg now d m q e q' eff m' : turns cfg now d m q e q' eff m' →
  (∀ t, t ∈ c_tokens (own q') → t ∈ c_tokens (own q) ∨ t ∈ d_tokens d) ∧
  (NoDup (c_tokens (own q)) → (∀ t, t ∈ d_tokens d → t ∉ c_tokens (own q)) → NoDup (c_tokens (own q'))).
Proof.
  intros H. inversion H; subst; clear H; simpl; try (split; [by auto|done]).
  all: try (split; [intros t0; by intros ?%elem_of_nil|intros; constructor]).
  - split; [intros t [_ ?]%in_keep; by left|intros; by apply nodup_keep].
  - split; [intros t0 [| ->]%in_push; auto|intros; apply nodup_push; auto].
  - split; [intros t0 Hi; left; by eapply in_without|intros; by apply nodup_without].
  - match goal with T : takes _ _ _ _ _ _ _ |- _ => apply takes_same in T as (_ & _ & _ & _ & _ & _ & _ & _ & ->) end. auto.
  - match goal with T : takes _ _ _ _ _ _ _ |- _ => apply takes_same in T as (_ & _ & _ & _ & _ & _ & _ & _ & ->) end. auto.
Qed.
(** A form that is accepted leaves the place where its token was. *)
Lemma turn_accepts cfg now d m q t q' eff m' : turns cfg now d m q (RemoveFormToken (Some t)) q' eff m' → sound q →
  (t ∈ c_tokens (own q) ∧ (NoDup (c_tokens (own q)) → t ∉ c_tokens (own q'))) ∨
  ∃ n o, m !! n = Some o ∧ t ∈ tokens o ∧ (NoDup (tokens o) → ∀ o', m' !! n = Some o' → t ∉ tokens o').
Proof.
  intros H (_ & _ & Hs). inversion H; subst; clear H;
    repeat match goal with E : _ ∨ _ |- _ => destruct E as [E|E] end;
    try (match goal with E : ∃ _, _ = _ |- _ => by destruct E end);
    try match goal with E : assigns _ _ _ |- _ => by inversion E end;
    try match goal with E : RemoveFormToken _ = ExpireSession |- _ => done | E : ∃ _, _ ∧ _ |- _ => by destruct E as (? & ? & ?) end.
  - left. split; [done|]. intros Hn. exact (proj2 (nodup_without _ t Hn)).
  - left. match goal with X : _ = None ∧ _ |- _ => destruct X as [-> ?] end.
    destruct (Hs None s ltac:(assumption)) as (_ & _ & Hm). destruct (Hm eq_refl) as [E1 _]. simpl. rewrite <- E1.
    split; [done|]. intros Hn. exact (proj2 (nodup_without _ t Hn)).
  - right. match goal with T : takes _ _ _ _ _ _ _ |- _ => inversion T; subst end. exists n, old. split; [done|]. split; [done|].
    intros Hn o'. rewrite lookup_insert. intros [= <-]. exact (proj2 (nodup_without _ t Hn)).
  - right. match goal with T : takes _ _ _ _ _ _ _ |- _ => inversion T; subst end. exists n, old. split; [done|]. split; [done|].
    intros Hn o'. by rewrite lookup_delete.
Qed.
(** What a save adds to one session: the tokens of the request, and those of a session that it moves. *)
Lemma save_tokens cfg now d m q op c m' : saves_as cfg now d m q op c m' → sound q → ∃ i, ∀ n o', m' !! n = Some o' →
  ((∀ n o, m !! n = Some o → NoDup (tokens o)) → NoDup (c_tokens (own q)) → NoDup (tokens o')) ∧
  ∀ t, t ∈ tokens o' → (∃ o, m !! n = Some o ∧ t ∈ tokens o) ∨
    n = i ∧ (t ∈ c_tokens (own q) ∨ ∃ n0 o, m !! n0 = Some o ∧ t ∈ tokens o ∧ m' !! n0 = None).
Proof.
  intros H Hq.
  assert (∀ i (m1 m2 : gmap N session), (∀ n o, m1 !! n = Some o → m !! n = Some o) → ∀ n o', m1 !! n = Some o' →
    ((∀ n o, m !! n = Some o → NoDup (tokens o)) → NoDup (c_tokens (own q)) → NoDup (tokens o')) ∧
    ∀ t, t ∈ tokens o' → (∃ o, m !! n = Some o ∧ t ∈ tokens o) ∨
    n = i ∧ (t ∈ c_tokens (own q) ∨ ∃ n0 o, m !! n0 = Some o ∧ t ∈ tokens o ∧ m2 !! n0 = None)) as Hold.
  { intros i m1 m2 Hm n o' Ho%Hm. split; [by eauto|]. intros t Ht. left. eauto. }
  assert (∀ old s, merges cfg now m q old s →
    ((∀ o, old = Some o → NoDup (tokens o)) → NoDup (c_tokens (own q)) → NoDup (tokens s)) ∧
    ∀ t, t ∈ tokens s → t ∈ c_tokens (own q) ∨ ∃ o, old = Some o ∧ t ∈ tokens o) as Hmt.
  { intros old s Hm. destruct (merged_tokens _ _ _ _ _ _ Hm Hq) as [(-> & _)| ->]; [by auto|]. split.
    - intros Ho _. apply nodup_fold. destruct old; [by apply nodup_keep, Ho|constructor].
    - intros t [Ht|Ht]%in_fold; [|by left]. right. destruct old; [|by apply elem_of_nil in Ht]. apply in_keep in Ht as [_ ?]. eauto. }
  destruct H as [|s Hm Hi Hd|i s g left t Hm Hi Ha Hd Hf Hdr Hl|n old s Hm Hn Hi Ha Hmv Hu
    |old n i s g Hm Hn Hi Ha Hmv Hf Hdr|old n s c Hm Hn Hi Ha Hu]; try (exists 0; by apply Hold).
  - exists i. intros n o' Ho. destruct (decide (i = n)) as [<-|].
    + rewrite lookup_insert in Ho. simplify_eq. destruct (Hmt _ _ Hm) as [Hm1 Hm2]. split; [intros; by apply Hm1|].
      intros t0 [Ht|(o & ? & _)]%Hm2; [|done]. right. auto.
    + rewrite lookup_insert_ne in Ho by done. eapply (Hold i left); [|done]. intros n1 o1.
      destruct_or!; destruct_and?; subst; [done|..]; rewrite delete_where_lookup; repeat case_match; intros; by simplify_eq.
  - exists n. intros n0 o' Ho. destruct (decide (n = n0)) as [<-|].
    + rewrite lookup_insert in Ho. simplify_eq. destruct (Hmt _ _ Hm) as [Hm1 Hm2].
      pose proof (merged_onto _ _ _ _ _ _ _ Hm Hn) as Hnn.
      split; [intros; apply Hm1; [|done]; intros; simplify_eq; by eauto|].
      intros t0 [Ht|(o & ? & ?)]%Hm2; [right; by auto|]. left. simplify_eq. eauto.
    + rewrite lookup_insert_ne in Ho by done. by eapply (Hold n m).
  - exists i. intros n0 o' Ho. destruct (decide (i = n0)) as [<-|].
    + rewrite lookup_insert in Ho. simplify_eq. destruct (Hmt _ _ Hm) as [Hm1 Hm2]. split.
      { intros Hall ?; apply Hm1; [|done]. intros o ->. eapply Hall, merged_onto; done. }
      intros t0 [Ht|(o & -> & ?)]%Hm2; [right; by auto|]. right. split; [done|]. right. exists n, o.
      split; [by eapply merged_onto|]. split; [done|]. rewrite lookup_insert_ne; [apply lookup_delete|].
      destruct Hn as [_ [? ?]]. congruence.
    + rewrite lookup_insert_ne in Ho by done. eapply (Hold i (delete n m)); [|done]. intros ??. by intros [_ ?]%lookup_delete_Some.
  - exists 0. eapply (Hold 0 (delete n m)). intros ??. by intros [_ ?]%lookup_delete_Some.
Qed.
