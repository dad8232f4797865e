//! `DescribeCluster` (60): tells the nodes of the cluster.

use ottla_model::{ErrorCode, NodeId};

use crate::{Message, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 60, versions = 0..=2, flexible = 0..)]
pub struct DescribeClusterRequest {
    pub include_cluster_authorized_operations: bool,
    /// KIP-919.
    #[field(versions = 1.., default = 1)]
    pub endpoint_type: i8,
    /// KIP-1073.
    #[field(versions = 2..)]
    pub include_fenced_brokers: bool,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 60, versions = 0..=2, flexible = 0..)]
pub struct DescribeClusterResponse<'a> {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    #[field(default = None)]
    pub error_message: Option<Str<'a>>,
    #[field(versions = 1.., default = 1)]
    pub endpoint_type: i8,
    pub cluster_id: Str<'a>,
    #[field(default = NodeId::NONE)]
    pub controller_id: NodeId,
    pub brokers: Vec<DescribeClusterBroker<'a>>,
    #[field(default = i32::MIN)]
    pub cluster_authorized_operations: i32,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DescribeClusterBroker<'a> {
    pub broker_id: NodeId,
    pub host: Str<'a>,
    pub port: i32,
    #[field(default = None)]
    pub rack: Option<Str<'a>>,
    /// KIP-1073.
    #[field(versions = 2..)]
    pub is_fenced: bool,
}
