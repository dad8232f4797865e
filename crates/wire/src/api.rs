//! The APIs of Kafka 4.3: their keys, versions and listeners.

use std::ops::RangeInclusive;

/// One API: what is spoken of it, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Api {
    pub key: ApiKey,
    pub name: &'static str,
    pub min_version: i16,
    /// The newest stable version; some messages have an unstable one beyond it.
    pub max_version: i16,
    /// `i16::MAX` when no version is flexible.
    pub flexible_from: i16,
    /// Whether the listeners of brokers answer it.
    pub on_broker: bool,
    /// Whether the listeners of controllers answer it.
    pub on_controller: bool,
}

impl Api {
    #[must_use]
    pub const fn versions(&self) -> RangeInclusive<i16> {
        self.min_version..=self.max_version
    }

    #[must_use]
    pub const fn is_flexible(&self, version: i16) -> bool {
        version >= self.flexible_from
    }
}

macro_rules! apis {
    ($($code:literal $name:ident $min:literal..=$max:literal, $flexible:expr, $($listener:ident)|+;)*) => {
        /// The number that begins a request.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(i16)]
        pub enum ApiKey {
            $($name = $code,)*
        }

        /// Every API, ascending by key.
        pub const TABLE: &[Api] = &[$(Api {
            key: ApiKey::$name,
            name: stringify!($name),
            min_version: $min,
            max_version: $max,
            flexible_from: $flexible,
            on_broker: $(is_broker(Listener::$listener))||+,
            on_controller: $(is_controller(Listener::$listener))||+,
        }),*];
    };
}

#[derive(Clone, Copy)]
enum Listener {
    Broker,
    Controller,
}

const fn is_broker(listener: Listener) -> bool {
    matches!(listener, Listener::Broker)
}

const fn is_controller(listener: Listener) -> bool {
    matches!(listener, Listener::Controller)
}

/// For the APIs without flexible versions.
const NEVER: i16 = i16::MAX;

