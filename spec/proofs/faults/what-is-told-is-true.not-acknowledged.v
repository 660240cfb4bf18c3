(* In Drivers.v, instead of
| Finds d l m l' : doubt_of w r = Some d → d_sent d = l ++ m :: l' → is_found w m ∨ s_input m ∈ (w_said w).*1 →
---- this
| Finds d l m l' : doubt_of w r = Some d → d_sent d = l ++ m :: l' → True →
---- and a run refutes the claim: what is sent once more is taken for done before that is acknowledged. *)
From Q Require Import DriversRuns.

Definition i1 := at_ 1 0 (OfManager (DeleteSessionsOf "u")).
Definition m1 := sent_at nothing_yet 1 i1.
Definition w1 := sends nothing_yet 1 i1.
Definition w2 := finds w1 1 m1 [].
Lemma step1 : act strict 1 nothing_yet w1. Proof. apply sends_act; [by right|computed|apply nothing_before; computed]. Qed.
Lemma step2 : act strict 1 w1 w2.
Proof.
  refine (Finds strict 1 w1 (doubt_at w1 1) [] m1 [] _ _ I); [apply in_doubt; computed|].
  rewrite sent_known by computed. exact (is_alone nothing_yet 1 i1 ltac:(computed)).
Qed.
Theorem refuted : ¬ what_is_told_is_true.
Proof.
  intros H. destruct (H strict w2 i1) as (_ & Hs & _).
  - then_ step2. then_ step1. constructor.
  - apply fresh_computed; computed.
  - assert ((i1, answer_of (s_effects m1)) ∈ w_said w2) as Hi by (apply Hs; by left). by apply elem_of_nil in Hi.
Qed.
