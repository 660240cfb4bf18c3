(** What arrives at the store after its driver has gone on without it, or a second time; and what a driver answers that
    cannot know whether it has arrived: section "After an unknown outcome" of spec/session.md. Five claims about the
    drivers of Drivers.v. *)
From Q Require Export Drivers.

(** ** What could be another's *)

(** A driver without a request, with room for a session. *)
Definition is_idle (cfg : config) (w : world) (r : number) : Prop :=
  doubt_of w r = None ∧ w_requests w !! r = None ∧ below_limits cfg w r ∧ N.of_nat (S (size (w_loaded w r))) < max_sessions cfg.
(** In so many acts it does to the store what this operation does, and to nobody else anything. *)
Definition could_be_of (cfg : config) (r : number) (n : nat) (op : store_op) (w : world) : Prop :=
  ∃ w', alone_acts cfg r n w w' ∧ w_store w' = w_store (write cfg op w) ∧ w_numbers w' = w_numbers (write cfg op w) ∧
    ∀ r0, r0 ≠ r → alone w' r0 = alone w r0.
(** What deletes on no condition but that of a [Discard], a manager could have asked for. So it may arrive at any time:
    once more, or after its driver has stepped the event again, or has given up. [driver-14] *)
Definition asked_again (op : store_op) : option manager_event := match op with
  | OpDelete i | OpDiscard i => Some (DeleteSession i) | OpDeleteHandle h _ => Some (DeleteHandle h)
  | OpDeleteUser u None => Some (DeleteSessionsOf u) | OpDiscardOver _ => Some Sweep | _ => None end.
(** The request of this start that is answered from the load before it. *)
Definition visits (cfg : config) (r : number) (n : id) (i : input) (w : world) : world :=
  let w := loads r n w in let '(st, eff) := step cfg (alone w r) i in hears i (Says (answer_of eff)) (tries i (say i eff (put w r st))).
(** A visit that is noted twice is noted once. And a [DeleteUser] that spares a session of its user, a request of that
    session could have asked for: a start that is no visit, and the same event. If it arrives a second time, it ends what
    has begun since the first, and counts once more; the session that it spares is its user's as long as it is there. *)
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

(** The session that a write in doubt would have updated is gone, or has reached its absolute limit. Whoever steps the
    event again over that is refused, and says that nobody knows; or asks nothing of the store, and gets the answer that
    the write would have given: that is true, whether the write was carried out before the session went, or never will
    be, or arrives after that, as the next claim says. *)
Definition a_gone_session_is_answered_alike := ∀ cfg w r d m n s i st eff, reaches cfg nothing_yet w → fresh_world w →
  doubt_of w r = Some d → m ∈ d_sent d → s_op m = OpUpdate n s → find cfg (i_now i) (store (d_now d)) n = None →
  i_event i = i_event (s_input m) → is_of_driver w r (i_event i) → step cfg (d_now d) i = (st, eff) →
  (∀ why, e_reply eff ≠ Refused why) →
  e_op eff = None ∧ answer_of eff = answer_of (s_effects m) ∧ requests st !! r = requests (s_after m) !! r.

(** ** What arrives after such an answer *)

(** A session that has reached its limit is still there, so that an [Update] under its condition may still arrive. Its driver
    has answered, and that ended the request. For the one machine the request is in doubt until then: so this is a run like
    any other, and each claim about drivers is one about it. *)
(** What is in doubt would update this row: all that was sent is for one event, and compares one revision. *)
Definition would_update (d : doubt) (e : event) (n : id) (k : input) : Prop := (∃ m s, m ∈ d_sent d ∧ s_op m = OpUpdate n s) ∧
  ∀ m, m ∈ d_sent d → i_event (s_input m) = e ∧ s_seen m !! n = Some k.
(** Whenever one looks, what was answered is what came of the event: if a write was carried out, that was its answer; if
    none was, two acts later this is. And what arrives until then changes form tokens of the session, which has reached its
    limit, and nothing else. *)
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
(** Nor does it matter when they come: at a moment at which a session has reached its limit, no step depends on its form
    tokens, whatever the step is, and whatever else is stored. Only a clock that is behind that moment finds the session,
    and then the tokens as well, as soon as they are there. No draw gives one of them again, as session.md assumes. *)
Definition tokens_past_the_limit_are_not_seen := ∀ cfg st n s ts i, store st !! n = Some s →
  too_old cfg (i_now i) s = true → (∀ t, t ∈ tokens s ++ ts → t ∉ d_tokens (i_draws i)) →
  step cfg (with_stored st n (Some (set_tokens s ts))) i =
    let '(st', eff) := step cfg st i in (with_stored st' n ((λ s, set_tokens s ts) <$> store st' !! n), eff).

(** ** What nobody asked for *)

(** A [Create] arrives although its driver has looked for it in vain, and has created another session instead. The input
    of its step, and its id. *)
Notation late := (list (input * id))%type (only parsing).
(** The same world without what came so. *)
Definition but_for (l : late) {A} (m : gmap id A) : gmap id A := filter (λ p, p.1 ∉ l.*2) m.
Definition without_late (l : late) (w : world) : world :=
  World (but_for l (w_store w)) (w_numbers w) (w_loaded w) (w_told w) (w_requests w) (w_said w)
    (let t := w_traffic w in Traffic (but_for l (t_revisions t)) (t_seen t) (t_doubts t) (t_air t) (t_tried t) (t_heard t)).
(** Nobody comes with its id, so no driver loads it, and none steps an event from it. *)
Definition is_unmet (w : world) (n : id) : Prop := (∀ r, w_loaded w r !! n = None) ∧
  (∀ r d, doubt_of w r = Some d → store (d_now d) !! n = None) ∧ ∀ r m, (r, m) ∈ t_air (w_traffic w) → store (s_before m) !! n = None.
Definition comes_late (i : input) (n : id) (s : session) (w : world) : world :=
  revises i (OpCreate n s None None) (World (<[ n := s ]> (w_store w)) (w_numbers w) (w_loaded w) (w_told w) (w_requests w)
    (w_said w) (w_traffic w)).
(** Whatever it has in it: its id is a draw of an input that its driver believes not to be done, and does not wait for. *)
Inductive reaches_late (cfg : config) : late → world → Prop :=
| nothing_late : reaches_late cfg [] nothing_yet
| late_act l w w' r : reaches_late cfg l w → act cfg r w w' → Forall (is_unmet w') l.*2 → reaches_late cfg l w'
| late_create l w i n s : reaches_late cfg l w → (i, NotDone) ∈ t_heard (w_traffic w) → n ∈ d_ids (i_draws i) →
    (∀ r m, (r, m) ∈ t_air (w_traffic w) → s_input m ≠ i) → w_store w !! n = None → is_unmet w n →
    reaches_late cfg ((i, n) :: l) (comes_late i n s w).
(** No other input was given its id. [driver-2] *)
Definition fresh_late (l : late) (w : world) : Prop := fresh_world w ∧
  ∀ i n j, (i, n) ∈ l → j ∈ t_tried (w_traffic w) → n ∈ d_ids (i_draws j) → j = i.
(** It is as if it were not there: all the others do what they could have done without it, so that each claim about
    drivers is one about that; and nobody is ever told its id. A sweep ends it, and whoever ends its user. *)
Definition a_late_create_is_met_by_nobody := ∀ cfg l w, reaches_late cfg l w → fresh_late l w →
  reaches cfg nothing_yet (without_late l w) ∧
  ∀ i n j a path, (i, n) ∈ l → (j, (a, Some (SetCookie n, path))) ∉ w_said w.
