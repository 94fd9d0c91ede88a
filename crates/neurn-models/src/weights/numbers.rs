use burn_store::burn_pack::Bytes;

/// Bytes in which numbers of up to 8 bytes can lie. Most allocations begin at such a
/// place, also where bytes alone need none; only the others are copied.
pub(super) fn as_numbers(bytes: Vec<u8>) -> Bytes {
    match bytes.as_ptr().addr().is_multiple_of(8) {
        true => Bytes::from_elems(bytes),
        false => Bytes::from_bytes_vec(bytes),
    }
}
