"""Makes a page with tables and plots of the files that the benchmarks write."""
