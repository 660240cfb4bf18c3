(** The browsers around strict: the cookies in their jars, their open requests, and the responses on their way, which
    arrive in any order or never. This file has no rule of the machine, and the machine knows nothing about browsers.
    At the end are the claims of the two theorems of spec/session.md about browsers. proof/Browsers.v proves them. *)
From Q Require Export Claims.

Notation browser := N (only parsing).

(** ** What a browser has under way *)

(** An open request of a browser. Its response may bring a cookie if it is one of those that session.md names under
    "Responses that cross". *)
Record asked := Asked {
  a_by : browser;
  a_anew : bool;      (* it began without a stored session, or it has emptied its own *)
  a_identity : bool;  (* it has logged in, renewed, ended or replaced a session *)
  a_ended : bool }.   (* it has ended its own: a logout *)
Definition may_bring (a : asked) : bool := a_anew a || a_identity a.

(** The response to a request that came with the cookie [p_sent], if that had been issued. *)
Record response := Response {
  p_to : browser; p_sent : option id; p_cookie : option (cookie_change * text);
  p_may_bring : bool;
  p_ended : bool;              (* its request ended its session *)
  p_login : option text }.     (* who is logged in by it, unless that session has ended since *)

(** A jar keeps one cookie for each path (RFC 6265, section 5.3). [owed] says as whom a browser has logged in. It is
    not part of the browser; the second theorem remembers it. *)
Record world := World {
  so_far : list occurrence; machine : state;
  jars : gmap (browser * text) id; open : gmap number asked; under_way : list response;
  owed : gmap browser text }.
Definition at_first := World [] init ∅ ∅ [] ∅.

Definition kept (jars : gmap (browser * text) id) (b : browser) : list id :=
  map_to_list jars ≫= λ x, if x.1.1 =? b then [x.2] else [].

(** ** A response arrives *)

(** [cookie-13] [cookie-14] [cookie-15] *)
Definition obey (b : browser) (c : option (cookie_change * text)) (jars : gmap (browser * text) id) :=
  match c with
  | Some (SetCookie i, path) => <[(b, path) := i]> jars
  | Some (Revoke, path) => delete (b, path) jars
  | None => jars end.

(** A login is owed from now on, if the browser has the cookie for it. It is no longer owed once another request that
    may bring a cookie has brought one. The worlds and TLC are laxer: there it is not owed while such a request is
    under way. *)
Definition owed_then (w : world) (p : response) : gmap browser text :=
  let b := p_to p in
  let brings := negb (is_none (p_cookie p)) in
  match p_login p with
  | Some u =>
      if brings || existsb (λ n, bool_decide (p_sent p = Some n)) (kept (jars w) b) then <[b := u]> (owed w)
      else delete b (owed w)
  | None => if brings && p_may_bring p then delete b (owed w) else owed w
  end.
Definition arrive (w : world) (k : nat) : world :=
  match under_way w !! k with
  | None => w
  | Some p => World (so_far w) (machine w) (obey (p_to p) (p_cookie p) (jars w)) (open w) (delete k (under_way w)) (owed_then w p)
  end.

(** ** The machine takes a step *)

Definition is_stored (st : state) (n : id) : bool := negb (is_none (store st !! n)).
(** The session of this id leaves the store. *)
Definition gone (o : occurrence) (n : id) : bool := is_stored (o_before o) n && negb (is_stored (o_after o) n).
Definition discards (eff : effects) : bool := match e_op eff with Some (OpDiscard _) => true | _ => false end.

Definition ask (b : browser) (o : occurrence) (r : number) : asked :=
  Asked b (match requests (o_after o) !! r with Some q => is_none (held_id q) | None => true end) false false.
Definition go_on_asking (e : request_event) (eff : effects) (a : asked) : asked :=
  let identity ended := Asked (a_by a) (a_anew a) true (a_ended a || ended) in
  match e with
  | SetUser _ | RenewSession | NewSession | ExpireOtherSessions => identity false
  | ExpireSession => identity true
  | ExpireHandle _ => identity (match e_op eff with Some (OpDeleteHandle _ (Some _)) => false | _ => true end)
  | RemoveFormToken _ | TakeValue _ => Asked (a_by a) (a_anew a || discards eff) (a_identity a) (a_ended a)
  | _ => a
  end.

Global Instance t_begins_dec t : Decision (t_begins t).
Proof. unfold t_begins. destruct (t_login t) as [[u at_]|]; apply _. Defined.
(** The response to a request that has done [t]. If the request has logged out by setting nobody, and nothing is left,
    the cookie must go; if it has emptied a cart, it need not. The response logs nobody in if the request failed, or
    if its session was ended meanwhile and it saved to no other. *)
