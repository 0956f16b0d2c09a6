# A comparison has its stages too: what was asked for, each metric, and the calls of BLAS and LAPACK below.
export MC_THREADS=2
mc geometry crm-build "$TESTS/golden/models/tiny-llama" --atlas moral --output a.json >/dev/null
mc geometry crm-compare a.json a.json --metric cka,procrustes --permutations 20 --bootstrap 0 --profile=trace.json 2>table >/dev/null
grep -o -e '^stages.*' -e '^operations.*' -e '^  cka ' -e '^  procrustes ' -e '^  permutations' -e '^  gram' -e '^  singular values' table | sort
# Slices of one thread lie inside each other or beside each other, to the nanosecond.
python3 - <<'P'
import json
slices = [e for e in json.load(open("trace.json"))["traceEvents"] if e["ph"] == "X"]
crossing = 0
for thread in {e["tid"] for e in slices}:
    open_ends = []
    for e in sorted((e for e in slices if e["tid"] == thread), key=lambda e: (e["ts"], -e["dur"])):
        begin, end = round(e["ts"] * 1000), round(e["ts"] * 1000) + round(e["dur"] * 1000)
        while open_ends and open_ends[-1] <= begin:
            open_ends.pop()
        crossing += bool(open_ends) and end > open_ends[-1]
        open_ends.append(end)
print(crossing, "slices cross")
P
