------------------------------ MODULE Theorems ------------------------------
(***************************************************************************)
(* The theorems of `session.md` about the machine of `SessionManager.tla`, *)
(* each called like its row there: `no-id-comes-back` is NoIdComesBack.    *)
(* What is an INVARIANT speaks of one state, what is a PROPERTY of a step, *)
(* by way of `seen'`, which is what the driver saw of it. Which of them    *)
(* hold under which semantics is declared in the table of `session.md`;    *)
(* `spec/tlc check` has TLC find the others broken.                        *)
(*                                                                         *)
(* Some speak of what was done before. That is kept in variables here,     *)
(* which no rule of the machine reads.                                     *)
(***************************************************************************)
EXTENDS SessionManager

VARIABLES
  trail,   \* request -> what it has done, until its response has arrived, or None
  issued,  \* token -> how often it was issued and not accepted since
  owed     \* client -> whom it has logged in as, and at which mount, or None

history == <<trail, issued, owed>>
everything == <<vars, history>>
HistoryView == <<View, history>>

-----------------------------------------------------------------------------
(* What is seen of a step. *)

\* The last step was one of these.
Is(events) == seen'.event[1] \in events

OfRequest == ~Is({"DeleteSession", "DeleteSessionsOf", "Sweep", "Clock"})
Request == IF OfRequest THEN seen'.event[2] ELSE None

Deletes(op) == op # None /\ op[1] \in {"Delete", "Discard"}

\* The ids that an operation ends.
Ended(op) ==
  CASE op = None -> {}
    [] op # None /\ op[1] \in {"DeleteAll", "DiscardAll"} -> op[2]
    [] op # None /\ op[1] \in {"Delete", "Discard", "Rotate"} -> {op[2]}
    [] OTHER -> {}

IsStoredNext(id) == id \in Ids /\ sessions'[id] # None

