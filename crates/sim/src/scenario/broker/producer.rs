//! A producer to one partition, as careful as its settings make it.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use ottla_env::{Clock, Env};
use ottla_model::{ErrorCode, LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence};
use ottla_wire::Records;
use ottla_wire::api::ApiKey;
use ottla_wire::message::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};
use ottla_wire::message::produce::{
    PartitionProduceData, PartitionProduceResponse, ProduceRequest, ProduceResponse,
    TopicProduceData,
};
use ottla_wire::records::{BatchBuilder, BatchFields, Compression};

use super::connection::{Connection, Trouble};
use super::content;
use super::ledger::{Delivery, Ledger, Life, Place, Sent};
use super::metadata;
use crate::{SimEnv, World};

/// From this version on a request names topics by id.
const FIRST_VERSION_WITH_TOPIC_IDS: i16 = 13;
/// What an idempotent producer may have unanswered: the broker remembers as many batches.
const MOST_IN_FLIGHT: u64 = 5;

/// What it sends, and how.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Names the producer.
    pub(super) number: u64,
    pub(super) topic: String,
    pub(super) place: Place,
    pub(super) batches: u64,
    pub(super) longest_rest: Duration,
    pub(super) delivery: Delivery,
    pub(super) acks: i16,
    /// A canary: it should be idempotent, and is not.
    pub(super) is_careless: bool,
}

/// Sends all of the plan, until it is acknowledged or the topic is gone.
pub(super) async fn run(world: World, env: SimEnv, ledger: Ledger, plan: Plan) {
    let mut producer = Producer {
        left: plan.batches,
        plan,
        world,
        ledger,
        id: ProducerId::NONE,
        epoch: ProducerEpoch(0),
        next_sequence: Sequence(0),
        unacknowledged: VecDeque::new(),
        newest_acknowledged: None,
    };
    while !producer.is_done() {
        match producer.converse(&env).await {
            Ok(()) | Err(Trouble::Lost) => {
                let pause = Duration::from_millis(20 + producer.world.choose(200));
                env.clock().sleep(pause).await;
            }
            Err(Trouble::Wrong(what)) => {
                let number = producer.plan.number;
                producer
                    .ledger
                    .violate(format!("producer {number}: {what}"));
            }
        }
    }
}

struct Producer {
    plan: Plan,
    world: World,
    ledger: Ledger,
    /// Batches that have not been made yet.
    left: u64,
    id: ProducerId,
    epoch: ProducerEpoch,
    next_sequence: Sequence,
    /// In order.
    unacknowledged: VecDeque<Batch>,
    newest_acknowledged: Option<Life>,
}

struct Batch {
    numbers: Vec<u64>,
    sequence: Sequence,
    compression: Compression,
    /// In which it was first sent, if it was sent at all.
    first_life: Option<Life>,
}

/// One conversation's circumstances.
struct Settings {
    version: i16,
    in_flight: usize,
    leader_epoch: LeaderEpoch,
}

impl Producer {
    fn is_done(&self) -> bool {
        self.ledger.is_over()
            || !self.ledger.exists(self.plan.place.topic)
            || (self.left == 0 && self.unacknowledged.is_empty())
    }

    async fn converse(&mut self, env: &SimEnv) -> Result<(), Trouble> {
        let mut connection = Connection::open(env, &self.ledger).await?;
        let topics = metadata::ask(&mut connection, &self.world, &self.ledger).await?;
        let leader_epoch = *topics.get(&self.plan.place).ok_or(Trouble::Lost)?;
        let is_idempotent = self.plan.delivery == Delivery::Idempotent && !self.plan.is_careless;
        if is_idempotent && self.id == ProducerId::NONE {
            self.begin(&mut connection).await?;
        }
        let versions = [3, 5, 7, 8, 9, 11, 12, 13];
        let in_flight = match self.plan.delivery {
            Delivery::OneInFlight => 1,
            _ => 1 + self.world.choose(MOST_IN_FLIGHT),
        };
        let settings = Settings {
            version: versions[self.world.choose(versions.len() as u64) as usize],
            in_flight: in_flight as usize,
            leader_epoch,
        };
        if self.plan.acks == 0 {
            return self.pour(&mut connection, &settings).await;
        }
        // Those on the connection, of the front of all that are not acknowledged.
        let mut in_flight = 0;
        while !self.is_done() {
            while in_flight < settings.in_flight && self.make_ready(in_flight) {
                self.send(&mut connection, &settings, in_flight).await?;
                in_flight += 1;
            }
            if in_flight > 0 {
                self.receive(&mut connection, &settings).await?;
                in_flight -= 1;
            }
            self.rest(env).await;
        }
        Ok(())
    }

