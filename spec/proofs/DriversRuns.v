(** What computed runs of drivers are made of: each act as a function, and what is left to compute of it. *)
From Q Require Export Drivers Witness.

Definition after_step (w : world) (r : N) (i : input) : state := (step strict (alone w r) i).1.
Definition effects_at (w : world) (r : N) (i : input) : effects := (step strict (alone w r) i).2.
(** Without an operation this is none, and nobody asks for it. *)
Definition op_at (w : world) (r : N) (i : input) : store_op := default (OpDiscard 0) (e_op (effects_at w r i)).
Definition after_op (w : world) (r : N) (i : input) : world := after strict w r i (after_step w r i) (effects_at w r i) (op_at w r i).
Definition doubt_at (w : world) (r : N) (i : input) : doubt := doubt_of w r i (after_step w r i) (effects_at w r i) (op_at w r i).

Definition loads (w : world) (r n : N) : world := note r n (put w r (with_stored (alone w r) n (w_store w !! n))).
Definition answers (w : world) (r : N) (i : input) : world :=
  hear i (Answered (answer_of (effects_at w r i))) (say i (effects_at w r i) (put w r (after_step w r i))).
Definition writes (w : world) (r : N) (i : input) : world :=
  hear i (Answered (answer_of (effects_at w r i))) (note_own r (op_at w r i) (after_op w r i)).
Definition done_unheard (w : world) (r : N) (i : input) : world := set_doubt r (Some (doubt_at w r i)) (after_op w r i).
Definition not_done (w : world) (r : N) (i : input) : world := set_doubt r (Some (doubt_at w r i)) (in_vain i w).
Definition finds (w : world) (r : N) (x : doubt) : world := hear (d_input x) (Answered (answer_of (d_effects x)))
  (note_own r (d_op x) (set_doubt r None (put w r (d_after x)))).
Definition misses (w : world) (r : N) (x : doubt) : world := set_doubt r None (put w r (d_before x)).
Definition gives_up (w : world) (r : N) (x : doubt) (i : input) : world :=
  hear (d_input x) Unknown (set_doubt r None (abandoned strict w r i)).
Definition fails (w : world) (r : N) (i j : input) : world := hear j StoreFailed (in_vain j (abandoned strict w r i)).

(** A history is what its inputs make. *)
Fixpoint replayed cfg (l : list input) : list occurrence * state := match l with
  | [] => ([], init)
  | i :: l => let '(h, st) := replayed cfg l in (occurs cfg st i :: h, (step cfg st i).1) end.
Lemma run_replayed cfg h st : run cfg h st → replayed cfg (o_in <$> h) = (h, st).
Proof. induction 1 as [|h st i _ IH]; [done|]. csimpl. by rewrite IH. Qed.
Lemma said_replayed cfg h st (w : world) : run cfg h st → (λ o, (o_in o, answer_of (o_eff o))) <$> h = w_said w →
  replayed cfg (w_said w).*1 = (h, st).
Proof. intros Hr <-. rewrite <- list_fmap_compose. by apply run_replayed. Qed.

Lemma no_login w r : (c_login ∘ own) <$> (w_requests w !! r) ∈ [None; Some None] → login_stands w r.
Proof.
  intros H q u t n E1 E2. rewrite E1 in H. simpl in H. rewrite E2 in H.
  apply elem_of_list_In in H as [H|[H|[]]]; discriminate.
Qed.
Lemma answers_act w r i : is_settled w r → actor (i_event i) = Some r → below_limits strict w r → e_op (effects_at w r i) = None →
  login_stands w r → (rests_on_load w (i_event i) (e_reply (effects_at w r i)) = true →
    ∀ n, looks_at w (i_event i) = Some n → is_as_loaded w r n) →
  (∀ u, i_event i ≠ OfRequest r (SetUser (Some u))) → act strict r w (answers w r i).
Proof.
  intros Hr Ha Hb Ho Hl Hk Hu. apply Answers; [done|by left|done|unfold after_step, effects_at; by destruct (step _ _ _)|done|].
  split; [by auto|]. intros u E. by destruct (Hu u).
Qed.
Lemma carried w r i : is_settled w r → actor (i_event i) = Some r → below_limits strict w r →
  e_op (effects_at w r i) = Some (op_at w r i) → holds w r (op_at w r i) → login_stands w r → touches_in_time w r (op_at w r i) →
  ends_in_time w r (i_event i) → carries_out strict w r i (after_step w r i) (effects_at w r i) (op_at w r i).
Proof.
  intros Hr Ha Hb Ho Hh Hl Ht He. do 2 (split; [by first [done|left]|]). split; [done|]. split.
  { unfold after_step, effects_at. by destruct (step _ _ _). }
  do 3 (split; [done|]). split; [by destruct (op_at w r i)|done].
Qed.
Lemma not_done_act w r i : is_settled w r → actor (i_event i) = Some r → e_op (effects_at w r i) = Some (op_at w r i) →
  act strict r w (not_done w r i).
Proof.
  intros Hr Ha Ho. apply IsNotDone; [done|by left|unfold after_step, effects_at; by destruct (step _ _ _)|done].
Qed.

(** The row of an update has the mark that it was compared with. *)
Lemma misses_update w x i s k : d_op x = OpUpdate i s → d_compared x = Some k → mark_of w i = Some k → is_missed w x.
Proof. unfold is_missed. intros -> -> ->. split; [by eexists|done]. Qed.
Lemma missed_update w x i s : d_op x = OpUpdate i s → is_missed w x → mark_of w i = d_compared x.
Proof. unfold is_missed. intros ->. by intros [_ ?]. Qed.
Lemma in_time w x i s : d_op x = OpUpdate i s → looks_in_time w x.
Proof. unfold looks_in_time. by intros ->. Qed.

Ltac computed := vm_compute; reflexivity.
Ltac below := split; [|split]; computed.
Ltac without_login := apply no_login, (bool_decide_unpack _); computed.
Ltac answering := apply answers_act; [computed|computed|below|computed|without_login|
  intros R; first [by vm_compute in R|intros n E; vm_compute in E; try discriminate; injection E as <-; computed]|intros ?; discriminate].
(** The condition of its operation is left. *)
Ltac carrying := apply carried; [computed|computed|below|computed| |without_login|exact I|exact I].
Ltac missing := apply not_done_act; computed.
(** From the last act to the first, each in its lemma, or a load. *)
Ltac then_ H := eapply reaches_next; [|exact H].
