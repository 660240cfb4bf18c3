(** The claims about strict: one definition for each theorem of spec/session.md, of the same name. Every
    claim is about every configuration and every run of any length, with any number of requests, sessions,
    values and tokens. proof/ proves them, Witness.v shows that their premises can be met, and faults/
    breaks each of them. *)
From Q Require Export Model.

(** ** Runs *)

(** A step that happened. A run is the list of all such steps, the newest first, and the state that they led
    to. *)
Record occurrence := Occurrence { o_before : state; o_in : input; o_after : state; o_eff : effects }.
Definition occurs cfg st i := Occurrence st i (step cfg st i).1 (step cfg st i).2.
Inductive run (cfg : config) : list occurrence → state → Prop :=
| run_init : run cfg [] init
| run_step h st i : run cfg h st → run cfg (occurs cfg st i :: h) (step cfg st i).1.

Definition ids_drawn (h : list occurrence) : list N := h ≫= λ o, d_ids (i_draws (o_in o)).
Definition tokens_drawn (h : list occurrence) : list N := h ≫= λ o, d_tokens (i_draws (o_in o)).
Definition handles_drawn (h : list occurrence) : list N := h ≫= λ o, [d_handle (i_draws (o_in o))].
(** What session.md assumes of the random source: nothing is given twice. *)
Definition fresh_draws (h : list occurrence) : Prop :=
  NoDup (ids_drawn h) ∧ NoDup (tokens_drawn h) ∧ NoDup (handles_drawn h).
Definition fair_run cfg h st := run cfg h st ∧ fresh_draws h.

Definition event_of (o : occurrence) := i_event (o_in o).
Definition accepted (o : occurrence) : bool := match e_reply (o_eff o) with Refused _ => false | _ => true end.
Definition saves (e : event) (r : number) : Prop :=
  e = OfRequest r (FinishRequest Successful) ∨ e = OfRequest r (FinishRequest Interrupted).
(** What an operation writes, and where. *)
Definition written (op : option store_op) : option (id * session) := match op with
  | Some (OpCreate i s _ _) | Some (OpUpdate i s) | Some (OpRotate _ i s _) => Some (i, s) | _ => None end.
(** A limit that is reached, by an arithmetic of its own. *)
Definition past (now since : time) (limit : option N) : Prop :=
  match limit with Some l => since + l <= now ∨ now + l <= since | None => False end.
Definition is_too_old cfg now s := past now (created s) (absolute cfg).
Definition is_over cfg now s := is_too_old cfg now s ∨ past now (accessed s) (idle cfg).

(** ** States and steps *)

Definition refusal_changes_nothing := ∀ cfg st i why,
  e_reply (step cfg st i).2 = Refused why → step cfg st i = (st, refused why).

Definition stored_has_info := ∀ cfg h st i s, run cfg h st → store st !! i = Some s → has_info s = true.

Definition tokens_are_bounded := ∀ cfg h st, run cfg h st →
  (∀ i s, store st !! i = Some s → (length (tokens s) ≤ bound (cap cfg))%nat) ∧
  (∀ r q i s, requests st !! r = Some q → held q = Some (i, s) → (length (tokens s) ≤ bound (cap cfg))%nat).

Definition accessed_not_before_created := ∀ cfg h st, fair_run cfg h st →
  (∀ i s, store st !! i = Some s → created s <= accessed s) ∧
  (∀ r q i s, requests st !! r = Some q → held q = Some (i, s) → created s <= accessed s).

Definition ids_are_issued := ∀ cfg st i n, store st !! n = None → is_Some (store (step cfg st i).1 !! n) →
  n ∈ take (e_draws (step cfg st i).2) (d_ids (i_draws i)).

Definition no_id_comes_back := ∀ cfg h2 o h1 st n, fair_run cfg (h2 ++ o :: h1) st →
  is_Some (store (o_before o) !! n) → store (o_after o) !! n = None → store st !! n = None.

