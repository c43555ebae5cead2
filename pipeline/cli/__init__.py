"""The command line: parse, call one function of flow or desk, print."""
