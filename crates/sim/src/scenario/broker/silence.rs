//! A client that uses more than its quota: it is answered at once, and nothing more is read of its connection for the time that the
//! answer says (KIP-219).

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bytes::Bytes;
use ottla_env::{Clock, Env};
use ottla_model::{ErrorCode, Offset, Timestamp};
use ottla_wire::Records;
use ottla_wire::api::ApiKey;
use ottla_wire::message::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
use ottla_wire::message::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreateTopicsRequest, CreateTopicsResponse,
};
use ottla_wire::message::produce::{
    PartitionProduceData, ProduceRequest, ProduceResponse, TopicProduceData,
};
use ottla_wire::records::{BatchBuilder, BatchFields, Compression};

use super::connection::{Connection, Trouble};
use super::ledger::Ledger;
use super::process::{Process, Settings};
use super::users::set_quota;
use super::{CLIENTS, LIMIT};
use crate::{SimEnv, Simulation, World};

/// Who does not authenticate.
const USER: &str = "ANONYMOUS";
/// Bytes a second.
const QUOTA: f64 = 1000.0;
const BYTES: usize = 40_000;
/// What the network may take for a request and its answer, and what a client does meanwhile.
const SLACK: Duration = Duration::from_millis(500);
const PATIENCE: Duration = Duration::from_secs(100);

async fn ask_versions(connection: &mut Connection) -> Result<(), Trouble> {
    let request = ApiVersionsRequest::default();
    connection.send(ApiKey::ApiVersions, 0, &request).await
}

async fn hear_versions(connection: &mut Connection) -> Result<(), Trouble> {
    let answer = connection.receive_within(PATIENCE).await?;
    let versions: ApiVersionsResponse<'_> = answer.decode()?;
    assert_eq!(versions.error_code, ErrorCode::None);
    Ok(())
}

/// A batch of so many bytes.
fn batch(bytes: usize) -> Bytes {
    let mut batch = BatchBuilder::new(BatchFields::default(), Compression::None);
    batch.push(Timestamp(0), None, Some(&vec![0; bytes]), []);
    batch.build()
}

fn produce_request<'a>(topic: &'a str, records: &'a [u8]) -> ProduceRequest<'a> {
    let partition = PartitionProduceData {
        index: 0,
        records: Some(Records::Bytes(records)),
        ..Default::default()
    };
    ProduceRequest {
        acks: -1,
        timeout_ms: 10_000,
        topic_data: vec![TopicProduceData {
            name: topic.into(),
            partition_data: vec![partition],
            ..Default::default()
        }],
        ..Default::default()
    }
}

/// To a topic that is none, it counts against the quota all the same.
async fn produce(connection: &mut Connection, topic: &str, bytes: usize) -> Result<(), Trouble> {
    let records = batch(bytes);
    let request = produce_request(topic, &records);
    connection.send(ApiKey::Produce, 8, &request).await
}

async fn converse(env: &SimEnv, ledger: &Ledger) -> Result<(), Trouble> {
    let clock = env.clock();
    let mut admin = Connection::open(env, ledger).await?;
    assert_eq!(
        set_quota(&mut admin, USER, Some(QUOTA)).await?,
        ErrorCode::None
    );
    let mut client = Connection::open(env, ledger).await?;
    let begin = clock.monotonic();
    produce(&mut client, "none", BYTES).await?;
    // Sent before anybody knows that nobody listens.
    ask_versions(&mut client).await?;
    let answer = client.receive_within(PATIENCE).await?;
    let answered = clock.monotonic();
    let produced: ProduceResponse<'_> = answer.decode()?;
    let silence = Duration::from_millis(u64::try_from(produced.throttle_time_ms).unwrap_or(0));
    assert!(silence > 4 * SLACK, "{silence:?} is not worth the test");
    assert!(answered - begin < SLACK, "the answer is held back");
    // The others of the same client are heard.
    ask_versions(&mut admin).await?;
    hear_versions(&mut admin).await?;
    assert!(clock.monotonic() - answered < SLACK);
    hear_versions(&mut client).await?;
    let heard = clock.monotonic() - answered;
    assert!(
        heard > silence - SLACK,
        "heard after {heard:?} of {silence:?}"
    );
    assert!(
        heard < silence + SLACK,
        "heard after {heard:?} of {silence:?}"
    );
    // And from now on as before.
    ask_versions(&mut client).await?;
    hear_versions(&mut client).await?;
    assert!(clock.monotonic() - answered < silence + 2 * SLACK);
    Ok(())
}

