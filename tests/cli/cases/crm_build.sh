cp -r "$TESTS/golden/models/tiny-llama" tiny
mc geometry crm-build tiny --control --threads 2
ls
