(** Writes that arrive at the store a second time, or after their driver has gone on without them, and what a driver
    answers if it cannot know whether its write has arrived: section "After an unknown outcome" of spec/session.md.
    These are five claims about the drivers of Drivers.v. *)
From Q Require Export Drivers.

(** ** What could be another's *)

(** A driver without a request, with room for a session. *)
Definition is_idle (cfg : config) (w : world) (r : number) : Prop :=
  doubt_of w r = None ∧ w_requests w !! r = None ∧ below_limits cfg w r ∧ N.of_nat (S (size (w_loaded w r))) < max_sessions cfg.
(** In at most this many acts the driver changes the store as this operation does, and changes no other driver. *)
Definition could_be_of (cfg : config) (r : number) (n : nat) (op : store_op) (w : world) : Prop :=
  ∃ w', alone_acts cfg r n w w' ∧ w_store w' = w_store (write cfg op w) ∧ w_numbers w' = w_numbers (write cfg op w) ∧
    ∀ r0, r0 ≠ r → alone w' r0 = alone w r0.
(** A manager could have asked for an operation that deletes, if it has no condition or is a [Discard]. So it may arrive
    at any time: a second time, or after its driver has stepped the event again or has given up. [driver-14] *)
Definition asked_again (op : store_op) : option manager_event := match op with
  | OpDelete i | OpDiscard i => Some (DeleteSession i) | OpDeleteHandle h _ => Some (DeleteHandle h)
  | OpDeleteUser u None => Some (DeleteSessionsOf u) | OpDiscardOver _ => Some Sweep | _ => None end.
(** The world after the request of this start was answered from the load before it. *)
Definition visits (cfg : config) (r : number) (n : id) (i : input) (w : world) : world :=
  let w := loads r n w in let '(st, eff) := step cfg (alone w r) i in hears i (Says (answer_of eff)) (tries i (say i eff (put w r st))).
(** To note a visit twice is to note it once. And a request of the spared session could have asked for a [DeleteUser]
    that spares a session of its user: by a passive start, and then the same event. If the operation arrives a second
    time, it ends what has begun since the first time, and counts once more. The session that it spares belongs to its
    user as long as it is there. *)
Definition what_arrives_again_could_be_anothers := ∀ cfg w, reaches cfg nothing_yet w → fresh_world w →
  (∀ op e r j, asked_again op = Some e → i_event j = OfManager e → (∀ t, op = OpDiscardOver t → i_now j = t) →
    is_idle cfg w r → could_be_of cfg r 2 op w) ∧
  (∀ u n s r i j, let op := OpDeleteUser u (Some n) in w_store w !! n = Some s → user s = Some u → is_idle cfg w r →
    N.of_nat (S (size (w_requests w))) < max_requests cfg →
    i_event i = StartRequest r (Some (CookieId n)) "" "" true → over cfg (i_now i) s = false →
    i_event j = OfRequest r ExpireOtherSessions → too_old cfg (i_now j) s = false →
    e_op (step cfg (alone (visits cfg r n i w) r) j).2 = Some op ∧ could_be_of cfg r 3 op w) ∧
  (∀ r m, (r, m) ∈ t_air (w_traffic w) → s_input m ∈ (w_said w).*1 →
    (∀ n t, s_op m = OpTouch n t → w_store (write cfg (s_op m) w) = w_store w) ∧
    (∀ u n s, s_op m = OpDeleteUser u (Some n) → w_store w !! n = Some s → user s = Some u)).

(** ** What is asked no more *)

(** The session that a write in doubt would have updated is gone, or has reached its absolute limit. If the driver then
    steps the event again, either that is refused, and it says that the outcome is unknown; or it asks nothing of the
    store, and the answer is the one that the write would have given. That answer is true if the write was carried out
    before the session went, if it never will be, and if it arrives later, as the next claim says. *)
Definition a_gone_session_is_answered_alike := ∀ cfg w r d m n s i st eff, reaches cfg nothing_yet w → fresh_world w →
  doubt_of w r = Some d → m ∈ d_sent d → s_op m = OpUpdate n s → find cfg (i_now i) (store (d_now d)) n = None →
  i_event i = i_event (s_input m) → is_of_driver w r (i_event i) → step cfg (d_now d) i = (st, eff) →
  (∀ why, e_reply eff ≠ Refused why) →
  e_op eff = None ∧ answer_of eff = answer_of (s_effects m) ∧ requests st !! r = requests (s_after m) !! r.

(** ** What arrives after such an answer *)

(** A session that has reached its limit is still stored, so an [Update] under its condition may still arrive. Its
    driver has answered, and that has ended the request. For the one machine the request is in doubt until then. So this
    is a run like any other, and each claim about drivers applies to it. *)
(** The writes in doubt would update this row: all of them are for one event, and compare one revision. *)
Definition would_update (d : doubt) (e : event) (n : id) (k : input) : Prop := (∃ m s, m ∈ d_sent d ∧ s_op m = OpUpdate n s) ∧
  ∀ m, m ∈ d_sent d → i_event (s_input m) = e ∧ s_seen m !! n = Some k.
(** At any moment the answer is the outcome of the event: if a write was carried out, this was its answer; if none was,
    it is the answer two acts later. What arrives until then changes only form tokens of the session, which has reached
    its limit. *)
Definition an_answer_past_the_limit_comes_true := ∀ cfg w r d n k i st eff, reaches cfg nothing_yet w → fresh_world w →
  doubt_of w r = Some d → would_update d (i_event i) n k → find cfg (i_now i) (store (d_now d)) n = None →
  is_of_driver w r (i_event i) → step cfg (d_now d) i = (st, eff) → (∀ why, e_reply eff ≠ Refused why) →
  requests st !! r = None ∧
  (∀ m, m ∈ d_sent d → s_input m ∈ (w_said w).*1 → (s_input m, answer_of eff) ∈ w_said w ∧ w_requests w !! r = None) ∧
  (Forall (λ m, s_input m ∉ (w_said w).*1) (d_sent d) → below_limits cfg (put w r (d_now d)) r →
    let w1 := hear_all ((λ m, (s_input m, NotDone)) <$> d_sent d) (silences r (settles r d (d_now d) w)) in
    act cfg r w w1 ∧ act cfg r w1 (hears i (Says (answer_of eff)) (tries i (say i eff (put w1 r st))))) ∧
  ∀ w', act cfg r w w' → w_numbers w' = w_numbers w ∧ (w_store w' = w_store w ∨ ∃ s ts,
    w_store w !! n = Some s ∧ too_old cfg (i_now i) s = true ∧ w_store w' = <[ n := set_tokens s ts ]> (w_store w)).
(** It does not matter when these tokens arrive. Once a session has reached its limit, no step depends on its form
    tokens, whatever else is stored. Only a process whose clock is behind finds the session, and then also the tokens,
    as soon as they are there. No draw gives one of them again, as session.md assumes. *)
Definition tokens_past_the_limit_are_not_seen := ∀ cfg st n s ts i, store st !! n = Some s →
  too_old cfg (i_now i) s = true → (∀ t, t ∈ tokens s ++ ts → t ∉ d_tokens (i_draws i)) →
  step cfg (with_stored st n (Some (set_tokens s ts))) i =
    let '(st', eff) := step cfg st i in (with_stored st' n ((λ s, set_tokens s ts) <$> store st' !! n), eff).

