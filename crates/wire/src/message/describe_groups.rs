//! `DescribeGroups` (15): tells the state of classic groups.

use ottla_model::ErrorCode;

use crate::{Message, Octets, Str, Struct};

#[derive(Clone, Debug, PartialEq, Message)]
#[message(request = 15, versions = 0..=6, flexible = 5..)]
pub struct DescribeGroupsRequest<'a> {
    pub groups: Vec<Str<'a>>,
    #[field(versions = 3..)]
    pub include_authorized_operations: bool,
}

#[derive(Clone, Debug, PartialEq, Message)]
#[message(response = 15, versions = 0..=6, flexible = 5..)]
pub struct DescribeGroupsResponse<'a> {
    #[field(versions = 1.., ignorable)]
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribedGroup<'a>>,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DescribedGroup<'a> {
    pub error_code: ErrorCode,
    /// KIP-1043.
    #[field(versions = 6.., default = None)]
    pub error_message: Option<Str<'a>>,
    pub group_id: Str<'a>,
    pub group_state: Str<'a>,
    pub protocol_type: Str<'a>,
    pub protocol_data: Str<'a>,
    pub members: Vec<DescribedGroupMember<'a>>,
    #[field(versions = 3.., default = i32::MIN)]
    pub authorized_operations: i32,
}

#[derive(Clone, Debug, PartialEq, Struct)]
pub struct DescribedGroupMember<'a> {
    pub member_id: Str<'a>,
    #[field(versions = 4.., default = None, ignorable)]
    pub group_instance_id: Option<Str<'a>>,
    pub client_id: Str<'a>,
    pub client_host: Str<'a>,
    pub member_metadata: Octets<'a>,
    pub member_assignment: Octets<'a>,
}
