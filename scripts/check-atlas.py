#!/usr/bin/env python3
"""Check the probe atlas under data/atlas: the inventory, the records, and that the texts make a fair ruler.

    scripts/check-atlas.py              every source and the control must be there
    scripts/check-atlas.py --partial    check the files that are there

Prints the length statistics of every source; exits 1 with one line per fault.
"""
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from statistics import mean, pstdev

ROOT = Path(__file__).resolve().parent.parent
ATLAS = ROOT / "data" / "atlas"
SCHEMA = "mc.atlas.v1"
TOTAL = 343
DOMAINS = {"mathematical", "logical", "linguistic", "mental", "computational", "structural", "affective", "relational",
           "temporal", "spatial", "moral", "philosophical"}
EXPRESSIONS = {"definition", "code", "ratio", "matrix", "closedForm", "nature", "visual", "combinatorial"}

# --- What the inventory must contain -----------------------------------------------------------------------------
# --atlas name -> (source, {category: (probes, domain)}); a domain of None: the probes of the category decide
INVENTORY = {
    "sequence_invariants": ("sequence_invariant", {
        "fibonacci": (7, "mathematical"), "lucas": (6, "mathematical"), "tribonacci": (5, "mathematical"),
        "primes": (6, "mathematical"), "catalan": (6, "mathematical"), "ramanujan": (4, "mathematical"),
        "logic": (9, "logical"), "ordering": (8, "logical"), "arithmetic": (9, "mathematical"),
        "causality": (8, "logical")}),
    "semantic_primes": ("semantic_prime", {
        "substantives": (6, "linguistic"), "relationalSubstantives": (2, "relational"),
        "determiners": (3, "linguistic"), "quantifiers": (6, "mathematical"), "evaluators": (2, "affective"),
        "descriptors": (2, "linguistic"), "mentalPredicates": (7, "mental"), "speech": (3, "linguistic"),
        "actionsEventsMovement": (3, "structural"), "locationExistenceSpecification": (3, "spatial"),
        "possession": (1, "relational"), "lifeAndDeath": (2, "temporal"), "time": (8, "temporal"),
        "place": (9, "spatial"), "logicalConcepts": (5, "logical"), "augmentorIntensifier": (2, "linguistic"),
        "similarity": (1, "relational")}),
    "computational_gates": ("computational_gate", {
        "coreConcepts": (6, "computational"), "controlFlow": (5, "logical"), "functionsScoping": (4, "structural"),
        "dataTypes": (8, "structural"), "domainSpecific": (8, "computational"),
        "concurrencyParallelism": (8, "computational"), "memoryManagement": (5, "computational"),
        "systemIO": (6, "computational"), "modularity": (3, "structural"), "errorHandling": (5, "logical"),
        "objectOriented": (2, "structural"), "metaprogramming": (5, "computational"),
        "uncategorized": (1, "computational"), "composite": (10, "computational")}),
    "emotions": ("emotion_concept", {
        "joy": (3, "affective"), "trust": (3, "relational"), "fear": (3, "affective"), "surprise": (3, "mental"),
        "sadness": (3, "affective"), "disgust": (3, "affective"), "anger": (3, "affective"),
        "anticipation": (3, "mental"), "dyad": (8, None)}),
    "temporal": ("temporal_concept", {
        "tense": (5, "temporal"), "duration": (5, "temporal"), "causality": (5, "logical"),
        "lifecycle": (5, "temporal"), "sequence": (5, "temporal")}),
    "social": ("social_concept", {
        "power_hierarchy": (5, "relational"), "formality": (5, "linguistic"), "kinship": (5, "relational"),
        "status_markers": (5, "relational"), "age": (5, "relational")}),
    "moral": ("moral_concept", {
        "care_harm": (5, "moral"), "fairness_cheating": (5, "moral"), "loyalty_betrayal": (5, "relational"),
        "authority_subversion": (5, "relational"), "sanctity_degradation": (5, "moral"),
        "liberty_oppression": (5, "moral")}),
    "compositional": ("compositional", {
        "mentalPredicate": (7, "mental"), "action": (4, "structural"), "evaluative": (3, "affective"),
        "temporal": (3, "temporal"), "spatial": (3, "spatial"), "quantified": (2, "mathematical")}),
}
REQUIRED = {"id": str, "source": str, "domain": str, "category": str, "weight": float, "name": str,
            "description": str, "texts": list}
