(** What nobody meets is as if it were not there. *)
From Q Require Import DriversLate DriversRefine DriversLook DriversRace DriversOps DriversTold Turns Writes Runs Sessions Facts Steps.

Lemma but_lookup {A} (l : late) (m : gmap N A) n : but_for l m !! n = if decide (n ∈ l.*2) then None else m !! n.
Proof.
  unfold but_for. case_decide as E.
  - apply map_filter_lookup_None. right. intros x _ Hx. by apply Hx.
  - destruct (m !! n) as [x|] eqn:Em; [by apply map_filter_lookup_Some|]. apply map_filter_lookup_None. by left.
Qed.
Lemma but_insert {A} (l : late) (m : gmap N A) n x : n ∉ l.*2 → but_for l (<[ n := x ]> m) = <[ n := x ]> (but_for l m).
Proof.
  intros Hn. apply map_eq. intros k. rewrite but_lookup. destruct (decide (n = k)) as [->|].
  - rewrite !lookup_insert. by case_decide.
  - rewrite !lookup_insert_ne, but_lookup by done. done.
Qed.
Lemma but_delete (l : late) (m : gmap N session) n : but_for l (delete n m) = delete n (but_for l m).
Proof.
  apply map_eq. intros k. rewrite but_lookup. destruct (decide (n = k)) as [->|].
  - rewrite !lookup_delete. by case_decide.
  - rewrite !lookup_delete_ne, but_lookup by done. done.
Qed.
Lemma but_alter (l : late) (m : gmap N session) f n : but_for l (alter f n m) = alter f n (but_for l m).
Proof.
  apply map_eq. intros k. rewrite but_lookup. destruct (decide (n = k)) as [->|].
  - rewrite !lookup_alter, but_lookup. by case_decide.
  - rewrite !lookup_alter_ne, but_lookup by done. done.
Qed.
Lemma but_where (l : late) f (m : gmap N session) : but_for l (delete_where f m) = delete_where f (but_for l m).
Proof. apply map_eq. intros k. rewrite but_lookup, !delete_where_lookup, but_lookup. by case_decide. Qed.
Lemma but_user (l : late) u x (m : gmap N session) : but_for l (end_user u x m) = end_user u x (but_for l m).
Proof. apply map_eq. intros k. rewrite but_lookup, !end_user_lookup, but_lookup. by case_decide. Qed.
Lemma but_size {A} (l : late) (m : gmap N A) : (size (but_for l m) ≤ size m)%nat.
Proof. unfold but_for, size, map_size. apply submseteq_length, map_to_list_submseteq, map_filter_subseteq. Qed.

(** ** What an operation names *)

Definition avoids (l : late) (op : store_op) : Prop := match op with
  | OpCreate n _ _ _ | OpUpdate n _ | OpDiscard n | OpDeleteUser _ (Some n) => n ∉ l.*2
  | OpRotate n k _ _ => n ∉ l.*2 ∧ k ∉ l.*2 | _ => True end.
Lemma op_avoids cfg s i st eff op l : step cfg s i = (st, eff) → e_op eff = Some op → (∀ n, n ∈ l.*2 → store s !! n = None) →
  (∀ n, n ∈ l.*2 → n ∉ d_ids (i_draws i)) → avoids l op.
Proof.
  intros E Hop Hl Hi. assert (∀ n, is_Some (store s !! n) → n ∉ l.*2) as Hs by (intros n [x Hx] Hn%Hl; congruence).
  assert (∀ n, n ∈ d_ids (i_draws i) → n ∉ l.*2) as Hd by (intros n Hn Hx; by apply (Hi n)).
  destruct op as [| | | | |u [n|]| |n|]; try done.
  4: { destruct (spared_stored _ _ _ _ _ _ _ E Hop) as (x & Hx & _). apply Hs. by eexists. }
  all: destruct (step_cases cfg s i) as [(why & Ex & E')|(res & Ex & E')]; rewrite E' in E; simplify_eq/=.
  4: by eapply Hs, discard_stored.
  all: apply rule_writes in Ex; rewrite Hop in Ex; inversion Ex; subst; simpl; eauto.
Qed.
Lemma but_write cfg l op w : avoids l op → w_store (write cfg op (without_late l w)) = but_for l (w_store (write cfg op w)) ∧
  w_numbers (write cfg op (without_late l w)) = w_numbers (write cfg op w).
