(* In Model.v, instead of
    go_on m q (Answer (match t with Some t => among t (tokens s) | None => false end)) None 0.
---- this
    go_on m q (Answer (match t with Some t => among t (tokens s) | None => stored m 1 end)) None 0.
---- and a run refutes the claim: an answer that rests on no load sees what its driver has not loaded. *)
From Q Require Import Drivers Witness.

(** A history is what its inputs make. *)
Fixpoint replayed cfg (l : list input) : list occurrence * state := match l with
  | [] => ([], init)
  | i :: l => let '(h, st) := replayed cfg l in (occurs cfg st i :: h, (step cfg st i).1) end.
Lemma run_replayed cfg h st : run cfg h st → replayed cfg (o_in <$> h) = (h, st).
Proof. induction 1 as [|h st i _ IH]; [done|]. csimpl. by rewrite IH. Qed.
Definition answered cfg (w : world) r i : world :=
  say i (step cfg (alone w r) i).2 (put w r (step cfg (alone w r) i).1).
Definition i1 := Input 0 (Draws [] [] 1) (start 1 None).
Definition i2 := Input 0 (Draws [] [] 2) (of 1 (SetValue "k" "v")).
Definition i3 := Input 0 (Draws [1] [] 3) (done_ 1).
Definition i4 := Input 0 (Draws [] [] 4) (start 2 None).
Definition i5 := Input 0 (Draws [] [] 5) (of 2 (HasFormToken None)).
Definition a1 := answered strict nothing_yet 1 i1.
Definition a2 := answered strict a1 1 i2.
Definition op3 := default (OpDiscard 0) (e_op (step strict (alone a2 1) i3).2).
Definition a3 := say i3 (step strict (alone a2 1) i3).2 (put (write strict op3 a2) 1 (step strict (alone a2 1) i3).1).
Definition a4 := answered strict a3 2 i4.
Definition a5 := answered strict a4 2 i5.
Lemma no_login w r : (c_login ∘ own) <$> (w_requests w !! r) ∈ [None; Some None] → login_stands w r.
Proof.
  intros H q u t n E1 E2. rewrite E1 in H. simpl in H. rewrite E2 in H.
  apply elem_of_list_In in H as [H|[H|[]]]; discriminate.
Qed.
Lemma answers w r i : actor (i_event i) = Some r → below_limits strict w r → e_op (step strict (alone w r) i).2 = None →
  login_stands w r → looks_at w (i_event i) = None → (∀ u, i_event i ≠ OfRequest r (SetUser (Some u))) →
  act strict w (answered strict w r i).
Proof.
  intros Ha Hb Ho Hl Hk Hu. apply Answers; [by left|done|by destruct (step _ _ _)|done|].
  split; [|intros u E; by destruct (Hu u)]. intros _. split; [done|]. intros n E. rewrite Hk in E. discriminate.
Qed.
Ltac computed := vm_compute; reflexivity.
Ltac answering := apply answers; [computed|split; [|split]; computed|computed|
  apply no_login, (bool_decide_unpack _); computed|computed|intros ?; discriminate].
Lemma step1 : act strict nothing_yet a1. Proof. answering. Qed.
Lemma step2 : act strict a1 a2. Proof. answering. Qed.
Lemma step3 : act strict a2 a3.
Proof.
  apply Writes; [by left|split; [|split]; computed|by destruct (step _ _ _)|computed|split; [computed|exact I]|exact I|exact I|exact I].
Qed.
Lemma step4 : act strict a3 a4. Proof. answering. Qed.
Lemma step5 : act strict a4 a5. Proof. answering. Qed.
Theorem refuted : ¬ drivers_refine_the_machine.
Proof.
  intros H. destruct (H strict a5) as (h & st & [Hr _] & _ & _ & Hs).
  - eapply reaches_next, step5. eapply reaches_next, step4. eapply reaches_next, step3. eapply reaches_next, step2.
    eapply reaches_next, step1. constructor.
  - split; [|split]; apply (bool_decide_unpack _); computed.
  - apply run_replayed in Hr. assert (o_in <$> h = (w_said a5).*1) as E by (rewrite <- Hs, <- list_fmap_compose; done).
    rewrite E in Hr. apply (f_equal fst) in Hr. simpl in Hr. rewrite <- Hr in Hs. vm_compute in Hs. discriminate.
Qed.
