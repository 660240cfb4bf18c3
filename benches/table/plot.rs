//! The two pictures, as SVG: cost against the number of sessions, and memory for each session.

use crate::results::read;

const LEFT: f64 = 80.0;
const RIGHT: f64 = 560.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 390.0;

/// Who is drawn, from which results, in colours that the colour-blind tell apart (Okabe and Ito).
const WHO: [(&str, &str, &str); 6] = [
    ("cycle", "floor", "#000000"),
    ("cycle", "live", "#0072b2"),
    ("cycle", "copying", "#56b4e9"),
    ("cycle", "strict", "#009e73"),
    ("cycle", "tower-sessions", "#d55e00"),
    ("cookies-5", "quixote", "#cc79a7"),
];

/// Nanoseconds a request cycle against stored sessions, both axes logarithmic.
pub(crate) fn cost() -> String {
    let across = |size: f64| LEFT + (RIGHT - LEFT) * (size.log10() - 3.0) / 4.0;
    let up = |ns: f64| BOTTOM - (BOTTOM - TOP) * (ns.log10() - 1.0) / 4.0;
    let mut picture = Picture::new("A request cycle, by the number of stored sessions");
    for (ns, name) in
        [(1e1, "10 ns"), (1e2, "100 ns"), (1e3, "1 µs"), (1e4, "10 µs"), (1e5, "100 µs")]
    {
        picture.grid(up(ns), name);
    }
    let sizes = [(1_000, 1e3, "1k"), (100_000, 1e5, "100k"), (1_000_000, 1e6, "1M")];
    let sizes = sizes.into_iter().chain([(10_000_000, 1e7, "10M")]);
    for (_, size, name) in sizes.clone() {
        picture.text(across(size), BOTTOM + 22.0, "middle", "#444", name);
    }
    let mut labels = Vec::new();
    for (group, who, colour) in WHO {
        let mut points = Vec::new();
        for (number, size, _) in sizes.clone() {
            let Some(found) = read(group, who, number) else { continue };
            let (x, y) = (across(size), up(found.median));
            picture.bar(
                x,
                up(found.median - found.spread),
                up(found.median + found.spread),
                colour,
            );
            points.push((x, y));
        }
        picture.curve(&points, colour);
        labels.extend(points.last().map(|(x, y)| (*x, *y, who, colour)));
    }
    picture.labels(labels);
    picture.finish()
}

/// Bytes a session at the best and the worst point of the table, for 0, 2 and 16 tokens.
pub(crate) fn memory() -> String {
    let up = |bytes: f64| BOTTOM - (BOTTOM - TOP) * (bytes.log10() - 2.0) / 1.5;
    let mut picture = Picture::new("Memory for each session, from the best to the worst point");
    for (bytes, name) in
        [(100.0, "100 B"), (200.0, "200 B"), (500.0, "500 B"), (1e3, "1 kB"), (2e3, "2 kB")]
    {
        picture.grid(up(bytes), name);
    }
    let mut labels = Vec::new();
    for (tokens, x, name) in
        [(0, 160.0, "no token"), (2, 320.0, "2 tokens"), (16, 480.0, "16 tokens")]
    {
        picture.text(x, BOTTOM + 22.0, "middle", "#444", name);
        let mut x = x - 24.0;
        for (_, who, colour) in WHO {
            let best = read("memory-best", who, tokens);
            let Some((best, worst)) = best.zip(read("memory-worst", who, tokens)) else { continue };
            picture.bar(x, up(best.median), up(worst.median), colour);
            x += 24.0;
            if tokens == 16 {
                labels.push((RIGHT, up(worst.median), who, colour));
            }
        }
    }
    picture.labels(labels);
    picture.finish()
}

struct Picture(String);

impl Picture {
    fn new(title: &str) -> Self {
        let mut picture = Self(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 430\" \
             font-family=\"sans-serif\" font-size=\"13\">\n\
             <rect width=\"720\" height=\"430\" fill=\"#fff\"/>\n"
                .to_owned(),
        );
        picture.text(LEFT, 26.0, "start", "#000", title);
        picture
    }

    fn add(&mut self, element: &str) {
        self.0.push_str(element);
    }

    fn text(&mut self, x: f64, y: f64, anchor: &str, colour: &str, text: &str) {
        self.add(&format!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{colour}\">\
             {text}</text>\n"
        ));
    }

    fn grid(&mut self, y: f64, name: &str) {
        self.add(&format!("<path d=\"M{LEFT} {y:.1}H{RIGHT}\" stroke=\"#ddd\"/>\n"));
        self.text(LEFT - 8.0, y + 4.0, "end", "#444", name);
    }

    /// From one height to another: a spread, or a range. One that is small is still seen.
    fn bar(&mut self, x: f64, from: f64, to: f64, colour: &str) {
        let (from, to) = if from - to < 5.0 { (from + 2.5, to - 2.5) } else { (from, to) };
        self.add(&format!(
            "<path d=\"M{x:.1} {from:.1}V{to:.1}\" stroke=\"{colour}\" stroke-width=\"9\"/>\n"
        ));
    }

    fn curve(&mut self, points: &[(f64, f64)], colour: &str) {
        let joined: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        self.add(&format!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\n",
            joined.join(" ")
        ));
    }

    /// Names at the ends of curves, moved apart where they would lie on each other.
    fn labels(&mut self, mut labels: Vec<(f64, f64, &str, &str)>) {
        labels.sort_by(|one, other| one.1.total_cmp(&other.1));
        let mut free = TOP;
        for (_, y, name, colour) in labels {
            let y = y.max(free);
            self.text(RIGHT + 14.0, y + 4.0, "start", colour, name);
            free = y + 16.0;
        }
    }

    fn finish(self) -> String {
        self.0 + "</svg>\n"
    }
}
