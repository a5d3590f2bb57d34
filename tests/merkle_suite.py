# SPDX-License-Identifier: Apache-2.0
"""merkle_suite.py MERKLE_SUITE [TESTDATA]: proofs of Merkle trees, right and damaged ones, given to the program and to tools/verify.py. They are
made here by a plain reading of RFC 9162; TESTDATA is that of github.com/transparency-dev/merkle, where it is at hand."""
import base64
import collections
import hashlib
import importlib.util
import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MOST = 24


def load_verifier():
    spec = importlib.util.spec_from_file_location("verify", os.path.join(ROOT, "tools", "verify.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# ---- RFC 9162, section 2.1, word by word ---------------------------------------------------------

def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def split(n):
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(d):
    if len(d) < 2:
        return d[0] if d else sha()
    k = split(len(d))
    return sha(b"\1", mth(d[:k]), mth(d[k:]))


def path(m, d):
    if len(d) == 1:
        return []
    k = split(len(d))
    return path(m, d[:k]) + [mth(d[k:])] if m < k else path(m - k, d[k:]) + [mth(d[:k])]


def subproof(m, d, whole):
    if m == len(d):
        return [] if whole else [mth(d)]
    k = split(len(d))
    return subproof(m, d[:k], whole) + [mth(d[k:])] if m <= k else subproof(m - k, d[k:], False) + [mth(d[:k])]


# ---- cases: (kind, index or old, size, hash, root, path, good) -----------------------------------

def damaged(case):
    """What is near to a right case, and wrong."""
    kind, m, n, a, b, proof, _ = case
    other = bytes([a[0] ^ 16]) + a[1:]
    odd = [[cut] + proof[1:] for cut in (b"", a[:31], a + b"\0", a + b)]
    for changed in ([other] + proof[1:], proof[:-1], proof + [other], [other] + proof, proof[::-1], *odd):
        if changed != proof:
            yield kind, m, n, a, b, changed, False
    yield kind, m, n, other, b, proof, False
    yield kind, m, n, a, bytes([b[0] ^ 1]) + b[1:], proof, False
    if kind == "inclusion":
        yield kind, m, n, b"", b"", [], False
        yield kind, n, n, a, b, proof, False
    elif m < n:
        yield kind, m, n, b, a, proof, False


def own():
    entries = [sha(b"\0", bytes([i])) for i in range(MOST)]
    for n in range(1, MOST + 1):
        d = entries[:n]
        for m in range(n):
            case = ("inclusion", m, n, d[m], mth(d), path(m, d), True)
            yield case
            yield from damaged(case)
        for m in range(1, n + 1):
            case = ("consistency", m, n, mth(d[:m]), mth(d), subproof(m, d, True), True)
            yield case
            yield from damaged(case)
    yield from forged(entries)


def forged(e):
    """A tree of three entries whose third another one replaces, under a "root" whose parts are cut where hashes are not: 0, 64 and 64 bytes."""
    left, x, y = sha(b"\1", *e[:2]), e[3], e[4]
    old, new = sha(b"\1", left, e[2]), sha(b"\1", left, e[2], sha(b"\1", x, y))
    yield "consistency", 3, 4, old, new, [b"", x + y, left + e[2]], False
    yield "inclusion", 2, 4, x, new, [y, left + e[2]], False


def published(folder):
    for kind, names in (("inclusion", ("leafIdx", "treeSize", "leafHash", "root")), ("consistency", ("size1", "size2", "root1", "root2"))):
        for where, _, files in sorted(os.walk(os.path.join(folder, kind))):
            for name in sorted(f for f in files if f.endswith(".json")):
                with open(os.path.join(where, name), encoding="utf-8") as file:
                    case = json.load(file)
                m, n, a, b = (case[x] for x in names)
                yield kind, m, n, base64.b64decode(a or ""), base64.b64decode(b or ""), [base64.b64decode(x) for x in case["proof"] or ()], \
                    not case["wantErr"]


# ---- judging -----------------------------------------------------------------------------------

def by_verifier(verify, case):
    kind, m, n, a, b, proof, _ = case
    text = [base64.b64encode(x).decode() for x in proof]
    try:
        return bool(verify.included(a, m, n, text) == b if kind == "inclusion" else verify.consistent(m, a, n, b, text))
    except verify.NotGood:
        return False


def by_program(program, cases):
    def word(data):
        return base64.b64encode(data).decode() or "-"

    def root(kind, data):  # what is only compared may be of any length there; the program's hashes are of 32 bytes, by their type
        return data if kind == "inclusion" or len(data) == 32 else sha(b"no hash", data)
    lines = "".join(" ".join((c[0], str(c[1]), str(c[2]), *(word(root(c[0], x)) for x in c[3:5]), *map(word, c[5]))) + "\n" for c in cases)
    done = subprocess.run([program], input=lines, capture_output=True, text=True, check=True)
    return [line == "good" for line in done.stdout.splitlines()]


def main():
    verify = load_verifier()
    cases = list(own()) if len(sys.argv) == 2 else list(published(sys.argv[2]))
    count = collections.Counter(case[0] for case in cases)
    assert min(count["inclusion"], count["consistency"]) >= 98, f"only {dict(count)}"
    said = by_program(sys.argv[1], cases)
    assert len(said) == len(cases)
    wrong = 0
    for case, ours in zip(cases, said):
        theirs = by_verifier(verify, case)
        if (ours, theirs) != (case[6], case[6]):
            wrong += 1
            print(f"FAIL merkle {case[:3]} path of {len(case[5])}: program {ours}, verify.py {theirs}, right is {case[6]}")
    print(f"merkle: {count['inclusion']} of inclusion, {count['consistency']} of consistency: {len(cases) - wrong} passed, {wrong} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
