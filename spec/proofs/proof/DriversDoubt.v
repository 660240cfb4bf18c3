(** Each act of a driver is one step of the one machine, or none; and what is known of a write in doubt. *)
From Q Require Export DriversRefine.
From Q Require Import DriversTurn DriversEnds Turns Whole Writes Runs Sessions Steps.

(** ** The machine sees no doubts *)

Lemma beside_good cfg w b h st : good cfg w h st → good cfg (with_beside w b) h st.
Proof. intros []. by constructor. Qed.
(** What is beside the sessions has no part in it. *)
Ltac besides := repeat match goal with
  | |- good _ (hear _ _ _) _ _ => apply beside_good | |- good _ (note _ _ _) _ _ => apply beside_good
  | |- good _ (set_doubt _ _ _) _ _ => apply beside_good | |- good _ (in_vain _ _) _ _ => apply beside_good end.
Lemma note_own_good cfg w r op h st : good cfg w h st → good cfg (note_own r op w) h st.
Proof. intros G. unfold note_own. destruct (row_of op); simpl; [by besides|done]. Qed.

(** This is the state of that request. *)
Definition agrees (w : world) (r : N) (s : state) : Prop := store s = w_loaded w r ∧ requests s !! r = w_requests w !! r.
Lemma agrees_alone w r : agrees w r (alone w r).
Proof. split; [done|apply alone_request]. Qed.
Lemma agrees_put w r s : agrees (put w r s) r s.
Proof. split; [by rewrite put_loaded, decide_True|by rewrite put_request, decide_True]. Qed.
Lemma agrees_other w r r0 s s0 : r ≠ r0 → agrees w r0 s0 → agrees (put w r s) r0 s0.
Proof. intros N [E1 E2]. split; [by rewrite put_loaded, decide_False|by rewrite put_request, decide_False]. Qed.
Lemma same_good cfg w h st r s : good cfg w h st → agrees w r s → good cfg (put w r s) h st.
Proof.
  intros G [E1 E2]. assert (w_requests (put w r s) = w_requests w) as Er.
  { apply map_eq. intros r0. rewrite put_request. case_decide as E; [by subst|done]. }
  constructor; try apply G; rewrite ?Er; try apply G; intros r0; rewrite put_loaded; case_decide as E; try apply G; subst r0;
    rewrite E1; apply G.
Qed.
Lemma drops_good cfg w h st r : good cfg w h st → w_requests w !! r = None → good cfg (put w r init) h st.
Proof.
  intros G Hr. assert (w_requests (put w r init) = w_requests w) as Er.
  { apply map_eq. intros r0. rewrite put_request. case_decide as E; [by subst|done]. }
  constructor; try apply G; rewrite ?Er; try apply G; intros r0; rewrite put_loaded; case_decide as E; try apply G; subst r0; simpl.
  - intros n s s'. by rewrite lookup_empty.
  - intros q n. by rewrite Hr.
  - intros n. rewrite lookup_empty. by intros [].
Qed.
Lemma abandon_step cfg w r i st eff : abandons cfg w r i → step cfg (alone w r) i = (st, eff) →
  e_op eff = None ∧ requests st !! r = None ∧ is_final w r (i_event i) (e_reply eff).
Proof.
  intros [He _] E. unfold step, rule in E. rewrite He in E. destruct (requests (alone w r) !! r) as [q|] eqn:Eq; simplify_eq/=.
  - split; [done|]. rewrite lookup_partial_alter. split; [done|]. rewrite He. by split; [|intros].
  - split; [done|]. split; [done|]. rewrite He. by split; [|intros].
Qed.
Lemma abandoned_good cfg w h st r i : good cfg w h st → abandons cfg w r i → fresh_draws (occurs cfg st i :: h) →
  good cfg (abandoned cfg w r i) (occurs cfg st i :: h) (step cfg st i).1.
