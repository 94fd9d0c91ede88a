//! NumPy arrays against what `numpy.save` writes and against broken ones.

use super::{Folder, floats, npy_bytes, parse, refused};
use crate::cortex::CortexError;
use crate::cortex::npy::{self, Array, read, read_archive};

fn values(array: &Array) -> &[f64] {
    &array.values
}

/// The refused field.
fn fault(bytes: &[u8]) -> String {
    match parse(bytes).unwrap_err() {
        CortexError::Values(wrong) => wrong.key,
        other => panic!("{other}"),
    }
}

#[test]
fn every_type_in_both_byte_orders() {
    let both = |descr: &str, little: &[&[u8]], expected: &[f64]| {
        for (order, reversed) in [('<', false), ('>', true)] {
            let bytes: Vec<u8> = little
                .iter()
                .flat_map(|value| {
                    let mut value = value.to_vec();
                    if reversed {
                        value.reverse();
                    }
                    value
                })
                .collect();
            let array = parse(&npy_bytes(&format!("{order}{descr}"), false, &[2], &bytes)).unwrap();
            assert_eq!(values(&array), expected, "{order}{descr}");
            assert_eq!(array.whole, descr.starts_with('i'), "{descr}");
        }
    };
    both("i2", &[&[0xfe, 0xff], &[1, 2]], &[-2.0, 513.0]);
    both(
        "i4",
        &[&(-70_000_i32).to_le_bytes(), &[1, 0, 0, 0]],
        &[-70_000.0, 1.0],
    );
    let large = 1_i64 << 40;
    both(
        "i8",
        &[&large.to_le_bytes(), &(-1_i64).to_le_bytes()],
        &[large as f64, -1.0],
    );
    both(
        "f4",
        &[&0.1_f32.to_le_bytes(), &[0, 0, 0x20, 0xc0]],
        &[f64::from(0.1_f32), -2.5],
    );
    both(
        "f8",
        &[&0.1_f64.to_le_bytes(), &(-3e300_f64).to_le_bytes()],
        &[0.1, -3e300],
    );

    let bytes = parse(&npy_bytes("|u1", false, &[3], &[0, 128, 255])).unwrap();
    assert_eq!(
        (values(&bytes), bytes.whole),
        (&[0.0, 128.0, 255.0][..], true)
    );
    let truths = parse(&npy_bytes("|b1", false, &[2], &[0, 1])).unwrap();
    assert_eq!((values(&truths), truths.whole), (&[0.0, 1.0][..], false));
}

#[test]
fn fortran_order_comes_out_in_c_order() {
    // numpy.asfortranarray(numpy.arange(24).reshape(2, 3, 4))
    let stored: Vec<u8> = (0..24)
        .map(|place| {
            let (i, j, k) = (place % 2, place / 2 % 3, place / 6);
            (i * 12 + j * 4 + k) as u8
        })
        .collect();
    let array = parse(&npy_bytes("|u1", true, &[2, 3, 4], &stored)).unwrap();
    assert_eq!(array.shape, [2, 3, 4]);
    assert_eq!(array.values, (0..24).map(f64::from).collect::<Vec<_>>());
    // One that is empty has nothing to order.
    assert!(
        parse(&npy_bytes("|u1", true, &[2, 0, 4], &[]))
            .unwrap()
            .values
            .is_empty()
    );
}

#[test]
fn a_scalar_and_later_versions() {
    assert_eq!(
        values(&parse(&npy_bytes("<f8", false, &[], &2.5_f64.to_le_bytes())).unwrap()),
        [2.5]
    );
    for version in [2, 3] {
        let header = b"{'descr': \"<f8\", 'shape': (1L,), 'fortran_order': False}   \n";
        let bytes = [
            &b"\x93NUMPY"[..],
            &[version, 0],
            &(header.len() as u32).to_le_bytes(),
            header,
            &7.0_f64.to_le_bytes(),
        ]
        .concat();
        assert_eq!(values(&parse(&bytes).unwrap()), [7.0], "version {version}");
    }
}