/// Of whose log nothing counts before it is synced: the next request is there by then.
async fn create_synced_topic(admin: &mut Connection) -> Result<(), Trouble> {
    let flushes = CreatableTopicConfig {
        name: "flush.messages".into(),
        value: Some("1".into()),
        ..Default::default()
    };
    let request = CreateTopicsRequest {
        topics: vec![CreatableTopic {
            name: "synced".into(),
            num_partitions: 1,
            replication_factor: 1,
            configs: vec![flushes],
            ..Default::default()
        }],
        timeout_ms: 10_000,
        ..Default::default()
    };
    let answer = admin.ask(ApiKey::CreateTopics, 5, &request).await?;
    let created: CreateTopicsResponse<'_> = answer.decode()?;
    assert_eq!(created.topics[0].error_code, ErrorCode::None);
    Ok(())
}

/// Longer than that a connection may not be idle, and shorter than the silence.
const IDLE: Duration = Duration::from_secs(3);

async fn be_silent_for_too_long(env: &SimEnv, ledger: &Ledger) -> Result<(), Trouble> {
    let mut admin = Connection::open(env, ledger).await?;
    create_synced_topic(&mut admin).await?;
    let set = set_quota(&mut admin, USER, Some(QUOTA)).await?;
    assert_eq!(set, ErrorCode::None);
    let mut client = Connection::open(env, ledger).await?;
    let begin = env.clock().monotonic();
    let requests = [BYTES, 10, 10, 10, 10];
    for bytes in requests {
        produce(&mut client, "synced", bytes).await?;
    }
    let mut answered = 0;
    for _ in requests {
        let Ok(answer) = client.receive_within(PATIENCE).await else {
            assert!(env.clock().monotonic() - begin >= IDLE);
            break;
        };
        let produced: ProduceResponse<'_> = answer.decode()?;
        let partition = &produced.responses[0].partition_responses[0];
        assert_eq!(partition.error_code, ErrorCode::None);
        assert_eq!(partition.base_offset, Offset(answered));
        assert!(env.clock().monotonic() - begin < SLACK, "it is held back");
        answered += 1;
    }
    // What was not read is not answered, and was not carried out either.
    let mut other = Connection::open(env, ledger).await?;
    produce(&mut other, "synced", 10).await?;
    let answer = other.receive_within(PATIENCE).await?;
    let produced: ProduceResponse<'_> = answer.decode()?;
    let partition = &produced.responses[0].partition_responses[0];
    assert_eq!(
        partition.base_offset,
        Offset(answered),
        "all that is there was answered"
    );
    Ok(())
}

/// Of a request that large, its first part takes of the memory that the node has for the requests of all.
const FIRST_PART: usize = 30_000;

