(** What an accepted step does: of the start of a request, of its events, of its save, of the manager. *)
From Q Require Export Others.

Notation memory := (gmap N session) (only parsing).
Definition ended_by (op : option store_op) : option text :=
  match op with Some (OpDeleteUser u _) => Some u | _ => None end.
Notation plain r op n := (Effects r op None None n).

(** ** Starts *)

Inductive starts cfg now (m : memory) a : option N → option N * session → reply → option store_op → memory → Prop :=
| start_fresh c : (∀ n, c = Some n → m !! n = None) → starts cfg now m a c (None, fresh a now) (Started None) None m
| start_over n s : m !! n = Some s →
    starts cfg now m a (Some n) (None, fresh a now) (Started None) (Some (OpDiscard n)) (delete n m)
| start_found n s : m !! n = Some s → starts cfg now m a (Some n) (Some n, s) (Started (user s)) None m
| start_touched n s : m !! n = Some s → touched cfg now s = true →
    starts cfg now m a (Some n) (Some n, set_accessed s now) (Started (user s)) (Some (OpTouch n now))
      (<[n := set_accessed s now]> m).
Lemma bounded_same cfg c : cookie_id (bounded cfg c) = cookie_id c.
Proof. by destruct c as [[]|]. Qed.
Lemma start_cases cfg now m c a script p res : start cfg now m c a script p = inr res → ∃ h r op m',
  res = Result m' (Some (Request (Some h) (bounded cfg c) a script false no_changes)) None (plain r op 0) ∧
  starts cfg now m a (cookie_id c) h r op m'.
Proof.
  intros H. unfold start in H. rewrite bounded_same in H. unf H. cases H; prep; unfold touch in *.
  all: repeat match goal with E : touched _ _ _ = true |- context [touched _ _ _] => rewrite E end.
  all: rewrite ?lookup_delete in *; simplify_eq.
  all: eexists _, _, _, _; split; [reflexivity|]; try (by econstructor).
  all: try (apply start_fresh; intros ??; by simplify_eq).
Qed.

(** ** Events of a request, but for its end *)

Inductive assigns : request_event → text → option text → Prop :=
| assigns_set k v : assigns (SetValue k v) k (Some v)
| assigns_remove k : assigns (RemoveValue k) k None
| assigns_take k : assigns (TakeValue k) k None.
(** What is taken out of the store: of what is stored, of the copy, and the changes then. *)
Inductive takes (q : request) (s old : session) : request_event → session → session → changes → Prop :=
| takes_token t : t ∉ c_tokens (own q) → t ∈ tokens old → c_keeps (own q) = KeepAll →
    takes q s old (RemoveFormToken (Some t)) (set_tokens s (without (tokens s) t))
      (set_tokens old (without (tokens old) t)) (own q)
| takes_value k g : c_values (own q) !! k = None →
    takes q s old (TakeValue k) (set_values s (delete k (values s))) (set_values old (delete k (values old)))
      (set_guards (own q) g).
Inductive ends (m : memory) (s : session) : option N → option store_op → memory → Prop :=
| end_new : ends m s None None m
| end_gone n : m !! n = None → handle s = None → ends m s (Some n) None m
| end_stored n : is_Some (m !! n) → handle s = None → ends m s (Some n) (Some (OpDelete n)) (delete n m)
| end_here n h : is_Some (m !! n) → handle s = Some h → ends m s (Some n) (Some (OpDeleteHandle h None)) (delete n m)
| end_moved n h : m !! n = None → handle s = Some h →
    ends m s (Some n) (Some (OpDeleteHandle h None)) (delete_where (has_handle h) m).
Definition login_again (u : text) (g : N) (l : option login) : option login :=
  match l with
  | Some l => if bool_decide (l_user l = Some u) then Some (Login (l_user l) (l_at l) (Some g)) else Some l
  | None => None end.
