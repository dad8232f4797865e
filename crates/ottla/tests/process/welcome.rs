//! What a node prints once it serves.

use std::net::TcpStream;

use crate::Place;

#[test]
fn a_node_tells_what_it_is_where_it_is_and_what_to_try() {
    let place = Place::formatted("");
    let node = place.start();
    let first = format!("Ottla {}", env!("CARGO_PKG_VERSION"));
    assert_eq!(node.welcome.lines().next(), Some(&*first));
    let properties = place.read("data/meta.properties");
    let id = format!("cluster.id={}\n", node.told("cluster"));
    assert!(properties.contains(&id), "{properties}");
    assert_eq!(node.told("data"), "data");
    let port = node.port("PLAINTEXT");
    assert_ne!(port, 0);
    let shell = format!("kcat -b 127.0.0.1:{port} ");
    assert!(node.told("try").contains(&shell), "{}", node.welcome);
    TcpStream::connect(("127.0.0.1", port)).unwrap();
    assert_eq!(node.welcome.lines().count(), 5, "{}", node.welcome);
    assert_eq!(node.stop(), (Some(0), String::new()));
}

#[test]
fn every_listener_is_shown_by_its_name_with_its_port() {
    let place = Place::formatted(
        "listeners=INSIDE://127.0.0.1:0,SIX://[::1]:0,CTL://localhost:0\n\
         listener.security.protocol.map=INSIDE:PLAINTEXT,SIX:PLAINTEXT,CTL:PLAINTEXT\n\
         controller.listener.names=CTL\ninter.broker.listener.name=INSIDE",
    );
    let node = place.start();
    let [inside, six, ctl] = ["INSIDE", "SIX", "CTL"].map(|name| node.port(name));
    assert_eq!(
        node.told("listener"),
        format!("INSIDE://127.0.0.1:{inside}, SIX://[::1]:{six}, CTL://localhost:{ctl}")
    );
    TcpStream::connect(("::1", six)).unwrap();
    TcpStream::connect(("127.0.0.1", inside)).unwrap();
    assert_eq!(node.stop().0, Some(0));
}

#[test]
fn each_of_several_directories_is_used_and_shown() {
    let place = Place::formatted("log.dirs=one,two\nmetadata.log.dir=meta");
    for directory in ["one", "two", "meta"] {
        let properties = place.read(&format!("{directory}/meta.properties"));
        assert!(properties.contains("directory.id="), "{properties}");
    }
    let node = place.start();
    assert_eq!(node.told("data"), "meta, one, two");
    assert!(place.path("meta/__cluster_metadata-0").is_dir());
    assert!(!place.path("one/__cluster_metadata-0").exists());
    assert_eq!(node.stop().0, Some(0));
}

#[test]
fn a_node_whose_welcome_nobody_reads_serves_all_the_same() {
    let place = Place::formatted("");
    let mut command = place.command(&["server", "server.properties"]);
    let node = command.env("RUST_LOG", "ottla_node=info");
    let mut process = node
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(process.stdout.take());
    let mut log = std::io::BufReader::new(process.stderr.take().unwrap());
    let mut said = String::new();
    while !said.contains("started") {
        let read = std::io::BufRead::read_line(&mut log, &mut said).unwrap();
        assert!(read > 0, "it ended: {said}");
    }
    assert_eq!(process.try_wait().unwrap(), None);
    process.kill().unwrap();
    process.wait().unwrap();
}
