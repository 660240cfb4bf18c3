(** A request can always be ended. *)
From Q Require Import Drivers Facts DriversWhole DriversActs.

Lemma gives_up_closed cfg j r w : w_requests (gives_up cfg j r w) !! r = None.
Proof. unfold gives_up. simpl. by rewrite lookup_partial_alter. Qed.
Lemma gives_up_store cfg j r w : w_store (gives_up cfg j r w) = w_store w.
Proof. unfold gives_up. destruct (w_requests w !! r); [|done]. by destruct (step _ _ _). Qed.
Theorem t_can_be_ended : can_always_be_ended.
Proof.
  intros cfg w r i o Hb He Ho. split.
  - intros Hd q Hq. destruct (step cfg (alone w r) i) as [st eff] eqn:E.
    destruct (ends_with_nothing _ _ _ _ _ _ _ _ Hq He Ho E) as (E1 & E2 & E3 & E4).
    split; [apply Answers; try done; left; by rewrite He|]. split; [simpl; by rewrite lookup_partial_alter|done].
  - intros -> d Hd. set (w1 := hear_all ((λ m, (s_input m, Unknown)) <$> d_sent d) w).
    exists (silences r (doubts r None (gives_up cfg i r w1))). assert (∀ m, m ∈ d_sent d → (s_input m, Unknown) ∈ t_heard (w_traffic w1)) as Hh.
    { intros m Hm. simpl. apply elem_of_app. left. by apply (elem_of_list_fmap_1 (λ m, (s_input m, Unknown))). }
    split; [|split; [|split; [|split]]].
    + eapply alone_goes_on; [by apply Despairs|]. eapply alone_goes_on; [|constructor].
      apply (Forgets cfg r w1 d i); [exact Hd|by apply Forall_forall|exact Hb|done].
    + exact (gives_up_closed cfg i r w1).
    + unfold doubt_of. simpl. apply fn_lookup_insert.
    + exact (gives_up_store cfg i r w1).
    + intros m Hm. unfold gives_up. simpl. destruct (w_requests w !! r); [|by apply Hh].
      destruct (step cfg (alone w1 r) i). right. by apply Hh.
Qed.