#[test]
fn what_is_wrong_is_named() {
    let good = floats(&[2, 2], &[1.0; 4]);
    assert!(parse(&good).is_ok());
    assert_eq!(fault(b""), "magic");
    assert_eq!(fault(&good[1..]), "magic");
    assert_eq!(fault(&good[..7]), "version");
    assert_eq!(fault(&good[..9]), "header");
    assert_eq!(fault(&good[..30]), "header");
    assert_eq!(fault(&good[..good.len() - 1]), "values");
    assert_eq!(fault(&[&good[..], &[0]].concat()), "values");
    assert_eq!(fault(&[&good[..6], &[4], &good[7..]].concat()), "version");

    for descr in ["<c8", "|O", "<U4", "=f8", "|f8", "", "<", "é8", "<f2"] {
        assert_eq!(
            fault(&npy_bytes(descr, false, &[1], &[0; 8])),
            "descr",
            "{descr}"
        );
    }
    // More values than a file or a machine can hold.
    for shape in [&[usize::MAX, 2][..], &[1 << 62, 4], &[1 << 40]] {
        assert_eq!(fault(&npy_bytes("<f8", false, shape, &[0; 8])), "shape");
    }

    for header in [
        "{'descr': '<f8', 'shape': (1,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2}",
        "{'descr': '<f8', 'fortran_order': 0, 'shape': (1,)}",
        "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1,)} and more",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999999,)}",
        "{'other': '<f8'}",
        "",
        &"[(".repeat(1 << 14),
    ] {
        let length = (header.len() as u16).to_le_bytes();
        let bytes = [
            &b"\x93NUMPY\x01\x00"[..],
            &length,
            header.as_bytes(),
            &[0; 8],
        ]
        .concat();
        assert_eq!(fault(&bytes), "header", "{header}");
    }
    // A header of 4 GiB is refused by its length.
    assert_eq!(fault(b"\x93NUMPY\x02\x00\xff\xff\xff\xff{"), "header");
}

#[test]
fn a_file_is_named() {
    let folder = Folder::new();
    let path = folder.file("a.npy", &floats(&[3], &[1.0; 3])[..50]);
    refused(read(&path), &path, "header");
    let error = read(folder.path()).unwrap_err().to_string();
    assert!(error.contains("expected a file, found a folder"), "{error}");
    let absent = folder.path().join("absent.npy");
    assert!(matches!(read(&absent), Err(CortexError::Io(error)) if error.path == absent));
}

/// The bound is in bytes of memory: 32 million values of one byte would become 8
/// times as much.
#[test]
fn what_would_take_too_much_memory_is_refused_before_it_is_read() {
    let folder = Folder::new();
    // `numpy.savez_compressed` of stimuli (10, 16, 1966080) in 308 kB is one of these;
    // of it, only the header has to be there.
    let header = npy_bytes("|u1", false, &[10, 16, 1_966_080], &[]);
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("stimuli.npy", zip::write::SimpleFileOptions::default())
        .unwrap();
    std::io::Write::write_all(&mut zip, &header).unwrap();
    let path = folder.file("recordings.npz", zip.finish().unwrap().into_inner());
    refused(read_archive(&path, ["stimuli"]), &path, "stimuli: shape");
    let path = folder.file("plain.npy", npy_bytes("|u1", false, &[(1 << 25) + 1], &[]));
    refused(read(&path), &path, "shape");
    #[cfg(unix)]
    {
        let link = folder.path().join("endless.npy");
        std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
        let error = read(&link).unwrap_err().to_string();
        assert!(error.contains("endless.npy: expected a file"), "{error}");
    }
}

/// What the archive says of an entry's size need not be so.
#[test]
fn an_entry_that_is_longer_than_it_says_is_refused() {
    let bytes = [&npy_bytes("|u1", false, &[4], &[0; 4])[..], &[0; 9]].concat();
    let error = npy::parse(&bytes[..], bytes.len() as u64 - 9).unwrap_err();
    assert!(error.to_string().contains("more bytes"), "{error}");
    let error = npy::parse(&bytes[..bytes.len() - 10], bytes.len() as u64 - 9).unwrap_err();
    assert!(error.to_string().starts_with("values"), "{error}");
}

#[test]
fn archives() {
    let folder = Folder::new();
    // Written by `numpy.savez` and `numpy.savez_compressed`.
    for (name, bytes) in [
        ("stored.npz", &include_bytes!("stored.npz")[..]),
        ("deflated.npz", &include_bytes!("deflated.npz")[..]),
    ] {
        let path = folder.file(name, bytes);
        let [first, second] = read_archive(&path, ["first", "second"]).unwrap();
        assert_eq!((&first.shape[..], first.whole), (&[2, 3][..], false));
        assert_eq!(first.values, [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]);
        assert_eq!((&second.shape[..], second.whole), (&[300][..], true));
        assert!(second.values.iter().all(|&value| value == 7.0));

        refused(read_archive(&path, ["third"]), &path, "third");
        let path = folder.file("cut.npz", &bytes[..bytes.len() - 30]);
        refused(read_archive(&path, ["first"]), &path, "archive");
        // One byte of the values of `second`: its checksum is off.
        let mut damaged = bytes.to_vec();
        let place = bytes.len() - 200;
        damaged[place] ^= 1;
        let path = folder.file("damaged.npz", damaged);
        assert!(read_archive(&path, ["first", "second"]).is_err());
    }
}
