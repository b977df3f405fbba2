"""Daily data of a catchment: read, converted, checked."""
