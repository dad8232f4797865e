//! The configs that the metadata adds to the file's.

use ottla_config::Settings;
use ottla_config::describe::Layers;
use ottla_config::dynamic::Level;
use ottla_metadata::{Image, Resource};
use ottla_model::NodeId;

/// The dynamic configs of all brokers and of one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct DynamicConfigs {
    all_brokers: Settings,
    this_broker: Settings,
}

impl DynamicConfigs {
    pub(crate) fn of(image: &Image, node: NodeId) -> Self {
        let read = |level, name: &str| {
            let resource = Resource::new(Resource::BROKER, name);
            Settings::dynamic(level, image.configs().of(&resource))
        };
        Self {
            all_brokers: read(Level::AllBrokers, ""),
            this_broker: read(Level::ThisBroker, &node.to_string()),
        }
    }

    pub(crate) fn over<'a>(&'a self, file: &'a Settings) -> Layers<'a> {
        Layers {
            file,
            all_brokers: &self.all_brokers,
            this_broker: &self.this_broker,
        }
    }
}
