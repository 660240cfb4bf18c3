(** A login that no number guards, as the one machine has it, is the login of a driver as long as its number is right. *)
From Q Require Export Drivers Facts.
From Q Require Import Turns.

Definition guarded (l : option login) (b : bool) : option login := match l with
  | Some (Login (Some u) t (Some n)) => Some (Login (Some u) t (if b then Some 0 else None)) | l => l end.
(** The same request with such a login. *)
Definition whole (b : bool) (q : request) : request := set_own q (held q) (set_login (guarded (c_login (own q)) b) (own q)).
(** The number is only in the way of an operation. *)
Definition no_number (op : option store_op) : option store_op := match op with
  | Some (OpCreate i s g t) => Some (OpCreate i s None t) | Some (OpRotate i j s g) => Some (OpRotate i j s None) | op => op end.
Definition but_numbers (x y : refusal + result) (f : request → request → Prop) : Prop := match x, y with
  | inl a, inl b => b = a
  | inr a, inr b => r_store b = r_store a ∧ r_ended b = r_ended a ∧ answer_of (r_effects b) = answer_of (r_effects a) ∧
      no_number (e_op (r_effects b)) = no_number (e_op (r_effects a)) ∧
      match r_next a, r_next b with Some q, Some q' => f q q' | None, None => True | _, _ => False end
  | _, _ => False end.

Lemma begins_whole b ch : begins (set_login (guarded (c_login ch) b) ch) = guarded (begins ch) b.
Proof.
  unfold begins. destruct ch as [l k ? ? ? ?]. simpl. destruct l as [[[u|] t [n|]]|]; simpl; try done; by case_match.
Qed.
Lemma apply_whole c b ch a s : apply c (set_login (guarded (c_login ch) b) ch) a s = apply c ch a s.
Proof.
  unfold apply, apply_login. rewrite begins_whole. destruct ch as [l k ? ? ? ?]. simpl.
  unfold begins. simpl. by destruct l as [[[u|] t [n|]]|], k.
Qed.
Lemma whole_same b q : (∀ u t n, c_login (own q) ≠ Some (Login (Some u) t (Some n))) → whole b q = q.
Proof.
  intros H. destruct q as [h rc a sc rv [l k re vs gs ts]]. unfold whole, set_own, set_login. simpl in *.
  destruct l as [[[u|] t [n|]]|]; try done. by destruct (H u t n).
Qed.
Definition same_saves (x y : refusal + saved) : Prop := match x, y with
  | inl a, inl b => b = a
  | inr (m, o, c, k), inr (m', o', c', k') => m' = m ∧ c' = c ∧ k' = k ∧ no_number o' = no_number o
  | _, _ => False end.
Lemma same_saves_refl x : same_saves x x.
Proof. by destruct x as [|[[[? ?] ?] ?]]. Qed.
Lemma create_numbers cfg now d m s g g' : same_saves (create cfg now d m s g) (create cfg now d m s g').
Proof.
  unfold create, nothing_saved. destruct (negb (has_info s)); [done|]. destruct (negb (too_old cfg now s)); [|done]. cbv zeta.
  lazymatch goal with |- same_saves (if ?b then _ else _) _ => destruct b end; [|done]. by destruct (draw _ _ _) as [[? ?]|].
