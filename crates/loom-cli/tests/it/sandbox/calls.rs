//! Calls of the kernel that are closed.

use super::cage::{Attempts, Cage, is_root, person};

/// Defines `call NAME ARGUMENTS...`, which makes a system call and succeeds when the kernel does not
/// refuse it: an argument that makes no sense is not a refusal. An argument that is no number is
/// passed as text.
pub(super) const CALLS: &str = r#"
call() { perl -e '
    my ($machine) = split " ", `uname -m`;
    my %numbers = (
        x86_64 => {ptrace => 101, mount => 165, umount2 => 166, chroot => 161, pivot_root => 155,
            unshare => 272, setns => 308, clone => 56, keyctl => 250, add_key => 248,
            request_key => 249, bpf => 321, perf_event_open => 298, userfaultfd => 323,
            open_by_handle_at => 304, init_module => 175, kexec_load => 246, reboot => 169,
            swapon => 167, settimeofday => 164, sethostname => 170, syslog => 103, acct => 163,
            memfd_create => 319},
        aarch64 => {ptrace => 117, mount => 40, umount2 => 39, chroot => 51, pivot_root => 41,
            unshare => 97, setns => 268, clone => 220, keyctl => 219, add_key => 217,
            request_key => 218, bpf => 280, perf_event_open => 241, userfaultfd => 282,
            open_by_handle_at => 265, init_module => 105, kexec_load => 104, reboot => 142,
            swapon => 224, settimeofday => 170, sethostname => 161, syslog => 116, acct => 89,
            memfd_create => 279},
    );
    my %new = (io_uring_setup => 425, io_uring_enter => 426, io_uring_register => 427,
        open_tree => 428, move_mount => 429, fsopen => 430, fsmount => 432, clone3 => 435,
        mount_setattr => 442, future => 500, x32 => 0x40000000 + 39);
    my ($name, @arguments) = @ARGV;
    my $number = $numbers{$machine}{$name} // $new{$name} // die "no call $name";
    for (@arguments) { if (/^-?\d+$/) { $_ += 0 } else { $_ .= "\0" } }
    my $result = syscall($number, @arguments);
    my $error = $! + 0;
    print STDERR "$name: $result, $!\n";
    # EPERM, ESRCH, EACCES, ENOSYS
    exit($result < 0 && grep({ $error == $_ } 1, 3, 13, 38) ? 1 : 0);' -- "$@"; }"#;

#[test]
fn calls_that_lead_out_are_refused() {
    const ATTEMPTS: Attempts<'_> = Attempts(&[
        ("mount", "call mount none /tmp tmpfs 0 0"),
        ("umount", "call umount2 /proc 2"),
        ("open_tree", "call open_tree -100 / 1"),
        ("move_mount", "call move_mount -1 x -1 x 0"),
        ("fsopen", "call fsopen tmpfs 0"),
        ("fsmount", "call fsmount -1 0 0"),
        ("mount_setattr", "call mount_setattr -1 x 0 0 0"),
        ("chroot", "call chroot /tmp"),
        ("pivot_root", "call pivot_root / /"),
        ("unshare: users", "call unshare 268435456"),
        ("unshare: mounts", "call unshare 131072"),
        ("unshare: network", "call unshare 1073741824"),
        ("unshare by program", "unshare --user true"),
        ("clone into namespaces", "call clone 268435473 0 0 0 0"),
        ("clone3", "call clone3 0 0"),
        ("setns", "call setns -1 0"),
        ("io_uring_setup", "call io_uring_setup 8 0"),
        ("io_uring_enter", "call io_uring_enter -1 0 0 0 0 0"),
        ("io_uring_register", "call io_uring_register -1 0 0 0"),
        ("keyctl", "call keyctl 0 -3 0"),
        ("add_key", "call add_key user name 0 0 -3"),
        ("request_key", "call request_key user name 0 0"),
        ("bpf", "call bpf 0 0 0"),
        ("perf_event_open", "call perf_event_open 0 0 -1 -1 0"),
        ("userfaultfd", "call userfaultfd 0"),
        ("open_by_handle_at", "call open_by_handle_at -1 0 0"),
        ("init_module", "call init_module 0 0 x"),
        ("kexec_load", "call kexec_load 0 0 0 0"),
        ("reboot", "call reboot 0 0 0 0"),
        ("swapon", "call swapon /dev/null 0"),
        ("settimeofday", "call settimeofday 0 0"),
        ("sethostname", "call sethostname x 1"),
        ("the log of the kernel", "call syslog 3 0 0"),
        ("acct", "call acct 0"),
        ("a call of the future", "call future 0 0 0"),
        ("a call of the x32 interface", "call x32"),
    ]);
    for cage in Cage::all() {
        ATTEMPTS.assert_refused(cage, &person(), CALLS);
    }
}

#[test]
fn devices_and_the_kernels_settings_are_closed() {
    const ATTEMPTS: Attempts<'_> = Attempts(&[
        ("make a device", "mknod device b 8 0"),
        (
            "read a disk",
            "for d in /dev/[vsn][dv]*[a-z0-9]; do head -c 1 $d | grep -q . && exit 0; done; exit 1",
        ),
        ("read memory", "head -c 1 /dev/mem"),
        (
            "read the log of the kernel",
            "timeout 1 head -c 1 /dev/kmsg",
        ),
        ("change a setting", "echo x > /proc/sys/kernel/core_pattern"),
        ("change another", "echo 1 > /proc/sys/kernel/pid_max"),
        ("press a key", "echo x > /proc/sysrq-trigger"),
        ("change a device", "echo x > /sys/power/state"),
        ("mount a cgroup", "mkdir /sys/fs/cgroup/loom-test"),
        ("name a helper", "echo x > /sys/kernel/uevent_helper"),
    ]);
    for cage in Cage::all() {
        ATTEMPTS.assert_refused(cage, &person(), CALLS);
    }
}

#[test]
fn nobody_types_on_the_terminal_of_the_person() {
    // TIOCSTI, also with bits above those that the kernel looks at; the terminal is standard input.
    let script = r#"perl -e 'for my $request (0x5412, 0x100005412) {
            my $letter = "x";
            print ioctl(STDIN, $request, $letter) ? "typed\n" : "$!\n";
        }'"#;
    for cage in Cage::all() {
        let user = person();
        let arguments = ["--", "bash", "-c", script];
        let terminal = cage.loom(&user, &arguments).spawn_on_terminal();
        let screen = terminal.wait_for("Operation not permitted\nOperation not permitted");
        assert!(!screen.contains("typed"), "{cage:?}: {screen}");
        assert_eq!(terminal.wait(), 0, "{cage:?}");
    }
}

#[test]
fn programs_of_other_users_gain_nothing() {
    if !is_root() {
        eprintln!("NOT TESTED: only the administrator can make such a program");
        return;
    }
    // A copy of `id` that would run as another user.
    for cage in Cage::all() {
        let user = person();
        let script = "cp /usr/bin/id other; chown 65534 other 2>/dev/null; chmod u+s other; \
             ./other --user";
        let output = cage.run(&user, script);
        assert_eq!(output.stdout, "0\n", "{cage:?}: {output}");
    }
}
