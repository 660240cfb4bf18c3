(** Drivers of an outside store: section "driver" of spec/session.md. There is any number of requests. Each has its own
    state, which holds what its driver has loaded. There is one store, which carries out an operation if its condition
    holds. The store may fail, for any time; it may carry out an operation and not say so, or do so long after the
    operation was sent. The claim is that all of them together do what the one machine of Model.v would do. *)
From stdpp Require Export functions.
From Q Require Export Claims.

Notation answer := (reply * option transaction * option (cookie_change * text))%type (only parsing).
(** What a driver says about an input: an answer, that nothing was done, or that the outcome is unknown. *)
Inductive verdict := Says (a : answer) | NotDone | Unknown.
(** A write that was sent and not acknowledged: the step, with the states before and after it, the operation, and the
    revisions of the loaded rows. The revision of a row is the input of the write that wrote it, so no two writes have
    the same. *)
Record sent := Sent {
  s_input : input; s_before : state; s_after : state; s_effects : effects; s_op : store_op; s_seen : gmap id input }.
(** A driver in doubt, which waits for such a write: the state from which it would step the event again, with the
    revisions of what is loaded there, and what it has sent so far, the newest first. *)
Record doubt := Doubt { d_now : state; d_seen : gmap id input; d_sent : list sent }.
(** The revisions of the rows; for each driver, the revisions that it has loaded, and its doubt, if it is in one; the
    writes that may still arrive, each with its driver; the inputs that were stepped; and what the drivers said about
    inputs. *)
Record traffic := Traffic {
  t_revisions : gmap id input; t_seen : number → gmap id input; t_doubts : number → option doubt;
  t_air : list (number * sent); t_tried : list input; t_heard : list (input * verdict) }.
(** The store, with the number of ends of each user; for each request, what its driver has loaded, the numbers that it
    was told, and the request itself; and what was carried out, with its answers, the newest first. For a request in
    doubt this is what is true, which its driver knows only if it looks. *)
Record world := World {
  w_store : gmap id session; w_numbers : gmap text N;
  w_loaded : number → gmap id session; w_told : number → gmap text N; w_requests : gmap number request;
  w_said : list (input * answer); w_traffic : traffic }.
Definition nothing_yet := World ∅ ∅ (λ _, ∅) (λ _, ∅) ∅ [] (Traffic ∅ (λ _, ∅) (λ _, None) [] [] []).
Definition number_of (w : world) (u : text) : N := default 0 (w_numbers w !! u).

(** The state of one request, and the same world with another state for it. [driver-18] *)
Definition alone (w : world) (r : number) : state :=
  State (w_loaded w r) (match w_requests w !! r with Some q => {[ r := q ]} | None => ∅ end) (w_told w r).
Definition put (w : world) (r : number) (st : state) : world :=
  World (w_store w) (w_numbers w) (<[ r := store st ]> (w_loaded w)) (<[ r := generations st ]> (w_told w))
    (partial_alter (λ _, requests st !! r) r (w_requests w)) (w_said w) (w_traffic w).
Definition answer_of (eff : effects) : answer := (e_reply eff, e_tx eff, e_cookie eff).
(** The order is: store, transaction, cookie, answer. [driver-1] *)
Definition say (i : input) (eff : effects) (w : world) : world :=
  World (w_store w) (w_numbers w) (w_loaded w) (w_told w) (w_requests w) ((i, answer_of eff) :: w_said w)
    (w_traffic w).

(** ** The store outside *)

(** The later of the noted accesses. [driver-7] *)
Definition later (o : option session) (s : session) : session :=
  match o with Some o => set_accessed s (N.max (accessed s) (accessed o)) | None => s end.
Definition with_later (m : gmap id session) (op : store_op) : store_op :=
  match op with
  | OpUpdate i s => OpUpdate i (later (m !! i) s)
  | OpRotate from to s g => OpRotate from to (later (m !! from) s) g
  | op => op end.
(** An operation, in one atomic act, which is judged by what is in the store. [driver-9] [driver-12] [driver-13] *)
Definition write (cfg : config) (op : store_op) (w : world) : world :=
  World (carry_out cfg (Some (with_later (w_store w) op)) (w_store w))
    (match op with OpDeleteUser u _ => <[ u := N.succ (number_of w u) ]> (w_numbers w) | _ => w_numbers w end)
    (w_loaded w) (w_told w) (w_requests w) (w_said w) (w_traffic w).

