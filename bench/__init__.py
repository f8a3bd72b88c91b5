"""Benchmarks of cnnlab: ratios of times taken in turn in one run, and the records that the chapters draw."""