Proof.
  intros G Hab Hf. unfold abandoned. destruct (step cfg (alone w r) i) as [st1 eff] eqn:E.
  destruct (abandon_step _ _ _ _ _ _ Hab E) as (Ho & Hr & Hfin). destruct Hab as [He Hb].
  assert (is_of_driver w r (i_event i)) as Hof by (left; by rewrite He).
  pose proof (step_good cfg w h st r i st1 eff G Hof Hb E ltac:(left; done) Hf) as Hg. rewrite Ho in Hg.
  apply drops_good; [done|]. change (w_requests (put w r st1) !! r = None). by rewrite put_request, decide_True.
Qed.
Lemma after_good cfg w h st r i st1 eff op : good cfg w h st → carries_out cfg w r i st1 eff op →
  fresh_draws (occurs cfg st i :: h) → good cfg (after cfg w r i st1 eff op) (occurs cfg st i :: h) (step cfg st i).1.
Proof.
  intros G (_ & Hof & Hb & E & Ho & Hh & Ht & Hd & He) Hf.
  pose proof (step_good cfg w h st r i st1 eff G Hof Hb E ltac:(right; by eexists) Hf) as Hg. by rewrite Ho in Hg.
Qed.

(** ** Inputs *)

Lemma fewer (f : input → list N) a i b : NoDup ((a ++ i :: b) ≫= f) → NoDup ((a ++ b) ≫= f).
Proof.
  rewrite !bind_app, bind_cons, !NoDup_app. intros (? & H & (? & _ & ?)). split; [done|]. split; [|done].
  intros n Hn Hb. apply (H n Hn). apply elem_of_app. by right.
Qed.
Lemma fewer_inputs a i b : fresh_inputs (a ++ i :: b) → fresh_inputs (a ++ b).
Proof. intros (F1 & F2 & F3). split; [|split]; by eapply fewer. Qed.
Lemma said_fresh cfg w h st : good cfg w h st → fresh_inputs (inputs_of w) → fresh_draws h.
Proof.
  intros G (F1 & F2 & F3). apply given_fresh. assert (o_in <$> h = (w_said w).*1) as ->.
  { rewrite <- (g_said _ _ _ _ G), <- list_fmap_compose. done. }
  unfold inputs_of in *. rewrite bind_app in *. apply NoDup_app in F1 as (_ & _ & ?), F2 as (_ & _ & ?), F3 as (_ & _ & ?). done.
Qed.
Lemma said_more cfg w h st i eff s r : good cfg w h st → fresh_inputs (inputs_of (say i eff (put w r s))) →
  fresh_draws (occurs cfg st i :: h).
Proof.
  intros G (F1 & F2 & F3). apply given_fresh. csimpl. assert (o_in <$> h = (w_said w).*1) as ->.
  { rewrite <- (g_said _ _ _ _ G), <- list_fmap_compose. done. }
  unfold inputs_of in *. rewrite bind_app in *. apply NoDup_app in F1 as (_ & _ & ?), F2 as (_ & _ & ?), F3 as (_ & _ & ?). done.
Qed.
Lemma vain_not_said w i : fresh_inputs (inputs_of w) → i ∈ b_vain (w_beside w) → i ∉ (w_said w).*1.
Proof.
  intros (_ & _ & F) Hv Hs. unfold inputs_of in F. rewrite bind_app in F. apply NoDup_app in F as (_ & F & _).
  apply (F (d_handle (i_draws i))); apply elem_of_list_bind; exists i; by split; [apply elem_of_list_singleton|].
Qed.

(** ** What is known of a write in doubt *)