Proof.
  intros H. split; [|done]. assert (∀ n s, n ∉ l.*2 → later (but_for l (w_store w) !! n) s = later (w_store w !! n) s) as Hl
    by (intros n s Hn; rewrite but_lookup; by case_decide).
  destruct op as [n s g [t|]|n t|n s|n k s g|n|u [n|]|x [u|]|n|t]; simpl in *;
    rewrite ?but_insert, ?but_where, ?but_alter, ?but_delete, ?but_user by (try apply H); try done.
  - by rewrite Hl.
  - destruct H. by rewrite Hl.
Qed.

(** ** One act *)

Section act.
  Context (cfg : config) (l : late) (w : world).
  Let W := without_late l w.
  Lemma but_revision n : (n ∈ l.*2 → w_store w !! n = None) → revision W n = revision w n.
  Proof.
    intros H. unfold revision, W. simpl. rewrite !but_lookup. case_decide as E; [by rewrite (H E)|done].
  Qed.
  Lemma but_stored n : (n ∈ l.*2 → w_store w !! n = None) → w_store W !! n = w_store w !! n.
  Proof. intros H. unfold W. simpl. rewrite but_lookup. case_decide as E; [by rewrite (H E)|done]. Qed.
  Lemma but_apart n : n ∉ l.*2 → w_store W !! n = w_store w !! n ∧ revision W n = revision w n.
  Proof. intros H. split; [apply but_stored|apply but_revision]; by intros ?%H. Qed.
  Lemma but_below r : below_limits cfg w r → below_limits cfg W r.
  Proof. intros (H1 & H2 & H3). split; [|done]. pose proof (but_size l (w_store w)). unfold W. simpl. lia. Qed.
  Context (r : number) (Hr : ∀ n, n ∈ l.*2 → w_loaded w r !! n = None).
  Lemma but_as_loaded n : is_as_loaded w r n → is_as_loaded W r n.
  Proof.
    unfold is_as_loaded. intros H. rewrite but_stored; [done|]. intros Hn. rewrite H. by apply Hr.
  Qed.
  Lemma but_still n : is_still w r n → is_still W r n.
  Proof.
    unfold is_still. intros H. rewrite but_stored; [done|]. intros Hn. rewrite (Hr n Hn) in H. by destruct (w_store w !! n).
  Qed.
  Lemma but_new n : w_store w !! n = None → w_store W !! n = None.
  Proof. intros H. unfold W. simpl. rewrite but_lookup. by case_decide. Qed.
  Lemma but_holds op : holds w r op → holds W r op.
  Proof.
    destruct op as [| | | | |u [n|]| | |]; simpl; try done.
    - intros [H1 H2]. split; [by apply but_new|done].
    - apply but_still.
    - intros (H1 & H2 & H3). split; [by apply but_still|]. split; [by apply but_new|done].
    - apply but_still.
    - apply but_as_loaded.
  Qed.
  Lemma but_not op : avoids l op → ¬ holds w r op ∨ is_rewritten w r op → ¬ holds W r op ∨ is_rewritten W r op.
  Proof.
    intros Ha [H|H]; [left|right].
    - intros Hh. apply H. clear H. destruct op as [n| |n|n k| |u [n|]| |n|]; simpl in *; try done; unfold is_still, is_as_loaded in *.
      all: try destruct Ha as [Ha Hk]; unfold W in Hh; simpl in Hh; by rewrite ?but_lookup, ?decide_False in Hh by done.
    - destruct op as [| |n|n k| |u [n|]| |n|]; try done; try destruct Ha as [Ha _]; unfold is_rewritten, is_rewritten_since in *;
        by rewrite (proj2 (but_apart n Ha)).
  Qed.
  Lemma but_final e rep : is_final w r e rep → is_final W r e rep.
  Proof.
    intros [H1 H2]. split; [|exact H2]. intros Hrep. destruct (H1 Hrep) as [H3 H4]. split; [exact H3|].
    intros n Hn. apply but_as_loaded. by apply H4.
  Qed.
  Lemma but_carries i st eff op : carries_out cfg w r i st eff op → carries_out cfg W r i st eff op.
  Proof.
    intros (H1 & H2 & H3 & H4 & H5 & H6 & H7 & H8). split; [done|]. split; [by apply but_below|]. do 2 (split; [done|]).
    split; [by apply but_holds|]. split; [|split; [done|]].
    - destruct op; try done. by apply but_as_loaded.
    - unfold ends_in_time in *. destruct (i_event i) as [|r0 e|]; try done.
      assert (login_stands w r ∧ (∀ n, looks_at w (OfRequest r0 e) = Some n → is_Some (w_loaded w r !! n) → is_Some (w_store w !! n)) →
        login_stands W r ∧ ∀ n, looks_at W (OfRequest r0 e) = Some n → is_Some (w_loaded W r !! n) → is_Some (w_store W !! n)) as Hends.
      { intros [H9 H10]. split; [exact H9|]. intros n Hn Hs. rewrite but_stored; [by apply H10|].
        intros Hx. exfalso. change (is_Some (w_loaded w r !! n)) in Hs. rewrite (Hr n Hx) in Hs. by destruct Hs. }
      destruct e; try done; by apply Hends.
  Qed.
