(* In Model.v, instead of
  | Some (OpTouch i t) => alter (λ s, set_accessed s (N.max (accessed s) t)) i m
---- this
  | Some (OpTouch i t) => alter (λ s, set_accessed s t) i m
---- and a run refutes the claim: a visit that is noted once more takes back a later one. *)
From Q Require Import DriversLate DriversRuns.

Definition w1 := answers nothing_yet 1 (at_ 1 0 (start 1 None)).
Definition w2 := answers w1 1 (at_ 2 1 (of 1 (SetValue "k" "v"))).
Definition w3 := writes w2 1 (at_ 3 2 (done_ 1)).                     (* id 1003 *)
Definition w4 := loads 2 1003 w3.
Definition i5 := at_ 5 1000000 (start 2 (Some (CookieId 1003))).
Definition m5 := sent_at w4 2 i5.
Definition w5 := sends w4 2 i5.
Definition w6 := arrives w5 2 m5.
Definition w7 := loads 3 1003 w6.
Definition w8 := writes w7 3 (at_ 8 2000000 (start 3 (Some (CookieId 1003)))).
Lemma s1 : act strict 1 nothing_yet w1. Proof. answering. Qed.
Lemma s2 : act strict 1 w1 w2. Proof. answering. Qed.
Lemma s3 : act strict 1 w2 w3. Proof. writing. creating. Qed.
Lemma s4 : act strict 2 w3 w4. Proof. by apply Loads. Qed.
Lemma s5 : act strict 2 w4 w5. Proof. sending. Qed.
Lemma s6 : act strict 2 w5 w6.
Proof.
  refine (arrives_act w5 2 m5 (elem_of_list_here _ _) (or_introl (conj (is_alone w4 2 i5 ltac:(computed)) _)) _); [apply not_said; computed|].
  assert (s_op m5 = OpTouch 1003 1000000) as E by computed.
  apply carried; [computed|below|apply arrived_step; computed|computed|by rewrite E|without_login|rewrite E; computed|exact I].
Qed.
Lemma s7 : act strict 3 w6 w7. Proof. by apply Loads. Qed.
Lemma s8 : act strict 3 w7 w8.
Proof.
  assert (op_at w7 3 (at_ 8 2000000 (start 3 (Some (CookieId 1003)))) = OpTouch 1003 2000000) as E by computed.
  apply writes_act; [computed|].
  apply carried; [computed|below|apply settled_step; computed|computed|by rewrite E|without_login|rewrite E; computed|exact I].
Qed.
Lemma written w r i : t_air (w_traffic (writes w r i)) = t_air (w_traffic w) ∧
  w_said (writes w r i) = (i, answer_of (effects_at w r i)) :: w_said w.
Proof. unfold writes, sees_written. by destruct (written_by (op_at w r i)). Qed.
Theorem refuted : ¬ what_arrives_again_could_be_anothers.
Proof.
  intros H. destruct (H strict w8) as (_ & _ & Hm); [| |destruct (Hm 2 m5) as [Ht _]].
  - then_ s8. then_ s7. then_ s6. then_ s5. then_ s4. then_ s3. then_ s2. then_ s1. constructor.
  - apply fresh_computed; computed.
  - destruct (written w7 3 (at_ 8 2000000 (start 3 (Some (CookieId 1003))))) as [E _]. unfold w8. rewrite E. exact (elem_of_list_here _ _).
  - destruct (written w7 3 (at_ 8 2000000 (start 3 (Some (CookieId 1003))))) as [_ E]. unfold w8. rewrite E.
    exact (elem_of_list_further _ _ _ (elem_of_list_here _ _)).
  - specialize (Ht 1003 1000000 ltac:(computed)). apply (f_equal (λ m, accessed <$> m !! 1003)) in Ht. vm_compute in Ht. discriminate.
Qed.
