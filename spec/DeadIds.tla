------------------------------ MODULE DeadIds ------------------------------
(***************************************************************************)
(* `no-id-comes-back` once more, by a variable that no rule reads: which   *)
(* ids have left the store. Theorems.tla asks instead whether anybody      *)
(* remembers an id that is drawn, as worlds draw forgotten ids again. Here *)
(* draws are fresh, as `session.md` assumes, so runs end where ids do.     *)
(***************************************************************************)
EXTENDS SessionManager

VARIABLE dead  \* the ids that have left the store

DeadView == <<View, dead>>

Leaves(id) == IsStored(id) /\ sessions'[id] = None

DrawsId == seen'.event[1] # "CreateFormToken" /\ seen'.draws # <<>>

DeadNext ==
  /\ Next
  /\ DrawsId => Last(seen'.draws) \notin dead
  /\ dead' = dead \union {id \in Ids : Leaves(id)}

DeadSpec == Init /\ dead = {} /\ [][DeadNext]_<<vars, dead>>

Enters(id) == ~IsStored(id) /\ sessions'[id] # None

\* InsertSession stores an id that the application chose.
NoDeadIdComesBack ==
  [][\A id \in dead : ~Enters(id) \/ seen'.event[1] = "InsertSession"]_vars
=============================================================================