Definition respond (a : asked) (t : trail) (o : occurrence) (saved : bool) : response :=
  let eff := o_eff o in
  let lost := is_none (e_cookie eff) && is_none (written (e_op eff)) &&
              match t_sent t with Some n => negb (is_stored (o_after o) n) | None => true end in
  Response (a_by a) (t_sent t) (e_cookie eff) (may_bring a)
    (a_ended a || discards eff && bool_decide (t_begins t))
    (match t_user t with
     | Some u => if saved && a_identity a && negb lost && negb (String.eqb u "") then Some u else None
     | None => None end).

(** The session that a response logs into ends before it arrives. *)
Definition logs_into (p : response) : option id :=
  match p_cookie p with Some (SetCookie n, _) => Some n | Some (Revoke, _) => None | None => p_sent p end.
Definition forget (o : occurrence) (p : response) : response :=
  Response (p_to p) (p_sent p) (p_cookie p) (p_may_bring p) (p_ended p)
    (match logs_into p with Some n => if gone o n then None else p_login p | None => p_login p end).

(** Nothing is owed to a browser once one of its own requests has changed who it is, or once the session that its jar
    names has ended: by somebody else, by a limit, or because its own request replaced it. [mine] is the request that
    acts. *)
Definition excused (w : world) (o : occurrence) (mine : option asked) (b : browser) : bool :=
  let ended := existsb (gone o) (kept (jars w) b) in
  match mine with
  | Some a => if a_by a =? b then a_identity a || a_anew a && ended else ended
  | None => ended end.

(** [by_] is the browser whose request starts, or none if somebody else starts it. It brings any cookie: the browser's
    own, an older one, or none. *)
Definition happen (cfg : config) (w : world) (by_ : option browser) (i : input) : world :=
  let o := occurs cfg (machine w) i in
  if negb (accepted o) then World (o :: so_far w) (o_after o) (jars w) (open w) (under_way w) (owed w) else
  let mine := match i_event i with OfRequest r e => go_on_asking e (o_eff o) <$> open w !! r | _ => None end in
  let left := forget o <$> under_way w in
  let owed := filter (λ x, excused w o mine x.1 = false) (owed w) in
  let goes_on open := World (o :: so_far w) (o_after o) (jars w) open left owed in
  match i_event i with
  | StartRequest r _ _ _ _ => goes_on (match by_ with Some b => <[r := ask b o r]> (open w) | None => open w end)
  | OfRequest r (FinishRequest outcome) =>
      let p := match outcome, open w !! r, trail_of cfg (so_far w) r with
               | Abandoned, _, _ | _, None, _ | _, _, None => []
               | (Successful | Interrupted), Some a, Some t => [respond a t o true]
               | Failed, Some a, Some t => [respond a t o false] end in
      World (o :: so_far w) (o_after o) (jars w) (delete r (open w)) (left ++ p) owed
  | OfRequest r e => goes_on (alter (go_on_asking e (o_eff o)) r (open w))
  | OfManager _ => goes_on (open w)
  end.

(** ** Runs *)

Inductive move := Happens (by_ : option browser) (i : input) | Arrives (k : nat).
Definition after cfg (w : world) (m : move) : world :=
  match m with Happens by_ i => happen cfg w by_ i | Arrives k => arrive w k end.
Inductive goes cfg : world → Prop :=
| goes_first : goes cfg at_first
| goes_after w m : goes cfg w → goes cfg (after cfg w m).
Definition fairly_goes cfg w := goes cfg w ∧ fresh_draws (so_far w).

(** ** Claims: a configuration that the check accepts has a path

    The other theorems about cookies speak of a response alone, and stand in Claims.v. *)

Definition logout_reaches_the_client := ∀ cfg p w k r n, cookie_path cfg = Some p → p ≠ "" → fairly_goes cfg w →
  under_way w !! k = Some r → p_ended r = true → p_sent r = Some n → n ∉ kept (jars (arrive w k)) (p_to r).

(** Of a request that brings the browser's own cookie. *)
Definition still_logged_in := ∀ cfg p w i b u r c a script passive, cookie_path cfg = Some p → p ≠ "" → fairly_goes cfg w →
  owed w !! b = Some u → i_event i = StartRequest r c a script passive → cookie_id c = jars w !! (b, p) →
  accepted (occurs cfg (machine w) i) = true →
  e_reply (step cfg (machine w) i).2 = Started (Some u) ∨
  ∃ n s, cookie_id c = Some n ∧ store (machine w) !! n = Some s ∧ is_over cfg (i_now i) s.
