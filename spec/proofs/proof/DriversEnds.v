(** Steps that end others, what an operation is of, and whose login a request goes on with. *)
From Q Require Export DriversLocal DriversNumbers.
From Q Require Import Turns.

Definition akin (a b : option session) : Prop := match a, b with
  | Some s, Some s' => user s' = user s ∧ created s' = created s | None, None => True | _, _ => False end.
Lemma acting_local cfg now v m q i s : (∀ n, i = Some n → akin (v !! n) (m !! n)) →
  acting_user cfg now m q i s = acting_user cfg now v q i s.
Proof.
  intros Hc. unfold acting_user. destruct (user s); [|done]. destruct i as [n|]; [|done]. specialize (Hc n eq_refl).
  unfold akin in Hc. destruct (v !! n) as [x|] eqn:Ev, (m !! n) as [y|] eqn:Em; try done. destruct Hc as [Hu Hcr].
  unfold is_of. rewrite Hu. destruct (bool_decide _); [|done]. destruct (c_login (own q)); [done|].
  unfold find. rewrite Ev, Em. unfold too_old. rewrite Hcr. by destruct (reached _ _ _).
Qed.
Lemma ends_local cfg now d v m g q e : (e = ExpireOtherSessions ∨ ∃ h, e = ExpireHandle h) →
  (∀ n, held_id q = Some n → akin (v !! n) (m !! n)) →
  alike m (request_event_rule cfg now d v g q e) (request_event_rule cfg now d m g q e).
Proof.
  intros He Hc. unfold held_id in Hc. destruct He as [->|[h ->]]; simpl.
  all: unfold expire_other_sessions, expire_handle, holding; destruct (held q) as [[i s]|]; [|done].
  all: rewrite (acting_local cfg now v m) by done; destruct (acting_user cfg now v q i s) as [|[u x]]; [done|].
  - by plain.
  - destruct (has_handle h s); [|by plain]. unfold end_own, stored. destruct i as [n|]; [|by plain].
    specialize (Hc n eq_refl). unfold akin in Hc. destruct (handle s); [by plain|].
    destruct (v !! n), (m !! n); try done; by plain.
Qed.
(** What an operation is of. *)
Definition is_about (op : store_op) (v : gmap N session) (n : N) : Prop := match op with
  | OpUpdate i _ | OpDiscard i | OpRotate i _ _ _ => i = n | OpCreate _ _ _ _ => v !! n = None | _ => False end.
Lemma op_is_about cfg now d v g q e res op : request_event_rule cfg now d v g q e = inr res → e_op (r_effects res) = Some op →
  e ≠ ExpireSession → e ≠ ExpireOtherSessions → (∀ h, e ≠ ExpireHandle h) → ∀ n, looks q e = Some n → is_about op v n.
Proof.
  intros H Ho E1 E2 E3. assert (e = NewSession ∨ e ≠ NewSession) as [->|Hnew] by (destruct e; auto).
  { intros n Hn. simpl in *. unf H. rewrite Hn in H. cases H; done. }
  assert ((∃ o, e = FinishRequest o) ∨ ¬ ∃ o, e = FinishRequest o) as [[o ->]|Hne]
    by (destruct e; first [right; by intros [? [=]]|left; by eexists]).
  - apply finish_cases in H as (_ & _ & H). simpl. intros n Hn. unfold held_id in *.
    inversion H as [o0 c m' eff Hop Hs|o0 eff Hop]; subst; simpl in *; [|congruence].
    inversion Hs; subst; simpl in *; try congruence; try match goal with E : onto _ _ _ |- _ => destruct E as [E _] end;
      unfold held_id in *; simplify_eq/=; try congruence;
      match goal with E : Some _ = e_op _ |- _ => rewrite <- E in Ho; simplify_eq/= end; try congruence; auto.
  - apply turn_cases in H as (q' & _ & H & _); [|naive_solver]. intros n.
    inversion H; subst; simpl in *;
      repeat match goal with E : _ = r_effects _ |- _ => rewrite <- E in Ho; simpl in Ho; clear E end; simplify_eq/=; unfold held_id;
      try match goal with E : held _ = _ |- _ => rewrite E end; try done; intros ?; simplify_eq/=; try done.
    all: try match goal with E : takes _ _ _ _ _ _ _ |- _ => inversion E; subst end; simpl in *; unfold held_id in *.
    all: try match goal with E : held _ = Some _, L : match held _ with _ => _ end = Some _ |- _ => rewrite E in L; by simplify_eq end.
    all: try match goal with E : _ ∨ _ |- _ => destruct E as [?|(? & ? & ?)]; first [congruence|exfalso; naive_solver|simplify_eq/=; try done] end.
    by destruct (E3 h).
Qed.
(** Whose login a request goes on with. *)
Lemma next_login cfg now d m g q e res q1 : request_event_rule cfg now d m g q e = inr res → r_next res = Some q1 →
  c_login (own q1) = None ∨
  (c_login (own q1) = c_login (own q) ∧ r_ended res = None ∧ ∀ u, e ≠ SetUser u) ∨
  (∃ u, e = SetUser u ∧ r_ended res = None ∧
     c_login (own q1) = Some (Login u now (Some (match u with Some u => default 0 (g !! u) | None => 0 end)))) ∨
  ∃ u, e = ExpireOtherSessions ∧ r_ended res = Some u ∧
    c_login (own q1) = login_again u (default 0 (next_generation u g !! u)) (c_login (own q)).
Proof.
  intros H Hn. destruct e; simpl in H; unf H; cases H; try (by left); try (by right; left); try (right; right; left; by eauto).
  all: right; right; right; eexists; split; [done|]; split; [done|].
  all: unfold login_again; first [done|match goal with E : bool_decide _ = _ |- _ => by rewrite E end].
Qed.
