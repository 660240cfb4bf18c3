(** All of strict, as spec/session.md describes it, as one total function. Rules are cited in brackets, as
    in the TLA+ files.

    A reader must believe this file, and what Claims.v says about it. An id, a form token and a handle are
    numbers, a text is a text, and a cookie header has been read. The store is a map, so a session is stored
    under its own id and under no other. *)
From stdpp Require Export gmap strings list.
From Coq Require Export NArith.
Global Open Scope N_scope.

Notation text := string.
Notation id := N (only parsing).
Notation token := N (only parsing).
Notation number := N (only parsing).  (* of a request *)
Notation time := N (only parsing).    (* milliseconds *)

(** [config-7] to [config-14]: any values of these; strict's own are in Witness.v. *)
Record config := Config {
  resolution : N; idle : option N; absolute : option N; cap : nat;
  max_text : N; max_values : N; max_requests : N; max_sessions : N; cookie_path : option text }.

Record session := Session {
  handle : option N; user : option text; addr : text; created : time; accessed : time;
  tokens : list token; values : gmap text text }.
Global Instance session_eq : EqDecision session. Proof. solve_decision. Defined.

(** What is left of what was there before the changes of the user: [step-17] [step-18] [step-19] *)
Inductive keeps := KeepNothing | KeepValues | KeepAll.
Global Instance keeps_eq : EqDecision keeps. Proof. solve_decision. Defined.

(** The last [SetUser] that is not saved: whom, when, and the number of ends of that user then, or
    none if the user's sessions were ended since. [step-20] [step-39] *)
Record login := Login { l_user : option text; l_at : time; l_generation : option N }.
Global Instance login_eq : EqDecision login. Proof. solve_decision. Defined.

(** The changes of a request; a value that was removed is [None]. [step-10] *)
Record changes := Changes {
  c_login : option login; c_keeps : keeps; c_renews : bool;
  c_values : gmap text (option text); c_guards : gmap text (option text); c_tokens : list token }.
Global Instance changes_eq : EqDecision changes. Proof. solve_decision. Defined.
Definition no_changes := Changes None KeepAll false ∅ ∅ [].

Inductive cookie := CookieId (i : id) | CookieText (t : text).
Inductive cookie_change := SetCookie (i : id) | Revoke.

(** [held] is a copy, with the id that it was stored under when it was read. [step-9] *)
Record request := Request {
  held : option (option id * session); r_cookie : option cookie; r_addr : text; r_script : text;
  revoked : bool; own : changes }.

Record state := State {
  store : gmap id session; requests : gmap number request; generations : gmap text N }.
Definition init := State ∅ ∅ ∅.

Inductive outcome := Successful | Interrupted | Failed | Abandoned.
(** A token that has not the form of one is [None]. [token-3] *)
Inductive request_event :=
| SetUser (u : option text) | RenewSession | SetValue (k v : text) | RemoveValue (k : text)
| TakeValue (k : text) | GuardValue (k : text)
| CreateFormToken | HasFormToken (t : option token) | RemoveFormToken (t : option token)
| HasSessionCookie (must_exist : bool) | RevokeSessionCookie
| ExpireSession | ExpireOtherSessions | ExpireHandle (h : N)
| NewSession | MaintainSession | FinishRequest (o : outcome) | InsertSession (i : id) (u : option text).
Inductive manager_event :=
| DeleteSession (i : id) | DeleteHandle (h : N) | DeleteSessionsOf (u : text) | Sweep.
Inductive event :=
| StartRequest (r : number) (c : option cookie) (a script : text) (passive : bool)
| OfRequest (r : number) (e : request_event)
| OfManager (e : manager_event).

Inductive refusal :=
| UnknownRequest | RequestOpen | NoSession | UnknownToken | UnknownSession | UnknownKey | EntropyUsedUp
| SessionGone | UserEnded | ValueChanged | NoUser | WouldOrphan | SavedAtFinish | IdNotIssued | TextTooLong
| TooManyValues | TooManyRequests | TooManySessions.
Inductive reply :=
| Done | Started (u : option text) | Token (t : token) | Value (v : text) | Answer (b : bool)
| Refused (why : refusal).

(** [effect-6] [effect-7] [effect-8] [effect-9] [effect-10] *)
Inductive store_op :=
| OpCreate (i : id) (s : session) (generation : option N) (discard_over : option time)
| OpTouch (i : id) (at_ : time)
| OpUpdate (i : id) (s : session)
| OpRotate (from to : id) (s : session) (generation : option N)
| OpDelete (i : id) | OpDeleteUser (u : text) (except : option id) | OpDeleteHandle (h : N) (u : option text)
| OpDiscard (i : id) | OpDiscardOver (at_ : time).
Inductive transaction := Commit | Abort.
(** At most one of each. [effect-1] *)
Record effects := Effects {
  e_reply : reply; e_op : option store_op; e_tx : option transaction;
  e_cookie : option (cookie_change * text); e_draws : nat }.

(** The draws that one input holds: ids from one half, tokens and a handle from the other. [token-5] *)
Record draws := Draws { d_ids : list N; d_tokens : list N; d_handle : N }.
Record input := Input { i_now : time; i_draws : draws; i_event : event }.

(** What a rule gives: the store; the request as it goes on, unless it ends; the user whose sessions were
    ended; and the effects. *)
Record result := Result {
  r_store : gmap id session; r_next : option request; r_ended : option text; r_effects : effects }.
Definition go_on (m : gmap id session) (q : request) (r : reply) (op : option store_op) (n : nat) : refusal + result :=
  inr (Result m (Some q) None (Effects r op None None n)).
Notation "'let!' x := m 'in' k" := (match m with inl why => inl why | inr x => k end)
  (at level 200, x pattern, m at level 100, k at level 200).
Notation "'check' b 'else' why ;! k" := (if b : bool then k else inl why)
  (at level 100, b at next level, why at next level, right associativity).

Definition set_handle s h := Session h (user s) (addr s) (created s) (accessed s) (tokens s) (values s).
Definition set_accessed s t := Session (handle s) (user s) (addr s) (created s) t (tokens s) (values s).
Definition set_tokens s ts := Session (handle s) (user s) (addr s) (created s) (accessed s) ts (values s).
Definition set_values s vs := Session (handle s) (user s) (addr s) (created s) (accessed s) (tokens s) vs.
Definition set_own q h ch := Request h (r_cookie q) (r_addr q) (r_script q) (revoked q) ch.
Definition record_value ch k v :=
  Changes (c_login ch) (c_keeps ch) (c_renews ch) (<[k := v]> (c_values ch)) (c_guards ch) (c_tokens ch).
Definition set_guards ch g := Changes (c_login ch) (c_keeps ch) (c_renews ch) (c_values ch) g (c_tokens ch).
Definition set_own_tokens ch ts := Changes (c_login ch) (c_keeps ch) (c_renews ch) (c_values ch) (c_guards ch) ts.

Definition is_nil {A} (l : list A) : bool := match l with [] => true | _ => false end.
Definition is_none {A} (o : option A) : bool := match o with None => true | Some _ => false end.
Definition has_key {A} (m : gmap text A) (k : text) : bool := negb (is_none (m !! k)).
Definition no_keys {A} (m : gmap text A) : bool := is_nil (map_to_list m).
Definition count {A} (m : gmap text A) : N := N.of_nat (size m).

(** [session-1] [session-2] [session-3] *)
Definition fresh (a : text) (now : time) := Session None None a now now [] ∅.
(** [session-4] *)
Definition has_info (s : session) : bool :=
  match user s with Some u => negb (String.eqb u "") | None => false end
  || negb (is_nil (tokens s)) || negb (no_keys (values s)).

(** [session-6] [session-7] [config-21] [config-22] *)
Definition bound (c : nat) : nat := Nat.max 1 (Nat.min c 16).
Definition push (c : nat) (q : list token) (t : token) : list token := drop (S (length q) - bound c) q ++ [t].
(** [session-8] *)
Fixpoint without (q : list token) (t : token) : list token :=
  match q with [] => [] | x :: q => if x =? t then q else x :: without q t end.
Fixpoint among (t : token) (q : list token) : bool :=
  match q with [] => false | x :: q => (x =? t) || among t q end.
(** [step-43] *)
Definition push_new (c : nat) (q : list token) (t : token) := if among t q then q else push c q t.

(** The first draw that is not in use, and how many were taken. [token-4] [effect-16] *)
Fixpoint draw (ds : list N) (used : N → bool) (n : nat) : option (N * nat) :=
  match ds with [] => None | d :: ds => if used d then draw ds used (S n) else Some (d, S n) end.

(** ** Changes *)

(** [step-17] [step-18] [step-19] *)
Definition between (before after : option text) : keeps :=
  if bool_decide (before = after) then KeepAll else if is_none before then KeepValues else KeepNothing.
Definition least (a b : keeps) : keeps :=
  match a, b with KeepNothing, _ | _, KeepNothing => KeepNothing | KeepValues, _ | _, KeepValues => KeepValues
                | KeepAll, KeepAll => KeepAll end.
Definition keep_tokens (k : keeps) (ts : list token) := match k with KeepAll => ts | _ => [] end.
Definition keep_values {A} (k : keeps) (vs : gmap text A) := match k with KeepNothing => ∅ | _ => vs end.
Definition keep_handle (k : keeps) (h : option N) := match k with KeepNothing => None | _ => h end.

(** The login with which a session begins: of somebody, or of nobody where somebody was. [step-20] *)
Definition begins (ch : changes) : option login :=
  match c_login ch with
  | Some l => if negb (is_none (l_user l)) || bool_decide (c_keeps ch = KeepNothing) then Some l else None
  | None => None end.
(** [step-44] *)
Definition moves (ch : changes) : bool := c_renews ch || negb (is_none (begins ch)).
(** [step-38] *)
Definition but_tokens (ch : changes) : bool :=
  is_none (c_login ch) && negb (c_renews ch) && no_keys (c_values ch) && no_keys (c_guards ch).
Definition unchanged (ch : changes) : bool := but_tokens ch && is_nil (c_tokens ch).

(** [step-20] [event-4] *)
Definition apply_login (ch : changes) (a : text) (s : session) : session :=
  let s := match begins ch with
           | Some l => Session (handle s) (user s) a (l_at l) (N.max (accessed s) (l_at l)) (tokens s) (values s)
           | None => s end in
  Session (handle s) (match c_login ch with Some l => l_user l | None => user s end)
    (addr s) (created s) (accessed s) (tokens s) (values s).
Definition drop_rest (k : keeps) (s : session) : session :=
  Session (keep_handle k (handle s)) (user s) (addr s) (created s) (accessed s)
    (keep_tokens k (tokens s)) (keep_values k (values s)).
Definition apply_values (vs : gmap text (option text)) (old : gmap text text) : gmap text text :=
  merge (λ v o, match v with Some v => v | None => o end) vs old.
(** [step-41] [step-43] [step-45] *)
Definition apply (c : nat) (ch : changes) (a : text) (s : session) : session :=
  let s := apply_login ch a (drop_rest (c_keeps ch) s) in
  Session (handle s) (user s) (addr s) (created s) (accessed s)
    (foldl (push_new c) (tokens s) (c_tokens ch)) (apply_values (c_values ch) (values s)).
(** [step-40] *)
Definition guards_hold (ch : changes) (s : session) : bool :=
  forallb (λ g, bool_decide (values s !! g.1 = g.2)) (map_to_list (c_guards ch)).
(** The generation that a save of this login names, if it logs somebody in. [step-39] *)
Definition generation_of (ch : changes) : refusal + option N :=
  match c_login ch with
  | Some (Login (Some _) _ g) => match g with Some g => inr (Some g) | None => inl UserEnded end
  | _ => inr None end.

(** [step-39] [driver-11] *)
Definition end_login (u : text) (counts : N → bool) (q : request) : request :=
  match c_login (own q) with
  | Some (Login (Some v) t (Some g)) =>
      if String.eqb v u && negb (counts g)
      then set_own q (held q) (Changes (Some (Login (Some v) t None)) (c_keeps (own q)) (c_renews (own q))
             (c_values (own q)) (c_guards (own q)) (c_tokens (own q)))
      else q
  | _ => q end.

Section rules.
  Context (cfg : config) (now : time) (d : draws).

  (** [time-1] [time-3] [time-4] [time-5]: [touched] says that there is something to note. *)
  Definition touched (s : session) : bool := resolution cfg <? now - accessed s.
  Definition touch (s : session) : session := if touched s then set_accessed s now else s.
  (** [time-6] [time-7] [time-9] [time-8] [time-17] *)
  Definition reached (since : time) (limit : option N) : bool :=
    match limit with Some l => (l <=? now - since) || (l <=? since - now) | None => false end.
  (** [time-14] *)
  Definition too_old (s : session) : bool := reached (created s) (absolute cfg).
  Definition over (s : session) : bool := too_old s || reached (accessed s) (idle cfg).
  (** [config-23] *)
  Definition fits (t : text) : bool := N.of_nat (String.length t) <=? max_text cfg.
  (** [cookie-16] [cookie-17] *)
  Definition path_of (script : text) : text :=
    let from_script := if String.eqb (substring (String.length script - 1) 1 script) "/"
                       then script else (script +:+ "/")%string in
    match cookie_path cfg with
    | Some p => if String.eqb p "" then from_script else p | None => from_script end.

  Definition stored (m : gmap id session) (i : id) : bool := negb (is_none (m !! i)).
  (** What is stored there and not past its absolute limit, however idle. [time-12] [time-13] [time-14] [time-15] *)
  Definition find (m : gmap id session) (i : id) : option session :=
    match m !! i with Some s => if too_old s then None else Some s | None => None end.
  (** [time-11] [step-14] [event-38] *)
  Definition discard_over (m : gmap id session) (i : option id) : gmap id session * option store_op :=
    match i with
    | Some i => match m !! i with
                | Some s => if over s then (delete i m, Some (OpDiscard i)) else (m, None)
                | None => (m, None) end
    | None => (m, None) end.
  Definition delete_where (f : session → bool) (m : gmap id session) : gmap id session :=
    filter (λ p, f p.2 = false) m.
  Definition has_handle (h : N) (s : session) : bool := bool_decide (handle s = Some h).
  Definition is_of (u : text) (s : session) : bool := bool_decide (user s = Some u).

  Definition holding (q : request) : refusal + (option id * session) :=
    match held q with Some h => inr h | None => inl NoSession end.

  (** *** Start *)

  Definition cookie_id (c : option cookie) : option id := match c with Some (CookieId i) => Some i | _ => None end.
  (** [config-31] [config-32] *)
  Definition bounded (c : option cookie) : option cookie :=
    match c with Some (CookieText t) => Some (CookieText (if fits t then t else "")) | c => c end.
  (** [step-3] [step-4] [step-5] [step-6] [step-7] [step-11] [step-12] [step-13] [session-5] [session-12] [cookie-12] *)
  Definition start (m : gmap id session) c a script (passive : bool) : refusal + result :=
    check fits a else TextTooLong ;!
    check fits script else TextTooLong ;!
    let c := bounded c in
    let '(m, op) := discard_over m (cookie_id c) in
    let open h := Request (Some h) c a script false no_changes in
    match cookie_id c with
    | Some i =>
        match m !! i with
        | Some s =>
            if negb passive && touched s
            then go_on (<[i := touch s]> m) (open (Some i, touch s)) (Started (user s)) (Some (OpTouch i now)) 0
            else go_on m (open (Some i, s)) (Started (user s)) op 0
        | None => go_on m (open (None, fresh a now)) (Started None) op 0
        end
    | None => go_on m (open (None, fresh a now)) (Started None) op 0
    end.
  (** [event-18] [event-19] *)
  Definition has_session_cookie m q (must_exist : bool) : refusal + result :=
    go_on m q (Answer (if must_exist
      then match cookie_id (r_cookie q) with Some i => negb (is_none (find m i)) | None => false end
      else negb (is_none (r_cookie q)))) None 0.

  (** *** Changes *)

  (** [event-4] [step-17] [step-18] [step-19] [step-20] *)
  Definition set_user m (g : gmap text N) q u : refusal + result :=
    check fits (default "" u) else TextTooLong ;!
    let! (i, s) := holding q in
    let k := between (user s) u in
    let ch := own q in
    let made_in := match u with Some u => default 0 (g !! u) | None => 0 end in
    let ch := Changes (Some (Login u now (Some made_in))) (least (c_keeps ch) k) (c_renews ch)
                (keep_values k (c_values ch)) (keep_values k (c_guards ch)) (keep_tokens k (c_tokens ch)) in
    (* The handle stays: the request may still end the session that it found. *)
    let s := set_handle (apply_login ch (r_addr q) (drop_rest k s)) (handle s) in
    go_on m (set_own q (Some (i, s)) ch) Done None 0.
  (** [event-5] *)
  Definition renew_session m q : refusal + result :=
    let! h := holding q in
    let ch := own q in
    go_on m (set_own q (Some h)
      (Changes (c_login ch) (c_keeps ch) true (c_values ch) (c_guards ch) (c_tokens ch))) Done None 0.

  (** [step-16] [state-6] *)
  Definition change_value m q (i : option id) s k v r : refusal + result :=
    let vs := match v with Some v => <[k := v]> (values s) | None => delete k (values s) end in
    go_on m (set_own q (Some (i, set_values s vs)) (record_value (own q) k v)) r None 0.
  (** [event-7] [config-24] [config-26] *)
  Definition set_value m q k v : refusal + result :=
    check fits k else TextTooLong ;!
    check fits v else TextTooLong ;!
    let! (i, s) := holding q in
    check has_key (values s) k || (count (values s) <? max_values cfg) else TooManyValues ;!
    check has_key (c_values (own q)) k || (count (c_values (own q)) <? 2 * max_values cfg) else TooManyValues ;!
    change_value m q i s k (Some v) Done.
  (** [event-8] [event-9] *)
  Definition remove_value m q k : refusal + result :=
    let! (i, s) := holding q in
    check has_key (values s) k else UnknownKey ;!
    change_value m q i s k None Done.

  (** What the store has left, written back. If that is nothing, the request goes on with its own changes in a
      session that is not stored yet. [step-27] [step-28] [step-29] [session-9] *)
  Definition write_back m q (i : id) (s left : session) (ch : changes) r : refusal + result :=
    if has_info left
    then go_on (<[i := left]> m) (set_own q (Some (Some i, s)) ch) r (Some (OpUpdate i left)) 0
    else
      let alone := apply (cap cfg) ch (r_addr q) (set_handle (set_accessed left (accessed s)) None) in
      go_on (delete i m) (set_own q (Some (None, alone)) ch) r (Some (OpDiscard i)) 0.
  (** [event-10] [event-11] [step-24] [step-25] *)
  Definition take_value m q k : refusal + result :=
    let! (i, s) := holding q in
    match values s !! k with
    | None => inl UnknownKey
    | Some seen =>
        match i with
        | Some n =>
            if has_key (c_values (own q)) k then change_value m q i s k None (Value seen)
            else match find m n with
            | None => inl SessionGone
            | Some old =>
                match values old !! k with
                | None => inl UnknownKey
                | Some v =>
                    write_back m q n (set_values s (delete k (values s))) (set_values old (delete k (values old)))
                      (set_guards (own q) (delete k (c_guards (own q)))) (Value v)
                end
            end
        | None => change_value m q i s k None (Value seen)
        end
    end.
  (** [event-12] [event-13] [config-26] *)
  Definition guard_value m q k : refusal + result :=
    check fits k else TextTooLong ;!
    let! (i, s) := holding q in
    let ch := own q in
    check negb (has_key (c_values ch) k) else ValueChanged ;!
    check has_key (c_guards ch) k || (count (c_guards ch) <? 2 * max_values cfg) else TooManyValues ;!
    go_on m (set_own q (Some (i, s))
      (set_guards ch (if has_key (c_guards ch) k then c_guards ch else <[k := values s !! k]> (c_guards ch)))) Done None 0.

  (** *** Form tokens *)

  Definition stored_tokens (m : gmap id session) (i : option id) : list token :=
    match i with Some i => match m !! i with Some s => tokens s | None => [] end | None => [] end.
  (** [event-14] [token-9] [token-7] *)
  Definition create_form_token m q : refusal + result :=
    let! (i, s) := holding q in
    match draw (d_tokens d) (λ t, among t (tokens s) || among t (stored_tokens m i)) 0 with
    | None => inl EntropyUsedUp
    | Some (t, n) =>
        go_on m (set_own q (Some (i, set_tokens s (push (cap cfg) (tokens s) t)))
          (set_own_tokens (own q) (push (cap cfg) (c_tokens (own q)) t))) (Token t) None n
    end.
  (** [event-15] [event-16] *)
  Definition has_form_token m q (t : option token) : refusal + result :=
    let! (_, s) := holding q in
    go_on m q (Answer (match t with Some t => among t (tokens s) | None => false end)) None 0.
  (** [event-17] [step-22] [step-23] [step-25] [step-26] *)
  Definition remove_form_token m q (t : option token) : refusal + result :=
    let! (i, s) := holding q in
    match t with
    | None =>                                                           (* [effect-3] *)
        match i with
        | Some n => if is_none (find m n) then inl SessionGone else inl UnknownToken
        | None => inl UnknownToken
        end
    | Some t =>
        let s' := set_tokens s (without (tokens s) t) in
        let mine := among t (c_tokens (own q)) in
        let spent := set_own q (Some (i, s')) (set_own_tokens (own q) (without (c_tokens (own q)) t)) in
        match i with
        | Some n =>
            if mine then go_on m spent Done None 0
            else match find m n with
            | None => inl SessionGone
            | Some old =>
                check bool_decide (c_keeps (own q) = KeepAll) && among t (tokens old) else UnknownToken ;!
                write_back m q n s' (set_tokens old (without (tokens old) t)) (own q) Done
            end
        | None =>
            check mine || among t (tokens s) else UnknownToken ;!
            go_on m spent Done None 0
        end
    end.

  (** *** Ends *)

  (** [event-24] [event-25] [event-26] [event-27] [event-28] *)
  Definition end_own m q (i : option id) (s : session) : refusal + result :=
    let '(m, op) :=
      match i, handle s with
      | None, _ => (m, None)
      | Some i, None => (delete i m, if stored m i then Some (OpDelete i) else None)
      | Some i, Some h =>
          (if stored m i then delete i m else delete_where (has_handle h) m, Some (OpDeleteHandle h None))
      end in
    go_on m (Request None None (r_addr q) (r_script q) true no_changes) Done op 0.
  Definition expire_session m q : refusal + result := let! (i, s) := holding q in end_own m q i s.

  (** Who may end others: the user of the session, which must be stored for that user still, or have begun with
      a login of this request that nobody ended. [event-33] [event-34] [event-35] *)
  Definition acting_user m q (i : option id) (s : session) : refusal + (text * option id) :=
    match user s with
    | None => inl NoUser
    | Some u =>
        let spared := match i with
                      | Some i => match m !! i with Some s => if is_of u s then Some i else None | None => None end
                      | None => None end in
        match c_login (own q) with
        | Some l => if is_none (l_generation l) then inl UserEnded else inr (u, spared)
        | None =>
            match spared with
            | Some i => if is_none (find m i) then inl SessionGone else inr (u, spared)
            | None => inl SessionGone end
        end
    end.
  Definition end_user u (except : option id) (m : gmap id session) : gmap id session :=
    filter (λ p, is_of u p.2 && negb (bool_decide (Some p.1 = except)) = false) m.
  (** [driver-9] *)
  Definition next_generation (u : text) (g : gmap text N) : gmap text N := alter N.succ u g.
  (** The login of this request, which may not be saved yet, comes after the end. [event-29] [event-30] [step-39] *)
  Definition expire_other_sessions m g q : refusal + result :=
    let! (i, s) := holding q in
    let! (u, spared) := acting_user m q i s in
    let ch := own q in
    let l := match c_login ch with
             | Some l => if bool_decide (l_user l = Some u)
                         then Some (Login (l_user l) (l_at l) (Some (default 0 (next_generation u g !! u)))) else Some l
             | None => None end in
    let ch := Changes l (c_keeps ch) (c_renews ch) (c_values ch) (c_guards ch) (c_tokens ch) in
    inr (Result (end_user u spared m) (Some (set_own q (held q) ch)) (Some u)
           (Effects Done (Some (OpDeleteUser u spared)) None None 0)).
  (** [event-31] [event-32] *)
  Definition expire_handle m q h : refusal + result :=
    let! (i, s) := holding q in
    let! (u, _) := acting_user m q i s in
    if has_handle h s then end_own m q i s
    else go_on (delete_where (λ s, has_handle h s && is_of u s) m) q Done (Some (OpDeleteHandle h (Some u))) 0.
  Definition held_id (q : request) : option id := match held q with Some (i, _) => i | None => None end.
  (** [event-36] [event-37] [event-38] *)
  Definition new_session m q : refusal + result :=
    check match held_id q with Some i => is_none (find m i) | None => true end else WouldOrphan ;!
    let '(m, op) := discard_over m (held_id q) in
    go_on m (set_own q (Some (None, fresh (r_addr q) now)) no_changes) Done op 0.

  (** *** Save *)

  (** What a save does to the store and to the cookie, which it leaves alone if it says nothing; and the draws. *)
  Definition saved := (gmap id session * option store_op * option cookie_change * nat)%type.
  Definition nothing_saved (m : gmap id session) : refusal + saved := inr (m, None, None, 0%nat).

  (** [step-48] [step-49] [step-50] [step-57] [step-58] [session-10] [config-28] [config-29] [token-6] [token-10] *)
  Definition create m (s : session) g : refusal + saved :=
    if negb (has_info s) then nothing_saved m else
    check negb (too_old s) else SessionGone ;!
    let is_full m := max_sessions cfg <=? N.of_nat (size (m : gmap id session)) in
    let left := if is_full m then delete_where over m else m in
    check negb (is_full left) else TooManySessions ;!
    match draw (d_ids d) (stored m) 0 with
    | None => inl EntropyUsedUp
    | Some (i, n) =>
        let s := set_handle s (Some (d_handle d)) in
        let at_ := if bool_decide (size left = size m) then None else Some now in
        inr (<[i := s]> left, Some (OpCreate i s g at_), Some (SetCookie i), n)
    end.
  (** [step-44] [step-46] [step-61] [session-10] [session-11] [config-30] *)
  Definition rotate m from (s : session) g : refusal + saved :=
    match draw (d_ids d) (stored m) 0 with
    | None => inl EntropyUsedUp
    | Some (to, n) =>
        let s := set_handle s (Some (default (d_handle d) (handle s))) in
        inr (<[to := s]> (delete from m), Some (OpRotate from to s g), Some (SetCookie to), n)
    end.
  (** [step-47] [step-28] *)
  Definition discard m i (ch : changes) : refusal + saved :=
    inr (delete i m, Some (OpDiscard i), if is_none (begins ch) then None else Some Revoke, 0%nat).
  (** [step-35] [step-37] [step-38] [step-42] [step-50] *)
  Definition save_without_stored m q i (ch : changes) g : refusal + saved :=
    if but_tokens ch then nothing_saved m else
    let old := m !! i in
    match begins ch with
    | Some l =>
        check negb (is_none (l_user l)) && (negb (bool_decide (c_keeps ch = KeepAll)) || negb (is_none old))
          else SessionGone ;!
        let s := fresh (r_addr q) (l_at l) in
        let over := too_old s && (negb (is_none old) || has_info (apply (cap cfg) ch (r_addr q) s)) in
        check guards_hold ch s else (if over then SessionGone else ValueChanged) ;!   (* [effect-3] *)
        let s := apply (cap cfg) ch (r_addr q) s in
        match old with
        | None => create m s g
        | Some old =>
            let s := set_accessed s (N.max (accessed s) (accessed old)) in
            check negb (too_old s) else SessionGone ;!
            if has_info s then rotate m i s g else discard m i ch
        end
    | None => inl SessionGone
    end.
  (** [step-41] [step-42] [step-44] [step-47] [step-40] [config-25] *)
  Definition save_changes m q i (mine : session) (ch : changes) g : refusal + saved :=
    match find m i with
    | None => save_without_stored m q i ch g
    | Some old =>
        check guards_hold ch old else ValueChanged ;!
        let merged := apply (cap cfg) ch (r_addr q) old in
        let merged := set_accessed merged (N.max (accessed merged) (accessed mine)) in
        check count (values merged) <=? max_values cfg else TooManyValues ;!
        if negb (has_info merged) then discard m i ch
        else if moves ch then rotate m i merged g
        else inr (<[i := merged]> m, Some (OpUpdate i merged), None, 0%nat)
    end.
  (** [step-36] [step-39] [step-51] [step-56] *)
  Definition save m q : refusal + saved :=
    match held q with
    | None => nothing_saved m
    | Some (i, s) =>
        match i with
        | None => let! g := generation_of (own q) in create m s g
        | Some i =>
            if unchanged (own q) then nothing_saved m
            else let! g := generation_of (own q) in save_changes m q i s (own q) g
        end
    end.

  (** *** Finish: [step-53] [step-55] [step-59] [step-60] [effect-12] to [effect-15] *)
  Definition finish_request m q (o : outcome) : refusal + result :=
    let end_ m op c tx n :=
      inr (Result m None None (Effects Done op tx (match c with Some c => Some (c, path_of (r_script q)) | None => None end) n)) in
    let carried := if revoked q then Some Revoke else None in
    match o with
    | Successful | Interrupted =>
        let! (m, op, c, n) := save m q in
        end_ m op (match c with Some c => Some c | None => carried end) (Some Commit) n
    | Failed => end_ m None carried (Some Abort) 0%nat
    | Abandoned => end_ m None None None 0%nat
    end.

  Definition request_event_rule m g q (e : request_event) : refusal + result :=
    match e with
    | SetUser u => set_user m g q u
    | RenewSession => renew_session m q
    | SetValue k v => set_value m q k v
    | RemoveValue k => remove_value m q k
    | TakeValue k => take_value m q k
    | GuardValue k => guard_value m q k
    | CreateFormToken => create_form_token m q
    | HasFormToken t => has_form_token m q t
    | RemoveFormToken t => remove_form_token m q t
    | HasSessionCookie b => has_session_cookie m q b
    | RevokeSessionCookie => inl WouldOrphan                          (* [event-23] *)
    | ExpireSession => expire_session m q
    | ExpireOtherSessions => expire_other_sessions m g q
    | ExpireHandle h => expire_handle m q h
    | NewSession => new_session m q
    | MaintainSession => let! _ := holding q in inl SavedAtFinish     (* [event-42] *)
    | FinishRequest o => finish_request m q o
    | InsertSession _ u =>                                            (* [event-43] *)
        check fits (default "" u) else TextTooLong ;! inl IdNotIssued
    end.

  (** *** The manager *)

  Definition manage (m : gmap id session) ended op : refusal + result := inr (Result m None ended (Effects Done (Some op) None None 0)).
  Definition manager_rule m (e : manager_event) : refusal + result :=
    match e with
    | DeleteSession i =>                                              (* [event-45] [event-46] *)
        check stored m i else UnknownSession ;! manage (delete i m) None (OpDiscard i)
    | DeleteHandle h =>                                               (* [event-47] [event-48] *)
        manage (delete_where (has_handle h) m) None (OpDeleteHandle h None)
    | DeleteSessionsOf u =>                                           (* [event-49] *)
        manage (end_user u None m) (Some u) (OpDeleteUser u None)
    | Sweep => manage (delete_where over m) None (OpDiscardOver now)  (* [event-50] *)
    end.

  (** *** A step *)

  (** [event-1] [event-2] [event-3] [config-27] *)
  Definition rule (st : state) (e : event) : refusal + result :=
    match e with
    | StartRequest r c a script passive =>
        check is_none (requests st !! r) else RequestOpen ;!
        check N.of_nat (size (requests st)) <? max_requests cfg else TooManyRequests ;!
        start (store st) c a script passive
    | OfRequest r e =>
        match requests st !! r with
        | Some q => request_event_rule (store st) (generations st) q e
        | None => inl UnknownRequest end
    | OfManager e => manager_rule (store st) e
    end.
End rules.

Definition actor (e : event) : option number :=
  match e with StartRequest r _ _ _ _ | OfRequest r _ => Some r | OfManager _ => None end.
Definition never (_ : N) := false.
(** The actor's request goes on, or closes; the others lose a login whose user was ended. [step-39] *)
Definition conclude (st : state) (a : option number) (res : result) : state :=
  let others := match r_ended res with Some u => end_login u never <$> requests st | None => requests st end in
  let next := match r_ended res with Some u => next_generation u (generations st) | None => generations st end in
  State (r_store res)
    (match a with Some r => partial_alter (λ _, r_next res) r others | None => others end) next.
Definition refused (why : refusal) : effects := Effects (Refused why) None None None 0.

(** [step-1] [step-2] [effect-2] *)
Definition step (cfg : config) (st : state) (i : input) : state * effects :=
  match rule cfg (i_now i) (i_draws i) st (i_event i) with
  | inl why => (st, refused why)
  | inr res => (conclude st (actor (i_event i)) res, r_effects res)
  end.

(** ** What a driver tells a state, and does for it *)

(** [state-7] *)
Definition with_stored (st : state) (i : id) (s : option session) : state :=
  State (partial_alter (λ _, s) i (store st)) (requests st) (generations st).
(** [driver-11] *)
Definition with_generation (st : state) (u : text) (g : N) : state :=
  State (store st) (end_login u (N.eqb g) <$> requests st) (<[u := g]> (generations st)).

(** What an operation does to a store. [driver-3] to [driver-8] [driver-9] [driver-12] to [driver-14] *)
Definition carry_out (cfg : config) (op : option store_op) (m : gmap id session) : gmap id session :=
  match op with
  | None => m
  | Some (OpCreate i s _ None) => <[i := s]> m
  | Some (OpCreate i s _ (Some t)) => <[i := s]> (delete_where (over cfg t) m)
  | Some (OpTouch i t) => alter (λ s, set_accessed s (N.max (accessed s) t)) i m
  | Some (OpUpdate i s) => <[i := s]> m
  | Some (OpRotate from to s _) => <[to := s]> (delete from m)
  | Some (OpDelete i) | Some (OpDiscard i) => delete i m
  | Some (OpDeleteUser u except) => end_user u except m
  | Some (OpDeleteHandle h None) => delete_where (has_handle h) m
  | Some (OpDeleteHandle h (Some u)) => delete_where (λ s, has_handle h s && is_of u s) m
  | Some (OpDiscardOver t) => delete_where (over cfg t) m
  end.
