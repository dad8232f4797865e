//! The seeded world for tests and the simulation.
