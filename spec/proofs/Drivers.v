(** Drivers of a store outside: section "driver" of spec/session.md. Any number of requests, each with a state of its
    own that holds what its driver has loaded, over one store that carries out an operation if its condition holds. The
    store may fail, for as long as it likes, and it may carry out an operation and not say so.
    The claim is that all of them together are the one machine of Model.v. *)
From stdpp Require Export functions.
From Q Require Export Claims.

Notation answer := (reply * option transaction * option (cookie_change * text))%type (only parsing).
(** What a driver keeps of an operation of which it does not know whether it was carried out: the step, with the state
    before it and after it, the operation, the mark of its row if it was carried out, and the mark that the row had when
    it was loaded. *)
Record doubt := Doubt {
  d_input : input; d_before : state; d_after : state; d_effects : effects; d_op : store_op;
  d_mark : N; d_compared : option N }.
(** What a call of the application comes to: an answer of the machine; or that nothing was done, for the store failed;
    or that nobody knows. *)
Inductive word := Answered (a : answer) | StoreFailed | Unknown.
(** Beside the sessions: the mark of each row, which tells who wrote it, for no two writes have the same, and how many
    marks were given; for each request the marks that its driver has loaded, and its doubt, if it is in one; the inputs of
    what was not carried out, which nobody sees; and what each call came to. *)
Record beside := Beside {
  b_marks : gmap id N; b_given : N; b_seen : number → gmap id N; b_doubts : gmap number doubt;
  b_vain : list input; b_heard : list (input * word) }.
(** The store, with the number of ends of each user; for each request what its driver has loaded, the numbers that it
    was told, and the request itself; and what was done, with its answer, the newest first. Of a request in doubt it is
    what is true, which its driver knows only if it looks. *)
Record world := World {
  w_store : gmap id session; w_numbers : gmap text N;
  w_loaded : number → gmap id session; w_told : number → gmap text N; w_requests : gmap number request;
  w_said : list (input * answer); w_beside : beside }.
Definition nothing_yet := World ∅ ∅ (λ _, ∅) (λ _, ∅) ∅ [] (Beside ∅ 0 (λ _, ∅) ∅ [] []).
Definition marks (w : world) := b_marks (w_beside w).
Definition mark_of (w : world) (i : id) : option N := w_store w !! i ≫= λ _, marks w !! i.
Definition doubts (w : world) := b_doubts (w_beside w).
Definition heard (w : world) := b_heard (w_beside w).
Definition number_of (w : world) (u : text) : N := default 0 (w_numbers w !! u).

(** The state of one request, and the same world with another one. [driver-18] *)
Definition alone (w : world) (r : number) : state :=
  State (w_loaded w r) (match w_requests w !! r with Some q => {[ r := q ]} | None => ∅ end) (w_told w r).
Definition put (w : world) (r : number) (st : state) : world :=
  World (w_store w) (w_numbers w) (<[ r := store st ]> (w_loaded w)) (<[ r := generations st ]> (w_told w))
    (partial_alter (λ _, requests st !! r) r (w_requests w)) (w_said w) (w_beside w).
Definition answer_of (eff : effects) : answer := (e_reply eff, e_tx eff, e_cookie eff).
(** The order is: store, transaction, cookie, answer. [driver-1] *)
Definition say (i : input) (eff : effects) (w : world) : world :=
  World (w_store w) (w_numbers w) (w_loaded w) (w_told w) (w_requests w) ((i, answer_of eff) :: w_said w)
    (w_beside w).
Definition with_beside (w : world) (b : beside) : world :=
  World (w_store w) (w_numbers w) (w_loaded w) (w_told w) (w_requests w) (w_said w) b.
(** What a call came to. *)
Definition hear (i : input) (what : word) (w : world) : world := let b := w_beside w in
  with_beside w (Beside (b_marks b) (b_given b) (b_seen b) (b_doubts b) (b_vain b) ((i, what) :: b_heard b)).
(** A driver notes the mark of a row. *)
Definition note (r : number) (i : id) (w : world) : world := let b := w_beside w in
  with_beside w (Beside (b_marks b) (b_given b) (<[ r := partial_alter (λ _, mark_of w i) i (b_seen b r) ]> (b_seen b))
    (b_doubts b) (b_vain b) (b_heard b)).
