(* In Model.v, instead of
    if but_tokens ch then nothing_saved m else
---- this
    if but_tokens ch then inr (m, None, if is_none (m !! i) then None else Some Revoke, 0%nat) else
---- and a run refutes the claim: a finish over a session that has reached its limit revokes its cookie, while the save that
     arrives sent none. *)
From Q Require Import DriversLate DriversRuns DriversFormRuns.

Definition w8 := arrives w7 2 m7.
Definition i9 := at_ 9 43200010 (done_ 2).
Lemma s8 : act strict 2 w7 w8. Proof. arriving w7 2 m7; [exact m7_alone|computed]. Qed.
Definition revokes (p : input * answer) : bool := match p.2.2 with Some (Revoke, _) => true | _ => false end.
Theorem refuted : ¬ an_answer_past_the_limit_comes_true.
Proof.
  intros H. assert (d_sent (doubt_at w8 2) = [m7]) as E
    by (rewrite sent_known by computed; exact (eq_trans (arrives_sent w7 2 m7 2) m7_alone)).
  destruct (H strict w8 2 (doubt_at w8 2) 1003 (at_ 3 2 (done_ 1)) i9 (after_step w8 2 i9) (effects_at w8 2 i9)) as (_ & Hs & _).
  - then_ s8. then_ s7. then_ s6. then_ s5. then_ s4. then_ s3. then_ s2. then_ s1. constructor.
  - apply fresh_computed; computed.
  - apply in_doubt. computed.
  - unfold would_update. rewrite E. split; [eexists m7, _; split; [by left|computed]|].
    intros m ->%elem_of_list_singleton. split; computed.
  - computed.
  - by left.
  - assert (d_now (doubt_at w8 2) = believed w8 2) as -> by computed. unfold after_step, effects_at. by destruct (step _ _ _).
  - intros why Ew. vm_compute in Ew. discriminate Ew.
  - destruct (Hs m7) as [Hin _]; [rewrite E; by left|apply (elem_of_list_lookup_2 _ 0); computed|].
    assert (forallb (λ p, negb (revokes p)) (w_said w8) = true) as Hno by computed.
    apply elem_of_list_In, (proj1 (forallb_forall _ _) Hno) in Hin. vm_compute in Hin. discriminate Hin.
Qed.
