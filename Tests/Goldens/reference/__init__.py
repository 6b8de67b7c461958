"""The reference computations behind ../generate.py, one module for each part of the engine."""