(** A driver is in doubt, or no longer. *)
Definition set_doubt (r : number) (x : option doubt) (w : world) : world := let b := w_beside w in
  with_beside w (Beside (b_marks b) (b_given b) (b_seen b) (partial_alter (λ _, x) r (b_doubts b)) (b_vain b) (b_heard b)).
(** Nothing came of an input; if it was for an operation, its mark is given all the same. *)
Definition in_vain (i : input) (w : world) : world := let b := w_beside w in
  with_beside w (Beside (b_marks b) (N.succ (b_given b)) (b_seen b) (b_doubts b) (i :: b_vain b) (b_heard b)).

(** ** The store outside *)

(** The later of the noted accesses. [driver-7] *)
Definition later (o : option session) (s : session) : session :=
  match o with Some o => set_accessed s (N.max (accessed s) (accessed o)) | None => s end.
Definition with_later (m : gmap id session) (op : store_op) : store_op :=
  match op with
  | OpUpdate i s => OpUpdate i (later (m !! i) s)
  | OpRotate from to s g => OpRotate from to (later (m !! from) s) g
  | op => op end.
(** The row that an operation writes, which has its mark from then on. *)
Definition row_of (op : store_op) : option id :=
  match op with OpCreate i _ _ _ | OpUpdate i _ | OpRotate _ i _ _ => Some i | _ => None end.
Definition note_own (r : number) (op : store_op) (w : world) : world :=
  default w ((λ i, note r i w) <$> row_of op).
(** An operation, in one atomic act: what is in the store is what it judges by. [driver-9] [driver-12] [driver-13] *)
Definition write (cfg : config) (op : store_op) (w : world) : world :=
  World (carry_out cfg (Some (with_later (w_store w) op)) (w_store w))
    (match op with OpDeleteUser u _ => <[ u := N.succ (number_of w u) ]> (w_numbers w) | _ => w_numbers w end)
    (w_loaded w) (w_told w) (w_requests w) (w_said w)
    (let b := w_beside w in
     Beside (match row_of op with Some i => <[ i := b_given b ]> (b_marks b) | None => b_marks b end) (N.succ (b_given b))
       (b_seen b) (b_doubts b) (b_vain b) (b_heard b)).

(** What is stored is what was loaded, but for the noted access; or in all. *)
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
  | OpTouch _ _ | OpDelete _ | OpDeleteUser _ None | OpDeleteHandle _ _ | OpDiscardOver _ => True
  end.

(** ** What an answer rests on *)

(** Nobody has ended the user of the login that is not saved yet, and the driver was told so. [driver-11] *)
Definition is_told (w : world) (r : number) (u : text) : Prop := w_told w r !! u = Some (number_of w u).
Definition login_stands (w : world) (r : number) : Prop := ∀ q u t n, w_requests w !! r = Some q →
  c_login (own q) = Some (Login (Some u) t (Some n)) → n = number_of w u ∧ is_told w r u.
Definition looks_at (w : world) (e : event) : option id :=
  match e with
  | StartRequest _ c _ _ _ => cookie_id c
  | OfRequest r (HasSessionCookie _) => w_requests w !! r ≫= λ q, cookie_id (r_cookie q)
  | OfRequest r _ => w_requests w !! r ≫= held_id
  | OfManager (DeleteSession i) => Some i
  | OfManager _ => None
  end.
(** Whether an answer without an operation rests on what is stored. The others speak of what the request brought or
    did itself, or of what no write of others could change. [driver-17] *)
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
      | OfRequest _ _ => false
      end
  end.
(** It is final then if that is what is stored: the moment of such an answer is that of the load. If the driver is told
    a number after it, and nothing has changed by then, nothing had changed when it loaded. [driver-11] [driver-17] *)
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
(** Whether the user of a login was ended, when the session is left without any information: the empty text as user. *)
Definition discards_in_time (w : world) (r : number) (op : store_op) : Prop :=
  match op with OpDiscard _ => login_stands w r | _ => True end.
(** Whether who ends other sessions is logged in, when that is carried out. *)
Definition ends_in_time (w : world) (r : number) (e : event) : Prop :=
  match e with
  | OfRequest _ (ExpireOtherSessions | ExpireHandle _) =>
      login_stands w r ∧ ∀ i, looks_at w e = Some i → is_Some (w_loaded w r !! i) → is_Some (w_store w !! i)
  | _ => True end.

