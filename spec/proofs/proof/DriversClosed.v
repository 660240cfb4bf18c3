(** A request can always be ended. *)
From Q Require Import Drivers Facts.

Theorem t_can_be_ended : can_always_be_ended.
Proof.
  intros cfg w r q i o Hq Hb He Ho. destruct (step cfg (alone w r) i) as [st eff] eqn:E. cbv zeta.
  assert (requests (alone w r) !! r = Some q) as Hal by (unfold alone; simpl; rewrite Hq; apply lookup_singleton).
  unfold step, rule in E. rewrite He, Hal in E.
  assert (e_op eff = None ∧ e_reply eff = Done ∧ requests st !! r = None) as (E1 & E2 & E3).
  { destruct Ho; subst o; simpl in E; injection E as <- <-; simpl; rewrite lookup_partial_alter; done. }
  split; [|split; [simpl; by rewrite lookup_partial_alter|done]].
  apply Answers; [left; by rewrite He|done| |done|].
  - unfold step, rule. by rewrite He, Hal.
  - rewrite He, E2. split; [|by intros]. by destruct Ho; subst o.
Qed.
