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
Anonymous == [id |-> None, user |-> None, values |-> [k \in Keys |-> None], tokens |-> <<>>,
              created |-> now, accessed |-> now]

\* [session-4] [session-5]
HasInfo(s) ==
  s.user \notin {None, ""} \/ (\E k \in Keys : s.values[k] # None) \/ s.tokens # <<>>

\* [time-3] [time-4] [time-5]
Touched(s) == IF now > s.accessed + Resolution THEN [s EXCEPT !.accessed = now] ELSE s

\* [time-1] [time-6] [time-7]
PastItsLimits(s) == now >= s.accessed + Idle \/ now >= s.created + Absolute
Over(s) == Strict /\ PastItsLimits(s)

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
IsOpen(r) == requests[r] # None
Holds(r) == IsOpen(r) /\ requests[r].holds # None
Held(r) == sessions[requests[r].holds]

Holders(memory, name) ==
  {r \in Requests : memory.requests[r] # None /\ memory.requests[r].holds = name}

\* [state-4] The session goes by the name of its first holder; without any it is forgotten.
Rename(memory, from, holders) ==
  IF holders = {} THEN [memory EXCEPT !.sessions[from] = None]
  ELSE LET to == CHOOSE r \in holders : TRUE
       IN [sessions |-> [memory.sessions EXCEPT ![to] = memory.sessions[from], ![from] = None],
           requests |-> [r \in Requests |->
             IF r \in holders THEN [memory.requests[r] EXCEPT !.holds = to]
             ELSE memory.requests[r]]]

\* [step-8] What is deleted leaves the store; those who hold it, under live, still share it.
Unstore(memory, id) == Rename(memory, id, Holders(memory, id))

\* What is deleted together.
RECURSIVE UnstoreAll(_, _)
UnstoreAll(memory, ids) ==
  IF ids = {} THEN memory
  ELSE LET id == CHOOSE i \in ids : TRUE IN UnstoreAll(Unstore(memory, id), ids \ {id})

\* A copy of s is stored under an id, over whatever is there. [state-3]
Store(memory, id, s) == [Unstore(memory, id) EXCEPT !.sessions[id] = [s EXCEPT !.id = id]]

\* A request lets go of what it holds.
Release(memory, r) ==
  IF memory.requests[r].holds = r THEN Rename(memory, r, Holders(memory, r) \ {r}) ELSE memory

\* A request holds s in place of what it held.
HoldInstead(memory, r, s) ==
  [Release(memory, r) EXCEPT !.sessions[r] = s, !.requests[r].holds = r]

-----------------------------------------------------------------------------
(* Draws. What is drawn is an input: a sequence, taken from the front until *)
(* one is not in use.                                                       *)

Free(draws, Used(_)) == {n \in DOMAIN draws : ~Used(draws[n])}

\* The draws that are taken, the last of which is the result; none if all are in use.
\* [token-4] [token-6] [effect-13]
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

NoChanges == [user |-> Same, values |-> [k \in Keys |-> Same], tokens |-> <<>>]

\* [event-1] [step-3] [step-4] [step-5] [step-6] [step-7] [step-8] [step-9] [step-10] [step-12]
\* [time-10]
StartRequest(r, c, m, sent) ==
  /\ requests[r] = None
  /\ LET over == IsStored(sent) /\ Over(sessions[sent])
         found == IsStored(sent) /\ ~over
         memory == IF over THEN Unstore(Memory, sent) ELSE Memory
         name == IF found /\ Live THEN sent ELSE r
         session == IF found THEN Touched(sessions[sent]) ELSE Anonymous
         request == [client |-> c, mount |-> m, sent |-> sent, cookie |-> sent, holds |-> name,
                     response |-> None, changes |-> NoChanges]
     IN /\ sessions' = [memory.sessions EXCEPT ![name] = session]
        /\ requests' = [memory.requests EXCEPT ![r] = request]
        /\ Shows(<<"StartRequest", r, c, m, sent>>, session.user,
                 IF over THEN <<"Discard", sent>> ELSE None)
  /\ UNCHANGED Outside

-----------------------------------------------------------------------------
(* A request changes its session. Under live and copying the session that  *)
(* it holds is all there is; strict remembers the changes besides.         *)

Changed(r, session, changes) ==
  /\ sessions' = [sessions EXCEPT ![requests[r].holds] = session]
  /\ requests' = IF Strict THEN [requests EXCEPT ![r].changes = changes] ELSE requests
  /\ UNCHANGED Outside

\* [event-3] [event-4] [step-13] [step-14] [step-15]
SetUser(r, u) ==
  /\ Holds(r)
  /\ LET s == Held(r)
         ch == requests[r].changes
         kept(queue) == IF Strict /\ s.user # u THEN <<>> ELSE queue
     IN Changed(r, [s EXCEPT !.user = u, !.tokens = kept(@)],
                   [ch EXCEPT !.user = u, !.tokens = kept(@)])
  /\ Shows(<<"SetUser", r, u>>, "done", None)

\* [event-5]
SetValue(r, k, v) ==
  /\ Holds(r)
  /\ Changed(r, [Held(r) EXCEPT !.values[k] = v], [requests[r].changes EXCEPT !.values[k] = v])
  /\ Shows(<<"SetValue", r, k, v>>, "done", None)

\* [event-6] [event-7]
RemoveValue(r, k) ==
  /\ Holds(r) /\ Held(r).values[k] # None
  /\ Changed(r, [Held(r) EXCEPT !.values[k] = None],
                [requests[r].changes EXCEPT !.values[k] = None])
  /\ Shows(<<"RemoveValue", r, k>>, "done", None)

\* [event-8] [token-7] [token-8]
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

\* [event-9] [event-10]
HasFormToken(r, t) ==
  /\ Holds(r)
  /\ UNCHANGED <<sessions, requests>> /\ UNCHANGED Outside
  /\ Shows(<<"HasFormToken", r, t>>, Among(t, Held(r).tokens), None)

\* A request's changes to s. [step-31] [step-32]
RECURSIVE PushNew(_, _)
PushNew(queue, more) ==
  IF more = <<>> THEN queue
  ELSE PushNew(IF Among(Head(more), queue) THEN queue ELSE Push(queue, Head(more)), Tail(more))

\* [step-31] [step-32] [step-35] A change of the user ends the tokens that stand.
Apply(ch, s) ==
  LET user == IF ch.user = Same THEN s.user ELSE ch.user
      value(k) == IF ch.values[k] = Same THEN s.values[k] ELSE ch.values[k]
      kept == IF user = s.user THEN s.tokens ELSE <<>>
  IN [s EXCEPT !.user = user, !.values = [k \in Keys |-> value(k)],
                   !.tokens = PushNew(kept, ch.tokens)]

\* Strict: the token is in the store and this request may spend it. [step-19] [step-20] [time-12]
MaySpend(r, t) ==
  LET id == Held(r).id
  IN IsStored(id) /\ ~Over(sessions[id]) /\ sessions[id].user = Held(r).user
     /\ Among(t, sessions[id].tokens)

\* [step-17] Spent in the store, at once and for all.
Spend(r, t) ==
  LET id == Held(r).id
      left == [sessions[id] EXCEPT !.tokens = Without(@, t)]
  IN /\ Remember([Store(Memory, id, left) EXCEPT !.sessions[r].tokens = Without(@, t)])
     /\ Shows(<<"RemoveFormToken", r, t>>, "done", <<"Update", id, left>>)

\* It was the last info: the session is discarded, and the request goes on with its own changes.
\* [step-21] [step-22] [step-23]
SpendLast(r, t) ==
  LET id == Held(r).id
      left == [sessions[id] EXCEPT !.id = None, !.tokens = Without(@, t),
                                   !.accessed = Later(@, Held(r).accessed)]
      memory == HoldInstead(Unstore(Memory, id), r, Apply(requests[r].changes, left))
  IN /\ Remember([memory EXCEPT !.requests[r].changes = NoChanges,
                                !.requests[r].response = Revoke])
     /\ Shows(<<"RemoveFormToken", r, t>>, "done", <<"Discard", id>>)

\* [event-11] [step-16] [step-18]
RemoveFormToken(r, t) ==
  /\ Holds(r)
  /\ LET s == Held(r)
         ch == requests[r].changes
         own == ~Strict \/ s.id = None \/ Among(t, ch.tokens)
     IN IF own
        THEN /\ Among(t, s.tokens)
             /\ Changed(r, [s EXCEPT !.tokens = Without(@, t)],
                           [ch EXCEPT !.tokens = Without(@, t)])
             /\ Shows(<<"RemoveFormToken", r, t>>, "done", None)
        ELSE /\ MaySpend(r, t)
             /\ IF HasInfo([sessions[s.id] EXCEPT !.tokens = Without(@, t)])
                THEN Spend(r, t) ELSE SpendLast(r, t)
             /\ UNCHANGED Outside

-----------------------------------------------------------------------------
(* A request asks about its cookie, and gives up or replaces its session.  *)

\* [event-2] [event-12] [event-13] [time-11]
HasSessionCookie(r, mustExist) ==
  /\ IsOpen(r)
  /\ UNCHANGED <<sessions, requests>> /\ UNCHANGED Outside
  /\ LET id == requests[r].cookie
         answer == IF mustExist THEN IsStored(id) /\ ~Over(sessions[id]) ELSE id # None
     IN Shows(<<"HasSessionCookie", r, mustExist>>, answer, None)

\* [event-14] [event-15] [event-16] [event-17]
RevokeSessionCookie(r) ==
  /\ IsOpen(r) /\ ~Strict
  /\ requests' = [requests EXCEPT ![r].response = Revoke, ![r].cookie = None]
  /\ UNCHANGED sessions /\ UNCHANGED Outside
  /\ Shows(<<"RevokeSessionCookie", r>>, "done", None)

\* [event-18] [event-19] [event-20] [event-21] [effect-6]
ExpireSession(r) ==
  /\ Holds(r)
  /\ LET id == Held(r).id
         deleted == IF IsStored(id) THEN Unstore(Memory, id) ELSE Memory
         released == Release(deleted, r)
     IN /\ Remember([released EXCEPT !.requests[r].holds = None, !.requests[r].response = Revoke,
                                     !.requests[r].cookie = None,
                                     !.requests[r].changes = NoChanges])
        /\ Shows(<<"ExpireSession", r>>, "done",
                 IF IsStored(id) THEN <<"Delete", id>> ELSE None)
  /\ UNCHANGED Outside

\* [event-22] [event-23] [event-24] [effect-7]
NewSession(r) ==
  /\ IsOpen(r)
  /\ LET id == IF Holds(r) THEN Held(r).id ELSE None
         over == IsStored(id) /\ Over(sessions[id])
         memory == IF over THEN Unstore(Memory, id) ELSE Memory
     IN /\ ~(Strict /\ IsStored(id) /\ ~over)
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

\* [token-5]
TakenId(draws) == Taken(draws, IsStored)

\* Live stores the very session that the request holds, copying a copy.
\* [step-25] [step-26] [effect-3] [effect-4]
StoreNew(r, s, carried, draws) ==
  LET taken == TakenId(draws)
      id == Last(taken)
      named == [s EXCEPT !.id = id]
      memory == IF Live THEN [Memory EXCEPT !.sessions[id] = named, !.sessions[r] = None,
                                            !.requests[r].holds = id]
                ELSE [Memory EXCEPT !.sessions[id] = named, !.sessions[r] = named]
      change == IF carried = None \/ carried[1] = "Set" THEN Set(id) ELSE Stillborn(id)
  IN IF taken = <<>> THEN None ELSE Saved(memory, <<"Put", id, named>>, change, taken)

\* [step-24] [step-27] [step-28]
Maintain(r, carried, draws) ==
  LET s == Held(r)
  IN CASE ~HasInfo(s) /\ IsStored(s.id) ->
            Saved(Unstore(Memory, s.id), <<"Delete", s.id>>, Revoke, <<>>)
       [] ~HasInfo(s) /\ ~IsStored(s.id) -> Nothing(carried)
       [] HasInfo(s) /\ s.id = None -> StoreNew(r, s, carried, draws)
       [] HasInfo(s) /\ s.id # None /\ Copying ->
            Saved(Store(Memory, s.id, s), <<"Put", s.id, s>>, carried, <<>>)
       [] HasInfo(s) /\ s.id # None /\ Live -> Nothing(carried)

\* [step-38] [step-39] [step-40] [step-47] [step-48] [session-9] [effect-5]
Create(r, carried, draws) ==
  LET s == Held(r)
      taken == TakenId(draws)
      named == [s EXCEPT !.id = Last(taken)]
  IN CASE ~HasInfo(s) -> Nothing(carried)
       [] HasInfo(s) /\ (Over(s) \/ taken = <<>>) -> None
       [] OTHER -> Saved(Store(Memory, Last(taken), s), <<"Create", Last(taken), named>>,
                         Set(Last(taken)), taken)

\* [step-34] [step-36] [step-51] [time-14]
Rotate(from, s, draws) ==
  LET taken == TakenId(draws)
      to == Last(taken)
  IN IF taken = <<>> THEN None
     ELSE Saved(Store(Unstore(Memory, from), to, s),
                <<"Rotate", from, to, [s EXCEPT !.id = to]>>, Set(to), taken)

\* [step-29] [step-30] [step-31] [step-32] [step-34] [step-35] [step-36] [step-37] [step-41]
\* [step-46] [time-13]
SaveChanges(r, id, draws) ==
  LET ch == requests[r].changes
      stored == sessions[id]
      merged == [Apply(ch, stored) EXCEPT !.accessed = Later(@, Held(r).accessed)]
  IN CASE ~IsStored(id) \/ Over(stored) -> IF ch = NoChanges THEN Nothing(None) ELSE None
       [] OTHER ->
            CASE ch = NoChanges /\ merged = stored -> Nothing(None)
              [] ~HasInfo(merged) -> Saved(Unstore(Memory, id), <<"Discard", id>>, Revoke, <<>>)
              [] HasInfo(merged) /\ merged.user # stored.user -> Rotate(id, merged, draws)
              [] OTHER -> Saved(Store(Memory, id, merged), <<"Update", id, merged>>, None, <<>>)

Save(r, carried, draws) ==
  CASE ~Holds(r) -> Nothing(carried)
    [] Holds(r) /\ ~Strict -> Maintain(r, carried, draws)
    [] Holds(r) /\ Strict /\ Held(r).id = None -> Create(r, carried, draws)
    [] Holds(r) /\ Strict /\ Held(r).id # None -> SaveChanges(r, Held(r).id, draws)

\* [event-25] [event-26] [event-28] [event-27]
MaintainSession(r, draws) ==
  /\ Holds(r) /\ ~Strict
  /\ LET saved == Save(r, requests[r].response, draws)
         revoked == saved.op # None /\ saved.op[1] = "Delete"
     IN /\ saved # None
        /\ Remember([saved.memory EXCEPT !.requests[r].response = saved.change,
                                         !.requests[r].cookie = IF revoked THEN None ELSE @])
        /\ ShowsDraws(<<"MaintainSession", r>>, "done", saved.op, saved.draws)
  /\ UNCHANGED Outside

-----------------------------------------------------------------------------
(* A request finishes, and its response sets out. *)

\* [config-14] [cookie-9] [cookie-10]
PathOf(m) == IF Strict THEN "/" ELSE m \o "/"

\* [step-42] [step-43] [step-44] [step-45]
Finished(r, outcome, draws) ==
  LET carried == requests[r].response
      kept == IF Strict THEN carried ELSE None
  IN CASE outcome = "successful" -> Save(r, carried, draws)
       [] outcome = "interrupted" -> Save(r, kept, draws)
       [] outcome = "failed" -> Nothing(kept)
       [] outcome = "abandoned" -> Nothing(None)

\* [effect-9] [effect-10] [effect-11]
EndOf(outcome) ==
  CASE outcome \in {"successful", "interrupted"} -> "commit"
    [] outcome = "failed" -> "abort"
    [] outcome = "abandoned" -> None

\* [effect-12] [step-49] [step-50]
FinishRequest(r, outcome, draws) ==
  /\ IsOpen(r)
  /\ LET saved == Finished(r, outcome, draws)
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

\* [event-29] [event-30]
InsertSession(r, id, u) ==
  /\ IsOpen(r) /\ ~Strict
  /\ LET s == [Anonymous EXCEPT !.id = id, !.user = u]
     IN /\ Remember(Store(Memory, id, s))
        /\ Shows(<<"InsertSession", r, id, u>>, "done", <<"Put", id, s>>)
  /\ UNCHANGED Outside

\* [event-31] [event-32]
DeleteSession(id) ==
  /\ IsStored(id)
  /\ Remember(Unstore(Memory, id))
  /\ Shows(<<"DeleteSession", id>>, "done", <<"Delete", id>>)
  /\ UNCHANGED Outside

DeleteWhere(ids, event, op) ==
  /\ Remember(UnstoreAll(Memory, ids))
  /\ Shows(event, "done", IF ids = {} THEN None ELSE <<op, ids>>)
  /\ UNCHANGED Outside

\* [event-33]
DeleteSessionsOf(u) ==
  /\ DeleteWhere({i \in Ids : IsStored(i) /\ sessions[i].user = u},
                 <<"DeleteSessionsOf", u>>, "DeleteAll")

\* [event-34]
Sweep ==
  /\ DeleteWhere({i \in Ids : IsStored(i) /\ Over(sessions[i])}, <<"Sweep">>, "DiscardAll")

-----------------------------------------------------------------------------
(* Around the machine: responses and time.                                 *)

\* RFC 6265: a cookie of Max-Age 0 is dropped. [cookie-6] [cookie-7] [cookie-8]
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
(* A world: what happens there. Everything above takes whatever comes.     *)

Init ==
  /\ sessions = [name \in Ids \union Requests |-> None]
  /\ requests = [r \in Requests |-> None]
  /\ responses = [r \in Requests |-> None]
  /\ jars = [c \in Clients |-> [p \in Paths |-> None]]
  /\ now = 0
  /\ seen = None

\* Names of requests are used again, one of those that are free, so that worlds that differ in
\* names alone are not told apart.
Unused ==
  LET unused == {r \in Requests : requests[r] = None /\ responses[r] = None}
  IN IF unused = {} THEN {} ELSE {CHOOSE r \in unused : TRUE}

\* RFC 6265: the longer path is sent first, and of several cookies the last one counts.
Sends(c, m) == IF jars[c]["/"] # None THEN jars[c]["/"] ELSE jars[c][m \o "/"]

\* An id or a token that nobody remembers is as good as a new one, so worlds draw it again, and
\* their runs have no end.

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

\* What is drawn: a number that is fresh; where the world has it also one in use and then a
\* fresh one, or nothing but one in use. The draws end where numbers do.
Offered(fresh, used) ==
  LET first == IF fresh = {} THEN <<>> ELSE <<Least(fresh)>>
      again == <<Least(used)>>
  IN {first} \union (IF "Collide" \in Events /\ used # {} THEN {again \o first, again} ELSE {})

IdDraws == Offered({i \in Ids \ Chosen : ~IsKnown(i)}, {i \in Ids : IsStored(i)})
TokenDraws == Offered({t \in Tokens : ~IsOutstanding(t)}, {t \in Tokens : IsOutstanding(t)})

\* These arguments, in a world that has the event, and otherwise none.
With(event, arguments) == IF event \in Events THEN arguments ELSE {}

Moments == 0 .. LastMoment

Next ==
  \/ \E r \in Unused, c \in Clients, m \in Mounts, i \in With("Forge", Ids) : StartRequest(r, c, m, i)
  \/ \E r \in Unused, c \in Clients, m \in Mounts : StartRequest(r, c, m, Sends(c, m))
  \/ \E r \in Requests, u \in Users \union With("LogOut", {None}) : SetUser(r, u)
  \/ \E r \in Requests, k \in Keys, v \in Values : SetValue(r, k, v)
  \/ \E r \in Requests, k \in Keys : RemoveValue(r, k)
  \/ \E r \in With("Forms", Requests), draws \in TokenDraws : CreateFormToken(r, draws)
  \/ \E r \in With("Forms", Requests), t \in Tokens : HasFormToken(r, t)
  \/ \E r \in With("Forms", Requests), t \in Tokens : RemoveFormToken(r, t)
  \/ \E r \in With("HasSessionCookie", Requests), b \in BOOLEAN : HasSessionCookie(r, b)
  \/ \E r \in With("RevokeSessionCookie", Requests) : RevokeSessionCookie(r)
  \/ \E r \in With("ExpireSession", Requests) : ExpireSession(r)
  \/ \E r \in With("NewSession", Requests) : NewSession(r)
  \/ \E r \in With("MaintainSession", Requests), draws \in IdDraws : MaintainSession(r, draws)
  \/ \E r \in Requests, o \in Outcomes, draws \in IdDraws : FinishRequest(r, o, draws)
  \/ \E r \in Requests, i \in Chosen, u \in Users \union {None} : InsertSession(r, i, u)
  \/ \E i \in With("DeleteSession", Ids) : DeleteSession(i)
  \/ \E u \in With("DeleteSessionsOf", Users) : DeleteSessionsOf(u)
  \/ "Sweep" \in Events /\ Sweep
  \/ \E r \in Requests : Deliver(r)
  \/ \E r \in With("Lose", Requests) : Lose(r)
  \/ \E t \in Moments \intersect ({now + 1} \union With("ClockBack", {now - 1})) : Clock(t)

Spec == Init /\ [][Next]_vars
=============================================================================
