//! Names of tools and ids of calls, as providers take them.

use std::borrow::Cow;

/// Returns a name with only letters, digits, `_` and `-`, at most `longest` of them.
///
/// Providers refuse a whole conversation for one name outside of this, and such names do come up:
/// a model makes up a tool, or the call was made by another provider's model, whose ids look
/// different. A name that is in order stays as it is; equal names stay equal, so that a result
/// still refers to its call.
pub fn wire_name(name: &str, longest: usize) -> Cow<'_, str> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !name.is_empty() && name.len() <= longest && name.bytes().all(fits) {
        return Cow::Borrowed(name);
    }
    let mut wire: String = name
        .chars()
        .map(|character| match u8::try_from(character) {
            Ok(byte) if fits(byte) => character,
            _ => '_',
        })
        .take(longest)
        .collect();
    if wire.is_empty() {
        wire.push('_');
    }
    Cow::Owned(wire)
}
