//! Nothing: the benches beside this file are what counts.
