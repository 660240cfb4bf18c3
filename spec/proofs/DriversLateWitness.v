(** Computed runs that meet the premises of the claims in DriversLate.v: an end that spares a session arrives twice; a
    session goes, or reaches its limit, while a save to it is in doubt; and a session is created that nobody waits for.
    *)
From Q Require Import DriversLate DriversWitness DriversLateRuns.

(** ** An end that spares a session *)

(** Request 1 logs in. Request 2 of that session ends the others; this is carried out, but not acknowledged. *)
Definition a1 := answers nothing_yet 1 (at_ 1 0 (start 1 None)).
Definition a2 := tells 1 "u" a1.
Definition a3 := answers a2 1 (at_ 2 1 (of 1 (SetUser (Some "u")))).
Definition a4 := writes a3 1 (at_ 3 2 (done_ 1)).                     (* id 1003 *)
Definition a5 := loads 2 1003 a4.
Definition a6 := answers a5 2 (at_ 5 3 (start 2 (Some (CookieId 1003)))).
Definition i7 := at_ 7 4 (of 2 ExpireOtherSessions).
Definition n7 := sent_at a6 2 i7.
Definition a7 := sends a6 2 i7.
Definition a8 := arrives a7 2 n7.
Definition a9 := finds a8 2 n7 [].
(** The same user logs in elsewhere. *)
Definition a10 := answers a9 3 (at_ 10 5 (start 3 None)).
Definition a11 := tells 3 "u" a10.
Definition a12 := answers a11 3 (at_ 12 6 (of 3 (SetUser (Some "u")))).
Definition a13 := writes a12 3 (at_ 13 7 (done_ 3)).                  (* id 1013 *)
Ltac logging u := apply (logs_in _ _ _ u); [computed|done|below|computed|computed|computed].
Ltac stands u := apply (told_login _ _ u); computed.
Ltac saving_login u := apply writes_act; [computed|]; apply carried; [computed|below|apply settled_step; computed|computed| |stands u|exact I|exact I].
Lemma b1 : act strict 1 nothing_yet a1. Proof. answering. Qed.
Lemma b2 : act strict 1 a1 a2. Proof. by apply Tells. Qed.
Lemma b3 : act strict 1 a2 a3. Proof. logging "u"%string. Qed.
Lemma new_login w i op n s g t : op = OpCreate n s g t → w_store w !! n = None → numbered w (user s) g → holds w i op.
Proof. by intros ->. Qed.
Lemma b4 : act strict 1 a3 a4. Proof. saving_login "u"%string. eapply new_login; computed. Qed.
Lemma b5 : act strict 2 a4 a5. Proof. by apply Loads. Qed.
Lemma b6 : act strict 2 a5 a6. Proof. answering. Qed.
Lemma b7 : act strict 2 a6 a7. Proof. sending. Qed.
Lemma n7_alone : sent_by a7 2 = [n7].
Proof. exact (is_alone a6 2 i7 ltac:(computed)). Qed.
Lemma n7_op : s_op n7 = OpDeleteUser "u" (Some 1003). Proof. computed. Qed.
Lemma b8 : act strict 2 a7 a8.
Proof.
  refine (arrives_act a7 2 n7 (elem_of_list_here _ _) (or_introl (conj n7_alone _)) _); [apply not_said; computed|].
  apply carried; [computed|below|apply arrived_step; computed|computed|rewrite n7_op; computed|without_login|by rewrite n7_op|].
  split; [without_login|]. intros n E _. vm_compute in E. injection E as <-. apply not_eq_None_Some. intros E. vm_compute in E. discriminate.