Definition set_login l ch := Changes l (c_keeps ch) (c_renews ch) (c_values ch) (c_guards ch) (c_tokens ch).
Definition user_changed (q : request) (s : session) u now g : changes :=
  let k := between (user s) u in
  Changes (Some (Login u now (Some g))) (least (c_keeps (own q)) k) (c_renews (own q))
    (keep_values k (c_values (own q))) (keep_values k (c_guards (own q))) (keep_tokens k (c_tokens (own q))).

Inductive turns cfg now (d : draws) (m : memory) (q : request) : request_event → request → effects → memory → Prop :=
| turn_ask e r : (∃ t, e = HasFormToken t) ∨ (∃ b, e = HasSessionCookie b) →
    turns cfg now d m q e q (plain r None 0) m
| turn_user u g i s : held q = Some (i, s) →
    turns cfg now d m q (SetUser u)
      (set_own q (Some (i, set_handle (apply_login (user_changed q s u now g) (r_addr q)
         (drop_rest (between (user s) u) s)) (handle s))) (user_changed q s u now g)) (plain Done None 0) m
| turn_renew h : held q = Some h →
    turns cfg now d m q RenewSession (set_own q (Some h) (Changes (c_login (own q)) (c_keeps (own q)) true
      (c_values (own q)) (c_guards (own q)) (c_tokens (own q)))) (plain Done None 0) m
| turn_assign e k v i s r : held q = Some (i, s) → assigns e k v →
    turns cfg now d m q e
      (set_own q (Some (i, set_values s (match v with Some v => <[k := v]> (values s) | None => delete k (values s) end)))
        (record_value (own q) k v)) (plain r None 0) m
| turn_guard k g h : held q = Some h →
    turns cfg now d m q (GuardValue k) (set_own q (Some h) (set_guards (own q) g)) (plain Done None 0) m
| turn_token t n i s : held q = Some (i, s) → t ∈ d_tokens d →
    turns cfg now d m q CreateFormToken
      (set_own q (Some (i, set_tokens s (push (cap cfg) (tokens s) t)))
        (set_own_tokens (own q) (push (cap cfg) (c_tokens (own q)) t))) (plain (Token t) None n) m
| turn_spend t i s : held q = Some (i, s) → t ∈ c_tokens (own q) ∨ i = None ∧ t ∈ tokens s →
    turns cfg now d m q (RemoveFormToken (Some t))
      (set_own q (Some (i, set_tokens s (without (tokens s) t)))
        (set_own_tokens (own q) (without (c_tokens (own q)) t))) (plain Done None 0) m
