(* In Drivers.v, instead of
    let m := Sent i (believed w r) st eff op (seen w r) in Forall (same_condition m) (sent_by w r) →
---- this
    let m := Sent i (believed w r) st eff op (seen w r) in True →
---- and a run refutes the claim: a driver that sends once more what it has sent, under the condition of what it has loaded
     since, saves twice, and takes back what was saved in between. *)
From Q Require Import DriversRuns.

Definition w1 := answers nothing_yet 1 (at_ 1 0 (start 1 None)).
Definition w2 := answers w1 1 (at_ 2 1 (of 1 (SetValue "k" "v"))).
Definition w3 := writes w2 1 (at_ 3 2 (done_ 1)).                     (* id 1003 *)
Definition w4 := loads 2 1003 w3.
Definition w5 := answers w4 2 (at_ 5 3 (start 2 (Some (CookieId 1003)))).
Definition w6 := answers w5 2 (at_ 6 4 (of 2 (SetValue "a" "x"))).
(** The save of request 2 is on its way, and is carried out. *)
Definition m7 := sent_at w6 2 (at_ 7 5 (done_ 2)).
Definition w7 := sends w6 2 (at_ 7 5 (done_ 2)).
Definition w8 := arrives w7 2 m7.
(** Request 3 saves over it. *)
Definition w9 := loads 3 1003 w8.
Definition w10 := answers w9 3 (at_ 10 6 (start 3 (Some (CookieId 1003)))).
Definition w11 := answers w10 3 (at_ 11 7 (of 3 (SetValue "a" "y"))).
Definition w12 := writes w11 3 (at_ 12 8 (done_ 3)).
(** Request 2 loads, finds neither, and sends its save once more. *)
Definition w13 := reloaded w12 2 1003.
Definition m14 := sent_at w13 2 (at_ 14 9 (done_ 2)).
Definition w14 := sends w13 2 (at_ 14 9 (done_ 2)).
Definition w15 := arrives w14 2 m14.
Lemma s1 : act strict 1 nothing_yet w1. Proof. answering. Qed.
Lemma s2 : act strict 1 w1 w2. Proof. answering. Qed.
Lemma s3 : act strict 1 w2 w3. Proof. writing. creating. Qed.
Lemma s4 : act strict 2 w3 w4. Proof. by apply Loads. Qed.
Lemma s5 : act strict 2 w4 w5. Proof. answering. Qed.
Lemma s6 : act strict 2 w5 w6. Proof. answering. Qed.
Lemma sending w r i : is_of_driver w r (i_event i) → e_op (effects_at w r i) = Some (op_at w r i) → act strict r w (sends w r i).
Proof. intros Ha Ho. apply Sends; [done|unfold after_step, effects_at; by destruct (step _ _ _)|done|exact I]. Qed.
Lemma s7 : act strict 2 w6 w7. Proof. apply sending; [by left|computed]. Qed.
Lemma s8 : act strict 2 w7 w8.
Proof. arriving w7 2 m7; [exact (is_alone w6 2 (at_ 7 5 (done_ 2)) ltac:(computed))|computed]. Qed.
Lemma s9 : act strict 3 w8 w9. Proof. by apply Loads. Qed.
Lemma s10 : act strict 3 w9 w10. Proof. answering. Qed.
Lemma s11 : act strict 3 w10 w11. Proof. answering. Qed.
Lemma s12 : act strict 3 w11 w12. Proof. writing. computed. Qed.
Lemma s13 : act strict 2 w12 w13. Proof. apply reloads_act. computed. Qed.
Lemma s14 : act strict 2 w13 w14. Proof. apply sending; [by left|computed]. Qed.
Lemma s15 : act strict 2 w14 w15.
Proof.
  refine (arrives_act w14 2 m14 (elem_of_list_here _ _) _ _); [eapply by_revision; computed|].
  apply carried; [computed|below|computed|computed|computed|without_login|exact I|exact I].
Qed.
Theorem refuted : ¬ drivers_refine_the_machine.
Proof.
  intros H. destruct (H strict w15) as (h & st & [Hr _] & Hst & _ & Hs).
  - then_ s15. then_ s14. then_ s13. then_ s12. then_ s11. then_ s10. then_ s9. then_ s8. then_ s7. then_ s6. then_ s5. then_ s4.
    then_ s3. then_ s2. then_ s1. constructor.
  - apply fresh_computed; computed.
  - pose proof (said_replayed _ _ _ _ Hr Hs) as E.
    assert ((store (replayed strict (w_said w15).*1).2 !! 1003 ≫= λ s, values s !! "a"%string) =
      (w_store w15 !! 1003 ≫= λ s, values s !! "a"%string)) as Ev by (rewrite E, <- Hst; exact eq_refl).
    vm_compute in Ev. discriminate Ev.
Qed.
