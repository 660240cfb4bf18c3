(** Drivers of a store outside: section "driver" of spec/session.md. Any number of requests, each with a state of its
    own that holds what its driver has loaded, over one store that carries out an operation if its condition holds.
    The claim is that all of them together are the one machine of Model.v. *)
From stdpp Require Export functions.
From Q Require Export Claims.

(** The store, with the number of ends of each user; for each request what its driver has loaded, the numbers that it
    was told, and the request itself; and what was answered, the newest first. *)
Notation answer := (reply * option transaction * option (cookie_change * text))%type (only parsing).
Record world := World {
  w_store : gmap id session; w_numbers : gmap text N;
  w_loaded : number → gmap id session; w_told : number → gmap text N; w_requests : gmap number request;
  w_said : list (input * answer) }.
Definition nothing_yet := World ∅ ∅ (λ _, ∅) (λ _, ∅) ∅ [].
Definition number_of (w : world) (u : text) : N := default 0 (w_numbers w !! u).

(** The state of one request, and the same world with another one. [driver-18] *)
Definition alone (w : world) (r : number) : state :=
  State (w_loaded w r) (match w_requests w !! r with Some q => {[ r := q ]} | None => ∅ end) (w_told w r).
Definition put (w : world) (r : number) (st : state) : world :=
  World (w_store w) (w_numbers w) (<[ r := store st ]> (w_loaded w)) (<[ r := generations st ]> (w_told w))
    (partial_alter (λ _, requests st !! r) r (w_requests w)) (w_said w).
Definition answer_of (eff : effects) : answer := (e_reply eff, e_tx eff, e_cookie eff).
(** The order is: store, transaction, cookie, answer. [driver-1] *)
Definition say (i : input) (eff : effects) (w : world) : world :=
  World (w_store w) (w_numbers w) (w_loaded w) (w_told w) (w_requests w) ((i, answer_of eff) :: w_said w).

(** ** The store outside *)

(** The later of the noted accesses. [driver-7] *)
Definition later (o : option session) (s : session) : session :=
  match o with Some o => set_accessed s (N.max (accessed s) (accessed o)) | None => s end.
Definition with_later (m : gmap id session) (op : store_op) : store_op :=
  match op with
  | OpUpdate i s => OpUpdate i (later (m !! i) s)
  | OpRotate from to s g => OpRotate from to (later (m !! from) s) g
  | op => op end.
(** An operation, in one atomic act: what is in the store is what it judges by. [driver-9] [driver-12] [driver-13] *)
Definition write (cfg : config) (op : store_op) (w : world) : world :=
  World (carry_out cfg (Some (with_later (w_store w) op)) (w_store w))
    (match op with OpDeleteUser u _ => <[ u := N.succ (number_of w u) ]> (w_numbers w) | _ => w_numbers w end)
    (w_loaded w) (w_told w) (w_requests w) (w_said w).

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

(** ** Drivers *)

(** An event of this request, or of a manager that has none. *)
Definition is_of_driver (w : world) (r : number) (e : event) : Prop :=
  actor e = Some r ∨ actor e = None ∧ w_requests w !! r = None.
(** What may happen next. A driver loads when it likes; what counts is what holds when it writes or answers. *)
Inductive act (cfg : config) : world → world → Prop :=
| Loads w r i : act cfg w (put w r (with_stored (alone w r) i (w_store w !! i)))
| Tells w r u : act cfg w (put w r (with_generation (alone w r) u (number_of w u)))      (* [driver-11] *)
| Answers w r i st eff : is_of_driver w r (i_event i) → below_limits cfg w r →
    step cfg (alone w r) i = (st, eff) → e_op eff = None → is_final w r (i_event i) (e_reply eff) →
    act cfg w (say i eff (put w r st))
| Writes w r i st eff op : is_of_driver w r (i_event i) → below_limits cfg w r →
    step cfg (alone w r) i = (st, eff) → e_op eff = Some op → holds w r op →
    touches_in_time w r op → discards_in_time w r op → ends_in_time w r (i_event i) →
    act cfg w (say i eff (put (write cfg op w) r st))
