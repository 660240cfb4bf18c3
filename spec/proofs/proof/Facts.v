(** Small facts about the functions of the model. *)
From Q Require Export Base.

(** ** Draws and queues *)

Lemma draw_in ds used n d k : draw ds used n = Some (d, k) → used d = false ∧ (n < k)%nat ∧ d ∈ take (k - n) ds.
Proof.
  revert n. induction ds as [|x ds IH]; intros n H; [done|].
  change (draw (x :: ds) used n) with (if used x then draw ds used (S n) else Some (x, S n)) in H.
  destruct (used x) eqn:E.
  - apply IH in H as (?&?&?). split; [done|]. split; [lia|].
    replace (k - n)%nat with (S (k - S n)) by lia. simpl. set_solver.
  - simplify_eq. split; [done|]. split; [lia|]. replace (S n - n)%nat with 1%nat by lia. simpl. set_solver.
Qed.
Lemma draw_unused ds m d k : draw ds (stored m) 0 = Some (d, k) → m !! d = None ∧ d ∈ take k ds.
Proof.
  intros (H&?&?)%draw_in. rewrite Nat.sub_0_r in *. unfold stored, is_none in H. by case_match.
Qed.
Lemma in_take {A} (x : A) n l : x ∈ take n l → x ∈ l.
Proof. intros. assert (x ∈ take n l ++ drop n l) as E by (apply elem_of_app; by left). by rewrite take_drop in E. Qed.
Lemma among_spec t q : among t q = true ↔ t ∈ q.
Proof. induction q; simpl; [set_solver|]. rewrite orb_true_iff, N.eqb_eq, IHq, elem_of_cons. naive_solver. Qed.
Lemma without_length q t : (length (without q t) ≤ length q)%nat.
Proof. induction q; simpl; [lia|]. case_match; simpl; lia. Qed.
Lemma bound_pos c : (1 ≤ bound c)%nat. Proof. unfold bound. lia. Qed.
Lemma push_length c q t : (length (push c q t) ≤ bound c)%nat.
Proof. unfold push. rewrite app_length, drop_length. simpl. pose proof (bound_pos c). lia. Qed.
Lemma push_new_length c q t : (length q ≤ bound c)%nat → (length (push_new c q t) ≤ bound c)%nat.
Proof. unfold push_new. case_match; auto using push_length. Qed.
Lemma fold_length c l q : (length q ≤ bound c)%nat → (length (foldl (push_new c) q l) ≤ bound c)%nat.
Proof. revert q. induction l; simpl; auto using push_new_length. Qed.
Lemma keep_tokens_length k q : (length (keep_tokens k q) ≤ length q)%nat.
Proof. destruct k; simpl; lia. Qed.

(** ** Sessions *)

Lemma find_some cfg now m i s : find cfg now m i = Some s → m !! i = Some s ∧ too_old cfg now s = false.
Proof. unfold find. intros. repeat case_match; simplify_eq. done. Qed.
Lemma find_none cfg now m i : find cfg now m i = None → m !! i = None ∨ ∃ s, m !! i = Some s ∧ too_old cfg now s = true.
Proof. unfold find. intros. repeat case_match; simplify_eq; eauto. Qed.
Lemma not_over_not_old cfg now s : over cfg now s = false → too_old cfg now s = false.
Proof. unfold over. by intros [? _]%orb_false_iff. Qed.
Lemma reached_past now since limit : reached now since limit = true ↔ past now since limit.
Proof. unfold reached, past. destruct limit; [lia|done]. Qed.
Lemma too_old_spec cfg now s : too_old cfg now s = true ↔ is_too_old cfg now s.
Proof. apply reached_past. Qed.
Lemma over_spec cfg now s : over cfg now s = true ↔ is_over cfg now s.
Proof. unfold over, is_over. rewrite orb_true_iff, too_old_spec, reached_past. done. Qed.
Lemma over_false cfg now s : over cfg now s = false ↔ ¬ is_over cfg now s.
Proof. rewrite <- over_spec. by destruct (over _ _ _). Qed.
Lemma too_old_false cfg now s : too_old cfg now s = false ↔ ¬ is_too_old cfg now s.
Proof. rewrite <- too_old_spec. by destruct (too_old _ _ _). Qed.
Lemma is_none_true {A} (o : option A) : is_none o = true ↔ o = None. Proof. by destruct o. Qed.
Lemma is_none_false {A} (o : option A) : is_none o = false ↔ is_Some o.
Proof. destruct o; split; intros H; try done; try (by eexists); by destruct H. Qed.
Lemma no_keys_spec {A} (m : gmap text A) : no_keys m = true ↔ m = ∅.
Proof.
  unfold no_keys. split.
  - destruct (map_to_list m) eqn:E; [|done]. by apply map_to_list_empty_iff in E.
  - intros ->. by rewrite map_to_list_empty.
