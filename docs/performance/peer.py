#!/usr/bin/env python3
"""Measures a training step of PyTorch: reads a job as JSON, answers with a line of JSON.

    go run ./docs/performance -peer 'python3 docs/performance/peer.py [--compile]'

needs PyTorch 2 (pip install torch). An input matrix that is a network of cores is contracted with a batch in two ways: the
cores of the first and of the last modes merged into a half each, and two products; or the last ones met one by one. The
faster one counts, and with --compile torch.compile of each as well.
"""
import json
import math
import os
import resource
import statistics
import subprocess
import sys
import time

if "cpu.avx512f=off" in os.environ.get("GODEBUG", ""):  # the same for PyTorch and its libraries
    os.environ.update(ATEN_CPU_CAPABILITY="avx2", MKL_ENABLE_INSTRUCTIONS="AVX2", ONEDNN_MAX_CPU_ISA="AVX2")
import torch
from torch import nn
from torch.nn.functional import cross_entropy


def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def einsum(a, a_legs, b, b_legs, out):
    number = {name: k for k, name in enumerate(dict.fromkeys(a_legs + b_legs))}
    return torch.einsum(a, [number[n] for n in a_legs], b, [number[n] for n in b_legs], [number[n] for n in out])


class Half:
    """Some of the cores of a term, as indexes and legs, in an order in which each meets one before."""

    def __init__(self, cores, chosen):
        self.cores, self.order = cores, []
        rest, seen = list(chosen), set()
        while rest:
            k = next((k for k in rest if seen & set(cores[k])), rest[0])
            rest.remove(k)
            self.order.append(k)
            seen |= set(cores[k])

    def legs(self):
        """What the half has once its own ranks are summed over."""
        all_legs = [n for k in self.order for n in self.cores[k]]
        return [n for n in dict.fromkeys(all_legs) if all_legs.count(n) == 1]

    def merged(self, values):
        t, have = values[self.order[0]], self.cores[self.order[0]]
        for i, k in enumerate(self.order[1:], 1):
            later = [n for j in self.order[i + 1:] for n in self.cores[j]]
            both = dict.fromkeys(have + self.cores[k])
            keep = [n for n in both if n in later or (n in have) != (n in self.cores[k])]
            t, have = einsum(t, have, values[k], self.cores[k], keep), keep
        return t, have


