//! `ottla storage`, as Apache's storage tool.

use crate::{Place, refusal, run, stderr, stdout};

const CLUSTER: &str = "4L6g3nShT-eMCtK--X86sw";

/// `storage format` with these arguments.
fn format(place: &Place, arguments: &[&str]) -> std::process::Output {
    let always = [
        "storage",
        "format",
        "-c",
        "server.properties",
        "-t",
        CLUSTER,
    ];
    place.run(&[&always[..], arguments].concat())
}

#[track_caller]
fn formatted(place: &Place, arguments: &[&str]) -> String {
    let output = format(place, arguments);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stdout(&output)
}

#[test]
fn a_quorum_of_this_node_is_formatted_and_shown() {
    let place = Place::with("log.dirs=one,two");
    assert_eq!(
        formatted(&place, &["--standalone"]),
        "Formatting dynamic metadata voter directory one with metadata.version 4.3-IV0.\n\
         Formatting data directory two with metadata.version 4.3-IV0.\n"
    );
    let info = place.run(&["storage", "info", "-c", "server.properties"]);
    assert_eq!(info.status.code(), Some(0));
    let directory = place.read("one/meta.properties");
    let directory = directory
        .lines()
        .find_map(|line| line.strip_prefix("directory.id="))
        .unwrap();
    assert_eq!(
        stdout(&info),
        format!(
            "Found log directories:\n  one\n  two\n\n\
             Found metadata: {{cluster.id={CLUSTER}, directory.id={directory}, node.id=1, version=1}}\n\n"
        )
    );
    assert!(place.path("two/bootstrap.checkpoint").exists());
}

#[test]
fn what_is_formatted_is_left_as_it_is_only_if_that_is_asked_for() {
    let place = Place::with("log.dirs=one,two");
    formatted(&place, &["-s"]);
    let before = place.read("one/meta.properties");
    std::fs::remove_dir_all(place.path("two")).unwrap();
    let said = refusal(&format(&place, &["-s"]));
    assert!(said.contains("--ignore-formatted"), "{said}");
    assert!(!place.path("two/meta.properties").exists());
    assert_eq!(
        formatted(&place, &["-s", "-g"]),
        "Formatting data directory two with metadata.version 4.3-IV0.\n"
    );
    assert_eq!(
        formatted(&place, &["-s", "-g"]),
        "All of the log directories are already formatted.\n"
    );
    assert_eq!(place.read("one/meta.properties"), before);
    assert_eq!(place.start().stop().0, Some(0));
}

#[test]
fn a_directory_of_another_cluster_or_node_is_not_ignored() {
    let place = Place::with("");
    formatted(&place, &["-s"]);
    let arguments = [
        "storage",
        "format",
        "-c",
        "server.properties",
        "-t",
        "other",
    ];
    assert_eq!(
        refusal(&place.run(&[&arguments[..], &["-s", "-g"]].concat())),
        format!(
            "data belongs to cluster {CLUSTER}: give --cluster-id {CLUSTER}, or remove what is in it to make a new cluster"
        )
    );
    let properties = place.read("server.properties");
    place.write("server.properties", &format!("{properties}node.id=2\n"));
    assert!(refusal(&format(&place, &["-s", "-g"])).starts_with("data belongs to node 1"));
}

#[test]
fn who_votes_must_be_said_once() {
    let place = Place::with("");
    assert!(refusal(&format(&place, &[])).contains("--standalone"));
    let both = format(&place, &["-s", "-N"]);
    assert_eq!(both.status.code(), Some(2));
    let voters = format!("2@localhost:1:{CLUSTER}");
    assert_eq!(
        formatted(&place, &["-I", &voters]),
        "Formatting dynamic metadata directory data with metadata.version 4.3-IV0.\n"
    );
    let place = Place::with("");
    assert!(
        refusal(&format(&place, &["-I", "1@localhost"]))
            .contains("expected ID@HOST:PORT:DIRECTORY-ID")
    );
    let twice = format!("1@a:1:{CLUSTER},1@b:1:{CLUSTER}");
    assert!(refusal(&format(&place, &["-I", &twice])).contains("found 1 again"));
    let place = Place::with("controller.quorum.voters=1@localhost:9093");
    assert!(refusal(&format(&place, &["-s"])).contains("controller.quorum.voters"));
    assert_eq!(
        formatted(&place, &[]),
        "Formatting metadata directory data with metadata.version 4.3-IV0.\n"
    );
    assert_eq!(place.start().stop().0, Some(0));
}

#[test]
fn the_directory_of_a_named_voter_has_the_id_that_was_named() {
    let place = Place::with("");
    formatted(&place, &["-I", &format!("1@localhost:1:{CLUSTER}")]);
    let properties = place.read("data/meta.properties");
    assert!(
        properties.contains(&format!("directory.id={CLUSTER}\n")),
        "{properties}"
    );
    assert_eq!(place.start().stop().0, Some(0));
}

#[test]
fn a_node_without_voters_does_not_begin_a_cluster_of_its_own() {
    let place = Place::with("");
    formatted(&place, &["--no-initial-controllers"]);
    let said = place.refusal(&[]);
    assert!(
        said.starts_with("data/__cluster_metadata-0 names no voters"),
        "{said}"
    );
}

