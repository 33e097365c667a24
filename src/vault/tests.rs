//! What is sealed opens for whom it was sealed, and for nobody else.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use bytes::Bytes;

use super::*;
use crate::domain::ids::{EnvironmentName, EventId, InquiryId};
use crate::domain::subject::SubjectId;

fn keyring() -> Keyring {
    Keyring::of([MasterKey::make().unwrap()]).unwrap()
}

fn names() -> (EnvironmentName, SubjectId, EventId) {
    let inquiry = InquiryId::parse("inq_1").unwrap();
    (EnvironmentName::parse("sandbox").unwrap(), SubjectId::inquiry(&inquiry), EventId::parse("evt_1").unwrap())
}

#[test]
fn a_body_opens_as_it_was_whatever_it_was() {
    let (environment, subject, event) = names();
    let place = Place { environment: &environment, subject: &subject };
    let (key, sealed) = Vault::with(keyring()).make_keys([place]).unwrap().remove(0);
    assert_eq!(sealed.bytes.len(), SEALED_KEY_BYTES);
    let long = br#"{"name-first":"Ada","name-last":"Example"}"#.repeat(100);
    for body in [&b""[..], b"short", b"\xff\x00\xfe", &long] {
        let packed = Packed::of(Bytes::copy_from_slice(body));
        let sealed = key.seal(place, &event, &packed).unwrap();
        assert_eq!(key.open_body(place, &event, &sealed).unwrap(), body);
        assert!(!sealed.windows(3).any(|window| window == b"Ada"));
    }
    let packed = Packed::of(Bytes::from(long.clone()));
    assert!(packed.len() < long.len() / 10, "what repeats itself gets small");
    let twice = [&packed, &packed].map(|packed| key.seal(place, &event, packed).unwrap());
    assert_ne!(twice[0], twice[1], "nobody sees that two bodies are one");
}

#[test]
fn nothing_opens_at_another_place_or_changed() {
    let (environment, subject, event) = names();
    let (elsewhere, other) = (EnvironmentName::parse("production").unwrap(), SubjectId::event(&event));
    let place = Place { environment: &environment, subject: &subject };
    let vault = Vault::with(keyring());
    let (key, sealed_key) = vault.make_keys([place]).unwrap().remove(0);
    let body = key.seal(place, &event, &Packed::of(Bytes::from_static(b"Ada Example"))).unwrap();
    let next = EventId::parse("evt_2").unwrap();
    for (wrong, id) in [
        (Place { environment: &elsewhere, ..place }, &event),
        (Place { subject: &other, ..place }, &event),
        (place, &next),
    ] {
        assert_eq!(key.open_body(wrong, id, &body), Err(VaultError::Damaged));
        if id == &event {
            assert_eq!(vault.open_key(wrong, &sealed_key).err(), Some(VaultError::Damaged));
        }
    }
    for at in 0..body.len() {
        let mut changed = body.clone();
        changed[at] ^= 1;
        assert!(key.open_body(place, &event, &changed).is_err(), "byte {at}");
        assert!(key.open_body(place, &event, &body[..at]).is_err(), "cut at {at}");
    }
    let opened = vault.open_key(place, &sealed_key).unwrap();
    assert_eq!(opened.open_body(place, &event, &body).unwrap(), b"Ada Example");
    let stranger = Vault::with(keyring());
    assert_eq!(stranger.open_key(place, &sealed_key).err(), Some(VaultError::UnknownKey(sealed_key.master.clone())));
    assert_eq!(format!("{opened:?}"), "SubjectKey(…)");
    assert!(matches!(Vault::locked("why").make_keys([place]), Err(VaultError::Locked(why)) if why == "why"));
}

#[test]
fn a_key_file_is_made_once_for_its_owner_and_read_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rekindle.key");
    assert!(matches!(read_file(&path), Err(KeyFileError::Missing(_))));
    let keyring = keyring();
    create_file(&path, &keyring).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(read_file(&path).unwrap().current().id(), keyring.current().id());
    assert!(matches!(create_file(&path, &self::keyring()), Err(KeyFileError::Exists(_))));
    assert_eq!(read_file(&path).unwrap().current().id(), keyring.current().id());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");

    for mode in [0o640, 0o604, 0o610] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let told = read_file(&path).map(|_| ()).unwrap_err().to_string();
        assert!(told.ends_with(&format!("run `chmod 600 {}`", path.display())), "{told}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    for (text, told) in [
        ("", "line 0 holds no master key"),
        ("current hunter2", "line 1 is no master key;"),
        ("# a remark\n\nnext AAAA", "line 3 is no master key;"),
    ] {
        fs::write(&path, text).unwrap();
        let error = read_file(&path).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(told) && !error.contains("hunter2"), "{error}");
    }
    let bare = MasterKey::make().unwrap();
    fs::write(&path, format!("{}\n", *bare.expose())).unwrap();
    assert_eq!(read_file(&path).unwrap().current().id(), bare.id(), "a bare key will do");
}

#[test]
fn a_rotation_keeps_what_was_and_a_running_vault_learns_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rekindle.key");
    create_file(&path, &keyring()).unwrap();
    let (environment, subject, _) = names();
    let place = Place { environment: &environment, subject: &subject };
    let (running, rotating) = (Vault::open(&path).unwrap(), read_file(&path).unwrap());
    let old = rotating.current().id().clone();
    let (_, sealed) = running.make_keys([place]).unwrap().remove(0);

    let rotated = rotating.prepared(MasterKey::make().unwrap()).unwrap().rotated().unwrap();
    let new = rotated.current().id().clone();
    assert!(new != old && rotated.get(&old).is_some());
    replace_file(&path, &rotated).unwrap();
    let resealed = Vault::open(&path).unwrap().reseal_key(place, &sealed).unwrap().unwrap();
    assert_eq!(resealed.master, new);
    assert_eq!(Vault::open(&path).unwrap().reseal_key(place, &resealed).unwrap(), None);
    running.open_key(place, &resealed).unwrap();
    assert_eq!(running.key_ids(), [new.clone(), old.clone()], "it read the file again");

    assert!(rotated.clone().without(&new).is_none(), "the current one stays");
    replace_file(&path, &rotated.without(&old).unwrap()).unwrap();
    let unknown = Vault::open(&path).unwrap().open_key(place, &sealed).err();
    assert_eq!(unknown, Some(VaultError::UnknownKey(old)));
}

#[test]
fn a_master_key_is_32_bytes_in_base64_and_shows_an_id_only() {
    let key = MasterKey::make().unwrap();
    assert_eq!(MasterKey::parse(&key.expose()).unwrap().id(), key.id());
    assert_eq!(KeyId::parse(key.id().as_str()).as_ref(), Some(key.id()));
    assert!(!key.expose().contains(&key.id().as_str()[3..]));
    for text in ["", "hunter2", "AAAA", &key.expose()[1..]] {
        assert_eq!(MasterKey::parse(text).err(), Some(InvalidKey::Shape), "{text}");
    }
    assert_eq!(Keyring::of([key.clone(), key]).err(), Some(InvalidKey::Twice));
    assert_eq!(Keyring::of([]).err(), Some(InvalidKey::None));
    for text in ["", "mk_", "mk_0123456789abcdeg", "mk_0123456789ABCDEF", "0123456789abcdef"] {
        assert_eq!(KeyId::parse(text), None);
    }
}
