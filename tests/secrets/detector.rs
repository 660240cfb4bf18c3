//! Finds secrets in texts, in any form of printing: whole ones, and four bytes of one.

use std::collections::HashSet;

/// A smaller number can mean anything.
const SMALL: u128 = 1 << 24;

/// How the secrets would look, in each of the forms that are looked for.
#[derive(Default)]
pub(super) struct Detector {
    /// Every four successive bytes.
    windows: HashSet<[u8; 4]>,
    /// Each secret, or a half of it (64 bits), as one number.
    numbers: HashSet<u128>,
    /// Every eight successive characters of the base64, in either alphabet.
    base64: HashSet<[u8; 8]>,
}

impl Detector {
    pub(super) fn of<'a>(secrets: impl IntoIterator<Item = &'a Vec<u8>>) -> Self {
        let mut detector = Self::default();
        for secret in secrets {
            detector.windows.extend(windows_of(secret));
            for part in secret.chunks(8).chain([&secret[..]]) {
                detector.numbers.extend(numbers_of(part));
            }
            let text = base64(secret);
            detector.base64.extend(text.windows(8).map(|part| <[u8; 8]>::try_from(part).unwrap()));
        }
        detector
    }

    /// If a text gives a secret away, the form in which it does.
    pub(super) fn leak(&self, text: &str) -> Option<&'static str> {
        let unescaped = unescaped(text.chars().map(u32::from));
        let twice = unescaped_bytes(&unescaped);
        let plain = text.as_bytes().windows(8);
        let forms = [
            ("hex", self.any_window(hex_in(text))),
            ("a list of bytes", self.any_window(byte_lists_in(text))),
            ("escaped", self.any_window(windows_of(&unescaped))),
            ("escaped twice", self.any_window(windows_of(&twice))),
            ("a number", numbers_in(text).into_iter().any(|number| self.is_known(number))),
            ("base64", plain.into_iter().any(|part| self.base64.contains(part))),
            ("a fifth digit", shows_a_fifth_digit(text)),
        ];
        forms.into_iter().find(|(_, found)| *found).map(|(form, _)| form)
    }

    fn any_window(&self, found: impl IntoIterator<Item = [u8; 4]>) -> bool {
        found.into_iter().any(|window| self.windows.contains(&window))
    }

    /// All of a secret, a half of it, or four bytes of it, as a number of either endianness.
    fn is_known(&self, number: u128) -> bool {
        let four = u32::try_from(number).ok().filter(|_| number >= SMALL);
        let ends = four.map(|number| [number.to_be_bytes(), number.to_le_bytes()]);
        self.numbers.contains(&number) || ends.is_some_and(|ends| self.any_window(ends))
    }
}

/// The part as a number of either endianness, and what follows the sign if that number is shown as
/// a negative one.
fn numbers_of(part: &[u8]) -> Vec<u128> {
    let forwards = part.iter().fold(0, |number, byte| number << 8 | u128::from(*byte));
    let backwards = part.iter().rev().fold(0, |number, byte| number << 8 | u128::from(*byte));
    let negative = |number: u128| match part.len() {
        8 => u128::from(u64::try_from(number).unwrap().wrapping_neg()),
        _ => number.wrapping_neg(),
    };
    // The negative of a small number is close to the largest number, which stands for no limit.
    let large = [forwards, backwards].into_iter().filter(|number| *number >= SMALL);
    large.flat_map(|number| [number, negative(number)]).collect()
}

/// Every four bytes that a text has as eight hex digits. Anything except letters may be between the
/// digits.
fn hex_in(text: &str) -> Vec<[u8; 4]> {
    let text = text.replace("0x", " ").replace("\\x", " ");
    let (mut found, mut digits, mut last) = (Vec::new(), 0, 0_u32);
    for char in text.chars() {
        match char.to_digit(16) {
            Some(digit) => {
                last = last << 4 | digit;
                digits += 1;
                if digits >= 8 {
                    found.push(last.to_be_bytes());
                }
            }
            None if char.is_alphanumeric() => digits = 0,
            None => {}
        }
    }
    found
}

