"""A reproducible trial of the information-bottleneck debate in deep learning."""
