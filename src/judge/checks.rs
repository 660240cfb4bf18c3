//! The checks of a scenario: what must be seen.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use super::jar::{Kept, latin_1};
use super::play::Played;
use super::reply::Reply;
use super::scenario::{Check, Otherwise, Reply as Wanted, See, Stored, Verdict, What, When};
use super::stage::{End, Stage, end};

/// A shorter part of an id may appear in a text by chance.
const LEAST_PART: usize = 16;

/// Ok if it was seen; otherwise what was seen instead.
type Seen = Result<(), String>;

fn seen(is: bool, instead: impl FnOnce() -> String) -> Seen {
    if is { Ok(()) } else { Err(instead()) }
}

impl Stage<'_> {
    /// Makes a check; the error is the end of the scenario.
    pub(super) fn check(&mut self, check: &Check, played: &mut Played) -> Result<(), End> {
        if let Some(when) = &check.when
            && !self.holds(when)
        {
            return Ok(());
        }
        let why = check.why.clone().unwrap_or_default();
        if let What::End { end: verdict } = check.what {
            return end(verdict, why);
        }
        match self.look(&check.what, played)? {
            Ok(()) => check.then.map_or(Ok(()), |verdict| end(verdict, why)),
            Err(instead) => {
                let why = if why.is_empty() { instead } else { format!("{why}: {instead}") };
                match check.otherwise {
                    Some(Otherwise::Continue) => Ok(()),
                    Some(Otherwise::Moot) => end(Verdict::Moot, why),
                    Some(Otherwise::Note) => end(Verdict::Note, why),
                    None => end(Verdict::Fail, why),
                }
            }
        }
    }

    fn look(&mut self, what: &What, played: &mut Played) -> Result<Seen, End> {
        Ok(match what {
            What::See(see) => return self.look_at_session(see),
            What::Reply(wanted) => return self.look_at_reply(wanted),
            What::Both { both, answer } => {
                let says = |name: &String| {
                    let reply = self.replies.get(name);
                    reply.is_some_and(|it| it.is_ok() && it.results.contains(answer))
                };
                seen(!both.iter().all(says), || format!("both were answered with {answer}"))
            }
            What::Id { id, is_not } => {
                seen(self.session(id) != self.session(is_not), || "it did not change".into())
            }
            What::Empty { empty } => {
                let held = self.session_cookies(empty);
                seen(held.is_empty(), || "a cookie is left".into())
            }
            What::Holds { holds } => {
                let held = self.session_cookies(holds);
                seen(!held.is_empty(), || "there is none".into())
            }
            What::Stored { stored: Stored::Count } => {
                self.stored = self.kit.target.stored();
                Ok(())
            }
            What::Stored { stored: Stored::NoMore } => {
                match (self.stored, self.kit.target.stored()) {
                    (Some(before), Some(after)) if after > before => {
                        Err(format!("{} more sessions are stored", after - before))
                    }
                    _ => Ok(()),
                }
            }
            What::Hidden { hidden, place } => return self.look_for_id(hidden, place, played),
            What::End { .. } => Ok(()),
        })
    }

    fn look_at_session(&mut self, see: &See) -> Result<Seen, End> {
        let opens = self.probe(&see.client)?;
        let user = opens.get("user").map_or("", String::as_str);
        let right = see.is.as_ref().is_none_or(|is| *is == opens)
            && see.has.iter().flatten().all(|(key, value)| opens.get(key) == Some(value))
            && see.user.as_ref().is_none_or(|wanted| wanted == user)
            && see.not_user.as_ref().is_none_or(|unwanted| unwanted != user);
        Ok(seen(right, || {
            let pairs: Vec<_> = opens.iter().map(|(key, value)| format!("{key}={value}")).collect();
            let found = if pairs.is_empty() { "nothing".into() } else { pairs.join(", ") };
            format!("{} reads {found}", see.client)
        }))
    }

    fn look_at_reply(&mut self, wanted: &Wanted) -> Result<Seen, End> {
        let Some(reply) = self.replies.get(&wanted.called).cloned() else {
            return end(Verdict::Harness, format!("no response is called {}", wanted.called));
        };
        let name = self.cookie().to_owned();
        if let Err(instead) =
            answers_as(wanted, &reply).and_then(|()| sets_as(wanted, &reply, &name))
        {
            return Ok(Err(instead));
        }
        if let Some(client) = &wanted.issues_not {
            let id = self.id(client);
            let issued = session_headers(&reply, &name).any(|line| {
                let value = line.split(';').next().and_then(|pair| pair.split_once('='));
                value.is_some_and(|(_, value)| Some(value.trim()) == id.as_deref())
            });
            return Ok(seen(!issued, || "it is in Set-Cookie".into()));
        }
        if let Some(any) = &wanted.attribute {
            return Ok(self.look_at_attributes(&reply, any));
        }
        if let Some(other) = &wanted.alike {
            return Ok(self.compare_attributes(&reply, other));
        }
        if wanted.cacheable == Some(false) {
            return self.look_at_caching(&reply);
        }
        Ok(Ok(()))
    }

    fn look_at_attributes(&mut self, reply: &Reply, any: &[String]) -> Seen {
        let name = self.cookie().to_owned();
        let Some(line) = session_headers(reply, &name).next() else {
            return Err("no cookie".into());
        };
        let attributes: Vec<_> = line.split(';').skip(1).map(|it| it.trim().to_owned()).collect();
        self.note(format!("Set-Cookie: {name}=...; {}", attributes.join("; ")));
        let has = |one: &String| attributes.iter().any(|own| own.eq_ignore_ascii_case(one));
        seen(any.iter().any(has), || format!("it has {}", attributes.join("; ")))
    }

    /// Checks that the cookie of this response has every protection of the other response's.
    fn compare_attributes(&mut self, reply: &Reply, other: &str) -> Seen {
        let name = self.cookie().to_owned();
        if session_headers(reply, &name).next().is_none() {
            return Ok(());
        }
        let own = protection(reply, &name);
        let first = self.replies.get(other).map(|it| protection(it, &name)).unwrap_or_default();
        self.note(format!("Set-Cookie: {name}=...; {}", own.join("; ")));
        let lost: Vec<_> = first
            .into_iter()
            .filter(|it| !own.contains(it) && !own.contains(&stricter(it)))
            .collect();
        seen(lost.is_empty(), || format!("it has no {}", lost.join(", ")))
    }

    /// Checks that no shared cache keeps the cookie, even if the handler allows caching.
    fn look_at_caching(&mut self, reply: &Reply) -> Result<Seen, End> {
        let (control, vary) = (reply.answer.joined("cache-control"), reply.answer.joined("vary"));
        let (name, ignored) = (self.cookie(), |kept: &Kept| matches!(kept, Kept::Ignored(_)));
        if !reply.cookies.iter().any(|(own, kept)| own == name && !ignored(kept)) {
            return end(Verdict::NotApplicable, "the response sets no cookie");
        }
        self.note(format!("Cache-Control: {control}; Vary: {vary}"));
        let private = ["no-store", "private", "no-cache", "max-age=0"];
        let apart = private.iter().any(|word| control.contains(word))
            || vary.contains("cookie")
            || vary.contains('*');
        Ok(seen(apart, || {
            "a shared cache may keep the cookie: neither no-store, private nor Vary: Cookie".into()
        }))
    }

    fn look_for_id(&mut self, client: &str, place: &str, played: &mut Played) -> Result<Seen, End> {
        let Some(value) = self.id(client) else { return Ok(Ok(())) };
        let core = self.core_of(&value);
        let core = core.split('.').next().unwrap_or_default();
        if core.is_empty() || core.len() > 200 {
            return end(Verdict::NotApplicable, "the cookie is the session");
        }
        let others: Vec<_> = self.other_ids(client).iter().map(|id| self.core_of(id)).collect();
        let parts = telling_parts(core, &others);
        if place == "log" {
            played.hidden_from_log.extend(parts);
            return Ok(Ok(()));
        }
        let body = self.replies.get(place).map(|reply| latin_1(&reply.answer.body));
        let found = parts.iter().find(|part| body.as_ref().is_some_and(|it| it.contains(*part)));
        Ok(seen(found.is_none(), || match found {
            Some(part) if core.contains(part.as_str()) && part != core => {
                "half of the id stands in it".into()
            }
            _ => "the id stands in it".into(),
        }))
    }

    /// The values of the session's cookies, and of a cookie that signs the session.
    fn session_cookies(&mut self, client: &str) -> Vec<String> {
        let mut held = self.ids(client);
        let now = self.kit.target.clock.now();
        let signature = format!("{}.sig", self.cookie());
        held.extend(self.jar(client).values(&signature, now));
        held
    }

    fn holds(&mut self, when: &When) -> bool {
        let sealed = self.kit.target.caps.sealed;
        let serialised = self.serialised;
        let status = |stage: &Self, name: &String| {
            stage.replies.get(name).and_then(|reply| reply.answer.status)
        };
        let refused =
            |stage: &Self, name: &String| stage.replies.get(name).is_some_and(Reply::is_refused);
        let done = |stage: &Self, name: &String| stage.replies.get(name).is_some_and(Reply::is_ok);
        when.sealed.is_none_or(|wanted| wanted == sealed)
            && when.counted.is_none_or(|wanted| wanted == self.stored.is_some())
            && when.serialised.is_none_or(|wanted| wanted == serialised)
            && when.refused.as_ref().is_none_or(|any| any.iter().any(|name| refused(self, name)))
            && when.done.as_ref().is_none_or(|all| all.iter().all(|name| done(self, name)))
            && when.client_error.as_ref().is_none_or(|name| {
                status(self, name).is_some_and(|status| (400..500).contains(&status))
            })
            && when
                .same
                .as_ref()
                .is_none_or(|[one, other]| self.session(one) == self.session(other))
            && when
                .differ
                .as_ref()
                .is_none_or(|[one, other]| self.session(one) != self.session(other))
            && when.holds.as_ref().is_none_or(|[one, other]| {
                let old = self.id(other);
                self.ids(one).into_iter().any(|id| Some(id) == old)
            })
    }
}

