//! The protocol of KIP-848: the coordinator assigns, and members follow with their heartbeats.
