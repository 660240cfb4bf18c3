(** What an operation of a request is carried out on, and the number that it names. *)
From Q Require Import DriversRefine DriversTurn DriversEnds Turns Whole Runs.

(** The number that a save names. *)
Lemma save_names cfg now d v q x op c k : save cfg now d v q = inr (x, Some op, c, k) → match op with
  | OpCreate _ s g _ | OpRotate _ _ s g => generation_of (own q) = inr g | _ => True end.
Proof.
  intros H. unfold save in H. destruct (held q) as [[[n|] mine]|]; [..|done].
  - destruct (unchanged _); [done|]. destruct (generation_of _) as [|g]; [done|].
    unfold save_changes, save_without_stored, rotate, discard in H. unfold create, nothing_saved in H. by cases H.
  - destruct (generation_of _) as [|g]; [done|]. unfold create, nothing_saved in H. by cases H.
Qed.
(** What an operation of a request is carried out on. *)
Lemma op_is_on cfg now d v g q e res op : request_event_rule cfg now d v g q e = inr res → e_op (r_effects res) = Some op →
  match op with
  | OpUpdate i _ | OpDiscard i | OpDeleteUser _ (Some i) => looks q e = Some i
  | OpRotate i j _ _ => looks q e = Some i ∧ j ∈ d_ids d
  | OpCreate i _ _ _ => i ∈ d_ids d | _ => True end.
Proof.
  intros H Ho. assert (e = NewSession ∨ e = ExpireOtherSessions ∨ e ≠ NewSession ∧ e ≠ ExpireOtherSessions) as [->|[->|[N1 N2]]]
    by (destruct e; auto).
  { simpl in *. unf H. unfold held_id in *. cases H; by simplify_eq/=. }
  { simpl in *. unf H. unfold held_id in *. cases H; by simplify_eq/=. }
  assert ((∃ o, e = FinishRequest o) ∨ ¬ ∃ o, e = FinishRequest o) as [[o ->]|Hne]
    by (destruct e; first [right; by intros [? [=]]|left; by eexists]).
  - apply finish_cases in H as (_ & _ & H). simpl. unfold held_id in *.
    inversion H as [o0 c m' eff Hop Hs|o0 eff Hop]; subst; simpl in *; [|congruence].
    inversion Hs; subst; simpl in *; try congruence; try match goal with E : onto _ _ _ |- _ => destruct E as [E _] end;
      unfold held_id in *; match goal with E : Some _ = e_op _ |- _ => rewrite <- E in Ho; simplify_eq/= end; auto.
  - apply turn_cases in H as (q' & _ & H & _); [|naive_solver].
    inversion H; subst; try done; simpl in *;
      repeat match goal with E : _ = r_effects _ |- _ => rewrite <- E in Ho; simpl in Ho; clear E end; simplify_eq/=; try done.
    all: try match goal with E : takes _ _ _ _ _ _ _ |- _ => inversion E; subst end; simpl in *; unfold held_id in *.
    all: try match goal with E : held _ = Some _ |- match held _ with _ => _ end = _ => by rewrite E end.
    all: try match goal with E : ends _ _ _ _ _ |- _ => inversion E; subst; by simplify_eq/= end.
Qed.
