"""The fast engine: small networks trained inside compiled code."""
