//! The one type for all values of the extracted machine: constructors with their parts, and
//! functions. Values never change once they are made.

use std::fmt;
use std::rc::Rc;

use super::machine::NAMES;

/// A constructor with its parts, or a function with the arguments that it has got so far.
#[derive(Clone)]
pub(crate) enum Value {
    Made { tag: u16, parts: Option<Rc<[Value]>> },
    Function { arity: usize, given: Rc<[Value]>, code: Code },
}

type Code = Rc<dyn Fn(&[&Value]) -> Value>;

impl Value {
    /// The value in place of a proof or a type that Coq has erased. It is never looked at.
    pub(crate) const NOTHING: Self = Self::Made { tag: u16::MAX, parts: None };

    pub(crate) fn made<const N: usize>(tag: u16, parts: [Self; N]) -> Self {
        Self::Made { tag, parts: if N == 0 { None } else { Some(Rc::new(parts)) } }
    }

    /// The number of the constructor that made this.
    pub(crate) fn tag(&self) -> u16 {
        match self {
            Self::Made { tag, .. } => *tag,
            Self::Function { .. } => absurd(),
        }
    }

    /// The part at this place.
    pub(crate) fn part(&self, place: usize) -> &Self {
        match self {
            Self::Made { parts: Some(parts), .. } => &parts[place],
            Self::Made { parts: None, .. } | Self::Function { .. } => absurd(),
        }
    }

    /// The name of the constructor.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Made { tag, .. } => NAMES.get(usize::from(*tag)).copied().unwrap_or("NOTHING"),
            Self::Function { .. } => "FUNCTION",
        }
    }

    fn parts(&self) -> &[Self] {
        match self {
            Self::Made { parts: Some(parts), .. } => parts,
            Self::Made { parts: None, .. } | Self::Function { .. } => &[],
        }
    }

    /// The place of the first part that differs, if one constructor made both values.
    pub(crate) fn first_difference(&self, other: &Self) -> Option<usize> {
        let both = self.parts().iter().zip(other.parts());
        if self.name() == other.name() { both.into_iter().position(|(a, b)| a != b) } else { None }
    }

    /// Gives this function more arguments. It is called when it has all of them.
    pub(crate) fn apply(&self, more: &[&Self]) -> Self {
        let Self::Function { arity, given, code } = self else { absurd() };
        let all: Vec<&Self> = given.iter().chain(more.iter().copied()).collect();
        let Some((now, rest)) = all.split_at_checked(*arity) else {
            let given = all.into_iter().cloned().collect();
            return Self::Function { arity: *arity, given, code: Rc::clone(code) };
        };
        let done = code(now);
        if rest.is_empty() { done } else { done.apply(rest) }
    }
}

/// Declares the constructors, each with its number and the function that makes a value of it.
macro_rules! constructors {
    ($($number:literal $tag:ident $make:ident($($part:ident),*);)*) => {
        pub(crate) const NAMES: &[&str] = &[$(stringify!($tag)),*];
        $(
            pub(crate) const $tag: u16 = $number;
            pub(crate) fn $make($($part: Value),*) -> Value {
                Value::made($tag, [$($part),*])
            }
        )*
    };
}
pub(crate) use constructors;

/// A function of this many arguments.
pub(crate) fn closure(arity: usize, code: impl Fn(&[&Value]) -> Value + 'static) -> Value {
    Value::Function { arity, given: Rc::new([]), code: Rc::new(code) }
}

/// A place that cannot be reached, as Coq has proved.
pub(crate) fn absurd() -> ! {
    panic!("the extracted machine is wrong: Coq has proved that nobody comes here")
}

/// Values are equal if they have the same constructor and equal parts. Functions are never equal.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Made { tag, parts }, Self::Made { tag: other_tag, parts: other_parts }) => {
                tag == other_tag
                    && match (parts, other_parts) {
                        (None, None) => true,
                        (Some(own), Some(others)) => Rc::ptr_eq(own, others) || own == others,
                        (None, Some(_)) | (Some(_), None) => false,
                    }
            }
            _ => false,
        }
    }
}

/// Shows numbers and texts as such, and everything else by its constructors.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            "N0" => f.write_str("0"),
            "NPOS" => write!(f, "{}", number(self.part(0))),
            "STRING" | "EMPTY_STRING" => fmt::Debug::fmt(&text(self), f),
            name => {
                let mut shown = f.debug_tuple(name);
                for part in self.parts() {
                    shown.field(part);
                }
                shown.finish()
            }
        }
    }
}

/// A positive number, with its lowest bit first.
fn number(of: &Value) -> u128 {
    match of.name() {
        "XH" => 1,
        name => 2 * number(of.part(0)) + u128::from(name == "XI"),
    }
}

fn text(of: &Value) -> String {
    let (mut bytes, mut rest) = (Vec::new(), of);
    while rest.name() == "STRING" {
        let bits = rest.part(0).parts().iter().rev();
        bytes.push(bits.fold(0, |high, bit| 2 * high + u8::from(bit.name() == "TRUE")));
        rest = rest.part(1);
    }
    String::from_utf8_lossy(&bytes).into()
}
