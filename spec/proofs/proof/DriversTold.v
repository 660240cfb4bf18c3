(** What an application is told is true, and what was carried out is answered, unless nobody could tell. *)
From Q Require Import DriversLook.

Definition is_heard (w : world) : Prop := ∀ i a, (i, a) ∈ w_said w → (i, Says a) ∈ t_heard (w_traffic w) ∨
  (i, Unknown) ∈ t_heard (w_traffic w) ∨ ∃ r m, m ∈ sent_by w r ∧ s_input m = i.
Lemma heard_more w w' : is_heard w → (∀ i a, (i, a) ∈ w_said w' → (i, a) ∈ w_said w ∨ (i, Says a) ∈ t_heard (w_traffic w')) →
  (∀ p, p ∈ t_heard (w_traffic w) → p ∈ t_heard (w_traffic w')) →
  (∀ r m, m ∈ sent_by w r → m ∈ sent_by w' r ∨ (s_input m, Unknown) ∈ t_heard (w_traffic w') ∨
     ∀ a, (s_input m, a) ∈ w_said w' → (s_input m, Says a) ∈ t_heard (w_traffic w')) → is_heard w'.
Proof.
  intros H H1 H2 H3 i a Hia. destruct (H1 i a Hia) as [Hw|]; [|by left].
  destruct (H i a Hw) as [?|[?|(r & m & Hm & <-)]]; [by left; apply H2|by right; left; apply H2|].
  destruct (H3 r m Hm) as [?|[?|Hs]]; [by right; right; exists r, m|by right; left|left; by apply Hs].
Qed.
Lemma gives_up_doubts cfg j r w r0 : doubt_of (gives_up cfg j r w) r0 = doubt_of w r0.
Proof. unfold gives_up. destruct (w_requests w !! r); [|done]. by destruct (step _ _ _). Qed.
Lemma gives_up_heard cfg j r w : is_heard w → is_heard (gives_up cfg j r w).
Proof.
  intros I. unfold gives_up. destruct (w_requests w !! r); [|exact I]. destruct (step cfg (alone w r) j) as [st eff].
  apply (heard_more w); [done|..]; simpl.
  - intros i a [[= -> ->]|?]%elem_of_cons; [right; by left|by left].
  - intros p ?. by right.
  - intros r1 m Hm. by left.
Qed.
Lemma sent_doubts w r d r0 : sent_by (doubts r d w) r0 = if decide (r = r0) then match d with Some d => d_sent d | None => [] end else sent_by w r0.
Proof. unfold sent_by. rewrite doubts_of. by case_decide. Qed.
Lemma one_answer cfg w i a a' : sure cfg w → (i, a) ∈ w_said w → (i, a') ∈ w_said w → a = a'.
Proof.
  intros S [k1 K1]%elem_of_list_lookup [k2 K2]%elem_of_list_lookup. pose proof (s_once _ _ S) as N.
  assert ((w_said w).*1 !! k1 = Some i) as L1 by (by rewrite list_lookup_fmap, K1).
  assert ((w_said w).*1 !! k2 = Some i) as L2 by (by rewrite list_lookup_fmap, K2).
  pose proof (NoDup_lookup _ _ _ _ N L1 L2). subst. congruence.
