#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""verify.py FILE [--key KEY] [--checkpoint HELD] [--witness KEY …]: checks evidence of a pugmark store, offline and without pugmark. FILE: a
bundle (.zip), a whole store (`pugmark evidence --all`; - = standard input) or a checkpoint. KEY: a public key as you have it from elsewhere, the
text or a file: the store's, and of each witness that must have cosigned. HELD: a checkpoint that you have from before; cosignatures are asked
of it, without it of that in FILE. Exit status 0: good. Written from docs/evidence.md."""
import argparse, base64, datetime, hashlib, json, os, sys, zipfile

P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P

class NotGood(Exception): pass
def need(good, why):  # not `assert`, which python -O leaves out
    if not good: raise NotGood(why)
def sha(data): return hashlib.sha256(data).digest()
def b64(text): return base64.b64decode(text, validate=True)
def leaf(data): return sha(b"\0" + data)
def node(left, right): return need(len(left) == len(right) == 32, "a proof has what is no hash") or sha(b"\1" + left + right)
def add(p, q):  # points of Ed25519 (RFC 8032, 5.1.4) in extended coordinates
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P
def times(n, p):
    q = (0, 1, 1, 0)
    for bit in bin(n)[2:]: q = add(add(q, q), p) if bit == "1" else add(q, q)
    return q
def point(data):
    y, sign = int.from_bytes(data, "little") & (1 << 255) - 1, data[31] >> 7
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    x = x if x * x % P == x2 else x * pow(2, (P - 1) // 4, P) % P
    need(y < P and x * x % P == x2 and not (x == 0 and sign), "the key or the signature is no point of the curve")
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P
def signed(key, text, signature):
    a, r, s = point(key), point(signature[:32]), int.from_bytes(signature[32:], "little")
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + text).digest(), "little") % L
    left, right = times(s, point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))), add(r, times(h, a))
    return s < L and all((left[i] * right[2] - right[i] * left[2]) % P == 0 for i in (0, 1))

def checkpoint(note, key, witnesses=()):  # C2SP signed-note, tlog-checkpoint, tlog-cosignature: (origin, size, root, further lines)
    text, _, signatures = note.partition("\n\n")
    origin, size, root, *more = text.split("\n")
    need(origin == key.strip().split("+")[0], f"the checkpoint is of another store: {origin}")
    for kind, verb, key in ((1, "signed by", key), *((4, "cosigned by the witness", w) for w in witnesses)):
        name, key_id, public = key.strip().split("+", 2)
        need(b64(public)[0] == kind and sha(f"{name}\n".encode() + b64(public))[:4].hex() == key_id, f"the public key of {name} is damaged, or of another kind")
        lines = (b64(line.split(" ")[2]) for line in signatures.split("\n") if line.startswith(f"\u2014 {name} "))
        known = [(raw[4:-64], raw[-64:]) for raw in lines if raw[:4].hex() == key_id and len(raw) == (76 if kind == 4 else 68)]
        need(any(signed(b64(public)[1:], (b"cosignature/v1\ntime %d\n" % int.from_bytes(time, "big") if time else b"") + text.encode() + b"\n", signature)
                 for time, signature in known), f"the checkpoint is not {verb} {name}, or was altered")
    return origin, int(size), b64(root), " ".join(more)

def tree(hashes):  # RFC 9162, 2.1.1, a level at a time
    hashes = list(hashes) or [sha(b"")]
    while len(hashes) > 1: hashes = [node(*hashes[i:i + 2]) for i in range(0, len(hashes) - 1, 2)] + hashes[len(hashes) & ~1:]
    return hashes[0]
def walk(first, last, start, path):  # RFC 9162, 2.1.3.2 and 2.1.4.2: the roots that a path leads to, of the old tree and the new
    old = new = start
    for other in path:
        need(last > 0, "a proof is too long")
        if first & 1 or first == last:
            old, new = node(other, old), node(other, new)
            while first and not first & 1: first, last = first >> 1, last >> 1
        else: new = node(new, other)
        first, last = first >> 1, last >> 1
    need(last == 0, "a proof is too short")
    return old, new
def included(entry, index, size, path):
    need(0 <= index < size and len(entry) == 32, "an index lies outside of its tree, or an entry is no hash")
    return walk(index, size - 1, entry, map(b64, path))[1]
def consistent(old, old_root, size, root, path):
    path, first, last = [b64(x) for x in path], old - 1, size - 1
    if old in (0, size): return old > 0 and not path and old_root == root
    path = path if old & (old - 1) else [old_root] + path
    while first & 1: first, last = first >> 1, last >> 1
    return old < size and path and walk(first, last, path[0], path[1:]) == (old_root, root)

def fields(record, kind):
    need(record.startswith(f"pugmark {kind} 1\n"), f"a record is no {kind}")
    return dict(line.split(" ", 1) for line in record.splitlines()[1:] if not line.startswith("removed "))
def check_bundle(archive, key, held, witnesses):
    files = {name: archive.read(name) for name in archive.namelist()}
    origin, size, root, more = checkpoint(files["checkpoint"].decode(), key or files["key.txt"].decode(), witnesses)
    if held and held[1:3] != (size, root):
        proof = json.loads(files.get("consistency.json", "{}"))
        need(proof.get("old") == held[1], "the bundle was made without your checkpoint (pugmark evidence --checkpoint FILE)")
        need(held[1:3] == (0, tree(())) or consistent(held[1], held[2], size, root, proof["path"]), "the store does not continue your checkpoint")
    for n, p in enumerate(map(json.loads, files["proofs.ndjson"].splitlines()), 1):
        raw, page, segment = files["raw.bin"][p["offset"]:p["offset"] + p["length"]], p["page_record"].split(), fields(p["record"], "segment")
        need(len(raw) == p["length"] and p["pages"] == int(segment["pages"]), f"event {p['event_id']}: its bytes or its segment are not whole")
        for step in ((raw, p["row"], int(page[1]), p["in_page"], b64(page[5])), (p["page_record"].encode(), p["page"], p["pages"], p["in_segment"],
                     b64(segment["root"])), (p["record"].encode(), p["entry"], size, p["in_tree"], root)):
            need(included(leaf(step[0]), *step[1:4]) == step[4], f"event {p['event_id']} is not what was stored")
    return f"{n} events are in {origin}, entries {size}, {more}"
def check_page(line, where):  # (hash, events, events that are gone, its first time, events without a time)
    _, rows, first, _, untimed, root = line["record"].split()
    gone, missing, events = dict(zip(line.get("gone", ()), line.get("hashes", ()))), set(line.get("gone", ())), iter(line.get("events", ()))
    if len(missing) < int(rows) or gone:  # where nothing is left, and no hashes, nothing is there to be checked
        hashes = [b64(gone[i]) if i in gone else leaf(b64(next(events, ""))) for i in range(int(rows))]
        need(tree(hashes) == b64(root) and next(events, None) is None, f"{where}: its events are not those that were stored")
    return leaf(line["record"].encode()), int(rows), len(missing), first, untimed

def check_store(lines, key, held, witnesses):
    newest, entries, pages = None, [], []
    for line in map(json.loads, lines):
        need("damaged" not in line, f"entry {len(entries) - 1}: {line.get('damaged')}")
        if "checkpoint" in line: newest = checkpoint(line["checkpoint"], key, witnesses)
        elif "entry" in line: entries.append(line["record"]), pages.append([])
        else: pages[-1].append(check_page(line, f"entry {len(entries) - 1}, page {len(pages[-1])}"))
    known = [c for c in (newest, held) if c]
    need(known, "there is no checkpoint to hold the store against")
    for _, size, root, _ in known:
        need(len(entries) >= size and tree(leaf(e.encode()) for e in entries[:size]) == root, "the tree is not the signed one: altered, or rolled back")
    told, events, removed = {}, 0, 0
    for n, retention in ((n, e) for n, e in enumerate(entries) if not e.startswith("pugmark segment ")):
        need(n < max(c[1] for c in known), f"entry {n}: retention that no checkpoint has")
        before = datetime.datetime.fromisoformat(fields(retention, "retention")["before"] + "T00:00:00+00:00").timestamp() * 1e6
        for entry, page, count in (map(int, x.split()[1:]) for x in retention.splitlines() if x.startswith("removed ")):
            was = told.get((entry, page), (0, before))
            told[entry, page] = was[0] + count, max(was[1], before)
    for n, segment in ((n, fields(e, "segment")) for n, e in enumerate(entries) if e.startswith("pugmark segment ")):
        need(tree(p[0] for p in pages[n]) == b64(segment["root"]) and sum(p[1] for p in pages[n]) == int(segment["rows"]), f"entry {n}: its pages are not those that were stored")
        for at, (_, rows, gone, first, untimed) in enumerate(pages[n]):
            count, before = told.get((n, at), (0, 0))
            need(gone == count and (not gone or untimed != "0" or int(first) < before), f"entry {n}, page {at}: {gone} events are missing, and no rule of retention took them")
            events, removed = events + rows, removed + gone
    return f"{events} events in {len(entries)} entries are as they were stored, but for {removed} that retention removed"

def read(word): return open(word, encoding="utf-8").read() if word and os.path.exists(word) else word
def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("file", "--key", "--checkpoint"): parser.add_argument(name)
    parser.add_argument("--witness", action="append", default=[])
    args = parser.parse_args()
    try:
        key, witnesses, bundle = read(args.key), list(map(read, args.witness)), args.file != "-" and zipfile.is_zipfile(args.file)
        need(key or (bundle and not args.checkpoint), "--key is missing")
        held = args.checkpoint and checkpoint(open(args.checkpoint, encoding="utf-8", newline="").read(), key, witnesses)
        asked = (key, held, () if held else witnesses)  # a newer one than yours need not be cosigned yet
        lines = () if bundle else sys.stdin if args.file == "-" else open(args.file, encoding="utf-8", newline="")
        head = "" if bundle else next(iter(lines), "")
        if bundle: said = check_bundle(zipfile.ZipFile(args.file), *asked)
        elif head.startswith("{"): said = check_store((line for part in ((head,), lines) for line in part), *asked)
        else: said = "signed: {0}, {1} entries, {3}".format(*checkpoint(head + "".join(lines), key, witnesses))
    except (NotGood, KeyError, ValueError, IndexError, TypeError, AttributeError, NameError, OverflowError, zipfile.BadZipFile, OSError) as why:
        sys.exit(f"NOT GOOD: {why if str(why) else type(why).__name__}")
    print(f"good: {said}" + "".join(f"; cosigned by {w.split('+')[0]}" for w in witnesses) + ("" if key else "; ONLY THE BUNDLE'S OWN KEY WAS ASKED: name the one that you hold with --key"))
if __name__ == "__main__": main()