(** The stored session is the loaded one, apart from the noted access; or completely. *)
Definition is_still (w : world) (r : number) (i : id) : Prop :=
  (λ s, set_accessed s 0) <$> (w_store w !! i) = (λ s, set_accessed s 0) <$> (w_loaded w r !! i).
Definition is_as_loaded (w : world) (r : number) (i : id) : Prop := w_store w !! i = w_loaded w r !! i.
Definition numbered (w : world) (u : option text) (g : option N) : Prop :=
  match g, u with Some n, Some u => number_of w u = n | Some _, None => False | None, _ => True end.
(** The condition of an operation. [driver-3] [driver-4] [driver-5] [driver-6] [driver-8] [driver-10] [driver-14] *)
Definition holds (w : world) (r : number) (op : store_op) : Prop :=
  match op with
  | OpCreate i s g _ => w_store w !! i = None ∧ numbered w (user s) g
  | OpUpdate i _ => is_still w r i
  | OpRotate from to s g => is_still w r from ∧ w_store w !! to = None ∧ numbered w (user s) g
  | OpDiscard i => is_as_loaded w r i
  | OpDeleteUser _ (Some i) => is_still w r i
  | OpTouch _ _ | OpDelete _ | OpDeleteUser _ None | OpDeleteHandle _ _ | OpDiscardOver _ => True end.

(** ** What an answer rests on *)

(** The user of the login that is not saved yet was not ended, and the driver was told so. [driver-11] *)
Definition is_told (w : world) (r : number) (u : text) : Prop := w_told w r !! u = Some (number_of w u).
Definition login_stands (w : world) (r : number) : Prop := ∀ q u t n, w_requests w !! r = Some q →
  c_login (own q) = Some (Login (Some u) t (Some n)) → n = number_of w u ∧ is_told w r u.
Definition looks_at (w : world) (e : event) : option id :=
  match e with
  | StartRequest _ c _ _ _ => cookie_id c
  | OfRequest r (HasSessionCookie _) => w_requests w !! r ≫= λ q, cookie_id (r_cookie q)
  | OfRequest r _ => w_requests w !! r ≫= held_id
  | OfManager (DeleteSession i) => Some i
  | OfManager _ => None end.
(** Whether an answer without an operation rests on what is stored. Other answers rest on what the request itself
    brought or did, or on what no write of others could change. [driver-17] *)
Definition rests_on_load (w : world) (e : event) (r : reply) : bool :=
  match r with
  | Refused (UnknownToken | UnknownSession | UnknownKey | SessionGone | ValueChanged | WouldOrphan | TooManyValues
            | TooManySessions | EntropyUsedUp) => true
  | Refused _ => false
  | _ =>
      match e with
      | StartRequest _ _ _ _ _ | OfManager _ => true
      | OfRequest _ (HasSessionCookie must_exist) => must_exist
      | OfRequest _ (CreateFormToken | ExpireOtherSessions | ExpireHandle _) => true
      | OfRequest r (FinishRequest (Successful | Interrupted)) =>
          match w_requests w !! r with Some q => negb (is_none (c_login (own q))) | None => false end
      | OfRequest _ _ => false end
  end.
(** Such an answer is final if what was loaded is what is stored: its moment is that of the load. If the driver is told
    a number after the load, and nothing has changed by then, nothing had changed at the load either. [driver-11]
    [driver-17] *)
Definition is_final (w : world) (r : number) (e : event) (rep : reply) : Prop :=
  (rests_on_load w e rep = true → login_stands w r ∧ ∀ i, looks_at w e = Some i → is_as_loaded w r i) ∧
  ∀ u, e = OfRequest r (SetUser (Some u)) → is_told w r u.

(** ** What a state of one session cannot see: the premises of the claims, by name *)

(** How many sessions and requests there are. *)
Definition below_limits (cfg : config) (w : world) (r : number) : Prop :=
  N.of_nat (size (w_store w)) < max_sessions cfg ∧ N.of_nat (size (w_loaded w r)) < max_sessions cfg ∧
  N.of_nat (size (w_requests w)) < max_requests cfg.
