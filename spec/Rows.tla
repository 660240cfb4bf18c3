-------------------------------- MODULE Rows --------------------------------
(***************************************************************************)
(* Sessions as tuples, for comparison with what comes from outside: TLC    *)
(* prints the fields of a record in no fixed order.                        *)
(***************************************************************************)
EXTENDS SessionManager

ValuesRow(values, nothing) == {<<k, values[k]>> : k \in {k \in Keys : values[k] # nothing}}

SessionRow(s) ==
  IF s = None THEN None
  ELSE <<s.id, s.handle, s.user, ValuesRow(s.values, None), s.tokens, s.created, s.accessed>>
=============================================================================
