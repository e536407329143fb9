"""What goes back to clients: objects, tables, metadata only."""