(** What happens to a session between the load of a start and the note of its access. *)
Definition touches_in_time (w : world) (r : number) (op : store_op) : Prop :=
  match op with OpTouch i _ => is_as_loaded w r i | _ => True end.
(** Whether the user of a login was ended, if the session is left without info because the user is the empty text. *)
Definition discards_in_time (w : world) (r : number) (op : store_op) : Prop :=
  match op with OpDiscard _ => login_stands w r | _ => True end.
(** Whether the user who ends other sessions is logged in when that is carried out. *)
Definition ends_in_time (w : world) (r : number) (e : event) : Prop := match e with
  | OfRequest _ (ExpireOtherSessions | ExpireHandle _) =>
      login_stands w r ∧ ∀ i, looks_at w e = Some i → is_Some (w_loaded w r !! i) → is_Some (w_store w !! i)
  | _ => True end.

(** ** Writes that nobody has acknowledged *)

Definition notes (f : traffic → traffic) (w : world) : world :=
  World (w_store w) (w_numbers w) (w_loaded w) (w_told w) (w_requests w) (w_said w) (f (w_traffic w)).
Definition tries (i : input) := notes (λ t,
  Traffic (t_revisions t) (t_seen t) (t_doubts t) (t_air t) (i :: t_tried t) (t_heard t)).
Definition hear_all (l : list (input * verdict)) := notes (λ t,
  Traffic (t_revisions t) (t_seen t) (t_doubts t) (t_air t) (t_tried t) (l ++ t_heard t)).
Definition hears (i : input) (v : verdict) := hear_all [(i, v)].
Definition doubts (r : number) (d : option doubt) := notes (λ t,
  Traffic (t_revisions t) (t_seen t) (<[ r := d ]> (t_doubts t)) (t_air t) (t_tried t) (t_heard t)).
Definition doubt_of (w : world) (r : number) : option doubt := t_doubts (w_traffic w) r.
Definition seen_by (r : number) (m : gmap id input) := notes (λ t,
  Traffic (t_revisions t) (<[ r := m ]> (t_seen t)) (t_doubts t) (t_air t) (t_tried t) (t_heard t)).
Definition is_sent (r : number) (m : sent) := notes (λ t,
  Traffic (t_revisions t) (t_seen t) (t_doubts t) ((r, m) :: t_air t) (t_tried t) (t_heard t)).
(** Nothing that this driver has sent arrives any more. *)
Definition silences (r : number) := notes (λ t,
  Traffic (t_revisions t) (t_seen t) (t_doubts t) (filter (λ p, p.1 ≠ r) (t_air t)) (t_tried t) (t_heard t)).

(** The row that an operation writes. Deleted rows and noted visits have no revision. *)
Definition written_by (op : store_op) : option id :=
  match op with OpCreate i _ _ _ | OpUpdate i _ | OpRotate _ i _ _ => Some i | _ => None end.
Definition revises (i : input) (op : store_op) := notes (λ t,
  Traffic (match written_by op with Some n => <[ n := i ]> (t_revisions t) | None => t_revisions t end)
    (t_seen t) (t_doubts t) (t_air t) (t_tried t) (t_heard t)).
Definition revision (w : world) (n : id) : option input := w_store w !! n ≫= λ _, t_revisions (w_traffic w) !! n.
Definition with_revision (w : world) (n : id) : gmap id input → gmap id input := partial_alter (λ _, revision w n) n.
Definition sees (r : number) (n : id) (w : world) : world := seen_by r (with_revision w n (t_seen (w_traffic w) r)) w.
Definition sees_written (r : number) (op : store_op) (w : world) : world :=
  match written_by op with Some n => sees r n w | None => w end.

(** Whether a store that compares revisions, instead of contents, finds another revision. *)
Definition is_rewritten_since (seen : gmap id input) (w : world) (op : store_op) : Prop := match op with
  | OpUpdate i _ | OpRotate i _ _ _ | OpDiscard i | OpDeleteUser _ (Some i) => revision w i ≠ seen !! i
  | _ => False end.