/// Gives whether the second request was being read when the silence began.
async fn be_silent_amid_a_request(env: &SimEnv, ledger: &Ledger) -> Result<bool, Trouble> {
    let clock = env.clock();
    let mut admin = Connection::open(env, ledger).await?;
    create_synced_topic(&mut admin).await?;
    let set = set_quota(&mut admin, USER, Some(QUOTA)).await?;
    assert_eq!(set, ErrorCode::None);
    let mut client = Connection::open(env, ledger).await?;
    produce(&mut client, "synced", BYTES).await?;
    let records = batch(BYTES);
    let request = produce_request("synced", &records);
    let rest = client.send_beginning(FIRST_PART, (ApiKey::Produce, 8), &request);
    let rest = rest.await?;
    let (first, _) = hear_produced(&mut client).await?;
    let answered = clock.monotonic();
    assert!(first > 4 * SLACK, "{first:?} is not worth the test");
    client.send_rest(rest).await?;
    ask_versions(&mut client).await?;
    let (second, offset) = hear_produced(&mut client).await?;
    assert_eq!(offset, Offset(1));
    let took = clock.monotonic() - answered;
    if took > SLACK {
        assert!(took > first - SLACK, "heard after {took:?} of {first:?}");
        return Ok(false);
    }
    // It counts, and nothing behind it is heard before that time is over, too.
    assert!(second > first);
    hear_versions(&mut client).await?;
    let heard = clock.monotonic() - answered - took;
    assert!(
        heard > second - SLACK && heard < second + SLACK,
        "heard after {heard:?} of {second:?}"
    );
    Ok(true)
}

/// For how long the client is to be silent, and where its batch went.
async fn hear_produced(client: &mut Connection) -> Result<(Duration, Offset), Trouble> {
    let answer = client.receive_within(PATIENCE).await?;
    let produced: ProduceResponse<'_> = answer.decode()?;
    let partition = &produced.responses[0].partition_responses[0];
    assert_eq!(partition.error_code, ErrorCode::None);
    let silence = u64::try_from(produced.throttle_time_ms).expect("it is a time");
    Ok((Duration::from_millis(silence), partition.base_offset))
}

async fn script(world: World, ledger: Ledger) {
    let env = world.boot(CLIENTS);
    let settings = Settings::choose(&world);
    let process = Process::attempt(&world, &ledger, &settings).await;
    let _process = process.expect("the machine is well");
    if let Err(trouble) = converse(&env, &ledger).await {
        panic!("{trouble:?}");
    }
}

async fn script_amid_a_request(world: World, ledger: Ledger, were_being_read: Arc<AtomicU32>) {
    let env = world.boot(CLIENTS);
    let settings = Settings::choose(&world);
    let process = Process::attempt(&world, &ledger, &settings).await;
    let _process = process.expect("the machine is well");
    match be_silent_amid_a_request(&env, &ledger).await {
        Ok(was_being_read) => were_being_read.fetch_add(u32::from(was_being_read), Relaxed),
        Err(trouble) => panic!("{trouble:?}"),
    };
}

async fn idle_script(world: World, ledger: Ledger) {
    let env = world.boot(CLIENTS);
    let idle = IDLE.as_millis().to_string();
    let settings = Settings::choose(&world).with("connections.max.idle.ms", &idle);
    let process = Process::attempt(&world, &ledger, &settings).await;
    let _process = process.expect("the machine is well");
    if let Err(trouble) = be_silent_for_too_long(&env, &ledger).await {
        panic!("{trouble:?}");
    }
}

/// Plays a script of its own under each of the seeds.
fn play<Script: Future<Output = ()> + Send + 'static>(
    seeds: Range<u64>,
    script: impl Fn(World, Ledger) -> Script,
) {
    for seed in seeds {
        let simulation = Simulation::new(seed);
        let script = script(simulation.world().clone(), Ledger::new(false));
        assert_eq!(simulation.run(LIMIT, script), Ok(()), "seed {seed}");
    }
}

#[test]
fn what_was_read_is_answered_though_its_client_is_silent_for_longer_than_it_may_be() {
    play(0..20, idle_script);
}

#[test]
fn a_client_beyond_its_quota_is_answered_first_and_then_not_read() {
    play(0..10, script);
}

#[test]
fn a_large_request_that_is_being_read_is_not_left_in_memory_until_its_client_is_heard_again() {
    let were_being_read = Arc::<AtomicU32>::default();
    play(0..20, |world, ledger| {
        script_amid_a_request(world, ledger, Arc::clone(&were_being_read))
    });
    assert!(were_being_read.load(Relaxed) > 0, "it is never seen");
}
