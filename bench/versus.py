"""The same texts through other programs: transformers one by one and in length-sorted batches, llama.cpp one by one and
packed, each with every setting once, then the best of each in rounds with ours between them."""

import json
import os
import shutil
import struct
import subprocess

from measure import ROOT, build, interleaved, median, output_of, peak

VENV = ROOT / ".venv-oracle" / "bin" / "python"
PEERS = ROOT / "bench" / "peers"
KINDS = ("F32", "Q8_0", None)  # of llama.cpp's weights; None: the demo file as it is
SEARCHED = 120  # texts to choose among the settings of what takes them one by one, or packs them
OPTIONS = ("--texts-per-probe", 1)


def write_ids(crm, path):
    """The token ids that a build ran, as its file has them: one text a line."""
    data = crm.read_bytes()
    size = struct.unpack_from("<Q", data)[0]
    header = json.loads(data[8:8 + size])

    def values(name, form):
        begin, end = (8 + size + at for at in header[name]["data_offsets"])
        return [v for v, in struct.iter_unpack(form, data[begin:end])]

    ids, offsets = values("token_ids", "<i"), values("text_offsets", "<q")
    path.write_text("".join(" ".join(map(str, ids[a:b])) + "\n" for a, b in zip(offsets, offsets[1:])))


def peer(b, script, model, ids, *options, limit=0):
    """limit: of texts, below what the caller of the bench allows; 0: that."""
    most = min(n for n in (limit, b.args.limit, 1 << 30) if n)
    return json.loads(output_of([VENV, PEERS / script, model, "--ids", ids, "--threads",
                                 b.args.threads or len(os.sched_getaffinity(0)), "--limit", most, *options]))


def options_of(row):
    """The command line that gives a setting again."""
    if "attention" in row:
        return ["--attention", row["attention"], "--batches", row["batch"]] + (["--head"] if row.get("head") else [])
    return ["--modes", row["mode"], "--cache", row["cache"]] + (["--batch-tokens", row["batch_tokens"]] if "batch_tokens" in row else [])


def named(row):
    return " ".join("%s %s" % (k.replace("_", " "), row[k]) for k in ("mode", "batch", "attention", "batch_tokens", "cache") if k in row)


class Contender:
    """A program with its best setting."""

    def __init__(self, name, script, kind, setting):
        self.name, self.script, self.kind, self.setting = name, script, kind, setting

    def rate(self, b, models, ids):
        return peer(b, self.script, models[self.script, self.kind], ids, *options_of(self.setting))["best"]["tokens_per_second"]


def search_transformers(b, models, ids):
    """The first load takes long: what it makes is kept as a folder. One by one also with the output head, as most people load a
    model."""
    script = "transformers_peer.py"
    one = peer(b, script, b.model, ids, "--batches", 1, "--save", models[script, None], limit=SEARCHED)
    head = peer(b, script, models[script, None], ids, "--batches", 1, "--head", limit=SEARCHED)
    batches = "32,64,128,256,512" if b.args.full else "64,256"
    many = peer(b, script, models[script, None], ids, "--batches", batches)
    name = "transformers %s " % one["version"]
    return [Contender(name + "one by one", script, None, one["best"]),
            Contender(name + "one by one, head", script, None, dict(head["best"], head=True)),
            Contender(name + "best batch", script, None, many["best"])], one["rows"] + [dict(r, head=True) for r in head["rows"]] + many["rows"]


def search_llamacpp(b, models, ids):
    script, best, tried = "llamacpp_peer.py", [], []
    if subprocess.run([str(VENV), "-c", "import llama_cpp"], stderr=subprocess.DEVNULL).returncode:
        print("  (llama-cpp-python is not installed: scripts/make-oracle-env.sh --with-llamacpp)")
        return best, tried
    for kind in KINDS:
        found = peer(b, script, models[script, kind], ids, limit=SEARCHED)
        tried += [dict(r, type=kind or "Q4_1") for r in found["rows"]]
        version = found["version"].replace("llama-cpp-python", "python")
        best.append(Contender("llama.cpp (%s) %s" % (version, kind or "the Q4_1 file"), script, kind, found["best"]))
    return best, tried


def peers(b):
    """The same texts, every one computed for itself, tokens a second; ours is the whole program, theirs the forward pass."""
    if not VENV.exists():
        print("  (none: make the oracle environment with scripts/make-oracle-env.sh)")
        return None
    out, ids = b.folder / "peers.crm.safetensors", b.folder / "ids.txt"
    files = {kind: b.folder / ("peer.%s.gguf" % kind) if kind else b.model for kind in KINDS}
    models = {("llamacpp_peer.py", kind): path for kind, path in files.items()}
    models["transformers_peer.py", None] = b.folder / "transformers"
    for kind in KINDS[:2]:
        output_of([VENV, PEERS / "requantise_gguf.py", b.model, files[kind], kind])
        b.warm(files[kind])
    build(b.model, out, *OPTIONS)
    write_ids(out, ids)
    found = [search(b, models, ids) for search in (search_transformers, search_llamacpp)]
    best, tried = found[0][0] + found[1][0], found[0][1] + found[1][1]
    print("  %d settings tried; the best of each, and ours, in %d rounds:" % (len(tried), b.args.rounds))
    runs = {("ours", kind): lambda path=path: build(path, out, *OPTIONS)["rate"] for kind, path in files.items()}
    runs |= {c.name: lambda c=c: c.rate(b, models, ids) for c in best}
    done, peaks = interleaved(runs, b.args.rounds, {"peak": lambda: peak(b.args.threads)})
    for kind in KINDS[:2]:
        files[kind].unlink()
    shutil.rmtree(models["transformers_peer.py", None])
    return dict(rows=[compared(c, done) for c in best], tried=tried, peaks=peaks["peak"])


def compared(contender, done):
    theirs, ours = median(done[contender.name]), median(done["ours", contender.kind])
    print("  %-46s %-38s%9.1f; ours %8.1f is %6.2fx" % (contender.name, named(contender.setting), theirs, ours, ours / theirs))
    return dict(name=contender.name, type=contender.kind or "Q4_1", setting=named(contender.setting), tokensPerSecond=theirs,
                all=done[contender.name], oursTokensPerSecond=ours, oursAll=done["ours", contender.kind], ratio=ours / theirs)