\* The part of a step that changes a session: what it changes.
Touch ==
  CASE Is({"SetUser"}) -> {<<"user">>}
    [] Is({"SetValue", "RemoveValue"}) -> {<<"value", seen'.event[3]>>}
    [] Is({"CreateFormToken"}) -> {<<"token", seen'.reply>>}
    [] Is({"RemoveFormToken"}) -> {<<"token", seen'.event[3]>>}
    [] OTHER -> {}

-----------------------------------------------------------------------------
(* What is kept of the past. *)

\* A request that starts; it is fresh if its response may bring a cookie of its own.
NewTrail ==
  [touched |-> {}, changed |-> FALSE, ended |-> FALSE, identity |-> FALSE, login |-> None,
   fresh |-> sessions'[requests'[Request].holds].id = None]

\* The trail of the request whose event this is.
OwnTrail(own) ==
  LET ends == Is({"ExpireSession"}) \/ Deletes(seen'.op)
      anew == Is({"ExpireSession", "NewSession"})
  IN [own EXCEPT
       !.touched = IF anew \/ Is({"MaintainSession", "FinishRequest"}) THEN {} ELSE @ \union Touch,
       !.changed = @ \/ ~Is({"HasFormToken", "HasSessionCookie", "InsertSession"}),
       !.ended = @ \/ (ends /\ ~Is({"NewSession"})),
       !.identity = @ \/ ends \/ Is({"SetUser", "NewSession", "RevokeSessionCookie"}),
       !.login = CASE Is({"SetUser"}) -> IF seen'.event[3] = "" THEN None ELSE seen'.event[3]
                   [] anew \/ (Is({"FinishRequest"}) /\ seen'.event[3] \in {"failed", "abandoned"})
                        -> None
                   [] OTHER -> @]

\* Where requests share a session the later change is there for all of them.
Overtaken(other) ==
  IF Touch # {} /\ Holds(other) /\ requests[other].holds = requests[Request].holds
  THEN Touch ELSE {}

\* A login is not owed where somebody else ended the session meanwhile.
Excused(r) ==
  /\ responses[r] # None
  /\ \E id \in Ended(seen'.op) : responses[r].sent = id \/ responses[r].change = Set(id)

TrailNext(r) ==
  IF r = Request /\ Is({"StartRequest"}) THEN NewTrail
  ELSE IF r = Request /\ requests'[r] = None /\ responses'[r] = None THEN None
  ELSE IF r = Request THEN OwnTrail(trail[r])
  ELSE IF trail[r] = None THEN None
  ELSE [trail[r] EXCEPT !.touched = @ \ Overtaken(r), !.login = IF Excused(r) THEN None ELSE @]

RememberTrail == trail' = [r \in Requests |-> TrailNext(r)]

\* How often a token stands in memory. It cannot be accepted more often than that.
Copies(t) ==
  Cardinality({<<name, n>> \in (DOMAIN sessions) \X (1 .. TokenCap) :
    /\ sessions'[name] # None
    /\ n <= Len(sessions'[name].tokens) /\ sessions'[name].tokens[n] = t})

RememberIssued ==
  issued' =
    CASE Is({"CreateFormToken"}) ->
           LET t == seen'.reply
           IN [issued EXCEPT ![t] = IF @ + 1 < Copies(t) THEN @ + 1 ELSE Copies(t)]
      [] Is({"RemoveFormToken"}) /\ issued[seen'.event[3]] > 0 ->
           [issued EXCEPT ![seen'.event[3]] = @ - 1]
      [] OTHER -> issued

\* Others of this client's requests are on their way, and may bring it another cookie.
Alone(r) ==
  \A other \in Requests \ {r} :
    trail[other] = None
      \/ (responses[other] # None /\ responses[other].client # responses[r].client)
      \/ (requests[other] # None /\ requests[other].client # responses[r].client)
      \/ ~(trail[other].fresh \/ trail[other].identity)

SendsNext(c, m) == IF jars'[c]["/"] # None THEN jars'[c]["/"] ELSE jars'[c][m \o "/"]

\* A login is owed once its response has arrived, if the client then has a cookie for it.
OwedAtDelivery(r) ==
  LET response == responses[r]
      kept == response.change # None \/ SendsNext(response.client, response.mount) = response.sent
  IN CASE trail[r].login = None -> owed[response.client]
       [] trail[r].login # None /\ Alone(r) /\ kept -> <<trail[r].login, response.mount>>
       [] OTHER -> None

\* Nothing is owed any more once the client's own requests change who it is, or somebody else ends
\* the session that its jar names.
RememberOwed ==
  owed' = [c \in Clients |->
    LET open == OfRequest /\ ~Is({"StartRequest", "Deliver", "Lose"})
        own == open /\ requests[Request].client = c
        ended == \E p \in Paths : jars[c][p] \in Ended(seen'.op)
    IN CASE Is({"Deliver"}) /\ responses[Request].client = c -> OwedAtDelivery(Request)
         [] own /\ ~Is({"FinishRequest"}) /\ OwnTrail(trail[Request]).identity -> None
         [] own /\ Is({"FinishRequest"}) /\ Deletes(seen'.op) -> None
         [] ~own /\ ended -> None
         [] OTHER -> owed[c]]

TheoremsInit ==
  /\ Init
  /\ trail = [r \in Requests |-> None]
  /\ issued = [t \in Tokens |-> 0]
  /\ owed = [c \in Clients |-> None]

TheoremsNext == Next /\ RememberTrail /\ RememberIssued /\ RememberOwed

TheoremsSpec == TheoremsInit /\ [][TheoremsNext]_everything

-----------------------------------------------------------------------------
(* States. *)

InMemory == {name \in DOMAIN sessions : sessions[name] # None}

IdsNameTheirSession == \A id \in Ids : IsStored(id) => sessions[id].id = id

EveryObjectIsReachable ==
  \A r \in Requests \intersect InMemory : IsOpen(r) /\ requests[r].holds = r

StoredHasInfo == \A id \in Ids : IsStored(id) => HasInfo(sessions[id])

TokensAreBounded == \A name \in InMemory : Len(sessions[name].tokens) <= TokenCap

AccessedNotBeforeCreated ==
  \A name \in InMemory : sessions[name].accessed >= sessions[name].created

-----------------------------------------------------------------------------
(* Steps: ids and users. *)

IdsAreIssued ==
  [][\A id \in Ids : ~IsStored(id) /\ IsStoredNext(id) => Among(id, seen'.draws)]_vars

\* What is drawn is fresh or refused, so an id that comes without being drawn has been here.
NoIdComesBack ==
  [][\A id \in Ids : ~IsStored(id) /\ IsStoredNext(id) =>
       Is({"InsertSession"}) \/ (seen'.draws # <<>> /\ Last(seen'.draws) = id /\ ~IsKnown(id))
    ]_vars

\* How the user of a stored session changes: the session before, the session after, where the id
\* stays and where it is renewed.
UserChanges(Broken(_, _, _)) ==
  \A id \in Ids :
    LET op == seen'.op
        renewed == op # None /\ op[1] = "Rotate" /\ op[2] = id
        after == IF renewed THEN op[4] ELSE sessions'[id]
    IN IsStored(id) /\ ~Is({"InsertSession"}) /\ (renewed \/ IsStoredNext(id))
         /\ after.user # sessions[id].user => ~Broken(sessions[id], after, renewed)

NoIdSurvivesLogin ==
  [][UserChanges(LAMBDA before, after, renewed :
       before.user \in {None, ""} /\ after.user \notin {None, ""} /\ ~renewed)]_vars

OneUserPerId == [][UserChanges(LAMBDA before, after, renewed : ~renewed)]_vars

NoTokenSurvivesLogin ==
  [][UserChanges(LAMBDA before, after, renewed :
       \E t \in Tokens : Among(t, before.tokens) /\ Among(t, after.tokens))]_vars

-----------------------------------------------------------------------------
(* Steps: the store. *)

\* A store that is given an operation and nothing else.
CarriedOut(store, op) ==
  CASE op = None -> store
    [] op # None /\ op[1] \in {"Put", "Create", "Update"} -> [store EXCEPT ![op[2]] = op[3]]
    [] op # None /\ op[1] = "Rotate" -> [store EXCEPT ![op[2]] = None, ![op[3]] = op[4]]
    [] OTHER -> [id \in Ids |-> IF id \in Ended(op) THEN None ELSE store[id]]

Stored == [id \in Ids |-> sessions[id]]

StoreOpsReproduceStore == [][CarriedOut(Stored, seen'.op) = Stored']_vars

SameButForAccess(id) ==
  /\ IsStored(id) <=> IsStoredNext(id)
  /\ IsStored(id) => [sessions[id] EXCEPT !.accessed = 0] = [sessions'[id] EXCEPT !.accessed = 0]

\* The token is gone, and with it the session if that was all.
SameButForToken(id, t) ==
  \/ SameButForAccess(id)
  \/ /\ IsStored(id)
     /\ LET left == [sessions[id] EXCEPT !.tokens = Without(@, t)]
        IN IF IsStoredNext(id) THEN sessions'[id] = left ELSE ~HasInfo(left)

\* Stronger than its row: until a request has succeeded, nothing that it does leaves a trace, but
\* for expiry, spent form tokens and a session that was found over.
FailureLeavesNoTrace ==
  [][\/ Is({"SetUser", "SetValue", "RemoveValue", "CreateFormToken", "MaintainSession",
            "RevokeSessionCookie"})
     \/ Is({"NewSession"}) /\ seen'.op = None
     \/ Is({"FinishRequest"}) /\ seen'.event[3] \in {"failed", "abandoned"}
     => \A id \in Ids : SameButForAccess(id)]_vars
  /\ [][Is({"RemoveFormToken"}) =>
         \A id \in Ids : SameButForToken(id, seen'.event[3])]_vars

\* What a session holds under a key, None if nothing.
At(s, key) ==
  CASE s = None -> None
    [] s # None /\ key[1] = "user" -> IF s.user = "" THEN None ELSE s.user
    [] s # None /\ key[1] = "value" -> s.values[key[2]]
    [] s # None /\ key[1] = "token" -> IF Among(key[2], s.tokens) THEN "outstanding" ELSE None

AllKeys ==
  {<<"user">>} \union {<<"value", k>> : k \in Keys} \union {<<"token", t>> : t \in Tokens}

\* A token may be missing because newer ones fill the queue.
MadeRoom(key, after) == key[1] = "token" /\ after # None /\ Len(after.tokens) >= TokenCap

Loses(touched, view, before, after) ==
  \E key \in AllKeys :
    /\ ~MadeRoom(key, after)
    /\ IF key \in touched THEN At(view, key) # At(after, key)
       ELSE /\ before # None /\ At(before, key) # At(after, key)
            /\ ~(<<"user">> \in touched /\ key[1] = "token")

SavedUnder(id, op) ==
  CASE op # None /\ op[1] \in {"Put", "Create"} -> op[2]
    [] op # None /\ op[1] = "Rotate" -> op[3]
    [] OTHER -> id

NoUpdateIsLost ==
  [][(Is({"MaintainSession"}) \/ (Is({"FinishRequest"})
        /\ seen'.event[3] \in {"successful", "interrupted"})) /\ Holds(Request) =>
       LET id == Held(Request).id
           under == SavedUnder(id, seen'.op)
           before == IF IsStored(id) THEN sessions[id] ELSE None
           after == IF IsStoredNext(under) THEN sessions'[under] ELSE None
       IN ~Loses(trail[Request].touched, Held(Request), before, after)]_vars

ReadingStoresNothing ==
  [][Is({"FinishRequest"}) /\ ~trail[Request].changed =>
       /\ seen'.change = None \/ seen'.change = Revoke
       /\ \A id \in Ids : IsStoredNext(id) => IsStored(id)]_vars

-----------------------------------------------------------------------------
(* Steps: form tokens, cookies, limits, the manager. *)

TokenAcceptedOnce == [][Is({"RemoveFormToken"}) => issued[seen'.event[3]] > 0]_vars

CookieNamesStored ==
  [][seen'.change # None /\ seen'.change # Revoke =>
       seen'.change[1] = "Set" /\ IsStoredNext(seen'.change[2])]_vars

NoSessionIsOrphaned ==
  [][seen'.change # None /\ seen'.change # Set(requests[Request].sent) =>
       ~IsStoredNext(requests[Request].sent)]_vars

RevocationMatches ==
  [][seen'.change = Revoke =>
       LET request == requests[Request]
       IN \A p \in Paths : request.sent # None /\ jars[request.client][p] = request.sent
                             => p = seen'.path]_vars

\* Where the limits lie the model says; whether that is right the comparison with the code shows.
NothingPastItsLimits ==
  [][Is({"StartRequest"}) /\ IsStored(seen'.event[5]) /\ PastItsLimits(sessions[seen'.event[5]])
       => sessions'[requests'[Request].holds].id # seen'.event[5]]_vars

SweepLeavesNoneOver ==
  [][Is({"Sweep"}) => \A id \in Ids : IsStoredNext(id) => ~PastItsLimits(sessions'[id])]_vars

UserIsEndedEverywhere ==
  [][Is({"DeleteSessionsOf"}) =>
       \A id \in Ids : IsStoredNext(id) => sessions'[id].user # seen'.event[2]]_vars

ExpiryIsImmediate == [][Is({"ExpireSession"}) => ~IsStoredNext(Held(Request).id)]_vars

-----------------------------------------------------------------------------
(* Steps: what clients are owed. *)

LogoutReachesTheClient ==
  [][Is({"Deliver"}) /\ trail[Request].ended =>
       LET response == responses[Request]
       IN response.sent = None \/ \A p \in Paths : jars'[response.client][p] # response.sent]_vars

\* Of a client that sends its own cookie.
StillLoggedIn ==
  [][Is({"StartRequest"}) /\ seen'.event[5] = Sends(seen'.event[3], seen'.event[4]) =>
       LET due == owed'[seen'.event[3]]
       IN due = None \/ due[2] # seen'.event[4] \/ due[1] = seen'.reply]_vars
=============================================================================
