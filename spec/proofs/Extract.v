(** The definitions of Model.v that tests/proved uses. There maps are made from lists of their entries. *)
From Quixote Require Import Model.
From Coq Require Import Extraction.

Definition sessions_of (l : list (id * session)) : gmap id session := list_to_map l.
Definition requests_of (l : list (number * request)) : gmap number request := list_to_map l.
Definition generations_of (l : list (text * N)) : gmap text N := list_to_map l.
Definition values_of (l : list (text * text)) : gmap text text := list_to_map l.
Definition changed_of (l : list (text * option text)) : gmap text (option text) := list_to_map l.

Extraction Language JSON.
Extraction "machine.json" step init no_changes with_stored with_generation carry_out
  sessions_of requests_of generations_of values_of changed_of.