class Network(nn.Module):
    """x·W where W is a sum of networks of cores."""

    def __init__(self, job, one_by_one):
        super().__init__()
        self.one_by_one = one_by_one
        self.size = {l["name"]: l["size"] for term in job["terms"] for core in term for l in core}
        self.ins, self.outs = [l["name"] for l in job["inputs"]], [l["name"] for l in job["outputs"]]
        whole = [[[l["name"] for l in core] for core in term] for term in job["terms"]]
        self.terms = [[[n for n in core if self.meets(n, term)] for core in term] for term in whole]
        self.ends = [[k for k, n in enumerate(core) if not self.meets(n, term)] for term in whole for core in term]
        self.halves = [self.split(term) for term in self.terms]
        self.values = nn.ParameterList()
        for term in whole:
            ranks = {n for core in term for n in core} - set(self.ins) - set(self.outs)
            paths = len(self.terms) * math.prod(self.size[n] for n in ranks)
            deviation = (1 / math.prod(self.size[n] for n in self.ins) / paths) ** (1 / (2 * len(term)))
            for core in term:
                self.values.append(nn.Parameter(torch.randn([self.size[n] for n in core]) * deviation))

    def meets(self, name, term):
        """Whether a leg is no rank at the end of a network, which its core alone is summed over."""
        return name in self.ins or name in self.outs or sum(name in core for core in term) > 1

    def split(self, cores):
        ins, outs = set(self.ins), set(self.outs)
        if not any(ins & set(c) and outs & set(c) for c in cores):  # a ring: the cores of x, and those of y
            side = {k: bool(ins & set(c)) for k, c in enumerate(cores)}
        else:
            last = set(self.ins[(len(self.ins) + 1) // 2:])
            side = {k: bool(last & set(c)) for k, c in enumerate(cores) if ins & set(c)}
        while len(side) < len(cores):  # cores without modes go where all they meet are
            found = {}
            for k in range(len(cores)):
                met = {side[j] for j in side if set(cores[j]) & set(cores[k])}
                alone = sum(bool(set(cores[j]) & set(cores[k])) for j in side) >= len(cores[k]) - 1
                if k not in side and len(met) == 1 and alone:
                    found[k] = met.pop()
            if not found:
                found = {k: False for k in range(len(cores)) if k not in side}
            side.update(found)
        return Half(cores, [k for k in side if not side[k]]), Half(cores, [k for k in side if side[k]])

    def many(self, names):
        return math.prod(self.size[n] for n in names)

    def forward(self, x):
        total, at = 0, 0
        for cores, (left, right) in zip(self.terms, self.halves):
            values = [self.values[k].sum(self.ends[k]) if self.ends[k] else self.values[k] for k in range(at, at + len(cores))]
            at += len(cores)
            total = total + self.term(x, values, left, right)
        return total

    def term(self, x, values, left, right):
        n = x.shape[0]
        a, a_legs = left.merged(values)
        near = [l for l in self.ins if l in a_legs]
        far = [l for l in self.ins if l not in near]
        a_out, b_out = [l for l in self.outs if l in a_legs], [l for l in self.outs if l not in a_legs]
        ranks = [l for l in a_legs if l not in self.ins and l not in self.outs]
        if self.one_by_one:
            t, have = x.reshape(n, *[self.size[l] for l in self.ins]), ["batch"] + self.ins
            for i, k in reversed(list(enumerate(right.order))):
                before = [l for j in right.order[:i] for l in right.cores[j]]
                both = dict.fromkeys(have + right.cores[k])
                keep = [l for l in both if l in before or (l in have) != (l in right.cores[k])]
                t, have = einsum(t, have, values[k], right.cores[k], keep), keep
            want = ["batch"] + near + ranks + b_out
            t = t.permute([have.index(l) for l in want])
        else:
            b, b_legs = right.merged(values)
            b = b.permute([b_legs.index(l) for l in far + ranks + b_out])
            t = x.reshape(-1, self.many(far)) @ b.reshape(self.many(far), -1)
        t = t.reshape(n, self.many(near) * self.many(ranks), self.many(b_out))
        a = a.permute([a_legs.index(l) for l in a_out + near + ranks]).reshape(self.many(a_out), -1)
        if not b_out:
            return t.squeeze(2) @ a.T
        return torch.matmul(a, t).reshape(n, -1)


class LSTM(nn.Module):
    def __init__(self, project, hidden):
        super().__init__()
        self.project, self.hidden = project, hidden
        self.u = nn.Parameter(nn.init.orthogonal_(torch.empty(hidden, 4 * hidden)))
        self.bias = nn.Parameter(torch.zeros(4 * hidden))

    def forward(self, x):  # (batch, steps, features) to the last state, all steps projected at once
        batch, steps, _ = x.shape
        projected = self.project(x.flatten(0, 1)).reshape(batch, steps, -1)
        h = c = x.new_zeros(batch, self.hidden)
        for t in range(steps):
            i, f, g, o = torch.chunk(projected[:, t] + torch.addmm(self.bias, h, self.u), 4, dim=1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
        return h


class Dense(nn.Module):
    def __init__(self, job):
        super().__init__()
        cell = {"lstm": nn.LSTM, "gru": nn.GRU}[job["cell"]]
        self.cell = cell(job["features"], job["hidden"], batch_first=True)

    def forward(self, x):
        return self.cell(x)[0][:, -1]


class Training:
    def __init__(self, job, one_by_one=False, compiled=False):
        torch.manual_seed(1)
        recurrent = LSTM(Network(job, one_by_one), job["hidden"]) if job["terms"] else Dense(job)
        self.net = nn.Sequential(recurrent, nn.Linear(job["hidden"], job["classes"] or 11))
        if compiled:
            self.net = torch.compile(self.net)
        self.adam = torch.optim.Adam(self.net.parameters(), lr=1e-3)
        self.x = torch.randn(job["batch"], job["steps"], job["features"])
        self.labels = torch.randint(job["classes"] or 11, (job["batch"],))

    def step(self):
        self.adam.zero_grad()
        cross_entropy(self.net(self.x), self.labels).backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 5)
        self.adam.step()

    def time(self, runs):
        ms, cpu = [], time.process_time()
        for _ in range(runs):
            began = time.perf_counter()
            self.step()
            ms.append(1000 * (time.perf_counter() - began))
        return statistics.median(ms), 1000 * (time.process_time() - cpu) / runs


def ways(job):
    """Arguments of Training, by name."""
    plain = {"halves": {}, "one by one": {"one_by_one": True}} if job["terms"] else {"": {}}
    compiled = {(name + " compiled").strip(): {**how, "compiled": True} for name, how in plain.items()}
    return {**plain, **compiled} if "--compile" in sys.argv else plain


def measure(job, name, how):
    torch.set_num_threads(job["threads"])
    torch.set_flush_denormal(True)  # vanishing gradients would slow it tenfold on some processors
    tiny = {"terms": [], "cell": "lstm", "features": 1, "hidden": 1, "classes": 2, "batch": 1, "steps": 1}
    Training(tiny).step()  # PyTorch loads parts of itself at the first
    base, training = peak_mb(), Training(job, **how)
    began = time.process_time()
    training.step()
    first = time.process_time() - began
    if job["warm_up"]:
        training.time(job["warm_up"])
    step, cpu = training.time(job["runs"])
    values = {"first": first, "step": step, "cpu": cpu, "peak": peak_mb(), "base": base}
    return {"is": "PyTorch " + torch.__version__.split("+")[0], "how": name, "values": values}


def main():
    text = sys.stdin.read()
    job = json.loads(text)
    if "--way" in sys.argv:
        name = sys.argv[sys.argv.index("--way") + 1]
        answer = measure(job, name, ways(job)[name])
    elif len(ways(job)) == 1:
        answer = measure(job, "", {})
    else:  # each in a process of its own, so that its memory is its own
        answers = []
        for name in ways(job):
            said = subprocess.run([sys.executable, *sys.argv, "--way", name], input=text, stdout=subprocess.PIPE, text=True, check=True)
            answers.append(json.loads(said.stdout.splitlines()[-1]))
        answer = min(answers, key=lambda a: a["values"]["step"])
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
