(* In Drivers.v, instead of
    act cfg r w (hear (d_input x) Unknown (set_doubt r None (abandoned cfg w r i))).
---- this
    act cfg r w (hear (d_input x) StoreFailed (set_doubt r None (abandoned cfg w r i))).
---- and a run refutes the claim: that nothing was done is said of what was. *)
From Q Require Import DriversRuns.

Definition w1 := answers nothing_yet 1 (at_ 1 0 (start 1 None)).
Definition w2 := answers w1 1 (at_ 2 1 (of 1 (SetValue "k" "v"))).
Definition w3 := done_unheard w2 1 (at_ 3 2 (done_ 1)).
Definition x3 := doubt_at w2 1 (at_ 3 2 (done_ 1)).
Definition w4 := hear (d_input x3) StoreFailed (set_doubt 1 None (abandoned strict w3 1 (at_ 4 3 (of 1 (FinishRequest Abandoned))))).
Lemma step1 : act strict 1 nothing_yet w1. Proof. answering. Qed.
Lemma step2 : act strict 1 w1 w2. Proof. answering. Qed.
Lemma step3 : act strict 1 w2 w3. Proof. apply IsDone. carrying. split; [computed|exact I]. Qed.
Lemma step4 : act strict 1 w3 w4. Proof. apply GivesUp; [computed|split; [done|below]]. Qed.
Theorem refuted : ¬ what_is_told_is_true.
Proof.
  intros H. apply (H strict w4 (at_ 3 2 (done_ 1)) StoreFailed).
  - then_ step4. then_ step3. then_ step2. then_ step1. constructor.
  - split; [|split]; apply (bool_decide_unpack _); computed.
  - change (heard w4) with ((at_ 3 2 (done_ 1), StoreFailed) :: tail (heard w4)). by apply elem_of_cons; left.
  - assert ((w_said w4).*1 = [at_ 4 3 (of 1 (FinishRequest Abandoned)); at_ 3 2 (done_ 1); at_ 2 1 (of 1 (SetValue "k" "v"));
      at_ 1 0 (start 1 None)]) as -> by computed. apply elem_of_cons. right. by apply elem_of_cons; left.
Qed.
