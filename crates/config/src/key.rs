/// The type of a key's value, as DescribeConfigs names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Boolean,
    Text,
    Int,
    Short,
    Long,
    Double,
    List,
    Class,
    Password,
}

/// When a new value takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// With the next start.
    ReadOnly,
    /// At once, set for one broker.
    PerBroker,
    /// At once, set for one broker or for all.
    ClusterWide,
}

/// One line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    pub name: &'static str,
    pub kind: Kind,
    /// As it would stand in a file; `None` is null.
    pub default: Option<&'static str>,
    pub update: Update,
    pub doc: &'static str,
    /// The least value of a number.
    pub at_least: Option<i64>,
    /// What else a text or each item of a list may be; empty for anything.
    pub one_of: &'static [&'static str],
}

impl Key {
    pub(crate) const fn broker(
        name: &'static str,
        kind: Kind,
        default: Option<&'static str>,
        update: Update,
        doc: &'static str,
    ) -> Self {
        Self {
            name,
            kind,
            default,
            update,
            doc,
            at_least: None,
            one_of: &[],
        }
    }

    /// A key of a topic: dynamic always.
    pub(crate) const fn topic(
        name: &'static str,
        kind: Kind,
        default: Option<&'static str>,
        doc: &'static str,
    ) -> Self {
        Self::broker(name, kind, default, Update::ClusterWide, doc)
    }

    pub(crate) const fn at_least(self, least: i64) -> Self {
        Self {
            at_least: Some(least),
            ..self
        }
    }

    pub(crate) const fn one_of(self, values: &'static [&'static str]) -> Self {
        Self {
            one_of: values,
            ..self
        }
    }

    /// Passwords are never shown.
    #[must_use]
    pub const fn is_sensitive(&self) -> bool {
        matches!(self.kind, Kind::Password)
    }
}