Qed.
Lemma rotate_numbers d m n s g g' : same_saves (rotate d m n s g) (rotate d m n s g').
Proof. unfold rotate. by destruct (draw _ _ _) as [[? ?]|]. Qed.
Lemma save_numbers cfg now d m q : same_saves (save cfg now d m q) (save cfg now d m (whole true q)).
Proof.
  destruct q as [h rc a sc rv [l k re vs gs ts]]. destruct l as [[[u|] t [n|]]|]; try apply same_saves_refl.
  change (whole true _) with (Request h rc a sc rv (Changes (Some (Login (Some u) t (Some 0))) k re vs gs ts)).
  unfold save. cbn [held own].
  destruct h as [[[i|] mine]|]; [|apply create_numbers|done].
  unfold unchanged, but_tokens. cbn [is_none c_login andb generation_of].
  unfold save_changes. destruct (find cfg now m i) as [old|].
  - change (guards_hold (Changes (Some (Login (Some u) t (Some 0))) k re vs gs ts) old)
      with (guards_hold (Changes (Some (Login (Some u) t (Some n))) k re vs gs ts) old).
    destruct (guards_hold _ _); [|done]. cbn [r_addr].
    change (apply (cap cfg) (Changes (Some (Login (Some u) t (Some 0))) k re vs gs ts) a old)
      with (apply (cap cfg) (Changes (Some (Login (Some u) t (Some n))) k re vs gs ts) a old).
    set (f := set_accessed _ _). destruct (_ <=? max_values cfg); [|done]. destruct (negb (has_info f)); [done|].
    change (moves (Changes (Some (Login (Some u) t (Some 0))) k re vs gs ts))
      with (moves (Changes (Some (Login (Some u) t (Some n))) k re vs gs ts)).
    destruct (moves _); [apply rotate_numbers|done].
  - unfold save_without_stored, but_tokens, begins. cbn [is_none c_login andb l_user negb orb c_keeps l_at r_addr].
    destruct (negb (bool_decide _) || _); [|done]. cbv zeta.
    change (apply (cap cfg) (Changes (Some (Login (Some u) t (Some 0))) k re vs gs ts) a (fresh a t))
      with (apply (cap cfg) (Changes (Some (Login (Some u) t (Some n))) k re vs gs ts) a (fresh a t)).
    change (guards_hold (Changes (Some (Login (Some u) t (Some 0))) k re vs gs ts) (fresh a t))
      with (guards_hold (Changes (Some (Login (Some u) t (Some n))) k re vs gs ts) (fresh a t)).
    destruct (guards_hold _ _); [|apply same_saves_refl]. set (f := apply _ _ _ _).
    destruct (m !! i) as [old|]; [|apply create_numbers]. destruct (negb (too_old _ _ _)); [|done].
    destruct (has_info _); [apply rotate_numbers|done].
Qed.

(** What asks whether a login stands. *)
Definition asks (e : request_event) : bool := match e with
  | FinishRequest (Successful | Interrupted) | ExpireOtherSessions | ExpireHandle _ => true | _ => false end.
Definition next_whole (b : bool) (e : request_event) (q q' : request) : Prop :=
  q' = whole (match e with SetUser _ | ExpireOtherSessions => true | _ => b end) q.
Lemma finish_numbers cfg now d m b q o f : (asks (FinishRequest o) = true → b = true) →
  but_numbers (finish_request cfg now d m q o) (finish_request cfg now d m (whole b q) o) f.
Proof.
  intros Hb. unfold finish_request. destruct o; [..|done|done].
  all: rewrite Hb by done; pose proof (save_numbers cfg now d m q) as H.
  all: destruct (save cfg now d m q) as [|[[[? ?] ?] ?]], (save cfg now d m (whole true q)) as [|[[[? ?] ?] ?]]; try done.
  all: destruct H as (-> & -> & -> & H); repeat split; done.
Qed.
Ltac inner y := match y with context [match ?z with _ => _ end] => inner z | _ => y end.
Ltac head x := lazymatch x with match ?y with _ => _ end => inner y | _ => x end.
Ltac decide_once := lazymatch goal with |- but_numbers ?x _ _ => let y := head x in
  lazymatch y with inl _ => fail | inr _ => fail | _ => destruct y end end; cbn [negb orb andb is_none]; try done;
  try (by repeat split).
Lemma turn_numbers cfg now d m g b q e : (asks e = true → b = true) →
  but_numbers (request_event_rule cfg now d m g q e) (request_event_rule cfg now d m ∅ (whole b q) e) (next_whole b e).
Proof.
  intros Hb. assert (∀ o, e = FinishRequest o →
    but_numbers (request_event_rule cfg now d m g q e) (request_event_rule cfg now d m ∅ (whole b q) e) (next_whole b e)) as Hf
    by (intros o ->; by apply finish_numbers).
  destruct q as [h rc a sc rv [l k0 re vs gs ts]].
  destruct e; try (by eapply Hf); clear Hf; simpl in Hb.
  all: change (whole b _) with (Request h rc a sc rv (Changes (guarded l b) k0 re vs gs ts)); simpl.
  all: unfold set_user, renew_session, set_value, remove_value, guard_value, has_form_token, take_value, remove_form_token,
    create_form_token, has_session_cookie, expire_session, expire_other_sessions, expire_handle, new_session, acting_user,
    end_own, discard_over, change_value, write_back, holding, held_id, go_on, next_whole, whole;
    cbn [held own r_cookie r_addr r_script revoked set_own c_login c_keeps c_renews c_values c_guards c_tokens].
  all: try (rewrite Hb by done; destruct l as [[[u|] t [n|]]|]; simpl).
  all: repeat decide_once.
  { destruct u as [u|]; rewrite ?lookup_empty; by repeat split. }
  1,2: destruct l as [[[u|] t [n1|]]|]; by repeat split.
  1: by repeat split.
  1: done.
  unfold next_generation. rewrite !lookup_alter, lookup_empty. destruct (bool_decide _); by repeat split.
Qed.