(** ** What nobody asked for *)

(** A [Create] arrives, although its driver has looked for it in vain and has created another session instead. The pair
    is the input of its step, and its id. *)
Notation late := (list (input * id))%type (only parsing).
(** A map of the world without the sessions that came in this way. *)
Definition but_for (l : late) {A} (m : gmap id A) : gmap id A := filter (λ p, p.1 ∉ l.*2) m.
Definition without_late (l : late) (w : world) : world :=
  World (but_for l (w_store w)) (w_numbers w) (w_loaded w) (w_told w) (w_requests w) (w_said w)
    (let t := w_traffic w in Traffic (but_for l (t_revisions t)) (t_seen t) (t_doubts t) (t_air t) (t_tried t) (t_heard t)).
(** No request comes with its id, so no driver loads it, and none steps an event from it. *)
Definition is_unmet (w : world) (n : id) : Prop := (∀ r, w_loaded w r !! n = None) ∧
  (∀ r d, doubt_of w r = Some d → store (d_now d) !! n = None) ∧ ∀ r m, (r, m) ∈ t_air (w_traffic w) → store (s_before m) !! n = None.
Definition comes_late (i : input) (n : id) (s : session) (w : world) : world :=
  revises i (OpCreate n s None None) (World (<[ n := s ]> (w_store w)) (w_numbers w) (w_loaded w) (w_told w) (w_requests w)
    (w_said w) (w_traffic w)).
(** The session may have any contents. Its id is a draw of an input that its driver believes was not done, and does not
    wait for. *)
Inductive reaches_late (cfg : config) : late → world → Prop :=
| nothing_late : reaches_late cfg [] nothing_yet
| late_act l w w' r : reaches_late cfg l w → act cfg r w w' → Forall (is_unmet w') l.*2 → reaches_late cfg l w'
| late_create l w i n s : reaches_late cfg l w → (i, NotDone) ∈ t_heard (w_traffic w) → n ∈ d_ids (i_draws i) →
    (∀ r m, (r, m) ∈ t_air (w_traffic w) → s_input m ≠ i) → w_store w !! n = None → is_unmet w n →
    reaches_late cfg ((i, n) :: l) (comes_late i n s w).
(** No other input was given its id. [driver-2] *)
Definition fresh_late (l : late) (w : world) : Prop := fresh_world w ∧
  ∀ i n j, (i, n) ∈ l → j ∈ t_tried (w_traffic w) → n ∈ d_ids (i_draws j) → j = i.
(** The session is as if it were not there: all drivers do what they could have done without it, so each claim about
    drivers applies to that; and its id is told to nobody. A sweep ends it, and so does ending its user's sessions. *)
Definition a_late_create_is_met_by_nobody := ∀ cfg l w, reaches_late cfg l w → fresh_late l w →
  reaches cfg nothing_yet (without_late l w) ∧
  ∀ i n j a path, (i, n) ∈ l → (j, (a, Some (SetCookie n, path))) ∉ w_said w.