(** ** What a look tells of a write in doubt *)

(** Its row is there, with its mark: it was carried out. What is in the row proves nothing. [driver-21] *)
Definition is_found (w : world) (x : doubt) : Prop :=
  ∃ i, row_of (d_op x) = Some i ∧ mark_of w i = Some (d_mark x).
(** The row has the mark that it was loaded with; or what was to be moved or discarded is still there; or what was to be
    created is not: it was not carried out. The others leave nothing to look for. *)
Definition is_missed (w : world) (x : doubt) : Prop :=
  match d_op x with
  | OpUpdate i _ => is_Some (d_compared x) ∧ mark_of w i = d_compared x
  | OpRotate i _ _ _ | OpDiscard i => is_Some (store (d_before x) !! i) ∧ is_Some (w_store w !! i)
  | OpCreate i _ _ _ => w_store w !! i = None
  | _ => False end.
(** What happens to a session between its [Create] and the look for it. *)
Definition looks_in_time (w : world) (x : doubt) : Prop :=
  match d_op x with OpCreate i _ _ _ => d_input x ∈ (w_said w).*1 → is_Some (w_store w !! i) | _ => True end.

(** ** Drivers *)

(** An event of this request, or of a manager that has none. *)
Definition is_of_driver (w : world) (r : number) (e : event) : Prop :=
  actor e = Some r ∨ actor e = None ∧ w_requests w !! r = None.
(** It waits for no look. *)
Definition is_settled (w : world) (r : number) : Prop := doubts w !! r = None.
(** What its driver would keep of this step, if it came in doubt. *)
Definition doubt_of (w : world) (r : number) (i : input) (st : state) (eff : effects) (op : store_op) : doubt :=
  Doubt i (alone w r) st eff op (b_given (w_beside w)) (row_of op ≫= λ i, b_seen (w_beside w) r !! i).
(** A step with an operation, whose condition holds, that is carried out. *)
Definition carries_out (cfg : config) (w : world) (r : number) (i : input) (st : state) (eff : effects) (op : store_op) : Prop :=
  is_settled w r ∧ is_of_driver w r (i_event i) ∧ below_limits cfg w r ∧
  step cfg (alone w r) i = (st, eff) ∧ e_op eff = Some op ∧ holds w r op ∧
  touches_in_time w r op ∧ discards_in_time w r op ∧ ends_in_time w r (i_event i).
Definition after (cfg : config) (w : world) (r : number) (i : input) (st : state) (eff : effects) (op : store_op) : world :=
  say i eff (put (write cfg op w) r st).
(** The request is finished as abandoned, if it is open, and nothing is left of its state that would have to be told
    what is stored. [driver-22] [driver-23] *)
Definition abandons (cfg : config) (w : world) (r : number) (i : input) : Prop :=
  i_event i = OfRequest r (FinishRequest Abandoned) ∧ below_limits cfg w r.
Definition abandoned (cfg : config) (w : world) (r : number) (i : input) : world :=
  let '(st, eff) := step cfg (alone w r) i in put (say i eff (put w r st)) r init.

(** What this driver may do next, or its store. A driver loads when it likes; what counts is what holds when it writes
    or answers. A look that fails, and a store that says nothing at all, change nothing. *)
Inductive act (cfg : config) (r : number) : world → world → Prop :=
| Loads w i : is_settled w r → act cfg r w (note r i (put w r (with_stored (alone w r) i (w_store w !! i))))
| Tells w u : is_settled w r → act cfg r w (put w r (with_generation (alone w r) u (number_of w u))) (* [driver-11] *)
| Answers w i st eff : is_settled w r → is_of_driver w r (i_event i) → below_limits cfg w r →
    step cfg (alone w r) i = (st, eff) → e_op eff = None → is_final w r (i_event i) (e_reply eff) →
    act cfg r w (hear i (Answered (answer_of eff)) (say i eff (put w r st)))
| Writes w i st eff op : carries_out cfg w r i st eff op →
    act cfg r w (hear i (Answered (answer_of eff)) (note_own r op (after cfg w r i st eff op)))
| Loses w i op : is_settled w r → is_of_driver w r (i_event i) → e_op (step cfg (alone w r) i).2 = Some op →
    ¬ holds w r op → act cfg r w w                                     (* [driver-15] [driver-16] [driver-20] *)
