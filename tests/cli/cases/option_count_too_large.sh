# A slip of the finger, or a number of another unit, must not keep a machine busy with threads: from an option and from the environment.
mc geometry validate --threads 20000 || echo "returns $?"
mc geometry validate --threads 18446744073709551615 || echo "returns $?"
MC_THREADS=4294967297 mc geometry validate