Definition is_rewritten (w : world) (r : number) : store_op → Prop := is_rewritten_since (t_seen (w_traffic w) r) w.
(** What a driver believes; in doubt, the state from which it would step again. *)
Definition believed (w : world) (r : number) : state := match doubt_of w r with Some d => d_now d | None => alone w r end.
Definition seen (w : world) (r : number) : gmap id input :=
  match doubt_of w r with Some d => d_seen d | None => t_seen (w_traffic w) r end.
Definition sent_by (w : world) (r : number) : list sent := match doubt_of w r with Some d => d_sent d | None => [] end.
(** The row that a condition compares, if each write under that condition changes the revision of the row or removes it.
    *)
Definition compared (op : store_op) : option id :=
  match op with OpUpdate i _ | OpRotate i _ _ _ | OpDiscard i => Some i | _ => None end.
(** Two writes under one condition: at most one of them can be carried out. *)
Definition same_condition (m m' : sent) : Prop := ∃ n k, compared (s_op m) = Some n ∧ compared (s_op m') = Some n ∧
  s_seen m !! n = Some k ∧ s_seen m' !! n = Some k.
(** A write arrives once, while its driver waits for it and has sent nothing else; or, where the store compares
    revisions, at any time and however often. *)
Definition may_arrive (w : world) (r : number) (m : sent) : Prop :=
  sent_by w r = [m] ∧ s_input m ∉ (w_said w).*1 ∨
  ∃ n k, compared (s_op m) = Some n ∧ s_seen m !! n = Some k ∧ revision w n = Some k.
(** How a driver knows that its own write was carried out: the row is there, with the revision of that write. The
    contents of the row prove nothing. [driver-21] *)
Definition is_found (w : world) (m : sent) : Prop := ∃ n, written_by (s_op m) = Some n ∧ revision w n = Some (s_input m).
(** How it knows that the write was not carried out: the row of an update is as it was, what would have been deleted is
    there, or what would have been created is not. [driver-21] *)
Definition is_missed (w : world) (m : sent) : Prop := match s_op m with
  | OpUpdate i _ => is_Some (revision w i) ∧ revision w i = s_seen m !! i
  | OpDiscard i | OpRotate i _ _ _ => is_Some (w_store w !! i)
  | OpCreate i _ _ _ => w_store w !! i = None
  | _ => False end.
(** What happens to a session between its [Create] and the look for it. *)
Definition looks_in_time (w : world) (m : sent) : Prop :=
  match s_op m with OpCreate i _ _ _ => s_input m ∈ (w_said w).*1 → is_Some (w_store w !! i) | _ => True end.
(** The write was not carried out, and never will be, as the row that it compares is gone or has another revision. Its
    driver does not know that it was not carried out and need not know, as DriversLate.v shows. *)
Definition is_lost (w : world) (m : sent) : Prop := s_input m ∉ (w_said w).*1 ∧ is_rewritten_since (s_seen m) w (s_op m).

(** ** Drivers *)

Definition loads (r : number) (n : id) (w : world) : world :=
  sees r n (put w r (with_stored (alone w r) n (w_store w !! n))).
Definition tells (r : number) (u : text) (w : world) : world :=
  put w r (with_generation (alone w r) u (number_of w u)).                                  (* [driver-11] *)
(** The same for the state from which a driver in doubt would step again. *)
Definition reloads (r : number) (d : doubt) (n : id) (w : world) : world :=
  doubts r (Some (Doubt (with_stored (d_now d) n (w_store w !! n)) (with_revision w n (d_seen d)) (d_sent d))) w.
Definition retells (r : number) (d : doubt) (u : text) (w : world) : world :=
  doubts r (Some (Doubt (with_generation (d_now d) u (number_of w u)) (d_seen d) (d_sent d))) w.
(** An event of this request, or of a manager that has none. *)
Definition is_of_driver (w : world) (r : number) (e : event) : Prop :=
  actor e = Some r ∨ actor e = None ∧ w_requests w !! r = None.
