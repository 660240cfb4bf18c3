(** Each act leaves what is true of the one machine and of the doubts; and a look is not mistaken. *)
From Q Require Export DriversDoubt.
From Q Require Import DriversTurn DriversEnds Turns Whole Writes Runs Sessions Steps.

Lemma found_done w h r x : honest w h → doubts w !! r = Some x → is_found w x → was_done w h r x.
Proof.
  intros S Hx (n & _ & Hm). destruct (s_doubts _ _ S _ _ Hx) as (_ & _ & [?|(_ & _ & V)]); [done|exfalso].
  unfold mark_of in Hm. apply bind_Some in Hm as (s & _ & Hm). by apply (V n).
Qed.
Lemma missed_not w h r x : honest w h → doubts w !! r = Some x → is_missed w x → looks_in_time w x → was_not w r x.
Proof.
  intros S Hx Hm Hl. destruct (s_doubts _ _ S _ _ Hx) as (_ & K & [(D1 & _ & D3)|?]); [exfalso|done].
  unfold is_missed, looks_in_time in *. destruct (d_op x); try done.
  - destruct (Hl ltac:(apply elem_of_list_fmap; by eexists (_, _))) as [s1 Hs]. congruence.
  - destruct Hm as [[k Hk] Hm], D3 as (k' & Hk' & Hle). rewrite Hk in Hm. unfold mark_of in Hm.
    apply bind_Some in Hm as (s1 & _ & Hm). specialize (K k Hk). assert (k' = k) by congruence. lia.
  - destruct Hm as [Hb [s1 Hs]], (D3 Hb) as [_ Hn]. congruence.
  - destruct Hm as [Hb [s1 Hs]], (D3 Hb) as [_ Hn]. congruence.
Qed.
Lemma seen_note w r n r0 m k : b_seen (w_beside (note r n w)) r0 !! m = Some k →
  b_seen (w_beside w) r0 !! m = Some k ∨ marks w !! m = Some k.
Proof.
  simpl. destruct (decide (r = r0)) as [<-|]; [rewrite fn_lookup_insert|by rewrite fn_lookup_insert_ne by done; left].
  destruct (decide (n = m)) as [->|]; [rewrite lookup_partial_alter|by rewrite lookup_partial_alter_ne by done; left].
  unfold mark_of. intros (s & _ & ?)%bind_Some. by right.
Qed.
Lemma seen_own w r op r0 m k : b_seen (w_beside (note_own r op w)) r0 !! m = Some k →
  b_seen (w_beside w) r0 !! m = Some k ∨ marks w !! m = Some k.
Proof. unfold note_own. destruct (row_of op); simpl; [apply seen_note|by left]. Qed.
Lemma own_same w r op : w_store (note_own r op w) = w_store w ∧ w_said (note_own r op w) = w_said w ∧ vain (note_own r op w) = vain w ∧
  marks (note_own r op w) = marks w ∧ given (note_own r op w) = given w ∧ doubts (note_own r op w) = doubts w ∧
  heard (note_own r op w) = heard w ∧ (∀ r0 s, agrees w r0 s → agrees (note_own r op w) r0 s).
Proof. unfold note_own. by destruct (row_of op). Qed.
Lemma doubt_other w r x r0 y : doubts (set_doubt r x w) !! r0 = Some y → r0 = r ∧ x = Some y ∨ r0 ≠ r ∧ doubts w !! r0 = Some y.
Proof.
  unfold doubts. simpl. destruct (decide (r = r0)) as [<-|]; [rewrite lookup_partial_alter|rewrite lookup_partial_alter_ne by done];
    intros; [by left|by right].
Qed.

(** ** Each kind of act *)

(** What a driver does that is in no doubt touches no doubt. *)
Lemma honest_own w h w' h' r : honest w h → goes_on w h w' h' → is_settled w r → doubts w' = doubts w → heard w' = heard w →
  (∀ r0 s, r ≠ r0 → agrees w r0 s → agrees w' r0 s) → b_seen (w_beside w') = b_seen (w_beside w) → honest w' h'.
Proof.
  intros S O Hr Ed Eh A Es. eapply honest_on; [done..| | |].
  - intros r0 n k. rewrite Es. intros Hk%(s_seen _ _ S). pose proof (o_given _ _ _ _ O). lia.
  - intros i what. rewrite Eh. by left.
  - intros r0 x. rewrite Ed. intros Hx. left. split; [done|]. intros s. apply A. intros <-. unfold is_settled in Hr. congruence.
Qed.
Lemma honest_hear w h i what : honest w h → match what with
  | Answered a => (i, a) ∈ w_said w | StoreFailed => i ∈ vain w | Unknown => i ∈ (w_said w).*1 ∨ i ∈ vain w end →
  honest (hear i what w) h.
Proof.
  intros S H. eapply honest_on; [done|by apply goes_nowhere|apply S| |].
  - intros j x. unfold heard. simpl. intros [?|?]%elem_of_cons; [simplify_eq; by right|by left].
  - intros r x Hx. left. by split.
Qed.
Lemma honest_note w h r n : honest w h → honest (note r n w) h.
Proof.
  intros S. eapply honest_on; [done|by apply goes_nowhere| |by left|].
  - intros r0 m k [Hk|Hk]%seen_note; [by apply (s_seen _ _ S) in Hk|by apply (s_marks _ _ S) in Hk].
  - intros r0 x Hx. left. by split.
Qed.
Lemma honest_note_own w h r op : honest w h → honest (note_own r op w) h.
Proof. intros S. unfold note_own. destruct (row_of op); simpl; [by apply honest_note|done]. Qed.
Lemma honest_vain w h i : honest w h → honest (in_vain i w) h.
Proof.
  intros S. eapply honest_on; [done|apply goes_nowhere; try done| |by left|].
  - unfold given. simpl. lia.
  - intros j Hj. unfold vain. simpl. apply elem_of_cons. by right.
  - intros r n k Hk%(s_seen _ _ S). unfold given in *. simpl. lia.
  - intros r x Hx. left. by split.
Qed.
Lemma honest_settles w h r : honest w h → honest (set_doubt r None w) h.
Proof.
  intros S. eapply honest_on; [done|by apply goes_nowhere|apply S|by left|].
  intros r0 x [[_ ?]|[_ Hx]]%doubt_other; [done|]. left. by split.
Qed.
(** Another state of one request, of which nobody is in doubt. *)
Lemma honest_put w h r s : honest w h → is_settled w r → honest (put w r s) h.
Proof. intros S Hr. eapply honest_own; try done; [by apply goes_nowhere|]. intros r0 s0 N. by apply agrees_other. Qed.
Lemma honest_abandoned cfg w h o r i : honest w h → is_settled w r → honest (abandoned cfg w r i) (o :: h).
Proof.
  intros S Hr. unfold abandoned. destruct (step cfg (alone w r) i) as [st eff]. eapply honest_own; try done.
  - by apply goes_on_said; [done|eexists|..].
  - intros r0 s N A. apply agrees_other; [done|]. exact (agrees_other w r r0 st s N A).
Qed.
Lemma honest_after cfg w h st r i st1 eff op : honest w h → good cfg w h st → carries_out cfg w r i st1 eff op →
  fresh_draws (occurs cfg st i :: h) → honest (after cfg w r i st1 eff op) (occurs cfg st i :: h).
Proof.
  intros S G Hc Hf. eapply honest_own; [done|by eapply goes_on_after|apply Hc|done|done| |done].
  intros r0 s N A. apply (agrees_other _ r r0 st1 s N A).
Qed.
Lemma known_done cfg w h st r i st1 eff op : honest w h → good cfg w h st → carries_out cfg w r i st1 eff op →
  known (after cfg w r i st1 eff op) (occurs cfg st i :: h) r (doubt_of w r i st1 eff op).
Proof.
  intros S G (_ & _ & _ & _ & _ & Hh & _). split; [unfold given; simpl; lia|]. split.
  { intros k Hk. simpl in *. apply bind_Some in Hk as (n & _ & Hk). by apply (s_seen _ _ S) in Hk. }
  left. split; [by apply elem_of_cons; left|]. split; [apply agrees_put|]. simpl.
  assert (∀ n, is_Some (w_loaded w r !! n) → n ∈ ids_drawn (occurs cfg st i :: h)) as Hd.
  { intros n Hn%(g_drawn _ _ _ _ G). apply elem_of_app. by right. }
  destruct op as [| |n s|from to s g| | | |n|]; try done; simpl.
  - unfold marks. simpl. rewrite lookup_insert. by eexists.
  - intros Hs. split; [by apply Hd|]. destruct Hh as (Hst & Hto & _). destruct (decide (to = from)) as [->|].
    + exfalso. unfold is_still in Hst. rewrite Hto in Hst. destruct Hs as [s1 Hs]. by rewrite Hs in Hst.
    + by rewrite lookup_insert_ne, lookup_delete.
  - intros Hs. split; [by apply Hd|]. by rewrite lookup_delete.
Qed.
Lemma known_not w h r i st eff op : honest w h → known (in_vain i w) h r (doubt_of w r i st eff op).
Proof.
  intros S. split; [unfold given; simpl; lia|]. split.
  { intros k Hk. simpl in *. apply bind_Some in Hk as (n & _ & Hk). by apply (s_seen _ _ S) in Hk. }
  right. split; [by apply elem_of_cons; left|]. split; [apply agrees_alone|]. intros n Hn. apply (s_marks _ _ S) in Hn.
  unfold given in Hn. simpl in Hn. lia.
Qed.
Lemma honest_doubt w h r x : honest w h → known w h r x → honest (set_doubt r (Some x) w) h.
Proof.
  intros S K. eapply honest_on; [done|by apply goes_nowhere|apply S|by left|].
  intros r0 y [[-> ?]|[_ Hy]]%doubt_other; [simplify_eq; by right|]. left. by split.
Qed.

(** ** All of them *)

Lemma act_good cfg r w w' h st : act cfg r w w' → good cfg w h st → honest w h → fresh_inputs (inputs_of w') →
  ∃ h' st', good cfg w' h' st' ∧ honest w' h'.
Proof.
  intros Ha G S Hf. destruct Ha as [w i Hr|w u Hr|w i st1 eff Hr Hof Hb E Ho Hfin|w i st1 eff op Hc| |w i j Hr Hab
    |w i st1 eff op Hc|w i st1 eff op Hr Hof E Ho|w x Hx Hl|w x Hx Hl Ht|w x i Hx Hab].
  - exists h, st. split; [besides; by apply loads_good|by apply honest_note, honest_put].
  - exists h, st. split; [by apply tells_good|by apply honest_put].
  - apply (said_more _ _ _ _ _ _ _ _ G) in Hf. eexists _, _. split.
    + besides. pose proof (step_good cfg w h st r i st1 eff G Hof Hb E ltac:(left; done) Hf) as Hg. by rewrite Ho in Hg.
    + apply honest_hear; [|by apply elem_of_cons; left]. eapply honest_own; try done; [by apply goes_on_said; [done|eexists|..]|].
      intros r0 s N A. apply (agrees_other _ r r0 st1 s N A).
  - assert (fresh_draws (occurs cfg st i :: h)) as Hf'.
    { apply (said_more cfg w h st i eff st1 r G). revert Hf. unfold inputs_of, note_own. by destruct (row_of op). }
    eexists _, _. split; [besides; apply note_own_good; by apply after_good|]. apply honest_hear.
    + by eapply honest_note_own, honest_after.
    + destruct (own_same (after cfg w r i st1 eff op) r op) as (_ & -> & _). by apply elem_of_cons; left.
  - by exists h, st.
  - apply (fewer_inputs []) in Hf. assert (fresh_draws (occurs cfg st i :: h)) as Hf'.
    { unfold inputs_of, abandoned in Hf. destruct (step cfg (alone w r) i) as [st1 eff]. by apply (said_more cfg w h st i eff st1 r G). }
    eexists _, _. split; [besides; by apply abandoned_good|]. apply honest_hear; [|by apply elem_of_cons; left].
    by apply honest_vain, honest_abandoned.
  - apply (said_more cfg w h st i eff st1 r G) in Hf. eexists _, _. split; [besides; by apply after_good|].
    apply honest_doubt; [by eapply honest_after|by apply known_done].
  - exists h, st. split; [by besides|]. apply honest_doubt; [by apply honest_vain|by apply known_not].
  - pose proof (found_done _ _ _ _ S Hx Hl) as (D1 & D2 & _). exists h, st. split.
    + besides. apply note_own_good. besides. by apply same_good.
    + apply honest_hear; [|by destruct (own_same (set_doubt r None (put w r (d_after x))) r (d_op x)) as (_ & -> & _)].
      apply honest_note_own. change (honest (put (set_doubt r None w) r (d_after x)) h). apply honest_put; [by apply honest_settles|].
      unfold is_settled, doubts. simpl. apply lookup_partial_alter.
  - pose proof (missed_not _ _ _ _ S Hx Hl Ht) as (_ & D2 & _). exists h, st. split; [besides; by apply same_good|].
    change (honest (put (set_doubt r None w) r (d_before x)) h). apply honest_put; [by apply honest_settles|].
    unfold is_settled, doubts. simpl. apply lookup_partial_alter.
  - assert (fresh_draws (occurs cfg st i :: h)) as Hf'.
    { unfold inputs_of, abandoned in Hf. destruct (step cfg (alone w r) i) as [st1 eff]. by apply (said_more cfg w h st i eff st1 r G). }
    eexists _, _. split; [besides; by apply abandoned_good|]. apply honest_hear.
    + assert (honest (abandoned cfg (set_doubt r None w) r i) (occurs cfg st i :: h)) as Hs.
      { apply honest_abandoned; [by apply honest_settles|]. unfold is_settled, doubts. simpl. apply lookup_partial_alter. }
      revert Hs. unfold abandoned. change (alone (set_doubt r None w) r) with (alone w r). by destruct (step cfg (alone w r) i).
    + destruct (s_doubts _ _ S _ _ Hx) as (_ & _ & D). unfold abandoned. destruct (step cfg (alone w r) i) as [st1 eff].
      destruct D as [(D & _)|(D & _)]; [left|by right]. csimpl. apply elem_of_cons. right. apply elem_of_list_fmap. by eexists (_, _).
Qed.
Lemma inputs_earlier cfg r w w' : act cfg r w w' → fresh_inputs (inputs_of w') → fresh_inputs (inputs_of w).
Proof.
  intros Ha. destruct Ha as [| |w i st1 eff|w i st1 eff op| |w i j|w i st1 eff op|w i st1 eff op|w x| |w x i]; try done.
  - apply fewer_inputs.
  - unfold inputs_of, note_own. destruct (row_of op); apply fewer_inputs.
  - intros Hf%(fewer_inputs []). unfold inputs_of, abandoned in Hf. destruct (step cfg (alone w r) i). by apply fewer_inputs in Hf.
  - apply fewer_inputs.
  - apply (fewer_inputs []).
  - unfold note_own. by destruct (row_of (d_op x)).
  - unfold inputs_of, abandoned. destruct (step cfg (alone w r) i). apply fewer_inputs.
Qed.
Lemma reaches_good cfg w : reaches cfg nothing_yet w → fresh_inputs (inputs_of w) → ∃ h st, good cfg w h st ∧ honest w h.
Proof.
  intros H. remember nothing_yet as w0 eqn:E. induction H as [w|w w' w'' r Hr IH Ha]; intros Hf.
  - subst. exists [], init. split; constructor; [constructor|done|done|simpl; by rewrite fmap_empty|done|..]; simpl.
    + intros r n s s'. simpl. by rewrite lookup_empty.
    + intros r q n. by rewrite lookup_empty.
    + intros r n. rewrite lookup_empty. by intros [].
    + intros r q. by rewrite lookup_empty.
    + intros n k. unfold marks. simpl. by rewrite lookup_empty.
    + intros r n k. by rewrite lookup_empty.
    + intros i what Hi. by apply elem_of_nil in Hi.
    + intros r x. unfold doubts. simpl. by rewrite lookup_empty.
  - destruct (IH E) as (h & st & G & S); [by eapply inputs_earlier|]. by eapply act_good.
Qed.

Theorem t_drivers : drivers_refine_the_machine.
Proof.
  intros cfg w H Hf. destruct (reaches_good cfg w H Hf) as (h & st & G & _). exists h, st.
  split; [split; [apply G|by eapply said_fresh]|split; [apply G|split; apply G]].
Qed.
Theorem t_told : what_is_told_is_true.
Proof.
  intros cfg w i what H Hf Hi. destruct (reaches_good cfg w H Hf) as (h & st & _ & S). apply (s_heard _ _ S) in Hi.
  destruct what; [done|by apply vain_not_said|]. destruct Hi as [?|?]; [by left|right; split; [done|by apply vain_not_said]].
Qed.
Theorem t_look : a_look_is_not_mistaken.
Proof.
  intros cfg w r x H Hf Hx. destruct (reaches_good cfg w H Hf) as (h & st & _ & S). split.
  - intros Hl. destruct (found_done _ _ _ _ S Hx Hl) as (D1 & [_ D2] & _). done.
  - intros Hl Ht. destruct (missed_not _ _ _ _ S Hx Hl Ht) as (D1 & [_ D2] & _). split; [by apply vain_not_said|done].
Qed.
