//! What checks the machine: traces and their replay, random clients, properties, exploration.
