#!/usr/bin/env python3
"""Make the control atlas: for every probe, random common words in the lengths of its texts.

    scripts/make-control-atlas.py            write data/atlas/control.json
    scripts/make-control-atlas.py --check    compare the file with what would be written, exit 1 if they differ

A control text has as many words as the real text it stands for. Its words come from data/atlas/control_words.txt;
words of the probe's own name and texts are passed over, so that a control never carries its concept by chance.
The draw depends on the seed and the probe's full id alone, not on Python's random module or on other probes: the
file is the same on every machine, and editing one probe changes one control.
"""
import json
import sys
from pathlib import Path

ATLAS = Path(__file__).resolve().parent.parent / "data" / "atlas"
SOURCES = ["sequence_invariants", "semantic_primes", "computational_gates", "emotions", "temporal", "social", "moral",
           "compositional"]
SEED = 0x6D632D636F6E7472  # "mc-contr"
MASK = (1 << 64) - 1


class SplitMix64:
    """Steele, Lea, Flood 2014, doi:10.1145/2660193.2660195; ten lines, so no other generator's version matters."""

    def __init__(self, state):
        self.state = state & MASK

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def below(self, n):
        """An unbiased integer in [0, n): draws from the incomplete last stretch of 2^64 are thrown away."""
        limit = (MASK + 1) - (MASK + 1) % n
        while True:
            value = self.next()
            if value < limit:
                return value % n


def fnv1a(text):
    """64-bit FNV-1a: turns a full id into a place in the seed's space."""
    value = 0xCBF29CE484222325
    for byte in text.encode("utf-8"):
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return value


def letters_only(text):
    return "".join(c if c.isalpha() else " " for c in text.casefold()).split()


def control_texts(full_id, name, texts, words):
    rng = SplitMix64(SEED ^ fnv1a(full_id))
    own = set(letters_only(name)).union(*(letters_only(text) for text in texts))
    made = []
    for text in texts:
        drawn = []
        while len(drawn) < len(text.split()):
            word = words[rng.below(len(words))]
            if word not in own and word not in drawn:
                drawn.append(word)
        made.append(" ".join(drawn))
    return made


def control_probe(probe, words):
    full_id = probe["source"] + ":" + probe["id"]
    return {"id": full_id, "source": "control", "domain": probe["domain"], "category": probe["category"],
            "matches": full_id, "weight": 1.0, "name": "control for " + probe["name"],
            "description": "Random common words in the lengths of " + full_id,
            "texts": control_texts(full_id, probe["name"], probe["texts"], words)}


def quoted(value):
    return json.dumps(value, ensure_ascii=False)


def probe_as_text(probe):
    first = ", ".join(f"{quoted(key)}: {quoted(probe[key])}" for key in ("id", "source", "domain", "category"))
    second = ", ".join(f"{quoted(key)}: {quoted(probe[key])}" for key in ("matches", "weight"))
    texts = ",\n".join("        " + quoted(text) for text in probe["texts"])
    return ("    {\n"
            f"      {first},\n"
            f"      {second},\n"
            f"      \"name\": {quoted(probe['name'])},\n"
            f"      \"description\": {quoted(probe['description'])},\n"
            f"      \"texts\": [\n{texts}\n      ]\n"
            "    }")


def load_probes():
    """The probes of every source that is present, in the order of the inventory."""
    probes = []
    for name in SOURCES:
        path = ATLAS / (name + ".json")
        if not path.exists():
            print(f"make-control-atlas: {path.name} is missing, its probes get no control", file=sys.stderr)
            continue
        probes += json.loads(path.read_text(encoding="utf-8"))["probes"]
    return probes


def main(arguments):
    if arguments not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    words = (ATLAS / "control_words.txt").read_text(encoding="utf-8").split()
    controls = [control_probe(probe, words) for probe in load_probes()]
    text = ('{\n  "schema": "mc.atlas.v1",\n  "version": "1.0.0",\n  "name": "control",\n  "probes": [\n'
            + ",\n".join(probe_as_text(probe) for probe in controls) + "\n  ]\n}\n")
    path = ATLAS / "control.json"
    if arguments == ["--check"]:
        if path.exists() and path.read_text(encoding="utf-8") == text:
            return 0
        print(f"make-control-atlas: {path.name} is not what the atlas and the word list give", file=sys.stderr)
        return 1
    path.write_text(text, encoding="utf-8")
    print(f"{path.name}: {len(controls)} probes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
