//! Files in the binary and their hashed addresses.
