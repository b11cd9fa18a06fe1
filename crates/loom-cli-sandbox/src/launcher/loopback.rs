//! Turning on the loopback interface of a new network, which is off at first.
//!
//! It is asked of the kernel in a message on a netlink socket (rtnetlink(7)): "let interface 1 be
//! up". The numbers are of <linux/rtnetlink.h> and <linux/if.h>, in the byte order of the machine.

use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with,
};

/// `RTM_NEWLINK`: make or change an interface.
const NEW_LINK: u16 = 16;
/// `NLM_F_REQUEST | NLM_F_ACK`
const REQUEST_WITH_ANSWER: u16 = 1 | 4;
/// `NLMSG_ERROR`, which is also the answer when all went well, with the number 0.
const ANSWER: u16 = 2;
/// `IFF_UP`
const UP: u32 = 1;
/// The loopback interface is the first of each network.
const LOOPBACK: i32 = 1;

/// Turns the loopback interface on.
pub(super) fn turn_on() -> Result<(), Errno> {
    let socket = socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        // The protocol without a number of its own is the one about interfaces.
        None,
    )?;
    sendto(
        &socket,
        &request(),
        SendFlags::empty(),
        &SocketAddrNetlink::new(0, 0),
    )?;
    let mut answer = [0; 128];
    let (length, _) = recv(&socket, &mut answer[..], RecvFlags::empty())?;
    outcome(&answer[..length])
}

/// Returns the request: a header of 16 bytes, and which interface is to be how.
fn request() -> Vec<u8> {
    let mut body = vec![0; 4]; // No family, padding, no type.
    body.extend(LOOPBACK.to_ne_bytes());
    body.extend(UP.to_ne_bytes()); // How it is to be ...
    body.extend(UP.to_ne_bytes()); // ... and what of that is to change.
    let length: u32 = 16 + 16;
    let mut message = length.to_ne_bytes().to_vec();
    message.extend(NEW_LINK.to_ne_bytes());
    message.extend(REQUEST_WITH_ANSWER.to_ne_bytes());
    message.extend([0; 8]); // Sequence number and sender.
    message.extend(body);
    message
}

/// Reads the kernel's answer: after the header comes a negative error number, or 0.
fn outcome(answer: &[u8]) -> Result<(), Errno> {
    let kind = answer.get(4..6).map(|bytes| [bytes[0], bytes[1]]);
    let number: Option<[u8; 4]> = answer.get(16..20).and_then(|bytes| bytes.try_into().ok());
    match (kind.map(u16::from_ne_bytes), number.map(i32::from_ne_bytes)) {
        (Some(ANSWER), Some(0)) => Ok(()),
        (Some(ANSWER), Some(number)) => Err(Errno::from_raw_os_error(-number)),
        _ => Err(Errno::BADMSG),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_has_the_layout_of_the_kernel() {
        let message = request();
        assert_eq!(message.len(), 32);
        assert_eq!(message[..4], 32_u32.to_ne_bytes());
        assert_eq!(message[20..24], 1_i32.to_ne_bytes());
    }

    #[test]
    fn an_answer_is_an_error_or_none() {
        let mut answer = [0; 36];
        answer[4..6].copy_from_slice(&ANSWER.to_ne_bytes());
        assert_eq!(outcome(&answer), Ok(()));
        answer[16..20].copy_from_slice(&(-1_i32).to_ne_bytes());
        assert_eq!(outcome(&answer), Err(Errno::PERM));
        assert_eq!(outcome(&answer[..10]), Err(Errno::BADMSG));
    }
}
