(** Any number of drivers do what one state with everything in it would. *)
From Q Require Import DriversEnds Whole Writes Runs Sessions Steps.

(** ** The requests as the one machine has them *)

Definition stands (numbers : gmap text N) (q : request) : bool := match c_login (own q) with
  | Some (Login (Some u) _ (Some n)) => n =? default 0 (numbers !! u) | _ => true end.
Lemma as_whole_is numbers q : as_whole numbers q = whole (stands numbers q) q.
Proof.
  destruct q as [h rc a sc rv [l k re vs gs ts]]. unfold as_whole, stands, whole, set_own, set_login. simpl.
  by destruct l as [[[u|] t [n|]]|].
Qed.
Lemma whole_held b q : held_id (whole b q) = held_id q. Proof. done. Qed.
Definition not_ahead (numbers : gmap text N) (q : request) := ∀ u t n,
  c_login (own q) = Some (Login (Some u) t (Some n)) → n <= default 0 (numbers !! u).
(** When a user is ended, whoever was about to log in as that user hears of it at once in the one machine. *)
Lemma ended_whole numbers u q : not_ahead numbers q →
  end_login u never (as_whole numbers q) = as_whole (<[u := N.succ (default 0 (numbers !! u))]> numbers) q.
Proof.
  intros H. unfold not_ahead in H. destruct q as [h rc a sc rv [l k re vs gs ts]]. unfold as_whole, end_login, set_own. simpl in *.
  destruct l as [[[u1|] t [n|]]|]; try done. specialize (H _ _ _ eq_refl). simpl. destruct (String.eqb_spec u1 u) as [->|Hne].
  - rewrite lookup_insert. simpl. destruct (n =? default 0 (numbers !! u)); simpl;
      by replace (n =? N.succ (default 0 (numbers !! u))) with false by lia.
  - rewrite lookup_insert_ne by done. destruct (n =? _); done.
Qed.

(** ** What a driver knows *)

Definition sib (s s' : session) := handle s' = handle s ∧ user s' = user s ∧ created s' = created s ∧ accessed s <= accessed s'.
Definition older (v m : gmap N session) := ∀ n s s', v !! n = Some s → m !! n = Some s' → sib s s'.
Lemma sib_refl s : sib s s. Proof. by repeat split. Qed.
Lemma sib_trans s1 s2 s3 : sib s1 s2 → sib s2 s3 → sib s1 s3.
Proof. intros (?&?&?&?) (?&?&?&?). repeat split; try congruence. lia. Qed.

Definition write_op cfg (m : gmap N session) op := carry_out cfg (with_later m <$> op) m.
Lemma touch_sib cfg now s s' : touched cfg now s = true → sib s s' → sib (touch cfg now s) (set_accessed s' (N.max (accessed s') now)).
Proof. unfold touch, sib. intros -> (?&?&?&?). simpl. repeat split; try done. lia. Qed.
Lemma touched_sib cfg now s : sib s (touch cfg now s).
Proof. unfold touch, touched. destruct (_ <? _) eqn:E; [|apply sib_refl]. repeat split. simpl. lia. Qed.
Lemma later_sib o s : sib s (later o s).
Proof. destruct o; [|apply sib_refl]. repeat split. simpl. lia. Qed.
(** Its own operation does to the store what it does to its own state, or more. *)
Lemma own_write cfg now d v m q op v' : writes cfg now d v q op v' → older v m → older v' (write_op cfg m op).
Proof.
  intros H O. unfold write_op. destruct H; simpl; intros k s1 s2 E1 E2;
    try (match type of E2 with context [match ?t with Some _ => _ | None => _ end] => destruct t end).
  all: repeat match goal with
    | H : context [alter _ ?k _ !! ?k] |- _ => rewrite lookup_alter in H
    | H : context [alter _ ?j _ !! ?k] |- _ => destruct (decide (j = k)) as [->|]; [|rewrite lookup_alter_ne in H by done] end.
  all: lookups; repeat case_match; simplify_eq/=; try (by eapply O).
  all: try apply sib_refl; try apply later_sib.
  all: try (apply fmap_Some in E2 as (s3 & E2 & ->); apply touch_sib; [done|by eapply O]).
  all: apply (O k); [|done]; destruct H2 as [[E _]|[[E _]|(E & _)]]; subst left; [done|..];
    rewrite delete_where_lookup in E1; repeat case_match; by simplify_eq.
Qed.

