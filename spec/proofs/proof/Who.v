(** Strict refines the map of who is logged in. *)
From Q Require Export Abstract Facts.
From Q Require Import Writes Steps.

Lemma leaves (w w' : who) : w' ⊆ w → does w (Leave (dom w ∖ dom w')) = Some w'.
Proof.
  intros Hs. simpl. f_equal. apply map_eq. intros n. destruct (w' !! n) as [u|] eqn:E; rewrite ?E.
  - apply map_filter_lookup_Some. split; [by eapply lookup_weaken|]. simpl. apply elem_of_dom_2 in E. set_solver.
  - apply map_filter_lookup_None. destruct (w !! n) as [u|] eqn:E1; [right|by left].
    intros u' ? . simpl. intros Hn. apply Hn. apply not_elem_of_dom in E. apply elem_of_dom_2 in E1. set_solver.
Qed.
Lemma leaves_allowed cfg st i m' :
  (∀ n s, store st !! n = Some s → m' !! n ≠ Some s → store (step cfg st i).1 !! n ≠ Some s) →
  allowed cfg st i (Leave (dom (logged_in st) ∖ dom (omap user m' : who))).
Proof.
  intros Hn n [[u Hd]%elem_of_dom Hd']%elem_of_difference. apply not_elem_of_dom in Hd'.
  unfold logged_in in Hd. rewrite lookup_omap in Hd. rewrite lookup_omap in Hd'.
  destruct (store st !! n) as [s|] eqn:E; simplify_eq/=. exists s. split; [done|].
  destruct (t_others cfg st i n s E) as [H|H]; [|done]. exfalso. eapply Hn; eauto.
  intros E'. rewrite E' in Hd'. simpl in Hd'. congruence.
Qed.
Lemma saving_event cfg now d st e res : rule cfg now d st e = inr res →
  match e_op (r_effects res) with
  | Some (OpCreate _ _ _ _) | Some (OpRotate _ _ _ _) => ∃ r q, saves e r ∧ requests st !! r = Some q ∧ acting st e = Some q
  | Some (OpDeleteUser u x) => (e = OfManager (DeleteSessionsOf u) ∧ x = None) ∨ ∃ r, e = OfRequest r ExpireOtherSessions
  | _ => True end.
Proof.
  intros H. unfold acting, saves. rules H; simplify_eq/=; try done; eauto.
  all: match goal with Hq : requests _ !! ?r = Some ?q |- _ => exists r, q; rewrite Hq; eauto 10 end.
Qed.

Lemma omap_leaves (m m' : gmap N session) :
  (∀ n s', m' !! n = Some s' → ∃ s, m !! n = Some s ∧ (user s' = user s ∨ user s' = None)) →
  (omap user m' : who) ⊆ omap user m.
Proof.
  intros H. apply map_subseteq_spec. intros n u. rewrite !lookup_omap. destruct (m' !! n) as [s'|] eqn:E; [|done].
  destruct (H _ _ E) as (s & -> & [Hu|Hu]); simpl; congruence.
Qed.
Lemma omap_insert_some (m : gmap N session) i s u : user s = Some u → (omap user (<[i:=s]> m) : who) = <[i:=u]> (omap user m).
Proof.
  intros H. apply map_eq. intros n. rewrite lookup_omap. destruct (decide (i = n)) as [->|].
  - by rewrite !lookup_insert.
  - by rewrite !lookup_insert_ne, lookup_omap by done.
Qed.
Lemma omap_delete_ (m : gmap N session) i : (omap user (delete i m) : who) = delete i (omap user m).
Proof.
  apply map_eq. intros n. rewrite lookup_omap. destruct (decide (i = n)) as [->|].
  - by rewrite !lookup_delete.
  - by rewrite !lookup_delete_ne, lookup_omap by done.
Qed.
Lemma none_who (m : gmap N session) i : m !! i = None → (omap user m : who) !! i = None.
Proof. intros H. by rewrite lookup_omap, H. Qed.

Theorem t_who : strict_refines_who.
Proof.
  intros cfg st i. destruct (step_cases cfg st i) as [(why & H & E)|(res & H & E)].
  { exists []. rewrite E. simpl. split; [done|]. split; [lia|constructor]. }
  pose proof (rule_writes _ _ _ _ _ _ H) as W. pose proof (saving_event _ _ _ _ _ _ H) as V.
  assert (store (step cfg st i).1 = r_store res) as Es by by rewrite E.
  unfold logged_in. rewrite Es. clear E H.
  assert ((omap user (r_store res) : who) ⊆ omap user (store st) → ∃ l,
    does_all (omap user (store st)) l = Some (omap user (r_store res)) ∧ (length l ≤ 2)%nat ∧ Forall (allowed cfg st i) l) as Hleave.
  { intros Hs. exists [Leave (dom (logged_in st) ∖ dom (omap user (r_store res) : who))]. cbn [does_all].
    unfold logged_in at 1. rewrite leaves by done. split; [done|]. split; [simpl; lia|]. constructor; [|constructor].
    apply leaves_allowed. intros n s _. by rewrite Es. }
  inversion W as [E1 E2|n s Hn Ho Ht E1 E2|n s g left t Hn Hd Hi Hl Hq E1 E2|n old s Hn Ho Hi Hq E1 E2|
    from to old s g Hf Ht Hd Hi Hq E1 E2|n E1 E2|n E1 E2|n s h Hq Hs E1 E2|h E1 E2|h u E1 E2|u x E1 E2|E1 E2];
    rewrite <- E1 in V; clear W E1; try rewrite <- E2 in *.
  - apply Hleave. done.
  - apply Hleave. apply omap_leaves. intros n' s'. destruct (decide (n = n')) as [->|].
    + rewrite lookup_insert. intros [= <-]. exists s. split; [done|]. left. unfold touch. by case_match.
    + rewrite lookup_insert_ne by done. eauto.
  - assert (left ⊆ store st) as Hleft.
    { destruct Hl as [[-> _]|[[-> _]|(-> & _ & _)]]; [done| |]; apply map_filter_subseteq. }
    assert ((omap user left : who) ⊆ omap user (store st)) as Hlw.
    { apply omap_leaves. intros n' s' ?. exists s'. split; [by eapply lookup_weaken|by left]. }
    destruct V as (r & q & Hsv & Hrq & Hact). destruct Hq as (q0 & s0 & Hq0 & -> & Hs0).
    rewrite Hact in Hq0. injection Hq0 as <-.
    destruct (user s0) as [u|] eqn:Eu.
    + exists [Leave (dom (logged_in st) ∖ dom (omap user left : who)); Enter u n None]. cbn [does_all].
      unfold logged_in at 1. rewrite leaves by done. simpl.
      rewrite none_who; [|by eapply lookup_weaken_None]. rewrite (omap_insert_some _ _ _ u) by done.
      split; [done|]. split; [simpl; lia|]. constructor; [|constructor; [|constructor]].
      * apply leaves_allowed. rewrite Es. intros n' s' Hs' Hns. rewrite lookup_insert_ne by congruence. done.
      * simpl. split; [done|]. exists r, q. split; [done|]. split; [done|]. split; [|by left].
        destruct Hs0 as [Hs0|(m & l & Hm & Hm' & Hb & ->)]; [right; by eauto|left].
        rewrite apply_user in Eu. unfold begins in Hb. destruct (c_login (own q)) as [l0|] eqn:El; [|done]. eauto.
    + apply Hleave. apply map_subseteq_spec. intros n' u. rewrite lookup_omap. destruct (decide (n = n')) as [->|].
      * rewrite lookup_insert. simpl. congruence.
      * rewrite lookup_insert_ne by done. intros Hu. eapply lookup_weaken; [|exact Hlw]. by rewrite lookup_omap.
  - apply Hleave. apply omap_leaves. intros n' s' Hs'. destruct (decide (n = n')) as [->|].
    + rewrite lookup_insert in Hs'. injection Hs' as <-. exists old. split; [done|].
      destruct Hq as [[ts ->]|[[vs ->]|(q0 & mine & t & _ & _ & Hm & _ & -> & _)]]; [by left|by left|].
      unfold set_accessed. cbn [user]. rewrite apply_user. unfold moves, begins in Hm. destruct (c_login (own q0)) as [l|]; [right|by left].
      destruct (c_renews (own q0)), (l_user l); done.
    + rewrite lookup_insert_ne in Hs' by done. eauto.
  - destruct V as (r & q & Hsv & Hrq & Hact). destruct Hq as (q0 & mine & t & s0 & h & Hq0 & Hh & -> & _ & Hc).
    rewrite Hact in Hq0. injection Hq0 as <-.
    set (s1 := set_handle _ _) in *. assert (user s1 = user (apply (cap cfg) (own q) (r_addr q) s0)) as Eu by done.
    rewrite apply_user in Eu. assert (from ≠ to) as Hne by congruence. clearbody s1.
    assert (held_id q = Some from) as Hid by (unfold held_id; by rewrite Hh).
    destruct (user s1) as [u|] eqn:Eu1; cycle 1.
    { apply Hleave. apply map_subseteq_spec. intros n u. rewrite !lookup_omap. destruct (decide (to = n)) as [->|].
      - rewrite lookup_insert. simpl. congruence.
      - rewrite lookup_insert_ne by done. destruct (decide (from = n)) as [->|]; [by rewrite lookup_delete|].
        by rewrite lookup_delete_ne. }
    destruct (c_login (own q)) as [l|] eqn:El.
    + exists [Enter u to (Some from)]. cbn [does_all does]. rewrite none_who by done.
      rewrite (omap_insert_some _ _ _ u), omap_delete_ by done. split; [done|]. split; [simpl; lia|].
      constructor; [|constructor]. split; [done|]. exists r, q. split; [done|]. split; [done|]. split; [left; eauto|by right].
    + destruct Hc as [(_ & Hm & -> & _)|(l & Hb & _)]; [|by unfold begins in Hb; rewrite El in Hb].
      exists [Renew from to]. cbn [does_all does]. rewrite (none_who _ to) by done. rewrite lookup_omap, Hf. simpl. rewrite <- Eu.
      rewrite (omap_insert_some _ _ _ u), omap_delete_ by done. split; [done|]. split; [simpl; lia|].
      constructor; [|constructor]. split; [done|]. exists r, q. repeat split; try done.
      unfold moves, begins in Hm. rewrite El in Hm. by destruct (c_renews (own q)).
  - apply Hleave. apply omap_leaves. intros n' s' Hs'. rewrite lookup_delete_Some in Hs'. destruct Hs' as [? ?]. eauto.
  - apply Hleave. apply omap_leaves. intros n' s' Hs'. rewrite lookup_delete_Some in Hs'. destruct Hs' as [? ?]. eauto.
  - apply Hleave. apply omap_leaves. intros n' s' Hs'. rewrite lookup_delete_Some in Hs'. destruct Hs' as [? ?]. eauto.
  - apply Hleave. apply omap_leaves. intros n' s' Hs'. rewrite delete_where_lookup in Hs'. repeat case_match; simplify_eq; eauto.
  - apply Hleave. apply omap_leaves. intros n' s' Hs'. rewrite delete_where_lookup in Hs'. repeat case_match; simplify_eq; eauto.
  - exists [EndUser u x]. split; [|split; [simpl; lia|constructor; [|constructor]]].
    + cbn [does_all does]. f_equal. apply map_eq. intros n. rewrite lookup_omap, end_user_lookup.
      destruct (store st !! n) as [s|] eqn:E.
      * simpl. destruct (is_of u s && negb (bool_decide (Some n = x))) eqn:F.
        -- apply map_filter_lookup_None. right. intros u' Hu'. rewrite lookup_omap, E in Hu'. simpl in Hu' |- *.
           unfold is_of in F. prep. intros [?|?]; congruence.
        -- simpl. destruct (user s) as [u'|] eqn:Eu; [apply map_filter_lookup_Some|apply map_filter_lookup_None; left];
             rewrite ?lookup_omap, E; [|done]. split; [done|]. simpl.
           destruct (decide (Some n = x)); [by right|left]. rewrite (bool_decide_false (Some n = x)) in F by done.
           rewrite andb_true_r in F. unfold is_of in F. prep. congruence.
      * simpl. apply map_filter_lookup_None. left. by apply none_who.
    + exact V.
  - apply Hleave. apply omap_leaves. intros n' s' Hs'. rewrite delete_where_lookup in Hs'. repeat case_match; simplify_eq; eauto.
Qed.