Qed.
Lemma b9 : act strict 2 a8 a9.
Proof. refine (finds_act a8 2 [] n7 [] _ (eq_trans (arrives_sent a7 2 n7 2) n7_alone) _); [computed|]. right. by left. Qed.
Lemma b10 : act strict 3 a9 a10. Proof. answering. Qed.
Lemma b11 : act strict 3 a10 a11. Proof. apply Tells. computed. Qed.
Lemma b12 : act strict 3 a11 a12. Proof. logging "u"%string. Qed.
Lemma b13 : act strict 3 a12 a13. Proof. saving_login "u"%string. eapply new_login; computed. Qed.
Example spared_reaches : reaches strict nothing_yet a13.
Proof.
  then_ b13. then_ b12. then_ b11. then_ b10. then_ b9. then_ b8. then_ b7. then_ b6. then_ b5. then_ b4. then_ b3. then_ b2. then_ b1. constructor.
Qed.
Example spared_is_fresh : fresh_world a13.
Proof. apply fresh_computed; computed. Qed.
(** It arrives once more. Request 9 could have asked for this, and what began since is over. *)
Example spared_twice : (2, n7) ∈ t_air (w_traffic a13) ∧ s_input n7 ∈ (w_said a13).*1 ∧ is_idle strict a13 9 ∧ N.of_nat (S (size (w_requests a13))) < max_requests strict ∧
  (λ s, (user s, over strict 8 s)) <$> w_store a13 !! 1003 = Some (Some "u"%string, false) ∧
  (λ p, p.1) <$> map_to_list (w_store a13) = [1003; 1013] ∧ number_of a13 "u" = 1 ∧
  (λ p, p.1) <$> map_to_list (w_store (write strict (s_op n7) a13)) = [1003] ∧ number_of (write strict (s_op n7) a13) "u" = 2.
Proof.
  split; [apply (elem_of_list_lookup_2 _ 0); computed|]. split; [apply (elem_of_list_lookup_2 _ 3); computed|].
  split; [split; [computed|split; [computed|split; [below|computed]]]|]. split; [computed|]. split; [computed|]. split; [computed|]. split; [computed|].
  rewrite n7_op. split; computed.
Qed.

(** ** A session that goes *)

(** Request 2 of the session that request 1 has stored renders a form, and its save is in doubt. Request 3 logs out. *)
Definition g4 := loads 2 1003 w3.
Definition g5 := answers g4 2 (at_ 5 3 (start 2 (Some (CookieId 1003)))).
Definition g6 := answers g5 2 (at_ 6 4 (of 2 CreateFormToken)).
Definition n8 := sent_at g6 2 (at_ 8 5 (done_ 2)).
Definition g8 := sends g6 2 (at_ 8 5 (done_ 2)).
Definition logs_out w := writes (answers (loads 3 1003 w) 3 (at_ 9 6 (start 3 (Some (CookieId 1003))))) 3 (at_ 10 7 (of 3 ExpireSession)).
(** The save does not arrive before that. Request 2 finishes over what is left. *)
Definition g10 := logs_out g8.
Definition g11 := reloaded g10 2 1003.
Definition g12 := misses g11 2.
Definition g13 := answers g12 2 (at_ 13 8 (done_ 2)).
(** The save arrives. The answer that request 2 gets over what is left is the answer of the save. *)
Definition f9 := arrives g8 2 n8.
Definition f10 := logs_out f9.
Definition f11 := reloaded f10 2 1003.
Definition f12 := finds f11 2 n8 [].
Lemma e4 : act strict 2 w3 g4. Proof. by apply Loads. Qed.
Lemma e5 : act strict 2 g4 g5. Proof. answering. Qed.
Lemma e6 : act strict 2 g5 g6. Proof. answering. Qed.
Lemma e8 : act strict 2 g6 g8. Proof. sending. Qed.
Lemma n8_alone : sent_by g8 2 = [n8].
Proof. exact (is_alone g6 2 (at_ 8 5 (done_ 2)) ltac:(computed)). Qed.
Lemma up_to_g8 : reaches strict nothing_yet g8.
Proof. then_ e8. then_ e6. then_ e5. then_ e4. then_ s3. then_ s2. then_ s1. constructor. Qed.
Lemma logout_sent w : sent_by (logs_out w) 2 = sent_by w 2.
Proof. unfold logs_out, writes, sees_written. by destruct (written_by _). Qed.
Ltac logging_out w := apply (reaches_next _ _ (answers (loads 3 1003 w) 3 (at_ 9 6 (start 3 (Some (CookieId 1003))))) _ 3);
  [apply (reaches_next _ _ (loads 3 1003 w) _ 3); [apply (reaches_next _ _ w _ 3); [|apply Loads; computed]|answering]|].