/// Every four successive numbers below 256.
fn byte_lists_in(text: &str) -> Vec<[u8; 4]> {
    let parts = text.split(|char: char| !char.is_alphanumeric()).filter(|part| !part.is_empty());
    let bytes: Vec<Option<u8>> = parts.map(|part| part.parse().ok()).collect();
    let whole = |four: &[Option<u8>]| four.iter().copied().collect::<Option<Vec<u8>>>();
    bytes.windows(4).filter_map(whole).map(|four| four.try_into().unwrap()).collect()
}

fn numbers_in(text: &str) -> Vec<u128> {
    let text = text.replace('_', "");
    let digits = text.split(|char: char| !char.is_ascii_digit());
    digits.filter(|digits| digits.len() >= 8).filter_map(|digits| digits.parse().ok()).collect()
}

fn windows_of(bytes: &[u8]) -> impl Iterator<Item = [u8; 4]> {
    bytes.windows(4).map(|window| window.try_into().unwrap())
}

/// The bytes of a text that was written by `escape_ascii`, `escape_default` or `Debug`.
fn unescaped(chars: impl Iterator<Item = u32>) -> Vec<u8> {
    let (mut bytes, mut chars) = (Vec::new(), chars.peekable());
    while let Some(char) = chars.next() {
        if char != u32::from(b'\\') {
            bytes.push(u8::try_from(char).unwrap_or(0));
            continue;
        }
        let Some(kind) = chars.next().and_then(char::from_u32) else { break };
        let mut digits = String::new();
        let mut digit = || chars.next_if(|next| char::from_u32(*next).is_some_and(is_of_escape));
        while matches!(kind, 'x' | 'u') && (kind == 'u' || digits.len() < 2) {
            let Some(next) = digit().and_then(char::from_u32) else { break };
            digits.push(next);
        }
        let number = u32::from_str_radix(digits.trim_matches(['{', '}']), 16).ok();
        bytes.push(match kind {
            'n' => b'\n',
            'r' => b'\r',
            't' => b'\t',
            '0' => 0,
            'x' | 'u' => number.and_then(|number| u8::try_from(number).ok()).unwrap_or(0),
            other => u8::try_from(other).unwrap_or(0),
        });
    }
    bytes
}

fn is_of_escape(char: char) -> bool {
    char.is_ascii_hexdigit() || char == '{' || char == '}'
}

fn unescaped_bytes(bytes: &[u8]) -> Vec<u8> {
    unescaped(bytes.iter().copied().map(u32::from))
}

