(** A request can always be ended. *)
From Q Require Import Drivers Facts DriversWhole DriversLook.

Lemma finish_asks_nothing cfg w r q i o : w_requests w !! r = Some q → i_event i = OfRequest r (FinishRequest o) →
  o = Failed ∨ o = Abandoned → ∃ st eff, step cfg (alone w r) i = (st, eff) ∧ e_op eff = None ∧ e_reply eff = Done ∧
  requests st !! r = None.
Proof.
  intros Hq He Ho. destruct (step cfg (alone w r) i) as [st eff] eqn:E. exists st, eff. split; [done|].
  assert (requests (alone w r) !! r = Some q) as Hal by (by rewrite alone_request).
  unfold step, rule in E. rewrite He, Hal in E.
  destruct Ho; subst o; simpl in E; injection E as <- <-; simpl; by rewrite lookup_partial_alter.
Qed.
Theorem t_can_be_ended : can_always_be_ended.
Proof.
  intros cfg w r i o Hb He. split.
  - intros q Hr Hq Ho. destruct (finish_asks_nothing cfg w r q i o Hq He Ho) as (st & eff & E & E1 & E2 & E3). rewrite E. cbv zeta.
    split; [|split; [simpl; by rewrite lookup_partial_alter|done]]. apply Answers; [done|left; by rewrite He|done..|].
    rewrite He, E2. split; [|by intros]. by destruct Ho; subst o.
  - intros x Hx ->. cbv zeta. assert (abandons cfg w r i) as Hab by done. split; [by apply GivesUp|].
    unfold is_settled, doubts, abandoned. destruct (step cfg (alone w r) i) as [st eff]. simpl. by rewrite !lookup_partial_alter.
Qed.
