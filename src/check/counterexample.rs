//! A counterexample as people and machines read it: a transcript, a sequence diagram, a trace.

use std::borrow::ToOwned;
use std::boxed::Box;
use std::format;
use std::io;
use std::string::String;
use std::vec::Vec;

use crate::check::property::Property;
use crate::check::replay::{drawn, drawn_handle};
use crate::check::role::outcome_of;
use crate::check::situation::{Action, Outcomes, Situation};
use crate::check::trace::{Expect, Header, TraceStep, TraceWriter, Version};
use crate::check::transcript::Transcript;
use crate::check::world::World;
use crate::config::Config;
use crate::effect::{CookieChange, CookieOp, Effects, Reply};
use crate::event::{Event, Input, Outcome, RequestId};
use crate::semantics::Semantics;
use crate::state::State;

/// A shortest run of a world that breaks a property.
#[derive(Clone, Debug)]
pub struct Counterexample {
    /// What it breaks.
    pub property: Property,
    /// Under which semantics.
    pub semantics: Semantics,
    /// The world that it plays in.
    pub world: &'static str,
    config: Config,
    told: Vec<Told>,
}

/// One action, and what it led to. Requests are numbered in the order of their starts.
#[derive(Clone, Debug)]
enum Told {
    Step(Box<ToldStep>),
    Deliver { request: RequestId, client: u8, cookie: Option<CookieOp> },
    Lose { request: RequestId, client: u8 },
    Clock { to: u64 },
}

/// One step of the machine.
#[derive(Clone, Debug)]
struct ToldStep {
    /// Whose request starts.
    client: u8,
    /// The input, its request renumbered.
    input: Input,
    /// The event as the machine was sent it.
    sent: Event,
    effects: Effects,
    after: State,
}

impl Counterexample {
    pub(crate) fn new(
        property: Property,
        world: &World,
        base: &Config,
        actions: &[Action],
    ) -> Self {
        let config = world.config(base);
        let mut teller = Teller::default();
        let mut situation = Situation::new(world);
        let mut told = Vec::new();
        for action in actions {
            let after = situation.after(world, &config, action);
            let Some((after, Outcomes { effects, .. })) = after else { break };
            told.extend(teller.tell(action, effects, &after));
            situation = after;
        }
        Self { property, semantics: config.semantics, world: world.name, config, told }
    }

    /// The name of the files that hold it, without the suffix.
    #[must_use]
    pub fn name(&self) -> String {
        Self::name_of(self.semantics, self.property)
    }

    pub(crate) fn name_of(semantics: Semantics, property: Property) -> String {
        format!("{semantics}-{property}")
    }

