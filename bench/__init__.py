"""Benchmarks: `make bench` measures and compares in one run, on this machine, and prints.

Nothing here fails for being slow: machines are shared and noisy. Read the ratios.
"""
