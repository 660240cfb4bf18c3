(** The beginning of several runs: request 1 stores a session; request 2 renders a form in it, and nobody acknowledges
    its save. *)
From Q Require Export DriversRuns.

Definition w1 := answers nothing_yet 1 (at_ 1 0 (start 1 None)).
Definition w2 := answers w1 1 (at_ 2 1 (of 1 (SetValue "k" "v"))).
Definition w3 := writes w2 1 (at_ 3 2 (done_ 1)).                     (* id 1003 *)
Definition w4 := loads 2 1003 w3.
Definition w5 := answers w4 2 (at_ 5 3 (start 2 (Some (CookieId 1003)))).
Definition w6 := answers w5 2 (at_ 6 4 (of 2 CreateFormToken)).
Definition i7 := at_ 7 5 (done_ 2).
Definition m7 := sent_at w6 2 i7.
Definition w7 := sends w6 2 i7.
Lemma s1 : act strict 1 nothing_yet w1. Proof. answering. Qed.
Lemma s2 : act strict 1 w1 w2. Proof. answering. Qed.
Lemma s3 : act strict 1 w2 w3. Proof. writing. creating. Qed.
Lemma s4 : act strict 2 w3 w4. Proof. by apply Loads. Qed.
Lemma s5 : act strict 2 w4 w5. Proof. answering. Qed.
Lemma s6 : act strict 2 w5 w6. Proof. answering. Qed.
Lemma s7 : act strict 2 w6 w7. Proof. sending. Qed.
Lemma m7_alone : sent_by w7 2 = [m7]. Proof. exact (is_alone w6 2 i7 ltac:(computed)). Qed.
