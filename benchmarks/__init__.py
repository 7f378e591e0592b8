"""Side-by-side measurements of the project's speed; `python -m benchmarks` runs them all."""