    /// The number of its actions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.told.len()
    }

    /// Whether it has no actions.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// The inputs of the machine, as a trace that `replay` accepts.
    ///
    /// # Errors
    /// None: writing to a `Vec` does not fail.
    pub fn trace(&self) -> io::Result<Vec<u8>> {
        let header = Header {
            title: format!("{}, {}: a shortest counterexample", self.semantics, self.property),
            origin: "quixote-session explore".to_owned(),
            ..Header::of(Version::Three, self.config.clone())
        };
        let mut writer = TraceWriter::new(Vec::new(), &header)?;
        for told in &self.told {
            let Told::Step(told) = told else { continue };
            let ToldStep { input, sent, effects, after, .. } = told.as_ref();
            let cookie_header = match &input.event {
                Event::StartRequest { cookie, .. } => cookie
                    .as_ref()
                    .map(|value| format!("{}={}", self.config.cookie_name, value.reveal())),
                Event::Request { .. } | Event::Manager(_) => None,
            };
            let expect = Expect::observed(&self.config, sent, after, effects);
            let (input, draws) = (input.clone(), drawn(&self.config, effects));
            let new_handle = drawn_handle(&input, effects);
            writer.write(TraceStep { input, cookie_header, draws, new_handle, expect })?;
        }
        Ok(writer.into_inner())
    }

    /// A page about it: the property, the transcript, the diagram. Ids and tokens are labels.
    #[must_use]
    pub fn page(&self) -> String {
        let Self { property, semantics, world, .. } = self;
        let count = self.len();
        format!(
            "# `{property}` under `{semantics}`\n\n{} A shortest run that breaks it, {count} \
             actions in the world `{world}`:\n\n```text\n{}```\n\n```mermaid\n{}```\n",
            property.sentence(),
            self.transcript(),
            self.diagram()
        )
    }

    /// One line for each action.
    #[must_use]
    pub fn transcript(&self) -> String {
        let mut transcript = Transcript::new(false);
        let mut text = String::new();
        for told in &self.told {
            let line = match told {
                Told::Step(told) => transcript.line(&told.input, &told.effects),
                Told::Deliver { request, client, cookie } => {
                    let cookie = cookie.as_ref().map(|op| carried(op, &mut transcript));
                    let cookie = cookie.unwrap_or_else(|| "no cookie".to_owned());
                    aside(&format!("response r{} reaches client {client}, {cookie}", request.0))
                }
                Told::Lose { request, client } => {
                    aside(&format!("response r{} to client {client} is lost", request.0))
                }
                Told::Clock { to } => aside(&format!("the clock shows {to}")),
            };
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    /// A sequence diagram in Mermaid: clients, requests, manager, store.
    #[must_use]
    pub fn diagram(&self) -> String {
        let mut lines = std::vec!["sequenceDiagram".to_owned()];
        lines.extend(self.participants());
        let mut transcript = Transcript::new(false);
        for told in &self.told {
            match told {
                Told::Step(told) => lines.extend(drawn_step(told, &mut transcript)),
                Told::Deliver { request, client, cookie } => {
                    let cookie = cookie.as_ref().map(|op| carried(op, &mut transcript));
                    let cookie = cookie.unwrap_or_else(|| "response".to_owned());
                    lines.push(format!("r{}-->>c{client}: {cookie}", request.0));
                }
                Told::Lose { request, client } => {
                    lines.push(format!("r{}--xc{client}: lost", request.0));
                }
                Told::Clock { to } => lines.push(format!("Note over store: the clock shows {to}")),
            }
        }
        lines.push(format!("Note over store: broken: {}", self.property));
        let mut text = String::new();
        for line in lines {
            text.push_str(&line);
            text.push('\n');
        }
        text
    }

    fn participants(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut add = |line: String| {
            if !found.contains(&line) {
                found.push(line);
            }
        };
        for told in &self.told {
            let Told::Step(told) = told else { continue };
            let ToldStep { client, input, .. } = told.as_ref();
            match input.event {
                Event::StartRequest { request, .. } => {
                    add(format!("participant c{client} as client {client}"));
                    add(format!("participant r{0} as request {0}", request.0));
                }
                Event::Request { .. } => {}
                Event::Manager(_) => add("participant manager".to_owned()),
            }
        }
        found.push("participant store".to_owned());
        found
    }
}

/// Renumbers the requests, and remembers which responses are on their way.
#[derive(Default)]
struct Teller {
    started: u64,
    open: Vec<(RequestId, RequestId, u8)>,
    responses: Vec<(RequestId, u8, Option<CookieOp>)>,
}

impl Teller {
    fn tell(
        &mut self,
        action: &Action,
        effects: Option<Effects>,
        after: &Situation,
    ) -> Option<Told> {
        match action {
            Action::Step { client, input } => {
                let effects = effects?;
                let shown = self.renumber(*client, input, &effects);
                Some(Told::Step(Box::new(ToldStep {
                    client: client.saturating_add(1),
                    input: shown,
                    sent: input.event.clone(),
                    effects,
                    after: after.state.clone(),
                })))
            }
            Action::Deliver(place) => {
                let (request, client, cookie) = self.response(*place)?;
                Some(Told::Deliver { request, client: client.saturating_add(1), cookie })
            }
            Action::Lose(place) => {
                let (request, client, _) = self.response(*place)?;
                Some(Told::Lose { request, client: client.saturating_add(1) })
            }
            Action::Clock(_) => Some(Told::Clock { to: after.now().0 }),
        }
    }

    fn renumber(&mut self, client: u8, input: &Input, effects: &Effects) -> Input {
        let Some(own) = input.event.request() else { return input.clone() };
        let accepted = !matches!(effects.reply, Reply::Refused(_));
        if let Event::StartRequest { .. } = input.event {
            self.started = self.started.saturating_add(1);
            self.open.push((own, RequestId(self.started), client));
        }
        let place = self.open.iter().position(|(number, _, _)| *number == own);
        let Some((place, (_, shown, client))) =
            place.and_then(|place| self.open.get(place).map(|open| (place, *open)))
        else {
            return input.clone();
        };
        if let Some(outcome) = outcome_of(&input.event).filter(|_| accepted) {
            self.open.remove(place);
            match outcome {
                Outcome::Successful | Outcome::Interrupted | Outcome::Failed => {
                    self.responses.push((shown, client, effects.cookie.clone()));
                }
                Outcome::Abandoned => {}
            }
        }
        Input { event: input.event.clone().with_request(shown), ..*input }
    }

    fn response(&mut self, place: u8) -> Option<(RequestId, u8, Option<CookieOp>)> {
        let place = usize::from(place);
        (place < self.responses.len()).then(|| self.responses.remove(place))
    }
}

fn drawn_step(told: &ToldStep, transcript: &mut Transcript) -> Vec<String> {
    let ToldStep { client, input, effects, .. } = told;
    let event = harmless(&transcript.event(&input.event));
    let reply = harmless(&transcript.reply(&effects.reply));
    let actor = input.event.request().map_or("manager".to_owned(), |own| format!("r{}", own.0));
    let answer = match effects.reply {
        Reply::Done | Reply::Started { remote_user: None } => String::new(),
        Reply::Started { remote_user: Some(_) }
        | Reply::Token(_)
        | Reply::Value(_)
        | Reply::Answer(_)
        | Reply::Refused(_) => format!(" → {reply}"),
    };
    let mut lines = match &input.event {
        Event::StartRequest { .. } => std::vec![format!("c{client}->>{actor}: {event}{answer}")],
        Event::Request { .. } | Event::Manager(_) => {
            std::vec![format!("Note over {actor}: {event}{answer}")]
        }
    };
    if let Some(op) = &effects.store {
        lines.push(format!("{actor}->>store: {}", harmless(&transcript.store(op))));
    }
    lines
}

/// Without the characters that end a line of Mermaid.
fn harmless(text: &str) -> String {
    text.chars().map(|c| if matches!(c, ';' | '#' | '\n') { ' ' } else { c }).collect()
}

fn carried(op: &CookieOp, transcript: &mut Transcript) -> String {
    match op.value {
        CookieChange::Set(id) => format!("set cookie {} for {}", transcript.id(id), op.path),
        CookieChange::Revoke => format!("revoke cookie for {}", op.path),
        CookieChange::Stillborn(id) => {
            format!("stillborn cookie {} for {}", transcript.id(id), op.path)
        }
    }
}

fn aside(text: &str) -> String {
    format!("{:>15}  {text}", "")
}
