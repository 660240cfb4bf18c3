(** What is answered over a session that has reached its absolute limit is what comes of the event. *)
From Q Require Import DriversLate DriversGone DriversVisits DriversRefine DriversLook DriversWhole DriversNumbers Turns Whole.

(** ** What arrives *)

Lemma only_tokens c ch a s : but_tokens ch = true → c_keeps ch = KeepAll → apply c ch a s = set_tokens s (foldl (push_new c) (tokens s) (c_tokens ch)).
Proof.
  intros (E1 & E2 & E3 & E4)%but_tokens_spec Ek. destruct s as [h u ad cr ac ts vs]. unfold apply, apply_login, begins. rewrite E1, E3, Ek.
  simpl. unfold set_tokens. simpl. f_equal. apply map_eq. intros k. by rewrite apply_values_lookup, lookup_empty.
Qed.
Lemma later_tokens s old t ts : set_accessed s 0 = set_accessed old 0 → accessed old <= accessed s → t <= accessed s →
  later (Some s) (set_accessed (set_tokens old ts) (N.max (accessed (set_tokens old ts)) t)) = set_tokens s ts.
Proof.
  destruct s, old. unfold later, set_accessed, set_tokens. simpl. intros [= <- <- <- <- _ <-] H1 H2. f_equal. lia.
Qed.
Lemma save_updates cfg now d v q x n s c k : save cfg now d v q = inr (x, Some (OpUpdate n s), c, k) → but_tokens (own q) = true →
  ∃ mine old, held q = Some (Some n, mine) ∧ v !! n = Some old ∧
    s = set_accessed (apply (cap cfg) (own q) (r_addr q) old) (N.max (accessed (apply (cap cfg) (own q) (r_addr q) old)) (accessed mine)).
Proof.
  intros H Hb. unfold save in H. destruct (held q) as [[[j|] mine]|]; [..|done].
  2: { destruct (generation_of _); [done|]. unfold create, nothing_saved in H. by cases H. }
  destruct (unchanged _); [done|]. destruct (generation_of _); [done|]. unfold save_changes in H.
  destruct (find cfg now v j) as [old|] eqn:Ef; [|unfold save_without_stored in H; by rewrite Hb in H].
  apply find_some in Ef as [Ef _]. destruct (guards_hold _ _); [|done]. cbv zeta in H. destruct (count _ <=? _); [|done].
  unfold rotate, discard in H. cases H; by exists mine, old.
Qed.
(** All that was sent is an [Update] of it. *)
Definition each_updates (d : doubt) (e : event) (n : N) : Prop := ∀ m, m ∈ d_sent d →
  i_event (s_input m) = e ∧ ∃ s, s_op m = OpUpdate n s.
Lemma updates_each cfg w r d n k i st eff : reaches cfg nothing_yet w → sure cfg w →
  doubt_of w r = Some d → would_update d (i_event i) n k → find cfg (i_now i) (store (d_now d)) n = None →
  is_of_driver w r (i_event i) → step cfg (d_now d) i = (st, eff) → (∀ why, e_reply eff ≠ Refused why) → each_updates d (i_event i) n.
Proof.
  intros H S Hd [(m0 & x & Hm0 & Ho) Hall] Hn Hof E Hnot m Hm. destruct (Hall m Hm) as [He _]. split; [done|].
  destruct (Hall m0 Hm0) as [He0 _]. destruct (asks_no_more cfg w r d m0 n x i st eff) as (_ & _ & _ & _ & o & q & Ee & _ & Eq & Hb & Hh); try done.
  apply (all_update cfg w r d m n q o); try done. by rewrite He, Ee.
Qed.
Lemma arrives_late cfg w r d n i st eff h0 st0 m : reaches cfg nothing_yet w → good cfg w h0 st0 → sure cfg w → fresh_inputs (w_said w) →
  doubt_of w r = Some d → each_updates d (i_event i) n → find cfg (i_now i) (store (d_now d)) n = None →
  is_of_driver w r (i_event i) → step cfg (d_now d) i = (st, eff) → (∀ why, e_reply eff ≠ Refused why) →
  (r, m) ∈ t_air (w_traffic w) → may_arrive w r m → holds (put w r (s_before m)) r (s_op m) →
  ∃ s x ts, s_op m = OpUpdate n x ∧ w_store w !! n = Some s ∧ too_old cfg (i_now i) s = true ∧ later (Some s) x = set_tokens s ts.
