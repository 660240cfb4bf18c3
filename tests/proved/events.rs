//! Events as values of the proved machine.

use quixote_session::{Config, Event, Input, ManagerEvent, Outcome, RequestEvent};

use super::machine::*;
use super::value::Value;
use super::words::{Words, moment, number, truth};

impl Words {
    pub(crate) fn input(&mut self, of: &Input, config: &Config) -> Value {
        let draws = self.draws(&of.entropy, config);
        make_input(moment(of.now), draws, self.event(&of.event))
    }

    fn event(&mut self, of: &Event) -> Value {
        match of {
            Event::StartRequest { request, cookie, remote_addr, script_name, passive } => {
                make_start_request(
                    number(request.0),
                    super::words::option(cookie.as_ref(), |cookie| self.cookie(cookie)),
                    self.text(remote_addr),
                    self.text(script_name),
                    truth(*passive),
                )
            }
            Event::Request { request, event } => {
                make_of_request(number(request.0), self.request_event(event))
            }
            Event::Manager(event) => make_of_manager(self.manager_event(event)),
        }
    }

    fn request_event(&mut self, of: &RequestEvent) -> Value {
        match of {
            RequestEvent::SetUser { user } => make_set_user(self.optional(user.as_ref())),
            RequestEvent::RenewSession => make_renew_session(),
            RequestEvent::SetValue { key, value } => {
                make_set_value(self.text(key), self.text(value))
            }
            RequestEvent::RemoveValue { key } => make_remove_value(self.text(key)),
            RequestEvent::TakeValue { key } => make_take_value(self.text(key)),
            RequestEvent::GuardValue { key } => make_guard_value(self.text(key)),
            RequestEvent::CreateFormToken => make_create_form_token(),
            RequestEvent::HasFormToken { token } => make_has_form_token(self.submitted(*token)),
            RequestEvent::RemoveFormToken { token } => {
                make_remove_form_token(self.submitted(*token))
            }
            RequestEvent::HasSessionCookie { must_exist } => {
                make_has_session_cookie(truth(*must_exist))
            }
            RequestEvent::RevokeSessionCookie => make_revoke_session_cookie(),
            RequestEvent::ExpireSession => make_expire_session(),
            RequestEvent::ExpireOtherSessions => make_expire_other_sessions(),
            RequestEvent::ExpireHandle { handle } => make_expire_handle(self.handle(*handle)),
            RequestEvent::NewSession => make_new_session(),
            RequestEvent::MaintainSession => make_maintain_session(),
            RequestEvent::FinishRequest { outcome } => make_finish_request(match outcome {
                Outcome::Successful => make_successful(),
                Outcome::Interrupted => make_interrupted(),
                Outcome::Failed => make_failed(),
                Outcome::Abandoned => make_abandoned(),
            }),
            RequestEvent::InsertSession { id, user } => {
                make_insert_session(self.id(*id), self.optional(user.as_ref()))
            }
        }
    }

    fn manager_event(&mut self, of: &ManagerEvent) -> Value {
        match of {
            ManagerEvent::DeleteSession { id } => make_delete_session(self.id(*id)),
            ManagerEvent::DeleteHandle { handle } => make_delete_handle(self.handle(*handle)),
            ManagerEvent::DeleteSessionsOf { user } => make_delete_sessions_of(self.text(user)),
            ManagerEvent::Sweep => make_sweep(),
        }
    }
}
