"""Is a version better than another one? What changed, what it brought, and whether that is more than chance."""
