//! `judge`: another session manager, over HTTP.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Exit;
use super::number::whole;
use super::output::{Pipe, complain, not_written, write_document, write_file};
use super::progress::bar;
use crate::judge::{Case, Fault, LOG, Report, judge, stop_running};

/// Judge a session manager in any language, over HTTP.
///
/// The server speaks a contract of a few operations (spec/contract.md): an adapter of about 40
/// lines. The judge is its browsers: it decides how their requests overlap, moves the server's
/// clock where it can, and says which clauses hold. What fails is shown with a trace.
///
/// With a command after --, the judge starts the server and ends it. Otherwise the server runs
/// already, and was told --gate as `KIT_GATE` and --clock as `KIT_CLOCK`.
///
/// The exit status is 0 if all clauses hold that are a MUST, 1 if one does not, or 2 if the server
/// does not speak the contract or something could not be judged.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The address of the server, such as <http://127.0.0.1:8080>
    url: String,
    /// The port of the gate; any if not given
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    #[arg(value_parser = whole::<u16>, allow_negative_numbers = true)]
    gate: u16,
    /// A file of eight bytes by which the server's clock is ahead, made if it is missing
    #[arg(long, value_name = "FILE")]
    clock: Option<PathBuf>,
    /// Judge only these, such as U9,X1
    #[arg(long, value_name = "CLAUSES", value_delimiter = ',')]
    clauses: Vec<String>,
    /// Also run so many programs, drawn from the events of the model
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    #[arg(value_parser = whole::<u32>, allow_negative_numbers = true)]
    programs: u32,
    /// Determines the programs
    #[arg(long, default_value_t = 1, value_parser = whole::<u64>, allow_negative_numbers = true)]
    seed: u64,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// Also write a report for CI servers
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Keep the result, the server's log, and a script with curl for each failure, over files of
    /// the same names
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Break a part of the judge, to see that it is noticed
    #[arg(long, value_enum, hide = true)]
    fault: Option<Fault>,
    /// Starts the server, which finds its port in PORT
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Where no bar moves.
const HOW_LONG: &str = "judging takes seconds, or a few minutes; a server that does not start or \
                        answer is given up after four";

/// Judges, and reports.
pub(super) fn run(arguments: &Arguments) -> io::Result<Exit> {
    if arguments.command.is_empty() && arguments.gate == 0 {
        complain("expected --gate PORT, which the server was told as KIT_GATE, or -- COMMAND");
        return Ok(Exit::Failed);
    }
    // A server that was started is in a group of its own, which Ctrl-C does not reach.
    let handled = ctrlc::set_handler(|| {
        stop_running();
        std::process::exit(130);
    });
    handled.map_err(io::Error::other)?;
    let temporary = tempfile::tempdir()?;
    let judged = judge_beside_bar(&arguments.case(temporary.path()));
    if let Some(folder) = &arguments.out
        && let Err(error) = keep_log(temporary.path(), folder)
    {
        return Ok(not_written(folder, &error));
    }
    let report = match judged {
        Ok(report) => report,
        Err(why) => {
            complain(why.trim_end());
            return Ok(Exit::Failed);
        }
    };
    let written = write(&report, arguments)?;
    if written != Exit::Well {
        return Ok(written);
    }
    Ok(if report.fails() {
        Exit::Differs
    } else if report.is_doubtful() {
        Exit::Failed
    } else {
        Exit::Well
    })
}

impl Arguments {
    /// What is judged; the server runs in the folder.
    fn case(&self, folder: &Path) -> Case {
        Case {
            url: self.url.clone(),
            gate: self.gate,
            clock: self.clock.clone(),
            clauses: self.clauses.clone(),
            command: self.command.clone(),
            folder: folder.into(),
            programs: self.programs,
            seed: self.seed,
            fault: self.fault,
        }
    }
}

fn judge_beside_bar(case: &Case) -> Result<Report, String> {
    // The time shows that something moves while one request is waited for.
    let bar = bar("judging {bar:20} {pos}/{len} {elapsed} {wide_msg}");
    bar.enable_steady_tick(Duration::from_millis(100));
    if bar.is_hidden() {
        let _ = writeln!(anstream::stderr(), "{HOW_LONG}");
    }
    let judged = judge(case, &mut |number, all, name| {
        bar.set_length(u64::try_from(all).unwrap_or(u64::MAX));
        bar.set_position(u64::try_from(number).unwrap_or(u64::MAX));
        bar.set_message(name.to_owned());
    });
    bar.finish_and_clear();
    judged
}

/// The server had a folder of its own, which goes; what it printed is kept.
fn keep_log(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    let log = from.join(LOG);
    if log.exists() { std::fs::copy(log, to.join(LOG)).map(drop) } else { Ok(()) }
}

/// Prints the result, and writes the files that were asked for.
fn write(report: &Report, arguments: &Arguments) -> io::Result<Exit> {
    let mut out = Pipe::new(anstream::stdout().lock());
    let document = report.json();
    if arguments.json {
        write_document(&mut out, &document)?;
    } else {
        report.write(&mut out)?;
    }
    out.flush()?;
    if let Some(path) = &arguments.junit
        && let Err(error) = write_file(path, |out| report.write_junit(out))
    {
        return Ok(not_written(path, &error));
    }
    if let Some(folder) = &arguments.out {
        let result = folder.join("result.json");
        let written = report.write_scripts(folder).and_then(|()| {
            write_file(&result, |out| {
                serde_json::to_writer_pretty(&mut *out, &document)?;
                writeln!(out)
            })
        });
        if let Err(error) = written {
            return Ok(not_written(&result, &error));
        }
    }
    Ok(Exit::Well)
}
