use std::process::Command;

use super::*;

fn slices<'a>(parts: &[&'a [u8]]) -> Vec<IoSlice<'a>> {
    parts.iter().map(|part| IoSlice::new(part)).collect()
}

#[test]
fn what_is_written_in_slices_is_read_at_its_position() {
    let directory = tempfile::tempdir().unwrap();
    let file = RealDisk
        .open(&directory.path().join("f"), OpenMode::Create)
        .unwrap();
    file.write_at(&mut slices(&[b"", b"ab", b"", b"cde"]), 3)
        .unwrap();
    let mut buffer = [9; 10];
    assert_eq!(file.read_at(&mut buffer, 2).unwrap(), 6);
    assert_eq!(buffer[..6], *b"\0abcde");
    assert_eq!(file.read_at(&mut buffer, 8).unwrap(), 0);
    assert_eq!(file.length().unwrap(), 8);
    file.set_length(4).unwrap();
    file.sync().unwrap();
    assert_eq!(file.read_at(&mut buffer, 0).unwrap(), 4);
    assert!(file.modified().unwrap() > Timestamp(0));
}

#[test]
fn more_slices_than_the_kernel_takes_at_once_are_written_whole() {
    let directory = tempfile::tempdir().unwrap();
    let file = RealDisk
        .open(&directory.path().join("f"), OpenMode::Create)
        .unwrap();
    let content: Vec<u8> = (0..5000u32).map(|at| (at % 251) as u8).collect();
    let mut parts: Vec<IoSlice<'_>> = content.chunks(1).map(IoSlice::new).collect();
    file.write_at(&mut parts, 0).unwrap();
    let mut back = vec![0; 6000];
    assert_eq!(file.read_at(&mut back, 0).unwrap(), 5000);
    assert_eq!(back[..5000], content);
}

#[test]
fn modes_open_as_they_say() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("f");
    for mode in [OpenMode::Read, OpenMode::ReadWrite] {
        assert_eq!(
            RealDisk.open(&path, mode).unwrap_err().kind(),
            ErrorKind::NotFound
        );
    }
    let file = RealDisk.open(&path, OpenMode::Create).unwrap();
    file.write_at(&mut slices(&[b"x"]), 0).unwrap();
    assert_eq!(
        RealDisk
            .open(&path, OpenMode::Create)
            .unwrap()
            .length()
            .unwrap(),
        1
    );
    assert!(
        RealDisk
            .open(&path, OpenMode::Read)
            .unwrap()
            .set_length(0)
            .is_err()
    );
    assert_eq!(
        RealDisk
            .open(&path, OpenMode::Truncate)
            .unwrap()
            .length()
            .unwrap(),
        0
    );
}

#[test]
fn directories_are_listed_renamed_and_removed() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    RealDisk.create_directories(&root.join("b/inner")).unwrap();
    RealDisk
        .open(&root.join("a"), OpenMode::Create)
        .unwrap()
        .set_length(7)
        .unwrap();
    RealDisk.sync_directory(root).unwrap();
    let a = DiskEntry {
        name: "a".into(),
        is_directory: false,
        length: 7,
    };
    RealDisk.sync_all(root).unwrap();
    std::os::unix::fs::symlink(root.join("b"), root.join("link")).unwrap();
    std::os::unix::fs::symlink(root.join("c"), root.join("to-nothing")).unwrap();
    let listed = RealDisk.list(root).unwrap();
    let listed = listed
        .iter()
        .map(|entry| (&*entry.name, entry.is_directory));
    assert!(listed.eq([("a", false), ("b", true), ("link", true)]));
    RealDisk.remove_file(&root.join("link")).unwrap();
    RealDisk.remove_file(&root.join("to-nothing")).unwrap();
    assert_eq!(RealDisk.entry(&root.join("a")).unwrap(), Some(a));
    assert_eq!(RealDisk.entry(&root.join("c")).unwrap(), None);
    RealDisk.rename(&root.join("b"), &root.join("c")).unwrap();
    RealDisk.remove_directory(&root.join("c")).unwrap();
    RealDisk.remove_file(&root.join("a")).unwrap();
    assert_eq!(RealDisk.list(root).unwrap(), []);
    assert_eq!(
        RealDisk.list(&root.join("c")).unwrap_err().kind(),
        ErrorKind::NotFound
    );
    let space = RealDisk.space(root).unwrap();
    assert!(space.free > 0 && space.free <= space.total);
}

#[test]
fn a_lock_keeps_out_this_process_too() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(".lock");
    let lock = RealDisk.lock(&path).unwrap();
    assert_eq!(
        RealDisk.lock(&path).unwrap_err().kind(),
        ErrorKind::WouldBlock
    );
    drop(lock);
    RealDisk.lock(&path).unwrap();
}

/// Runs this test binary once more as the other process.
#[test]
fn a_lock_keeps_out_another_process() {
    const PATH: &str = "OTTLA_TEST_LOCK";
    if let Some(path) = std::env::var_os(PATH) {
        let error = RealDisk
            .lock(Path::new(&path))
            .expect_err("the parent holds it");
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(".lock");
    let _lock = RealDisk.lock(&path).unwrap();
    let other = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "disk::tests::a_lock_keeps_out_another_process"])
        .env(PATH, &path)
        .output()
        .unwrap();
    assert!(
        other.status.success(),
        "{}",
        String::from_utf8_lossy(&other.stdout)
    );
    assert!(String::from_utf8_lossy(&other.stdout).contains("1 passed"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_lock_is_of_the_kind_that_java_takes() {
    use std::os::unix::fs::MetadataExt;

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(".lock");
    let _lock = RealDisk.lock(&path).unwrap();
    // Fields: number, kind, advisory, mode, process, device:device:inode, first byte, last byte.
    let inode = format!(":{}", fs::metadata(&path).unwrap().ino());
    let locks = fs::read_to_string("/proc/locks").unwrap();
    let ours = locks
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .find(|fields| fields[5].ends_with(&inode))
        .expect("the lock is listed");
    assert_eq!(
        [ours[1], ours[3], ours[6], ours[7]],
        ["POSIX", "WRITE", "0", "EOF"]
    );
}

#[test]
fn room_is_taken_and_given_back_behind_the_end_of_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    let file = RealDisk.open(&path, OpenMode::Create).unwrap();
    file.write_at(&mut [IoSlice::new(b"content")], 0).unwrap();
    file.reserve(7, 1 << 20);
    assert_eq!(file.length().unwrap(), 7);
    file.release().unwrap();
    assert_eq!(file.length().unwrap(), 7);
    let taken = std::os::unix::fs::MetadataExt::blocks(&fs::metadata(&path).unwrap()) * 512;
    assert!(taken < 1 << 20, "{taken} bytes for 7");
    let mut content = [0; 7];
    file.read_at(&mut content, 0).unwrap();
    assert_eq!(&content, b"content");
}
