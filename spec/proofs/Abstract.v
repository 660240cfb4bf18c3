(** Strict on one page: who is logged in. Everything else that a step does (values, form tokens, cookies, times) is
    left out. What remains is a map from ids to users, and four things that can happen to it. The claim below says
    that each step of strict does at most two of them, under every configuration and in every state. proof/Who.v
    proves it. *)
From Q Require Export Claims.

Notation who := (gmap id text) (only parsing).
Definition logged_in (st : state) : who := omap user (store st).

Inductive action :=
| Enter (u : text) (i : id) (instead : option id)  (* under a new id, in place of what was under another *)
| Renew (from to : id)                             (* the same user under a new id *)
| Leave (gone : gset id)                           (* logged out, ended by handle, or over *)
| EndUser (u : text) (except : option id).         (* everywhere *)

Definition does (w : who) (a : action) : option who :=
  match a with
  | Enter u i instead =>
      if w !! i then None
      else Some (<[i := u]> (match instead with Some n => delete n w | None => w end))
  | Renew from to =>
      match w !! from, w !! to with Some u, None => Some (<[to := u]> (delete from w)) | _, _ => None end
  | Leave gone => Some (filter (λ p, p.1 ∉ gone) w)
  | EndUser u except => Some (filter (λ p, p.2 ≠ u ∨ Some p.1 = except) w)
  end.
Fixpoint does_all (w : who) (l : list action) : option who :=
  match l with [] => Some w | a :: l => match does w a with Some w => does_all w l | None => None end end.

(** A request can log this user in only if it has set this user, or if it holds a session of this user that is not
    stored. *)
Definition logs_in (q : request) (u : text) : Prop :=
  (∃ l, c_login (own q) = Some l ∧ l_user l = Some u) ∨ ∃ s, held q = Some (None, s) ∧ user s = Some u.
(** Which step may do what. *)
Definition allowed (cfg : config) (st : state) (i : input) (a : action) : Prop :=
  match a with
  | Enter u n instead => n ∈ d_ids (i_draws i) ∧ ∃ r q, saves (i_event i) r ∧ requests st !! r = Some q ∧
      logs_in q u ∧ (instead = None ∨ instead = held_id q)
  | Renew from to => to ∈ d_ids (i_draws i) ∧ ∃ r q, saves (i_event i) r ∧ requests st !! r = Some q ∧
      held_id q = Some from ∧ c_renews (own q) = true
  | Leave gone => ∀ n, n ∈ gone → ∃ s, store st !! n = Some s ∧ names cfg (i_now i) st (i_event i) n s
  | EndUser u except => i_event i = OfManager (DeleteSessionsOf u) ∧ except = None ∨
      ∃ r, i_event i = OfRequest r ExpireOtherSessions
  end.

(** Two things happen if the store is full: sessions that are over leave, and then somebody logs in. *)
Definition strict_refines_who := ∀ cfg st i, ∃ l,
  does_all (logged_in st) l = Some (logged_in (step cfg st i).1) ∧ (length l ≤ 2)%nat ∧ Forall (allowed cfg st i) l.