| turn_write e n s old s' left ch r : held q = Some (Some n, s) → m !! n = Some old → takes q s old e s' left ch →
    has_info left = true →
    turns cfg now d m q e (set_own q (Some (Some n, s')) ch) (plain r (Some (OpUpdate n left)) 0) (<[n := left]> m)
| turn_empty e n s old s' left ch r : held q = Some (Some n, s) → m !! n = Some old → takes q s old e s' left ch →
    has_info left = false →
    turns cfg now d m q e
      (set_own q (Some (None, apply (cap cfg) ch (r_addr q) (set_handle (set_accessed left (accessed s)) None))) ch)
      (plain r (Some (OpDiscard n)) 0) (delete n m)
| turn_end e i s op m' : held q = Some (i, s) → e = ExpireSession ∨ (∃ h, e = ExpireHandle h ∧ handle s = Some h) →
    ends m s i op m' →
    turns cfg now d m q e (Request None None (r_addr q) (r_script q) true no_changes) (plain Done op 0) m'
| turn_others u x i s g l : held q = Some (i, s) → user s = Some u →
    (∀ l, c_login (own q) = Some l → is_Some (l_generation l)) → l = login_again u g (c_login (own q)) →
    turns cfg now d m q ExpireOtherSessions (set_own q (Some (i, s)) (set_login l (own q)))
      (plain Done (Some (OpDeleteUser u x)) 0) (end_user u x m)
| turn_handle h u : is_Some (held q) →
    turns cfg now d m q (ExpireHandle h) q (plain Done (Some (OpDeleteHandle h (Some u))) 0)
      (delete_where (λ s, has_handle h s && is_of u s) m)
| turn_new op m' : (∀ n, held_id q = Some n → m' !! n = None) →
    (op = None ∧ m' = m ∨ ∃ n, op = Some (OpDiscard n) ∧ m' = delete n m) →
    turns cfg now d m q NewSession (set_own q (Some (None, fresh (r_addr q) now)) no_changes) (plain Done op 0) m'.

Lemma not_among t q : among t q = false → t ∉ q.
Proof. rewrite <- among_spec. by destruct (among t q). Qed.
Lemma no_key {A} (m : gmap text A) k : has_key m k = false → m !! k = None.
Proof. unfold has_key. by intros ?%negb_false_iff%is_none_true. Qed.
Lemma turn_cases cfg now d m g q e res : request_event_rule cfg now d m g q e = inr res →
  (∀ o, e ≠ FinishRequest o) →
  ∃ q', r_next res = Some q' ∧ turns cfg now d m q e q' (r_effects res) (r_store res) ∧
    r_ended res = ended_by (e_op (r_effects res)).
Proof.
  intros H Hne. destruct e; simpl in H; try (by destruct (Hne o)); clear Hne; unf H; cases H; prep.
  all: (eexists; split; [reflexivity|]; split; [|reflexivity]).
  all: unfold has_handle in *; prep; simplify_eq/=.
  all: try (apply turn_ask; by eauto).
  all: try (eapply (turn_user cfg now d m q); eassumption).
  all: try (by eapply turn_renew).
  all: try (eapply (turn_assign _ _ _ _ _ _ _ (Some _)); [eassumption|constructor]).
  all: try (eapply (turn_assign _ _ _ _ _ _ _ None); [eassumption|constructor]).
  all: try (by eapply turn_guard).
  all: try (match goal with E : draw _ _ _ = Some _ |- _ => apply draw_in in E as (_ & _ & E) end;
    eapply turn_token; [eassumption|by eapply in_take]).
  all: try (eapply turn_handle; by eauto).
  all: try (eapply turn_write; [eassumption|eassumption|econstructor|assumption];
    first [assumption|by apply not_among|by apply no_key]).
  all: try (eapply turn_empty; [eassumption|eassumption|econstructor|assumption];
    first [assumption|by apply not_among|by apply no_key]).
  all: try (eapply turn_spend; [eassumption|]; prep; first [by left|by right|
    match goal with E : _ || _ = true |- _ => apply orb_true_iff in E as [E|E]; prep; by auto end]).
  all: try (eapply turn_end; [eassumption|first [by left|right; by eauto]|]; unfold stored in *; prep;
    first [by constructor|by eapply end_here|by eapply end_moved|rewrite delete_notin by done; by constructor]).
  all: try (eapply turn_others; [eassumption|eassumption|intros ??; simplify_eq; by eexists|];
    match goal with E : c_login _ = _ |- _ => rewrite E end; simpl; rewrite ?bool_decide_true, ?bool_decide_false by done; done).
  all: try (eapply turn_new; [|by eauto]; intros n' Hn'; simplify_eq;
    repeat match goal with H : _ ∨ _ |- _ => destruct H as [?|(? & ? & ?)] end; simplify_eq; rewrite ?lookup_delete; try done;
    match goal with H : over _ _ _ = false |- _ => apply not_over_not_old in H; congruence end).
  Unshelve. all: exact 0.
Qed.

(** ** Saves *)

(** What the changes of a request make of what is stored, or of the session with which they begin. *)
Inductive merges cfg now (m : memory) q : option session → session → Prop :=
| merges_new s : held q = Some (None, s) → merges cfg now m q None s
| merges_begun n mine l : held q = Some (Some n, mine) → m !! n = None → begins (own q) = Some l →
    merges cfg now m q None (apply (cap cfg) (own q) (r_addr q) (fresh (r_addr q) (l_at l)))
| merges_old n mine old l t : held q = Some (Some n, mine) → m !! n = Some old → is_too_old cfg now old →
    begins (own q) = Some l →
    accessed (apply (cap cfg) (own q) (r_addr q) (fresh (r_addr q) (l_at l))) <= t →
    merges cfg now m q None (set_accessed (apply (cap cfg) (own q) (r_addr q) (fresh (r_addr q) (l_at l))) t)
| merges_stored n mine old t : held q = Some (Some n, mine) → m !! n = Some old → ¬ is_too_old cfg now old →
    accessed (apply (cap cfg) (own q) (r_addr q) old) <= t →
    merges cfg now m q (Some old) (set_accessed (apply (cap cfg) (own q) (r_addr q) old) t).
(** Under which id it stood, if under one. *)
Definition onto (m : memory) q (n : N) := held_id q = Some n ∧ is_Some (m !! n).
Definition alive (ch : changes) := ∀ u t, c_login ch ≠ Some (Login (Some u) t None).

Inductive saves_as cfg now d (m : memory) q : option store_op → option cookie_change → memory → Prop :=
| save_nothing : (∀ s, held q = Some (None, s) → has_info s = false) →
    (∀ n s, held q = Some (Some n, s) → but_tokens (own q) = true ∧
      (c_tokens (own q) = [] ∨ ∀ o, m !! n = Some o → is_too_old cfg now o)) →
    saves_as cfg now d m q None None m
| save_empty s : merges cfg now m q None s → has_info s = false → (∀ n, held_id q = Some n → m !! n = None) →
    saves_as cfg now d m q None None m
| save_create i s g left t : merges cfg now m q None s → has_info s = true → alive (own q) →
    (∀ n, held_id q = Some n → m !! n = None) → m !! i = None → i ∈ d_ids d →
    ((left = m ∧ t = None) ∨ (left = delete_where (over cfg now) m ∧ t = Some now) ∨
     (left = delete_where (over cfg now) m ∧ t = None ∧ size left = size m)) →
    saves_as cfg now d m q (Some (OpCreate i (set_handle s (Some (d_handle d))) g t)) (Some (SetCookie i))
      (<[i := set_handle s (Some (d_handle d))]> left)
| save_update n old s : merges cfg now m q (Some old) s → onto m q n → has_info s = true → alive (own q) →
    moves (own q) = false → unchanged (own q) = false →
    saves_as cfg now d m q (Some (OpUpdate n s)) None (<[n := s]> m)
| save_rotate old n i s g : merges cfg now m q old s → onto m q n → has_info s = true → alive (own q) →
    (is_Some old → moves (own q) = true) → m !! i = None → i ∈ d_ids d →
    saves_as cfg now d m q (Some (OpRotate n i (set_handle s (Some (default (d_handle d) (handle s)))) g))
      (Some (SetCookie i)) (<[i := set_handle s (Some (default (d_handle d) (handle s)))]> (delete n m))
| save_discard old n s c : merges cfg now m q old s → onto m q n → has_info s = false → alive (own q) →
    unchanged (own q) = false → c = (if is_none (begins (own q)) then None else Some Revoke) →
    saves_as cfg now d m q (Some (OpDiscard n)) c (delete n m).

Ltac discarded := eapply save_discard; try done; by match goal with B : begins _ = _ |- _ => rewrite B end.
Lemma living ch g : generation_of ch = inr g → alive ch.
Proof. unfold generation_of, alive. intros H u t E. by rewrite E in H. Qed.
Lemma save_cases cfg now d m q m' op c n : save cfg now d m q = inr (m', op, c, n) → saves_as cfg now d m q op c m'.
Proof.
  intros H. unfold save in H. destruct (held q) as [[[i|] mine]|] eqn:Eh;
    [..|unfold nothing_saved in H; simplify_eq; apply save_nothing; intros *; by rewrite Eh].
  - destruct (unchanged (own q)) eqn:Eu.
    { unfold nothing_saved in H; simplify_eq. apply unchanged_spec in Eu as [? ?].
      apply save_nothing; intros *; rewrite Eh; [done|]. intros ?; simplify_eq. by auto. }
    destruct (generation_of (own q)) as [|g] eqn:Eg; [done|]. apply living in Eg.
    unfold save_changes in H. destruct (find cfg now m i) as [old|] eqn:Ef.
    + apply find_some in Ef as [Ei Eo]. apply too_old_false in Eo.
      assert (onto m q i) as Hon by (split; [unfold held_id; by rewrite Eh|by eexists]).
      cbv zeta in H. remember (set_accessed _ _) as s eqn:Es in H.
      assert (merges cfg now m q (Some old) s) as Hm by (subst s; eapply merges_stored; eauto; lia).
      clear Es. unfold rotate, discard in H. cases H; prep.
      all: first [discarded|eapply save_rotate; [..|by eapply in_take]; by eauto|by eapply save_update].
    + apply find_none in Ef. unfold save_without_stored, nothing_saved in H.
      destruct (but_tokens (own q)) eqn:Eb.
      { simplify_eq. apply save_nothing; intros *; rewrite Eh; [done|]. intros ?; simplify_eq. split; [done|]. right.
        intros o Ho. destruct Ef as [?|(? & ? & ?%too_old_spec)]; simplify_eq. done. }
      destruct (begins (own q)) as [l|] eqn:Ebg; [|done]. cbv zeta in H.
      remember (apply _ _ _ _) as s eqn:Es in H.
      destruct (m !! i) as [old|] eqn:Ei.
      * destruct Ef as [?|(? & ? & Eo%too_old_spec)]; [done|]. simplify_eq.
        remember (set_accessed _ _) as s1 eqn:E1 in H.
        assert (merges cfg now m q None s1) as Hm by (subst; eapply merges_old; eauto; lia).
        assert (onto m q i) as Hon by (split; [unfold held_id; by rewrite Eh|by eexists]).
        clear E1. unfold rotate, discard in H. cases H; prep.
        all: first [discarded|eapply save_rotate; [..|by eapply in_take]; eauto; by intros []].
      * assert (merges cfg now m q None s) as Hm by (subst; by eapply merges_begun).
        assert (∀ n, held_id q = Some n → m !! n = None) as Hid.
        { unfold held_id; rewrite Eh. intros. by simplify_eq. }
        clear Es. unfold create, nothing_saved in H. cases H; prep.
        all: first [by eapply save_empty|eapply save_create; [..|by eapply in_take|]; by eauto].
  - destruct (generation_of (own q)) as [|g] eqn:Eg; [done|]. apply living in Eg.
    assert (∀ n, held_id q = Some n → m !! n = None) as Hid by (unfold held_id; by rewrite Eh).
    assert (merges cfg now m q None mine) as Hm by (by apply merges_new).
    unfold create, nothing_saved in H. cases H; prep.
    all: first [by eapply save_empty|eapply save_create; [..|by eapply in_take|]; by eauto].
Qed.

(** ** Steps *)

Definition carried (q : request) := if revoked q then Some Revoke else None.
Inductive finishes cfg now d (m : memory) q : outcome → effects → memory → Prop :=
| finish_saved o c m' eff : o = Successful ∨ o = Interrupted → saves_as cfg now d m q (e_op eff) c m' →
    e_reply eff = Done → fst <$> e_cookie eff = match c with Some c => Some c | None => carried q end →
    finishes cfg now d m q o eff m'
| finish_dropped o eff : ¬ (o = Successful ∨ o = Interrupted) → e_op eff = None → e_reply eff = Done →
    fst <$> e_cookie eff = carried q ∨ o = Abandoned ∧ e_cookie eff = None → finishes cfg now d m q o eff m.
Lemma finish_cases cfg now d m q o res : finish_request cfg now d m q o = inr res →
  r_next res = None ∧ r_ended res = ended_by (e_op (r_effects res)) ∧ finishes cfg now d m q o (r_effects res) (r_store res).
Proof.
  intros H. unfold finish_request in H. destruct o.
  1,2: destruct (save cfg now d m q) as [|[[[m' op] c] n]] eqn:E; [done|]; apply save_cases in E; simplify_eq/=;
    (assert (ended_by op = None) as -> by (by inversion E)); split; [done|split; [done|]];
    eapply finish_saved; [by auto|exact E|done|]; simpl; unfold carried; by destruct c, (revoked q).
  all: simplify_eq/=; split; [done|split; [done|]]; apply finish_dropped; [by intros []|done|done|];
    simpl; unfold carried; destruct (revoked q); auto.
Qed.

Lemma manager_cases cfg now m e res : manager_rule cfg now m e = inr res →
  r_next res = None ∧ r_ended res = ended_by (e_op (r_effects res)) ∧ e_cookie (r_effects res) = None ∧
  written (e_op (r_effects res)) = None ∧
  r_store res = carry_out cfg (e_op (r_effects res)) m ∧
  ∀ n s, r_store res !! n = Some s → m !! n = Some s.
Proof.
  intros H. destruct e; simpl in H; unf H; cases H; (do 5 (split; [done|])); intros n' s';
    intros; lookups; repeat case_match; by simplify_eq.
Qed.

(** What the other requests, and the memory of all, see of a step. *)
Inductive happens cfg now d (st : state) : event → option request → effects → memory → Prop :=
| happens_start r c a script p h rp op m' : requests st !! r = None → starts cfg now (store st) a (cookie_id c) h rp op m' →
    happens cfg now d st (StartRequest r c a script p) (Some (Request (Some h) (bounded cfg c) a script false no_changes))
      (plain rp op 0) m'
| happens_turn r e q q' eff m' : requests st !! r = Some q → (∀ o, e ≠ FinishRequest o) →
    turns cfg now d (store st) q e q' eff m' → happens cfg now d st (OfRequest r e) (Some q') eff m'
| happens_finish r o q eff m' : requests st !! r = Some q → finishes cfg now d (store st) q o eff m' →
    happens cfg now d st (OfRequest r (FinishRequest o)) None eff m'
| happens_managed e eff m' : m' = carry_out cfg (e_op eff) (store st) → e_cookie eff = None → written (e_op eff) = None →
    (∀ n s, m' !! n = Some s → store st !! n = Some s) → happens cfg now d st (OfManager e) None eff m'.
Lemma rule_happens cfg now d st e res : rule cfg now d st e = inr res →
  r_ended res = ended_by (e_op (r_effects res)) ∧ happens cfg now d st e (r_next res) (r_effects res) (r_store res).
Proof.
  intros H. unfold rule in H. destruct e as [r c a script p|r e|e].
  - destruct (requests st !! r) eqn:Eq; simpl in H; [done|]. destruct (_ <? _); [|done].
    apply start_cases in H as (h & rp & op & m' & -> & Hs). simpl. split; [by inversion Hs|by constructor].
  - destruct (requests st !! r) as [q|] eqn:Eq; [|done]. assert ((∃ o, e = FinishRequest o) ∨ ¬ ∃ o, e = FinishRequest o) as [[o ->]|Hne]
      by (destruct e; first [right; by intros [? [=]]|left; by eexists]).
    + apply finish_cases in H as (-> & ? & ?). split; [done|]. by eapply happens_finish.
    + assert (∀ o, e ≠ FinishRequest o) as Hn by naive_solver.
      apply turn_cases in H as (q' & -> & ? & ?); [|done]. split; [done|]. by eapply happens_turn.
  - apply manager_cases in H as (-> & ? & ? & ? & ? & ?). split; [done|]. by apply happens_managed.
Qed.