/// A description of the answer, if it is not the wanted one.
fn other_answers(wanted: &Wanted, reply: &Reply) -> Option<String> {
    let list = |it: &Vec<Value>| Value::Array(it.clone()).to_string();
    let (results, status) = (&reply.results, reply.answer.status_text());
    if let Some(any) = &wanted.answers
        && !any.contains(results)
    {
        let any: Vec<_> = any.iter().map(list).collect();
        return Some(format!("expected {}, found {status} {}", any.join(" or "), list(results)));
    }
    if let Some(any) = &wanted.ends
        && !results.last().is_some_and(|last| any.contains(last))
    {
        let (any, found) = (list(any), list(results));
        return Some(format!("expected one of {any} at the end, found {status} {found}"));
    }
    let listed = results.last().and_then(Value::as_array).map(Vec::len);
    let is_other = wanted.not.as_ref() == Some(results)
        || wanted.lists.is_some_and(|count| Some(count) != listed);
    is_other.then(|| format!("the answer is {}", list(results)))
}

/// Whether the answer is a wanted one.
fn answers_as(wanted: &Wanted, reply: &Reply) -> Seen {
    if let Some(instead) = other_answers(wanted, reply) {
        return Err(instead);
    }
    let status = reply.answer.status;
    let is_above = |bound| status.is_none_or(|status| status >= bound);
    if wanted.ok.is_some() && !reply.is_ok() || wanted.below.is_some_and(is_above) {
        let results = Value::Array(reply.results.clone());
        return Err(format!("it is answered with {} {results}", reply.answer.status_text()));
    }
    Ok(())
}

