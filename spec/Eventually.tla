----------------------------- MODULE Eventually -----------------------------
(***************************************************************************)
(* What happens in the end, if responses arrive: a client whose cookie was *)
(* revoked does not keep it. The other theorems speak of single states and *)
(* steps, and would hold of a machine that does nothing; this one not.     *)
(***************************************************************************)
EXTENDS SessionManager

FairSpec == Spec /\ \A r \in Requests : WF_vars(Deliver(r))

Revoked(c, id) ==
  \E r \in Requests : /\ responses[r] # None /\ responses[r].change = Revoke
                      /\ responses[r].client = c /\ responses[r].sent = id

Keeps(c, id) == \E p \in Paths : jars[c][p] = id

RevokedCookieGoes == \A c \in Clients, id \in Ids : Revoked(c, id) ~> ~Keeps(c, id)
=============================================================================
