"""The reference engine: stacks of networks in PyTorch."""