/// Whether it sets the wanted cookies, and the browser keeps them.
fn sets_as(wanted: &Wanted, reply: &Reply, name: &str) -> Seen {
    if wanted.sets.is_some_and(|sets| sets != reply.sets(name)) {
        return Err("it sets a cookie".into());
    }
    let headers = reply.cookies.iter().filter(|(own, _)| *own == name).count();
    if wanted.headers.is_some_and(|wanted| wanted != headers) {
        return Err(format!("{headers} Set-Cookie headers of that name"));
    }
    let ignored = reply.cookies.iter().find_map(|(_, kept)| match kept {
        Kept::Ignored(why) => Some(*why),
        Kept::Set | Kept::Deleted => None,
    });
    ignored.filter(|_| wanted.kept.is_some()).map_or(Ok(()), |why| Err(why.into()))
}

/// The Set-Cookie headers of the session's name.
fn session_headers<'a>(reply: &'a Reply, name: &'a str) -> impl Iterator<Item = String> + 'a {
    reply
        .answer
        .all("set-cookie")
        .map(latin_1)
        .filter(move |line| line.split(['=', ';']).next().is_some_and(|own| own.trim() == name))
}

/// The attributes that protect the session's cookie, in small letters.
fn protection(reply: &Reply, name: &str) -> Vec<String> {
    let line = session_headers(reply, name).next().unwrap_or_default().to_lowercase();
    let protects =
        |it: &&str| matches!(*it, "secure" | "httponly" | "samesite=lax" | "samesite=strict");
    line.split(';').skip(1).map(str::trim).filter(protects).map(str::to_owned).collect()
}

/// The attribute that protects at least as much.
fn stricter(attribute: &str) -> String {
    attribute.replace("samesite=lax", "samesite=strict")
}

/// The texts that give an id away: the id itself, its base64, and each part of half its length that
/// no other id has. So a beginning that all ids share gives nothing away.
fn telling_parts(id: &str, others: &[String]) -> Vec<String> {
    let letters: Vec<char> = id.chars().collect();
    let half = letters.len().div_ceil(2).max(LEAST_PART);
    let stretches = letters.windows(half).map(|part| part.iter().collect::<String>());
    let tells = |part: &String| !others.iter().any(|other| other != id && other.contains(part));
    let encoded = (letters.len() >= LEAST_PART).then(|| in_base64(id));
    let whole = [id.to_owned()].into_iter().chain(encoded);
    whole.chain(stretches.filter(tells)).collect()
}

/// An id in base64, as somebody may disguise it. The last characters are left out if they depend on
/// what follows the id.
fn in_base64(text: &str) -> String {
    BASE64_STANDARD.encode(text.as_bytes().as_chunks::<3>().0.as_flattened())
}

#[cfg(test)]
mod tests {
    use super::telling_parts;

    #[test]
    fn half_an_id_tells_too_much_unless_all_ids_have_it() {
        let other = "0123456789abcdef0000000000000000".to_owned();
        let parts = telling_parts("0123456789abcdeffedcba9876543210", &[other]);
        let tells = |text: &str| parts.iter().any(|part| text.contains(part));
        assert!(tells("id=0123456789abcdeffedcba9876543210;"));
        assert!(tells("...fedcba9876543210"), "the half of its own");
        assert!(tells("MDEyMzQ1Njc4OWFiY2RlZmZlZGNiYTk4NzY1NDMyMTA="), "in base64");
        assert!(!tells("0123456789abcdef..."), "the half that another has, too");
    }
}
