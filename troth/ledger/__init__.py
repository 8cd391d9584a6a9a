"""What happened? Entries in a Merkle tree, signed checkpoints, the tape, and an export anyone can check."""