Lemma expires w r i h : doubt_of w r = None → actor (i_event i) = Some r → below_limits strict w r → op_at w r i = OpDeleteHandle h None →
  e_op (effects_at w r i) = Some (OpDeleteHandle h None) → login_stands w r → ends_in_time w r (i_event i) → act strict r w (writes w r i).
Proof.
  intros Hd Ha Hb Eo Ho Hl He. apply writes_act; [done|]. rewrite Eo. apply carried; try done. by apply settled_step.
Qed.
Ltac expiring := eapply expires; [computed|computed|below|computed|computed|without_login|exact I].
Lemma up_to_g10 : reaches strict nothing_yet g10.
Proof. logging_out g8; [exact up_to_g8|expiring]. Qed.
Lemma e11 : act strict 2 g10 g11. Proof. apply reloads_act. computed. Qed.
Lemma n8_still : sent_by g11 2 = [n8].
Proof. exact (eq_trans (reloaded_sent g10 2 1003 ltac:(computed)) (eq_trans (logout_sent g8) n8_alone)). Qed.
Lemma n8_op : ∃ s, s_op n8 = OpUpdate 1003 s. Proof. eexists. computed. Qed.
Lemma e12 : act strict 2 g11 g12.
Proof.
  apply misses_act; [computed|]. apply (the_only n8); [exact n8_still|]. right. split; [apply not_said; computed|].
  destruct n8_op as [s E]. rewrite E. intros E'. apply (f_equal (fmap name)) in E'. vm_compute in E'. discriminate E'.
Qed.
Lemma e13 : act strict 2 g12 g13. Proof. answering. Qed.
Example gone_reaches : reaches strict nothing_yet g13.
Proof. then_ e13. then_ e12. then_ e11. exact up_to_g10. Qed.
Example gone_is_fresh : fresh_world g13.
Proof. apply fresh_computed; computed. Qed.
Lemma e9 : act strict 2 g8 f9. Proof. arriving g8 2 n8; [exact n8_alone|computed]. Qed.
Lemma up_to_f10 : reaches strict nothing_yet f10.
Proof. logging_out f9; [then_ e9; exact up_to_g8|expiring]. Qed.
Lemma d11 : act strict 2 f10 f11. Proof. apply reloads_act. computed. Qed.
Lemma n8_arrived : sent_by f11 2 = [n8].
Proof.
  exact (eq_trans (reloaded_sent f10 2 1003 ltac:(computed)) (eq_trans (logout_sent f9) (eq_trans (arrives_sent g8 2 n8 2) n8_alone))).
Qed.
Lemma d12 : act strict 2 f11 f12.
Proof. refine (finds_act f11 2 [] n8 [] _ n8_arrived _); [computed|]. right. apply (elem_of_list_lookup_2 _ 2). computed. Qed.
Example arrived_reaches : reaches strict nothing_yet f12.
Proof. then_ d12. then_ d11. exact up_to_f10. Qed.
Example arrived_is_fresh : fresh_world f12.
Proof. apply fresh_computed; computed. Qed.
Example nothing_is_asked : let i := at_ 13 8 (done_ 2) in
  store (d_now (doubt_at g11 2)) !! 1003 = None ∧ e_op (effects_at g11 2 i) = None ∧ e_reply (effects_at g11 2 i) = Done ∧
  store (d_now (doubt_at f11 2)) !! 1003 = None ∧ e_op (effects_at f11 2 i) = None ∧ e_reply (effects_at f11 2 i) = Done.