(** A load fails, or a write that was not carried out, for certain: of the call nothing is said but that. [driver-21] *)
| Fails w i j : is_settled w r → abandons cfg w r i → act cfg r w (hear j StoreFailed (in_vain j (abandoned cfg w r i)))
(** An operation is carried out, and its driver does not hear of it; or is not, and it does not hear of that. *)
| IsDone w i st eff op : carries_out cfg w r i st eff op →
    act cfg r w (set_doubt r (Some (doubt_of w r i st eff op)) (after cfg w r i st eff op))
| IsNotDone w i st eff op : is_settled w r → is_of_driver w r (i_event i) → step cfg (alone w r) i = (st, eff) → e_op eff = Some op →
    act cfg r w (set_doubt r (Some (doubt_of w r i st eff op)) (in_vain i w))
(** It looks, and believes its step; or is as it was before it, and may step the event again. *)
| Finds w x : doubts w !! r = Some x → is_found w x →
    act cfg r w (hear (d_input x) (Answered (answer_of (d_effects x)))
      (note_own r (d_op x) (set_doubt r None (put w r (d_after x)))))
| Misses w x : doubts w !! r = Some x → is_missed w x → looks_in_time w x →
    act cfg r w (set_doubt r None (put w r (d_before x)))
(** It cannot tell, or does not look any longer: neither "done" nor "not done" is said. [driver-21] *)
| GivesUp w x i : doubts w !! r = Some x → abandons cfg w r i →
    act cfg r w (hear (d_input x) Unknown (set_doubt r None (abandoned cfg w r i))).
Inductive reaches (cfg : config) : world → world → Prop :=
| reaches_here w : reaches cfg w w
| reaches_next w w' w'' r : reaches cfg w w' → act cfg r w' w'' → reaches cfg w w''.

(** What the one machine has of a request: it ends a login as soon as its user is ended, and needs no number for it. *)
Definition as_whole (numbers : gmap text N) (q : request) : request :=
  match c_login (own q) with
  | Some (Login (Some u) t (Some n)) =>
      set_own q (held q) (Changes (Some (Login (Some u) t (if n =? default 0 (numbers !! u) then Some 0 else None)))
        (c_keeps (own q)) (c_renews (own q)) (c_values (own q)) (c_guards (own q)) (c_tokens (own q)))
  | _ => q end.
(** No input is given what another was given, be it carried out or not. [driver-2] *)
Definition fresh_inputs (l : list input) : Prop :=
  NoDup (l ≫= λ i, d_ids (i_draws i)) ∧ NoDup (l ≫= λ i, d_tokens (i_draws i)) ∧ NoDup (l ≫= λ i, [d_handle (i_draws i)]).
Definition inputs_of (w : world) : list input := b_vain (w_beside w) ++ (w_said w).*1.

(** What any number of drivers leave and do is what one state with everything in it would, after the same inputs
    in the order of their writes, and of the loads of the answers that rest on one: a run from the first state on, so
    that each theorem about runs is one about drivers. What was done is done whole, also if nobody was told. [driver-18] *)
Definition drivers_refine_the_machine := ∀ cfg w, reaches cfg nothing_yet w → fresh_inputs (inputs_of w) →
  ∃ h st, fair_run cfg h st ∧ store st = w_store w ∧ requests st = as_whole (w_numbers w) <$> w_requests w ∧
    (λ o, (o_in o, answer_of (o_eff o))) <$> h = w_said w.

(** What an application is told is true: an answer is that of a step that was done, and if the store failed, nothing was
    done. What nobody knows was done whole, or not at all. [driver-21] *)
Definition what_is_told_is_true := ∀ cfg w i what, reaches cfg nothing_yet w → fresh_inputs (inputs_of w) →
  (i, what) ∈ heard w → match what with
  | Answered a => (i, a) ∈ w_said w
  | StoreFailed => i ∉ (w_said w).*1
  | Unknown => i ∈ (w_said w).*1 ∨ i ∈ b_vain (w_beside w) ∧ i ∉ (w_said w).*1 end.
(** A look is not mistaken: what it finds was done, with that answer, and the request is as its driver then believes; what
    it misses was not, so that an event that is stepped again after it is done once. [driver-16] [driver-21] *)