EXTRA = {  # fields that every probe of a source must have besides
    "sequence_invariants": ["expression"], "computational_gates": ["categoryName"], "temporal": ["axis", "level"],
    "social": ["axis", "level"], "moral": ["axis", "level"], "emotions": ["valence", "arousal", "dominance"],
    "compositional": ["components"], "control": ["matches"]}
COMPONENTS_FROM = {"computational_gates": "computational_gates", "compositional": "semantic_primes",
                   "emotions": "emotions"}

# --- What makes the texts a ruler ------------------------------------------------------------------------------------
TEXTS = 4
WORDS = (5, 16)
CODE_TOKENS = (3, 25)
OPENING_SHARE = 0.04       # of a source's texts that may begin with the same two words
ENDING_SHARE = 0.03        # ... end in the same word
PUNCTUATION_SHARE = 0.15   # ... end in the same punctuation mark
CONCEPT_LAST = 2           # of a probe's four texts that may end in its own name
CONCEPT_LAST_SHARE = 0.20  # of a source's
ALIKE = 0.60               # words in common (Jaccard) from which two texts of a source count as one template
MEANS_RATIO = 1.25         # between the longest and the shortest source's mean number of words
SPREAD = (1.5, 3.5)        # standard deviation of the number of words in a source

faults = []


def fault(place, message):
    faults.append(f"{place}: {message}")


def words_of(text):
    return text.casefold().split()


def code_tokens(text):
    return re.findall(r"\w+|[^\w\s]", text)


def may_hold_code(name, probe):
    return name == "computational_gates" or probe.get("expression") == "code"


def all_texts(probes):
    return [text for probe in probes for text in probe["texts"]]


# --- Inventory and records ---------------------------------------------------------------------------------------
def check_head(name, atlas):
    if atlas.get("schema") != SCHEMA:
        fault(name, f"schema is {atlas.get('schema')!r}, not {SCHEMA!r}")
    if not re.fullmatch(r"\d+\.\d+\.\d+", str(atlas.get("version"))):
        fault(name, f"version is {atlas.get('version')!r}, not like 1.0.0")
    if atlas.get("name") != name:
        fault(name, f"the file calls itself {atlas.get('name')!r}")


def check_record(name, probe):
    """Field presence and kinds. Returns whether the probe's texts can be looked at."""
    place = f"{name}:{probe.get('id')}"
    for field, kind in REQUIRED.items():
        if not isinstance(probe.get(field), kind):
            fault(place, f"{field} is missing or not a {kind.__name__}")
    for field in EXTRA.get(name, []):
        if field not in probe:
            fault(place, f"{field} is missing")
    if probe.get("domain") not in DOMAINS:
        fault(place, f"unknown domain {probe.get('domain')!r}")
    if "expression" in probe and probe["expression"] not in EXPRESSIONS:
        fault(place, f"unknown expression domain {probe['expression']!r}")
    if "level" in probe and probe["level"] not in (1, 2, 3, 4, 5):
        fault(place, f"level {probe['level']!r} is not 1 to 5")
    for field, low in (("valence", -1), ("arousal", 0), ("dominance", 0)):
        if field in probe and not low <= probe[field] <= 1:
            fault(place, f"{field} {probe[field]!r} is not in [{low}, 1]")
    texts = probe.get("texts")
    fine = isinstance(texts, list) and len(texts) == TEXTS and all(isinstance(text, str) for text in texts)
    if not fine:
        fault(place, f"has not exactly {TEXTS} texts")
    return fine


def check_counts(name, probes):
    source, categories = INVENTORY[name]
    expected = sum(count for count, _ in categories.values())
    if len(probes) != expected:
        fault(name, f"has {len(probes)} probes, not {expected}")
    if {probe["source"] for probe in probes} != {source}:
        fault(name, f"source is not {source!r} everywhere")
    found = Counter(probe["category"] for probe in probes)
    for category in sorted(found.keys() | categories.keys()):
        count, domain = categories.get(category, (0, None))
        if found[category] != count:
            fault(name, f"category {category} has {found[category]} probes, not {count}")
        for probe in probes:
            if probe["category"] == category and domain not in (None, probe["domain"]):
                fault(f"{name}:{probe['id']}", f"domain is {probe['domain']}, not {domain}")