Proof. repeat split; computed. Qed.
(** So its second try and its first get the same answer, and nothing is left. *)
Example it_hears_the_same : (λ p, (name p.1, p.2)) <$> head (t_heard (w_traffic g13)) = Some (5013, Says (Done, Some Commit, None)) ∧
  (λ p, (name p.1, p.2)) <$> head (t_heard (w_traffic f12)) = Some (5008, Says (Done, Some Commit, None)) ∧
  map_to_list (w_store g13) = [] ∧ map_to_list (w_store f12) = [].
Proof. repeat split; computed. Qed.

(** ** A session that has reached its limit *)

(** Nobody logs out. Twelve hours later the save of request 2 is neither acknowledged nor found, and the request is
    answered without it. Then the save arrives. *)
Definition twelve_hours : time := 43200000.
Definition again := at_ 11 twelve_hours (done_ 2).
Lemma n8_updates : would_update (doubt_at g8 2) (done_ 2) 1003 (at_ 3 2 (done_ 1)).
Proof.
  assert (d_sent (doubt_at g8 2) = [n8]) as E by (rewrite sent_known by computed; exact n8_alone).
  unfold would_update. rewrite E. split; [destruct n8_op as [s Es]; exists n8, s; split; [by left|exact Es]|].
  intros m ->%elem_of_list_singleton. split; computed.
Qed.
Example past_the_limit : let now := d_now (doubt_at g8 2) in find strict twelve_hours (store now) 1003 = None ∧
  is_none (store now !! 1003) = false ∧ is_of_driver g8 2 (done_ 2) ∧ below_limits strict (put g8 2 now) 2 ∧
  answer_of (effects_at g8 2 again) = (Done, Some Commit, None) ∧ e_op (effects_at g8 2 again) = None ∧ fresh_world g8.
Proof.
  do 2 (split; [computed|]). split; [by left|]. split; [below|]. do 2 (split; [computed|]). apply fresh_computed; computed.
Qed.
Lemma arrives_doubts w r m r0 : doubt_of (arrives w r m) r0 = doubt_of w r0.
Proof. done. Qed.
(** The save was not carried out before that. It is carried out then, with the token that was rendered. *)
Definition tokens_of (w : world) : list token := default [] (tokens <$> w_store w !! 1003).
Example it_arrives_past_it : act strict 2 g8 f9 ∧ s_input n8 ∉ (w_said g8).*1 ∧ s_input n8 ∈ (w_said f9).*1 ∧
  doubt_of f9 2 = doubt_of g8 2 ∧ tokens_of g8 = [] ∧ tokens_of f9 = [3006].
Proof.
  split; [exact e9|]. split; [apply not_said; computed|]. split; [apply (elem_of_list_lookup_2 _ 0); computed|].
  split; [apply arrives_doubts|]. split; computed.
Qed.
(** A request that comes with its cookie finds nothing, as if the token were not there, and ends the session. *)
Definition visitor := at_ 12 twelve_hours (start 3 (Some (CookieId 1003))).
Example nobody_finds_it : (λ s, too_old strict twelve_hours s) <$> w_store f9 !! 1003 = Some true ∧
  effects_at (loads 3 1003 f9) 3 visitor = effects_at (loads 3 1003 g8) 3 visitor ∧
  effects_at (loads 3 1003 f9) 3 visitor = Effects (Started None) (Some (OpDiscard 1003)) None None 0 ∧
  Forall (λ t, t ∉ d_tokens (i_draws visitor)) (tokens_of f9).
Proof. do 3 (split; [computed|]). apply (bool_decide_unpack _). computed. Qed.

(** ** A session that nobody asked for *)

