(** The parts of computed runs of drivers: each act as a function, with what is then left to compute. *)
From Q Require Export Drivers Witness.

Definition after_step (w : world) (r : N) (i : input) : state := (step strict (believed w r) i).1.
Definition effects_at (w : world) (r : N) (i : input) : effects := (step strict (believed w r) i).2.
(** The operation of a step. It is only asked for if there is one. *)
Definition op_at (w : world) (r : N) (i : input) : store_op := default (OpDiscard 0) (e_op (effects_at w r i)).
(** What the driver would send, and what it waits for. It is only asked for in doubt. *)
Definition sent_at (w : world) (r : N) (i : input) : sent :=
  Sent i (believed w r) (after_step w r i) (effects_at w r i) (op_at w r i) (seen w r).
Definition doubt_at (w : world) (r : N) : doubt := default (Doubt init ∅ []) (doubt_of w r).

Definition answers (w : world) (r : N) (i : input) : world :=
  hears i (Says (answer_of (effects_at w r i))) (tries i (say i (effects_at w r i) (put w r (after_step w r i)))).
Definition writes (w : world) (r : N) (i : input) : world := hears i (Says (answer_of (effects_at w r i)))
  (tries i (sees_written r (op_at w r i) (after strict w r i (after_step w r i) (effects_at w r i) (op_at w r i)))).
Definition fails (w : world) (r : N) (i j : input) : world := hears i NotDone (gives_up strict j r (tries i w)).
Definition sends (w : world) (r : N) (i : input) : world :=
  doubts r (Some (Doubt (believed w r) (seen w r) (sent_at w r i :: sent_by w r))) (is_sent r (sent_at w r i) (tries i w)).
Definition arrives (w : world) (r : N) (m : sent) : world := after strict w r (s_input m) (s_after m) (s_effects m) (s_op m).
Definition reloaded (w : world) (r n : N) : world := reloads r (doubt_at w r) n w.
Definition finds (w : world) (r : N) (m : sent) (others : list sent) : world :=
  hear_all ((s_input m, Says (answer_of (s_effects m))) :: ((λ m, (s_input m, NotDone)) <$> others))
    (sees_written r (s_op m) (settles r (doubt_at w r) (s_after m) w)).
Definition misses (w : world) (r : N) : world := let d := doubt_at w r in
  hear_all ((λ m, (s_input m, NotDone)) <$> d_sent d) (silences r (settles r d (d_now d) w)).
Definition despairs (w : world) (r : N) : world := hear_all ((λ m, (s_input m, Unknown)) <$> d_sent (doubt_at w r)) w.
Definition forgets (w : world) (r : N) (j : input) : world := silences r (doubts r None (gives_up strict j r w)).

(** A history, computed from its inputs. *)
Fixpoint replayed cfg (l : list input) : list occurrence * state := match l with
  | [] => ([], init)
  | i :: l => let '(h, st) := replayed cfg l in (occurs cfg st i :: h, (step cfg st i).1) end.
Lemma run_replayed cfg h st : run cfg h st → replayed cfg (o_in <$> h) = (h, st).
Proof. induction 1 as [|h st i _ IH]; [done|]. csimpl. by rewrite IH. Qed.
Lemma said_replayed cfg h st (w : world) : run cfg h st → (λ o, (o_in o, answer_of (o_eff o))) <$> h = w_said w →
  replayed cfg (w_said w).*1 = (h, st).
Proof. intros Hr <-. rewrite <- list_fmap_compose. by apply run_replayed. Qed.

(** The name of an input is its handle. *)
Definition name (i : input) : N := d_handle (i_draws i).
Lemma not_said w i : bool_decide (name i ∈ name <$> (w_said w).*1) = false → i ∉ (w_said w).*1.
Proof. intros H%bool_decide_eq_false Hi. apply H. by apply elem_of_list_fmap_1. Qed.
Lemma fresh_computed w : bool_decide (fresh_inputs (w_said w)) = true →
  bool_decide (NoDup (name <$> t_tried (w_traffic w))) = true → fresh_world w.
Proof. intros H1 H2. apply bool_decide_eq_true in H1, H2. split; [done|]. by eapply NoDup_fmap_1. Qed.

