(* In Drivers.v, instead of
| Despairs d : doubt_of w r = Some d → act cfg r w (hear_all ((λ m, (s_input m, Unknown)) <$> d_sent d) w)
---- this
| Despairs d : doubt_of w r = Some d → act cfg r w (hear_all ((λ m, (s_input m, NotDone)) <$> d_sent d) w)
---- and a run refutes the claim: that nothing was done is said of what was. *)
From Q Require Import DriversRuns.

Definition w1 := answers nothing_yet 1 (at_ 1 0 (start 1 None)).
Definition w2 := answers w1 1 (at_ 2 1 (of 1 (SetValue "k" "v"))).
Definition i3 := at_ 3 2 (done_ 1).
Definition w3 := sends w2 1 i3.
Definition m3 := sent_at w2 1 i3.
Definition w4 := hear_all ((λ m, (s_input m, NotDone)) <$> d_sent (doubt_at w3 1)) w3.
Definition w5 := arrives w4 1 m3.
Lemma m3_alone : sent_by w3 1 = [m3].
Proof. exact (is_alone w2 1 i3 ltac:(computed)). Qed.
Lemma step1 : act strict 1 nothing_yet w1. Proof. answering. Qed.
Lemma step2 : act strict 1 w1 w2. Proof. answering. Qed.
Lemma step3 : act strict 1 w2 w3. Proof. sending. Qed.
Lemma step4 : act strict 1 w3 w4. Proof. apply Despairs, in_doubt. computed. Qed.
Lemma step5 : act strict 1 w4 w5. Proof. arriving w4 1 m3; [exact m3_alone|creating]. Qed.
Theorem refuted : ¬ what_is_told_is_true.
Proof.
  intros H. destruct (H strict w5 i3) as (_ & _ & Hn & _).
  - then_ step5. then_ step4. then_ step3. then_ step2. then_ step1. constructor.
  - apply fresh_computed; computed.
  - apply Hn; [|by left]. change (t_heard (w_traffic w5)) with (((λ m, (s_input m, NotDone)) <$> d_sent (doubt_at w3 1)) ++ t_heard (w_traffic w3)).
    rewrite sent_known by computed. rewrite m3_alone. by left.
Qed.