def check_levels(name, probes):
    """An ordered scale has each level once."""
    scales = {}
    for probe in probes:
        if "level" in probe:
            scales.setdefault(probe["category"], []).append(probe["level"])
    for category, levels in scales.items():
        if sorted(levels) != [1, 2, 3, 4, 5]:
            fault(name, f"levels of {category} are {sorted(levels)}")


def check_references(atlases):
    """Components and opposites name probes that exist."""
    for name, probes in atlases.items():
        known = {probe["id"] for probe in atlases.get(COMPONENTS_FROM.get(name, ""), [])}
        for probe in probes:
            named = probe.get("components", []) + ([probe["opposite"]] if probe.get("opposite") else [])
            for reference in named:
                if known and reference not in known:
                    fault(f"{name}:{probe['id']}", f"refers to {reference!r}, which is no probe")


# --- Texts -------------------------------------------------------------------------------------------------------
def check_length(name, probe, text):
    place = f"{name}:{probe['id']}"
    count, tokens = len(text.split()), len(code_tokens(text))
    if may_hold_code(name, probe):
        if not CODE_TOKENS[0] <= tokens <= CODE_TOKENS[1] or count > WORDS[1]:
            fault(place, f"{tokens} tokens, {count} words: {text}")
    elif not WORDS[0] <= count <= WORDS[1]:
        fault(place, f"{count} words: {text}")


def check_form(name, probe):
    place = f"{name}:{probe['id']}"
    for text in probe["texts"]:
        check_length(name, probe, text)
        if text.endswith(".") or text != text.strip() or "\n" in text:
            fault(place, f"ends in a full stop or has stray space: {text!r}")
    if len({len(text.split()) for text in probe["texts"]}) == 1:
        fault(place, "all texts have the same number of words")


def check_unique(atlases):
    seen = {}
    for name, probes in atlases.items():
        ids = Counter(probe["id"] for probe in probes)
        for identifier, count in ids.items():
            if count > 1:
                fault(name, f"id {identifier!r} stands {count} times")
        for probe in probes:
            for text in probe["texts"]:
                key = " ".join(words_of(text))
                if key in seen:
                    fault(f"{name}:{probe['id']}", f"repeats a text of {seen[key]}: {text}")
                seen[key] = f"{name}:{probe['id']}"


def check_openings(name, probes):
    texts = all_texts(probes)
    by_four, by_two = {}, Counter()
    for text in texts:
        words = words_of(text)
        by_two[" ".join(words[:2])] += 1
        by_four.setdefault(" ".join(words[:4]), []).append(text)
    for same in by_four.values():
        if len(same) > 1:
            fault(name, "same first four words: " + " | ".join(same))
    for opening, count in by_two.items():
        if count > max(2, OPENING_SHARE * len(texts)):
            fault(name, f"{count} of {len(texts)} texts begin with {opening!r}")


def check_endings(name, probes):
    texts = all_texts(probes)
    finals = Counter(re.sub(r"^\W+|\W+$", "", words_of(text)[-1]) or words_of(text)[-1] for text in texts)
    for word, count in finals.items():
        if count > max(2, ENDING_SHARE * len(texts)):
            fault(name, f"{count} of {len(texts)} texts end in {word!r}")
    marks = Counter(text[-1] for text in texts if not text[-1].isalnum())
    for mark, count in marks.items():
        if count > PUNCTUATION_SHARE * len(texts):
            fault(name, f"{count} of {len(texts)} texts end in {mark!r}")


def ends_in_concept(probe, text):
    last = code_tokens(text.casefold())[-1]
    names = set(re.findall(r"[^\W\d_]+", probe["name"].casefold() + " " + probe["id"].casefold()))
    return any(last == name or (len(name) > 3 and last.startswith(name)) for name in names)


def check_concept_last(name, probes):
    total = 0
    for probe in probes:
        count = sum(ends_in_concept(probe, text) for text in probe["texts"])
        total += count
        if count > CONCEPT_LAST:
            fault(f"{name}:{probe['id']}", f"{count} texts end in the concept's own name")
    if total > CONCEPT_LAST_SHARE * len(all_texts(probes)):
        fault(name, f"{total} of {len(all_texts(probes))} texts end in their concept's name")


def check_templates(name, probes):
    texts = [(text, set(words_of(text))) for text in all_texts(probes)]
    for i, (text, words) in enumerate(texts):
        for other, other_words in texts[:i]:
            if len(words & other_words) >= ALIKE * len(words | other_words):
                fault(name, f"nearly the same text: {other} | {text}")


