"""What tests of several parts share: a real broker, and the parts as real processes."""
