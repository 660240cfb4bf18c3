------------------------------- MODULE Trace --------------------------------
(***************************************************************************)
(* Is a recorded run a run of the model? Each step of a trace names the    *)
(* event, its arguments and its draws; the model makes that step, and what *)
(* it shows must be what was observed. A refused event must be impossible. *)
(* `spec/tlc traces` writes traces of the format of `session.md` in the    *)
(* words of this module, and says how far TLC comes in each.               *)
(***************************************************************************)
EXTENDS Rows

CONSTANT Traces  \* a sequence of traces; each is a sequence of steps

VARIABLES
  which,  \* the trace that is followed
  at      \* how many of its steps were made

following == <<which, at>>

Step == Traces[which][at + 1]

Do(event, draws, handle) ==
  CASE event[1] = "StartRequest" ->
           StartRequest(event[2], event[3], event[4], event[5], event[6])
    [] event[1] = "SetUser" -> SetUser(event[2], event[3])
    [] event[1] = "RenewSession" -> RenewSession(event[2])
    [] event[1] = "SetValue" -> SetValue(event[2], event[3], event[4])
    [] event[1] = "RemoveValue" -> RemoveValue(event[2], event[3])
    [] event[1] = "TakeValue" -> TakeValue(event[2], event[3])
    [] event[1] = "GuardValue" -> GuardValue(event[2], event[3])
    [] event[1] = "CreateFormToken" -> CreateFormToken(event[2], draws)
    [] event[1] = "HasFormToken" -> HasFormToken(event[2], event[3])
    [] event[1] = "RemoveFormToken" -> RemoveFormToken(event[2], event[3])
    [] event[1] = "HasSessionCookie" -> HasSessionCookie(event[2], event[3])
    [] event[1] = "RevokeSessionCookie" -> RevokeSessionCookie(event[2])
    [] event[1] = "ExpireSession" -> ExpireSession(event[2])
    [] event[1] = "ExpireOtherSessions" -> ExpireOtherSessions(event[2])
    [] event[1] = "ExpireHandle" -> ExpireHandle(event[2], event[3])
    [] event[1] = "NewSession" -> NewSession(event[2])
    [] event[1] = "MaintainSession" -> MaintainSession(event[2], draws)
    [] event[1] = "FinishRequest" -> FinishRequest(event[2], event[3], draws, handle)
    [] event[1] = "InsertSession" -> InsertSession(event[2], event[3], event[4])
    [] event[1] = "DeleteSession" -> DeleteSession(event[2])
    [] event[1] = "DeleteHandle" -> DeleteHandle(event[2])
    [] event[1] = "DeleteSessionsOf" -> DeleteSessionsOf(event[2])
    [] event[1] = "Sweep" -> Sweep
    [] event[1] = "Clock" -> Clock(event[2])

\* Nothing is seen of a request that is not open.
HeldRow(r) ==
  IF requests'[r] = None \/ requests'[r].holds = None THEN None
  ELSE SessionRow(sessions'[requests'[r].holds])

CookieSeen(r) == IF requests'[r] = None THEN None ELSE requests'[r].cookie

StoredRows == {SessionRow(sessions'[id]) : id \in {id \in Ids : sessions'[id] # None}}

\* What was observed under a key of `expect`.
Shown(key, r) ==
  CASE key = "reply" -> seen'.reply
    [] key = "session" -> HeldRow(r)
    [] key = "request_cookie" -> CookieSeen(r)
    [] key = "set_cookie" -> seen'.change
    [] key = "path" -> seen'.path
    [] key = "transaction" -> seen'.end
    [] key = "stored" -> StoredRows

AsObserved ==
  \A n \in DOMAIN Step.expect : Shown(Step.expect[n][1], Step.request) = Step.expect[n][2]

TraceInit == Init /\ which \in DOMAIN Traces /\ at = 0

TraceNext ==
  /\ at < Len(Traces[which])
  /\ IF Step.refused THEN ~ENABLED Do(Step.event, Step.draws, Step.handle) /\ UNCHANGED vars
     ELSE Do(Step.event, Step.draws, Step.handle) /\ seen'.draws = Step.draws
  /\ AsObserved
  /\ which' = which /\ at' = at + 1
  /\ PrintT(<<which, at'>>)

TraceSpec == TraceInit /\ [][TraceNext]_<<vars, following>>
=============================================================================
