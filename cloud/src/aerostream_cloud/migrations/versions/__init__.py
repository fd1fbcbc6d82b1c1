"""One file per change of the relational schema, oldest first."""
