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

OfRequest == ~Is({"DeleteSession", "DeleteHandle", "DeleteSessionsOf", "Sweep", "Clock"})
Request == IF OfRequest THEN seen'.event[2] ELSE None

IsStoredNext(id) == id \in Ids /\ sessions'[id] # None

\* The ids that leave the store.
Left == {id \in Ids : IsStored(id) /\ ~IsStoredNext(id)}

\* What the step writes: the id and the session, or None.
Written ==
  LET op == seen'.op
  IN CASE op # None /\ op[1] \in {"Put", "Update"} -> <<op[2], op[3]>>
       [] op # None /\ op[1] = "Create" -> <<op[2], op[4]>>
       [] op # None /\ op[1] = "Rotate" -> <<op[3], op[5]>>
       [] OTHER -> None

\* The request's own session loses its last info, and leaves the store.
Emptied == Holds(Request) /\ IsStored(Held(Request).id) /\ Left # {} /\ Written = None

\* The parts of a session that the step changes.
Touch ==
  CASE Is({"SetUser"}) -> {<<"user">>}
    [] Is({"SetValue", "RemoveValue"}) \/ (Is({"TakeValue"}) /\ seen'.op = None) ->
         {<<"value", seen'.event[3]>>}
    [] Is({"CreateFormToken"}) -> {<<"token", seen'.reply>>}
    [] Is({"RemoveFormToken"}) -> {<<"token", seen'.event[3]>>}
    [] OTHER -> {}

-----------------------------------------------------------------------------
(* What is kept of the past. *)

\* A request that starts; it is fresh if its response may bring a cookie of its own.
NewTrail ==
  [touched |-> {}, drops |-> {}, set |-> None, renews |-> FALSE, changed |-> FALSE,
   ended |-> FALSE, identity |-> FALSE, login |-> None,
   fresh |-> sessions'[requests'[Request].holds].id = None]

\* What a change of the user drops of what was there before: kinds of keys.
Drops(before, after) ==
  CASE before = after -> {}
    [] before # after /\ before = None -> {"token"}
    [] before # after /\ before # None -> {"token", "value"}

HoldsNext == requests'[Request] # None /\ requests'[Request].holds # None

UserNext ==
  LET user == IF HoldsNext THEN sessions'[requests'[Request].holds].user ELSE None
  IN IF user = "" THEN None ELSE user

\* The part of the trail that speaks of the session that the request holds.
OwnChanges(own) ==
  LET anew == Is({"ExpireSession", "NewSession"}) \/ (Is({"ExpireHandle"}) /\ ~HoldsNext)
      drops == IF Is({"SetUser"}) THEN Drops(Held(Request).user, seen'.event[3]) ELSE {}
      taken == IF Is({"TakeValue"}) THEN {<<"value", seen'.event[3]>>} ELSE {}
  IN IF anew \/ Is({"MaintainSession", "FinishRequest"})
     THEN [own EXCEPT !.touched = {}, !.drops = {}, !.set = None, !.renews = FALSE]
     ELSE [own EXCEPT
            !.touched = {key \in @ \ taken : key[1] \notin drops} \union Touch,
            !.drops = @ \union drops,
            !.renews = @ \/ Is({"RenewSession"}),
            !.set = IF Is({"SetUser"}) THEN [user |-> seen'.event[3], at |-> now, ended |-> FALSE]
                    ELSE @]

\* The trail of the request whose event this is. If it takes the last thing out of a session, it may
\* get a new one. If it sets nobody, and nothing is left, it has logged out.
OwnTrail(own) ==
  LET expires == Is({"ExpireSession"}) \/ (Is({"ExpireHandle"}) /\ ~HoldsNext)
      goesOn == Is({"RenewSession", "ExpireOtherSessions", "ExpireHandle"})
  IN [OwnChanges(own) EXCEPT
       !.changed = @ \/ ~Is({"HasFormToken", "HasSessionCookie", "InsertSession"}),
       !.fresh = @ \/ (Is({"RemoveFormToken", "TakeValue"}) /\ Emptied),
       !.ended = @ \/ expires
                   \/ (Is({"MaintainSession", "FinishRequest"}) /\ Emptied /\ "value" \in own.drops),
       !.identity = @ \/ goesOn \/ Is({"SetUser", "ExpireSession", "NewSession",
                                        "RevokeSessionCookie"}),
       !.login = CASE Is({"SetUser"}) -> IF seen'.event[3] = "" THEN None ELSE seen'.event[3]
                   [] goesOn -> UserNext
                   [] Is({"ExpireSession", "NewSession"})
                        \/ (Is({"FinishRequest"}) /\ seen'.event[3] \in {"failed", "abandoned"})
                        -> None
                   [] OTHER -> @]

\* If requests share a session, the later change counts for all of them.
Overtaken(other) ==
  IF Touch # {} /\ Holds(other) /\ requests[other].holds = requests[Request].holds
  THEN Touch ELSE {}

\* A login is not owed if somebody else has ended the session meanwhile. A request that is open and
\* has set a user is not excused: it saves that user, or is refused.
Excused(r) ==
  \E id \in Left :
    \/ responses[r] # None /\ (responses[r].sent = id \/ responses[r].change = Set(id))
    \/ requests[r] # None /\ requests[r].sent = id /\ trail[r].set = None

\* The user whose sessions all end, except that of the request that ends them.
EndedUser ==
  CASE Is({"DeleteSessionsOf"}) -> seen'.event[2]
    [] Is({"ExpireOtherSessions"}) -> Held(Request).user
    [] OTHER -> None

LoginEnds(set) == set # None /\ set.user # None /\ set.user = EndedUser

TrailNext(r) ==
  IF r = Request /\ Is({"StartRequest"}) THEN NewTrail
  ELSE IF r = Request /\ requests'[r] = None /\ responses'[r] = None THEN None
  ELSE IF r = Request THEN OwnTrail(trail[r])
  ELSE IF trail[r] = None THEN None
  ELSE [trail[r] EXCEPT
         !.touched = @ \ Overtaken(r), !.login = IF Excused(r) THEN None ELSE @,
         !.set = IF LoginEnds(@) THEN [@ EXCEPT !.ended = TRUE] ELSE @]

RememberTrail == trail' = [r \in Requests |-> TrailNext(r)]

\* How often a token is in memory. It cannot be accepted more often than that.
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

\* Whether no other request of this client is on its way that may bring it another cookie.
Alone(r) ==
  \A other \in Requests \ {r} :
    trail[other] = None
      \/ (responses[other] # None /\ responses[other].client # responses[r].client)
      \/ (requests[other] # None /\ requests[other].client # responses[r].client)
      \/ ~(trail[other].fresh \/ trail[other].identity)

SendsNext(c, m) == IF jars'[c]["/"] # None THEN jars'[c]["/"] ELSE jars'[c][m \o "/"]

\* A login is owed once its response has arrived, if the client then has a cookie for it. It is no
\* longer owed once another request, one that may bring a cookie, has brought one, whenever it
\* became such a request.
OwedAtDelivery(r) ==
  LET response == responses[r]
      kept == response.change # None \/ SendsNext(response.client, response.mount) = response.sent
      crosses == response.change # None /\ (trail[r].fresh \/ trail[r].identity)
  IN CASE trail[r].login = None -> IF crosses THEN None ELSE owed[response.client]
       [] trail[r].login # None /\ Alone(r) /\ kept -> <<trail[r].login, response.mount>>
       [] OTHER -> None

\* Nothing is owed any more once the client's own requests change who it is, or somebody else ends
\* the session that its jar names.
RememberOwed ==
  owed' = [c \in Clients |->
    LET open == OfRequest /\ ~Is({"StartRequest", "Deliver", "Lose"})
        own == open /\ requests[Request].client = c
        ended == \E p \in Paths : jars[c][p] \in Left
    IN CASE Is({"Deliver"}) /\ responses[Request].client = c -> OwedAtDelivery(Request)
         [] own /\ OwnTrail(trail[Request]).identity -> None
         [] ~own /\ ended -> None
         [] OTHER -> owed[c]]

TheoremsInit ==
  /\ Init
  /\ trail = [r \in Requests |-> None]
  /\ issued = [t \in Tokens |-> 0]
  /\ owed = [c \in Clients |-> None]

TheoremsNext == Next /\ RememberTrail /\ RememberIssued /\ RememberOwed

\* Requests and clients differ only in their names. Which of the free names a request takes makes no
\* difference, and a session that is not stored has the name of the only request that holds it. So
\* states that differ only in names are alike, except under live, where several requests may hold a
\* session.
Alike == Permutations(Requests) \union Permutations(Clients)

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

\* A draw is fresh or refused, so an id that comes without being drawn was there before.
NoIdComesBack ==
  [][\A id \in Ids : ~IsStored(id) /\ IsStoredNext(id) =>
       Is({"InsertSession"}) \/ (seen'.draws # <<>> /\ Last(seen'.draws) = id /\ ~IsKnown(id))
    ]_vars

\* Each change of the user of a stored session: the session before, the session after, and whether
\* the id is renewed.
UserChanges(Broken(_, _, _)) ==
  \A id \in Ids :
    LET op == seen'.op
        renewed == op # None /\ op[1] = "Rotate" /\ op[2] = id
        after == IF renewed THEN op[5] ELSE sessions'[id]
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

\* The store that an operation makes, and nothing else.
CarriedOut(store, op) ==
  LET without(Gone(_, _)) ==
        [id \in Ids |-> IF store[id] # None /\ Gone(id, store[id]) THEN None ELSE store[id]]
  IN CASE op = None -> store
       [] op # None /\ op[1] \in {"Put", "Update"} -> [store EXCEPT ![op[2]] = op[3]]
       [] op # None /\ op[1] = "Create" -> [store EXCEPT ![op[2]] = op[4]]
       [] op # None /\ op[1] = "Rotate" -> [store EXCEPT ![op[2]] = None, ![op[3]] = op[5]]
       [] op # None /\ op[1] = "Touch" -> [store EXCEPT ![op[2]].accessed = Later(@, op[3])]
       [] op # None /\ op[1] \in {"Delete", "Discard"} -> [store EXCEPT ![op[2]] = None]
       [] op # None /\ op[1] = "DeleteUser" ->
            without(LAMBDA id, s : s.user = op[2] /\ id # op[3])
       [] op # None /\ op[1] = "DeleteHandle" ->
            without(LAMBDA id, s : s.handle = op[2] /\ op[3] \in {None, s.user})
       [] op # None /\ op[1] = "DiscardOver" -> without(LAMBDA id, s : PastItsLimits(s))

Stored == [id \in Ids |-> sessions[id]]

StoreOpsReproduceStore == [][CarriedOut(Stored, seen'.op) = Stored']_vars

SameButForAccess(id) ==
  /\ IsStored(id) <=> IsStoredNext(id)
  /\ IsStored(id) => [sessions[id] EXCEPT !.accessed = 0] = [sessions'[id] EXCEPT !.accessed = 0]

\* This is stronger than its row: until a request has succeeded, nothing that it does leaves a
\* trace, except for ends, spent form tokens, taken values and a session that was found over.
FailureLeavesNoTrace ==
  [][\/ Is({"SetUser", "RenewSession", "SetValue", "RemoveValue", "GuardValue",
            "CreateFormToken", "MaintainSession", "RevokeSessionCookie"})
     \/ Is({"NewSession"}) /\ seen'.op = None
     \/ Is({"FinishRequest"}) /\ seen'.event[3] \in {"failed", "abandoned"}
     => \A id \in Ids : SameButForAccess(id)]_vars

\* Whether the event names the session that is stored under an id, before it or after it.
Names(id) ==
  LET isOf(u) == IsStored(id) /\ sessions[id].user = u
      hasHandle(h) == IsStored(id) /\ sessions[id].handle = h
      isOwn == Holds(Request) /\ Held(Request).id = id
      hasOwn == Held(Request).handle # None /\ hasHandle(Held(Request).handle)
      isNew == Written # None /\ Written[1] = id /\ ~IsStored(id)
  IN CASE Is({"StartRequest"}) -> seen'.event[5] = id
       [] Is({"InsertSession"}) -> seen'.event[3] = id
       [] Is({"DeleteSession"}) -> seen'.event[2] = id
       [] Is({"DeleteHandle"}) -> hasHandle(seen'.event[2])
       [] Is({"DeleteSessionsOf"}) -> isOf(seen'.event[2])
       [] Is({"Sweep"}) -> IsStored(id) /\ PastItsLimits(sessions[id])
       [] Is({"ExpireOtherSessions"}) -> isOf(Held(Request).user) /\ id # OwnStored(Request)
       [] Is({"ExpireSession"}) -> isOwn \/ hasOwn
       [] Is({"ExpireHandle"}) ->
            hasHandle(seen'.event[3]) /\ (hasOwn \/ isOf(Held(Request).user))
       [] OTHER -> OfRequest /\ (isOwn \/ isNew)

OthersAreLeftAlone == [][\A id \in Ids : sessions[id] # sessions'[id] => Names(id)]_vars

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

Loses(own, view, before, after) ==
  \E key \in AllKeys :
    /\ ~MadeRoom(key, after)
    /\ IF key \in own.touched THEN At(view, key) # At(after, key)
       ELSE before # None /\ At(before, key) # At(after, key) /\ key[1] \notin own.drops

Saves ==
  /\ Is({"MaintainSession", "FinishRequest"}) /\ Holds(Request)
  /\ Is({"FinishRequest"}) => seen'.event[3] \in {"successful", "interrupted"}

\* A session that is too old is as good as gone.
Usable(s) == IF s # None /\ TooOld(s) THEN None ELSE s

\* Only a form may be lost with a session that was ended.
FormsAlone(own) == own.set = None /\ \A key \in own.touched : key[1] = "token"

\* The token is gone, and with it the session if that was all.
SameButForToken(id, t) ==
  \/ SameButForAccess(id)
  \/ /\ IsStored(id)
     /\ LET left == [sessions[id] EXCEPT !.tokens = Without(@, t)]
        IN IF IsStoredNext(id) THEN sessions'[id] = left ELSE ~HasInfo(left)

SameButForValue(id, k) ==
  \/ SameButForAccess(id)
  \/ /\ IsStored(id)
     /\ LET left == [sessions[id] EXCEPT !.values[k] = None]
        IN IF IsStoredNext(id) THEN sessions'[id] = left ELSE ~HasInfo(left)

NoUpdateIsLost ==
  [][Saves =>
       LET own == trail[Request]
           id == Held(Request).id
           before == IF IsStored(id) THEN Usable(sessions[id]) ELSE None
           after == CASE Written # None -> Written[2]
                      [] Written = None /\ IsStoredNext(id) -> Usable(sessions'[id])
                      [] OTHER -> None
       IN \/ id # None /\ before = None /\ Written = None /\ FormsAlone(own)
          \/ ~Loses(own, Held(Request), before, after)]_vars
  /\ [][Is({"RemoveFormToken"}) =>
         \A id \in Ids : SameButForToken(id, seen'.event[3])]_vars
  /\ [][Is({"TakeValue"}) =>
         \A id \in Ids : SameButForValue(id, seen'.event[3])]_vars

-----------------------------------------------------------------------------
(* Steps: what a login makes of the session that is saved.                 *)

\* Whether the saved session begins with the user that was set: always, except for nobody after
\* nobody.
SavesLogin ==
  /\ Saves /\ Written # None /\ trail[Request].set # None
  /\ trail[Request].set.user # None \/ "value" \in trail[Request].drops

\* The model has no addresses; the checks in src/check compare them.
LoginBeginsASession ==
  [][Saves /\ Written # None /\ trail[Request].renews => Written[1] # Held(Request).id]_vars
  /\ [][SavesLogin =>
         Written[1] # Held(Request).id /\ Written[2].created = trail[Request].set.at]_vars

ValuesStayWithTheirUser ==
  [][SavesLogin =>
       \A key \in AllKeys : key[1] \in trail[Request].drops /\ key \notin trail[Request].touched
         => At(Written[2], key) = None]_vars

EndedUserStaysEnded ==
  [][SavesLogin /\ trail[Request].set.ended => Written[2].user # trail[Request].set.user]_vars

\* A value that the request itself has set is not taken from the store.
ValueIsTakenOnce ==
  [][Is({"TakeValue"}) /\ IsStored(Held(Request).id)
       /\ <<"value", seen'.event[3]>> \notin trail[Request].touched =>
       LET id == Held(Request).id
           k == seen'.event[3]
       IN /\ seen'.reply = sessions[id].values[k]
          /\ IsStoredNext(id) => sessions'[id].values[k] = None]_vars

VisitCounts ==
  [][Is({"StartRequest"}) =>
       LET id == sessions'[requests'[Request].holds].id
           passive == seen'.event[6]
       IN IsStoredNext(id) =>
            IF passive THEN sessions'[id].accessed = sessions[id].accessed
            ELSE now <= sessions'[id].accessed + Resolution]_vars

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

\* The limits are those of the model; the comparison with the code shows whether they are right. An
\* event of a request writes nothing to a session that is too old, except to end it.
NothingPastItsLimits ==
  [][Is({"StartRequest"}) /\ IsStored(seen'.event[5]) /\ PastItsLimits(sessions[seen'.event[5]])
       => sessions'[requests'[Request].holds].id # seen'.event[5]]_vars
  /\ [][OfRequest /\ ~Is({"StartRequest", "Deliver", "Lose"}) /\ Holds(Request) =>
         LET id == Held(Request).id
         IN IsStored(id) /\ PastAbsolute(sessions[id]) =>
              /\ IsStoredNext(id) => sessions'[id] = sessions[id]
              /\ Is({"RemoveFormToken", "TakeValue"}) => seen'.op = None]_vars

SweepLeavesNoneOver ==
  [][Is({"Sweep"}) => \A id \in Ids : IsStoredNext(id) => ~PastItsLimits(sessions'[id])]_vars

UserIsEndedEverywhere ==
  [][Is({"DeleteSessionsOf"}) =>
       \A id \in Ids : IsStoredNext(id) => sessions'[id].user # seen'.event[2]]_vars

\* The session may have moved to another id, under the same handle.
ExpiryIsImmediate ==
  [][Is({"ExpireSession"}) =>
       LET own == Held(Request)
       IN /\ ~IsStoredNext(own.id)
          /\ own.handle # None =>
               \A id \in Ids : IsStoredNext(id) => sessions'[id].handle # own.handle]_vars

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