Lemma grows cfg now d m q op m' : writes cfg now d m q op m' → ∀ n s s', m !! n = Some s → m' !! n = Some s' → accessed s <= accessed s'.
Proof.
  intros H. destruct H; simpl; intros k s1 s2 E1 E2; lookups; repeat case_match; simplify_eq/=; try lia.
  all: try (by destruct (touched_sib cfg now s) as (_ & _ & _ & ?)).
  - destruct H2 as [[E _]|[[E _]|(E & _)]]; subst left; [|rewrite delete_where_lookup in E2..]; repeat case_match; simplify_eq; lia.
  - destruct H2 as [[? ->]|[[? ->]|(q0 & mine & t & _ & _ & _ & _ & -> & ?)]]; simpl; [lia..|].
    unfold drop_rest in *; destruct (begins _); simpl in *; lia.
Qed.
(** What stays in the store of the one machine is the same session. *)
Lemma stays cfg now d h st e res : rule cfg now d st e = inr res → bound_up cfg h st →
  (∀ n, n ∈ d_ids d → n ∉ ids_drawn h) → ∀ n s s', store st !! n = Some s → r_store res !! n = Some s' → sib s s'.
Proof.
  intros H B Hf n s s' E1 E2. pose proof (grows _ _ _ _ _ _ _ (rule_writes _ _ _ _ _ _ H) _ _ _ E1 E2) as G.
  apply rule_happens in H as [_ H]. destruct (happens_follows _ _ _ _ _ _ _ _ _ H B) as [i F].
  destruct (F _ _ E2) as [(o & Eo & ? & ? & ? & _)|(-> & E & _)]; [|congruence].
  simplify_eq. by repeat split.
Qed.

(** ** Together *)

Record good cfg (w : world) h st : Prop := {
  g_run : run cfg h st; g_store : store st = w_store w; g_numbers : generations st = ∅;
  g_requests : requests st = as_whole (w_numbers w) <$> w_requests w;
  g_said : (λ o, (o_in o, answer_of (o_eff o))) <$> h = w_said w;
  g_older : ∀ r, older (w_loaded w r) (w_store w);
  g_gone : ∀ r q n, w_requests w !! r = Some q → held_id q = Some n → w_loaded w r !! n = None → w_store w !! n = None;
  g_drawn : ∀ r n, is_Some (w_loaded w r !! n) → n ∈ ids_drawn h;
  g_ahead : ∀ r q, w_requests w !! r = Some q → not_ahead (w_numbers w) q }.
Lemma said_fresh h : fresh_inputs ((λ o, (o_in o, answer_of (o_eff o))) <$> h) → fresh_draws h.
Proof.
  assert (∀ f : input → list N, ((λ o, (o_in o, answer_of (o_eff o))) <$> h) ≫= (λ p, f p.1) = h ≫= λ o, f (o_in o)) as E.
  { intros f. induction h as [|o h IH]; [done|]. csimpl. by rewrite IH. }
  unfold fresh_inputs. rewrite (E (λ i, d_ids (i_draws i))), (E (λ i, d_tokens (i_draws i))), (E (λ i, [d_handle (i_draws i)])). done.
Qed.
Lemma alone_request w r : requests (alone w r) !! r = w_requests w !! r.
Proof. unfold alone. simpl. destruct (w_requests w !! r); [apply lookup_singleton|apply lookup_empty]. Qed.

(** What the one machine makes of an event, after what a driver makes of it. *)
Definition numbers_after (w : world) (ended : option text) : gmap text N :=
  match ended with Some u => <[u := N.succ (number_of w u)]> (w_numbers w) | None => w_numbers w end.
Definition related w (x y : refusal + result) : Prop := match x, y with
  | inl a, inl b => b = a
  | inr a, inr b => r_ended b = r_ended a ∧ answer_of (r_effects b) = answer_of (r_effects a) ∧
      (∃ o, same_op (w_store w) (e_op (r_effects a)) o ∧ no_number (e_op (r_effects b)) = no_number o) ∧
      r_next b = as_whole (numbers_after w (r_ended a)) <$> r_next a
  | _, _ => False end.
Lemma no_number_carried cfg o o' m : no_number o = no_number o' → carry_out cfg o m = carry_out cfg o' m.
Proof. destruct o as [[]|], o' as [[]|]; intros; simplify_eq/=; try done. Qed.
Lemma same_carried cfg m o o' : same_op m o o' → carry_out cfg o' m = write_op cfg m o.
Proof. intros [->|(n & -> & -> & E)]; [done|]. unfold write_op. simpl. by rewrite delete_notin. Qed.
Lemma ended_is cfg now d st e res : rule cfg now d st e = inr res → r_ended res = ended_by (e_op (r_effects res)).
Proof. by intros [H _]%rule_happens. Qed.
