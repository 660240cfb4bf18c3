(* In Drivers.v, instead of
    act cfg r w (hear_all ((s_input m, Says (answer_of (s_effects m))) :: ((λ m, (s_input m, NotDone)) <$> l ++ l'))
---- this
    act cfg r w (hear_all ((s_input m, Unknown) :: ((λ m, (s_input m, NotDone)) <$> l ++ l'))
---- and a run refutes the claim: a driver that does not answer what it finds. *)
From Q Require Import DriversRuns.

Definition w1 := answers nothing_yet 1 (at_ 1 0 (start 1 None)).
Definition w2 := answers w1 1 (at_ 2 1 (of 1 (SetValue "k" "v"))).
Definition i3 := at_ 3 2 (done_ 1).
Definition m3 := sent_at w2 1 i3.
Definition w3 := sends w2 1 i3.
Definition w4 := arrives w3 1 m3.
Definition heard (w : world) := t_heard (w_traffic w).
Lemma m3_alone : sent_by w3 1 = [m3].
Proof. exact (is_alone w2 1 i3 ltac:(computed)). Qed.
Lemma step1 : act strict 1 nothing_yet w1. Proof. answering. Qed.
Lemma step2 : act strict 1 w1 w2. Proof. answering. Qed.
Lemma step3 : act strict 1 w2 w3. Proof. sending. Qed.
Lemma step4 : act strict 1 w3 w4. Proof. arriving w3 1 m3; [exact m3_alone|creating]. Qed.
Lemma in_w4 : doubt_of w4 1 = Some (doubt_at w4 1). Proof. apply in_doubt. computed. Qed.
Lemma sent_w4 : d_sent (doubt_at w4 1) = [m3].
Proof. rewrite sent_known by computed. exact (eq_trans (arrives_sent w3 1 m3 1) m3_alone). Qed.
Lemma who_answers cfg r w w' i a d0 : doubt_of w r = Some d0 → act cfg r w w' → (i, Says a) ∈ heard w' →
  (i, Says a) ∈ heard w ∨ Forall (λ m, (s_input m, Unknown) ∈ heard w) (d_sent d0).
Proof.
  intros H0 Ha. destruct Ha as [n Hd|u Hd|i1 st1 eff Hd Hof Hb E Hop Hfin|i1 st1 eff op Hd Hc|i1 op Hd Hof Hop Hn|
    i1 j Hd Hof Hb Hj|i1 st1 eff op Hof E Hop m Hc|m Ha Hmay Hc|d n Hd|d u Hd|d l m l' Hd El Hm|d Hd Hm|d Hd|d j Hd Hun Hb Hj];
    try congruence; try (by left).
  - intros [[=]|Hi]%elem_of_cons. unfold heard in Hi. left. simpl in Hi.
    apply elem_of_app in Hi as [(x & [=] & _)%elem_of_list_fmap|Hi]. unfold sees_written in Hi. by destruct (written_by (s_op m)).
  - intros [(x & [=] & _)%elem_of_list_fmap|?]%elem_of_app. by left.
  - intros [(x & [=] & _)%elem_of_list_fmap|?]%elem_of_app. by left.
  - intros _. right. by assert (d0 = d) as -> by congruence.
Qed.
Lemma not_heard v : (i3, v) ∉ heard w4.
Proof.
  intros Hi. apply (elem_of_list_fmap_1 (λ p, name p.1)) in Hi. revert Hi. apply (bool_decide_unpack _). computed.
Qed.
Theorem refuted : ¬ five_acts_end_a_doubt.
Proof.
  intros H. destruct (H strict w4 1 (doubt_at w4 1)) as [Hs _].
  - then_ step4. then_ step3. then_ step2. then_ step1. constructor.
  - exact in_w4.
  - destruct (Hs m3) as (w' & Ha & _ & Hw); [rewrite sent_w4; by left|exists 1003; split; computed|].
    destruct (who_answers _ _ _ _ _ _ _ in_w4 Ha Hw) as [Hi|Hi]; [by apply not_heard in Hi|].
    rewrite sent_w4 in Hi. apply Forall_cons in Hi as [Hi _]. by apply not_heard in Hi.
Qed.