Lemma no_login w r : (c_login ∘ own) <$> (w_requests w !! r) ∈ [None; Some None] → login_stands w r.
Proof.
  intros H q u t n E1 E2. rewrite E1 in H. simpl in H. rewrite E2 in H.
  apply elem_of_list_In in H as [H|[H|[]]]; discriminate.
Qed.
Lemma settled_step w r i : doubt_of w r = None → step strict (alone w r) i = (after_step w r i, effects_at w r i).
Proof. intros H. unfold after_step, effects_at, believed. rewrite H. by destruct (step _ _ _). Qed.
Lemma answers_act w r i : doubt_of w r = None → actor (i_event i) = Some r → below_limits strict w r → e_op (effects_at w r i) = None →
  login_stands w r → (rests_on_load w (i_event i) (e_reply (effects_at w r i)) = true →
    ∀ n, looks_at w (i_event i) = Some n → is_as_loaded w r n) →
  (∀ u, i_event i ≠ OfRequest r (SetUser (Some u))) → act strict r w (answers w r i).
Proof.
  intros Hr Ha Hb Ho Hl Hk Hu. apply Answers; [done|by left|done|by apply settled_step|done|].
  split; [by auto|]. intros u E. by destruct (Hu u).
Qed.
Lemma carried w r i st eff op : actor (i_event i) = Some r → below_limits strict w r → step strict (alone w r) i = (st, eff) →
  e_op eff = Some op → holds w r op → login_stands w r → touches_in_time w r op → ends_in_time w r (i_event i) →
  carries_out strict w r i st eff op.
Proof. intros Ha Hb E Ho Hh Hl Ht He. split; [by left|]. do 5 (split; [done|]). split; [by destruct op|done]. Qed.
Lemma writes_act w r i : doubt_of w r = None →
  carries_out strict w r i (after_step w r i) (effects_at w r i) (op_at w r i) → act strict r w (writes w r i).
Proof. intros Hr Hc. by apply Writes. Qed.
Lemma nothing_before w r i : doubt_of w r = None → Forall (same_condition (sent_at w r i)) (sent_by w r).
Proof. unfold sent_by. intros ->. constructor. Qed.
Lemma put_alone w w0 r : alone (put w r (alone w0 r)) r = alone w0 r.
Proof.
  unfold alone. simpl. rewrite !fn_lookup_insert, lookup_partial_alter.
  destruct (w_requests w0 !! r); [by rewrite lookup_singleton|by rewrite lookup_empty].
Qed.
Lemma arrived_step w w0 r i : doubt_of w0 r = None →
  step strict (alone (put w r (believed w0 r)) r) i = (after_step w0 r i, effects_at w0 r i).
Proof. intros H. unfold believed. rewrite H, put_alone. by apply settled_step. Qed.
Lemma in_doubt w r : is_none (doubt_of w r) = false → doubt_of w r = Some (doubt_at w r).
Proof. unfold doubt_at. by destruct (doubt_of w r). Qed.
Lemma arrives_sent w r m r0 : sent_by (arrives w r m) r0 = sent_by w r0.
Proof. done. Qed.
Lemma despairs_sent w r r0 : sent_by (despairs w r) r0 = sent_by w r0.
Proof. done. Qed.
Lemma reloaded_sent w r n : is_none (doubt_of w r) = false → sent_by (reloaded w r n) r = sent_by w r.
Proof.
  intros H%in_doubt. unfold reloaded, reloads, sent_by at 1, doubts, doubt_of. simpl. rewrite fn_lookup_insert. simpl.
  unfold sent_by. by rewrite H.
Qed.
Lemma is_more w r i : sent_by (sends w r i) r = sent_at w r i :: sent_by w r.
Proof. unfold sends, sent_by at 1, doubt_of. simpl. by rewrite fn_lookup_insert. Qed.
Lemma is_alone w r i : doubt_of w r = None → sent_by (sends w r i) r = [sent_at w r i].
Proof. unfold sends, sent_by, doubt_of. simpl. rewrite fn_lookup_insert. by intros ->. Qed.
Lemma sends_act w r i : is_of_driver w r (i_event i) → e_op (effects_at w r i) = Some (op_at w r i) →
  Forall (same_condition (sent_at w r i)) (sent_by w r) → act strict r w (sends w r i).
