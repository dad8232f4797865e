//! Users and clients get quotas and credentials.

use ottla_controller::{QuotaAlteration, Reply, Request, ScramAlteration};
use ottla_metadata::QuotaEntity;
use ottla_metadata::features::MetadataVersion;
use ottla_model::ErrorCode;
use ottla_wire::metadata_record::UserScramCredentialRecord;

use super::Cluster;

fn user(name: &str) -> QuotaEntity {
    QuotaEntity::new([(QuotaEntity::USER, Some(name))])
}

impl Cluster {
    fn set_quota(
        &mut self,
        entity: &QuotaEntity,
        key: &str,
        value: Option<f64>,
    ) -> Result<(), ErrorCode> {
        let alteration = QuotaAlteration {
            entity: entity.clone(),
            changes: vec![(key.to_owned(), value)],
        };
        let reply = self.ask(Request::AlterClientQuotas {
            alterations: vec![alteration],
            validate_only: false,
        });
        let Reply::QuotasAltered(results) = reply else {
            panic!("{reply:?}")
        };
        let [(_, result)] = &results[..] else {
            panic!("one entity was asked for: {results:?}")
        };
        result.clone().map_err(|refusal| refusal.code)
    }

    fn quota(&self, entity: &QuotaEntity, key: &str) -> Option<f64> {
        let image = self.controller.image();
        image.client_quotas().get(entity, key)
    }

    fn alter_scram(
        &mut self,
        alterations: Vec<ScramAlteration>,
    ) -> Vec<(String, Result<(), ErrorCode>)> {
        let reply = self.ask(Request::AlterUserScramCredentials(alterations));
        let Reply::ScramAltered(results) = reply else {
            panic!("{reply:?}")
        };
        let results = results.into_iter();
        results
            .map(|(user, result)| (user, result.map_err(|refusal| refusal.code)))
            .collect()
    }
}

fn upsert(name: &str, mechanism: i8, iterations: i32) -> ScramAlteration {
    ScramAlteration::Upsert(UserScramCredentialRecord {
        name: name.to_owned().into(),
        mechanism,
        salt: vec![1].into(),
        stored_key: vec![2].into(),
        server_key: vec![3].into(),
        iterations,
    })
}

fn delete(name: &str, mechanism: i8) -> ScramAlteration {
    let user = name.to_owned();
    ScramAlteration::Delete { user, mechanism }
}

#[test]
fn quotas_are_set_and_removed() {
    let mut cluster = Cluster::new();
    let alice = user("alice");
    let key = "producer_byte_rate";
    assert_eq!(cluster.set_quota(&alice, key, Some(5.0)), Ok(()));
    assert_eq!(cluster.quota(&alice, key), Some(5.0));
    let before = cluster.next;
    assert_eq!(cluster.set_quota(&alice, key, Some(5.0)), Ok(()));
    assert_eq!(cluster.next, before, "what does not change is not written");
    assert_eq!(cluster.set_quota(&alice, key, None), Ok(()));
    assert_eq!(cluster.quota(&alice, key), None);
    assert_eq!(cluster.set_quota(&user("bob"), key, None), Ok(()));
    assert!(cluster.controller.image().client_quotas().is_empty());
}

#[test]
fn quotas_are_numbers_that_their_kind_of_entity_can_have() {
    let mut cluster = Cluster::new();
    let alice = user("alice");
    let address = |name| QuotaEntity::new([(QuotaEntity::IP, Some(name))]);
    let rate = "connection_creation_rate";
    let refused = Err(ErrorCode::InvalidRequest);
    for (entity, key, value) in [
        (&alice, "producer_byte_rate", 0.0),
        (&alice, "producer_byte_rate", -1.0),
        (&alice, "producer_byte_rate", 1.5),
        (&alice, "producer_byte_rate", 1e30),
        (&alice, "controller_mutation_rate", f64::NAN),
        (&alice, rate, 1.0),
        (&alice, "nope", 1.0),
        (&user(""), "producer_byte_rate", 1.0),
        (&QuotaEntity::default(), "producer_byte_rate", 1.0),
        (
            &QuotaEntity::new([("group", Some("g"))]),
            "producer_byte_rate",
            1.0,
        ),
        (&address("10.0.0.1"), "producer_byte_rate", 1.0),
        (&address("example.org"), rate, 1.0),
        (&address("10.0.0.1"), rate, 1e10),
    ] {
        assert_eq!(
            cluster.set_quota(entity, key, Some(value)),
            refused,
            "{entity:?} {key}={value}"
        );
    }
    assert_eq!(
        cluster.set_quota(&alice, "controller_mutation_rate", Some(0.5)),
        Ok(())
    );
    assert_eq!(
        cluster.set_quota(&address("10.0.0.1"), rate, Some(7.0)),
        Ok(())
    );
}

#[test]
fn a_credential_is_altered_once_in_a_request() {
    let mut cluster = Cluster::new();
    let results = cluster.alter_scram(vec![
        delete("none", 1),
        upsert("alice", 1, 4096),
        upsert("bob", 1, 4095),
        upsert("carol", 1, 16_385),
        upsert("dave", 3, 4096),
        upsert("", 1, 4096),
        upsert("eve", 1, 4096),
        upsert("eve", 2, 4096),
    ]);
    let expected = [
        ("", Err(ErrorCode::UnacceptableCredential)),
        ("alice", Ok(())),
        ("bob", Err(ErrorCode::UnacceptableCredential)),
        ("carol", Err(ErrorCode::UnacceptableCredential)),
        ("dave", Err(ErrorCode::UnsupportedSaslMechanism)),
        ("eve", Err(ErrorCode::DuplicateResource)),
        ("none", Err(ErrorCode::ResourceNotFound)),
    ];
    assert_eq!(
        results,
        expected.map(|(user, result)| (user.to_owned(), result))
    );
    let users = cluster.controller.image().scram().iter();
    assert_eq!(users.map(|it| &*it.name).collect::<Vec<_>>(), ["alice"]);
    let deleted = cluster.alter_scram(vec![delete("alice", 1)]);
    assert_eq!(deleted, [("alice".to_owned(), Ok(()))]);
    assert_eq!(cluster.controller.image().scram().iter().count(), 0);
}

#[test]
fn a_password_has_bytes() {
    let mut cluster = Cluster::new();
    let ScramAlteration::Upsert(mut record) = upsert("alice", 1, 4096) else {
        unreachable!("it is one");
    };
    record.stored_key = Vec::new().into();
    let altered = cluster.alter_scram(vec![ScramAlteration::Upsert(record)]);
    let refused = Err(ErrorCode::UnacceptableCredential);
    assert_eq!(altered, [("alice".to_owned(), refused)]);
}

#[test]
fn an_old_cluster_has_no_credentials() {
    let mut cluster = Cluster::at(MetadataVersion(10));
    let results = cluster.alter_scram(vec![upsert("alice", 1, 4096)]);
    assert_eq!(results[0].1, Err(ErrorCode::UnsupportedVersion));
}