/// The base64 of some bytes, without padding, in both alphabets: with `+` and `/`, and with `-` and
/// `_`.
fn base64(bytes: &[u8]) -> Vec<u8> {
    let alphabet: Vec<u8> = (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').collect();
    let encoded = |others: [u8; 2]| {
        let mut text = Vec::new();
        for three in bytes.chunks(3) {
            let padded = [three, &[0; 2]].concat();
            let number =
                padded[..3].iter().fold(0, |number, byte| number << 8 | usize::from(*byte));
            for place in 0..=three.len() {
                let digit = number >> (18 - 6 * place) & 63;
                text.push(alphabet.get(digit).copied().unwrap_or_else(|| others[digit - 62]));
            }
        }
        text
    };
    // The line feed keeps one from running into the other.
    [encoded(*b"+/"), encoded(*b"-_")].join(&b'\n')
}

/// Whether a text shows more than four digits before it cuts a secret off, or does not cut it off.
fn shows_a_fifth_digit(text: &str) -> bool {
    let named = ["SessionId(", "FormToken("];
    let mut shown = named.iter().flat_map(|name| text.split(name).skip(1));
    let is_short = |rest: &str| {
        let digits = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        digits == 4 && rest[digits..].starts_with("…)")
    };
    let before_cut = |end: usize| text[..end].bytes().rev().take_while(u8::is_ascii_hexdigit);
    shown.any(|rest| !is_short(rest))
        || text.match_indices('…').any(|(end, _)| before_cut(end).count() > 4)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::Detector;

    const SECRET: [u8; 16] = *b"\xb7\x8eB1\x0fq\\\xff\x00\xa9'\x1c\xd2\n\x85~";

    fn leak(text: &str) -> Option<&'static str> {
        Detector::of([&SECRET.to_vec(), &vec![0x5e; 8]]).leak(text)
    }

    fn hex() -> String {
        SECRET.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        })
    }

    #[test]
    fn a_secret_in_hex_is_found_however_it_is_grouped() {
        let hex = hex();
        let groups = |size: usize| {
            let parts: Vec<_> =
                hex.as_bytes()[..30].chunks(size).map(<[u8]>::escape_ascii).collect();
            parts.iter().map(ToString::to_string).collect::<Vec<_>>().join("-")
        };
        for text in [&hex, &hex.to_uppercase(), &groups(7), &groups(1), &groups(2)] {
            assert_eq!(leak(&format!("id is {text}")), Some("hex"));
        }
        assert_eq!(leak(&format!("{SECRET:02x?}")), Some("hex"));
        assert_eq!(leak(&format!("{SECRET:#04x?}")), Some("hex"));
        assert_eq!(leak(&format!("{SECRET:#04X?}")), Some("hex"));
    }

    #[test]
    fn any_four_bytes_of_a_secret_are_found() {
        for window in SECRET.windows(4) {
            assert!(leak(&format!("{window:?}")).is_some());
            assert!(leak(&format!("{window:02x?}")).is_some());
            assert!(leak(&window.escape_ascii().to_string()).is_some());
        }
        let hex = hex();
        for start in (0..24).step_by(2) {
            assert_eq!(leak(&format!("…{}…", &hex[start..start + 8])), Some("hex"));
        }
    }

    #[test]
    fn a_secret_as_numbers_is_found() {
        assert_eq!(leak(&format!("{SECRET:?}")), Some("a list of bytes"));
        let [be, le] = [u128::from_be_bytes(SECRET), u128::from_le_bytes(SECRET)];
        for number in [be, le] {
            assert_eq!(leak(&format!("Id({number})")), Some("a number"));
            assert_eq!(leak(&format!("Id({})", number.cast_signed())), Some("a number"));
        }
        for half in SECRET.as_chunks::<8>().0 {
            for number in [u64::from_be_bytes(*half), u64::from_le_bytes(*half)] {
                assert_eq!(leak(&number.to_string()), Some("a number"));
                assert_eq!(leak(&number.cast_signed().to_string()), Some("a number"));
            }
        }
        for four in SECRET.as_chunks::<4>().0.iter().take(2) {
            assert_eq!(leak(&u32::from_be_bytes(*four).to_string()), Some("a number"));
            assert_eq!(leak(&u32::from_le_bytes(*four).to_string()), Some("a number"));
        }
        assert_eq!(leak(&u64::from_be_bytes([0x5e; 8]).to_string()), Some("a number"));
    }

    #[test]
    fn a_secret_as_text_is_found() {
        let latin: String = SECRET.iter().map(|byte| char::from(*byte)).collect();
        let escaped = SECRET.escape_ascii().to_string();
        for text in [&escaped, &latin, &format!("{latin:?}"), &latin.escape_default().to_string()] {
            assert_eq!(leak(text), Some("escaped"), "{text}");
        }
        assert_eq!(leak(&format!("{escaped:?}")), Some("escaped twice"));
        assert_eq!(leak("cookie t45CMQ9xXP8AqScc0gqFfg=="), Some("base64"));
        assert_eq!(leak("cookie Xl5eXl5eXl4"), Some("base64"));
        let url_safe = Detector::of([&vec![0xfb, 0xff, 0xfe, 0xfb, 0xff, 0xfe, 0xfb, 0xff]]);
        assert_eq!(
            [url_safe.leak("-__--__--_8"), url_safe.leak("+//++//++/8")],
            [Some("base64"); 2]
        );
    }

    #[test]
    fn four_digits_and_no_more_are_allowed() {
        assert_eq!(leak("SessionId(b78e…), FormToken(5e5e…), b78e…"), None);
        for text in ["SessionId(b78e4…)", "FormToken(b78e)", "SessionId(b78)", "id b78e4…"] {
            assert_eq!(leak(text), Some("a fifth digit"), "{text}");
        }
    }

    #[test]
    fn what_is_no_secret_is_not_found() {
        let text = "Session { user: Some(\"alice\"), created: 1000000000000, draws: [1, 2, 3, 4] }";
        assert_eq!(leak(text), None);
    }
}
