--------------------------- MODULE SessionManager ---------------------------
(***************************************************************************)
(* A session manager, its store, and the clients around it.                *)
(*                                                                         *)
(* The machine of `session.md` at the level of a reader: what is stored,   *)
(* what requests in flight hold, which cookies clients have and which      *)
(* responses are on their way. One constant, Semantics, chooses among the  *)
(* three sets of rules: "live", "copying" and "strict". The constants from *)
(* Clients on say how large a world is, and which events happen there.     *)
(*                                                                         *)
(* New to TLA+? A module describes which steps a system may take. A        *)
(* variable with a prime is its value after the step: `now' = now + 1`     *)
(* lets one moment pass. Each definition below that speaks of primed       *)
(* variables is an action, a kind of step, and is called like the event of *)
(* `session.md` that it stands for. What comes first in it says when the   *)
(* step is possible; an event that is refused is a step that is not. Next, *)
(* at the end, says that some action happens. `[f EXCEPT ![x] = y]` is f   *)
(* but for its value at x, `/\` is and, `\/` is or.                        *)
(*                                                                         *)
(* Names in brackets, like [step-N], are rules of `session.md` that the    *)
(* next definition states. A test compares every step of this module with  *)
(* the code in src/, in both directions: see README.md.                    *)
(***************************************************************************)
EXTENDS Naturals, Sequences, FiniteSets, TLC

CONSTANTS
  Semantics,   \* "live", "copying" or "strict"
  None,        \* nothing: no user, no value, no session, no cookie
  Same,        \* in a request's list of changes: not changed
  Clients,     \* each has a jar of cookies
  Requests,    \* names for requests, and so how many can be in flight
  MaxId,       \* ids are the numbers 1 to MaxId
  Chosen,      \* the ids that InsertSession may choose
  Users,       \* who can log in; "" is a user, though nobody worth storing
  Keys,        \* under which the application keeps values
  Values,      \* what they can be set to
  MaxToken,    \* form tokens are the numbers 1 to MaxToken
  TokenCap,    \* form tokens that one session holds
  Mounts,      \* where the application is mounted: "" or, say, "/app"
  Outcomes,    \* how requests can end
  LastMoment,  \* the clock shows 0 to this
  Resolution,  \* an access is noted if more than this has passed
  Idle,        \* strict: how long a session lives without access
  Absolute,    \* strict: how long a session lives
  Events       \* the optional events of this world, by name

\* What every world must satisfy, or its search would show nothing.
ASSUME
  /\ Semantics \in {"live", "copying", "strict"}
  /\ {MaxId, MaxToken, LastMoment, Resolution, Idle, Absolute} \subseteq Nat
  /\ TokenCap \in Nat \ {0}
  /\ Chosen \subseteq 1 .. MaxId
  /\ Outcomes # {} /\ Outcomes \subseteq {"successful", "interrupted", "failed", "abandoned"}
  /\ Clients # {} /\ Requests # {} /\ Clients \intersect Requests = {}
  /\ None # Same
  /\ {None, Same} \intersect (Clients \union Requests \union Users \union Values) = {}

VARIABLES
  sessions,    \* name -> the session of that name, or None
  requests,    \* request -> what is remembered while it is open, or None
  responses,   \* request -> its response while that is on its way, or None
  jars,        \* client -> path -> the id in the cookie kept there, or None
  now,         \* what the clock shows
  seen         \* the last step, as the driver saw it; no rule reads it

vars == <<sessions, requests, responses, jars, now, seen>>
View == <<sessions, requests, responses, jars, now>>

Live == Semantics = "live"
Copying == Semantics = "copying"
Strict == Semantics = "strict"

Ids == 1 .. MaxId
Tokens == 1 .. MaxToken
Paths == {"/"} \union {m \o "/" : m \in Mounts}

-----------------------------------------------------------------------------
(* Sessions. *)

\* [session-1] [session-2] [session-3]
Begun(moment) ==
  [id |-> None, handle |-> None, user |-> None, values |-> [k \in Keys |-> None],
   tokens |-> <<>>, created |-> moment, accessed |-> moment]

Anonymous == Begun(now)

\* [session-4] [session-5]
HasInfo(s) ==
  s.user \notin {None, ""} \/ (\E k \in Keys : s.values[k] # None) \/ s.tokens # <<>>

\* [time-3] [time-4] [time-5]
Touched(s) == IF now > s.accessed + Resolution THEN [s EXCEPT !.accessed = now] ELSE s

\* [time-1] [time-6] [time-7] [time-8] How far a session is from its limits depends on the
\* distance between the clock and its times, whichever is ahead.
Reached(since, limit) == now >= since + limit \/ since >= now + limit
PastAbsolute(s) == Reached(s.created, Absolute)
PastItsLimits(s) == PastAbsolute(s) \/ Reached(s.accessed, Idle)
Over(s) == Strict /\ PastItsLimits(s)

\* [time-14] [time-15] Idleness does not end the work of a request that began in time.
TooOld(s) == Strict /\ PastAbsolute(s)

Later(one, other) == IF one > other THEN one ELSE other

Among(t, queue) == \E n \in DOMAIN queue : queue[n] = t

\* [session-6] [session-7]
Push(queue, t) == Append(IF Len(queue) = TokenCap THEN Tail(queue) ELSE queue, t)

\* [session-8]
Without(queue, t) ==
  IF ~Among(t, queue) THEN queue
  ELSE LET at == CHOOSE n \in DOMAIN queue :
                   queue[n] = t /\ \A m \in 1 .. n - 1 : queue[m] # t
       IN SubSeq(queue, 1, at - 1) \o SubSeq(queue, at + 1, Len(queue))

-----------------------------------------------------------------------------
(* Memory. A session has a name: the id that it is stored under, or else   *)
(* the first of the requests that hold it. So `sessions` at the ids is the *)
(* store, and at the requests it is what only requests hold. Under live    *)
(* several requests, and the store, hold one session; under copying and    *)
(* strict each request holds its own copy. The field `id` is the id that   *)
(* the session has been given, which may have left the store since.        *)

Memory == [sessions |-> sessions, requests |-> requests]

Remember(memory) == sessions' = memory.sessions /\ requests' = memory.requests

IsStored(id) == id \in Ids /\ sessions[id] # None
IsFound(id) == IsStored(id) /\ ~TooOld(sessions[id])
IsOpen(r) == requests[r] # None
Holds(r) == IsOpen(r) /\ requests[r].holds # None
Held(r) == sessions[requests[r].holds]

Holders(memory, name) ==
  {r \in Requests : memory.requests[r] # None /\ memory.requests[r].holds = name}

\* [state-4] The session gets the name of its first holder; without a holder it is forgotten.
Rename(memory, from, holders) ==
  IF holders = {} THEN [memory EXCEPT !.sessions[from] = None]
  ELSE LET to == CHOOSE r \in holders : TRUE
       IN [sessions |-> [memory.sessions EXCEPT ![to] = memory.sessions[from], ![from] = None],
           requests |-> [r \in Requests |->
             IF r \in holders THEN [memory.requests[r] EXCEPT !.holds = to]
             ELSE memory.requests[r]]]

\* [step-8] A deleted session leaves the store. Under live, requests that hold it still share it.
Unstore(memory, id) == Rename(memory, id, Holders(memory, id))

\* The ids of sessions that are deleted together.
RECURSIVE UnstoreAll(_, _)
UnstoreAll(memory, ids) ==
  IF ids = {} THEN memory
  ELSE LET id == CHOOSE i \in ids : TRUE IN UnstoreAll(Unstore(memory, id), ids \ {id})

\* A copy of s with this id is stored, over whatever is there. [state-3]
Store(memory, id, s) == [Unstore(memory, id) EXCEPT !.sessions[id] = s]

\* A request releases the session that it holds.
Release(memory, r) ==
  IF memory.requests[r].holds = r THEN Rename(memory, r, Holders(memory, r) \ {r}) ELSE memory

\* A request holds s instead of the session that it held.
HoldInstead(memory, r, s) ==
  [Release(memory, r) EXCEPT !.sessions[r] = s, !.requests[r].holds = r]

-----------------------------------------------------------------------------
(* Draws. What is drawn is an input: a sequence, taken from the front until *)
(* one is not in use.                                                       *)

Free(draws, Used(_)) == {n \in DOMAIN draws : ~Used(draws[n])}

\* The draws that are taken; the last one is the result. None if all are in use.
\* [token-4] [token-7] [effect-16]
Taken(draws, Used(_)) ==
  IF Free(draws, Used) = {} THEN <<>>
  ELSE SubSeq(draws, 1, CHOOSE n \in Free(draws, Used) :
                          \A m \in Free(draws, Used) : n <= m)

Last(taken) == taken[Len(taken)]

-----------------------------------------------------------------------------
(* What a step shows: the event with its arguments, the answer, the        *)
(* operation on the store, the end of the transaction, the change of the   *)
(* cookie with its path, and the draws taken.                              *)

Shows(event, reply, op) ==
  seen' = [event |-> event, reply |-> reply, op |-> op, end |-> None, change |-> None,
           path |-> None, draws |-> <<>>]

ShowsDraws(event, reply, op, draws) ==
  seen' = [event |-> event, reply |-> reply, op |-> op, end |-> None, change |-> None,
           path |-> None, draws |-> draws]

Outside == <<responses, jars, now>>

Set(id) == <<"Set", id>>
Stillborn(id) == <<"Stillborn", id>>
Revoke == <<"Revoke">>

-----------------------------------------------------------------------------
(* A request starts. *)

\* What strict remembers of a request's changes: the user that it set, and when; whether that user's
\* sessions were ended since; what is kept of the session of the user before; whether the session is
\* to be renewed; the values that it set or removed; the values that must still be what it saw; and
\* its form tokens.
\* [step-10]
NoChanges ==
  [user |-> Same, at |-> None, ended |-> FALSE, keeps |-> "all", renew |-> FALSE,
   values |-> [k \in Keys |-> Same], guards |-> [k \in Keys |-> Same], tokens |-> <<>>]

\* Under strict the visit is noted in the store at once. [event-1] [step-3] [step-4] [step-5]
\* [step-6] [step-7] [step-8] [step-9] [step-11] [step-12] [step-13] [step-14] [time-11]
StartRequest(r, c, m, sent, passive) ==
  /\ requests[r] = None
  /\ LET over == IsStored(sent) /\ Over(sessions[sent])
         found == IsStored(sent) /\ ~over
         memory == IF over THEN Unstore(Memory, sent) ELSE Memory
         name == IF found /\ Live THEN sent ELSE r
         session == CASE found /\ passive -> sessions[sent]
                      [] found /\ ~passive -> Touched(sessions[sent])
                      [] OTHER -> Anonymous
         noted == found /\ Strict /\ session # sessions[sent]
         store == IF noted THEN [memory.sessions EXCEPT ![sent] = session] ELSE memory.sessions
         request == [client |-> c, mount |-> m, sent |-> sent, cookie |-> sent, holds |-> name,
                     response |-> None, changes |-> NoChanges]
     IN /\ sessions' = [store EXCEPT ![name] = session]
        /\ requests' = [memory.requests EXCEPT ![r] = request]
        /\ Shows(<<"StartRequest", r, c, m, sent, passive>>, session.user,
                 CASE over -> <<"Discard", sent>>
                   [] noted -> <<"Touch", sent, now>>
                   [] OTHER -> None)
  /\ UNCHANGED Outside

-----------------------------------------------------------------------------
(* A request changes its session. Under live and copying the session that  *)
(* it holds is all there is; strict remembers the changes besides.         *)

Changed(r, session, changes) ==
  /\ sessions' = [sessions EXCEPT ![requests[r].holds] = session]
  /\ requests' = IF Strict THEN [requests EXCEPT ![r].changes = changes] ELSE requests
  /\ UNCHANGED Outside

\* What a session keeps when its user is set. [step-17] [step-18] [step-19]
Between(before, after) ==
  CASE before = after -> "all"
    [] before # after /\ before = None -> "values"
    [] before # after /\ before # None -> "nothing"

Fewer(one, other) ==
  CASE "nothing" \in {one, other} -> "nothing"
    [] "values" \in {one, other} /\ "nothing" \notin {one, other} -> "values"
    [] OTHER -> "all"

Kept(keeps, s) ==
  CASE keeps = "all" -> s
    [] keeps = "values" -> [s EXCEPT !.tokens = <<>>]
    [] keeps = "nothing" ->
         [s EXCEPT !.tokens = <<>>, !.handle = None, !.values = [k \in Keys |-> None]]

\* Whether a session of that user begins: it does, except for nobody after nobody.
Begins(ch) == ch.user # Same /\ (ch.user # None \/ ch.keeps = "nothing")

\* [step-20] [time-16]
WithUser(ch, s) ==
  CASE ch.user = Same -> s
    [] ch.user # Same /\ ~Begins(ch) -> [s EXCEPT !.user = ch.user]
    [] Begins(ch) ->
         [s EXCEPT !.user = ch.user, !.created = ch.at, !.accessed = Later(@, ch.at)]

\* The changes that are kept when the user changes, and that change.
LoggedIn(ch, keeps, u) ==
  LET nothing == [k \in Keys |-> Same]
  IN [ch EXCEPT !.user = u, !.at = now, !.ended = FALSE, !.keeps = Fewer(@, keeps),
                !.tokens = IF keeps = "all" THEN @ ELSE <<>>,
                !.values = IF keeps = "nothing" THEN nothing ELSE @,
                !.guards = IF keeps = "nothing" THEN nothing ELSE @]

\* The request may still end the session that it found, by the handle. [event-3] [event-4]
\* [event-25] [step-15] [step-16]
SetUser(r, u) ==
  /\ Holds(r)
  /\ LET s == Held(r)
         keeps == Between(s.user, u)
         ch == LoggedIn(requests[r].changes, keeps, u)
         set == [WithUser(ch, Kept(keeps, s)) EXCEPT !.handle = s.handle]
     IN Changed(r, IF Strict THEN set ELSE [s EXCEPT !.user = u], ch)
  /\ Shows(<<"SetUser", r, u>>, "done", None)

\* [event-5] [event-6]
RenewSession(r) ==
  /\ Holds(r) /\ Strict
  /\ Changed(r, Held(r), [requests[r].changes EXCEPT !.renew = TRUE])
  /\ Shows(<<"RenewSession", r>>, "done", None)

\* [event-7]
SetValue(r, k, v) ==
  /\ Holds(r)
  /\ Changed(r, [Held(r) EXCEPT !.values[k] = v], [requests[r].changes EXCEPT !.values[k] = v])
  /\ Shows(<<"SetValue", r, k, v>>, "done", None)

\* [event-8] [event-9]
RemoveValue(r, k) ==
  /\ Holds(r) /\ Held(r).values[k] # None
  /\ Changed(r, [Held(r) EXCEPT !.values[k] = None],
                [requests[r].changes EXCEPT !.values[k] = None])
  /\ Shows(<<"RemoveValue", r, k>>, "done", None)

\* [event-12] [event-13]
GuardValue(r, k) ==
  /\ Holds(r) /\ Strict
  /\ LET ch == requests[r].changes
         seenFirst == IF ch.guards[k] = Same THEN Held(r).values[k] ELSE ch.guards[k]
     IN /\ ch.values[k] = Same
        /\ Changed(r, Held(r), [ch EXCEPT !.guards[k] = seenFirst])
  /\ Shows(<<"GuardValue", r, k>>, "done", None)

\* [event-14] [token-8] [token-9]
CreateFormToken(r, draws) ==
  /\ Holds(r)
  /\ LET s == Held(r)
         ch == requests[r].changes
         stored == IF IsStored(s.id) THEN sessions[s.id].tokens ELSE <<>>
         taken == Taken(draws, LAMBDA t : Strict /\ Among(t, s.tokens \o stored))
     IN /\ taken # <<>>
        /\ Changed(r, [s EXCEPT !.tokens = Push(@, Last(taken))],
                      [ch EXCEPT !.tokens = Push(@, Last(taken))])
        /\ ShowsDraws(<<"CreateFormToken", r>>, Last(taken), None, taken)

\* [event-15] [event-16]
HasFormToken(r, t) ==
  /\ Holds(r)
  /\ UNCHANGED <<sessions, requests>> /\ UNCHANGED Outside
  /\ Shows(<<"HasFormToken", r, t>>, Among(t, Held(r).tokens), None)

\* A request's changes to s. [step-41] [step-42]
RECURSIVE PushNew(_, _)
PushNew(queue, more) ==
  IF more = <<>> THEN queue
  ELSE PushNew(IF Among(Head(more), queue) THEN queue ELSE Push(queue, Head(more)), Tail(more))

\* [step-41] [step-42] [step-43]
Apply(ch, s) ==
  LET kept == WithUser(ch, Kept(ch.keeps, s))
      value(k) == IF ch.values[k] = Same THEN kept.values[k] ELSE ch.values[k]
  IN [kept EXCEPT !.values = [k \in Keys |-> value(k)], !.tokens = PushNew(@, ch.tokens)]

\* Something is taken out of the stored session, at once and for all requests. `left` remains in the
\* store, `view` in the request's own copy, and `ch` of its changes.
TakeOut(r, left, view, ch, event, reply) ==
  LET id == Held(r).id
  IN /\ Remember([Store(Memory, id, left) EXCEPT !.sessions[r] = view,
                                                 !.requests[r].changes = ch])
     /\ Shows(event, reply, <<"Update", id, left>>)

\* That was the last info: the session is discarded, and the request goes on with its own changes.
\* [step-27] [step-28] [step-29]
TakeLast(r, left, ch, event, reply) ==
  LET id == Held(r).id
      detached == [left EXCEPT !.id = None, !.handle = None, !.accessed = Held(r).accessed]
      memory == HoldInstead(Unstore(Memory, id), r, Apply(ch, detached))
  IN /\ Remember([memory EXCEPT !.requests[r].changes = ch])
     /\ Shows(event, reply, <<"Discard", id>>)

Take(r, left, view, ch, event, reply) ==
  IF HasInfo(left) THEN TakeOut(r, left, view, ch, event, reply)
  ELSE TakeLast(r, left, ch, event, reply)

\* A value that was taken needs no guard. [event-10] [event-11] [step-24] [step-25] [step-40]
TakeValue(r, k) ==
  /\ Holds(r) /\ Held(r).values[k] # None
  /\ LET s == Held(r)
         ch == requests[r].changes
         own == ~Strict \/ s.id = None \/ ch.values[k] # Same
         without == [s EXCEPT !.values[k] = None]
         event == <<"TakeValue", r, k>>
     IN IF own
        THEN /\ Changed(r, without, [ch EXCEPT !.values[k] = None])
             /\ Shows(event, s.values[k], None)
        ELSE /\ IsFound(s.id) /\ sessions[s.id].values[k] # None
             /\ Take(r, [sessions[s.id] EXCEPT !.values[k] = None], without,
                     [ch EXCEPT !.guards[k] = Same], event, sessions[s.id].values[k])
             /\ UNCHANGED Outside

\* Strict: the token is in the store and this request may spend it. [step-25] [step-26] [time-13]
MaySpend(r, t) ==
  LET id == Held(r).id
  IN IsFound(id) /\ requests[r].changes.keeps = "all" /\ Among(t, sessions[id].tokens)

\* [event-17] [step-21] [step-22] [step-23]
RemoveFormToken(r, t) ==
  /\ Holds(r)
  /\ LET s == Held(r)
         ch == requests[r].changes
         own == ~Strict \/ s.id = None \/ Among(t, ch.tokens)
         without == [s EXCEPT !.tokens = Without(@, t)]
         event == <<"RemoveFormToken", r, t>>
     IN IF own
        THEN /\ Among(t, s.tokens)
             /\ Changed(r, without, [ch EXCEPT !.tokens = Without(@, t)])
             /\ Shows(event, "done", None)
        ELSE /\ MaySpend(r, t)
             /\ Take(r, [sessions[s.id] EXCEPT !.tokens = Without(@, t)], without, ch, event, "done")
             /\ UNCHANGED Outside

-----------------------------------------------------------------------------
(* A request asks about its cookie, and gives up or replaces its session.  *)

\* [event-2] [event-18] [event-19] [time-12]
HasSessionCookie(r, mustExist) ==
  /\ IsOpen(r)
  /\ UNCHANGED <<sessions, requests>> /\ UNCHANGED Outside
  /\ LET id == requests[r].cookie
         answer == IF mustExist THEN IsFound(id) ELSE id # None
     IN Shows(<<"HasSessionCookie", r, mustExist>>, answer, None)

\* [event-20] [event-21] [event-22] [event-23]
RevokeSessionCookie(r) ==
  /\ IsOpen(r) /\ ~Strict
  /\ requests' = [requests EXCEPT ![r].response = Revoke, ![r].cookie = None]
  /\ UNCHANGED sessions /\ UNCHANGED Outside
  /\ Shows(<<"RevokeSessionCookie", r>>, "done", None)

IdsOfHandle(h) == {i \in Ids : IsStored(i) /\ sessions[i].handle = h}

\* If the session has moved meanwhile, it is found by its handle. [event-24] [event-26] [event-27]
\* [event-28] [event-25] [effect-8]
EndOwn(r, event) ==
  LET s == Held(r)
      named == IF IsStored(s.id) THEN {s.id} ELSE {}
      moved == IF s.handle # None THEN IdsOfHandle(s.handle) ELSE {}
      released == Release(UnstoreAll(Memory, IF named # {} THEN named ELSE moved), r)
      op == CASE s.handle # None -> <<"DeleteHandle", s.handle, None>>
              [] s.handle = None /\ IsStored(s.id) -> <<"Delete", s.id>>
              [] OTHER -> None
  IN /\ Remember([released EXCEPT !.requests[r].holds = None, !.requests[r].response = Revoke,
                                  !.requests[r].cookie = None,
                                  !.requests[r].changes = NoChanges])
     /\ Shows(event, "done", op)
     /\ UNCHANGED Outside

ExpireSession(r) == Holds(r) /\ EndOwn(r, <<"ExpireSession", r>>)

\* All sessions of a user end but one, and so do the logins of other requests. [step-39]
EndUser(u, except, by) ==
  LET memory == UnstoreAll(Memory, {i \in Ids \ {except} : IsStored(i) /\ sessions[i].user = u})
      isEnded(r) == r # by /\ memory.requests[r] # None /\ memory.requests[r].changes.user = u
  IN [memory EXCEPT !.requests = [r \in Requests |->
       IF isEnded(r) THEN [@[r] EXCEPT !.changes.ended = TRUE] ELSE @[r]]]

\* The request's own session, if it is stored for the user.
OwnStored(r) ==
  LET id == Held(r).id
  IN IF IsStored(id) /\ sessions[id].user = Held(r).user THEN id ELSE None

\* A request acts for its user through its own session. If the user logged in with this very
\* request, it may act without one. [event-33] [event-34] [event-35]
MayAct(r) ==
  /\ Holds(r) /\ Strict /\ Held(r).user # None
  /\ IF requests[r].changes.user = Same THEN IsFound(OwnStored(r))
     ELSE ~requests[r].changes.ended

\* [event-29] [event-30]
ExpireOtherSessions(r) ==
  /\ MayAct(r)
  /\ Remember(EndUser(Held(r).user, OwnStored(r), r))
  /\ Shows(<<"ExpireOtherSessions", r>>, "done", <<"DeleteUser", Held(r).user, OwnStored(r)>>)
  /\ UNCHANGED Outside

\* [event-31] [event-32]
ExpireHandle(r, h) ==
  /\ MayAct(r)
  /\ LET event == <<"ExpireHandle", r, h>>
         u == Held(r).user
     IN IF Held(r).handle = h THEN EndOwn(r, event)
        ELSE /\ Remember(UnstoreAll(Memory, {i \in IdsOfHandle(h) : sessions[i].user = u}))
             /\ Shows(event, "done", <<"DeleteHandle", h, u>>)
             /\ UNCHANGED Outside

\* [event-36] [event-37] [event-38] [effect-9]
NewSession(r) ==
  /\ IsOpen(r)
  /\ LET id == IF Holds(r) THEN Held(r).id ELSE None
         over == IsStored(id) /\ TooOld(sessions[id])
         memory == IF over THEN Unstore(Memory, id) ELSE Memory
     IN /\ ~(Strict /\ IsFound(id))
        /\ Remember([HoldInstead(memory, r, Anonymous) EXCEPT
                       !.requests[r].changes = NoChanges])
        /\ Shows(<<"NewSession", r>>, "done", IF over THEN <<"Discard", id>> ELSE None)
  /\ UNCHANGED Outside

-----------------------------------------------------------------------------
(* Saving. Each says what memory becomes, the operation on the store, the  *)
(* cookie of the response, and the draws taken; or None where the event is *)
(* refused. `carried` is what the response says about the cookie so far.   *)

Saved(memory, op, change, draws) ==
  [memory |-> memory, op |-> op, change |-> change, draws |-> draws]

Nothing(change) == Saved(Memory, None, change, <<>>)

\* [token-6]
TakenId(draws) == Taken(draws, IsStored)

\* Live stores the very session that the request holds; copying stores a copy.
\* [step-31] [step-32] [effect-4] [effect-5]
StoreNew(r, s, carried, draws) ==
  LET taken == TakenId(draws)
      id == Last(taken)
      named == [s EXCEPT !.id = id]
      memory == IF Live THEN [Memory EXCEPT !.sessions[id] = named, !.sessions[r] = None,
                                            !.requests[r].holds = id]
                ELSE [Memory EXCEPT !.sessions[id] = named, !.sessions[r] = named]
      change == IF carried = None \/ carried[1] = "Set" THEN Set(id) ELSE Stillborn(id)
  IN IF taken = <<>> THEN None ELSE Saved(memory, <<"Put", id, named>>, change, taken)

\* [step-30] [step-33] [step-34]
Maintain(r, carried, draws) ==
  LET s == Held(r)
  IN CASE ~HasInfo(s) /\ IsStored(s.id) ->
            Saved(Unstore(Memory, s.id), <<"Delete", s.id>>, Revoke, <<>>)
       [] ~HasInfo(s) /\ ~IsStored(s.id) -> Nothing(carried)
       [] HasInfo(s) /\ s.id = None -> StoreNew(r, s, carried, draws)
       [] HasInfo(s) /\ s.id # None /\ Copying ->
            Saved(Store(Memory, s.id, s), <<"Put", s.id, s>>, carried, <<>>)
       [] HasInfo(s) /\ s.id # None /\ Live -> Nothing(carried)

\* Whether the request has logged somebody in. Then the store must check the user's generation.
LogsIn(r) == requests[r].changes.user \notin {Same, None}

\* [step-48] [step-49] [step-50] [step-57] [step-58] [session-9] [session-10] [effect-6]
Create(r, s, carried, draws, handle) ==
  LET taken == TakenId(draws)
      named == [s EXCEPT !.id = Last(taken), !.handle = handle]
  IN CASE ~HasInfo(s) -> Nothing(carried)
       [] HasInfo(s) /\ (TooOld(s) \/ taken = <<>>) -> None
       [] OTHER -> Saved(Store(Memory, Last(taken), named),
                         <<"Create", Last(taken), LogsIn(r), named>>, Set(Last(taken)), taken)

\* [step-44] [step-46] [step-61] [session-10] [session-11]
Rotate(r, from, s, draws, handle) ==
  LET taken == TakenId(draws)
      named == [s EXCEPT !.id = Last(taken), !.handle = IF @ = None THEN handle ELSE @]
  IN IF taken = <<>> THEN None
     ELSE Saved(Store(Unstore(Memory, from), Last(taken), named),
                <<"Rotate", from, Last(taken), LogsIn(r), named>>, Set(Last(taken)), taken)

\* The login that a request made is void: the user's sessions were ended since. [step-39]
IsVoid(r) == LogsIn(r) /\ requests[r].changes.ended

\* Whether there is nothing but form tokens, which no visitor would miss.
TokensAlone(ch) == [ch EXCEPT !.tokens = <<>>] = NoChanges

\* [step-40]
GuardsHold(ch, s) == \A k \in Keys : ch.guards[k] \in {Same, s.values[k]}

\* Nothing is left in the session. A cookie that stays opens nothing, but it is revoked if the
\* request has changed the user.
\* [step-28] [step-47] [effect-9]
Discard(id, ch) ==
  Saved(Unstore(Memory, id), <<"Discard", id>>, IF Begins(ch) THEN Revoke ELSE None, <<>>)

\* The session is gone, or is too old and was not ended. A login needs no session, as it begins one;
\* but if the same user was logged in already and the session was ended, it stays ended. [step-35]
\* [step-42] [step-50]
\* [step-37] [step-38]
SaveWithout(r, id, draws, handle) ==
  LET ch == requests[r].changes
      begun == Begun(ch.at)
      new == Apply(ch, begun)
      onto == [new EXCEPT !.accessed = Later(@, sessions[id].accessed)]
      login == LogsIn(r) /\ (ch.keeps # "all" \/ IsStored(id))
  IN CASE TokensAlone(ch) -> Nothing(None)
       [] ~TokensAlone(ch) /\ ~(login /\ GuardsHold(ch, begun)) -> None
       [] OTHER -> IF ~IsStored(id) THEN Create(r, new, None, draws, handle)
                   ELSE IF TooOld(onto) THEN None
                   ELSE IF HasInfo(onto) THEN Rotate(r, id, onto, draws, handle)
                   ELSE Discard(id, ch)

\* [step-41] [step-42] [step-44] [effect-6]
SaveOnto(r, id, draws, handle) ==
  LET ch == requests[r].changes
      merged == [Apply(ch, sessions[id]) EXCEPT !.accessed = Later(@, Held(r).accessed)]
  IN CASE ~GuardsHold(ch, sessions[id]) -> None
       [] GuardsHold(ch, sessions[id]) /\ ~HasInfo(merged) -> Discard(id, ch)
       [] OTHER -> IF ch.renew \/ Begins(ch) THEN Rotate(r, id, merged, draws, handle)
                   ELSE Saved(Store(Memory, id, merged), <<"Update", id, merged>>, None, <<>>)

\* [step-36] [step-51] [step-56]
SaveChanges(r, carried, draws, handle) ==
  LET s == Held(r)
      ch == requests[r].changes
  IN CASE IsVoid(r) -> None
       [] ~IsVoid(r) /\ s.id = None -> Create(r, s, carried, draws, handle)
       [] ~IsVoid(r) /\ s.id # None /\ ch = NoChanges -> Nothing(None)
       [] OTHER -> IF IsFound(s.id) THEN SaveOnto(r, s.id, draws, handle)
                   ELSE SaveWithout(r, s.id, draws, handle)

Save(r, carried, draws, handle) ==
  CASE ~Holds(r) -> Nothing(carried)
    [] Holds(r) /\ ~Strict -> Maintain(r, carried, draws)
    [] Holds(r) /\ Strict -> SaveChanges(r, carried, draws, handle)

\* [event-39] [event-40] [event-42] [event-41]
MaintainSession(r, draws) ==
  /\ Holds(r) /\ ~Strict
  /\ LET saved == Save(r, requests[r].response, draws, None)
         revoked == saved.op # None /\ saved.op[1] = "Delete"
     IN /\ saved # None
        /\ Remember([saved.memory EXCEPT !.requests[r].response = saved.change,
                                         !.requests[r].cookie = IF revoked THEN None ELSE @])
        /\ ShowsDraws(<<"MaintainSession", r>>, "done", saved.op, saved.draws)
  /\ UNCHANGED Outside

-----------------------------------------------------------------------------
(* A request finishes, and its response sets out. *)

\* [config-15] [cookie-16] [cookie-17]
PathOf(m) == IF Strict THEN "/" ELSE m \o "/"

\* [step-52] [step-53] [step-54] [step-55]
Finished(r, outcome, draws, handle) ==
  LET carried == requests[r].response
      kept == IF Strict THEN carried ELSE None
  IN CASE outcome = "successful" -> Save(r, carried, draws, handle)
       [] outcome = "interrupted" -> Save(r, kept, draws, handle)
       [] outcome = "failed" -> Nothing(kept)
       [] outcome = "abandoned" -> Nothing(None)

\* [effect-12] [effect-13] [effect-14]
EndOf(outcome) ==
  CASE outcome \in {"successful", "interrupted"} -> "commit"
    [] outcome = "failed" -> "abort"
    [] outcome = "abandoned" -> None

\* [effect-15] [step-59] [step-60]
FinishRequest(r, outcome, draws, handle) ==
  /\ IsOpen(r)
  /\ LET saved == Finished(r, outcome, draws, handle)
         request == requests[r]
         path == IF saved.change = None THEN None ELSE PathOf(request.mount)
         response == [client |-> request.client, mount |-> request.mount, sent |-> request.sent,
                      change |-> saved.change]
     IN /\ saved # None
        /\ Remember([Release(saved.memory, r) EXCEPT !.requests[r] = None])
        /\ responses' = IF outcome = "abandoned" THEN responses
                        ELSE [responses EXCEPT ![r] = response]
        /\ seen' = [event |-> <<"FinishRequest", r, outcome>>, reply |-> "done", op |-> saved.op,
                    end |-> EndOf(outcome), change |-> saved.change, path |-> path,
                    draws |-> saved.draws]
  /\ UNCHANGED <<jars, now>>

-----------------------------------------------------------------------------
(* The manager's own events. *)

\* [event-43] [event-44]
InsertSession(r, id, u) ==
  /\ IsOpen(r) /\ ~Strict
  /\ LET s == [Anonymous EXCEPT !.id = id, !.user = u]
     IN /\ Remember(Store(Memory, id, s))
        /\ Shows(<<"InsertSession", r, id, u>>, "done", <<"Put", id, s>>)
  /\ UNCHANGED Outside

\* [event-45] [event-46] [effect-8]
DeleteSession(id) ==
  /\ IsStored(id)
  /\ Remember(Unstore(Memory, id))
  /\ Shows(<<"DeleteSession", id>>, "done", <<IF Strict THEN "Discard" ELSE "Delete", id>>)
  /\ UNCHANGED Outside

\* [event-47] [event-48]
DeleteHandle(h) ==
  /\ Strict
  /\ Remember(UnstoreAll(Memory, IdsOfHandle(h)))
  /\ Shows(<<"DeleteHandle", h>>, "done", <<"DeleteHandle", h, None>>)
  /\ UNCHANGED Outside

\* [event-49]
DeleteSessionsOf(u) ==
  /\ Remember(EndUser(u, None, None))
  /\ Shows(<<"DeleteSessionsOf", u>>, "done", <<"DeleteUser", u, None>>)
  /\ UNCHANGED Outside

\* [event-50]
Sweep ==
  /\ Remember(UnstoreAll(Memory, {i \in Ids : IsStored(i) /\ Over(sessions[i])}))
  /\ Shows(<<"Sweep">>, "done", IF Strict THEN <<"DiscardOver", now>> ELSE None)
  /\ UNCHANGED Outside

-----------------------------------------------------------------------------
(* Around the machine: responses and time.                                 *)

\* RFC 6265: a cookie of Max-Age 0 is dropped. [cookie-13] [cookie-14] [cookie-15]
Obeyed(jar, response) ==
  IF response.change = None THEN jar
  ELSE [jar EXCEPT ![PathOf(response.mount)] =
          IF response.change[1] = "Set" THEN response.change[2] ELSE None]

\* A response arrives, however late.
Deliver(r) ==
  /\ responses[r] # None
  /\ jars' = [jars EXCEPT ![responses[r].client] = Obeyed(@, responses[r])]
  /\ responses' = [responses EXCEPT ![r] = None]
  /\ UNCHANGED <<sessions, requests, now>>
  /\ Shows(<<"Deliver", r>>, None, None)

\* A response is lost on the way.
Lose(r) ==
  /\ responses[r] # None
  /\ responses' = [responses EXCEPT ![r] = None]
  /\ UNCHANGED <<sessions, requests, jars, now>>
  /\ Shows(<<"Lose", r>>, None, None)

\* The clock shows another moment, later or earlier.
Clock(moment) ==
  /\ moment # now
  /\ now' = moment
  /\ UNCHANGED <<sessions, requests, responses, jars>>
  /\ Shows(<<"Clock", moment>>, None, None)

-----------------------------------------------------------------------------
(* What the variables may be, in every state of every world.               *)

Moments == 0 .. LastMoment
OrNone(set) == {None} \union set

Sessions ==
  [id : OrNone(Ids), handle : OrNone(Nat), user : OrNone({""} \union Users),
   values : [Keys -> OrNone(Values)], tokens : Seq(Tokens), created : Moments,
   accessed : Moments]

ChangesOfARequest ==
  LET changed == {Same} \union OrNone(Values)
  IN [user : {Same} \union OrNone({""} \union Users), at : OrNone(Moments), ended : BOOLEAN,
      keeps : {"all", "values", "nothing"}, renew : BOOLEAN, values : [Keys -> changed],
      guards : [Keys -> changed], tokens : Seq(Tokens)]

CookieChanges == {Revoke} \union {Set(i) : i \in Ids} \union {Stillborn(i) : i \in Ids}

OpenRequests ==
  [client : Clients, mount : Mounts, sent : OrNone(Ids), cookie : OrNone(Ids),
   holds : OrNone(Requests \union Ids), response : OrNone(CookieChanges),
   changes : ChangesOfARequest]

Responses ==
  [client : Clients, mount : Mounts, sent : OrNone(Ids), change : OrNone(CookieChanges)]

TypeOK ==
  /\ sessions \in [Ids \union Requests -> OrNone(Sessions)]
  /\ requests \in [Requests -> OrNone(OpenRequests)]
  /\ responses \in [Requests -> OrNone(Responses)]
  /\ jars \in [Clients -> [Paths -> OrNone(Ids)]]
  /\ now \in Moments

-----------------------------------------------------------------------------
(* A world: what happens there. Everything above takes whatever comes.     *)

Init ==
  /\ sessions = [name \in Ids \union Requests |-> None]
  /\ requests = [r \in Requests |-> None]
  /\ responses = [r \in Requests |-> None]
  /\ jars = [c \in Clients |-> [p \in Paths |-> None]]
  /\ now = 0
  /\ seen = None

\* Names of requests are used again, always the same one of the free names, so that states that
\* differ only in names count as one.
Unused ==
  LET unused == {r \in Requests : requests[r] = None /\ responses[r] = None}
  IN IF unused = {} THEN {} ELSE {CHOOSE r \in unused : TRUE}

\* RFC 6265: the longer path is sent first; if there are several cookies, the last one counts.
Sends(c, m) == IF jars[c]["/"] # None THEN jars[c]["/"] ELSE jars[c][m \o "/"]

\* An id or a token that nobody remembers is as good as a new one. So worlds draw it again, and
\* their runs need not end.

NamesId(change, id) == change # None /\ Len(change) = 2 /\ change[2] = id

\* Whether anybody remembers the id: the store, a request, a response, a client.
IsKnown(id) ==
  \/ \E name \in DOMAIN sessions : sessions[name] # None /\ sessions[name].id = id
  \/ \E r \in Requests :
       \/ IsOpen(r) /\ (requests[r].sent = id \/ NamesId(requests[r].response, id))
       \/ responses[r] # None /\ (responses[r].sent = id \/ NamesId(responses[r].change, id))
  \/ \E c \in Clients, p \in Paths : jars[c][p] = id

IsOutstanding(t) ==
  \E name \in DOMAIN sessions : sessions[name] # None /\ Among(t, sessions[name].tokens)

Least(numbers) == CHOOSE n \in numbers : \A m \in numbers : n <= m

\* What can be drawn: a fresh number or, if draws collide in this world, a number in use and then a
\* fresh one, or only a number in use. There are no fresh draws once all numbers are known.
Offered(fresh, used) ==
  LET first == IF fresh = {} THEN <<>> ELSE <<Least(fresh)>>
      again == <<Least(used)>>
  IN {first} \union (IF "Collide" \in Events /\ used # {} THEN {again \o first, again} ELSE {})

IdDraws == Offered({i \in Ids \ Chosen : ~IsKnown(i)}, {i \in Ids : IsStored(i)})
TokenDraws == Offered({t \in Tokens : ~IsOutstanding(t)}, {t \in Tokens : IsOutstanding(t)})

\* A handle is a number too. In worlds with events that name a session by its handle, it is one that
\* no session has; in others it is always the same.
UsedHandles ==
  {sessions[name].handle : name \in {n \in DOMAIN sessions : sessions[n] # None}} \ {None}
NewHandle ==
  IF Events \intersect {"Handles", "ExpireSession"} = {} THEN 1
  ELSE Least((1 .. Cardinality(UsedHandles) + 1) \ UsedHandles)

\* These arguments in a world that has the event; otherwise none.
With(event, arguments) == IF event \in Events THEN arguments ELSE {}

Passives == {FALSE} \union With("Passive", {TRUE})
AllHandles == UsedHandles \union {NewHandle}

Next ==
  \/ \E r \in Unused, c \in Clients, m \in Mounts, i \in With("Forge", Ids) :
       StartRequest(r, c, m, i, FALSE)
  \/ \E r \in Unused, c \in Clients, m \in Mounts, p \in Passives :
       StartRequest(r, c, m, Sends(c, m), p)
  \/ \E r \in Requests, u \in Users \union With("LogOut", {None}) : SetUser(r, u)
  \/ \E r \in With("RenewSession", Requests) : RenewSession(r)
  \/ \E r \in Requests, k \in Keys, v \in Values : SetValue(r, k, v)
  \/ \E r \in Requests, k \in Keys : RemoveValue(r, k)
  \/ \E r \in With("TakeValue", Requests), k \in Keys : TakeValue(r, k)
  \/ \E r \in With("GuardValue", Requests), k \in Keys : GuardValue(r, k)
  \/ \E r \in With("Forms", Requests), draws \in TokenDraws : CreateFormToken(r, draws)
  \/ \E r \in With("Forms", Requests), t \in Tokens : HasFormToken(r, t)
  \/ \E r \in With("Forms", Requests), t \in Tokens : RemoveFormToken(r, t)
  \/ \E r \in With("HasSessionCookie", Requests), b \in BOOLEAN : HasSessionCookie(r, b)
  \/ \E r \in With("RevokeSessionCookie", Requests) : RevokeSessionCookie(r)
  \/ \E r \in With("ExpireSession", Requests) : ExpireSession(r)
  \/ \E r \in With("ExpireOtherSessions", Requests) : ExpireOtherSessions(r)
  \/ \E r \in With("Handles", Requests), h \in AllHandles : ExpireHandle(r, h)
  \/ \E r \in With("NewSession", Requests) : NewSession(r)
  \/ \E r \in With("MaintainSession", Requests), draws \in IdDraws : MaintainSession(r, draws)
  \/ \E r \in Requests, o \in Outcomes, draws \in IdDraws : FinishRequest(r, o, draws, NewHandle)
  \/ \E r \in Requests, i \in Chosen, u \in Users \union {None} : InsertSession(r, i, u)
  \/ \E i \in With("DeleteSession", Ids) : DeleteSession(i)
  \/ \E h \in With("Handles", AllHandles) : DeleteHandle(h)
  \/ \E u \in With("DeleteSessionsOf", Users) : DeleteSessionsOf(u)
  \/ "Sweep" \in Events /\ Sweep
  \/ \E r \in Requests : Deliver(r)
  \/ \E r \in With("Lose", Requests) : Lose(r)
  \/ \E t \in Moments \intersect ({now + 1} \union With("ClockBack", {now - 1})) : Clock(t)

Spec == Init /\ [][Next]_vars
=============================================================================