Proof. intros Ha Ho Hc. apply Sends; [done|unfold after_step, effects_at; by destruct (step _ _ _)|done|done]. Qed.
Lemma arrives_act w r m : (r, m) ∈ t_air (w_traffic w) → may_arrive w r m →
  carries_out strict (put w r (s_before m)) r (s_input m) (s_after m) (s_effects m) (s_op m) → act strict r w (arrives w r m).
Proof. apply Arrives. Qed.
Lemma the_only {P : sent → Prop} {l} m : l = [m] → P m → Forall P l.
Proof. intros ->. apply Forall_singleton. Qed.
Lemma reloads_act w r n : is_none (doubt_of w r) = false → act strict r w (reloaded w r n).
Proof. intros H%in_doubt. by apply Reloads. Qed.
Lemma sent_known w r : is_none (doubt_of w r) = false → d_sent (doubt_at w r) = sent_by w r.
Proof. unfold doubt_at, sent_by. by destruct (doubt_of w r). Qed.
Lemma same_row m m' n k : compared (s_op m) = Some n → compared (s_op m') = Some n → s_seen m !! n = Some k → s_seen m' !! n = Some k →
  same_condition m m'.
Proof. by exists n, k. Qed.
Lemma by_revision w r m n k : compared (s_op m) = Some n → s_seen m !! n = Some k → revision w n = Some k → may_arrive w r m.
Proof. right. by exists n, k. Qed.

(** A login of which its driver was told the number. *)
Lemma told_login w r u : default true ((λ q, match c_login (own q) with
    | Some (Login (Some v) _ (Some n)) => String.eqb v u && (n =? number_of w u) | _ => true end) <$> w_requests w !! r) = true →
  is_told w r u → login_stands w r.
Proof.
  intros H Ht q v t n Hq Hl. rewrite Hq in H. simpl in H. rewrite Hl in H. apply andb_true_iff in H as [->%String.eqb_eq H%N.eqb_eq]. by rewrite <- H.
Qed.
Lemma logs_in w r i u : doubt_of w r = None → i_event i = OfRequest r (SetUser (Some u)) → below_limits strict w r →
  e_op (effects_at w r i) = None → e_reply (effects_at w r i) = Done → is_told w r u → act strict r w (answers w r i).
Proof.
  intros Hr He Hb Ho Hd Ht. apply Answers; [done|left; by rewrite He|done|by apply settled_step|done|].
  rewrite He, Hd. split; [done|]. by intros v [= <-].
Qed.

Ltac computed := vm_compute; reflexivity.
Ltac below := split; [|split]; computed.
Ltac without_login := apply no_login, (bool_decide_unpack _); computed.
Ltac answering := apply answers_act; [computed|computed|below|computed|without_login|
  intros R; first [exfalso; vm_compute in R; discriminate R|clear R; intros n E; vm_compute in E; first [discriminate E|injection E as <-; computed]]|
  intros u E; discriminate E].
(** The condition of its operation is left. *)
Ltac carrying step := apply carried; [computed|below|apply step; computed|computed| |without_login|exact I|exact I].
Ltac writing := apply writes_act; [computed|carrying settled_step].
(** The condition of a [Create] that names no number. *)
Lemma creates w r op i s t : op = OpCreate i s None t → w_store w !! i = None → holds w r op.
Proof. by intros ->. Qed.
Ltac creating := eapply creates; computed.
(** It is sent by a driver that is in no doubt. *)
Ltac sending := apply sends_act; [by left|computed|apply nothing_before; computed].
(** What a driver sent last arrives, while it waits for that alone; that it does is left, and the condition. *)
Ltac arriving w r m := refine (arrives_act w r m (elem_of_list_here _ _) (or_introl (conj _ _)) _);
  [|apply not_said; computed|carrying arrived_step].
(** From the last act to the first, each in its lemma, or a load. *)
Ltac then_ H := eapply reaches_next; [|exact H].
