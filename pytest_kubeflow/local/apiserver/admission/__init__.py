"""What is added to objects, or refused, before they are stored."""
