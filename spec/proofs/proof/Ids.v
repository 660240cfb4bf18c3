(** Ids, handles and users: what holds in every fair run. *)
From Q Require Export Writes Others.

(** What a session keeps while it stays under its id. *)
Definition same_core (s s' : session) := handle s = handle s' ∧ user s = user s' ∧ created s = created s' ∧ accessed s <= accessed s'.
(** A copy and what is stored under its id. *)
Definition bond (q : request) (s s0 : session) : Prop :=
  handle s = handle s0 ∧ created s0 <= accessed s ∧
  match c_login (own q) with
  | None => user s = user s0
  | Some l => (c_keeps (own q) = KeepAll → user s0 = l_user l) ∧ (c_keeps (own q) = KeepValues → user s0 = None)
  end.
Definition good (ids hs : N → Prop) (m : gmap N session) (q : request) : Prop := ∀ i s, held q = Some (i, s) →
  created s <= accessed s ∧
  match c_login (own q) with Some l => user s = l_user l | None => c_keeps (own q) = KeepAll end ∧
  match i with
  | None => handle s = None
  | Some n => ids n ∧ (∃ x, handle s = Some x ∧ hs x) ∧ ∀ s0, m !! n = Some s0 → bond q s s0
  end.
Definition good_store (ids hs : N → Prop) (m : gmap N session) : Prop :=
  (∀ n s, m !! n = Some s → ids n ∧ created s <= accessed s ∧ ∃ x, handle s = Some x ∧ hs x) ∧
  (∀ n n' s s', m !! n = Some s → m !! n' = Some s' → handle s = handle s' → n = n').

Lemma update_core cap q old mine t : bond q mine old →
  match c_login (own q) with Some _ => True | None => c_keeps (own q) = KeepAll end → moves (own q) = false →
  accessed (apply cap (own q) (r_addr q) old) <= t →
  same_core old (set_accessed (apply cap (own q) (r_addr q) old) t).
Proof.
  intros (_ & _ & Hb) Hl Hm. unfold same_core. cbn [handle user created accessed set_accessed].
  rewrite apply_handle, apply_user, apply_created, apply_accessed. unfold moves, begins in *. apply orb_false_iff in Hm as [_ Hm].
  destruct (c_login (own q)) as [l|]; [|rewrite Hl; done].
  destruct (l_user l) as [u|] eqn:El; simpl in *; [done|]. destruct Hb as [H1 H2].
  destruct (c_keeps (own q)); simpl in *; [done|rewrite H2 by done; done|rewrite H1 by done; done].
Qed.
Lemma kept cfg now d m q op m' ids hs : writes cfg now d m q op m' → good_store ids hs m →
  (∀ q0, q = Some q0 → good ids hs m q0) → ∀ n s', m' !! n = Some s' →
  (∃ s, m !! n = Some s ∧ same_core s s') ∨
  (m !! n = None ∧ n ∈ d_ids d ∧ created s' <= accessed s' ∧
     (handle s' = Some (d_handle d) ∨ ∃ from s0, m !! from = Some s0 ∧ m' !! from = None ∧ handle s' = handle s0)).
Proof.
  intros Hw [Hs _] Hg. destruct Hw; intros n' s' Hn'; lookups.
  all: try (repeat case_match; simplify_eq; left; by eexists).
  - left. eexists. split; [first [reflexivity|eassumption]|]. unfold same_core, touch. rewrite H1. simpl. unfold touched in H1. repeat split; try done; lia.
  - right. split; [done|]. split; [done|]. destruct H3 as (q0 & s0 & Hq & -> & Hor). split; [|by left]. simpl.
    destruct Hor as [Hh|(n0 & l & _ & _ & Hb & ->)].
    + by destruct (Hg _ Hq _ _ Hh) as [? _].
    + rewrite apply_created, apply_accessed, Hb. simpl. lia.
  - left. destruct H2 as [[-> _]|[[-> _]|[-> _]]]; lookups; repeat case_match; simplify_eq; by eexists.
  - left. eexists. split; [first [reflexivity|eassumption]|].
    destruct H2 as [[ts ->]|[[vs ->]|(q0 & mine & t & Hq & Hh & Hm & _ & -> & Ht)]]; [done..|].
    destruct (Hg _ Hq _ _ Hh) as (_ & Hl & _ & _ & Hb). eapply update_core; [by apply Hb|by destruct (c_login (own q0))|done|done].
  - right. split; [done|]. split; [done|]. destruct H3 as (q0 & mine & t & s0 & h & Hq & Hh & -> & Ht & Hor).
    cbn [handle created accessed set_handle set_accessed]. rewrite apply_created. rewrite apply_accessed in Ht. split.
    + destruct (begins (own q0)) as [l|] eqn:Hb; [lia|].
      destruct Hor as [(_ & _ & -> & _)|(l & ? & _)]; [|congruence]. apply Hs in H as (_ & ? & _). lia.
    + destruct Hor as [(_ & _ & -> & ->)|(l & _ & _ & _ & ->)]; [|by left].
      destruct (keep_handle (c_keeps (own q0)) (handle old)) eqn:E; [right|by left].
      exists from, old. split; [done|]. assert (n' ≠ from) by congruence. rewrite lookup_insert_ne, lookup_delete by done.
      split; [done|]. simpl. destruct (c_keeps (own q0)); done.
Qed.
