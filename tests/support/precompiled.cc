// Nothing: a precompiled header wants a source file to be made for.
