----------------------------- MODULE Eventually -----------------------------
(***************************************************************************)
(* What happens in the end, if responses arrive: a client whose cookie was *)
(* revoked does not keep it. The other theorems say what does not happen;  *)
(* this one says that something does.                                      *)
(***************************************************************************)
EXTENDS SessionManager

FairSpec == Spec /\ \A r \in Requests : WF_vars(Deliver(r))

Revoked(c, id) ==
  \E r \in Requests : /\ responses[r] # None /\ responses[r].change = Revoke
                      /\ responses[r].client = c /\ responses[r].sent = id

Keeps(c, id) == \E p \in Paths : jars[c][p] = id

RevokedCookieGoes == \A c \in Clients, id \in Ids : Revoked(c, id) ~> ~Keeps(c, id)
=============================================================================
