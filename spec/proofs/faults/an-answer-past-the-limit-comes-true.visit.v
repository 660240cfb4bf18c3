(* In Model.v, instead of
        let merged := set_accessed merged (N.max (accessed merged) (accessed mine)) in
---- this
        let merged := set_accessed merged (N.max (accessed merged) now) in
---- and a run refutes the claim: what arrives notes a visit besides. *)
From Q Require Import DriversLate DriversRuns DriversFormRuns.

Definition w8 := arrives w7 2 m7.
Definition i9 := at_ 9 43200010 (done_ 2).
Lemma s8 : act strict 2 w7 w8. Proof. arriving w7 2 m7; [exact m7_alone|computed]. Qed.
Theorem refuted : ¬ an_answer_past_the_limit_comes_true.
Proof.
  intros H. assert (d_sent (doubt_at w7 2) = [m7]) as E by (rewrite sent_known by computed; exact m7_alone).
  destruct (H strict w7 2 (doubt_at w7 2) 1003 (at_ 3 2 (done_ 1)) i9 (after_step w7 2 i9) (effects_at w7 2 i9)) as (_ & _ & _ & Ha).
  - then_ s7. then_ s6. then_ s5. then_ s4. then_ s3. then_ s2. then_ s1. constructor.
  - apply fresh_computed; computed.
  - apply in_doubt. computed.
  - unfold would_update. rewrite E. split; [eexists m7, _; split; [by left|computed]|].
    intros m ->%elem_of_list_singleton. split; computed.
  - computed.
  - by left.
  - assert (d_now (doubt_at w7 2) = believed w7 2) as -> by computed. unfold after_step, effects_at. by destruct (step _ _ _).
  - intros why Ew. vm_compute in Ew. discriminate Ew.
  - assert (accessed <$> w_store w7 !! 1003 = Some 0) as E7 by computed. assert (accessed <$> w_store w8 !! 1003 = Some 5) as E8 by computed.
    destruct (Ha w8 s8) as [_ [Es|(s & ts & Es & _ & Ew)]].
    + rewrite Es, E7 in E8. discriminate E8.
    + rewrite Es in E7. rewrite Ew, lookup_insert in E8. simpl in E7, E8. rewrite E7 in E8. discriminate E8.
Qed.
