(** What a step writes: its operation, and the store that it leaves. *)
From Q Require Export Facts.

Inductive writes cfg now (d : draws) (m : gmap N session) (q : option request) : option store_op → gmap N session → Prop :=
| w_none : writes cfg now d m q None m
| w_touch n s : m !! n = Some s → over cfg now s = false → touched cfg now s = true →
    writes cfg now d m q (Some (OpTouch n now)) (<[n := touch cfg now s]> m)
| w_create i s g left t : m !! i = None → i ∈ d_ids d → has_info s = true →
    ((left = m ∧ t = None) ∨ (left = delete_where (over cfg now) m ∧ t = Some now) ∨
     (left = delete_where (over cfg now) m ∧ t = None ∧ size left = size m)) →
    (∃ q0 s0, q = Some q0 ∧ s = set_handle s0 (Some (d_handle d)) ∧ (held q0 = Some (None, s0) ∨
       ∃ n l, held_id q0 = Some n ∧ m !! n = None ∧ begins (own q0) = Some l ∧
         s0 = apply (cap cfg) (own q0) (r_addr q0) (fresh (r_addr q0) (l_at l)))) →
    writes cfg now d m q (Some (OpCreate i s g t)) (<[i := s]> left)
| w_update n old s : m !! n = Some old → too_old cfg now old = false → has_info s = true →
    ((∃ ts, s = set_tokens old ts) ∨ (∃ vs, s = set_values old vs) ∨
     ∃ q0 mine t, q = Some q0 ∧ held q0 = Some (Some n, mine) ∧ moves (own q0) = false ∧ unchanged (own q0) = false ∧
       s = set_accessed (apply (cap cfg) (own q0) (r_addr q0) old) t ∧
       accessed (apply (cap cfg) (own q0) (r_addr q0) old) <= t) →
    writes cfg now d m q (Some (OpUpdate n s)) (<[n := s]> m)
| w_rotate from to old s g : m !! from = Some old → m !! to = None → to ∈ d_ids d → has_info s = true →
    (∃ q0 mine t s0 h, q = Some q0 ∧ held q0 = Some (Some from, mine) ∧
      s = set_handle (set_accessed (apply (cap cfg) (own q0) (r_addr q0) s0) t) (Some (default (d_handle d) h)) ∧
      accessed (apply (cap cfg) (own q0) (r_addr q0) s0) <= t ∧
      (too_old cfg now old = false ∧ moves (own q0) = true ∧ s0 = old ∧ h = keep_handle (c_keeps (own q0)) (handle old) ∨
       ∃ l, begins (own q0) = Some l ∧ too_old cfg now old = true ∧ s0 = fresh (r_addr q0) (l_at l) ∧ h = None)) →
    writes cfg now d m q (Some (OpRotate from to s g)) (<[to := s]> (delete from m))
| w_delete n : writes cfg now d m q (Some (OpDelete n)) (delete n m)
| w_discard n : writes cfg now d m q (Some (OpDiscard n)) (delete n m)
| w_own n s h : (∃ q0, q = Some q0 ∧ held q0 = Some (Some n, s) ∧ handle s = Some h) → is_Some (m !! n) →
    writes cfg now d m q (Some (OpDeleteHandle h None)) (delete n m)
| w_handle h : writes cfg now d m q (Some (OpDeleteHandle h None)) (delete_where (has_handle h) m)
| w_handle_of h u :
    writes cfg now d m q (Some (OpDeleteHandle h (Some u))) (delete_where (λ s, has_handle h s && is_of u s) m)
| w_user u x : writes cfg now d m q (Some (OpDeleteUser u x)) (end_user u x m)
| w_over : writes cfg now d m q (Some (OpDiscardOver now)) (delete_where (over cfg now) m).
Definition acting (st : state) (e : event) : option request := actor e ≫= λ r, requests st !! r.
Lemma keep_none k : keep_handle k None = None. Proof. by destruct k. Qed.
Lemma rule_writes cfg now d st e res : rule cfg now d st e = inr res →
  writes cfg now d (store st) (acting st e) (e_op (r_effects res)) (r_store res).
Proof.
  intros H. rules H; unfold acting; simpl; rewrite ?keep_none;
    repeat match goal with E : requests st !! _ = _ |- _ => rewrite E; clear E end; try (by constructor).
  all: prep.
  all: try (eapply w_touch; eauto; fail).
  all: try match goal with |- writes _ _ _ _ _ (Some (OpUpdate _ (set_tokens _ _))) _ =>
    eapply w_update; [eassumption|eassumption|done|left; by eexists] end.
  all: try match goal with |- writes _ _ _ _ _ (Some (OpUpdate _ (set_values _ _))) _ =>
    eapply w_update; [eassumption|eassumption|done|right; left; by eexists] end.
  all: try match goal with |- writes _ _ _ _ _ (Some (OpUpdate _ _)) _ => eapply w_update; [eassumption|eassumption|done|];
     right; right; eexists _, _, _; repeat split; try eassumption; try done; rewrite ?apply_accessed; repeat case_match; simplify_eq; lia end.
  all: try match goal with |- writes _ _ _ _ _ (Some (OpDeleteHandle _ _)) _ =>
    eapply w_own; [by eauto|by unfold stored in *; prep; eexists] end.
  all: try match goal with |- writes _ _ _ _ _ (Some (OpRotate _ _ _ _)) _ =>
    eapply w_rotate; [eassumption|eassumption|by eapply in_take|done|] end.
  all: try match goal with |- writes _ _ _ _ _ (Some (OpCreate _ _ _ _)) _ =>
    eapply w_create; [eassumption|by eapply in_take|done|by auto|] end.
  all: try match goal with |- ∃ q0 s0, Some ?q = Some q0 ∧ set_handle ?s _ = _ ∧ _ =>
    exists q, s; split; [reflexivity|]; split; [reflexivity|] end.
  all: try (left; assumption).
  all: try match goal with E : held ?q = Some (Some ?n, _), B : begins _ = Some ?l |- _ ∨ ∃ n l, _ =>
    right; exists n, l; unfold held_id; rewrite E; repeat split; assumption end.
  all: try match goal with E : held ?q = Some (_, ?m) |-
      ∃ q0 mine t s0 h, Some ?q = Some q0 ∧ _ ∧ set_handle (set_accessed (apply _ _ _ ?s) ?t) (Some (default _ ?h)) = _ ∧ _ =>
    exists q, m, t, s, h; split; [reflexivity|]; split; [exact E|]; split; [reflexivity|]; split end.
  all: try (rewrite apply_accessed; repeat case_match; simplify_eq; simpl; lia).
  all: try (left; by repeat split).
  all: try (right; eexists; repeat split; eassumption).
  all: try match goal with H : delete ?n _ !! ?n = Some _ |- _ => by rewrite lookup_delete in H end.
  all: try (match goal with |- writes _ _ _ _ _ None (delete ?n ?m) => rewrite delete_notin; [constructor|] end;
    match goal with H : stored _ _ = false |- _ => unfold stored in H; prep; done end).
  all: match goal with H : _ ∨ _ |- _ => destruct H as [?|(? & ? & ?)]; simplify_eq end.
  all: right; eexists; split; [eassumption|]; split; [first [eassumption|by apply too_old_spec]|done].
Qed.
