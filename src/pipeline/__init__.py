"""What the stage scripts share: files, logs, provenance, configuration and the look of figures."""
