//! Directories that are closed to new partitions, by a broker that dies (KIP-1066).

use std::collections::BTreeSet;
use std::time::Duration;

use ottla_env::{Clock, Env};
use ottla_model::{ErrorCode, NodeId};
use ottla_wire::api::ApiKey;
use ottla_wire::message::create_topics::{
    CreatableTopic, CreateTopicsRequest, CreateTopicsResponse,
};
use ottla_wire::message::describe_log_dirs::{DescribeLogDirsRequest, DescribeLogDirsResponse};
use ottla_wire::message::incremental_alter_configs::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse,
};

use super::connection::{Connection, Trouble};
use super::ledger::Ledger;
use super::process::{MACHINE, Process, Settings};
use super::{CLIENTS, LIMIT};
use crate::{SimEnv, Simulation, World};

/// Resources that are brokers.
const BROKER: i8 = 4;
const SET: i8 = 0;
const DELETE: i8 = 1;
const A_WHILE: Duration = Duration::from_millis(50);

async fn alter(connection: &mut Connection, cordoned: Option<&str>) -> Result<(), Trouble> {
    let config = AlterableConfig {
        name: "cordoned.log.dirs".into(),
        config_operation: if cordoned.is_some() { SET } else { DELETE },
        value: cordoned.map(Into::into),
    };
    let request = IncrementalAlterConfigsRequest {
        resources: vec![AlterConfigsResource {
            resource_type: BROKER,
            resource_name: "1".into(),
            configs: vec![config],
        }],
        validate_only: false,
    };
    let key = ApiKey::IncrementalAlterConfigs;
    let answer = connection.ask(key, 1, &request).await?;
    let response: IncrementalAlterConfigsResponse<'_> = answer.decode()?;
    let codes = response.responses.iter().map(|altered| altered.error_code);
    assert_eq!(codes.collect::<Vec<_>>(), [ErrorCode::None]);
    Ok(())
}

/// What becomes of a topic that the broker would place.
async fn try_create(connection: &mut Connection) -> Result<ErrorCode, Trouble> {
    let request = CreateTopicsRequest {
        topics: vec![CreatableTopic {
            name: "t".into(),
            num_partitions: 1,
            replication_factor: 1,
            ..Default::default()
        }],
        timeout_ms: 2000,
        validate_only: true,
        ..Default::default()
    };
    let answer = connection.ask(ApiKey::CreateTopics, 5, &request).await?;
    let response: CreateTopicsResponse<'_> = answer.decode()?;
    let topic = response.topics.first().expect("one is asked for");
    Ok(topic.error_code)
}

/// Whether all directories are said to be cordoned, or none is.
async fn is_cordoned(connection: &mut Connection) -> Result<bool, Trouble> {
    let request = DescribeLogDirsRequest {
        topics: Some(Vec::new()),
    };
    let key = ApiKey::DescribeLogDirs;
    let answer = connection.ask(key, 5, &request).await?;
    let response: DescribeLogDirsResponse<'_> = answer.decode()?;
    let is_cordoned = response.results.iter().map(|dir| dir.is_cordoned);
    let is_cordoned: BTreeSet<bool> = is_cordoned.collect();
    assert_eq!(is_cordoned.len(), 1, "some are, and some are not");
    Ok(is_cordoned.contains(&true))
}

async fn connect(env: &SimEnv, ledger: &Ledger) -> Connection {
    loop {
        match Connection::open(env, ledger).await {
            Ok(connection) => return connection,
            Err(_) => env.clock().sleep(A_WHILE).await,
        }
    }
}

/// The controller hears of it a moment later.
async fn comes_to(connection: &mut Connection, expected: ErrorCode) -> Result<(), Trouble> {
    while try_create(connection).await? != expected {
        let clock = connection.env().clock().clone();
        clock.sleep(A_WHILE).await;
    }
    Ok(())
}

async fn script(world: World, ledger: Ledger) -> Result<(), Trouble> {
    let (env, settings) = (world.boot(CLIENTS), Settings::choose(&world));
    let first = Process::attempt(&world, &ledger, &settings).await;
    let _first = first.expect("the machine is well");
    let mut connection = connect(&env, &ledger).await;
    assert_eq!(try_create(&mut connection).await?, ErrorCode::None);
    alter(&mut connection, Some("*")).await?;
    assert!(is_cordoned(&mut connection).await?);
    if world.choose(2) == 0 {
        comes_to(&mut connection, ErrorCode::InvalidReplicationFactor).await?;
    }
    world.kill(MACHINE);
    let second = Process::attempt(&world, &ledger, &settings).await;
    let mut second = second.expect("the machine is well");
    // From the first moment on.
    let image = second.memory().await.expect("it has started")();
    let broker = image.cluster().broker(NodeId(1));
    assert!(broker.expect("it is registered").is_cordoned());
    let mut connection = connect(&env, &ledger).await;
    let created = try_create(&mut connection).await?;
    assert_eq!(created, ErrorCode::InvalidReplicationFactor);
    assert!(is_cordoned(&mut connection).await?);
    alter(&mut connection, None).await?;
    assert!(!is_cordoned(&mut connection).await?);
    comes_to(&mut connection, ErrorCode::None).await
}

#[test]
fn what_is_cordoned_stays_so_from_the_first_moment_of_the_next_life() {
    for seed in 0..10 {
        let simulation = Simulation::new(seed);
        let script = script(simulation.world().clone(), Ledger::new(false));
        let done = simulation.run(LIMIT, script);
        let done = done.unwrap_or_else(|stuck| panic!("seed {seed}: {stuck:?}"));
        done.unwrap_or_else(|trouble| panic!("seed {seed}: {trouble:?}"));
    }
}