Definition given (w : world) := b_given (w_beside w).
Definition vain (w : world) := b_vain (w_beside w).
(** It was carried out, or it was not: what can be seen of either, later on. *)
Definition was_done (w : world) (h : list occurrence) (r : N) (x : doubt) : Prop :=
  (d_input x, answer_of (d_effects x)) ∈ w_said w ∧ agrees w r (d_after x) ∧ match d_op x with
  | OpUpdate i _ => ∃ k, marks w !! i = Some k ∧ d_mark x <= k
  | OpRotate i _ _ _ | OpDiscard i => is_Some (store (d_before x) !! i) → i ∈ ids_drawn h ∧ w_store w !! i = None
  | _ => True end.
Definition was_not (w : world) (r : N) (x : doubt) : Prop :=
  d_input x ∈ vain w ∧ agrees w r (d_before x) ∧ ∀ n, marks w !! n ≠ Some (d_mark x).
Definition known w h r x := d_mark x < given w ∧ (∀ k, d_compared x = Some k → k < d_mark x) ∧
  (was_done w h r x ∨ was_not w r x).
Record honest (w : world) (h : list occurrence) : Prop := {
  s_marks : ∀ n k, marks w !! n = Some k → k < given w;
  s_seen : ∀ r n k, b_seen (w_beside w) r !! n = Some k → k < given w;
  s_heard : ∀ i what, (i, what) ∈ heard w → match what with
    | Answered a => (i, a) ∈ w_said w | StoreFailed => i ∈ vain w | Unknown => i ∈ (w_said w).*1 ∨ i ∈ vain w end;
  s_doubts : ∀ r x, doubts w !! r = Some x → known w h r x }.

