(* In Drivers.v, instead of
| Despairs d : doubt_of w r = Some d → act cfg r w
---- this
| Despairs d : doubt_of w r = Some d → d_sent d = [] → act cfg r w
---- and a run refutes the claim: whoever does not learn what became of its write waits for ever. *)
From Q Require Import DriversRuns.

Definition w1 := answers nothing_yet 1 (at_ 1 0 (start 1 None)).
Definition w2 := answers w1 1 (at_ 2 1 (of 1 (SetValue "k" "v"))).
Definition i3 := at_ 3 2 (done_ 1).
Definition m3 := sent_at w2 1 i3.
Definition w3 := sends w2 1 i3.
Definition heard (w : world) := t_heard (w_traffic w).
Lemma in_w3 : doubt_of w3 1 = Some (doubt_at w3 1). Proof. apply in_doubt. computed. Qed.
Lemma sent_w3 : d_sent (doubt_at w3 1) = [m3].
Proof. rewrite sent_known by computed. exact (is_alone w2 1 i3 ltac:(computed)). Qed.
Lemma gives_up_hears cfg j r w i : (i, Unknown) ∈ heard (gives_up cfg j r w) → (i, Unknown) ∈ heard w.
Proof.
  unfold gives_up, heard. simpl. destruct (w_requests w !! r); [|done]. destruct (step cfg (alone w r) j). simpl.
  by intros [[=]|?]%elem_of_cons.
Qed.
Lemma nobody_despairs cfg r w w' i : act cfg r w w' → (i, Unknown) ∈ heard w' → (i, Unknown) ∈ heard w.
Proof.
  intros [n Hd|u Hd|i1 st1 eff Hd Hof Hb E Hop Hfin|i1 st1 eff op Hd Hc|i1 op Hd Hof Hop Hn|
    i1 j Hd Hof Hb Hj|i1 st1 eff op Hof E Hop m Hc|m Ha Hmay Hc|d n Hd|d u Hd|d l m l' Hd El Hm|d Hd Hm|d Hd Hno|d j Hd Hun Hb Hj];
    try done.
  - by intros [[=]|?]%elem_of_cons.
  - intros [[=]|?]%elem_of_cons. unfold sees_written in *. by destruct (written_by op).
  - by intros [[=]|?]%elem_of_cons.
  - intros [[=]|Hi]%elem_of_cons. apply (gives_up_hears cfg j r (tries i1 w) i Hi).
  - intros [[=]|Hi]%elem_of_cons.
    unfold heard in *. simpl in Hi. apply elem_of_app in Hi as [(x & [=] & _)%elem_of_list_fmap|Hi]. unfold sees_written in Hi. by destruct (written_by (s_op m)).
  - by intros [(x & [=] & _)%elem_of_list_fmap|?]%elem_of_app.
  - unfold heard. simpl. by rewrite Hno.
  - apply (gives_up_hears cfg j r w i).
Qed.
Lemma never cfg r n w w' i : alone_acts cfg r n w w' → (i, Unknown) ∈ heard w' → (i, Unknown) ∈ heard w.
Proof. induction 1 as [|n w w1 w2 Ha _ IH]; [done|]. intros Hi. eapply nobody_despairs; [done|by apply IH]. Qed.
Theorem refuted : ¬ can_always_be_ended.
Proof.
  intros H. destruct (H strict w3 1 (at_ 4 3 (of 1 (FinishRequest Abandoned))) Abandoned ltac:(below) eq_refl (or_intror eq_refl)) as [_ Hs].
  destruct (Hs eq_refl _ in_w3) as (w' & Ha & _ & _ & _ & Hu). specialize (Hu m3). rewrite sent_w3 in Hu.
  apply (never _ _ _ _ _ _ Ha) in Hu; [|by left]. apply (elem_of_list_fmap_1 (λ p, name p.1)) in Hu.
  revert Hu. apply (bool_decide_unpack _). computed.
Qed.