End act.
Lemma without_after cfg l w r i st eff op : avoids l op → without_late l (after cfg w r i st eff op) = after cfg (without_late l w) r i st eff op.
Proof.
  intros H. destruct (but_write cfg l op w H) as [E1 E2]. unfold after, revises, notes, say, put, without_late in *. simpl in *. f_equal.
  - done.
  - f_equal. destruct op; simpl in *; try done; apply but_insert; by try apply H.
Qed.
Lemma without_seen l w r op : avoids l op → without_late l (sees_written r op w) = sees_written r op (without_late l w).
Proof.
  intros H. unfold sees_written. destruct (written_by op) as [n|] eqn:E; [|done].
  assert (n ∉ l.*2) as Hn by (destruct op; simplify_eq/=; by try apply H). destruct (but_apart l w n Hn) as [_ En].
  unfold sees, with_revision. by rewrite En.
Qed.
Lemma without_loads l w r n : (n ∈ l.*2 → w_store w !! n = None) → without_late l (loads r n w) = loads r n (without_late l w).
Proof.
  intros H. unfold loads, sees, with_revision. rewrite (but_stored l w n H).
  assert (revision (put (without_late l w) r (with_stored (alone (without_late l w) r) n (w_store w !! n))) n =
    revision (put w r (with_stored (alone w r) n (w_store w !! n))) n) as E by exact (but_revision l w n H).
  by rewrite E.
Qed.
Lemma without_gives_up cfg j l w r : without_late l (gives_up cfg j r w) = gives_up cfg j r (without_late l w).
Proof.
  unfold gives_up. change (w_requests (without_late l w)) with (w_requests w). change (alone (without_late l w) r) with (alone w r).
  destruct (w_requests w !! r); [|done]. by destruct (step cfg (alone w r) j).
Qed.
Record clear cfg (l : late) (w : world) : Prop := {
  c_sure : sure cfg (without_late l w);
  c_loaded : ∀ r n, n ∈ l.*2 → w_loaded w r !! n = None;
  c_now : ∀ r d n, n ∈ l.*2 → doubt_of w r = Some d → store (d_now d) !! n = None;
  c_before : ∀ r m n, n ∈ l.*2 → (r, m) ∈ t_air (w_traffic w) → store (s_before m) !! n = None;
  c_air : ∀ r m i n, (i, n) ∈ l → (r, m) ∈ t_air (w_traffic w) → s_input m ≠ i;
  c_tried : ∀ i n, (i, n) ∈ l → i ∈ t_tried (w_traffic w) }.
Lemma in_late (l : late) n : n ∈ l.*2 → ∃ i, (i, n) ∈ l.
Proof. intros ([i k] & -> & H)%elem_of_list_fmap. by exists i. Qed.
Lemma air_avoids cfg l w r m : clear cfg l w → fresh_late l w → (r, m) ∈ t_air (w_traffic w) → avoids l (s_op m).
Proof.
  intros C [_ F] Hm. destruct (s_air _ _ (c_sure _ _ _ C) r m Hm) as [M _]. eapply op_avoids; [apply M|apply M|..].
  - intros n Hn. by eapply (c_before _ _ _ C).
  - intros n Hn Hd. destruct (in_late l n Hn) as [i Hi]. apply (c_air _ _ _ C r m i n Hi Hm). eapply F; [done|apply M|done].
