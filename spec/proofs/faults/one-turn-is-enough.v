(* In Model.v, instead of
    | None => go_on m (open (None, fresh a now)) (Started None) op 0
    end.
---- this
    | None => go_on m (open (None, fresh a now)) (Started None) (Some (OpCreate 7 (fresh a now) (Some 0) None)) 0
    end.
---- and a run refutes the claim: a start that names a number of nobody loses each time. *)
From Q Require Import DriversRuns.

Theorem refuted : ¬ one_turn_is_enough.
Proof.
  intros H. set (i := at_ 1 0 (start 1 None)). specialize (H strict nothing_yet 1 i).
  assert (e_op (effects_at nothing_yet 1 i) = Some (op_at nothing_yet 1 i)) as Ho by computed.
  assert (¬ holds nothing_yet 1 (op_at nothing_yet 1 i)) as Hn by (intros E; vm_compute in E; by destruct E).
  unfold effects_at in Ho. destruct (step strict (alone nothing_yet 1) i) as [st eff] eqn:E in H.
  destruct H as (w' & Ha & Hw).
  - constructor.
  - split; [split; [|split]; constructor|]. intros n _ Hi. by apply elem_of_nil in Hi.
  - done.
  - by left.
  - below.
  - split; [intros q u t n Eq; vm_compute in Eq; discriminate|intros n Eq; vm_compute in Eq; discriminate].
  - intros u Eq. discriminate.
  - rewrite E in Ho. simpl in Ho. inversion Ha; subst; clear Ha; try (apply (f_equal length) in Hw; done).
    + apply (f_equal (λ l, fst <$> head l)) in Hw. simpl in Hw. injection Hw as ->.
      match goal with E1 : step _ _ _ = (_, ?e), E2 : e_op ?e = None |- _ => rewrite E in E1; injection E1 as _ <-; congruence end.
    + apply (f_equal (λ l, fst <$> head l)) in Hw. simpl in Hw. injection Hw as ->.
      match goal with C : carries_out _ _ _ _ _ _ _ |- _ => destruct C as (_ & _ & _ & E1 & E2 & Hh & _) end.
      rewrite E in E1. injection E1 as <- <-. rewrite Ho in E2. injection E2 as <-. done.
    + by apply (f_equal (λ l, snd <$> head l)) in Hw.
Qed.