| Loses w r i op : is_of_driver w r (i_event i) → e_op (step cfg (alone w r) i).2 = Some op → ¬ holds w r op →
    act cfg w w.                                                                         (* [driver-15] [driver-16] [driver-20] *)
Inductive reaches (cfg : config) : world → world → Prop :=
| reaches_here w : reaches cfg w w
| reaches_next w w' w'' : reaches cfg w w' → act cfg w' w'' → reaches cfg w w''.

(** What the one machine has of a request: it ends a login as soon as its user is ended, and needs no number for it. *)
Definition as_whole (numbers : gmap text N) (q : request) : request :=
  match c_login (own q) with
  | Some (Login (Some u) t (Some n)) =>
      set_own q (held q) (Changes (Some (Login (Some u) t (if n =? default 0 (numbers !! u) then Some 0 else None)))
        (c_keeps (own q)) (c_renews (own q)) (c_values (own q)) (c_guards (own q)) (c_tokens (own q)))
  | _ => q end.
(** No input is given what another was given. [driver-2] *)
Definition fresh_inputs (l : list (input * answer)) : Prop :=
  NoDup (l ≫= λ p, d_ids (i_draws p.1)) ∧ NoDup (l ≫= λ p, d_tokens (i_draws p.1)) ∧
  NoDup (l ≫= λ p, [d_handle (i_draws p.1)]).

(** What any number of drivers leave and answer is what one state with everything in it would, after the same inputs
    in the order of their writes, and of the loads of the answers that rest on one: a run from the first state on, so
    that each theorem about runs is one about drivers. [driver-18] *)
Definition drivers_refine_the_machine := ∀ cfg w, reaches cfg nothing_yet w → fresh_inputs (w_said w) →
  ∃ h st, fair_run cfg h st ∧ store st = w_store w ∧ requests st = as_whole (w_numbers w) <$> w_requests w ∧
    (λ o, (o_in o, answer_of (o_eff o))) <$> h = w_said w.

(** Whatever became of its events, an open request can be ended at once, as failed or abandoned: that asks nothing of
    the store, is done, and leaves the store as it is. [driver-19] [driver-23] *)
Definition can_always_be_ended := ∀ cfg w r q i o, w_requests w !! r = Some q → below_limits cfg w r →
  i_event i = OfRequest r (FinishRequest o) → o = Failed ∨ o = Abandoned →
  let '(st, eff) := step cfg (alone w r) i in let w' := say i eff (put w r st) in
  act cfg w w' ∧ w_requests w' !! r = None ∧ e_reply eff = Done ∧ w_store w' = w_store w.

(** The state of one request stays as it is, while others load, answer and write. *)
Inductive meanwhile (cfg : config) (r : number) : world → world → Prop :=
| meanwhile_nothing w : meanwhile cfg r w w
| meanwhile_act w w' w'' : meanwhile cfg r w w' → act cfg w' w'' → alone w'' r = alone w' r → meanwhile cfg r w w''.
(** Its driver has just loaded what an event looks at, and was told the number of its login. *)
Definition just_loaded (w : world) (r : number) (e : event) : Prop :=
  login_stands w r ∧ ∀ i, looks_at w e = Some i → is_as_loaded w r i.
(** The inputs of what was answered, and this one, which may never be. *)
Definition fresh_with (i : input) (l : list (input * answer)) : Prop :=
  fresh_inputs l ∧ ∀ n, n ∈ d_ids (i_draws i) → n ∉ l ≫= λ p, d_ids (i_draws p.1).
(** If the condition of an operation does not hold, another operation was carried out since the load. [driver-15] *)
Definition a_lost_race_means_another_won := ∀ cfg w w' r i op, reaches cfg nothing_yet w → fresh_with i (w_said w) →
  is_of_driver w r (i_event i) → just_loaded w r (i_event i) → meanwhile cfg r w w' →
  e_op (step cfg (alone w' r) i).2 = Some op → ¬ holds w' r op →
  ∃ w1 r1 i1 st1 eff1 op1, meanwhile cfg r w w1 ∧ step cfg (alone w1 r1) i1 = (st1, eff1) ∧ e_op eff1 = Some op1 ∧
    holds w1 r1 op1 ∧ meanwhile cfg r (say i1 eff1 (put (write cfg op1 w1) r1 st1)) w'.