(** The id of a session that a user has just entered was drawn in this very step, and in no other. *)
Definition no_id_survives_login := ∀ cfg h st i n s u, fair_run cfg (occurs cfg st i :: h) (step cfg st i).1 →
  store (step cfg st i).1 !! n = Some s → user s = Some u →
  (∀ s0, store st !! n = Some s0 → user s0 ≠ Some u) →
  n ∈ d_ids (i_draws i) ∧ n ∉ ids_drawn h ∧
  ∀ from to s' g, e_op (step cfg st i).2 = Some (OpRotate from to s' g) → store (step cfg st i).1 !! from = None.

Definition one_user_per_id := ∀ cfg h st i n s s', fair_run cfg (occurs cfg st i :: h) (step cfg st i).1 →
  store st !! n = Some s → store (step cfg st i).1 !! n = Some s' → user s' = user s.

Definition no_token_survives_login := ∀ cfg h st i from to s s' g t,
  fair_run cfg (occurs cfg st i :: h) (step cfg st i).1 →
  e_op (step cfg st i).2 = Some (OpRotate from to s' g) → store st !! from = Some s → user s' ≠ user s →
  t ∈ tokens s → t ∉ tokens s'.

Definition store_ops_reproduce_store := ∀ cfg h st i, fair_run cfg (occurs cfg st i :: h) (step cfg st i).1 →
  store (step cfg st i).1 = carry_out cfg (e_op (step cfg st i).2) (store st).

(** What the steps of a request may do to what is stored, unless they save: whatever becomes of the request. *)
Definition final (cfg : config) (now : time) (e : event) (before after : option session) : Prop :=
  match e with
  | StartRequest _ _ _ _ passive =>
      ∃ s, before = Some s ∧
        (after = None ∧ is_over cfg now s ∨ after = Some (set_accessed s now) ∧ passive = false)
  | OfRequest _ ExpireSession | OfRequest _ ExpireOtherSessions | OfRequest _ (ExpireHandle _) => after = None
  | OfRequest _ NewSession => ∃ s, before = Some s ∧ after = None ∧ is_over cfg now s
  | OfRequest _ (RemoveFormToken (Some t)) =>
      ∃ s, before = Some s ∧ t ∈ tokens s ∧ let left := set_tokens s (without (tokens s) t) in
        (after = Some left ∨ after = None ∧ has_info left = false)
  | OfRequest _ (TakeValue k) =>
      ∃ s, before = Some s ∧ is_Some (values s !! k) ∧ let left := set_values s (delete k (values s)) in
        (after = Some left ∨ after = None ∧ has_info left = false)
  | _ => False
  end.
Definition failure_leaves_no_trace := ∀ cfg st i r n, actor (i_event i) = Some r → ¬ saves (i_event i) r →
  store (step cfg st i).1 !! n = store st !! n ∨
  final cfg (i_now i) (i_event i) (store st !! n) (store (step cfg st i).1 !! n).

(** Whom an event names, among what is stored. *)
Definition names (cfg : config) (now : time) (st : state) (e : event) (n : id) (s : session) : Prop :=
  match e with
  | StartRequest _ c _ _ _ => cookie_id c = Some n
  | OfRequest r e => ∃ q i h, requests st !! r = Some q ∧
      match e with
      | NewSession => held_id q = Some n
      | ExpireOtherSessions => held q = Some (i, h) ∧ is_Some (user h) ∧ user s = user h ∧ i ≠ Some n
      | ExpireHandle x => held q = Some (i, h) ∧
          (handle h = Some x ∧ (i = Some n ∨ handle s = Some x) ∨ handle s = Some x ∧ user s = user h)
      | ExpireSession => held q = Some (i, h) ∧ (i = Some n ∨ is_Some (handle h) ∧ handle s = handle h)
      | FinishRequest _ => held_id q = Some n ∨ is_over cfg now s    (* a full store makes room *)
      | _ => held_id q = Some n
      end
  | OfManager (DeleteSession i) => i = n
  | OfManager (DeleteHandle x) => handle s = Some x
  | OfManager (DeleteSessionsOf u) => user s = Some u
  | OfManager Sweep => is_over cfg now s
  end.
Definition others_are_left_alone := ∀ cfg st i n s, store st !! n = Some s →
  store (step cfg st i).1 !! n = Some s ∨ names cfg (i_now i) st (i_event i) n s.

Definition value_is_taken_once := ∀ cfg st i r k v op,
  i_event i = OfRequest r (TakeValue k) → e_reply (step cfg st i).2 = Value v → e_op (step cfg st i).2 = Some op →
  ∃ q n s, requests st !! r = Some q ∧ held_id q = Some n ∧ store st !! n = Some s ∧ values s !! k = Some v ∧
    ∀ s', store (step cfg st i).1 !! n = Some s' → values s' !! k = None.

Definition visit_counts := ∀ cfg st i r c a script passive q n s,
  i_event i = StartRequest r c a script passive → accepted (occurs cfg st i) = true →
  requests (step cfg st i).1 !! r = Some q → held q = Some (Some n, s) →
  ∃ s0 s1, store st !! n = Some s0 ∧ store (step cfg st i).1 !! n = Some s1 ∧
    if passive then s1 = s0 else i_now i - accessed s1 <= resolution cfg.

Definition cookie_names_stored := ∀ cfg st i n path, e_cookie (step cfg st i).2 = Some (SetCookie n, path) →
  is_Some (store (step cfg st i).1 !! n).

(** A configuration that the check accepts has a path. *)
Definition revocation_matches := ∀ cfg p st i c path, cookie_path cfg = Some p → p ≠ "" →
  e_cookie (step cfg st i).2 = Some (c, path) → path = p.

Definition nothing_past_its_limits := ∀ cfg st i r n s, store st !! n = Some s →
  (∀ c a script passive q h, i_event i = StartRequest r c a script passive → accepted (occurs cfg st i) = true →
     requests (step cfg st i).1 !! r = Some q → held q = Some (Some n, h) → ¬ is_over cfg (i_now i) s) ∧
  (∀ q e, i_event i = OfRequest r e → requests st !! r = Some q → held_id q = Some n →
     is_too_old cfg (i_now i) s →
     (store (step cfg st i).1 !! n = Some s ∨ store (step cfg st i).1 !! n = None) ∧
     (∀ t k, e = RemoveFormToken t ∨ e = TakeValue k → e_op (step cfg st i).2 = None)).

Definition sweep_leaves_none_over := ∀ cfg st i n s, i_event i = OfManager Sweep →
  store (step cfg st i).1 !! n = Some s → ¬ is_over cfg (i_now i) s.

Definition user_is_ended_everywhere := ∀ cfg st i u n s, i_event i = OfManager (DeleteSessionsOf u) →
  store (step cfg st i).1 !! n = Some s → user s ≠ Some u.

Definition expiry_is_immediate := ∀ cfg h st i r q n s0, fair_run cfg (occurs cfg st i :: h) (step cfg st i).1 →
  i_event i = OfRequest r ExpireSession → requests st !! r = Some q → held q = Some (Some n, s0) →
  store (step cfg st i).1 !! n = None ∧
  ∀ n' s, store (step cfg st i).1 !! n' = Some s → handle s ≠ handle s0.

(** ** Histories *)

Definition accepts (o : occurrence) (t : token) : Prop :=
  accepted o = true ∧ ∃ r, event_of o = OfRequest r (RemoveFormToken (Some t)).
Definition token_accepted_once := ∀ cfg h3 o2 h2 o1 h1 st t, fair_run cfg (h3 ++ o2 :: h2 ++ o1 :: h1) st →
  accepts o1 t → accepts o2 t → False.

(** What an application has done in a request, from its calls and their answers alone. *)
Record trail := Trail {
  t_sent : option id;                     (* the id that it came with, if that had been issued *)
  t_addr : text;
  t_user : option text;                   (* who is logged in, as the application was told *)
  t_login : option (option text * time);  (* the last user that it set, and when *)
  t_ended : bool;                         (* somebody else has ended that user's sessions since *)
  t_keeps : keeps;                        (* what may stay of what was there before *)
  t_values : gmap text (option text);     (* what it assigned, or removed *)
  t_tokens : list token;                  (* what it created, and has not spent *)
  t_renews : bool;
  t_changed : bool }.                     (* it did more than ask *)
Definition begun sent a u := Trail sent a u None false KeepAll ∅ [] false false.
(** The session is expired, or replaced by one that begins. *)
Definition dropped t := Trail (t_sent t) (t_addr t) None None false KeepAll ∅ [] false true.
Definition user_set t u now :=
  let k := between (t_user t) u in
  Trail (t_sent t) (t_addr t) u (Some (u, now)) false (least (t_keeps t) k)
    (keep_values k (t_values t)) (keep_tokens k (t_tokens t)) (t_renews t) true.
Definition value_assigned t k v := Trail (t_sent t) (t_addr t) (t_user t) (t_login t) (t_ended t) (t_keeps t)
  (<[k := v]> (t_values t)) (t_tokens t) (t_renews t) true.
Definition tokens_assigned t ts := Trail (t_sent t) (t_addr t) (t_user t) (t_login t) (t_ended t) (t_keeps t)
  (t_values t) ts (t_renews t) true.
Definition changed t := Trail (t_sent t) (t_addr t) (t_user t) (t_login t) (t_ended t) (t_keeps t)
  (t_values t) (t_tokens t) (t_renews t) true.
Definition renewed t := Trail (t_sent t) (t_addr t) (t_user t) (t_login t) (t_ended t) (t_keeps t)
  (t_values t) (t_tokens t) true true.
Definition user_ended t := Trail (t_sent t) (t_addr t) (t_user t) (t_login t) true (t_keeps t)
  (t_values t) (t_tokens t) (t_renews t) (t_changed t).

Definition learn (cfg : config) (now : time) (e : request_event) (eff : effects) (t : trail) : option trail :=
  match e with
  | SetUser u => Some (user_set t u now)
  | RenewSession => Some (renewed t)
  | SetValue k v => Some (value_assigned t k (Some v))
  | RemoveValue k => Some (value_assigned t k None)
  | TakeValue k => Some (if is_none (e_op eff) then value_assigned t k None else changed t)
  | CreateFormToken => match e_reply eff with
      | Token x => Some (tokens_assigned t (push (cap cfg) (t_tokens t) x)) | _ => Some t end
  | RemoveFormToken (Some x) => Some (tokens_assigned t (without (t_tokens t) x))
  | ExpireSession | NewSession => Some (dropped t)
  | ExpireHandle _ => Some (match e_op eff with Some (OpDeleteHandle _ (Some _)) => changed t | _ => dropped t end)
  | GuardValue _ | ExpireOtherSessions => Some (changed t)
  | FinishRequest _ => None
  | _ => Some t
  end.
(** The user whose sessions a step ended. *)
Definition user_ended_by (o : occurrence) : option text := match e_op (o_eff o) with
  | Some (OpDeleteUser u _) => Some u | _ => None end.
Fixpoint trail_of (cfg : config) (h : list occurrence) (r : number) : option trail :=
  match h with
  | [] => None
  | o :: h =>
      let t := trail_of cfg h r in
      if negb (accepted o) then t
      else if bool_decide (actor (event_of o) = Some r) then
        match event_of o with
        | StartRequest _ c a _ _ =>
            let sent := match cookie_id c with
                        | Some n => if bool_decide (n ∈ ids_drawn h) then Some n else None | None => None end in
            Some (begun sent a (match e_reply (o_eff o) with Started u => u | _ => None end))
        | OfRequest _ e => t ≫= learn cfg (i_now (o_in o)) e (o_eff o)
        | OfManager _ => t
        end
      else match t, user_ended_by o with
           | Some t', Some u => Some (if bool_decide (fst <$> t_login t' = Some (Some u)) then user_ended t' else t')
           | _, _ => t
           end
  end.

