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
    /// At once, set for one listener of one broker, whose name is put before the key's.
    PerListener,
    /// At once, set for one broker or for all.
    ClusterWide,
}

/// What a value must look like beyond its type and bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Any,
    NotZero,
    /// `partition:broker`, or `*` for all.
    ThrottledReplicas,
    /// `earliest`, `latest` or `by_duration:` and a duration of ISO 8601.
    OffsetReset,
    /// `id@host:port`.
    Voters,
    /// `host:port`.
    Addresses,
}

/// What becomes of a value that is not the default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Support {
    /// It has its effect.
    Honoured,
    /// It has none yet, and somebody should know.
    Ignored,
    /// It has none yet, and the node would be more open than it was meant to be.
    Protects,
}

/// One line of the table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Key {
    pub name: &'static str,
    pub kind: Kind,
    /// As it would stand in a file; `None` is null.
    pub default: Option<&'static str>,
    pub update: Update,
    /// A sentence.
    pub doc: &'static str,
    /// The least value of a number.
    pub at_least: Option<f64>,
    /// The greatest value of a number.
    pub at_most: Option<f64>,
    /// What else a text or each item of a list may be; empty for anything.
    pub one_of: &'static [&'static str],
    /// `one_of` is meant in capitals and small letters alike.
    pub(crate) in_any_case: bool,
    /// A list must have an item, a text a letter.
    pub(crate) not_empty: bool,
    pub(crate) form: Form,
    pub(crate) support: Support,
    /// DescribeConfigs lists it although nobody has set it.
    pub(crate) is_listed: bool,
    /// It has no effect in a file.
    pub(crate) is_dynamic_only: bool,
}

/// No bound is NaN.
impl Eq for Key {}

impl Key {
    pub(crate) const fn new(
        name: &'static str,
        kind: Kind,
        default: Option<&'static str>,
        doc: &'static str,
    ) -> Self {
        Self {
            name,
            kind,
            default,
            update: Update::ReadOnly,
            doc,
            at_least: None,
            at_most: None,
            one_of: &[],
            in_any_case: false,
            not_empty: false,
            form: Form::Any,
            support: Support::Ignored,
            is_listed: true,
            is_dynamic_only: false,
        }
    }

    pub(crate) const fn at_least(mut self, least: i32) -> Self {
        self.at_least = Some(least as f64);
        self
    }

    pub(crate) const fn at_most(mut self, most: i32) -> Self {
        self.at_most = Some(most as f64);
        self
    }

    pub(crate) const fn at_most_real(mut self, most: f64) -> Self {
        self.at_most = Some(most);
        self
    }

    pub(crate) const fn one_of(mut self, values: &'static [&'static str]) -> Self {
        self.one_of = values;
        self
    }

    pub(crate) const fn one_of_any_case(mut self, values: &'static [&'static str]) -> Self {
        self.one_of = values;
        self.in_any_case = true;
        self
    }

    pub(crate) const fn not_empty(mut self) -> Self {
        self.not_empty = true;
        self
    }

    pub(crate) const fn form(mut self, form: Form) -> Self {
        self.form = form;
        self
    }

    pub(crate) const fn per_broker(mut self) -> Self {
        self.update = Update::PerBroker;
        self
    }

    pub(crate) const fn per_listener(mut self) -> Self {
        self.update = Update::PerListener;
        self
    }

    pub(crate) const fn cluster_wide(mut self) -> Self {
        self.update = Update::ClusterWide;
        self
    }

    /// Something reads it: an accessor of `ServerConfig` or `TopicConfig`.
    pub(crate) const fn honoured(mut self) -> Self {
        self.support = Support::Honoured;
        self
    }

    pub(crate) const fn protects(mut self) -> Self {
        self.support = Support::Protects;
        self
    }

    /// For Kafka's own tests: it works, and is not shown.
    pub(crate) const fn internal(mut self) -> Self {
        self.is_listed = false;
        self
    }

    /// A plugin reads it from the file.
    pub(crate) const fn of_plugin(mut self) -> Self {
        self.is_listed = false;
        self
    }

    pub(crate) const fn dynamic_only(mut self) -> Self {
        self.is_listed = false;
        self.is_dynamic_only = true;
        self
    }

    /// Whether DescribeConfigs lists it although nobody has set it.
    #[must_use]
    pub const fn is_listed(&self) -> bool {
        self.is_listed
    }

    /// Passwords are never shown.
    #[must_use]
    pub const fn is_sensitive(&self) -> bool {
        matches!(self.kind, Kind::Password)
    }
}
