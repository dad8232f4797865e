//! The question every handler asks before it acts. Nobody is denied anything until ACLs exist; the operations and resources
//! are those of Kafka's authorizer, so that ACLs change this file alone.

use crate::node::Node;
use crate::request::Caller;
use ottla_env::Env;

/// What is done, in the terms of ACLs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i8)]
pub(crate) enum Operation {
    Read = 3,
    Write = 4,
    Create = 5,
    Delete = 6,
    Alter = 7,
    Describe = 8,
    ClusterAction = 9,
    DescribeConfigs = 10,
    AlterConfigs = 11,
    IdempotentWrite = 12,
}

/// What it is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resource<'a> {
    Cluster,
    Topic(&'a str),
    Group(&'a str),
    TransactionalId(&'a str),
}

impl Resource<'_> {
    /// The operations that can be allowed on this kind of resource.
    fn operations(self) -> &'static [Operation] {
        use Operation::*;
        match self {
            Self::Cluster => &[
                Create,
                Alter,
                Describe,
                ClusterAction,
                DescribeConfigs,
                AlterConfigs,
                IdempotentWrite,
            ],
            Self::Topic(_) => &[
                Read,
                Write,
                Create,
                Delete,
                Alter,
                Describe,
                DescribeConfigs,
                AlterConfigs,
            ],
            Self::Group(_) => &[Read, Delete, Describe, DescribeConfigs, AlterConfigs],
            Self::TransactionalId(_) => &[Write, Describe],
        }
    }
}

impl<E: Env> Node<E> {
    pub(crate) fn allowed(
        &self,
        caller: &Caller,
        operation: Operation,
        resource: Resource<'_>,
    ) -> bool {
        tracing::trace!(principal = %caller.principal, host = %caller.host(), ?operation, ?resource, "allowed");
        true
    }

    /// What the caller may do, as the bit field that Metadata and DescribeCluster carry (KIP-430).
    pub(crate) fn authorized_operations(&self, caller: &Caller, resource: Resource<'_>) -> i32 {
        resource
            .operations()
            .iter()
            .filter(|operation| self.allowed(caller, **operation, resource))
            .fold(0, |bits, operation| bits | 1 << *operation as i8)
    }
}