// Key, name, stable versions, first flexible version, listeners.
apis! {
    0 Produce 3..=13, 9, Broker;
    1 Fetch 4..=18, 12, Broker | Controller;
    2 ListOffsets 1..=11, 6, Broker;
    3 Metadata 0..=13, 9, Broker;
    8 OffsetCommit 2..=10, 8, Broker;
    9 OffsetFetch 1..=10, 6, Broker;
    10 FindCoordinator 0..=6, 3, Broker;
    11 JoinGroup 0..=9, 6, Broker;
    12 Heartbeat 0..=4, 4, Broker;
    13 LeaveGroup 0..=5, 4, Broker;
    14 SyncGroup 0..=5, 4, Broker;
    15 DescribeGroups 0..=6, 5, Broker;
    16 ListGroups 0..=5, 3, Broker;
    17 SaslHandshake 0..=1, NEVER, Broker | Controller;
    18 ApiVersions 0..=4, 3, Broker | Controller;
    19 CreateTopics 2..=7, 5, Broker | Controller;
    20 DeleteTopics 1..=6, 4, Broker | Controller;
    21 DeleteRecords 0..=2, 2, Broker;
    22 InitProducerId 0..=5, 2, Broker;
    23 OffsetForLeaderEpoch 2..=4, 4, Broker;
    24 AddPartitionsToTxn 0..=5, 3, Broker;
    25 AddOffsetsToTxn 0..=4, 3, Broker;
    26 EndTxn 0..=5, 3, Broker;
    27 WriteTxnMarkers 1..=2, 1, Broker;
    28 TxnOffsetCommit 0..=5, 3, Broker;
    29 DescribeAcls 1..=3, 2, Broker | Controller;
    30 CreateAcls 1..=3, 2, Broker | Controller;
    31 DeleteAcls 1..=3, 2, Broker | Controller;
    32 DescribeConfigs 1..=4, 4, Broker | Controller;
    33 AlterConfigs 0..=2, 2, Broker | Controller;
    34 AlterReplicaLogDirs 1..=2, 2, Broker;
    35 DescribeLogDirs 1..=5, 2, Broker;
    36 SaslAuthenticate 0..=2, 2, Broker | Controller;
    37 CreatePartitions 0..=3, 2, Broker | Controller;
    38 CreateDelegationToken 1..=3, 2, Broker | Controller;
    39 RenewDelegationToken 1..=2, 2, Broker | Controller;
    40 ExpireDelegationToken 1..=2, 2, Broker | Controller;
    41 DescribeDelegationToken 1..=3, 2, Broker | Controller;
    42 DeleteGroups 0..=2, 2, Broker;
    43 ElectLeaders 0..=2, 2, Broker | Controller;
    44 IncrementalAlterConfigs 0..=1, 1, Broker | Controller;
    45 AlterPartitionReassignments 0..=1, 0, Broker | Controller;
    46 ListPartitionReassignments 0..=0, 0, Broker | Controller;
    47 OffsetDelete 0..=0, NEVER, Broker;
    48 DescribeClientQuotas 0..=1, 1, Broker;
    49 AlterClientQuotas 0..=1, 1, Broker | Controller;
    50 DescribeUserScramCredentials 0..=0, 0, Broker | Controller;
    51 AlterUserScramCredentials 0..=0, 0, Broker | Controller;
    52 Vote 0..=2, 0, Controller;
    53 BeginQuorumEpoch 0..=1, 1, Controller;
    54 EndQuorumEpoch 0..=1, 1, Controller;
    55 DescribeQuorum 0..=2, 0, Broker | Controller;
    56 AlterPartition 2..=3, 0, Controller;
    57 UpdateFeatures 0..=2, 0, Broker | Controller;
    58 Envelope 0..=0, 0, Controller;
    59 FetchSnapshot 0..=1, 0, Controller;
    60 DescribeCluster 0..=2, 0, Broker | Controller;
    61 DescribeProducers 0..=0, 0, Broker;
    62 BrokerRegistration 0..=4, 0, Controller;
    63 BrokerHeartbeat 0..=2, 0, Controller;
    64 UnregisterBroker 0..=0, 0, Broker | Controller;
    65 DescribeTransactions 0..=0, 0, Broker;
    66 ListTransactions 0..=2, 0, Broker;
    67 AllocateProducerIds 0..=0, 0, Controller;
    68 ConsumerGroupHeartbeat 0..=1, 0, Broker;
    69 ConsumerGroupDescribe 0..=1, 0, Broker;
    70 ControllerRegistration 0..=0, 0, Controller;
    71 GetTelemetrySubscriptions 0..=0, 0, Broker;
    72 PushTelemetry 0..=0, 0, Broker;
    73 AssignReplicasToDirs 0..=0, 0, Controller;
    74 ListConfigResources 0..=1, 0, Broker;
    75 DescribeTopicPartitions 0..=0, 0, Broker;
    76 ShareGroupHeartbeat 1..=1, 0, Broker;
    77 ShareGroupDescribe 1..=1, 0, Broker;
    78 ShareFetch 1..=2, 0, Broker;
    79 ShareAcknowledge 1..=2, 0, Broker;
    80 AddRaftVoter 0..=1, 0, Broker | Controller;
    81 RemoveRaftVoter 0..=0, 0, Broker | Controller;
    82 UpdateRaftVoter 0..=0, 0, Controller;
    83 InitializeShareGroupState 0..=0, 0, Broker;
    84 ReadShareGroupState 0..=0, 0, Broker;
    85 WriteShareGroupState 0..=1, 0, Broker;
    86 DeleteShareGroupState 0..=0, 0, Broker;
    87 ReadShareGroupStateSummary 0..=1, 0, Broker;
    88 StreamsGroupHeartbeat 0..=0, 0, Broker;
    89 StreamsGroupDescribe 0..=0, 0, Broker;
    90 DescribeShareGroupOffsets 0..=1, 0, Broker;
    91 AlterShareGroupOffsets 0..=0, 0, Broker;
    92 DeleteShareGroupOffsets 0..=0, 0, Broker;
}

impl ApiKey {
    #[must_use]
    pub fn from_code(code: i16) -> Option<Self> {
        TABLE
            .binary_search_by_key(&code, |api| api.key.code())
            .ok()
            .map(|index| TABLE[index].key)
    }

    #[must_use]
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The row of the table.
    #[must_use]
    pub const fn api(self) -> &'static Api {
        &TABLE[ROWS[self as usize] as usize]
    }
}

const KEYS: usize = TABLE[TABLE.len() - 1].key as usize + 1;

/// The row of each key. Keys of removed APIs have none, and no `ApiKey` names them.
const ROWS: [u8; KEYS] = {
    let mut rows = [u8::MAX; KEYS];
    let mut row = 0;
    while row < TABLE.len() {
        rows[TABLE[row].key as usize] = row as u8;
        row += 1;
    }
    rows
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_finds_its_row() {
        for api in TABLE {
            assert_eq!(ApiKey::from_code(api.key.code()), Some(api.key));
            assert_eq!(api.key.api(), api);
        }
        for removed in [-1, 4, 5, 6, 7, 93] {
            assert_eq!(ApiKey::from_code(removed), None);
        }
    }
}
