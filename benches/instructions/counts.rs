//! Instructions that the core operations take, counted under callgrind: a number that does not
//! depend on how busy the machine is. `.ci/bench` compares them with `baseline.txt`.

#![allow(missing_docs, reason = "gungraun's macros write functions without docs")]

use std::hint::black_box;

use gungraun::{LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main};
use quixote_session::{
    Config, CookieChange, CookieOp, CookieValue, Event, ManagerEvent, Outcome, read_cookie,
    set_cookie,
};

use quixote_session::driver::Call;

use crowd::Crowd;
use desk::Desk;

#[allow(dead_code, reason = "the other benches use the rest")]
#[path = "../setup/crowd.rs"]
mod crowd;
#[path = "../setup/desk.rs"]
mod desk;
#[path = "../setup/walk.rs"]
mod walk;

const SESSIONS: u64 = 1_000;
const REQUESTS: u64 = 100;

fn live() -> Crowd {
    Crowd::new(&Config::QUIXOTE, SESSIONS)
}

fn copying() -> Crowd {
    Crowd::new(&Config::QUIXOTE_PERSISTENT, SESSIONS)
}

fn strict() -> Crowd {
    Crowd::new(&Config::STRICT, SESSIONS)
}

fn cycles(mut crowd: Crowd, requests: u64) -> Crowd {
    for _ in 0..requests {
        let number = crowd.next(true);
        assert!(black_box(crowd.cycle(number)));
    }
    crowd
}

#[library_benchmark]
#[bench::live(live())]
#[bench::copying(copying())]
#[bench::strict(strict())]
fn cycle(crowd: Crowd) -> Crowd {
    cycles(crowd, REQUESTS)
}

// What `.ci/bench` must see, and what it must not: slow-downs of 6 and of 4 percent.
#[library_benchmark]
#[bench::by_6_percent(live(), REQUESTS / 100 * 106)]
#[bench::by_4_percent(live(), REQUESTS / 100 * 104)]
fn slower(crowd: Crowd, requests: u64) -> Crowd {
    cycles(crowd, requests)
}

#[library_benchmark]
#[bench::live(live())]
#[bench::copying(copying())]
#[bench::strict(strict())]
fn new_session(mut crowd: Crowd) -> Crowd {
    for number in SESSIONS..SESSIONS + REQUESTS {
        black_box(crowd.join(number, 1));
    }
    crowd
}

#[library_benchmark]
#[bench::live(live())]
#[bench::strict(strict())]
fn logout(mut crowd: Crowd) -> Crowd {
    for number in 0..REQUESTS {
        black_box(crowd.log_out(number));
    }
    crowd
}

#[library_benchmark]
#[bench::successful(strict(), Outcome::Successful)]
#[bench::failed(strict(), Outcome::Failed)]
fn renewal(mut crowd: Crowd, outcome: Outcome) -> Crowd {
    for number in 0..REQUESTS {
        black_box(crowd.log_in(number, SESSIONS + number, outcome));
    }
    crowd
}

#[library_benchmark]
#[bench::strict(strict())]
fn sweep(mut crowd: Crowd) -> Crowd {
    black_box(crowd.send(Event::Manager(ManagerEvent::Sweep)));
    crowd
}

// Requests over a store outside, each in an exchange of its own.
#[library_benchmark]
#[bench::read(Desk::new(), [].into())]
#[bench::write(Desk::new(), [Call::set("key", "value")].into())]
#[bench::login(Desk::new(), [Call::login("alice")].into())]
fn exchange(mut desk: Desk, calls: Vec<Call<()>>) -> Desk {
    for _ in 0..REQUESTS {
        assert!(black_box(desk.serve(&calls)));
    }
    desk
}

fn header(cookies: usize) -> String {
    let other = |nth: usize| format!("_ga_{nth:02}=GS1.1.1700000000.{nth}.1; ");
    (1..cookies).map(other).collect::<String>() + "QX_session=00000000000000a1"
}

#[library_benchmark]
#[bench::of_1(header(1))]
#[bench::of_20(header(20))]
fn read(header: String) -> Option<CookieValue> {
    read_cookie(&Config::QUIXOTE, black_box(&header))
}

#[library_benchmark]
#[bench::strict(CookieOp { value: CookieChange::Set([7; 16].into()), path: "/".into() })]
fn write(op: CookieOp) -> Option<String> {
    set_cookie(&Config::STRICT, black_box(&op)).ok()
}

library_benchmark_group!(
    name = core,
    benchmarks = [cycle, slower, new_session, logout, renewal, sweep, exchange, read, write]
);

// The C library picks its memcpy by the processor: for the same counts everywhere, it is told that
// there is nothing to pick from (names of glibc 2.33 and of those before it).
main!(
    config = LibraryBenchmarkConfig::default().env(
        "GLIBC_TUNABLES",
        "glibc.cpu.hwcaps=-AVX512VL,-AVX512F,-AVX2,-AVX,-ERMS,-FSRM,-AVX2_Usable,-AVX512F_Usable",
    ),
    library_benchmark_groups = core
);