(** A step from this state with an operation, whose condition holds, that is carried out. *)
Definition carries_out (cfg : config) (w : world) (r : number) (i : input) (st : state) (eff : effects) (op : store_op) : Prop :=
  is_of_driver w r (i_event i) ∧ below_limits cfg w r ∧ step cfg (alone w r) i = (st, eff) ∧ e_op eff = Some op ∧
  holds w r op ∧ touches_in_time w r op ∧ discards_in_time w r op ∧ ends_in_time w r (i_event i).
Definition after (cfg : config) (w : world) (r : number) (i : input) (st : state) (eff : effects) (op : store_op) : world :=
  revises i op (say i eff (put (write cfg op w) r st)).
(** What is believed from now on, for certain. *)
Definition settles (r : number) (d : doubt) (st : state) (w : world) : world :=
  doubts r None (seen_by r (d_seen d) (put w r st)).
(** After a failure of the store the request is abandoned, if it is open. Then no state is left that would have to be
    told what is stored. [driver-22] [driver-23] *)
Definition gives_up (cfg : config) (j : input) (r : number) (w : world) : world :=
  put match w_requests w !! r with
      | Some _ => let '(st, eff) := step cfg (alone w r) j in
          hears j (Says (answer_of eff)) (tries j (say j eff (put w r st)))
      | None => w end r init.

(** What may happen next to the driver of this request. It loads at any time; what counts is what holds when it writes
    or answers. While the store is down, nothing happens that needs its answer. *)
Inductive act (cfg : config) (r : number) (w : world) : world → Prop :=
| Loads n : doubt_of w r = None → act cfg r w (loads r n w)
| Tells u : doubt_of w r = None → act cfg r w (tells r u w)
| Answers i st eff : doubt_of w r = None → is_of_driver w r (i_event i) → below_limits cfg w r →
    step cfg (alone w r) i = (st, eff) → e_op eff = None → is_final w r (i_event i) (e_reply eff) →
    act cfg r w (hears i (Says (answer_of eff)) (tries i (say i eff (put w r st))))
| Writes i st eff op : doubt_of w r = None → carries_out cfg w r i st eff op →
    act cfg r w (hears i (Says (answer_of eff)) (tries i (sees_written r op (after cfg w r i st eff op))))
(** A write that is acknowledged was refused, and nothing was written. [driver-15] [driver-16] [driver-20] *)
| Loses i op : doubt_of w r = None → is_of_driver w r (i_event i) → e_op (step cfg (alone w r) i).2 = Some op →
    ¬ holds w r op ∨ is_rewritten w r op → act cfg r w (hears i NotDone (tries i w))
(** The store fails: a load, or a write that was certainly not carried out. [driver-21] *)
| Fails i j : doubt_of w r = None → is_of_driver w r (i_event i) → below_limits cfg w r →
    i_event j = OfRequest r (FinishRequest Abandoned) → act cfg r w (hears i NotDone (gives_up cfg j r (tries i w)))
(** The acknowledgement does not come. The driver may then step the event again, from what it has loaded since, and send
    another write under the same condition, whose acknowledgement need not come either. [driver-16] *)
| Sends i st eff op : is_of_driver w r (i_event i) → step cfg (believed w r) i = (st, eff) → e_op eff = Some op →
    let m := Sent i (believed w r) st eff op (seen w r) in Forall (same_condition m) (sent_by w r) →
    act cfg r w (doubts r (Some (Doubt (believed w r) (seen w r) (m :: sent_by w r))) (is_sent r m (tries i w)))
(** The store carries the write out sooner or later, or never. By then its driver may have looked, sent another one, or
    given up. *)
| Arrives m : (r, m) ∈ t_air (w_traffic w) → may_arrive w r m →
    carries_out cfg (put w r (s_before m)) r (s_input m) (s_after m) (s_effects m) (s_op m) →
    act cfg r w (after cfg w r (s_input m) (s_after m) (s_effects m) (s_op m))
| Reloads d n : doubt_of w r = Some d → act cfg r w (reloads r d n w)
| Retells d u : doubt_of w r = Some d → act cfg r w (retells r d u w)
(** The driver looks for its write, and finds its own revision; or the write is acknowledged after all; or it was sent
    once more, and that is acknowledged. No other write that the driver has sent is carried out. *)
