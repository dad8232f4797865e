//! Which feature levels go with which.

use ottla_metadata::features::{self, METADATA_VERSION, MetadataVersion};

use super::{level, release};

/// The levels that a cluster of that age begins with.
pub(super) fn mapping(name: Option<&str>) -> Result<(), String> {
    let name = name.unwrap_or(MetadataVersion::LATEST.name());
    let version = release(name)?;
    for feature in features::supported() {
        let level = feature.bootstrap_level(version);
        match feature.name {
            METADATA_VERSION => println!("{METADATA_VERSION}={level} ({name})"),
            other => println!("{other}={level}"),
        }
    }
    Ok(())
}

pub(super) fn dependencies(texts: &[String]) -> Result<(), String> {
    for text in texts {
        let (name, level) = level(text)?;
        let feature = features::at_level(name, level).map_err(|error| error.to_string())?;
        let shown = match MetadataVersion::of_level(level) {
            Some(version) if name == METADATA_VERSION => format!("{text} ({})", version.name()),
            _ => text.clone(),
        };
        match feature.requires.filter(|_| level > 0) {
            None => println!("{shown} has no dependencies."),
            Some(needed) => println!(
                "{shown} requires:\n    {METADATA_VERSION}={} ({})",
                needed.0,
                needed.name()
            ),
        }
    }
    Ok(())
}
