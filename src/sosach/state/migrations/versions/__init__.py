"""One file a migration, in order; a published one is never changed."""
