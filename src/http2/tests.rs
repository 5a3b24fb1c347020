//! Tests on connections in memory.
