//! Reaching the network and the services of this machine.

use std::io::ErrorKind;
use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};

use super::cage::{Attempts, Cage, outside, person};

/// Attempts to reach listeners on this machine, whose places are in variables.
const REACH: Attempts<'_> = Attempts(&[
    (
        "TCP",
        r#"timeout 5 bash -c "exec 3<>/dev/tcp/127.0.0.1/$TCP""#,
    ),
    (
        "a unix socket",
        r#"perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0) or exit 1; connect(S, pack_sockaddr_un($ARGV[0])) or exit 1' "$UNIX""#,
    ),
    (
        "an abstract unix socket",
        r#"perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0) or exit 1; connect(S, pack("S", AF_UNIX) . "\0" . $ARGV[0]) or exit 1' "$ABSTRACT""#,
    ),
]);

/// Families and kinds of sockets that nobody needs: family, kind, protocol. They are refused when
/// they are made.
const SOCKETS: Attempts<'_> = Attempts(&[
    ("raw IPv4", "socket 2 3 1"),
    ("raw IPv6", "socket 10 3 58"),
    ("packets", "socket 17 3 768"),
    ("netlink: events of devices", "socket 16 3 15"),
    ("netlink: filters", "socket 16 3 12"),
    ("netlink: diagnosis", "socket 16 3 4"),
    ("virtual machines", "socket 40 1 0"),
    ("cryptography of the kernel", "socket 38 5 0"),
    ("bluetooth", "socket 31 3 1"),
    ("keys", "socket 15 3 2"),
]);

const SOCKET: &str =
    r#"socket() { perl -e 'socket(S, $ARGV[0], $ARGV[1], $ARGV[2]) or exit 1' "$@"; }"#;

#[test]
fn nothing_that_listens_on_this_machine_can_be_reached() {
    let user = person();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let path = outside(&user).join("socket");
    let _unix = UnixListener::bind(&path).unwrap();
    let name = format!("loom-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let _abstract = UnixListener::bind_addr(&address).unwrap();
    let udp_port = udp.local_addr().unwrap().port();
    let definitions = format!(
        "export TCP={} UNIX='{}' ABSTRACT={name}; \
         perl -MSocket -e 'socket(S, AF_INET, SOCK_DGRAM, 0); \
             send(S, \"x\", 0, sockaddr_in({udp_port}, INADDR_LOOPBACK))' 2>/dev/null",
        tcp.local_addr().unwrap().port(),
        path.display(),
    );
    udp.set_nonblocking(true).unwrap();

    REACH.assert_they_work_outside(&user, &definitions);
    assert_eq!(udp.recv(&mut [0; 8]).unwrap(), 1, "a packet got through");
    for cage in Cage::all() {
        REACH.assert_refused(cage, &user, &definitions);
        let error = udp.recv(&mut [0; 8]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "{cage:?}");
    }
}

#[test]
fn services_that_come_and_go_keep_no_command_from_running() {
    let user = person();
    let path = outside(&user).join("socket");
    let script = r#"perl -MSocket -e 'while (1) {
        socket(S, AF_UNIX, SOCK_STREAM, 0); bind(S, pack_sockaddr_un($ARGV[0]));
        select(undef, undef, undef, 0.005); unlink $ARGV[0]; close S }' "$0""#;
    let service = user.program("bash", ["-c", script, path.to_str().unwrap()]);
    let service = service.spawn();
    for cage in Cage::all() {
        for _ in 0..5 {
            cage.run(&user, "true").assert_success();
        }
    }
    service.signal(rustix::process::Signal::KILL);
    let _ = service.wait();
}

#[test]
fn sockets_past_the_internets_are_refused() {
    for cage in Cage::all() {
        SOCKETS.assert_refused(cage, &person(), SOCKET);
    }
}

#[test]
fn names_are_not_resolved_and_addresses_not_reached() {
    const ATTEMPTS: Attempts<'_> = Attempts(&[
        ("a name", "timeout 20 getent ahosts loom-test.example.com"),
        // For documentation (RFC 5737): where there is a network, connecting would go on and on.
        (
            "an address",
            "timeout 20 bash -c 'exec 3<>/dev/tcp/192.0.2.1/443'",
        ),
        (
            "the metadata of a cloud",
            "timeout 20 bash -c 'exec 3<>/dev/tcp/169.254.169.254/80'",
        ),
    ]);
    for cage in Cage::all() {
        let script = ATTEMPTS.script("");
        let output = cage.run(&person(), &format!("{script}\ncat attempts.log"));
        assert!(!output.stdout.contains("OUT"), "{cage:?}: {output}");
        // At once, instead of after a time-out.
        let refusals = ["Network is unreachable", "Operation not permitted"];
        let refused: usize = refusals
            .iter()
            .map(|text| output.stdout.matches(text).count())
            .sum();
        assert!(refused >= 2, "{cage:?}: {output}");
    }
}

#[test]
fn a_server_on_localhost_works_in_a_network_of_ones_own() {
    let script = r#"perl -MSocket -e '
        socket(S, AF_INET, SOCK_STREAM, 0) or die "socket: $!";
        bind(S, sockaddr_in(0, INADDR_LOOPBACK)) or die "bind: $!";
        listen(S, 1);
        my ($port) = sockaddr_in(getsockname(S));
        if (fork) { accept(C, S); print scalar <C>; }
        else {
            socket(C, AF_INET, SOCK_STREAM, 0);
            connect(C, sockaddr_in($port, INADDR_LOOPBACK)) or die "connect: $!";
            syswrite(C, "hello\n");
        }'"#;
    for cage in Cage::apart() {
        let output = cage.run(&person(), script);
        assert_eq!(output.stdout, "hello\n", "{cage:?}: {output}");
    }
}

/// Asks the proxy for a tunnel, and prints the first line of its answer.
const ASK: &str = r#"
    ask() {
        exec 3<>"/dev/tcp/127.0.0.1/${HTTPS_PROXY##*:}" || return
        printf 'CONNECT %s HTTP/1.1\r\n\r\n' "$1" >&3
        IFS= read -r line <&3; echo "${line%$'\r'}"
        exec 3>&-
    }"#;

#[test]
fn the_proxy_lets_listed_hosts_pass_and_no_others() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let script = format!(
        "{ASK}
        ask other.test:443
        ask allowed.test:22
        # Listed, but of this machine.
        ask localhost:{port}
        # Listed, and nobody knows it.
        ask loom.invalid:443
        # Past the proxy.
        (exec 3<>/dev/tcp/127.0.0.1/{port}) 2>/dev/null || echo refused"
    );
    for cage in Cage::all() {
        let local = format!("localhost:{port}");
        let hosts = ["--allow-host", "allowed.test", "--allow-host", &local];
        let more = ["--allow-host", "loom.invalid", "--", "bash", "-c", &script];
        let output = cage.loom(&person(), &[&hosts[..], &more].concat()).run();
        assert_eq!(
            output.stdout,
            "HTTP/1.1 403 Forbidden\n\
             HTTP/1.1 403 Forbidden\n\
             HTTP/1.1 403 Forbidden\n\
             HTTP/1.1 502 Bad Gateway\n\
             refused\n",
            "{cage:?}: {output}"
        );
    }
}

#[test]
fn with_a_proxy_other_sockets_stay_closed() {
    for cage in Cage::all() {
        let script = SOCKETS.script(SOCKET);
        let arguments = ["--allow-host", "example.com", "--", "bash", "-c", &script];
        let output = cage.loom(&person(), &arguments).run();
        output.assert_success();
        assert!(!output.stdout.contains("OUT"), "{cage:?}: {output}");
    }
}
