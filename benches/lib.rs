//! This library is empty: the package is there for its benches.
