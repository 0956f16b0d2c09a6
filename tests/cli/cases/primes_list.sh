mc geometry primes list | head -4; mc geometry primes list | wc -l; mc geometry primes list --output-format yaml | sed -n 1,12p