Qed.
Lemma act_heard cfg r w w' : act cfg r w w' → sure cfg w → is_heard w → is_heard w'.
Proof.
  intros H S I. destruct H as [n Hd|u Hd|i st1 eff Hd Hof Hb E Hop Hfin|i st1 eff op Hd Hc|i op Hd Hof Hop Hn|
    i j Hd Hof Hb Hj|i st1 eff op Hof E Hop m Hc|m Ha Hmay Hc|d n Hd|d u Hd|d l m l' Hd El Hm|d Hd Hm|d Hd|d j Hd Hun Hb Hj].
  - exact I.
  - exact I.
  - apply (heard_more w); [done|..]; simpl; [|by right|by left].
    intros i0 a [[= -> ->]|?]%elem_of_cons; [right; by left|by left].
  - assert (∀ w1, w1 = sees_written r op (after cfg w r i st1 eff op) →
      w_said w1 = (i, answer_of eff) :: w_said w ∧ t_heard (w_traffic w1) = t_heard (w_traffic w) ∧
      ∀ r0, sent_by w1 r0 = sent_by w r0) as Hw.
    { intros w1 ->. unfold sees_written. by destruct (written_by op). }
    destruct (Hw _ eq_refl) as (W1 & W2 & W3). apply (heard_more w); [done|..]; simpl; rewrite ?W1, ?W2; [|by right|].
    + intros i0 a [[= -> ->]|?]%elem_of_cons; [right; by left|by left].
    + intros r0 x Hx. left. by rewrite <- W3 in Hx.
  - apply (heard_more w); [done|by left|by right|by left].
  - apply (heard_more (gives_up cfg j r (tries i w))); [by apply gives_up_heard|by left|by right|by left].
  - apply (heard_more w); [done|by left|done|]. intros r1 x Hx. left.
    change (x ∈ sent_by (doubts r (Some (Doubt (believed w r) (seen w r) (m :: sent_by w r))) w) r1). rewrite sent_doubts.
    case_decide as Er; [subst r1; by right|done].
  - destruct (s_air _ _ S r m Ha) as [M A]. intros i0 a [[= -> ->]|Hi]%elem_of_cons; [|exact (I i0 a Hi)].
    right. right. exists r, m. split; [|done]. change (m ∈ sent_by w r). destruct Hmay as [[-> _]|(n & k & H1 & H2 & H3)]; [by left|].
    destruct A as [[A1 A2]|A]; [done|by destruct (dead_not w m n k A H1 H2)].
  - apply (heard_more w); [done|by left|done|]. intros r1 x Hx. left. unfold reloads, retells. rewrite sent_doubts. case_decide; [subst|done].
    by rewrite (sent_is _ _ _ Hd) in Hx.
  - apply (heard_more w); [done|by left|done|]. intros r1 x Hx. left. unfold reloads, retells. rewrite sent_doubts. case_decide; [subst|done].
    by rewrite (sent_is _ _ _ Hd) in Hx.
  - destruct (finds_done cfg w r d l m l' S Hd El Hm) as (T1 & T2 & T3).
    set (w1 := sees_written r (s_op m) (settles r d (s_after m) w)).
    assert (w_said w1 = w_said w ∧ t_heard (w_traffic w1) = t_heard (w_traffic w) ∧ ∀ r0, r ≠ r0 → sent_by w1 r0 = sent_by w r0) as (W1 & W2 & W3).
    { assert (∀ r0, r ≠ r0 → sent_by (settles r d (s_after m) w) r0 = sent_by w r0) as W.
      { intros r0 Hne. change (sent_by (doubts r None w) r0 = sent_by w r0). rewrite sent_doubts. by case_decide. }
      unfold w1, sees_written. by destruct (written_by (s_op m)). }
    apply (heard_more w); [done|simpl; rewrite W1; by left|simpl; rewrite W2; intros p Hp; right; apply elem_of_app; by right|].
    intros r1 x Hx. destruct (decide (r = r1)) as [<-|Hne]; [right; right|left; by rewrite <- W3 in Hx].
    intros a Ha. simpl in Ha. rewrite W1 in Ha. rewrite (sent_is _ _ _ Hd), El in Hx.
    assert (x = m) as ->.
    { apply elem_of_app in Hx as [Hx|[->|Hx]%elem_of_cons]; [|done|]; exfalso; apply (T3 x); try (apply elem_of_app; first [by left|by right]);
        apply elem_of_list_fmap; by eexists (_, _). }
    rewrite (one_answer cfg w _ _ _ S Ha T1). by left.
  - apply (heard_more w); [done|by left|simpl; intros p Hp; apply elem_of_app; by right|].
    intros r1 x Hx. change (sent_by (hear_all _ (silences r (settles r d (d_now d) w))) r1) with (sent_by (doubts r None w) r1).
    rewrite sent_doubts. case_decide; [subst r1; right; right|by left]. intros a Ha. exfalso.
    rewrite (sent_is _ _ _ Hd) in Hx. rewrite Forall_forall in Hm.
    assert (s_input x ∉ (w_said w).*1) as Hn by (destruct (Hm x Hx) as [[? ?]|[? _]]; [by eapply missed_undone|done]).
    apply Hn, elem_of_list_fmap. by eexists (_, _).
  - apply (heard_more w); [done|by left|simpl; intros p Hp; apply elem_of_app; by right|by left].
  - assert (∀ p, p ∈ t_heard (w_traffic w) → p ∈ t_heard (w_traffic (gives_up cfg j r w))) as Hmore.
    { intros p Hp. unfold gives_up. destruct (w_requests w !! r); [destruct (step _ _ _); by right|done]. }
    apply (heard_more (gives_up cfg j r w)); [by apply gives_up_heard|by left|done|].
    intros r1 x Hx. change (sent_by (silences r (doubts r None (gives_up cfg j r w))) r1) with (sent_by (doubts r None (gives_up cfg j r w)) r1).
    rewrite sent_doubts. case_decide; [subst r1|by left]. right. left.
    unfold sent_by in Hx. rewrite gives_up_doubts, Hd in Hx. rewrite Forall_forall in Hun. by apply Hmore, Hun.
Qed.
Theorem t_told : what_is_told_is_true.
Proof.
  intros cfg w i H Hf. destruct (reaches_both cfg w H Hf) as (h & st & _ & S).
  split; [apply S|]. split; [apply S|]. split; [apply S|]. intros a. revert i a.
  change (is_heard w). clear h st S. remember nothing_yet as w0 eqn:E. induction H as [w|w w' w'' r Hr IH Ha].
  - subst. intros i a Hi. by apply elem_of_nil in Hi.
  - pose proof (act_fresh _ _ _ _ Ha Hf) as Hf'. subst. destruct (reaches_both cfg w' Hr Hf') as (h & st & _ & S).
    eapply act_heard; [exact Ha|exact S|]. by apply IH.
Qed.
Theorem t_look : a_look_is_not_mistaken.
Proof.
  intros cfg w r d H Hf Hd. destruct (reaches_both cfg w H Hf) as (h & st' & _ & S). split; [|split; [|split]].
  - intros m Hm Hfound. apply elem_of_list_split in Hm as (l & l' & El).
    destruct (finds_done cfg w r d l m l' S Hd El (or_introl Hfound)) as (T1 & T2 & _). split; [done|apply T2].
  - intros m Hm Hs Hl. by eapply missed_undone.
  - intros m m' Hm Hm' Hs Hs'. apply elem_of_list_split in Hm as (l & l' & El).
    destruct (finds_done cfg w r d l m l' S Hd El (or_intror Hs)) as (_ & _ & T). rewrite El in Hm'.
    apply elem_of_app in Hm' as [Hm'|[->|Hm']%elem_of_cons]; [|done|]; destruct (T m'); try done; apply elem_of_app; first [by left|by right].
  - intros Hn. destruct (none_said cfg w r d S Hd Hn) as [_ F]. symmetry. apply F.
Qed.