Definition a_look_is_not_mistaken := ∀ cfg w r x, reaches cfg nothing_yet w → fresh_inputs (inputs_of w) →
  doubts w !! r = Some x →
  (is_found w x → (d_input x, answer_of (d_effects x)) ∈ w_said w ∧ w_requests w !! r = requests (d_after x) !! r) ∧
  (is_missed w x → looks_in_time w x → d_input x ∉ (w_said w).*1 ∧ w_requests w !! r = requests (d_before x) !! r).

(** Whatever became of its events, an open request can be ended at once, as failed or abandoned: that asks nothing of
    the store, is done, and leaves the store as it is. One that is in doubt can be abandoned. [driver-19] [driver-23] *)
Definition can_always_be_ended := ∀ cfg w r i o, below_limits cfg w r → i_event i = OfRequest r (FinishRequest o) →
  (∀ q, is_settled w r → w_requests w !! r = Some q → o = Failed ∨ o = Abandoned →
     let '(st, eff) := step cfg (alone w r) i in let w' := hear i (Answered (answer_of eff)) (say i eff (put w r st)) in
     act cfg r w w' ∧ w_requests w' !! r = None ∧ e_reply eff = Done ∧ w_store w' = w_store w) ∧
  (∀ x, doubts w !! r = Some x → o = Abandoned →
     let w' := hear (d_input x) Unknown (set_doubt r None (abandoned cfg w r i)) in
     act cfg r w w' ∧ w_requests w' !! r = None ∧ is_settled w' r ∧ w_store w' = w_store w).

(** Its driver has just loaded what an event looks at, and was told the number of its login. *)
Definition just_loaded (w : world) (r : number) (e : event) : Prop :=
  login_stands w r ∧ ∀ i, looks_at w e = Some i → is_as_loaded w r i.
(** An input whose ids nothing else was given. *)
Definition is_fresh_in (i : input) (w : world) : Prop :=
  fresh_inputs (inputs_of w) ∧ ∀ n, n ∈ d_ids (i_draws i) → n ∉ inputs_of w ≫= λ i, d_ids (i_draws i).
(** Where the store answers and nobody interferes, one turn is enough: after a load each event is answered, or its
    operation is carried out. *)
Definition one_turn_is_enough := ∀ cfg w r i, reaches cfg nothing_yet w → is_fresh_in i w → is_settled w r →
  is_of_driver w r (i_event i) → below_limits cfg w r → just_loaded w r (i_event i) →
  (∀ u, i_event i = OfRequest r (SetUser (Some u)) → is_told w r u) →
  let '(st, eff) := step cfg (alone w r) i in
  ∃ w', act cfg r w w' ∧ heard w' = (i, Answered (answer_of eff)) :: heard w.

(** Others load, answer, write and are in doubt, while the state of one request stays as it is: its own driver may have
    tried in vain. *)
Inductive meanwhile (cfg : config) (r : number) : world → world → Prop :=
| meanwhile_nothing w : meanwhile cfg r w w
| meanwhile_others w w' w'' r1 : meanwhile cfg r w w' → act cfg r1 w' w'' → r1 ≠ r → meanwhile cfg r w w''
| meanwhile_own w w' w'' : meanwhile cfg r w w' → act cfg r w' w'' →
    alone w'' r = alone w' r → w_said w'' = w_said w' → meanwhile cfg r w w''.
(** If the condition of an operation does not hold, another one was carried out since the load, by another driver: never
    its own, of which it does not know. [driver-15] *)
Definition a_lost_race_means_another_won := ∀ cfg w w' r i op, reaches cfg nothing_yet w → is_fresh_in i w →
  is_of_driver w r (i_event i) → just_loaded w r (i_event i) → meanwhile cfg r w w' →
  e_op (step cfg (alone w' r) i).2 = Some op → ¬ holds w' r op →
  ∃ w1 w2 r1 i1 st1 eff1 op1, r1 ≠ r ∧ meanwhile cfg r w w1 ∧ carries_out cfg w1 r1 i1 st1 eff1 op1 ∧ act cfg r1 w1 w2 ∧
    w_store w2 = w_store (write cfg op1 w1) ∧ w_said w2 = (i1, answer_of eff1) :: w_said w1 ∧ meanwhile cfg r w2 w'.