| Finds d l m l' : doubt_of w r = Some d → d_sent d = l ++ m :: l' → is_found w m ∨ s_input m ∈ (w_said w).*1 →
    act cfg r w (hear_all ((s_input m, Says (answer_of (s_effects m))) :: ((λ m, (s_input m, NotDone)) <$> l ++ l'))
      (sees_written r (s_op m) (settles r d (s_after m) w)))
(** Or it learns that none was carried out, and none arrives any more. *)
| Misses d : doubt_of w r = Some d → Forall (λ m, is_missed w m ∧ looks_in_time w m ∨ is_lost w m) (d_sent d) →
    act cfg r w (hear_all ((λ m, (s_input m, NotDone)) <$> d_sent d) (silences r (settles r d (d_now d) w)))
(** The outcome is unknown, as the row that would show it is gone or cannot be read. The answer says only that.
    [driver-21] *)
| Despairs d : doubt_of w r = Some d → act cfg r w (hear_all ((λ m, (s_input m, Unknown)) <$> d_sent d) w)
(** What was sent may still arrive. For the one machine the request is open until it arrives, or cannot arrive any more.
    *)
| Forgets d j : doubt_of w r = Some d → Forall (λ m, (s_input m, Unknown) ∈ t_heard (w_traffic w)) (d_sent d) →
    below_limits cfg w r → i_event j = OfRequest r (FinishRequest Abandoned) →
    act cfg r w (silences r (doubts r None (gives_up cfg j r w))).
Inductive reaches (cfg : config) : world → world → Prop :=
| reaches_here w : reaches cfg w w
| reaches_next w w' w'' r : reaches cfg w w' → act cfg r w' w'' → reaches cfg w w''.

(** A request as the one machine has it. That machine ends a login as soon as its user is ended, so it needs no number
    for the login. *)
Definition as_whole (numbers : gmap text N) (q : request) : request :=
  match c_login (own q) with
  | Some (Login (Some u) t (Some n)) =>
      set_own q (held q) (Changes (Some (Login (Some u) t (if n =? default 0 (numbers !! u) then Some 0 else None)))
        (c_keeps (own q)) (c_renews (own q)) (c_values (own q)) (c_guards (own q)) (c_tokens (own q)))
  | _ => q end.
(** No two inputs have the same draws. [driver-2] *)
Definition fresh_inputs (l : list (input * answer)) : Prop :=
  NoDup (l ≫= λ p, d_ids (i_draws p.1)) ∧ NoDup (l ≫= λ p, d_tokens (i_draws p.1)) ∧
  NoDup (l ≫= λ p, [d_handle (i_draws p.1)]).
(** The same for the inputs whose write may not have been carried out. *)
Definition fresh_world (w : world) : Prop := fresh_inputs (w_said w) ∧ NoDup (t_tried (w_traffic w)).

(** Any number of drivers leave what one state with everything in it would leave after the same inputs. Inputs count in
    the order in which they were carried out; if an answer rests on a load, the moment of the load counts. That makes a
    run from the first state on, so each theorem about runs is also one about drivers. A write in doubt, too, was done
    as a whole or not at all. [driver-18] *)
Definition drivers_refine_the_machine := ∀ cfg w, reaches cfg nothing_yet w → fresh_world w →
  ∃ h st, fair_run cfg h st ∧ store st = w_store w ∧ requests st = as_whole (w_numbers w) <$> w_requests w ∧
    (λ o, (o_in o, answer_of (o_eff o))) <$> h = w_said w.

(** No input is carried out twice, and what a driver says is true. An answer is the answer of the one machine. What the
    driver says was not done was not done, and never will be. If an input was carried out, its answer is given, unless
    the outcome is unknown, or the driver is still in doubt. [driver-15] [driver-21] *)
Definition what_is_told_is_true := ∀ cfg w i, reaches cfg nothing_yet w → fresh_world w →
  NoDup (w_said w).*1 ∧
  (∀ a, (i, Says a) ∈ t_heard (w_traffic w) → (i, a) ∈ w_said w) ∧
  ((i, NotDone) ∈ t_heard (w_traffic w) → i ∉ (w_said w).*1) ∧
  (∀ a, (i, a) ∈ w_said w → (i, Says a) ∈ t_heard (w_traffic w) ∨ (i, Unknown) ∈ t_heard (w_traffic w) ∨
    ∃ r m, m ∈ sent_by w r ∧ s_input m = i).

(** A look is not mistaken. The write that it finds was carried out, with that answer, and the request is as its driver
    then believes. The write that it misses was not carried out. An event that is stepped again is done only once: of
    all its writes at most one was carried out, and if all are missed, the request is as before. [driver-16] [driver-21]
    *)
Definition a_look_is_not_mistaken := ∀ cfg w r d, reaches cfg nothing_yet w → fresh_world w → doubt_of w r = Some d →
  (∀ m, m ∈ d_sent d → is_found w m →
    (s_input m, answer_of (s_effects m)) ∈ w_said w ∧ w_requests w !! r = requests (s_after m) !! r) ∧
  (∀ m, m ∈ d_sent d → is_missed w m → looks_in_time w m → s_input m ∉ (w_said w).*1) ∧
  (∀ m m', m ∈ d_sent d → m' ∈ d_sent d → s_input m ∈ (w_said w).*1 → s_input m' ∈ (w_said w).*1 → m = m') ∧
  (Forall (λ m, s_input m ∉ (w_said w).*1) (d_sent d) →
    as_whole (w_numbers w) <$> w_requests w !! r = as_whole (w_numbers w) <$> requests (d_now d) !! r).

(** At most this many acts of one driver, while nobody else does anything. *)
Inductive alone_acts (cfg : config) (r : number) : nat → world → world → Prop :=
| alone_rests n w : alone_acts cfg r n w w
| alone_goes_on n w w' w'' : act cfg r w w' → alone_acts cfg r n w' w'' → alone_acts cfg r (S n) w w''.

(** Whatever happened to its events, an open request can be ended at once, as failed or abandoned: this asks nothing of
    the store, succeeds, and leaves the store as it is. If a write is in doubt, the outcome is unknown, and the request
    is abandoned. [driver-19] [driver-23] *)
Definition can_always_be_ended := ∀ cfg w r i o, below_limits cfg w r →
  i_event i = OfRequest r (FinishRequest o) → o = Failed ∨ o = Abandoned →
  (doubt_of w r = None → ∀ q, w_requests w !! r = Some q → let '(st, eff) := step cfg (alone w r) i in
    let w' := hears i (Says (answer_of eff)) (tries i (say i eff (put w r st))) in
    act cfg r w w' ∧ w_requests w' !! r = None ∧ e_reply eff = Done ∧ w_store w' = w_store w) ∧
  (o = Abandoned → ∀ d, doubt_of w r = Some d → ∃ w', alone_acts cfg r 2 w w' ∧ w_requests w' !! r = None ∧
    doubt_of w' r = None ∧ w_store w' = w_store w ∧ ∀ m, m ∈ d_sent d → (s_input m, Unknown) ∈ t_heard (w_traffic w')).

(** The driver has just loaded what the event looks at, and was told the number of its login. *)
Definition just_loaded (w : world) (r : number) (e : event) : Prop :=
  login_stands w r ∧ ∀ i, looks_at w e = Some i → is_as_loaded w r i.
(** This input, which may never be answered, has ids that no other input has. *)
Definition fresh_with (i : input) (w : world) : Prop :=
  fresh_world w ∧ ∀ n, n ∈ d_ids (i_draws i) → n ∉ w_said w ≫= λ p, d_ids (i_draws p.1).
(** If the store answers and nobody interferes, one turn is enough: after a load each event is answered, or its
    operation is carried out. *)
Definition one_turn_is_enough := ∀ cfg w r i, reaches cfg nothing_yet w → fresh_with i w → doubt_of w r = None →
  is_of_driver w r (i_event i) → below_limits cfg w r → just_loaded w r (i_event i) →
  (∀ u, i_event i = OfRequest r (SetUser (Some u)) → is_told w r u) →
  ∃ w', act cfg r w w' ∧
    t_heard (w_traffic w') = (i, Says (answer_of (step cfg (alone w r) i).2)) :: t_heard (w_traffic w).
(** So an event is done after a load, two numbers and a write, and the answer is what the machine then answers. *)
Definition prepares (r : number) (e : event) (w : world) : world :=
  let w := match looks_at w e with Some n => loads r n w | None => w end in
  let w := match w_requests w !! r ≫= λ q, c_login (own q) with
           | Some (Login (Some u) _ (Some _)) => tells r u w | _ => w end in
  match e with OfRequest _ (SetUser (Some u)) => tells r u w | _ => w end.
Definition four_acts_are_enough := ∀ cfg w r i, reaches cfg nothing_yet w → fresh_with i w →
  doubt_of w r = None → is_of_driver w r (i_event i) → below_limits cfg w r →
  N.of_nat (S (size (w_loaded w r))) < max_sessions cfg → let w1 := prepares r (i_event i) w in
  alone_acts cfg r 3 w w1 ∧ ∃ w2, act cfg r w1 w2 ∧
    t_heard (w_traffic w2) = (i, Says (answer_of (step cfg (alone w1 r) i).2)) :: t_heard (w_traffic w).

(** Nor does a doubt last while nobody else writes to the row. The driver finds what it has sent; or it loads, is told a
    number, and steps the event again, and that write is carried out and acknowledged. *)
Definition refreshed (w : world) (r : number) (n : id) (s : state) : state :=
  let s := with_stored s n (w_store w !! n) in
  match requests s !! r ≫= λ q, c_login (own q) with
  | Some (Login (Some u) _ (Some _)) => with_generation s u (number_of w u) | _ => s end.
Definition five_acts_end_a_doubt := ∀ cfg w r d, reaches cfg nothing_yet w → doubt_of w r = Some d →
  (∀ m, m ∈ d_sent d → is_found w m → ∃ w', act cfg r w w' ∧ doubt_of w' r = None ∧
    (s_input m, Says (answer_of (s_effects m))) ∈ t_heard (w_traffic w')) ∧
  (∀ i n k op, let s := refreshed w r n (d_now d) in fresh_with i w → is_of_driver w r (i_event i) →
    (∀ m, m ∈ d_sent d → compared (s_op m) = Some n ∧ s_seen m !! n = Some k) → revision w n = Some k →
    below_limits cfg (put w r s) r → e_op (step cfg s i).2 = Some op → compared op = Some n →
    ∃ w', alone_acts cfg r 5 w w' ∧ doubt_of w' r = None ∧ (i, Says (answer_of (step cfg s i).2)) ∈ t_heard (w_traffic w')).

(** Others load, answer, write and are in doubt, while the state of one request stays as it is. The request's own driver
    may have tried in vain. *)
Inductive meanwhile (cfg : config) (r : number) : world → world → Prop :=
| meanwhile_nothing w : meanwhile cfg r w w
| meanwhile_others w w' w'' r1 : meanwhile cfg r w w' → act cfg r1 w' w'' → r1 ≠ r → meanwhile cfg r w w''
| meanwhile_own w w' w'' : meanwhile cfg r w w' → act cfg r w' w'' →
    alone w'' r = alone w' r → w_said w'' = w_said w' → meanwhile cfg r w w''.
(** If the condition of an operation does not hold, an operation of another driver was carried out since the load. It is
    never the driver's own write, whose outcome it does not know. [driver-15] *)
Definition a_lost_race_means_another_won := ∀ cfg w w' r i op, reaches cfg nothing_yet w → fresh_with i w →
  is_of_driver w r (i_event i) → just_loaded w r (i_event i) → meanwhile cfg r w w' →
  e_op (step cfg (alone w' r) i).2 = Some op →
  ¬ holds w' r op ∨ is_rewritten w' r op ∧ (∀ n, looks_at w (i_event i) = Some n →
    revision w n = t_seen (w_traffic w) r !! n ∧ t_seen (w_traffic w') r !! n = t_seen (w_traffic w) r !! n) →
  ∃ w1 w2 r1 i1 st1 eff1 op1 s, r1 ≠ r ∧ meanwhile cfg r w w1 ∧ carries_out cfg (put w1 r1 s) r1 i1 st1 eff1 op1 ∧
    act cfg r1 w1 w2 ∧ w_store w2 = w_store (write cfg op1 w1) ∧ w_said w2 = (i1, answer_of eff1) :: w_said w1 ∧
    meanwhile cfg r w2 w'.
