//! Reaching other processes.

use loom_testing::CommandLine;
use rustix::process::Signal;

use super::cage::{Attempts, Cage, person};
use super::calls::CALLS;

/// `OTHER` is a process outside, of the same person.
const ATTEMPTS: Attempts<'_> = Attempts(&[
    ("ask whether it is there", r#"kill -0 "$OTHER""#),
    ("stop it", r#"kill -STOP "$OTHER" && kill -CONT "$OTHER""#),
    ("trace it", r#"call ptrace 16 "$OTHER" 0 0"#),
    (
        "read its memory",
        r#"[ -n "$(head -c 16 "/proc/$OTHER/auxv" | tr -d '\0')" ]"#,
    ),
    ("open its memory", r#"exec 3< "/proc/$OTHER/mem""#),
    ("see its files", r#"readlink "/proc/$OTHER/fd/0""#),
    ("go to its folder", r#"cd "/proc/$OTHER/cwd/""#),
    (
        "enter its namespaces",
        r#"nsenter --target "$OTHER" --mount true"#,
    ),
    ("change its limits", r#"prlimit --pid "$OTHER" --core=0"#),
]);

fn definitions(other: u32) -> String {
    format!("OTHER={other}\n{CALLS}")
}

fn sleeper(user: &CommandLine) -> loom_testing::command_line::Running {
    user.program("sleep", ["1000"]).spawn()
}

#[test]
fn processes_outside_cannot_be_reached() {
    let user = person();
    let other = sleeper(&user);
    let definitions = definitions(other.id());
    if super::cage::is_root() {
        ATTEMPTS.assert_they_work_outside(&user, &definitions);
    }
    for cage in Cage::all() {
        ATTEMPTS.assert_refused(cage, &person(), &definitions);
    }
    other.signal(Signal::KILL);
    assert_eq!(other.wait().signal, Some(9));
}

#[test]
fn signals_to_everyone_stay_inside() {
    for cage in Cage::all() {
        let user = person();
        let other = sleeper(&user);
        let _ = cage.run(&user, "kill -KILL -1; kill -KILL 1; kill -TERM -1");
        // It is still there for us to kill.
        other.signal(Signal::USR1);
        assert_eq!(other.wait().signal, Some(10), "{cage:?}");
    }
}

#[test]
fn processes_inside_can_be_signalled_waited_for_and_traced() {
    let script = format!(
        "{CALLS}
        sleep 1000 & kill -TERM $!; wait $!; echo $?
        timeout 0.05 sleep 1000; echo $?
        sleep 1000 & call ptrace 16 $! 0 0 && echo traced; kill -KILL $!"
    );
    for cage in Cage::all() {
        let output = cage.run(&person(), &script);
        assert_eq!(output.stdout, "143\n124\ntraced\n", "{cage:?}: {output}");
    }
}

#[test]
fn only_the_processes_of_the_command_can_be_seen() {
    for cage in Cage::apart() {
        let output = cage.run(
            &person(),
            "for p in /proc/[0-9]*; do echo ${p#/proc/}; done",
        );
        let ids: Vec<u32> = output
            .stdout
            .lines()
            .map(|id| id.parse().unwrap())
            .collect();
        assert!(ids.len() <= 3 && ids.contains(&1), "{cage:?}: {output}");
    }
}

#[test]
fn privileges_cannot_be_gained() {
    let script = "grep -E '^(NoNewPrivs|CapAmb|CapInh)' /proc/self/status; \
         perl -e 'my %c = map { /^(Cap\\w+):\\s*(\\w+)/ ? ($1, hex $2) : () } <>; \
             # Rights over files and users are all that is left: 0, 1, 3, 4, 6, 7. \
             print $c{CapEff} & ~0xdb ? \"more\\n\" : \"no more\\n\"' /proc/self/status";
    for cage in Cage::all() {
        let output = cage.run(
            &person(),
            &script.replace(
                "# Rights over files and users are all that is left: 0, 1, 3, 4, 6, 7.",
                "",
            ),
        );
        assert_eq!(
            output.stdout,
            "CapInh:\t0000000000000000\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\nno more\n",
            "{cage:?}: {output}"
        );
    }
}

#[test]
fn a_bomb_of_processes_is_contained() {
    // Counts how many children there can be at a time, and ends them.
    let script = r#"perl -e '
        my @children;
        for (1..20000) {
            my $child = fork;
            last unless defined $child;
            if ($child == 0) { sleep 1000; exit }
            push @children, $child;
        }
        kill "KILL", @children;
        print @children < 20000 ? "contained\n" : "free\n";'"#;
    // For the administrator only a namespace of processes has a bound.
    let cages = Cage::apart();
    let Some(cage) = cages.first() else {
        return;
    };
    let output = cage.run(&person(), script);
    assert_eq!(output.stdout, "contained\n", "{cage:?}: {output}");
}
