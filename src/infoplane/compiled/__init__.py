"""What is compiled: kernels, vector mathematics, threads."""
