use ottla_model::{NodeId, Uuid};

use crate::{IntoOwned, Message, Str, Struct};

/// The voters of the quorum and how they are reached.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(data, versions = 0, flexible = 0..)]
pub struct VotersRecord<'a> {
    pub version: i16,
    pub voters: Vec<Voter<'a>>,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct Voter<'a> {
    pub voter_id: NodeId,
    pub voter_directory_id: Uuid,
    pub endpoints: Vec<Endpoint<'a>>,
    pub kraft_version_feature: KRaftVersionFeature,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct Endpoint<'a> {
    pub name: Str<'a>,
    pub host: Str<'a>,
    pub port: u16,
}

#[derive(Clone, Debug, PartialEq, IntoOwned, Struct)]
pub struct KRaftVersionFeature {
    pub min_supported_version: i16,
    pub max_supported_version: i16,
}