    async fn begin(&mut self, connection: &mut Connection) -> Result<(), Trouble> {
        let version = 2 + self.world.choose(4) as i16;
        let request = InitProducerIdRequest {
            transactional_id: None,
            transaction_timeout_ms: i32::MAX,
            ..Default::default()
        };
        let answer = connection
            .ask(ApiKey::InitProducerId, version, &request)
            .await?;
        let response: InitProducerIdResponse = answer.decode()?;
        match response.error_code {
            ErrorCode::None => {
                self.ledger.producer_id_given(response.producer_id);
                self.id = response.producer_id;
                self.epoch = response.producer_epoch;
                Ok(())
            }
            ErrorCode::NotController => Err(Trouble::Lost),
            code => Err(Trouble::Wrong(format!("no producer id: {code}"))),
        }
    }

    async fn rest(&self, env: &SimEnv) {
        if self.world.choose(4) == 0 {
            let longest = u64::try_from(self.plan.longest_rest.as_millis()).unwrap_or(u64::MAX);
            let pause = Duration::from_millis(self.world.choose(longest));
            env.clock().sleep(pause).await;
        }
    }

    /// Sends without waiting for anything.
    async fn pour(
        &mut self,
        connection: &mut Connection,
        settings: &Settings,
    ) -> Result<(), Trouble> {
        while !self.is_done() && self.make_ready(0) {
            let sent = self.send(connection, settings, 0).await;
            // Sent or lost: it is not known, and not sent again.
            self.unacknowledged.clear();
            sent?;
            self.rest(connection.env()).await;
        }
        Ok(())
    }

    /// Whether there is a batch at `index` of those to be sent; a new one is made where none is left.
    fn make_ready(&mut self, index: usize) -> bool {
        if self.unacknowledged.len() > index {
            return true;
        }
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        let sent = Sent {
            producer: self.plan.number,
            topic: self.plan.topic.clone(),
            partition: self.plan.place.partition,
            delivery: self.plan.delivery,
        };
        let numbers: Vec<u64> = (0..=self.world.choose(8))
            .map(|_| self.ledger.sending(sent.clone()))
            .collect();
        let codecs = [
            Compression::None,
            Compression::None,
            Compression::Gzip,
            Compression::Snappy,
            Compression::Lz4,
        ];
        let batch = Batch {
            sequence: self.next_sequence,
            compression: codecs[self.world.choose(codecs.len() as u64) as usize],
            first_life: None,
            numbers,
        };
        self.next_sequence = batch.next_sequence();
        self.unacknowledged.push_back(batch);
        true
    }

    async fn send(
        &mut self,
        connection: &mut Connection,
        settings: &Settings,
        index: usize,
    ) -> Result<(), Trouble> {
        let batch = &mut self.unacknowledged[index];
        batch.first_life.get_or_insert(connection.life);
        let bytes = batch.build(self.id, self.epoch);
        let by_id = settings.version >= FIRST_VERSION_WITH_TOPIC_IDS;
        let request = ProduceRequest {
            acks: self.plan.acks,
            // At times so short that the broker gives up first.
            timeout_ms: [1, 100, 2000][self.world.choose(3) as usize],
            topic_data: vec![TopicProduceData {
                name: if by_id { "" } else { &self.plan.topic }.into(),
                topic_id: self.plan.place.topic,
                partition_data: vec![PartitionProduceData {
                    index: self.plan.place.partition,
                    records: Some(Records::Bytes(&bytes)),
                    ..Default::default()
                }],
                ..Default::default()
            }],
            ..Default::default()
        };
        if self.plan.acks == 0 {
            return connection
                .write(ApiKey::Produce, settings.version, &request)
                .await;
        }
        connection
            .send(ApiKey::Produce, settings.version, &request)
            .await
    }

