"""Data sets with known factors, one file each; `ground_truth.py` is the protocol that they share."""
