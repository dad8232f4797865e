//! A client that uses more than its quota: it is answered at once, and nothing more is read of its connection for the time that the
//! answer says (KIP-219).

use std::time::Duration;

use ottla_env::{Clock, Env};
use ottla_model::{ErrorCode, Timestamp};
use ottla_wire::Records;
use ottla_wire::api::ApiKey;
use ottla_wire::message::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
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

/// Sends more than the quota allows, to a topic that is none: what was sent counts.
async fn overdraw(connection: &mut Connection) -> Result<(), Trouble> {
    let mut batch = BatchBuilder::new(BatchFields::default(), Compression::None);
    batch.push(Timestamp(0), None, Some(&vec![0; BYTES]), []);
    let records = batch.build();
    let partition = PartitionProduceData {
        index: 0,
        records: Some(Records::Bytes(&records)),
        ..Default::default()
    };
    let request = ProduceRequest {
        acks: 1,
        timeout_ms: 1000,
        topic_data: vec![TopicProduceData {
            name: "none".into(),
            partition_data: vec![partition],
            ..Default::default()
        }],
        ..Default::default()
    };
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
    overdraw(&mut client).await?;
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

async fn script(world: World, ledger: Ledger) {
    let env = world.boot(CLIENTS);
    let settings = Settings::choose(&world);
    let process = Process::attempt(&world, &ledger, &settings).await;
    let _process = process.expect("the machine is well");
    if let Err(trouble) = converse(&env, &ledger).await {
        panic!("{trouble:?}");
    }
}

#[test]
fn a_client_beyond_its_quota_is_answered_first_and_then_not_read() {
    for seed in 0..10 {
        let simulation = Simulation::new(seed);
        let script = script(simulation.world().clone(), Ledger::new(false));
        assert_eq!(simulation.run(LIMIT, script), Ok(()), "seed {seed}");
    }
}
