(* In Model.v, instead of
    | None => go_on m (open (None, fresh a now)) (Started None) op 0
    end.
---- this
    | None => go_on m (open (None, fresh a now)) (Started None) (Some (OpCreate 7 (fresh a now) (Some 0) None)) 0
    end.
---- and a run refutes the claim: a start that names a number of nobody loses each time. *)
From Q Require Import DriversRuns.

Theorem refuted : ¬ four_acts_are_enough.
Proof.
  intros H. set (i := at_ 1 0 (start 1 None)). destruct (H strict nothing_yet 1 i) as (_ & w' & Ha & Hw).
  - constructor.
  - split; [apply fresh_computed; computed|]. intros n _ Hn. by apply elem_of_nil in Hn.
  - done.
  - by left.
  - below.
  - computed.
  - change (prepares 1 (i_event i) nothing_yet) with nothing_yet in *.
    assert (∃ a, answer_of (step strict (alone nothing_yet 1) i).2 = a) as [a Ea] by by eexists. rewrite Ea in Hw.
    inversion Ha; subst; clear Ha; try (apply (f_equal length) in Hw; done); try (match goal with D : doubt_of nothing_yet 1 = Some _ |- _ => discriminate D end);
      try (simpl in Hw; discriminate Hw).
    + simpl in Hw. injection Hw as -> _.
      match goal with E1 : step _ _ _ = (_, ?e), E2 : e_op ?e = None |- _ => apply (f_equal snd) in E1; simpl in E1; subst e; vm_compute in E2; discriminate end.
    + match goal with C : carries_out _ _ _ ?j _ _ _ |- _ => assert (j = i) as -> end.
      { unfold sees_written in Hw. destruct (written_by op); simpl in Hw; by injection Hw. }
      match goal with C : carries_out _ _ _ _ _ _ _ |- _ => destruct C as (_ & _ & E1 & E2 & Hh & _) end.
      apply (f_equal snd) in E1. simpl in E1. subst eff. vm_compute in E2. injection E2 as <-. vm_compute in Hh. by destruct Hh.
Qed.