    /// The answer to the first batch.
    async fn receive(
        &mut self,
        connection: &mut Connection,
        settings: &Settings,
    ) -> Result<(), Trouble> {
        let answer = connection.receive().await?;
        let response: ProduceResponse<'_> = answer.decode()?;
        let partition = response
            .responses
            .iter()
            .flat_map(|topic| &topic.partition_responses)
            .next()
            .ok_or_else(|| Trouble::Wrong("an answer without the partition".to_owned()))?;
        if !self.ledger.exists(self.plan.place.topic) {
            return Err(Trouble::Lost);
        }
        if partition.error_code == ErrorCode::None {
            self.acknowledged(connection.life, partition.base_offset, settings)
        } else {
            self.refused(connection.life, partition)
        }
    }

    fn acknowledged(
        &mut self,
        life: Life,
        base: Offset,
        settings: &Settings,
    ) -> Result<(), Trouble> {
        let batch = self
            .unacknowledged
            .pop_front()
            .expect("it was sent and is not acknowledged");
        // One sent in an earlier life too may have been written then.
        let epoch = (batch.first_life == Some(life)).then_some(settings.leader_epoch);
        if !base.is_known() {
            return Err(Trouble::Wrong("acknowledged without an offset".to_owned()));
        }
        self.ledger
            .acknowledged(self.plan.place, life, base, &batch.numbers, epoch);
        self.newest_acknowledged = Some(life);
        Ok(())
    }

    fn refused(
        &mut self,
        life: Life,
        partition: &PartitionProduceResponse<'_>,
    ) -> Result<(), Trouble> {
        let wrong = || {
            Err(Trouble::Wrong(format!(
                "{:?} in {life:?}: batch {:?} of producer id {} epoch {} refused with {}: {:?}",
                self.plan.place,
                self.unacknowledged
                    .front()
                    .map(|batch| (batch.sequence, &batch.numbers)),
                self.id,
                self.epoch,
                partition.error_code,
                partition.error_message
            )))
        };
        match partition.error_code {
            ErrorCode::RequestTimedOut | ErrorCode::NotLeaderOrFollower => Err(Trouble::Lost),
            ErrorCode::KafkaStorageError if self.ledger.may_refuse_records(life) => {
                Err(Trouble::Lost)
            }
            ErrorCode::OutOfOrderSequenceNumber | ErrorCode::UnknownProducerId => {
                let may_have_lost = self
                    .newest_acknowledged
                    .is_some_and(|life| self.ledger.may_have_lost(self.plan.place, life));
                if !may_have_lost && !self.may_be_forgotten(life) {
                    return wrong();
                }
                self.begin_anew();
                Err(Trouble::Lost)
            }
            _ => wrong(),
        }
    }

    /// Whether the first batch may be in the log and not be known again: of what an earlier life wrote, a snapshot tells the last
    /// batch of a producer only, in Kafka too.
    fn may_be_forgotten(&self, life: Life) -> bool {
        let is_older = |batch: &Batch| batch.first_life.is_some_and(|first| first < life);
        let mut batches = self.unacknowledged.iter();
        batches.next().is_some_and(is_older) && batches.any(is_older)
    }

    /// The broker has forgotten batches: the next epoch begins. Nobody can tell whether what was sent is in the log, and sent once
    /// more it might be there twice: it is given up.
    fn begin_anew(&mut self) {
        self.unacknowledged
            .retain(|batch| batch.first_life.is_none());
        self.epoch = ProducerEpoch(self.epoch.0 + 1);
        self.next_sequence = Sequence(0);
        for batch in &mut self.unacknowledged {
            batch.sequence = self.next_sequence;
            self.next_sequence = batch.next_sequence();
        }
    }
}

impl Batch {
    fn next_sequence(&self) -> Sequence {
        self.sequence
            .plus(i32::try_from(self.numbers.len()).expect("a batch is small"))
    }

    fn build(&self, id: ProducerId, epoch: ProducerEpoch) -> Bytes {
        let fields = if id == ProducerId::NONE {
            BatchFields::default()
        } else {
            BatchFields {
                producer_id: id,
                producer_epoch: epoch,
                base_sequence: self.sequence,
                ..BatchFields::default()
            }
        };
        let mut builder = BatchBuilder::new(fields, self.compression);
        for number in &self.numbers {
            content::push(&mut builder, *number);
        }
        builder.build()
    }
}