(** How the world goes on. *)
Record goes_on (w : world) h (w' : world) h' : Prop := {
  o_given : given w <= given w'; o_said : ∀ p, p ∈ w_said w → p ∈ w_said w'; o_vain : ∀ i, i ∈ vain w → i ∈ vain w';
  o_drawn : ∀ n, n ∈ ids_drawn h → n ∈ ids_drawn h';
  o_new : ∀ n k, marks w' !! n = Some k → marks w !! n = Some k ∨ given w <= k ∧ k < given w';
  o_old : ∀ n k, marks w !! n = Some k → ∃ k', marks w' !! n = Some k' ∧ (k' = k ∨ given w <= k');
  o_gone : ∀ n, n ∈ ids_drawn h → w_store w !! n = None → w_store w' !! n = None }.
Lemma goes_nowhere w w' h : given w <= given w' → w_said w' = w_said w → (∀ i, i ∈ vain w → i ∈ vain w') → marks w' = marks w →
  w_store w' = w_store w → goes_on w h w' h.
Proof. intros E1 E2 E3 E4 E5. constructor; rewrite ?E2, ?E4, ?E5; eauto. Qed.
Lemma goes_on_after cfg w h st r i st1 eff op : good cfg w h st → carries_out cfg w r i st1 eff op →
  fresh_draws (occurs cfg st i :: h) → goes_on w h (after cfg w r i st1 eff op) (occurs cfg st i :: h).
Proof.
  intros G Hc Hf. pose proof (after_good _ _ _ _ _ _ _ _ _ G Hc Hf) as G'.
  pose proof (fair_before _ _ _ _ (conj (g_run _ _ _ _ G') Hf)) as (_ & _ & _ & Hn).
  constructor; unfold given, vain, marks, after; simpl.
  - lia.
  - intros p Hp. by apply elem_of_cons; right.
  - done.
  - intros n Hd. apply elem_of_app. by right.
  - intros n k. destruct (row_of op) as [j|]; [|by left]. destruct (decide (j = n)) as [->|]; [|rewrite lookup_insert_ne by done; by left].
    rewrite lookup_insert. intros; simplify_eq. right. lia.
  - intros n k Hk. destruct (row_of op) as [j|]; [|eauto]. destruct (decide (j = n)) as [->|]; [|rewrite lookup_insert_ne by done; eauto].
    rewrite lookup_insert. eexists. split; [done|]. right. lia.
  - intros n Hd Hs. set (w1 := after cfg w r i st1 eff op) in *. change (w_store w1 !! n = None). destruct (w_store w1 !! n) eqn:E; [|done]. exfalso.
    rewrite <- (g_store _ _ _ _ G') in E. destruct (issued cfg st i n) as [Hi|Hi]; [by eexists| |by apply (Hn n)].
    rewrite (g_store _ _ _ _ G), Hs in Hi. by destruct Hi.
Qed.
Lemma goes_on_said w w' h o : given w <= given w' → (∃ p, w_said w' = p :: w_said w) → (∀ i, i ∈ vain w → i ∈ vain w') →
  marks w' = marks w → w_store w' = w_store w → goes_on w h w' (o :: h).
Proof.
  intros E1 [p E2] E3 E4 E5. constructor; rewrite ?E2, ?E4, ?E5; eauto.
  - intros p0 ?. apply elem_of_cons. by right.
  - intros n Hd. apply elem_of_app. by right.
Qed.
Lemma known_on w h w' h' r x : honest w h → goes_on w h w' h' → (∀ s, agrees w r s → agrees w' r s) →
  known w h r x → known w' h' r x.
Proof.
  intros S O A (K1 & K2 & K). split; [pose proof (o_given _ _ _ _ O); lia|]. split; [done|]. destruct K as [(D1 & D2 & D3)|(V1 & V2 & V3)].
  - left. split; [by apply (o_said _ _ _ _ O)|]. split; [by apply A|]. destruct (d_op x); try done.
    + destruct D3 as (k & Hk & Hm). destruct (o_old _ _ _ _ O _ _ Hk) as (k' & Hk' & Hor). exists k'. split; [done|destruct Hor; [by subst|lia]].
    + intros [Hd Hg]%D3. split; [by apply (o_drawn _ _ _ _ O)|by apply (o_gone _ _ _ _ O)].
    + intros [Hd Hg]%D3. split; [by apply (o_drawn _ _ _ _ O)|by apply (o_gone _ _ _ _ O)].
  - right. split; [by apply (o_vain _ _ _ _ O)|]. split; [by apply A|]. intros n Hn.
    destruct (o_new _ _ _ _ O _ _ Hn) as [Hn'|[Hn' _]]; [by apply (V3 n)|lia].
Qed.
Lemma honest_on w h w' h' : honest w h → goes_on w h w' h' → (∀ r n k, b_seen (w_beside w') r !! n = Some k → k < given w') →
  (∀ i what, (i, what) ∈ heard w' → (i, what) ∈ heard w ∨ match what with
    | Answered a => (i, a) ∈ w_said w' | StoreFailed => i ∈ vain w' | Unknown => i ∈ (w_said w').*1 ∨ i ∈ vain w' end) →
  (∀ r x, doubts w' !! r = Some x → (doubts w !! r = Some x ∧ ∀ s, agrees w r s → agrees w' r s) ∨ known w' h' r x) → honest w' h'.
Proof.
  intros S O Hs Hh Hd. constructor; [|done|..].
  - intros n k Hk. destruct (o_new _ _ _ _ O _ _ Hk) as [Hk'|[_ ?]]; [|done]. pose proof (s_marks _ _ S _ _ Hk'). pose proof (o_given _ _ _ _ O). lia.
  - intros i what Hw. destruct (Hh i what Hw) as [Ho|]; [|done]. pose proof (s_heard _ _ S _ _ Ho) as H. destruct what.
    + by apply (o_said _ _ _ _ O). + by apply (o_vain _ _ _ _ O).
    + destruct H as [H|H]; [left|right; by apply (o_vain _ _ _ _ O)]. apply elem_of_list_fmap in H as (p & -> & Hp).
      apply elem_of_list_fmap. exists p. split; [done|by apply (o_said _ _ _ _ O)].
  - intros r x Hx. destruct (Hd r x Hx) as [[Hx' A]|]; [|done]. eapply known_on; try done. by apply (s_doubts _ _ S).
Qed.
