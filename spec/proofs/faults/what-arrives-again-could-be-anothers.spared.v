(* In Model.v, instead of
            | Some i => if is_none (find m i) then inl SessionGone else inr (u, spared)
---- this
            | Some i => if is_none (find m i) then inl SessionGone else inr (u, None)
---- and a run refutes the claim: only a request that has just logged in spares its own session when it ends the others, so
     nobody else could have asked for what arrives again. *)
From Q Require Import DriversLate DriversRuns.

Definition w1 := answers nothing_yet 1 (at_ 1 0 (start 1 None)).
Definition w2 := tells 1 "u" w1.
Definition w3 := answers w2 1 (at_ 3 1 (of 1 (SetUser (Some "u")))).
Definition w4 := writes w3 1 (at_ 4 2 (done_ 1)).                     (* id 1004 *)
Ltac logging := apply (logs_in _ _ _ "u"); [computed|done|below|computed|computed|computed].
Ltac stands := apply (told_login _ _ "u"); computed.
Lemma new_login w i op n s g t : op = OpCreate n s g t → w_store w !! n = None → numbered w (user s) g → holds w i op.
Proof. by intros ->. Qed.
Lemma s1 : act strict 1 nothing_yet w1. Proof. answering. Qed.
Lemma s2 : act strict 1 w1 w2. Proof. by apply Tells. Qed.
Lemma s3 : act strict 1 w2 w3. Proof. logging. Qed.
Lemma s4 : act strict 1 w3 w4.
Proof.
  apply writes_act; [computed|]. apply carried; [computed|below|apply settled_step; computed|computed| |stands|exact I|exact I].
  eapply new_login; computed.
Qed.
Theorem refuted : ¬ what_arrives_again_could_be_anothers.
Proof.
  intros H. destruct (w_store w4 !! 1004) as [s|] eqn:Es; [|vm_compute in Es; discriminate Es].
  destruct (H strict w4) as (_ & Hs & _).
  - then_ s4. then_ s3. then_ s2. then_ s1. constructor.
  - apply fresh_computed; computed.
  - assert (over strict 6 s = false ∧ too_old strict 7 s = false ∧ user s = Some "u"%string) as (O1 & O2 & O3)
      by (vm_compute in Es; injection Es as <-; repeat split; computed).
    destruct (Hs "u"%string 1004 s 3 (at_ 11 6 (StartRequest 3 (Some (CookieId 1004)) "" "" true)) (at_ 12 7 (of 3 ExpireOtherSessions))) as [E _];
      [done|done|split; [computed|split; [computed|split; [below|computed]]]|computed|done|done|done|done|].
    vm_compute in E. discriminate E.
Qed.
