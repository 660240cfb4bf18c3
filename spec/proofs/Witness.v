(** The premises of the claims are met: runs that are computed here, in which each of them speaks of something. *)
From Q Require Import Claims.

(** Strict as [Config::STRICT] has it, and one with tight limits. *)
Definition strict := Config 60000 (Some 1800000) (Some 43200000) 16 65536 64 1000000 100000000 (Some "/").
Definition tight := Config 0 (Some 20) (Some 100) 2 8 2 3 2 (Some "/").

Fixpoint states cfg (st : state) (l : list input) : list state :=
  match l with [] => [st] | i :: l => st :: states cfg (step cfg st i).1 l end.
Fixpoint effects_of cfg (st : state) (l : list input) : list effects :=
  match l with [] => [] | i :: l => (step cfg st i).2 :: effects_of cfg (step cfg st i).1 l end.
(** The history that the steps [l] make. *)
Fixpoint history cfg (st : state) (l : list input) (h : list occurrence) : list occurrence :=
  match l with [] => h | i :: l => history cfg (step cfg st i).1 l (occurs cfg st i :: h) end.
Lemma history_run cfg h st l : run cfg h st → ∃ st', run cfg (history cfg st l h) st'.
Proof. revert h st. induction l as [|i l IH]; intros h st H; simpl; [by eauto|]. apply IH. by constructor. Qed.

(** The [k]th input: its moment, its event, and draws that no other input has. *)
Definition at_ (k : N) (now : time) (e : event) := Input now (Draws [1000 + k; 2000 + k] [3000 + k; 4000 + k] (5000 + k)) e.
Fixpoint inputs (k : N) (l : list (time * event)) : list input :=
  match l with [] => [] | (now, e) :: l => at_ k now e :: inputs (N.succ k) l end.
Notation start r c := (StartRequest r c "addr" "" false).
Notation of r e := (OfRequest r e).
Notation done_ r := (OfRequest r (FinishRequest Successful)).

