(** What runs of doubts that end, and of writes that arrive late, are made of besides. *)
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