Qed.
Lemma is_nil_spec {A} (l : list A) : is_nil l = true ↔ l = []. Proof. by destruct l. Qed.
Lemma has_key_spec {A} (m : gmap text A) k : has_key m k = true ↔ is_Some (m !! k).
Proof. unfold has_key. rewrite negb_true_iff. apply is_none_false. Qed.
Lemma but_tokens_spec ch : but_tokens ch = true ↔
  c_login ch = None ∧ c_renews ch = false ∧ c_values ch = ∅ ∧ c_guards ch = ∅.
Proof. unfold but_tokens. rewrite !andb_true_iff, is_none_true, negb_true_iff, !no_keys_spec. tauto. Qed.
Lemma unchanged_spec ch : unchanged ch = true ↔ but_tokens ch = true ∧ c_tokens ch = [].
Proof. unfold unchanged. by rewrite andb_true_iff, is_nil_spec. Qed.
Lemma delete_where_lookup f m n : delete_where f m !! n = match m !! n with Some s => if f s then None else Some s | None => None end.
Proof.
  unfold delete_where. destruct (m !! n) as [s|] eqn:E.
  - destruct (f s) eqn:F; [apply map_filter_lookup_None; right; intros ? ?; simplify_eq; simpl; congruence|
      by apply map_filter_lookup_Some].
  - apply map_filter_lookup_None. by left.
Qed.
Lemma end_user_lookup u x m n : end_user u x m !! n =
  match m !! n with Some s => if is_of u s && negb (bool_decide (Some n = x)) then None else Some s | None => None end.
Proof.
  unfold end_user. destruct (m !! n) as [s|] eqn:E.
  - destruct (is_of u s && negb (bool_decide (Some n = x))) eqn:F;
      [apply map_filter_lookup_None; right; intros ? ?; simplify_eq; cbn [fst snd]; congruence|
      by apply map_filter_lookup_Some].
  - apply map_filter_lookup_None. by left.
Qed.

(** ** What applying changes leaves as it was *)

Lemma apply_handle c ch a s : handle (apply c ch a s) = keep_handle (c_keeps ch) (handle s).
Proof. unfold apply, apply_login. destruct (begins ch), (c_login ch); done. Qed.
Lemma apply_user c ch a s : user (apply c ch a s) = match c_login ch with Some l => l_user l | None => user s end.
Proof. unfold apply, apply_login. destruct (begins ch), (c_login ch); done. Qed.
Lemma apply_addr c ch a s : addr (apply c ch a s) = match begins ch with Some _ => a | None => addr s end.
Proof. unfold apply, apply_login. destruct (begins ch), (c_login ch); done. Qed.
Lemma apply_created c ch a s : created (apply c ch a s) = match begins ch with Some l => l_at l | None => created s end.
Proof. unfold apply, apply_login. destruct (begins ch), (c_login ch); done. Qed.
Lemma apply_accessed c ch a s : accessed (apply c ch a s) =
  match begins ch with Some l => N.max (accessed s) (l_at l) | None => accessed s end.