Proof.
  intros H G S Hf Hd Hall Hn Hof E Hnot Ha Hmay Hh. destruct (arrives_first cfg w r m S Ha Hmay) as (d' & Hd' & Hm & N).
  assert (d' = d) as -> by congruence. destruct (Hall m Hm) as (He & x & Hop). destruct (N m Hm) as (_ & F & _).
  destruct (asks_no_more cfg w r d m n x i st eff) as (_ & _ & _ & _ & o & q & Ee & Eq & Eq' & Hb & _); try done.
  destruct (s_air _ _ S r m Ha) as [M _]. pose proof (m_step _ _ _ M) as Es. pose proof (m_op _ _ _ M) as Eo. rewrite Hop in Eo, Hh.
  (* What it was stepped from. *)
  assert (∃ mine old, held q = Some (Some n, mine) ∧ store (s_before m) !! n = Some old ∧
    x = set_accessed (apply (cap cfg) (own q) (r_addr q) old) (N.max (accessed (apply (cap cfg) (own q) (r_addr q) old)) (accessed mine)))
    as (mine & old & Hq & Hold & Ex).
  { destruct (step_cases cfg (s_before m) (s_input m)) as [(why & _ & E1)|(res & Er & E1)]; rewrite E1 in Es; injection Es as _ Eeff;
      rewrite <- Eeff in Eo; [done|]. rewrite He, Ee in Er. unfold rule in Er. rewrite Eq in Er. simpl in Er. unfold finish_request in Er.
    destruct o; try (simplify_eq/=; done).
    all: destruct (save _ _ _ _ q) as [|[[[? op] ?] ?]] eqn:Ev; [done|]; simplify_eq/=; by eapply save_updates. }
  (* What is there now. *)
  assert (∃ s, w_store w !! n = Some s ∧ set_accessed s 0 = set_accessed old 0) as (s & Hs & Esame).
  { unfold holds, is_still in Hh. rewrite put_loaded, decide_True, Hold in Hh by done. change (w_store (put _ _ _)) with (w_store w) in Hh.
    destruct (w_store w !! n) as [s|]; [|done]. exists s. split; [done|]. by apply (inj Some) in Hh. }
  pose proof (both_good_bound cfg w h0 st0 G Hf) as B. pose proof Hb as (El & _ & Evs & _)%but_tokens_spec.
  assert (requests st0 !! r = Some q) as Hr0.
  { rewrite (g_requests _ _ _ _ G), lookup_fmap, <- (f_request _ _ _ F), Eq. simpl. f_equal. rewrite as_whole_is.
    apply whole_same. intros *. by rewrite El. }
  destruct (b_requests _ _ _ B r q Hr0) as ((Hk & _) & _).
  assert (fresh_draws h0) as Hf0 by (apply said_fresh; by rewrite (g_said _ _ _ _ G)).
  pose proof (all_visited cfg h0 st0 (g_run _ _ _ _ G) Hf0 r q Hr0 El n mine s Hq) as Hv. rewrite (g_store _ _ _ _ G) in Hv. specialize (Hv Hs).
  destruct (f_older _ _ _ F n old s Hold Hs) as (_ & _ & _ & Hle).
  exists s, x, (foldl (push_new (cap cfg)) (tokens old) (c_tokens (own q))). split; [done|]. split; [done|]. split.
  - destruct (s_true _ _ S r d Hd) as [[_ Fd]|T]; [|by destruct (one_not_none _ _ _ T N)].
    destruct (find_none _ _ _ _ Hn) as [Hno|(y & Hy & Hty)].
    + pose proof (f_gone _ _ _ Fd q n Eq') as Hg. unfold held_id in Hg. rewrite Hq in Hg. rewrite Hg in Hs by done. done.
    + destruct (f_older _ _ _ Fd n y s Hy Hs) as (_ & _ & Ec & _). unfold too_old in *. by rewrite Ec.
  - rewrite Ex, only_tokens by auto. by apply later_tokens.
Qed.

(** ** What is heard *)

Local Instance draws_eq : EqDecision draws. Proof. solve_decision. Defined.
Local Instance cookie_eq : EqDecision cookie. Proof. solve_decision. Defined.
Local Instance outcome_eq : EqDecision outcome. Proof. solve_decision. Defined.
Local Instance request_event_eq : EqDecision request_event. Proof. solve_decision. Defined.
Local Instance manager_event_eq : EqDecision manager_event. Proof. solve_decision. Defined.
Local Instance event_eq : EqDecision event. Proof. solve_decision. Defined.
Local Instance input_eq : EqDecision input. Proof. solve_decision. Defined.

Theorem t_comes_true : an_answer_past_the_limit_comes_true.
Proof.
  intros cfg w r d n k i st eff H Hf Hd Hw Hn Hof E Hnot. destruct (reaches_both cfg w H Hf) as (h0 & st0 & G & S).
  pose proof (updates_each cfg w r d n k i st eff H S Hd Hw Hn Hof E Hnot) as Hall.
  assert (∀ m, m ∈ d_sent d → e_op eff = None ∧ answer_of eff = answer_of (s_effects m) ∧ requests (s_after m) !! r = None ∧
    requests st !! r = None ∧ ∃ o q, i_event i = OfRequest r (FinishRequest o) ∧ requests (d_now d) !! r = Some q ∧ c_login (own q) = None) as Hm.
  { intros m Hm. destruct (Hall m Hm) as (He & x & Hop).
    destruct (asks_no_more cfg w r d m n x i st eff) as (T1 & T2 & T3 & T4 & o & q & Ee & _ & Eq & (? & _)%but_tokens_spec & _); try done.
    rewrite <- T3. by eauto 10. }
  split; [destruct Hw as [(m & _ & Hmd & _) _]; apply (Hm m Hmd)|]. split; [|split].
  - intros m Hmd Hs. destruct (Hm m Hmd) as (_ & -> & Ea & _). apply elem_of_list_split in Hmd as (l & l' & El).
    destruct (finds_done cfg w r d l m l' S Hd El (or_intror Hs)) as (T1 & T2 & _). split; [done|]. rewrite <- Ea. apply T2.
  - intros Hnone Hb w1. destruct (none_said cfg w r d S Hd Hnone) as [N F]. destruct Hw as [(m0 & _ & Hm0 & _) Hk].
    destruct (Hm m0 Hm0) as (Hop & _ & _ & _ & o & q & Ee & Eq & Hl). split.
    + apply Misses; [done|]. apply Forall_forall. intros m Hmd. destruct (Hall m Hmd) as (_ & x & Ho). destruct (N m Hmd) as (Hs & _).
      unfold is_missed, looks_in_time, is_lost. rewrite Ho. simpl. destruct (decide (revision w n = s_seen m !! n)) as [Er|Er]; [left|by right].
      rewrite Er, (proj2 (Hk m Hmd)). split; [split; [by eexists|done]|done].
    + assert (alone w1 r = d_now d) as Ea by exact (suits_is w r (d_now d) F). apply Answers; try done.
      * apply fn_lookup_insert.
      * left. by rewrite Ee.
      * by rewrite Ea.
      * rewrite Ee. split; [|done]. intros Hrest. exfalso. unfold rests_on_load in Hrest.
        assert (w_requests w1 !! r = Some q) as Hq1 by (change (w_requests w1) with (w_requests (put w r (d_now d))); by rewrite put_request, decide_True).
        rewrite Hq1, Hl in Hrest. destruct (e_reply eff) eqn:Er; try by destruct o. by destruct (Hnot why).
  - intros w' Ha. assert (∀ j W, w_store (gives_up cfg j r W) = w_store W ∧ w_numbers (gives_up cfg j r W) = w_numbers W) as Hup.
    { intros j W. unfold gives_up. destruct (w_requests W !! r); [|done]. by destruct (step cfg (alone W r) j). }
    destruct Ha as [| | | | | | |m Ha Hmay Hc|d' j|d' u|d' l m l'|d'|d'|d' j]; try congruence; try (split; [done|by left]).
    + destruct Hc as (_ & _ & _ & _ & Hh & _).
      destruct (arrives_late cfg w r d n i st eff h0 st0 m) as (s & x & ts & Eo & Hs & Ho & Et); try done; [apply Hf|].
      rewrite Eo. split; [done|]. right. exists s, ts. split; [done|]. split; [done|]. simpl. by rewrite Hs, Et.
    + unfold sees_written. destruct (written_by _); (split; [done|by left]).
    + destruct (Hup j w) as [E1 E2]. split; [exact E2|left; exact E1].
Qed.
