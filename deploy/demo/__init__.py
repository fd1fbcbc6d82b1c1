"""`make demo`: a simulated fleet through the real pipeline, on a map in the browser."""
