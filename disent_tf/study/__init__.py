"""Studies: many runs, trained, scored and compared. Nothing here imports TensorFlow: `bin/study` answers fast."""