#[test]
fn a_cluster_begins_with_the_features_of_a_release_or_others() {
    for (arguments, version) in [
        (&["-r", "3.9.1"][..], "3.9-IV0"),
        (&["-r", "3.3-IV3"], "3.3-IV3"),
        (&["-f", "metadata.version=20"], "3.8-IV0"),
        (
            &["-f", "group.version=0", "-f", "kraft.version=1"],
            "4.3-IV0",
        ),
    ] {
        let place = Place::with("");
        let said = formatted(&place, &[&["-s"], arguments].concat());
        assert!(said.ends_with(&format!("version {version}.\n")), "{said}");
        assert_eq!(place.start().stop().0, Some(0), "{arguments:?}");
    }
    let place = Place::with("");
    for (arguments, expected) in [
        (
            &["-r", "2.8"][..],
            "--release-version 2.8: expected a release from 3.3 on, or one of 3.3-IV3, ",
        ),
        (
            &["-r", "4.0", "-f", "metadata.version=20"],
            "expected only one of --release-version",
        ),
        (
            &["-f", "kraft.version=0"],
            "--feature kraft.version=0: this quorum is dynamic",
        ),
        (
            &["-f", "group.version=7"],
            "--feature group.version=7: expected a level from 0 to 1",
        ),
        (
            &["-f", "nosuch=1"],
            "--feature nosuch: expected one of metadata.version, ",
        ),
        (
            &["-f", "nosuch"],
            "--feature nosuch: expected FEATURE=LEVEL",
        ),
        (
            &["-r", "3.5", "-f", "eligible.leader.replicas.version=1"],
            "eligible.leader.replicas.version=1 needs metadata.version=23",
        ),
        (
            &["-S", "SCRAM-SHA-256=[name=a,password=b]"],
            "--add-scram: this release has no SCRAM",
        ),
    ] {
        let said = refusal(&format(&place, &[&["-s"], arguments].concat()));
        assert!(said.starts_with(expected), "{said}");
        assert!(!place.path("data/meta.properties").exists());
    }
}

#[test]
fn what_is_wrong_with_directories_is_listed() {
    let place = Place::with("log.dirs=one,two,three");
    let info = || {
        let output = place.run(&["storage", "info", "-c", "server.properties"]);
        (output.status.code(), stdout(&output))
    };
    let nothing =
        "Found problems:\n  one does not exist\n  three does not exist\n  two does not exist\n\n";
    assert_eq!(info(), (Some(1), nothing.to_owned()));
    assert!(!place.path("one").exists());
    formatted(&place, &["-s"]);
    let properties = place.read("two/meta.properties");
    place.write("two/meta.properties", &properties.replace(CLUSTER, "other"));
    std::fs::remove_file(place.path("three/meta.properties")).unwrap();
    let (code, said) = info();
    assert_eq!(code, Some(1));
    assert!(
        said.ends_with("Found problems:\n  three is not formatted.\n  Mismatched cluster IDs between storage directories.\n\n"),
        "{said}"
    );
}

#[test]
fn a_directory_that_cannot_be_read_is_left_out_unless_it_is_the_metadatas() {
    let place = Place::with("log.dirs=one,two");
    place.write("two", "");
    let output = format(&place, &["-s"]);
    assert_eq!(
        stdout(&output),
        "I/O error trying to read log directory two. Ignoring...\n\
         Formatting dynamic metadata voter directory one with metadata.version 4.3-IV0.\n"
    );
    assert!(
        stderr(&output).starts_with("ottla: two"),
        "{}",
        stderr(&output)
    );
    assert_eq!(output.status.code(), Some(0));
    let place = Place::with("log.dirs=one,two");
    place.write("one", "");
    assert!(refusal(&format(&place, &["-s"])).starts_with("one"));
    assert!(!place.path("two/meta.properties").exists());
}

#[test]
fn a_running_nodes_directories_are_shown_and_not_formatted() {
    let place = Place::formatted("");
    let node = place.start();
    let info = place.run(&["storage", "info", "-c", "server.properties"]);
    assert_eq!(info.status.code(), Some(0));
    let said = refusal(&format(&place, &["-s", "-g"]));
    assert!(said.starts_with("another process uses data"), "{said}");
    assert_eq!(node.stop().0, Some(0));
}

#[test]
fn the_levels_of_a_release_are_shown() {
    let output = run(&["storage", "version-mapping", "-r", "3.9"]);
    assert_eq!(
        stdout(&output),
        "metadata.version=21 (3.9)\nkraft.version=1\ntransaction.version=0\ngroup.version=0\n\
         eligible.leader.replicas.version=0\nshare.version=0\nstreams.version=0\n"
    );
    let newest = stdout(&run(&["storage", "version-mapping"]));
    assert!(
        newest.starts_with("metadata.version=30 (4.3-IV0)\n"),
        "{newest}"
    );
    refusal(&run(&["storage", "version-mapping", "-r", "9"]));
}

#[test]
fn what_a_level_needs_is_shown() {
    let of = |feature| run(&["storage", "feature-dependencies", "-f", feature]);
    assert_eq!(
        stdout(&of("eligible.leader.replicas.version=1")),
        "eligible.leader.replicas.version=1 requires:\n    metadata.version=23 (4.0-IV1)\n"
    );
    assert_eq!(
        stdout(&of("metadata.version=17")),
        "metadata.version=17 (3.7-IV2) has no dependencies.\n"
    );
    refusal(&of("group.version=9"));
    refusal(&of("nosuch=1"));
}

#[test]
fn any_text_is_the_id_of_a_cluster() {
    let place = Place::with("");
    let arguments = ["storage", "format", "-c", "server.properties", "-s", "-t"];
    let output = place.run(&[&arguments[..], &["prod:eu 1"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(
        place
            .read("data/meta.properties")
            .contains("cluster.id=prod\\:eu 1\n")
    );
    let node = place.start();
    assert_eq!(node.told("cluster"), "prod:eu 1");
    assert_eq!(node.stop().0, Some(0));
}

#[test]
fn ids_are_drawn_at_random() {
    let id = || stdout(&run(&["storage", "random-uuid"]));
    assert_eq!(id().trim_end().len(), 22);
    assert_ne!(id(), id());
}
