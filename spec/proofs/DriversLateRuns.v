(** More parts for computed runs: doubts that end, and writes that arrive late. *)
From Q Require Export DriversRuns.

Lemma misses_act w r : is_none (doubt_of w r) = false → Forall (λ m, is_missed w m ∧ looks_in_time w m ∨ is_lost w m) (sent_by w r) →
  act strict r w (misses w r).
Proof. intros H F. apply Misses; [by apply in_doubt|by rewrite sent_known]. Qed.
Lemma finds_act w r l m l' : is_none (doubt_of w r) = false → sent_by w r = l ++ m :: l' →
  is_found w m ∨ s_input m ∈ (w_said w).*1 → act strict r w (finds w r m (l ++ l')).
Proof. intros H E. apply Finds; [by apply in_doubt|by rewrite sent_known]. Qed.
Lemma despairs_act w r : is_none (doubt_of w r) = false → act strict r w (despairs w r).
Proof. intros H%in_doubt. by apply Despairs. Qed.
Lemma forgets_act w r j : is_none (doubt_of w r) = false → Forall (λ m, (s_input m, Unknown) ∈ t_heard (w_traffic w)) (sent_by w r) →
  below_limits strict w r → i_event j = OfRequest r (FinishRequest Abandoned) → act strict r w (forgets w r j).
Proof. intros H F. apply (Forgets strict r w (doubt_at w r)); [by apply in_doubt|by rewrite sent_known]. Qed.
(** Nobody else has done anything. *)
Definition only (l : list N) (w : world) : Prop := ∀ r, r ∉ l → w_loaded w r = ∅ ∧ doubt_of w r = None.
Lemma only_act l r w w' : act strict r w w' → r ∈ l → only l w → only l w'.
Proof.
  intros Ha Hr O r0 Hn. assert (r ≠ r0) as Hne by (intros ->; done). destruct (O r0 Hn) as [O1 O2].
  assert (∀ j W, w_loaded (gives_up strict j r W) r0 = w_loaded W r0 ∧ doubt_of (gives_up strict j r W) r0 = doubt_of W r0) as Hup.
  { intros j W. unfold gives_up, doubt_of. simpl. rewrite fn_lookup_insert_ne by done. destruct (w_requests W !! r); [|done].
    destruct (step _ _ _). simpl. by rewrite fn_lookup_insert_ne. }
  unfold doubt_of in *. destruct Ha as [| |i st eff|i st eff op|i op|i j|i st eff op|m| | |d k m k'|d|d|d j]; simpl;
    try (rewrite ?fn_lookup_insert_ne by done; done).
  - unfold sees_written. destruct (written_by op); simpl; by rewrite fn_lookup_insert_ne.
  - destruct (Hup j (tries i w)) as [K1 K2]. split; [exact (eq_trans K1 O1)|exact (eq_trans K2 O2)].
  - unfold sees_written. destruct (written_by (s_op m)); simpl; by rewrite !fn_lookup_insert_ne.
  - destruct (Hup j w) as [K1 K2]. split; [exact (eq_trans K1 O1)|]. rewrite fn_lookup_insert_ne by done. exact (eq_trans K2 O2).
Qed.
