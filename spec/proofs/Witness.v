(** Computed runs that meet the premises of the claims, so that each claim says something about them. *)
From Q Require Import Claims.
From Q Require Import Clients.

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

(** ** Browsers *)

(** What happens: an event at a time, of this browser if one begins, or the arrival of the response at a place. *)
Inductive happening := Asks (b : browser) (now : time) (e : event) | Comes (k : nat).
Fixpoint moves (k : N) (l : list happening) : list move :=
  match l with
  | [] => []
  | Asks b now e :: l => Happens (Some b) (at_ k now e) :: moves (N.succ k) l
  | Comes n :: l => Arrives n :: moves k l end.
Fixpoint world_of cfg (w : world) (l : list move) : world :=
  match l with [] => w | m :: l => world_of cfg (after cfg w m) l end.
Lemma goes_world cfg w l : goes cfg w → goes cfg (world_of cfg w l).
Proof. revert w. induction l as [|m l IH]; intros w H; simpl; [done|]. apply IH. by constructor. Qed.
(** That such a run is fair: computed. *)
Ltac goes_fairly := split; [apply goes_world; constructor|]; split; [|split]; apply (bool_decide_unpack _); vm_compute; reflexivity.
(** Whom browser 1 is owed, its cookie, and the cookies on their way. *)
Definition seen_by_1 (w : world) := (owed w !! 1, jars w !! (1, "/"%string), (λ p, fst <$> p_cookie p) <$> under_way w).
Definition after_each cfg (l : list move) (k : list nat) := (λ n, seen_by_1 (world_of cfg at_first (take n l))) <$> k.

(** Two tabs of one browser: while the one logs in, the other makes a form, and its response overtakes that of the
    login. Then the one logs out, in a request that fails, and the other looks on. *)
Definition tabs : list move := moves 0
  [ Asks 1 0 (start 1 None); Asks 1 1 (of 1 (SetValue "k" "v")); Asks 1 2 (done_ 1); Comes 0;            (* 4: id 1002 *)
    Asks 1 3 (start 2 (Some (CookieId 1002))); Asks 1 4 (start 3 (Some (CookieId 1002)));
    Asks 1 5 (of 2 (SetUser (Some "ann"))); Asks 1 6 (done_ 2);                                         (* 8: id 1006 *)
    Asks 1 7 (of 3 CreateFormToken); Asks 1 8 (done_ 3); Comes 1; Comes 0;                              (* 12 *)
    Asks 1 9 (start 4 (Some (CookieId 1006))); Asks 1 10 (start 5 (Some (CookieId 1006)));              (* 14 *)
    Asks 1 11 (of 4 ExpireSession); Asks 1 12 (of 4 (FinishRequest Failed)); Asks 1 13 (done_ 5); Comes 0; Comes 0 ].
Example tabs_fair : fairly_goes strict (world_of strict at_first tabs).
Proof. goes_fairly. Qed.
Example tabs_seen : after_each strict tabs [4; 8; 10; 11; 12; 14; 16; 19]%nat =
  [ (None, Some 1002, []); (None, Some 1002, [Some (SetCookie 1006)]); (None, Some 1002, [Some (SetCookie 1006); None]);
    (None, Some 1002, [Some (SetCookie 1006)]); (Some "ann"%string, Some 1006, []); (Some "ann"%string, Some 1006, []);
    (None, Some 1006, [Some Revoke]); (None, None, []) ].
Proof. vm_compute. reflexivity. Qed.
(** Both claims speak of something here: of the starts that are 13th and 14th, and of the arrival that is 18th. *)
Example tabs_replies : (λ n, e_reply ∘ o_eff <$> head (so_far (world_of strict at_first (take n tabs)))) <$> [13; 14]%nat =
  [ Some (Started (Some "ann"%string)); Some (Started (Some "ann"%string)) ].
Proof. vm_compute. reflexivity. Qed.
Example tabs_logout : (λ p, (p_ended p, p_sent p)) <$> under_way (world_of strict at_first (take 17 tabs)) =
  [ (true, Some 1006); (false, Some 1006) ].
Proof. vm_compute. reflexivity. Qed.

(** Why a login is owed no longer once another request, one that may bring a cookie, has brought one, even if that became
    such a request only after the login had arrived: request 3 empties the session with which it came, stores something,
    and its cookie takes the place of the login's. *)
Definition crossing : list move := moves 0
  [ Asks 1 0 (start 1 None); Asks 1 0 (start 2 None); Asks 1 1 (of 2 CreateFormToken); Asks 1 2 (done_ 2); Comes 0;  (* 5: id 1003 *)
    Asks 1 3 (start 3 (Some (CookieId 1003))); Asks 1 4 (of 1 (SetUser (Some "ann"))); Asks 1 5 (done_ 1); Comes 0;  (* 9: id 1006 *)
    Asks 1 6 (of 3 (RemoveFormToken (Some 3002))); Asks 1 7 (of 3 (SetValue "k" "v")); Asks 1 8 (done_ 3);           (* 12: id 1009 *)
    Asks 1 9 (start 4 (Some (CookieId 1006))); Comes 0; Asks 1 10 (start 5 (Some (CookieId 1009))) ].
Example crossing_fair : fairly_goes strict (world_of strict at_first crossing).
Proof. goes_fairly. Qed.
Example crossing_seen : after_each strict crossing [5; 9; 12; 13; 14]%nat =
  [ (None, Some 1003, []); (Some "ann"%string, Some 1006, []); (Some "ann"%string, Some 1006, [Some (SetCookie 1009)]);
    (Some "ann"%string, Some 1006, [Some (SetCookie 1009)]); (None, Some 1009, []) ].
Proof. vm_compute. reflexivity. Qed.
(** When the login arrived, no other request of the browser was one that may bring a cookie. *)
Example crossing_open : (λ n, may_bring <$> open (world_of strict at_first (take n crossing)) !! 3) <$> [9; 10]%nat =
  [ Some false; Some true ].
Proof. vm_compute. reflexivity. Qed.
Example crossing_replies : (λ n, e_reply ∘ o_eff <$> head (so_far (world_of strict at_first (take n crossing)))) <$> [13; 15]%nat =
  [ Some (Started (Some "ann"%string)); Some (Started None) ].
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
