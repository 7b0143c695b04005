"""Benchmarks: `make bench` measures and compares in one run, on this machine, and prints.

Machines are shared and noisy, so absolute figures say little. Read the ratios.
"""