Proof. unfold apply, apply_login. destruct (begins ch), (c_login ch); done. Qed.
Lemma apply_tokens c ch a s : tokens (apply c ch a s) = foldl (push_new c) (keep_tokens (c_keeps ch) (tokens s)) (c_tokens ch).
Proof. unfold apply, apply_login. destruct (begins ch), (c_login ch); done. Qed.
Lemma apply_vals c ch a s : values (apply c ch a s) = apply_values (c_values ch) (keep_values (c_keeps ch) (values s)).
Proof. unfold apply, apply_login. destruct (begins ch), (c_login ch); done. Qed.
Lemma apply_values_lookup vs old k : apply_values vs old !! k = match vs !! k with Some v => v | None => old !! k end.
Proof. unfold apply_values. rewrite lookup_merge. by destruct (vs !! k), (old !! k). Qed.

(** ** Tactics *)

Ltac prep := repeat match goal with
  | H : find _ _ _ _ = Some _ |- _ => apply find_some in H as [??]
  | H : find _ _ _ _ = None |- _ => apply find_none in H
  | H : bool_decide _ = true |- _ => apply bool_decide_eq_true in H
  | H : bool_decide _ = false |- _ => apply bool_decide_eq_false in H
  | H : draw _ (stored _) 0 = Some _ |- _ => apply draw_unused in H as [??]
  | H : negb _ = true |- _ => apply negb_true_iff in H
  | H : negb _ = false |- _ => apply negb_false_iff in H
  | H : is_none _ = true |- _ => apply is_none_true in H
  | H : is_none _ = false |- _ => apply is_none_false in H as [? H]
  | H : _ && _ = true |- _ => apply andb_true_iff in H as [??]
  | H : _ || _ = false |- _ => apply orb_false_iff in H as [??]
  | H : among _ _ = true |- _ => apply among_spec in H
  | H : too_old _ _ _ = true |- _ => apply too_old_spec in H
  | H : over _ _ _ = true |- _ => apply over_spec in H
  | H : is_of _ _ = true |- _ => unfold is_of in H
  | H : has_handle _ _ = true |- _ => unfold has_handle in H
  end.
(** Splits every lookup in a store that a step has changed. *)
Ltac lookups := repeat match goal with
  | H : context [<[?k := _]> _ !! ?k] |- _ => rewrite lookup_insert in H; simplify_eq/=
  | H : context [delete ?k _ !! ?k] |- _ => rewrite lookup_delete in H; simplify_eq/=
  | H : context [delete_where _ _ !! _] |- _ => rewrite delete_where_lookup in H
  | H : context [end_user _ _ _ !! _] |- _ => rewrite end_user_lookup in H
  | H : context [<[?k := _]> _ !! ?j] |- _ => destruct (decide (k = j)) as [->|]; simplify_map_eq/=
  | H : context [delete ?k _ !! ?j] |- _ => destruct (decide (k = j)) as [->|]; simplify_map_eq/=
  | |- context [delete_where _ _ !! _] => rewrite delete_where_lookup
  | |- context [end_user _ _ _ !! _] => rewrite end_user_lookup
  | |- context [<[?k := _]> _ !! ?j] => destruct (decide (k = j)) as [->|]; simplify_map_eq/=
  | |- context [delete ?k _ !! ?j] => destruct (decide (k = j)) as [->|]; simplify_map_eq/=
  end.
Lemma conclude_store st a res : store (conclude st a res) = r_store res. Proof. done. Qed.
Lemma conclude_request st r res : requests (conclude st (Some r) res) !! r = r_next res.
Proof. unfold conclude. simpl. by rewrite lookup_partial_alter. Qed.
Lemma conclude_other st a r res : a ≠ Some r → requests (conclude st a res) !! r =
  match r_ended res with Some u => end_login u never <$> (requests st !! r) | None => requests st !! r end.
Proof.
  unfold conclude. intros H. simpl. destruct a as [a|], (r_ended res); simpl;
    rewrite ?lookup_partial_alter_ne by congruence; rewrite ?lookup_fmap; done.
Qed.
(** [step cfg st i] by its rule, or its refusal. *)
Ltac by_rule cfg st i :=
  let why := fresh "why" in let res := fresh "res" in let H := fresh "H" in let E := fresh "E" in
  destruct (step_cases cfg st i) as [(why & H & E)|(res & H & E)]; rewrite ?E; simpl;
  [clear E|clear E; rewrite ?conclude_store].
