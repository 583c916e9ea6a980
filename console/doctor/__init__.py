"""What `duewell doctor` looks at, a module for each server or subject."""
