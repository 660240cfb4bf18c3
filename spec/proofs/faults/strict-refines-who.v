(* In Model.v, instead of
then go_on (<[i := touch s]> m)
---- this
then go_on (<[N.succ i := touch s]> m)
---- and a run refutes the claim. *)
From Q Require Import Abstract Witness.
Theorem refuted : ¬ strict_refines_who.
Proof.
  intros H.
  set (ann := Session (Some 9) (Some "ann") "" 0 0 [] ∅). set (st := State {[ 1 := ann ]} ∅ ∅).
  set (i := at_ 0 100000 (start 1 (Some (CookieId 1)))). destruct (H strict st i) as (l & Hd & _ & Ha).
  assert (∀ w w', does_all w l = Some w' → w' !! 2 = Some "ann"%string → w !! 2 = Some "ann"%string) as Hno.
  { clear Hd. induction Ha as [|a l Hi Ha IH]; simpl; intros w w'; [by intros [= ->]|].
    destruct (does w a) as [v|] eqn:E; [|done]. intros Hd Hw. specialize (IH _ _ Hd Hw). destruct a as [u n x|from to|gone|u x].
    - by destruct Hi as (_ & r & q & [Hs|Hs] & _).
    - by destruct Hi as (_ & r & q & [Hs|Hs] & _).
    - injection E as <-. by apply map_filter_lookup_Some in IH as [? _].
    - injection E as <-. by apply map_filter_lookup_Some in IH as [? _]. }
  by specialize (Hno _ _ Hd eq_refl).
Qed.
