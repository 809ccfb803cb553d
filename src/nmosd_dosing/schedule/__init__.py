"""The core: n subjects' dated visits and doses as arrays."""
