(** The claims about single steps. *)
From Q Require Import Facts.

Theorem t_refusal_changes_nothing : refusal_changes_nothing.
Proof.
  intros cfg st i why. by_rule cfg st i.
  - intros [= ->]. done.
  - intros Hr. by apply not_refused with (why := why) in H.
Qed.

Theorem t_sweep : sweep_leaves_none_over.
Proof.
  intros cfg st i n s He. unfold step. rewrite He. simpl. rewrite delete_where_lookup.
  intros. repeat case_match; simplify_eq. by apply over_false.
Qed.

Theorem t_user : user_is_ended_everywhere.
Proof.
  intros cfg st i u n s He. unfold step. rewrite He. simpl. rewrite end_user_lookup.
  intros. repeat case_match; simplify_eq. intros Hu.
  match goal with H : _ = false |- _ => rewrite bool_decide_false, andb_true_r in H by done; unfold is_of in H end.
  prep. done.
Qed.

Theorem t_value : value_is_taken_once.
Proof.
  intros cfg st i r k v op He. by_rule cfg st i; [done|]. rewrite He in H.
  simpl in H. destruct (requests st !! r) as [q|] eqn:Hq; [|done]. unf H. cases H; intros; prep; simplify_eq/=.
  all: match goal with Hq : requests _ !! _ = Some ?q, H : held ?q = Some (Some ?n, _), H' : store _ !! ?n = Some ?s |- _ =>
    exists q, n, s; unfold held_id; rewrite H; repeat split; try done; intros s' ?; lookups; simplify_eq/=;
    try (by rewrite lookup_delete) end.
Qed.

Theorem t_visit : visit_counts.
Proof.
  intros cfg st i r c a script passive q n s He. unfold accepted, occurs. simpl. by_rule cfg st i; [done|].
  rewrite He in *. simpl. rewrite lookup_partial_alter. simpl in H. unf H.
  cases H; intros _ ? ?; prep; lookups; simplify_eq/=.
  all: eexists _, _; split; [first [reflexivity|eassumption]|]; split; [first [reflexivity|eassumption]|].
  all: unfold touch, touched in *; repeat case_match; simpl in *; try done; lia.
Qed.

Theorem t_cookie : cookie_names_stored.
Proof.
  intros cfg st i n path. by_rule cfg st i; [done|]. generalize dependent (i_event i). intros e H.
  rules H; intros; simplify_eq/=; prep. all: rewrite lookup_insert; by eexists.
Qed.

Theorem t_revocation : revocation_matches.
Proof.
  intros cfg p st i c path Hp Hne. by_rule cfg st i; [done|]. generalize dependent (i_event i). intros e H.
  assert (∀ script, path_of cfg script = p) as Hpath.
  { intros script. unfold path_of. rewrite Hp. destruct (String.eqb_spec p ""); done. }
  rules H; intros; simplify_eq/=; rewrite ?Hpath; done.
Qed.

Theorem t_issued : ids_are_issued.
Proof.
  intros cfg st i n Hn. by_rule cfg st i; [rewrite Hn; by intros []|]. generalize dependent (i_event i). intros e H [s Hs].
  rules H; prep; lookups; simplify_eq/=; try done; repeat case_match; simplify_eq; try done.
Qed.

Theorem t_limits : nothing_past_its_limits.
Proof.
  intros cfg st i r n s Hn. split.
  - intros c a script passive q h He. unfold accepted, occurs. simpl. by_rule cfg st i; [done|].
    rewrite He in *. simpl. rewrite lookup_partial_alter. simpl in H. unf H.
    cases H; intros _ ? ?; prep; lookups; simplify_eq/=; by apply over_false.
  - intros q e He Hq Hh Hold. by_rule cfg st i; [by auto|].
    rewrite He in *. simpl in H. rewrite Hq in H. unfold held_id in Hh. destruct (held q) as [[i0 mine]|] eqn:Eh; simplify_eq.
    apply too_old_spec in Hold.
    assert (find cfg (i_now i) (store st) n = None) as Hf by (unfold find; by rewrite Hn, Hold).
    destruct e; simpl in H; unf H; rewrite ?Eh in H; cbn beta iota zeta in H; rewrite ?Hf in H; cases H;
      (split; [|intros ?? [?|?]; simplify_eq; try done]);
    rewrite ?Hn in *; lookups; simplify_eq/=; auto.
    all: try congruence.
    all: repeat case_match; simplify_eq/=; auto; try congruence.
    all: try (right; by rewrite lookup_delete).
    all: prep; try congruence.
Qed.

Theorem t_failure : failure_leaves_no_trace.
Proof.
  intros cfg st i r n Ha Hns. by_rule cfg st i; [by left|].
  generalize dependent (i_event i). intros e Ha Hns H.
  rules H; simplify_eq/=; try (by left); prep; lookups; simplify_eq/=; try (by left).
  all: try (by destruct Hns; first [by left|by right]).
  all: repeat case_match; simplify_eq/=; try (by left).
  all: try (right; by eauto 12).
  all: unfold touch; match goal with H : touched _ _ _ = true |- _ => rewrite H end; right; eauto 10.
Qed.

Lemma bounded_id cfg c n : cookie_id (bounded cfg c) = Some n → cookie_id c = Some n.
Proof. by destruct c as [[]|]. Qed.
Theorem t_others : others_are_left_alone.
Proof.
  intros cfg st i n s Hn. by_rule cfg st i; [by left|].
  generalize dependent (i_event i). intros e H.
  rules H; prep; lookups; simplify_eq/=; try (by left).
  all: unfold held_id.
  all: repeat case_match; simplify_eq/=; try (by left).
  all: right; unfold has_handle, is_of in *; prep; simplify_eq/=.
  all: try (by eapply bounded_id).
  all: try match goal with Hq : requests _ !! _ = Some ?q, Hh : held ?q = Some (?i, ?h) |- @ex _ _ =>
    exists q, i, h; split; [first [reflexivity|exact Hq]|]; rewrite ?Hh end.
  all: try (match goal with Hh : held ?q = Some (?i, ?h) |- @ex _ _ => exists q, i, h; split; [reflexivity|]; rewrite ?Hh end).
  all: try (match goal with q : request |- @ex _ _ => exists q, None, (fresh "" 0); split; [reflexivity|] end).
  all: try done; try (by left); try (by right); try (by apply over_spec).
  all: try (left; by eauto 8).
  all: try (by eauto 8).
  all: repeat split; eauto; try congruence.
  all: try (right; split; [by eexists|congruence]).
  all: try (left; split; [assumption|]; right; congruence).
  all: try (right; split; congruence).
  all: try (left; split; [assumption|]; left; congruence).
Qed.
