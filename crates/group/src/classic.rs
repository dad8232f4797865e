//! The classic protocol: members join, their leader assigns, and all learn their part.
