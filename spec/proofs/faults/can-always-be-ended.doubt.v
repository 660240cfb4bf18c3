(* In Drivers.v, instead of
| GivesUp w x i : doubts w !! r = Some x → abandons cfg w r i →
---- this
| GivesUp w x i : doubts w !! r = Some x → is_missed w x → abandons cfg w r i →
---- and a run refutes the claim: whoever does not learn what became of its write waits for ever. *)
From Q Require Import DriversRuns.
Definition w1 := answers nothing_yet 1 (at_ 1 0 (start 1 None)).
Definition w2 := answers w1 1 (at_ 2 1 (of 1 (SetValue "k" "v"))).
Definition w3 := done_unheard w2 1 (at_ 3 2 (done_ 1)).
Definition x3 := doubt_at w2 1 (at_ 3 2 (done_ 1)).
Definition i4 := at_ 4 3 (of 1 (FinishRequest Abandoned)).
Theorem refuted : ¬ can_always_be_ended.
Proof.
  intros H. destruct (H strict w3 1 i4 Abandoned ltac:(below) eq_refl) as [_ Hs].
  assert (doubts w3 !! 1 = Some x3) as Hx by computed. destruct (Hs x3 Hx eq_refl) as (Ha & _).
  set (w4 := hear _ _ _) in Ha. assert (snd <$> head (heard w4) = Some Unknown) as Hw by computed.
  assert (w_store w3 !! 1003 = None → False) as Hn by (intros E; vm_compute in E; discriminate).
  assert (∃ s g t, d_op x3 = OpCreate 1003 s g t) as (s & g & t & Eo) by (eexists _, _, _; computed).
  revert Hw. inversion Ha; try (intros Hw; subst; simpl in Hw; discriminate).
  intros _. match goal with D : doubts w3 !! 1 = Some ?y |- _ => assert (y = x3) as -> by congruence end.
  match goal with M : is_missed w3 x3 |- _ => unfold is_missed in M; rewrite Eo in M; by apply Hn in M end.
Qed.
