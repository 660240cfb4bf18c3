(* In Drivers.v, instead of
| Loads n : doubt_of w r = None → act cfg r w (loads r n w)
---- this
| Loads n o : doubt_of w r = None → o = w_store w !! n ∨ o = None → act cfg r w (sees r n (put w r (with_stored (alone w r) n o)))
---- and a run refutes the claim: to a driver that takes a load that fails for an empty store, a form token seems to be saved. *)
From Q Require Import DriversRuns.

Definition a1 := answers nothing_yet 1 (at_ 1 0 (start 1 None)).
Definition a2 := answers a1 1 (at_ 2 0 (of 1 (SetValue "k" "v"))).
Definition a3 := writes a2 1 (at_ 3 0 (done_ 1)).                     (* id 1003 *)
Definition a4 := loads 2 1003 a3.
Definition a5 := answers a4 2 (at_ 5 0 (start 2 (Some (CookieId 1003)))).
Definition a6 := answers a5 2 (at_ 6 0 (of 2 CreateFormToken)).
Definition a7 := sees 2 1003 (put a6 2 (with_stored (alone a6 2) 1003 None)).
Definition a8 := answers a7 2 (at_ 8 0 (done_ 2)).
Lemma step1 : act strict 1 nothing_yet a1. Proof. answering. Qed.
Lemma step2 : act strict 1 a1 a2. Proof. answering. Qed.
Lemma step3 : act strict 1 a2 a3. Proof. writing. creating. Qed.
Lemma step4 : act strict 2 a3 a4. Proof. refine (Loads strict 2 a3 1003 _ _ (or_introl eq_refl)). computed. Qed.
Lemma step5 : act strict 2 a4 a5. Proof. answering. Qed.
Lemma step6 : act strict 2 a5 a6. Proof. answering. Qed.
Lemma step7 : act strict 2 a6 a7. Proof. refine (Loads strict 2 a6 1003 None _ (or_intror eq_refl)). computed. Qed.
Lemma step8 : act strict 2 a7 a8. Proof. answering. Qed.
Theorem refuted : ¬ drivers_refine_the_machine.
Proof.
  intros H. destruct (H strict a8) as (h & st & [Hr _] & Hst & _ & Hs).
  - then_ step8. then_ step7. then_ step6. then_ step5. then_ step4. then_ step3. then_ step2. then_ step1. constructor.
  - apply fresh_computed; computed.
  - pose proof (said_replayed _ _ _ _ Hr Hs) as E. apply (f_equal (λ p, tokens <$> store p.2 !! 1003)) in E. simpl in E.
    rewrite Hst in E. vm_compute in E. discriminate.
Qed.
