(** Ids over a whole run. *)
From Q Require Export Facts.
From Q Require Import Steps.

Lemma run_inv_cons cfg o h st : run cfg (o :: h) st → ∃ st0 i, run cfg h st0 ∧ o = occurs cfg st0 i ∧ st = o_after o.
Proof. inversion 1; subst; eauto. Qed.
Lemma issued cfg st i n : is_Some (store (step cfg st i).1 !! n) → is_Some (store st !! n) ∨ n ∈ d_ids (i_draws i).
Proof.
  intros Hs. destruct (store st !! n) eqn:E; [left; by eexists|right].
  eapply in_take, t_issued; done.
Qed.
Lemma stored_was_drawn cfg h st n : run cfg h st → is_Some (store st !! n) → n ∈ ids_drawn h.
Proof.
  induction 1 as [|h st i Hrun IH]; intros Hs; [simpl in Hs; rewrite lookup_empty in Hs; by destruct Hs|].
  change (n ∈ d_ids (i_draws i) ++ ids_drawn h). apply elem_of_app. apply issued in Hs as [Hs|Hs]; auto.
Qed.
Theorem t_no_id_comes_back : no_id_comes_back.
Proof.
  intros cfg h2 o h1 st n [Hrun [Hf _]] Hb Ha. revert st Hrun Hf. induction h2 as [|o2 h2 IH]; simpl; intros st Hrun Hf.
  - apply run_inv_cons in Hrun as (st0 & i & ? & ? & ?). subst. exact Ha.
  - apply run_inv_cons in Hrun as (st0 & i & Hrun & -> & ->).
    change (NoDup (d_ids (i_draws i) ++ ids_drawn (h2 ++ o :: h1))) in Hf.
    apply NoDup_app in Hf as (_ & Hd & Hf). specialize (IH _ Hrun Hf).
    destruct (o_after (occurs cfg st0 i)) as [m rs g] eqn:Eo. simpl.
    destruct (m !! n) as [s|] eqn:E; [|done]. exfalso.
    assert (is_Some (store (step cfg st0 i).1 !! n)) as Hs.
    { simpl in Eo. rewrite Eo. simpl. by eexists. }
    apply issued in Hs as [[? Hs]|Hs]; [congruence|]. apply (Hd n Hs).
    clear -Hrun Hb. revert st0 Hrun. induction h2 as [|o3 h2 IH]; simpl; intros st0 Hrun.
    + apply run_inv_cons in Hrun as (st1 & i & Hr1 & -> & ->).
      change (n ∈ d_ids (i_draws i) ++ ids_drawn h1). apply elem_of_app. right. by eapply stored_was_drawn.
    + apply run_inv_cons in Hrun as (st1 & i & Hr1 & -> & ->).
      change (n ∈ d_ids (i_draws i) ++ ids_drawn (h2 ++ o :: h1)). apply elem_of_app. right. eauto.
Qed.
