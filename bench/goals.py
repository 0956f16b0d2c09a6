"""What is to be reached, as rows: what it is, how it is found in the bench's results, and the bound."""


def every(rows, key, worst=min, **where):
    return worst(key(r) for r in rows if all(r[k] == v for k, v in where.items()))


def ratio_to(name):
    return lambda r: next(row["ratio"] for row in r["peers"]["rows"] if row["name"].endswith(name))


def part(name):
    return lambda r: max(100 * row["parts"][name] for row in r["parts"])


def beyond(rows, blocks):
    """MiB that are neither states nor (where they count) widened blocks: the most of the rows."""
    return max(r["anonymousMiB"] - r["statesMiB"] - (r["twoBlocksMiB"] if blocks else 0) for r in rows)


def large_share(r):
    return 100 * min(max(row["diskShare"] / 0.90, row["share"] / 0.85) for row in r["large"]["rows"])


# Words, value of the results, ">=" or "<=", bound, unit.
GOALS = [
    ("share of the peak, least of all rows, AVX-512", lambda r: 100 * every(r["shares"], lambda s: s["share"], tier="avx512"), ">=", 85, "%"),
    ("share of the peak, least of all rows, AVX2", lambda r: 100 * every(r["shares"], lambda s: s["share"], tier="avx2"), ">=", 85, "%"),
    ("against transformers one by one (AutoModel)", ratio_to("one by one"), ">=", 7, "x"),
    ("the same with its head (AutoModelForCausalLM)", ratio_to("one by one, head"), ">=", 7, "x"),
    ("against transformers' best batch", ratio_to("best batch"), ">=", 1.35, "x"),
    ("against llama.cpp's best, F32", ratio_to(") F32"), ">=", 2, "x"),
    ("against llama.cpp's best, Q8_0", ratio_to(") Q8_0"), ">=", 1.7, "x"),
    ("against llama.cpp's best, the Q4_1 file", ratio_to("the Q4_1 file"), ">=", 3, "x"),
    ("widening", part("widening"), "<=", 3, "%"),
    ("attention, norms, rope, activations", part("attention, norms, rope, activations"), "<=", 6, "%"),
    ("barriers and imbalance", part("waiting, and between operations"), "<=", 2, "%"),
    ("first token, 128,256 words", lambda r: next(v for k, v in r["start"].items() if "128,256" in k), "<=", 0.3, "s"),
    ("mc --help", lambda r: 1e3 * r["start"]["mc --help"], "<=", 10, "ms"),
    ("JSON written", lambda r: r["files"]["forms"]["json"]["bytes"] / r["files"]["forms"]["json"]["write"] / 1e6, ">=", 300, "MB/s"),
    ("safetensors: waited for / a bare write of it", lambda r: r["files"]["everyToken"]["waited"] / r["files"]["everyToken"]["bare"],
     "<=", 1, "x"),
    ("memory beyond states, demo model", lambda r: beyond([row for row in r["builds"] if row["shape"] == "135M"], False), "<=", 64, "MiB"),
    ("memory beyond states and two blocks, any", lambda r: beyond(r["builds"], True), "<=", 64, "MiB"),
    ("memory, 7B-shaped BF16", lambda r: every(r["large"]["rows"], lambda s: s["anonymousMiB"] / 1024, max), "<=", 2.5, "GiB"),
    ("7B-shaped BF16, of what bounds it (90 % disk or 85 % peak)", large_share, ">=", 100, "%"),
    ("one thread to all, whole program", lambda r: r["threads"]["speedup"]["wall"], ">=", 1.95, "x"),
    ("away from a straight line", lambda r: 100 * max(r["scaling"]["awayFromLine"].values()), "<=", 3, "%"),
]


def judge(results):
    """A row a goal of which the results say something."""
    rows = []
    for name, value_of, relation, bound, unit in GOALS:
        try:
            value = value_of(results)
        except (KeyError, TypeError, ValueError, StopIteration):  # its section did not run, or found no such row
            continue
        rows.append(dict(name=name, value=value, relation=relation, bound=bound, unit=unit,
                         reached=value >= bound if relation == ">=" else value <= bound))
    return rows


def show(rows):
    for r in rows:
        print("  %-62s%9.4g %-5s %s %6g  %s" % (r["name"], r["value"], r["unit"], r["relation"], r["bound"],
                                             "reached" if r["reached"] else "NOT REACHED"))
    print("  %d of %d reached" % (sum(r["reached"] for r in rows), len(rows)))
