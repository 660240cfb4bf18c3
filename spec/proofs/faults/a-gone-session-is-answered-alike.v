(* In Model.v, instead of
    if but_tokens ch then nothing_saved m else
---- this
    if but_tokens ch then inr (m, None, Some Revoke, 0%nat) else
---- and a run refutes the claim: a finish over a session that has gone revokes its cookie, the save before it did not. *)
From Q Require Import DriversLate DriversRuns DriversFormRuns.

(** Meanwhile it is swept. *)
Definition w8 := writes w7 3 (at_ 8 99999999 (OfManager Sweep)).
Definition w9 := reloaded w8 2 1003.
Definition i10 := at_ 10 6 (done_ 2).
Lemma s8 : act strict 3 w7 w8.
Proof.
  apply writes_act; [computed|]. split; [by right|]. split; [below|]. split; [apply settled_step; computed|]. split; [computed|].
  assert (op_at w7 3 (at_ 8 99999999 (OfManager Sweep)) = OpDiscardOver 99999999) as -> by computed. by split; [|split; [|split]].
Qed.
Lemma s9 : act strict 2 w8 w9. Proof. apply reloads_act. computed. Qed.
Lemma swept_sent w : sent_by (writes w 3 (at_ 8 99999999 (OfManager Sweep))) 2 = sent_by w 2.
Proof. unfold writes, sees_written. by destruct (written_by _). Qed.
Lemma still_alone : sent_by w9 2 = [m7].
Proof. exact (eq_trans (reloaded_sent w8 2 1003 ltac:(computed)) (eq_trans (swept_sent w7) m7_alone)). Qed.
Theorem refuted : ¬ a_gone_session_is_answered_alike.
Proof.
  intros H. assert (∃ s, s_op m7 = OpUpdate 1003 s) as [s Eo] by (eexists; computed).
  destruct (H strict w9 2 (doubt_at w9 2) m7 1003 s i10 (after_step w9 2 i10) (effects_at w9 2 i10)) as (_ & E & _).
  - then_ s9. then_ s8. then_ s7. then_ s6. then_ s5. then_ s4. then_ s3. then_ s2. then_ s1. constructor.
  - apply fresh_computed; computed.
  - apply in_doubt. computed.
  - rewrite sent_known, still_alone by computed. by left.
  - exact Eo.
  - computed.
  - done.
  - by left.
  - assert (d_now (doubt_at w9 2) = believed w9 2) as -> by computed. unfold after_step, effects_at. by destruct (step _ _ _).
  - intros why E. vm_compute in E. discriminate E.
  - vm_compute in E. discriminate E.
Qed.