(** A session with a token and a value; two requests on it: the one spends the token, takes a value and logs in,
    the other comes too late; then the user's sessions are ended, and all that is over is swept. *)
Definition visit : list input := inputs 0
  [ (0, start 1 None); (1, of 1 CreateFormToken); (2, of 1 (SetValue "k" "v")); (2, of 1 (SetValue "once" "x"));
    (3, done_ 1);                                                               (* 4: id 1004 *)
    (100000, start 2 (Some (CookieId 1004))); (100000, start 3 (Some (CookieId 1004)));
    (100001, of 2 (RemoveFormToken (Some 3001))); (100001, of 3 (RemoveFormToken (Some 3001)));
    (100002, of 2 (TakeValue "once")); (100002, of 3 (TakeValue "once"));
    (100003, of 2 (SetUser (Some "ann"))); (100004, done_ 2);                   (* 12: id 1012 *)
    (100005, of 3 (SetValue "k" "w")); (100006, done_ 3); (100007, of 3 (FinishRequest Failed));
    (100008, start 4 (Some (CookieId 1012))); (100009, of 4 ExpireSession); (100010, done_ 4);
    (100011, start 5 None); (100011, of 5 (SetUser (Some "ann"))); (100012, done_ 5);   (* 21: id 1021 *)
    (100013, start 6 None); (100013, of 6 (SetUser (Some "ann")));
    (100014, OfManager (DeleteSessionsOf "ann")); (100015, done_ 6);
    (100016, of 6 (FinishRequest Failed)); (100017, start 7 None); (100018, of 7 (SetValue "k" "v")); (100019, done_ 7);
    (100020, start 8 (Some (CookieId 1029))); (99999999, OfManager Sweep) ].
Example replies : e_reply <$> effects_of strict init visit =
  [ Started None; Token 3001; Done; Done; Done; Started None; Started None; Done; Refused UnknownToken;
    Value "x"; Refused UnknownKey; Done; Done; Done; Refused SessionGone; Done; Started (Some "ann"); Done; Done;
    Started None; Done; Done; Started None; Done; Done; Refused UserEnded; Done; Started None; Done; Done; Started None; Done ].
Proof. vm_compute. reflexivity. Qed.
Example cookies : omap (λ e, e_cookie e) (effects_of strict init visit) =
  [ (SetCookie 1004, "/"); (SetCookie 1012, "/"); (Revoke, "/"); (SetCookie 1021, "/"); (SetCookie 1029, "/") ].
Proof. vm_compute. reflexivity. Qed.
(** The whole run is fair: its draws are fresh. *)
Example fair : ∃ st, fair_run strict (history strict init visit []) st.
Proof.
  destruct (history_run strict [] init visit) as [st H]; [constructor|]. exists st. split; [done|].
  split; [|split]; apply (bool_decide_unpack _); vm_compute; reflexivity.
Qed.

(** Two requests on one session of nobody, whose updates meet: the one stores a value, the other logs in, where a form
    token was outstanding. Then another user takes over, one is ended before its login is saved, and one only reads. *)
Definition meeting : list input := inputs 0
  [ (0, start 1 None); (0, of 1 CreateFormToken); (0, of 1 (SetValue "k" "v")); (0, done_ 1);   (* 3: id 1003 *)
    (1, start 2 (Some (CookieId 1003))); (1, start 3 (Some (CookieId 1003)));
    (2, of 2 (SetValue "a" "x")); (2, of 3 (SetUser (Some "ann"))); (3, done_ 2); (4, done_ 3);  (* 9: id 1009 *)
    (5, start 4 (Some (CookieId 1009))); (6, of 4 (SetUser (Some "bob"))); (7, done_ 4);         (* 12: id 1012 *)
    (8, start 5 None); (8, of 5 (SetUser (Some "bob"))); (9, OfManager (DeleteSessionsOf "bob")); (10, done_ 5);
    (11, start 6 None); (12, done_ 6) ].
Example meeting_fair : ∃ st, fair_run strict (history strict init meeting []) st.
Proof.
  destruct (history_run strict [] init meeting) as [st H]; [constructor|]. exists st. split; [done|].
  split; [|split]; apply (bool_decide_unpack _); vm_compute; reflexivity.
Qed.
(** What is written, and under which id: whose it is, its value "a", and its tokens. *)
Example meeting_writes :
  (λ w, (w.1, user w.2, values w.2 !! "a", tokens w.2)) <$> omap (λ e, written (e_op e)) (effects_of strict init meeting) =
  [ (1003, None, None, [3001]); (1003, None, Some "x", [3001]); (1009, Some "ann", Some "x", []); (1012, Some "bob", None, []) ].
Proof. vm_compute. reflexivity. Qed.
(** The trails of requests 2 to 6 before they save: what they came with, whom they set, what may stay, and whether the
    user was ended and anything was changed. *)
Example meeting_trails :
  (λ k, (λ t, (t_sent t, t_login t, t_keeps t, t_ended t, t_changed t)) <$>
     trail_of strict (history strict init (take k.1 meeting) []) k.2) <$> [(8%nat, 2); (9%nat, 3); (12%nat, 4); (16%nat, 5); (18%nat, 6)] =
  [ Some (Some 1003, None, KeepAll, false, true); Some (Some 1003, Some (Some "ann", 2), KeepValues, false, true);
    Some (Some 1009, Some (Some "bob", 6), KeepNothing, false, true);
    Some (None, Some (Some "bob", 8), KeepValues, true, true); Some (None, None, KeepAll, false, false) ].
Proof. vm_compute. reflexivity. Qed.

(** ** For the faults *)

Fixpoint end_of cfg (st : state) (l : list input) : state :=
  match l with [] => st | i :: l => end_of cfg (step cfg st i).1 l end.
Lemma run_end_of cfg h st l : run cfg h st → run cfg (history cfg st l h) (end_of cfg st l).
Proof. revert h st. induction l as [|i l IH]; intros h st H; simpl; [done|]. apply IH. by constructor. Qed.
Lemma run_to cfg l : run cfg (history cfg init l []) (end_of cfg init l).
Proof. apply run_end_of. constructor. Qed.
(** That such a run, with the steps after it, is fair: computed. *)
Ltac is_fair := split; [repeat first [apply run_to|constructor]|]; split; [|split]; apply (bool_decide_unpack _); vm_compute; reflexivity.
(** A store with one session. *)
Definition one := set_handle (set_values (fresh "addr" 0) {[ "k" := "v" ]}) (Some 9).
Definition st0 := State {[ 1 := one ]} ∅ ∅.
(** Who is logged in before and after the login of 12, the logout of 17, the login of 21 and the end of 24. *)
Example who_is_in : (λ k, map_to_list (omap user (store (end_of strict init (take k visit))))) <$> [12; 13; 18; 22; 25]%nat =
  [ []; [(1012, "ann"%string)]; []; [(1021, "ann"%string)]; [] ].
Proof. vm_compute. reflexivity. Qed.
(** A session of nobody, and a login onto it that is about to be saved. *)
Definition login := inputs 0 [ (0, start 1 None); (0, of 1 (SetValue "k" "v")); (0, done_ 1);
  (1, start 2 (Some (CookieId 1002))); (2, of 2 (SetUser (Some "ann"))) ].
Definition saving := at_ 5 3 (done_ 2).
