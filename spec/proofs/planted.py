"""One machine in Rust that is several: the sound one, and faulty ones, which PROVED_FAULT picks.

A definition that is the same in all of them is printed once. Of another there is one for each, and
one that calls the right one.
"""

import printer

CHOICE = """
/// Which machine this is: the sound one is 0.
fn fault() -> usize {
    static FAULT: std::sync::LazyLock<usize> = std::sync::LazyLock::new(|| {
        std::env::var("PROVED_FAULT").map_or(0, |number| number.parse().unwrap())
    });
    *FAULT
}
"""


def rust(sound, faulty, roots):
    programs = [printer.Program(module, roots) for module in [sound, *faulty]]
    first = programs[0]
    texts, arities, made = {}, {}, {}
    for number, program in enumerate(programs):
        made |= {name: program.constructors[name] for name in program.made}
        # Another definition, if it takes other arguments.
        program.renamed = {
            name: f"{printer.word(name)}_of_{number}"
            for name in program.used
            if name not in first.used or program.arity(name) != first.arity(name)
        }
        for name in program.used:
            word = program.word(name)
            texts.setdefault(word, {})[number] = program.function(name)
            arities[word] = program.arity(name)
    lines = [*printer.constructors(made), CHOICE]
    for word, of in texts.items():
        lines += definition(word, arities[word], of)
    return printer.HEAD + "\n".join(lines)


def definition(word, arity, texts):
    """The definitions of this name, by the numbers of the machines."""
    owners = {}
    for number, text in texts.items():
        owners.setdefault(text, number)
    if len(owners) == 1:
        return list(owners)
    lines = [text.replace(f"fn {word}(", f"fn {word}_in_{own}(", 1) for text, own in owners.items()]
    arms = [
        f"{number} => {word}_in_{owners[text]}({arguments(arity)})," for number, text in texts.items()
    ]
    head = f"pub(crate) fn {word}({arguments(arity, ': &Value')}) -> Value"
    rest = "_ => super::value::absurd()"
    return [*lines, f"{head} {{ match fault() {{ {' '.join(arms)} {rest} }} }}"]


def arguments(arity, kind=""):
    return ", ".join(f"argument_{place}{kind}" for place in range(arity))
