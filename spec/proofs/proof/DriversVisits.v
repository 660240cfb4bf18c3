(** What a request has noted of its session is noted there. *)
From Q Require Import DriversWhole Turns Whole Writes Runs Sessions Others Steps.

(** But for a request with a login: its copy is visited as late as that. *)
Definition visited (m : gmap N session) (q : request) : Prop := c_login (own q) = None →
  ∀ n s o, held q = Some (Some n, s) → m !! n = Some o → accessed s <= accessed o.
Lemma start_visited cfg now m a c h r op m' c' script : starts cfg now m a c h r op m' →
  visited m' (Request (Some h) c' a script false no_changes).
Proof. intros H _ n s o Hh Hn. simpl in Hh. injection Hh as ->. inversion H; subst; lookups; simplify_eq/=; lia. Qed.
Lemma turn_visited cfg now d m q e q' eff m' : turns cfg now d m q e q' eff m' → visited m q → visited m' q'.
Proof.
  intros H V L n s o Hh Hn. inversion H; subst; simplify_eq/=; try (by eapply V).
  - match goal with T : takes _ _ _ _ _ _ _ |- _ => inversion T; subst end; simplify_eq/=; lookups; by eapply V.
  - assert (c_login (own q) = None) as Lq by (unfold login_again in L; destruct (c_login (own q)); [by case_bool_decide|done]).
    lookups. repeat case_match; simplify_eq. by eapply V.
  - lookups. repeat case_match; simplify_eq. by eapply V.
Qed.
Lemma all_visited cfg h st : run cfg h st → fresh_draws h → ∀ r q, requests st !! r = Some q → visited (store st) q.
Proof.
  induction 1 as [|h st i Hr IH]; intros Hf r q; [simpl; by rewrite lookup_empty|].
  destruct (fair_before cfg st i h) as (_ & B & _ & Hnew); [split; [by constructor|done]|].
  apply fresh_cons in Hf as (Hf & _). specialize (IH Hf). by_rule cfg st i; [apply IH|].
  pose proof (rule_happens _ _ _ _ _ _ H) as [_ Hh]. intros [[Ea Hn]|(Ea & q0 & Hq & Hq')]%conclude_lookup.
  - rewrite Hn in Hh. inversion Hh; subst; simplify_eq/=; try congruence.
    + by eapply start_visited.
    + eapply turn_visited; [done|]. simplify_eq. by eapply IH.
  - assert (c_login (own q) = None → c_login (own q0) = None) as Hl.
    { destruct Hq' as [->|(u & _ & ->)]; [done|]. by destruct (end_login_own u never q0) as [->|(v & t & g & _ & _ & ->)]. }
    assert (held q = held q0) as Eh by (destruct Hq' as [->|(u & _ & ->)]; [done|apply end_login_held]).
    intros L n s o' Hh' Hn'. rewrite Eh in Hh'. destruct (store st !! n) as [o|] eqn:Eo.
    + etrans; [exact (IH r q0 Hq (Hl L) n s o Hh' Eo)|].
      by destruct (stays _ _ _ _ _ _ _ H B Hnew n o o' Eo Hn') as (_ & _ & _ & ?).
    + exfalso. destruct (happens_follows _ _ _ _ _ _ _ _ _ Hh B) as [k F]. destruct (F n o' Hn') as [(o & Ho & _)|(-> & _ & Hk & _)]; [congruence|].
      apply (Hnew k Hk). destruct (b_requests _ _ _ B r q0 Hq) as (_ & _ & Hd). apply Hd. unfold held_id. by rewrite Hh'.
Qed.