def check_lengths_overlap(atlases):
    """Prints the statistics that the README publishes, and holds them to its limits."""
    means, rows = {}, ["| atlas | probes | words | mean | spread | least | most |"]
    for name, probes in atlases.items():
        counts = [len(text.split()) for text in all_texts(probes)]
        means[name], spread = mean(counts), pstdev(counts)
        rows.append(f"| {name} | {len(probes)} | {sum(counts)} | {means[name]:.2f} | {spread:.2f} "
                    f"| {min(counts)} | {max(counts)} |")
        if not SPREAD[0] <= spread <= SPREAD[1]:
            fault(name, f"number of words has a standard deviation of {spread:.2f}")
    if max(means.values()) > MEANS_RATIO * min(means.values()):
        fault("lengths", "mean numbers of words lie too far apart: "
              + ", ".join(f"{name} {value:.2f}" for name, value in means.items()))
    print("\n".join(rows))
    published = (ATLAS / "README.md").read_text(encoding="utf-8").split("\n")
    for row in rows:
        if row not in published:
            fault("README.md", f"does not publish: {row}")


# --- Control -----------------------------------------------------------------------------------------------------
def check_control(controls, atlases):
    by_match = {probe["matches"]: probe for probe in controls}
    full_ids = [f"{probe['source']}:{probe['id']}" for probes in atlases.values() for probe in probes]
    if len(by_match) != len(controls) or set(by_match) != set(full_ids):
        fault("control", f"{len(controls)} controls do not match the {len(full_ids)} probes one to one")
    for probe in (probe for probes in atlases.values() for probe in probes):
        control = by_match.get(f"{probe['source']}:{probe['id']}")
        if control is None:
            continue
        if control["id"] != control["matches"]:
            fault("control", f"id {control['id']} is not the id of its probe")
        for real, random_words in zip(probe["texts"], control["texts"]):
            if len(real.split()) != len(random_words.split()):
                fault(f"control:{control['id']}", f"does not have as many words as: {real}")
    if subprocess.run([sys.executable, str(ROOT / "scripts" / "make-control-atlas.py"), "--check"],
                      stderr=subprocess.DEVNULL, check=False).returncode != 0:
        fault("control", "is stale: run scripts/make-control-atlas.py")


def check_word_list():
    words = (ATLAS / "control_words.txt").read_text(encoding="utf-8").split("\n")[:-1]
    if len(words) < 1000 or words != sorted(set(words)):
        fault("control_words.txt", "has fewer than 1,000 words, or is not sorted and unique")
    if not all(re.fullmatch("[a-z]+", word) for word in words):
        fault("control_words.txt", "has a line that is not one lower-case word")


# --- All of it ---------------------------------------------------------------------------------------------------
def load(name, partial):
    path = ATLAS / (name + ".json")
    if not path.exists():
        if not partial:
            fault(name, "file is missing")
        return None
    try:
        atlas = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        fault(name, f"is not valid JSON: {error}")
        return None
    check_head(name, atlas)
    probes = atlas.get("probes", [])
    return probes if all([check_record(name, probe) for probe in probes]) else None


def check_source(name, probes):
    check_counts(name, probes)
    check_levels(name, probes)
    for probe in probes:
        check_form(name, probe)
    check_openings(name, probes)
    check_endings(name, probes)
    check_concept_last(name, probes)
    check_templates(name, probes)


def main(arguments):
    if arguments not in ([], ["--partial"]):
        print(__doc__, file=sys.stderr)
        return 2
    partial = bool(arguments)
    loaded = {name: load(name, partial) for name in INVENTORY}
    atlases = {name: probes for name, probes in loaded.items() if probes}
    for name, probes in atlases.items():
        check_source(name, probes)
    controls = load("control", partial)
    check_word_list()
    check_references(atlases)
    check_unique({**atlases, **({"control": controls} if controls else {})})
    if atlases:
        check_lengths_overlap(atlases)
    if controls:
        check_control(controls, atlases)
    total = sum(len(probes) for probes in atlases.values())
    if not partial and total != TOTAL:
        fault("atlas", f"has {total} probes, not {TOTAL}")
    for line in faults:
        print("check-atlas: " + line, file=sys.stderr)
    print(f"{total} probes, {len(controls or [])} controls, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
