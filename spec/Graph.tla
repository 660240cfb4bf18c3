------------------------------- MODULE Graph -------------------------------
(***************************************************************************)
(* Every transition of a world, one line each, for the code in src/ to be  *)
(* compared with: what can be drawn and the state before, what the driver  *)
(* sees, the state after. `spec/tlc graph` runs it, `tests/tla.rs` reads   *)
(* it.                                                                     *)
(***************************************************************************)
EXTENDS Rows

Ordered(set) ==
  CHOOSE order \in [1 .. Cardinality(set) -> set] : {order[n] : n \in DOMAIN order} = set

\* These have no arguments, so that TLC looks for an order only once.
RequestOrder == Ordered(Requests)
ClientOrder == Ordered(Clients)

InOrder(Row(_), function, order) == [n \in DOMAIN order |-> Row(function[order[n]])]

ChangesRow(ch) ==
  <<ch.user, ch.at, ch.ended, ch.keeps, ch.renew, ValuesRow(ch.values, Same),
    ValuesRow(ch.guards, Same), ch.tokens>>

RequestRow(q) ==
  IF q = None THEN None
  ELSE <<q.client, q.mount, q.sent, q.cookie, q.holds, q.response,
         ChangesRow(q.changes)>>

ResponseRow(p) == IF p = None THEN None ELSE <<p.client, p.mount, p.sent, p.change>>

JarRow(jar) == {<<p, jar[p]>> : p \in {p \in Paths : jar[p] # None}}

StateRow ==
  <<[i \in Ids |-> SessionRow(sessions[i])], InOrder(SessionRow, sessions, RequestOrder),
    InOrder(RequestRow, requests, RequestOrder), InOrder(ResponseRow, responses, RequestOrder),
    InOrder(JarRow, jars, ClientOrder), now, IdDraws, TokenDraws,
    NewHandle>>

\* The session is the last part of every operation that writes.
OpRow(op) ==
  IF op # None /\ op[1] \in {"Put", "Create", "Update", "Rotate"}
  THEN [op EXCEPT ![Len(op)] = SessionRow(@)] ELSE op

SeenRow(s) == <<s.event, s.reply, OpRow(s.op), s.end, s.change, s.path, s.draws>>

\* What the world contains, for the comparison.
ASSUME PrintT("#" \o ToString(
  <<Semantics, RequestOrder, ClientOrder, MaxId, Chosen, Users, Keys, Values, MaxToken, TokenCap,
    Mounts, Outcomes, LastMoment, Resolution, Idle, Absolute, Events>>))

\* An ACTION_CONSTRAINT: TLC evaluates it at every transition, even at one to a known state.
Emit ==
  PrintT("#" \o ToString(StateRow) \o "#" \o ToString(SeenRow(seen'))
    \o "#" \o ToString(StateRow'))
=============================================================================