Qed.
Lemma act_without cfg l w w' r : clear cfg l w → fresh_late l w' → act cfg r w w' → Forall (is_unmet w') l.*2 →
  act cfg r (without_late l w) (without_late l w').
Proof.
  intros C F Ha U. rewrite Forall_forall in U. destruct (act_grows _ _ _ _ Ha) as (l1 & l2 & Es & Et).
  assert (fresh_late l w) as F0.
  { destruct F as [F1 F2]. split; [by eapply act_fresh|]. intros i n j Hi Hj. apply (F2 i n j Hi). rewrite Et. apply elem_of_app. by right. }
  assert (∀ i, i ∈ t_tried (w_traffic w') → i ∉ t_tried (w_traffic w) → ∀ n, n ∈ l.*2 → n ∉ d_ids (i_draws i)) as Hnew.
  { intros i Hi Hi' n Hn Hd. destruct (in_late l n Hn) as [j Hj]. apply Hi'. rewrite (proj2 F j n i Hj Hi Hd). by eapply (c_tried _ _ _ C). }
  assert (∀ i l0, t_tried (w_traffic w') = l0 ++ i :: t_tried (w_traffic w) → ∀ n, n ∈ l.*2 → n ∉ d_ids (i_draws i)) as Hfirst.
  { intros i l0 E. apply Hnew; rewrite ?E; [apply elem_of_app; right; by left|]. destruct F as [[_ N] _]. rewrite E in N.
    by apply NoDup_app in N as (_ & _ & [? _]%NoDup_cons). }
  pose proof (c_loaded _ _ _ C) as Hl. pose proof (c_sure _ _ _ C) as S.
  assert (∀ d m, doubt_of w r = Some d → m ∈ d_sent d → avoids l (s_op m)) as Hsent.
  { intros d m Hd Hm. eapply (air_avoids cfg l w r m); try done. by destruct (s_sent _ _ S r d m Hd Hm). }
  destruct Ha as [n Hd|u Hd|i st1 eff Hd Hof Hb E Hop Hfin|i st1 eff op Hd Hc|i op Hd Hof Hop Hn|
    i j Hd Hof Hb Hj|i st1 eff op Hof E Hop m Hc|m Ha Hmay Hc|d n Hd|d u Hd|d k m k' Hd El Hm|d Hd Hm|d Hd|d j Hd Hun Hb Hj].
  - rewrite without_loads; [by apply Loads|]. intros Hn. destruct (U n Hn) as [Ul _]. specialize (Ul r).
    change (w_loaded (put w r (with_stored (alone w r) n (w_store w !! n))) r !! n = None) in Ul. rewrite put_loaded, decide_True in Ul by done.
    simpl in Ul. by rewrite lookup_partial_alter in Ul.
  - by apply (Tells cfg r (without_late l w)).
  - apply (Answers cfg r (without_late l w) i st1 eff); try done; [by apply but_below|by apply but_final; [apply Hl|]].
  - assert (avoids l op) as Hav.
    { destruct Hc as (_ & _ & Hst & Ho & _). eapply op_avoids; [exact Hst|exact Ho|by apply Hl|]. apply (Hfirst i []).
      unfold sees_written. by destruct (written_by op). }
    assert (without_late l (hears i (Says (answer_of eff)) (tries i (sees_written r op (after cfg w r i st1 eff op)))) =
      hears i (Says (answer_of eff)) (tries i (sees_written r op (after cfg (without_late l w) r i st1 eff op)))) as ->.
    { rewrite <- without_after, <- without_seen by done. done. }
    apply Writes; [done|]. apply but_carries; [by apply Hl|done].
  - destruct (step cfg (alone w r) i) as [st1 eff] eqn:E. simpl in Hop.
    assert (avoids l op) as Hav by (eapply op_avoids; [exact E|exact Hop|by apply Hl|by apply (Hfirst i [])]).
    apply (Loses cfg r (without_late l w) i op); try done; [|by apply but_not].
    change (alone (without_late l w) r) with (alone w r). by rewrite E.
  - change (without_late l (hears i NotDone (gives_up cfg j r (tries i w)))) with (hears i NotDone (without_late l (gives_up cfg j r (tries i w)))).
    rewrite without_gives_up. apply (Fails cfg r (without_late l w)); try done. by apply but_below.
  - by apply (Sends cfg r (without_late l w) i st1 eff op).
  - pose proof (air_avoids cfg l w r m C F0 Ha) as Hav. rewrite without_after by done. apply (Arrives cfg r (without_late l w) m); [done|..].
    + destruct Hmay as [?|(n & k & H1 & H2 & H3)]; [by left|right]. exists n, k. split; [done|]. split; [done|].
      rewrite (proj2 (but_apart l w n ltac:(destruct (s_op m); simplify_eq/=; by try apply Hav))). done.
    + apply (but_carries cfg l (put w r (s_before m)) r); [|exact Hc]. intros n Hn. rewrite put_loaded, decide_True by done.
      by eapply (c_before _ _ _ C).
  - assert (n ∈ l.*2 → w_store w !! n = None) as Hn.
    { intros Hn. destruct (U n Hn) as (_ & Un & _). specialize (Un r (Doubt (with_stored (d_now d) n (w_store w !! n)) (with_revision w n (d_seen d)) (d_sent d))).
      unfold reloads in Un. rewrite doubts_of, decide_True in Un by done. specialize (Un eq_refl). simpl in Un. by rewrite lookup_partial_alter in Un. }
    assert (without_late l (reloads r d n w) = reloads r d n (without_late l w)) as ->; [|by apply Reloads].
    unfold reloads, with_revision. by rewrite (but_stored l w n Hn), (but_revision l w n Hn).
  - by apply (Retells cfg r (without_late l w)).
  - assert (m ∈ d_sent d) as Hmd by (rewrite El; apply elem_of_app; right; by left). pose proof (Hsent d m Hd Hmd) as Hav.
    assert (without_late l (hear_all ((s_input m, Says (answer_of (s_effects m))) :: ((λ m, (s_input m, NotDone)) <$> k ++ k'))
      (sees_written r (s_op m) (settles r d (s_after m) w))) = hear_all ((s_input m, Says (answer_of (s_effects m))) :: ((λ m, (s_input m, NotDone)) <$> k ++ k'))
      (sees_written r (s_op m) (settles r d (s_after m) (without_late l w)))) as ->.
    { assert (without_late l (settles r d (s_after m) w) = settles r d (s_after m) (without_late l w)) as <- by done. rewrite <- without_seen by done. done. }
    apply (Finds cfg r (without_late l w)); [done|done|]. destruct Hm as [(n & H1 & H2)|?]; [left|by right]. exists n. split; [done|].
    rewrite (proj2 (but_apart l w n ltac:(destruct (s_op m); simplify_eq/=; by try apply Hav))). done.
  - apply (Misses cfg r (without_late l w) d); [done|]. rewrite Forall_forall in *. intros m Hmd. specialize (Hm m Hmd).
    pose proof (Hsent d m Hd Hmd) as Hav. destruct Hm as [[H1 H2]|[H1 H2]]; [left|right].
    + unfold is_missed, looks_in_time in *. destruct (s_op m) as [n| |n|n k| |u [n|]| |n|]; simpl in *; try done.
      * split; [by apply but_new|]. by rewrite but_lookup, decide_False.
      * by rewrite (proj2 (but_apart l w n Hav)).
      * destruct Hav as [Hav _]. by rewrite but_lookup, decide_False.
      * by rewrite but_lookup, decide_False.
    + split; [done|]. destruct (s_op m) as [| |n|n k| |u [n|]| |n|]; simpl in *; try done; try destruct Hav as [Hav _];
        by rewrite (proj2 (but_apart l w n Hav)).
  - by apply (Despairs cfg r (without_late l w)).
  - change (without_late l (silences r (doubts r None (gives_up cfg j r w)))) with (silences r (doubts r None (without_late l (gives_up cfg j r w)))).
    rewrite without_gives_up. apply (Forgets cfg r (without_late l w) d j); try done. by apply but_below.
Qed.

(** ** Runs *)

Lemma without_none w : without_late [] w = w.
Proof.
  assert (∀ A (m : gmap N A), but_for [] m = m) as H by (intros A m; apply map_eq; intros k; by rewrite but_lookup, decide_False by apply not_elem_of_nil).
  destruct w as [? ? ? ? ? ? []]. unfold without_late. simpl. by rewrite !H.
Qed.
Lemma but_one {A} (l : late) i n (x : A) m : (n ∉ l.*2 → m !! n = None) → but_for ((i, n) :: l) (<[ n := x ]> m) = but_for l m.
Proof.
  intros Hn. apply map_eq. intros k. rewrite !but_lookup. csimpl. destruct (decide (k = n)) as [->|Hk].
  - rewrite decide_True by by left. case_decide; [done|]. by rewrite Hn.
  - rewrite lookup_insert_ne by done. destruct (decide (k ∈ l.*2)).
    + by rewrite decide_True by by right. + rewrite decide_False; [done|]. by intros [?|?]%elem_of_cons.
Qed.
(** What was written, and whom a cookie names, somebody drew whose input was carried out. *)
Lemma carries_drawn cfg W h st r i st1 eff op n : good cfg W h st → step cfg (alone W r) i = (st1, eff) → e_op eff = Some op →
  written_by op = Some n → n ∈ d_ids (i_draws i) ++ said_ids W.
Proof.
  intros G E Hop Hn. apply elem_of_app. destruct (step_cases cfg (alone W r) i) as [(why & Ex & E')|(res & Ex & E')]; rewrite E' in E; simplify_eq/=.
  apply rule_writes in Ex. rewrite Hop in Ex. destruct op; simplify_eq/=; inversion Ex; subst; [by left| |by left].
  right. apply (said_drawn cfg W h st n G), (g_drawn _ _ _ _ G r). by eexists.
Qed.
Lemma revised_said cfg w : reaches cfg nothing_yet w → fresh_world w → ∀ n, is_Some (t_revisions (w_traffic w) !! n) → n ∈ said_ids w.
Proof.
  intros H. remember nothing_yet as w0 eqn:E0. induction H as [w|w w' w'' r H IH Ha]; intros Hf; [subst; intros n; simpl; rewrite lookup_empty; by intros []|].
  pose proof (act_fresh _ _ _ _ Ha Hf) as Hf'. specialize (IH E0 Hf'). subst. destruct (reaches_both cfg w' H Hf') as (h & st & G & S).
  assert (∀ n, n ∈ said_ids w' → n ∈ said_ids w'') as Hids.
  { intros n Hn. destruct (act_grows _ _ _ _ Ha) as (l & _ & E & _). unfold said_ids in *. rewrite E, bind_app. apply elem_of_app. by right. }
  assert (∀ i st1 eff op n W h' st', good cfg W h' st' → step cfg (alone W r) i = (st1, eff) → e_op eff = Some op → w_said W = w_said w' →
    t_revisions (w_traffic w'') = t_revisions (w_traffic (revises i op w')) → w_said w'' = (i, answer_of eff) :: w_said w' →
    is_Some (t_revisions (w_traffic w'') !! n) → n ∈ said_ids w'') as Hnew.
  { intros i st1 eff op n W h' st' GW Ew Hop Es Er Esaid Hs. rewrite Er in Hs. simpl in Hs.
    pose proof (carries_drawn cfg W h' st' r i st1 eff op n GW Ew Hop) as Hd. unfold said_ids in Hd. rewrite Es in Hd.
    destruct (written_by op) as [k|]; [|by apply Hids, IH]. destruct (decide (k = n)) as [->|Hne].
    - unfold said_ids. rewrite Esaid. csimpl. by apply Hd.
    - rewrite lookup_insert_ne in Hs by done. by apply Hids, IH. }
  intros n Hs. assert (t_revisions (w_traffic w'') = t_revisions (w_traffic w') → n ∈ said_ids w'') as Hsame
    by (intros E; rewrite E in Hs; by apply Hids, IH).
  assert (∀ j W, t_revisions (w_traffic (gives_up cfg j r W)) = t_revisions (w_traffic W)) as Hup.
  { intros j W. unfold gives_up. destruct (w_requests W !! r); [by destruct (step _ _ _)|done]. }
  destruct Ha as [k Hd|u Hd|i st1 eff Hd Hof Hb E Hop Hfin|i st1 eff op Hd (Hof & Hb & E & Hop & Hc)|i op Hd Hof Hop Hn|
    i j Hd Hof Hb Hj|i st1 eff op Hof E Hop m Hc|m Ha Hmay Hc|d k Hd|d u Hd|d l m l' Hd El Hm|d Hd Hm|d Hd|d j Hd Hun Hb Hj];
    try (by apply Hsame).
  - apply (Hnew i st1 eff op n w' h st G E Hop); try done; unfold sees_written; by destruct (written_by op).
  - apply Hsame. exact (Hup j (tries i w')).
  - destruct Hc as (_ & _ & E & Hop & _). destruct (arrives_first cfg w' r m S Ha Hmay) as (d & Hd & Hm & N).
    destruct (N m Hm) as (_ & F & _). pose proof (suits_good cfg w' h st r (s_before m) G F) as G'.
    by apply (Hnew (s_input m) (s_after m) (s_effects m) (s_op m) n (put w' r (s_before m)) h st G' E Hop).
  - apply Hsame. unfold sees_written. by destruct (written_by (s_op m)).
  - apply Hsame. exact (Hup j w').
Qed.

Lemma heard_stays cfg r w w' : act cfg r w w' → ∀ p, p ∈ t_heard (w_traffic w) → p ∈ t_heard (w_traffic w').
Proof.
  assert (∀ j W p, p ∈ t_heard (w_traffic W) → p ∈ t_heard (w_traffic (gives_up cfg j r W))) as Hup.
  { intros j W p Hp. unfold gives_up. destruct (w_requests W !! r); [destruct (step _ _ _); by right|done]. }
  destruct 1; try done; intros p Hp; simpl; try (by right); try (by apply elem_of_app; right).
  - right. unfold sees_written. by destruct (written_by op).
  - right. exact (Hup j (tries i w) p Hp).
  - right. apply elem_of_app. right. unfold sees_written. by destruct (written_by (s_op m)).
  - exact (Hup j w p Hp).
Qed.
Lemma air_grows cfg r w w' : act cfg r w w' → ∀ p, p ∈ t_air (w_traffic w') → p ∈ t_air (w_traffic w) ∨
  t_tried (w_traffic w') = s_input p.2 :: t_tried (w_traffic w).
Proof.
  assert (∀ j W, t_air (w_traffic (gives_up cfg j r W)) = t_air (w_traffic W)) as Hup.
  { intros j W. unfold gives_up. destruct (w_requests W !! r); [by destruct (step _ _ _)|done]. }
  destruct 1 as [| |i st eff|i st eff op|i op|i j|i st eff op|m| | |d l m l'|d|d|d j]; intros p Hp; try (by left).
  - left. revert Hp. unfold sees_written. by destruct (written_by op).
  - left. change (p ∈ t_air (w_traffic (gives_up cfg j r (tries i w)))) in Hp. by rewrite Hup in Hp.
  - simpl in Hp. apply elem_of_cons in Hp as [->|Hp]; [by right|by left].
  - left. revert Hp. unfold sees_written. by destruct (written_by (s_op m)).
  - left. change (p ∈ filter (λ p, p.1 ≠ r) (t_air (w_traffic w))) in Hp. by apply elem_of_list_filter in Hp as [_ Hp].
  - left. change (p ∈ filter (λ p, p.1 ≠ r) (t_air (w_traffic (gives_up cfg j r w)))) in Hp. rewrite Hup in Hp.
    by apply elem_of_list_filter in Hp as [_ Hp].
Qed.
Lemma late_clear cfg l w : reaches_late cfg l w → fresh_late l w → reaches cfg nothing_yet (without_late l w) ∧ clear cfg l w ∧
  ∀ i n, (i, n) ∈ l → (i, NotDone) ∈ t_heard (w_traffic w) ∧ n ∈ d_ids (i_draws i).
Proof.
  induction 1 as [|l w w' r H IH Ha U|l w i n s H IH Hi Hn Hair Hs U]; intros F.
  - rewrite without_none. split; [constructor|]. split; [|by intros ? ? ?%elem_of_nil].
    constructor; rewrite ?without_none; try (intros *; by rewrite elem_of_nil).
    destruct (reaches_both cfg nothing_yet) as (h & st & _ & S); [constructor|apply F|done].
  - destruct (act_grows _ _ _ _ Ha) as (l1 & l2 & Es & Et).
    assert (fresh_late l w) as F0.
    { destruct F as [F1 F2]. split; [by eapply act_fresh|]. intros i n j Hi Hj. apply (F2 i n j Hi). rewrite Et. apply elem_of_app. by right. }
    destruct (IH F0) as (R & C & L). assert (reaches cfg nothing_yet (without_late l w')) as R'.
    { eapply reaches_next; [exact R|]. by eapply act_without. }
    split; [done|]. rewrite Forall_forall in U. split.
    + constructor.
      * destruct (reaches_both cfg (without_late l w') R') as (h & st & _ & S); [apply F|done].
      * intros r0 n Hn. by apply (U n Hn).
      * intros r0 d n Hn. by apply (U n Hn).
      * intros r0 m n Hn. by apply (U n Hn).
      * intros r0 m i n Hi Hm E. destruct (air_grows _ _ _ _ Ha _ Hm) as [Hm'|Hm']; [by eapply (c_air _ _ _ C)|].
        simpl in Hm'. destruct F as [[_ N] _]. rewrite Hm', E in N. apply NoDup_cons in N as [N _]. apply N. by eapply (c_tried _ _ _ C).
      * intros i n Hi. rewrite Et. apply elem_of_app. right. by eapply (c_tried _ _ _ C).
    + intros i n Hi. destruct (L i n Hi). split; [by eapply heard_stays|done].
  - assert (fresh_late l w) as F0.
    { destruct F as [F1 F2]. split; [exact F1|]. intros j k j' Hj. apply F2. by right. }
    destruct (IH F0) as (R & C & L). assert (n ∉ l.*2 → t_revisions (w_traffic w) !! n = None) as Hrev.
    { intros Hl. apply eq_None_not_Some. intros Hx. assert (n ∈ said_ids (without_late l w)) as Hd.
      { apply (revised_said cfg); [done|apply F0|]. simpl. by rewrite but_lookup, decide_False. }
      unfold said_ids in Hd. apply elem_of_list_bind in Hd as ([j a] & Hd & Hj). apply (elem_of_list_fmap_1 fst) in Hj. simpl in Hd, Hj.
      pose proof (s_said _ _ (c_sure _ _ _ C) j Hj) as Hjt. destruct F as [_ F].
      rewrite (F i n j) in Hj by (done || by left). by apply (s_not _ _ (c_sure _ _ _ C) i Hi). }
    assert (without_late ((i, n) :: l) (comes_late i n s w) = without_late l w) as E.
    { unfold without_late, comes_late, revises, notes. simpl. by rewrite !but_one. }
    rewrite E. split; [done|]. destruct U as (U1 & U2 & U3).
    assert (∀ k, k ∈ ((i, n) :: l).*2 → k = n ∨ k ∈ l.*2) as Hk by (intros k; csimpl; apply elem_of_cons).
    split.
    + constructor; rewrite ?E; [apply C|..].
      * intros r0 k [->|?]%Hk; [apply U1|by apply (c_loaded _ _ _ C)].
      * intros r0 d k [->|?]%Hk; [apply U2|by apply (c_now _ _ _ C)].
      * intros r0 m k [->|?]%Hk; [apply U3|by apply (c_before _ _ _ C)].
      * intros r0 m j k [[= -> ->]|?]%elem_of_cons; [apply Hair|by eapply (c_air _ _ _ C)].
      * intros j k [[= -> ->]|?]%elem_of_cons; [by eapply (s_heard _ _ (c_sure _ _ _ C))|by eapply (c_tried _ _ _ C)].
    + intros j k [[= -> ->]|?]%elem_of_cons; [done|by apply L].
Qed.
Lemma named_drawn cfg h st o n path : run cfg h st → fresh_draws h → o ∈ h → e_cookie (o_eff o) = Some (SetCookie n, path) → n ∈ ids_drawn h.
Proof.
  induction 1 as [|h st i Hr IH]; intros Hf Ho Hc; [by apply elem_of_nil in Ho|].
  assert (run cfg (occurs cfg st i :: h) (step cfg st i).1) as Hr' by by constructor.
  apply elem_of_cons in Ho as [->|Ho].
  - eapply stored_was_drawn; [done|]. by eapply t_cookie.
  - apply fresh_cons in Hf as (Hf & _). rewrite drawn_ids. apply elem_of_app. right. by apply IH.
Qed.
Theorem t_unmet : a_late_create_is_met_by_nobody.
Proof.
  intros cfg l w H F. destruct (late_clear cfg l w H F) as (R & C & L). split; [done|]. intros i n j a path Hi Hj.
  destruct (reaches_both cfg (without_late l w) R) as (h & st & G & S); [apply F|].
  change ((j, (a, Some (SetCookie n, path))) ∈ w_said (without_late l w)) in Hj.
  assert (n ∈ said_ids (without_late l w)) as Hd.
  { apply (said_drawn cfg _ h st n G). rewrite <- (g_said _ _ _ _ G) in Hj. apply elem_of_list_fmap in Hj as (o & E & Ho).
    eapply (named_drawn cfg h st o n path); [apply G| |done|].
    - apply said_fresh. rewrite (g_said _ _ _ _ G). apply F.
    - unfold answer_of in E. by injection E. }
  unfold said_ids in Hd. apply elem_of_list_bind in Hd as ([j' a'] & Hd & Hj'). apply (elem_of_list_fmap_1 fst) in Hj'. simpl in Hd, Hj'.
  pose proof (s_said _ _ S j' Hj') as Hjt. destruct F as [_ F]. rewrite (F i n j') in Hj' by done.
  destruct (L i n Hi) as [Hnot _]. by apply (s_not _ _ S i Hnot).
Qed.