(** The login of somebody, or the end of somebody's: then a session begins. *)
Definition t_begins (t : trail) : Prop := match t_login t with
  | Some (u, _) => is_Some u ∨ t_keeps t = KeepNothing | None => False end.
Definition t_only_tokens (t : trail) : Prop := t_login t = None ∧ t_values t = ∅ ∧ t_renews t = false.

(** What is saved: what the application assigned, and beside it what was stored, except for what a login drops. *)
Definition is_merged cfg (t : trail) (old : option session) (s : session) : Prop :=
  user s = t_user t ∧
  (∀ k, values s !! k = match t_values t !! k with
     | Some v => v
     | None => match old with
               | Some o => if bool_decide (t_keeps t = KeepNothing) then None else values o !! k
               | None => None end end) ∧
  (∀ x, x ∈ tokens s → x ∈ t_tokens t ∨ t_keeps t = KeepAll ∧ ∃ o, old = Some o ∧ x ∈ tokens o) ∧
  (∀ x, x ∈ t_tokens t ∨ (t_keeps t = KeepAll ∧ ∃ o, old = Some o ∧ x ∈ tokens o) →
     x ∈ tokens s ∨ length (tokens s) = bound (cap cfg)).

(** What a save leaves as it was: the handle, and unless a session begins, where from and when it began. *)
Definition leaves_the_rest (t : trail) (old : option session) (s : session) : Prop := ∀ o, old = Some o →
  accessed o <= accessed s ∧ (t_keeps t = KeepNothing ∨ handle s = handle o) ∧
  (t_begins t ∨ addr s = addr o ∧ created s = created o).

(** The session that a request came with, if it is stored and may be saved to. *)
Definition saved_onto cfg now (st : state) (q : request) (old : option session) : Prop :=
  match old with
  | Some o => ∃ n, held_id q = Some n ∧ store st !! n = Some o ∧ ¬ is_too_old cfg now o
  | None => ∀ n o, held_id q = Some n → store st !! n = Some o → is_too_old cfg now o
  end.
Definition no_update_is_lost := ∀ cfg h st i r q t old, fair_run cfg (occurs cfg st i :: h) (step cfg st i).1 →
  saves (i_event i) r → e_reply (step cfg st i).2 = Done → requests st !! r = Some q → is_Some (held q) →
  trail_of cfg h r = Some t → saved_onto cfg (i_now i) st q old →
  match written (e_op (step cfg st i).2) with
  | Some (n, s) => store (step cfg st i).1 !! n = Some s ∧ is_merged cfg t old s ∧ leaves_the_rest t old s
  | None =>
      t_only_tokens t ∧ (t_tokens t = [] ∨ old = None ∧ is_Some (held_id q)) ∧ store (step cfg st i).1 = store st ∨
      (∃ s, is_merged cfg t old s ∧ has_info s = false) ∧ ∀ n, held_id q = Some n → store (step cfg st i).1 !! n = None
  end.

Definition login_begins_a_session := ∀ cfg h st i r q t n s, fair_run cfg (occurs cfg st i :: h) (step cfg st i).1 →
  saves (i_event i) r → requests st !! r = Some q → trail_of cfg h r = Some t →
  written (e_op (step cfg st i).2) = Some (n, s) →
  (t_begins t ∨ t_renews t = true → held_id q ≠ Some n) ∧
  (t_begins t → user s = t_user t ∧ addr s = t_addr t ∧ Some (created s) = snd <$> t_login t).

Definition values_stay_with_their_user := ∀ cfg h st i r q t n s,
  fair_run cfg (occurs cfg st i :: h) (step cfg st i).1 →
  saves (i_event i) r → requests st !! r = Some q → trail_of cfg h r = Some t →
  written (e_op (step cfg st i).2) = Some (n, s) → t_keeps t = KeepNothing →
  (∀ k v, values s !! k = Some v → t_values t !! k = Some (Some v)) ∧ (∀ x, x ∈ tokens s → x ∈ t_tokens t).

Definition ended_user_stays_ended := ∀ cfg h st i r t u at_ n s,
  fair_run cfg (occurs cfg st i :: h) (step cfg st i).1 →
  saves (i_event i) r → trail_of cfg h r = Some t → t_login t = Some (Some u, at_) → t_ended t = true →
  written (e_op (step cfg st i).2) ≠ Some (n, s).

Definition reading_stores_nothing := ∀ cfg h st i r t, fair_run cfg (occurs cfg st i :: h) (step cfg st i).1 →
  saves (i_event i) r → trail_of cfg h r = Some t → t_changed t = false → accepted (occurs cfg st i) = true →
  e_op (step cfg st i).2 = None ∧ e_cookie (step cfg st i).2 = None.

Definition no_session_is_orphaned := ∀ cfg h st i r t n c path, fair_run cfg (occurs cfg st i :: h) (step cfg st i).1 →
  actor (i_event i) = Some r → trail_of cfg h r = Some t → t_sent t = Some n →
  e_cookie (step cfg st i).2 = Some (c, path) → c ≠ SetCookie n → store (step cfg st i).1 !! n = None.