(** The driver of request 1 looks in vain for what it would create, and creates another. Then the first arrives. *)
Definition c3 := sends w2 1 (at_ 3 2 (done_ 1)).
Definition k3 := sent_at w2 1 (at_ 3 2 (done_ 1)).
Definition c4 := misses c3 1.
Definition c5 := writes c4 1 (at_ 5 3 (done_ 1)).                     (* id 1005 *)
Definition came : session := default (fresh "" 0) (store (s_after k3) !! 1003).
Definition c6 := comes_late (at_ 3 2 (done_ 1)) 1003 came c5.
Lemma h3 : act strict 1 w2 c3. Proof. sending. Qed.
Lemma k3_op : ∃ s, s_op k3 = OpCreate 1003 s None None. Proof. eexists. computed. Qed.
Lemma h4 : act strict 1 c3 c4.
Proof.
  apply misses_act; [computed|]. apply (the_only k3); [exact (is_alone w2 1 (at_ 3 2 (done_ 1)) ltac:(computed))|]. left.
  destruct k3_op as [s E]. unfold is_missed, looks_in_time. rewrite E. split; [computed|].
  intros Hi. exfalso. revert Hi. apply not_said. computed.
Qed.
Lemma h5 : act strict 1 c4 c5. Proof. writing. creating. Qed.
Lemma only_one : only [1] c5.
Proof.
  apply (only_act _ 1 c4 _ h5), (only_act _ 1 c3 _ h4), (only_act _ 1 w2 _ h3), (only_act _ 1 w1 _ s2), (only_act _ 1 nothing_yet _ s1);
    try apply (elem_of_list_here 1 []). by intros r.
Qed.
Example it_comes_late : reaches_late strict [(at_ 3 2 (done_ 1), 1003)] c6.
Proof.
  assert (∀ w w' r, reaches_late strict [] w → act strict r w w' → reaches_late strict [] w') as Hact
    by (intros w w' r H Ha; eapply late_act; [exact H|exact Ha|constructor]).
  apply late_create.
  - apply (Hact _ _ _ (Hact _ _ _ (Hact _ _ _ (Hact _ _ _ (Hact _ _ _ (nothing_late strict) s1) s2) h3) h4) h5).
  - apply (elem_of_list_lookup_2 _ 1). computed.
  - apply (elem_of_list_here 1003).
  - intros r m Hm. assert (t_air (w_traffic c5) = []) as E by computed. rewrite E in Hm. by apply elem_of_nil in Hm.
  - computed.
  - split; [|split].
    + intros r. destruct (decide (r = 1)) as [->|Hr]; [computed|]. destruct (only_one r) as [-> _]; [by rewrite elem_of_list_singleton|apply lookup_empty].
    + intros r d Hd. exfalso. destruct (decide (r = 1)) as [->|Hr]; [vm_compute in Hd; discriminate Hd|].
      destruct (only_one r) as [_ E]; [by rewrite elem_of_list_singleton|]. congruence.
    + intros r m Hm. assert (t_air (w_traffic c5) = []) as E by computed. rewrite E in Hm. by apply elem_of_nil in Hm.
Qed.
Example late_is_fresh : fresh_late [(at_ 3 2 (done_ 1), 1003)] c6.
Proof.
  split; [apply fresh_computed; computed|]. intros i n j [= -> ->]%elem_of_list_singleton Hj Hn.
  assert (Forall (λ j, j = at_ 3 2 (done_ 1) ∨ bool_decide (1003 ∈ d_ids (i_draws j)) = false) (t_tried (w_traffic c6))) as F.
  { change (t_tried (w_traffic c6)) with [at_ 5 3 (done_ 1); at_ 3 2 (done_ 1); at_ 2 1 (of 1 (SetValue "k" "v")); at_ 1 0 (start 1 None)].
    repeat constructor; first [by left|right; computed]. }
  rewrite Forall_forall in F. destruct (F j Hj) as [?|F']; [done|]. apply bool_decide_eq_false in F'. done.
Qed.
(** Two sessions are stored, one cookie was sent, and a sweep ends both in their time. *)
Example what_came : (λ p, p.1) <$> map_to_list (w_store c6) = [1003; 1005] ∧ (λ p, p.1) <$> map_to_list (w_store (without_late [(at_ 3 2 (done_ 1), 1003)] c6)) = [1005] ∧
  omap (λ p, p.2.2) (w_said c6) = [(SetCookie 1005, "/"%string)] ∧
  map_to_list (w_store (write strict (OpDiscardOver 99999999) c6)) = [].
Proof. repeat split; computed. Qed.
