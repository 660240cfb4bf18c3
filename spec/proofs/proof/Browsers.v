(** The claims about browsers. *)
From Q Require Export Clients Histories.
From Q Require Import Steps Sessions.

(** ** Jars and responses *)

Lemma elem_kept jars b n : n ∈ kept jars b ↔ ∃ path, jars !! (b, path) = Some n.
Proof.
  unfold kept. rewrite elem_of_list_bind. split.
  - intros ([[b' path] m] & Hn & Hin%elem_of_map_to_list). simpl in Hn. destruct (N.eqb_spec b' b) as [->|]; [|by apply elem_of_nil in Hn].
    apply elem_of_list_singleton in Hn as ->. eauto.
  - intros (path & Hn). exists ((b, path), n). simpl. rewrite N.eqb_refl. split; [by apply elem_of_list_singleton|].
    by apply elem_of_map_to_list.
Qed.
Lemma obey_lookup b c jars b' path n : obey b c jars !! (b', path) = Some n →
  jars !! (b', path) = Some n ∨ b' = b ∧ c = Some (SetCookie n, path).
Proof.
  unfold obey. destruct c as [[[i|] path']|]; [| |by left].
  - destruct (decide ((b, path') = (b', path))) as [E|].
    + rewrite E, lookup_insert. injection E as -> ->. intros [= ->]. by right.
    + rewrite lookup_insert_ne by done. by left.
  - intros [_ ?]%lookup_delete_Some. by left.
Qed.
Lemma obey_other b c jars b' path : b' ≠ b → obey b c jars !! (b', path) = jars !! (b', path).
Proof.
  intros H. unfold obey. destruct c as [[[i|] path']|]; [| |done]; [rewrite lookup_insert_ne|rewrite lookup_delete_ne]; congruence.
Qed.

(** ** What is so after every move *)

(** A request as its browser knows it, and as the machine does. *)
Definition seen (q : request) (a : asked) : Prop :=
  (a_ended a = true → revoked q = true) ∧
  (a_identity a = false → c_login (own q) = None ∧ c_renews (own q) = false ∧ revoked q = false ∧
     (a_anew a = false → is_Some (held_id q))).
(** Somebody is logged in under this id. *)
Definition is_in (st : state) (n : N) (u : text) : Prop := u ≠ "" ∧ ∃ s, store st !! n = Some s ∧ user s = Some u.
Definition right (p : text) (st : state) (x : response) : Prop :=
  (∀ c path, p_cookie x = Some (c, path) → path = p) ∧
  (p_ended x = true → ∀ n, p_sent x = Some n → ∃ c path, p_cookie x = Some (c, path) ∧ c ≠ SetCookie n) ∧
  (is_Some (p_cookie x) → p_may_bring x = true) ∧
  (∀ u, p_login x = Some u → ∃ n, logs_into x = Some n ∧ is_in st n u).
Record in_order (p : text) (w : world) : Prop := {
  o_open : ∀ r a, open w !! r = Some a → ∃ q, requests (machine w) !! r = Some q ∧ seen q a;
  o_way : ∀ x, x ∈ under_way w → right p (machine w) x;
  o_jars : ∀ b path n, jars w !! (b, path) = Some n → path = p;
  o_owed : ∀ b u, owed w !! b = Some u → ∃ n, jars w !! (b, p) = Some n ∧ is_in (machine w) n u }.

Lemma goes_run cfg w : goes cfg w → run cfg (so_far w) (machine w).
Proof.
  induction 1 as [|w m H IH]; [constructor|]. destruct m as [b i|k]; simpl.
  - assert (run cfg (occurs cfg (machine w) i :: so_far w) (step cfg (machine w) i).1) as Hr by by constructor.
    unfold happen. destruct (accepted _); simpl; [|done]. by destruct (i_event i) as [|r []|]; simpl.
  - unfold arrive. by destruct (under_way w !! k).
Qed.

(** ** An arrival *)

Lemma arrive_in_order p w k : in_order p w → in_order p (arrive w k).
Proof.
  intros [Ho Hw Hj Hd]. unfold arrive. destruct (under_way w !! k) as [x|] eqn:Ex; [|by constructor].
  assert (right p (machine w) x) as (Hp & _ & Hmay & Hl) by (by eapply Hw, elem_of_list_lookup_2).
  constructor; cbn.
  - done.
  - intros y Hy. apply Hw. rewrite delete_take_drop in Hy. rewrite <- (take_drop k (under_way w)), elem_of_app.
    apply elem_of_app in Hy as [?|Hy]; [by left|right]. rewrite (drop_S _ x) by done. by right.
  - intros b path n [?|[-> ?]]%obey_lookup; eauto.
  - intros b u Hb. unfold owed_then in Hb. destruct (decide (b = p_to x)) as [->|Hne].
    + destruct (p_login x) as [v|] eqn:El.
      * destruct (Hl _ eq_refl) as (n & Hn & Hi). case_match eqn:Ek; [|by rewrite lookup_delete in Hb].
        rewrite lookup_insert in Hb. injection Hb as <-. exists n. split; [|done].
        unfold logs_into in Hn. destruct (p_cookie x) as [[[i|] path]|] eqn:Ec; simplify_eq/=.
        { rewrite (Hp _ _ eq_refl). apply lookup_insert. }
        apply existsb_exists in Ek as (m & Hm%elem_of_list_In & Hs). apply bool_decide_eq_true in Hs. simplify_eq.
        apply elem_kept in Hm as [path Hm]. pose proof (Hj _ _ _ Hm) as ->. congruence.
      * destruct (p_cookie x) as [c|] eqn:Ec; simpl in *; [|by apply Hd].
        rewrite Hmay in Hb by (by eexists). by rewrite lookup_delete in Hb.
    + assert (owed w !! b = Some u) as Hb'.
      { revert Hb. destruct (p_login x); case_match; rewrite ?lookup_insert_ne, ?lookup_delete_ne by done; done. }
      rewrite obey_other by done. by apply Hd.
Qed.

(** ** The request that acts *)

Lemma turn_held cfg now d m q e q' eff m' t t' : turns cfg now d m q e q' eff m' → learn cfg now e eff t = Some t' →
  (∀ n, held_id q' = Some n → held_id q = Some n) ∧ t_sent t' = t_sent t ∧
  (held q' = None → t_user t' = None ∨ held q = None ∧ t_user t' = t_user t).
Proof.
  intros H Hl. inversion H; subst; unfold held_id; simpl in Hl;
    repeat match goal with E : _ ∨ _ |- _ => destruct E as [E|E] end;
    repeat match goal with E : ∃ _, _ |- _ => destruct E as [? E] | E : _ ∧ _ |- _ => destruct E as [? E] end; subst;
    try match goal with T : assigns _ _ _ |- _ => inversion T; subst end;
    try match goal with T : takes _ _ _ _ _ _ _ |- _ => inversion T; subst end; simplify_eq/=.
  all: try match goal with E : held _ = Some _ |- _ => rewrite E end.
  all: try match goal with E : ends _ _ _ _ _ |- _ => inversion E; subst end.
  all: split; [first [done|by intros ? [=]]|]; split; [done|first [by intros [=]|by auto]].
Qed.
(** What a request holds is what it came with, and whom it knows is whom it holds. *)
Lemma held_sent cfg h st : run cfg h st → fresh_draws h → ∀ r q t, requests st !! r = Some q → trail_of cfg h r = Some t →
  (∀ n, held_id q = Some n → t_sent t = Some n) ∧ (held q = None → t_user t = None).
Proof.
  induction 1 as [|h st i Hrun IH]; intros Hf r q t; [simpl; by rewrite lookup_empty|].
  pose proof (fresh_cons _ _ Hf) as (Hf0 & _). specialize (IH Hf0).
  cbn [trail_of]. unfold occurs, accepted, event_of, user_ended_by. cbn [o_eff o_in o_before o_after].
  destruct (step_cases cfg st i) as [(why & H & E)|(res & H & E)]; rewrite E in *; cbn [fst snd] in *.
  { simpl. apply IH. }
  destruct (rule_happens _ _ _ _ _ _ H) as [_ Hh].
  assert (match e_reply (r_effects res) with Refused _ => false | _ => true end = true) as ->.
  { destruct (e_reply (r_effects res)) eqn:Er; try done. by eapply not_refused in H. }
  cbn [negb]. intros Hq. destruct (decide (actor (i_event i) = Some r)) as [Ha|Ha].
  - assert (r_next res = Some q) as Hn by (rewrite Ha, conclude_request in Hq; done). clear Hq.
    rewrite bool_decide_true by done.
    destruct Hh as [r0 c a script p h0 rp op m' Hr Hs|r0 e q1 q' eff m' Hq1 Hne Ht|r0 o q1 eff m' Hq1 Hf1|]; simplify_eq/=; try done.
    + intros [= <-]. simpl. split; [|done]. intros n Hn. unfold held_id in Hn. simpl in Hn.
      assert (cookie_id c = Some n ∧ is_Some (store st !! n)) as [-> Hst].
      { destruct Hs; simplify_eq; split; try done; by eexists. }
      rewrite bool_decide_true; [done|]. by eapply stored_was_drawn.
    + destruct (trail_of cfg h r) as [t0|] eqn:Et; [simpl|done]. intros Hl. destruct (IH _ _ _ Hq1 Et) as [Hi Hu].
      destruct (turn_held _ _ _ _ _ _ _ _ _ _ _ Ht Hl) as (H1 & -> & H2). split; [by auto|].
      intros Hn. destruct (H2 Hn) as [?|[? ->]]; auto.
  - rewrite bool_decide_false by done. rewrite conclude_other in Hq by done.
    assert (∃ q0, requests st !! r = Some q0 ∧ held q = held q0) as (q0 & Hq0 & Eh).
    { destruct (r_ended res) as [u|]; [|by eauto]. apply fmap_Some in Hq as (q0 & ? & ->). exists q0. by rewrite end_login_held. }
    destruct (trail_of cfg h r) as [t0|] eqn:Et; [|done]. destruct (IH _ _ _ Hq0 Et) as [Hi Hu]. unfold held_id. rewrite Eh.
    intros Ht. assert (t_sent t = t_sent t0 ∧ t_user t = t_user t0) as [-> ->]; [|done].
    destruct (e_op (r_effects res)) as [[]|]; simplify_eq; try done. by case_bool_decide.
Qed.

Lemma turn_seen cfg now d m q e q' eff m' a : turns cfg now d m q e q' eff m' → seen q a → seen q' (go_on_asking e eff a).
Proof.
  intros H [He Hi]. unfold seen. inversion H; subst; simpl;
    repeat match goal with E : _ ∨ _ |- _ => destruct E as [E|E] end;
    repeat match goal with E : ∃ _, _ |- _ => destruct E as [? E] | E : _ ∧ _ |- _ => destruct E as [? E] end; subst; simpl;
    try match goal with T : assigns _ _ _ |- _ => inversion T; subst end;
    try match goal with T : takes _ _ _ _ _ _ _ |- _ => inversion T; subst end; simplify_eq/=;
    rewrite ?orb_false_r, ?orb_true_r; unfold held_id in *; simpl;
    try match goal with E : held q = Some _ |- _ => rewrite E in Hi end; try done.
  all: split; [done|intros E]; destruct (Hi E) as (? & ? & ? & Ha).
  all: repeat split; try done.
Qed.
Lemma end_login_seen u q a : seen q a → seen (end_login u never q) a.
Proof.
  intros [He Hi]. assert (revoked (end_login u never q) = revoked q) as Er by (unfold end_login; repeat case_match; done).
  unfold seen, held_id. rewrite Er, end_login_held. split; [done|]. intros Ha. destruct (Hi Ha) as (E & ? & ? & ?).
  destruct (end_login_own u never q) as [->|(v & at_ & g & E' & _)]; [done|congruence].
Qed.
Lemma ask_seen b o r c a script h0 :
  requests (o_after o) !! r = Some (Request (Some h0) c a script false no_changes) →
  seen (Request (Some h0) c a script false no_changes) (ask b o r).
Proof.
  intros Hq. split; [done|]. intros _. repeat split. unfold ask. rewrite Hq. simpl. destruct (held_id _); [by eexists|done].
Qed.

(** ** What is stored, and what becomes of it *)

Lemma has_user s u : user s = Some u → u ≠ "" → has_info s = true.
Proof. intros Hu Hn. unfold has_info. rewrite Hu. by destruct (String.eqb_spec u ""). Qed.
(** The save of a request that began no session goes onto the one that it holds. *)
Lemma plain_merges cfg now m q old s : c_login (own q) = None → is_Some (held_id q) → merges cfg now m q old s →
  ∃ old', old = Some old'.
Proof.
  intros Hl [n Hn] Hm. destruct old as [old|]; [by eexists|]. unfold held_id in Hn.
  apply merges_none in Hm as [Hm|(n' & mine & l & t & _ & Hb & _)]; [by rewrite Hm in Hn|].
  unfold begins in Hb. by rewrite Hl in Hb.
Qed.

Section step.
  Context (cfg : config) (h : list occurrence) (st : state) (i : input).
  Context (Hfair : fair_run cfg (occurs cfg st i :: h) (step cfg st i).1).
  Notation o := (occurs cfg st i).
  Notation st' := (step cfg st i).1.

  Lemma stays n : gone o n = false → is_Some (store st !! n) → is_Some (store st' !! n).
  Proof.
    unfold gone, is_stored. intros Hg [s Hs]. simpl in Hg. rewrite Hs in Hg. simpl in Hg.
    destruct (store st' !! n); [by eexists|done].
  Qed.
  Lemma in_later n u : is_in st n u → is_Some (store st' !! n) → is_in st' n u.
  Proof.
    intros (Hu & s & Hs & Hsu) [s' Hs']. split; [done|]. exists s'. split; [done|]. rewrite <- Hsu.
    by eapply t_one_user.
  Qed.
  Lemma right_forget p x : right p st x → right p st' (forget o x).
  Proof.
    intros (H1 & H2 & H3 & H4). split; [done|]. split; [done|]. split; [done|]. cbn [forget p_login]. intros u Hl.
    change (logs_into (forget o x)) with (logs_into x). destruct (logs_into x) as [n|] eqn:En.
    - destruct (gone o n) eqn:Eg; [done|]. destruct (H4 _ Hl) as (n' & [= <-] & Hi). exists n. split; [done|].
      apply in_later; [done|]. apply stays; [done|]. destruct Hi as (_ & s & ? & _). by eexists.
    - by destruct (H4 _ Hl) as (? & ? & _).
  Qed.
  (** A request that may not bring a cookie leaves alone who is logged in, and brings none. *)
  Lemma plain_stays e nx eff m' r q a n u :
    happens cfg (i_now i) (i_draws i) st (OfRequest r e) nx eff m' → requests st !! r = Some q → seen q a →
    may_bring (go_on_asking e eff a) = false → is_in st n u → is_Some (m' !! n).
  Proof.
    intros Hh Hq [_ Hi] Hm (Hu & s0 & Hs0 & Hsu). unfold may_bring in Hm. apply orb_false_iff in Hm as [Hm1 Hm2].
    inversion Hh as [|r0 e0 q0 q' eff0 m0 Hq0 Hne Ht|r0 oc q0 eff0 m0 Hq0 Hf|]; subst; simplify_eq.
    - inversion Ht; subst; simplify_eq/=; try (by eexists); try done.
      + rewrite lookup_insert_is_Some. destruct (decide (n0 = n)); [by left|right]. split; [done|by eexists].
      + exfalso. match goal with T : takes _ _ _ _ _ _ _ |- _ => inversion T; subst end; simpl in Hm1; by rewrite orb_true_r in Hm1.
      + match goal with E : _ ∨ _ |- _ => destruct E as [->|(? & -> & _)] end; done.
    - simpl in Hm1, Hm2. destruct (Hi Hm2) as (Hl & Hr & Hrv & Hid). specialize (Hid Hm1).
      destruct Hf as [oc c m0 eff _ Hs _ _|]; [|by eexists].
      assert (∀ old s, merges cfg (i_now i) (store st) q old s → ∃ old', old = Some old') as Hmg by (intros; by eapply plain_merges).
      destruct Hs as [|s Hms Hinf|i1 s g left x Hms|n1 old s Hms Hon|old n1 i1 s g Hms Hon Hinf Hal Hmv|old n1 s c Hms Hon Hinf].
      1, 2: by eexists.
      + by destruct (Hmg _ _ Hms).
      + rewrite lookup_insert_is_Some. destruct (decide (n1 = n)); [by left|right]. split; [done|by eexists].
      + exfalso. destruct (Hmg _ _ Hms) as [old' ->]. specialize (Hmv ltac:(by eexists)). unfold moves, begins in Hmv.
        by rewrite Hr, Hl in Hmv.
      + destruct (Hmg _ _ Hms) as [old' ->]. destruct (decide (n1 = n)) as [->|]; [|rewrite lookup_delete_ne by done; by eexists].
        exfalso. pose proof (merged_onto _ _ _ _ _ _ _ Hms Hon) as Ho. simplify_eq.
        apply merges_some in Hms as (n' & mine & at_ & _ & _ & -> & _). rewrite (has_user _ u) in Hinf; [done| |done].
        cbn [user set_accessed]. by rewrite apply_user, Hl.
  Qed.

  Lemma some_cookie c : fst <$> e_cookie (o_eff o) = Some c → ∃ path, e_cookie (o_eff o) = Some (c, path).
  Proof. destruct (e_cookie _) as [[c' path]|]; intros; simplify_eq/=. by eexists. Qed.
  Lemma no_cookie : fst <$> e_cookie (o_eff o) = None → e_cookie (o_eff o) = None.
  Proof. by destruct (e_cookie _). Qed.
  Lemma saved_cookie now d m q op n m' : saves_as cfg now d m q op (Some (SetCookie n)) m' → n ∈ d_ids d.
  Proof. intros H. inversion H; subst; try done. by destruct (is_none _). Qed.
  Lemma discarding_cookie now d m q n c m' : saves_as cfg now d m q (Some (OpDiscard n)) c m' →
    c = if is_none (begins (own q)) then None else Some Revoke.
  Proof. intros H. by inversion H. Qed.
  Lemma plain_save now d m q op c m' a : saves_as cfg now d m q op c m' → seen q a → may_bring a = false → c = None ∧ carried q = None.
  Proof.
    intros Hs [_ Hi] [Hm1 Hm2]%orb_false_iff. destruct (Hi Hm2) as (Hl & Hr & Hrv & Hid). specialize (Hid Hm1).
    split; [|unfold carried; by rewrite Hrv].
    assert (begins (own q) = None) as Hb by (unfold begins; by rewrite Hl).
    assert (∀ old s, merges cfg now m q old s → ∃ old', old = Some old') as Hmg by (intros; by eapply plain_merges).
    destruct Hs as [|s Hms Hinf|i1 s g left x Hms|n1 old s Hms Hon|old n1 i1 s g Hms Hon Hinf Hal Hmv|old n1 s c Hms Hon Hinf _ _ ->]; try done.
    - by destruct (Hmg _ _ Hms).
    - exfalso. destruct (Hmg _ _ Hms) as [old' ->]. specialize (Hmv ltac:(by eexists)). unfold moves in Hmv. by rewrite Hr, Hb in Hmv.
    - by rewrite Hb.
  Qed.
  Context (p : text) (Hpath : cookie_path cfg = Some p) (Hp : p ≠ "").

  Lemma respond_saved r q a t : saves (i_event i) r → accepted o = true → requests st !! r = Some q → seen q a →
    trail_of cfg h r = Some t → right p st' (respond a t o true).
  Proof.
    intros He Ha Hq Hseen Ht. pose proof (fair_before _ _ _ _ Hfair) as (Hrun & B & B' & Hi).
    pose proof (proj2 Hfair) as [Hf _]%fresh_cons.
    destruct (save_known _ _ _ _ _ Hfair He Ha) as (q' & t' & c & oc & Hq' & Ht' & Hag & Hs & Htd & [HA _] & _ & _ & _ & Hc & Hsv).
    simplify_eq. destruct (trail_run _ _ _ Hrun Hf _ _ Hq) as (t0 & Ht0 & _ & Hsent). simplify_eq.
    destruct (held_sent _ _ _ Hrun Hf _ _ _ Hq Ht) as [Hid Hnone].
    split; [|split; [|split]]; cbn [respond p_cookie p_ended p_sent p_login p_may_bring].
    - intros c0 path Hck. exact (t_revocation cfg p st i c0 path Hpath Hp Hck).
    - intros Hen n Hn. assert (∃ c0, fst <$> e_cookie (o_eff o) = Some c0 ∧ c0 ≠ SetCookie n) as (c0 & Hc0 & Hne).
      { destruct c as [c0|].
        - exists c0. split; [done|]. intros ->. apply saved_cookie in Hsv. by apply (Hi n), Hsent.
        - exists Revoke. split; [|done]. simpl. rewrite Hc. apply orb_true_iff in Hen as [Hen|[Hd Hb]%andb_true_iff].
          + destruct Hseen as [Hrv _]. unfold carried. by rewrite Hrv.
          + exfalso. apply bool_decide_eq_true in Hb. apply (begins_agrees _ _ _ Hag) in Hb as [l Hb].
            unfold discards in Hd. simpl in Hd. destruct (e_op _) as [[]|] eqn:Eop; try done.
            apply discarding_cookie in Hsv. by rewrite Hb in Hsv. }
      apply some_cookie in Hc0 as [path Hc0]. eauto.
    - intros [ck Hck]. destruct (may_bring a) eqn:Em; [done|exfalso].
      destruct (plain_save _ _ _ _ _ _ _ _ Hsv Hseen Em) as [-> Hcar]. simpl in Hc, Hck. by rewrite Hcar, Hck in Hc.
    - intros u Hu. destruct (t_user t) as [u'|] eqn:Eu; [|done]. case_match eqn:Econd; [|done]. injection Hu as ->.
      apply andb_true_iff in Econd as [[[_ Eid]%andb_true_iff Elost]%andb_true_iff Hne].
      apply negb_true_iff in Elost, Hne. apply String.eqb_neq in Hne.
      destruct (held q) as [[i0 s]|] eqn:Eh; [|by specialize (Hnone eq_refl)].
      assert (user s = Some u) as Hus by (destruct Hag as (_ & _ & _ & _ & _ & _ & _ & A8 & _); rewrite <- Eu; symmetry; by eapply A8).
      assert (∀ old s0, merges cfg (i_now i) (store st) q old s0 → user s0 = Some u) as Hmu.
      { intros old s0 Hm. rewrite <- Eu. apply (merged_is _ _ _ _ t _ _ Hm Hs Htd Hag). intros n o1 Ho1. by apply HA in Ho1 as [? _]. }
      assert (∀ n, held_id q = Some n → c = None → e_cookie (o_eff o) = None) as Hnoc.
      { intros n Hn ->. apply no_cookie. simpl. rewrite Hc. destruct Hs as (_ & Hrv & _). unfold carried.
        destruct (revoked q); [|done]. by rewrite Hrv in Hn. }
      assert (∀ n, c = Some (SetCookie n) → logs_into (respond a t o true) = Some n) as Hyes.
      { intros n ->. destruct (some_cookie (SetCookie n)) as [path E]; [done|]. unfold logs_into, respond. cbn [p_cookie]. by rewrite E. }
      assert (∀ n, held_id q = Some n → c = None → logs_into (respond a t o true) = Some n) as Hsame.
      { intros n Hn Hnc. unfold logs_into, respond. cbn [p_cookie p_sent]. rewrite (Hnoc _ Hn Hnc). by apply Hid. }
      clear Hc Ha. simpl in Elost. inversion Hsv as [Hv1 Hv2|s0 Hm Hin Hnn|i1 s0 g left x Hm Hin Hal Hnn Hfr Hdr Hl|n1 old s0 Hm Hon Hin
        |old n1 i1 s0 g Hm Hon Hin|old n1 s0 c1 Hm Hon Hin]; subst;
        try match goal with E : _ = store st' |- _ => rename E into Est end.
      + destruct i0 as [n|]; [|pose proof (Hv1 s Eh) as Hno; by rewrite (has_user s u Hus Hne) in Hno].
        assert (held_id q = Some n) as Hn by (unfold held_id; by rewrite Eh).
        exists n. split; [by apply Hsame|]. split; [done|].
        pose proof (Hnoc _ Hn eq_refl) as E. simpl in E. rewrite E, (Hid _ Hn) in Elost.
        assert (is_stored st' n = true) as Hst.
        { match goal with E : None = e_op _ |- _ => rewrite <- E in Elost end. simpl in Elost. by destruct (is_stored _ n). }
        unfold is_stored in Hst. destruct (store st' !! n) as [o1|] eqn:Eo; [|done]. exists o1. split; [done|].
        destruct (Hv2 _ _ Eh) as [(Hnl & _)%but_tokens_spec _]. destruct Hs as (Hk & _). rewrite <- Hus.
        assert (store st !! n = Some o1) as Eo' by congruence.
        destruct (Htd _ _ _ Eh Eo') as (_ & _ & Hu'). by rewrite Hk in Hu'.
      + by rewrite (has_user s0 u (Hmu _ _ Hm) Hne) in Hin.
      + exists i1. split; [by apply Hyes|]. split; [done|]. rewrite <- Est, lookup_insert. eexists. split; [done|]. by apply (Hmu _ _ Hm).
      + exists n1. destruct Hon as [Hon _]. split; [by apply Hsame|]. split; [done|]. rewrite <- Est, lookup_insert. eexists. split; [done|].
        by apply (Hmu _ _ Hm).
      + exists i1. split; [by apply Hyes|]. split; [done|]. rewrite <- Est, lookup_insert. eexists. split; [done|]. by apply (Hmu _ _ Hm).
      + by rewrite (has_user s0 u (Hmu _ _ Hm) Hne) in Hin.
  Qed.

  Lemma respond_failed r q a t : i_event i = OfRequest r (FinishRequest Failed) → requests st !! r = Some q → seen q a →
    right p st' (respond a t o false).
  Proof.
    intros He Hq Hseen.
    assert (e_op (step cfg st i).2 = None ∧ fst <$> e_cookie (step cfg st i).2 = carried q) as [Eop Hc].
    { unfold step. rewrite He. simpl. rewrite Hq. simpl. unfold carried. by destruct (revoked q). }
    split; [|split; [|split]]; cbn [respond p_cookie p_ended p_sent p_login p_may_bring].
    - intros c0 path Hck. exact (t_revocation cfg p st i c0 path Hpath Hp Hck).
    - unfold discards. simpl. rewrite Eop, orb_false_r. intros Hen n Hn. unfold carried in Hc. rewrite (proj1 Hseen Hen) in Hc.
      apply some_cookie in Hc as [path Hc]. eauto.
    - intros [ck Hck]. destruct (may_bring a) eqn:Em; [done|exfalso]. apply orb_false_iff in Em as [_ Em].
      destruct (proj2 Hseen Em) as (_ & _ & Hrv & _). unfold carried in Hc. rewrite Hrv in Hc. simpl in Hck. by rewrite Hck in Hc.
    - intros u. by destruct (t_user t).
  Qed.
End step.

(** ** A move of the machine *)

Section move.
  Context (cfg : config) (p : text) (w : world) (i : input) (res : result).
  Context (Hpath : cookie_path cfg = Some p) (Hp : p ≠ "") (Hw : in_order p w).
  Context (Hrule : rule cfg (i_now i) (i_draws i) (machine w) (i_event i) = inr res).
  Notation st := (machine w).
  Notation o := (occurs cfg st i).
  Notation st' := (step cfg st i).1.
  Context (Hfair : fair_run cfg (o :: so_far w) st').

  Lemma stepped : step cfg st i = (conclude st (actor (i_event i)) res, r_effects res).
  Proof. unfold step. by rewrite Hrule. Qed.
  Lemma happened : happens cfg (i_now i) (i_draws i) st (i_event i) (r_next res) (r_effects res) (store st').
  Proof. rewrite stepped. by apply rule_happens. Qed.
  Lemma own_open r : actor (i_event i) = Some r → requests st' !! r = r_next res.
  Proof. intros Hr. rewrite stepped, Hr. apply conclude_request. Qed.
  Lemma other_open r a : actor (i_event i) ≠ Some r → open w !! r = Some a → ∃ q, requests st' !! r = Some q ∧ seen q a.
  Proof.
    intros Hr (q & Hq & Hs)%(o_open _ _ Hw). rewrite stepped. cbn [fst]. rewrite conclude_other by done. rewrite Hq.
    destruct (r_ended res) as [u|]; simpl; eexists; (split; [done|]); [by apply end_login_seen|done].
  Qed.
  Lemma left_right x : x ∈ forget o <$> under_way w → right p st' x.
  Proof. intros (y & -> & Hy)%elem_of_list_fmap. eapply right_forget; [exact Hfair|]. by apply (o_way _ _ Hw). Qed.
  (** What is owed still. *)
  Lemma owed_right mine b u :
    (∀ a', mine = Some a' → ∃ r e q a, i_event i = OfRequest r e ∧ requests st !! r = Some q ∧ seen q a ∧
       a' = go_on_asking e (o_eff o) a) →
    filter (λ x, excused w o mine x.1 = false) (owed w) !! b = Some u →
    ∃ n, jars w !! (b, p) = Some n ∧ is_in st' n u.
  Proof.
    intros Hmine [Ho Hex]%map_filter_lookup_Some. simpl in Hex. destruct (o_owed _ _ Hw _ _ Ho) as (n & Hn & Hi).
    exists n. split; [done|]. eapply in_later; [exact Hfair|done|].
    assert (is_Some (store st !! n)) as Hst by (destruct Hi as (_ & s & ? & _); by eexists).
    assert (existsb (gone o) (kept (jars w) b) = false → is_Some (store st' !! n)) as Hstays.
    { intros Hno. apply (stays cfg); [|done]. destruct (gone o n) eqn:Eg; [|done].
      assert (existsb (gone o) (kept (jars w) b) = true); [|congruence]. apply existsb_exists. exists n. split; [|done].
      apply elem_of_list_In, elem_kept. by eexists. }
    unfold excused in Hex. destruct mine as [a'|]; [|by auto]. destruct (a_by a' =? b); [|by auto].
    apply orb_false_iff in Hex as [Hid Hex]. apply andb_false_iff in Hex as [Hnew|?]; [|by auto].
    destruct (Hmine _ eq_refl) as (r & e & q & a & He & Hq & Hs & ->).
    pose proof happened as Hh. rewrite He in Hh.
    assert (o_eff o = r_effects res) as Eff by (simpl; by rewrite stepped). rewrite Eff in Hid, Hnew.
    eapply plain_stays; try done. unfold may_bring. by rewrite Hid, Hnew.
  Qed.
End move.

Lemma happen_in_order cfg p w b i : cookie_path cfg = Some p → p ≠ "" → goes cfg w → in_order p w →
  fresh_draws (occurs cfg (machine w) i :: so_far w) → in_order p (happen cfg w b i).
Proof.
  intros Hpath Hp Hgo Hw Hfresh. pose proof (goes_run _ _ Hgo) as Hrun.
  assert (fair_run cfg (occurs cfg (machine w) i :: so_far w) (step cfg (machine w) i).1) as Hfair by (split; [by constructor|done]).
  pose proof (fair_before _ _ _ _ Hfair) as (_ & B & _ & Hi).
  destruct (step_cases cfg (machine w) i) as [(why & H & E)|(res & H & E)].
  { unfold happen, accepted, occurs. cbn [o_eff]. rewrite E. simpl. destruct Hw. by constructor. }
  assert (accepted (occurs cfg (machine w) i) = true) as Hacc.
  { unfold accepted, occurs. cbn [o_eff]. rewrite E. simpl. destruct (e_reply (r_effects res)) eqn:Er; try done. by eapply not_refused in H. }
  pose proof (happened _ _ _ _ H) as Hh. pose proof (own_open _ _ _ _ H) as Hown.
  pose proof (other_open _ p _ _ _ Hw H) as Hother. pose proof (left_right _ p _ _ Hw Hfair) as Hleft.
  pose proof (owed_right _ p _ _ _ Hw H Hfair) as Howed. pose proof (o_jars _ _ Hw) as Hj.
  unfold happen. rewrite Hacc. cbn [negb].
  set (o := occurs cfg (machine w) i) in *.
  assert (o_eff o = r_effects res) as Eff by (simpl; by rewrite E).
  destruct (i_event i) as [r c a script pas|r e|e] eqn:Ee; cbn [actor] in *.
  - inversion Hh as [r0 c0 a0 script0 p0 h0 rp op m' Hr Hs E1 E2| | |]; subst.
    constructor; cbn [machine open under_way jars owed]; [|done|done|intros b0 u; by apply (Howed None)].
    intros r0 a0 Ha0. destruct b as [b|]; [|apply Hother; [intros [= <-]|done]].
    + destruct (decide (r = r0)) as [<-|Hne]; [|rewrite lookup_insert_ne in Ha0 by done; apply Hother; [congruence|done]].
      rewrite lookup_insert in Ha0. injection Ha0 as <-. pose proof (Hown r eq_refl) as Hq. rewrite <- E2 in Hq.
      eexists. split; [exact Hq|]. by apply ask_seen.
    + destruct (o_open _ _ Hw _ _ Ha0) as (q & Hq & _). congruence.
  - assert (∃ q, requests (machine w) !! r = Some q) as [q Hq].
    { inversion Hh; subst; by eexists. }
    assert (∀ a0, open w !! r = Some a0 → seen q a0) as Hseen.
    { intros a0 Ha0. destruct (o_open _ _ Hw _ _ Ha0) as (q0 & Hq0 & ?). by simplify_eq. }
    assert (∀ a', go_on_asking e (o_eff o) <$> open w !! r = Some a' → ∃ r0 e0 q0 a, OfRequest r e = OfRequest r0 e0 ∧
      requests (machine w) !! r0 = Some q0 ∧ seen q0 a ∧ a' = go_on_asking e0 (o_eff o) a) as Hmine.
    { intros a' (a0 & Ha0 & ->)%fmap_Some. exists r, e, q, a0. auto. }
    assert ((∀ oc, e ≠ FinishRequest oc) → ∀ r0 a0, alter (go_on_asking e (o_eff o)) r (open w) !! r0 = Some a0 →
      ∃ q0, requests (step cfg (machine w) i).1 !! r0 = Some q0 ∧ seen q0 a0) as Hgoes.
    { intros Hne r0 a0 Ha0. destruct (decide (r = r0)) as [<-|Hn]; [|rewrite lookup_alter_ne in Ha0 by done; apply Hother; [congruence|done]].
      rewrite lookup_alter in Ha0. apply fmap_Some in Ha0 as (a1 & Ha1 & ->).
      inversion Hh as [|r1 e1 q1 q' eff m' Hq1 _ Ht E1 E2|r1 oc q1 eff m' Hq1 Hf E1|]; subst; [|by destruct (Hne oc)].
      exists q'. split; [by rewrite (Hown r eq_refl)|]. simplify_eq. rewrite Eff. eapply turn_seen; [exact Ht|]. by apply Hseen. }
    assert ((∃ oc, e = FinishRequest oc) ∨ ∀ oc, e ≠ FinishRequest oc) as [[oc ->]|Hne]
      by (destruct e; first [right; by intros ? [=]|left; by eexists]).
    2: { assert (in_order p (World (o :: so_far w) (o_after o) (jars w) (alter (go_on_asking e (o_eff o)) r (open w))
        (forget o <$> under_way w) (filter (λ x, excused w o (go_on_asking e (o_eff o) <$> open w !! r) x.1 = false) (owed w)))) as Hall.
      { constructor; cbn [machine open under_way jars owed]; [by apply Hgoes|done|done|intros ??; by apply Howed]. }
      destruct e as [| | | | | | | | | | | | | | | |oc|]; try exact Hall. by destruct (Hne oc). }
    constructor; cbn [machine open under_way jars owed].
    + intros r0 a0 [Hn Ha0]%lookup_delete_Some. apply Hother; [congruence|done].
    + intros x [Hx|Hx]%elem_of_app; [by apply Hleft|]. destruct oc, (open w !! r) as [a0|] eqn:Ha0; try by apply elem_of_nil in Hx.
      all: destruct (trail_of cfg (so_far w) r) as [t|] eqn:Et; [|by apply elem_of_nil in Hx].
      all: apply elem_of_list_singleton in Hx as ->.
      * eapply respond_saved; eauto. rewrite Ee. by left.
      * eapply respond_saved; eauto. rewrite Ee. by right.
      * eapply respond_failed; eauto.
    + done.
    + intros ??. by apply Howed.
  - constructor; cbn [machine open under_way jars owed]; [|done|done|intros b0 u; by apply (Howed None)].
    intros r0 a0. by apply Hother.
Qed.
Lemma goes_in_order cfg p w : cookie_path cfg = Some p → p ≠ "" → fairly_goes cfg w → in_order p w.
Proof.
  intros Hpath Hp [Hgo Hf]. induction Hgo as [|w m Hgo IH].
  { constructor; simpl; try (intros *; rewrite lookup_empty; done). intros x Hx. by apply elem_of_nil in Hx. }
  destruct m as [b i|k].
  - assert (so_far (happen cfg w b i) = occurs cfg (machine w) i :: so_far w) as Eso.
    { unfold happen. destruct (accepted _); simpl; [|done]. by destruct (i_event i) as [|r []|]. }
    simpl in Hf. rewrite Eso in Hf. apply happen_in_order; try done. apply IH. by apply fresh_cons in Hf as [? _].
  - apply arrive_in_order, IH. simpl in Hf. unfold arrive in Hf. by destruct (under_way w !! k).
Qed.

(** ** The claims *)

Theorem t_logout : logout_reaches_the_client.
Proof.
  intros cfg p w k x n Hpath Hp Hgo Hx Hen Hn. pose proof (goes_in_order _ _ _ Hpath Hp Hgo) as Hw.
  rewrite elem_kept. unfold arrive. rewrite Hx. cbn [jars]. intros (path & Hk).
  destruct (o_way _ _ Hw x) as (H1 & H2 & _); [by eapply elem_of_list_lookup_2|].
  destruct (H2 Hen _ Hn) as (c & path' & Hc & Hne). pose proof (H1 _ _ Hc) as ->. rewrite Hc in Hk.
  destruct (obey_lookup _ _ _ _ _ _ Hk) as [Hk'|[_ [= -> ->]]]; [|done]. apply (o_jars _ _ Hw) in Hk' as ->.
  unfold obey in Hk. destruct c as [i|]; [rewrite lookup_insert in Hk; congruence|by rewrite lookup_delete in Hk].
Qed.
Theorem t_still : still_logged_in.
Proof.
  intros cfg p w i b u r c a script passive Hpath Hp Hgo Hu He Hc Ha. pose proof (goes_in_order _ _ _ Hpath Hp Hgo) as Hw.
  destruct (o_owed _ _ Hw _ _ Hu) as (n & Hn & Hne & s & Hs & Hus). rewrite Hn in Hc.
  destruct (over cfg (i_now i) s) eqn:Hov; [right; exists n, s; by rewrite <- over_spec|left].
  revert Ha. unfold accepted, occurs. cbn [o_eff]. by_rule cfg (machine w) i; [done|intros _].
  rewrite He in H. simpl in H. unfold start in H. rewrite bounded_same, Hc in H. unf H. rewrite Hs, Hov in H. rewrite Hs, <- Hus in *.
  cases H; done.
Qed.
