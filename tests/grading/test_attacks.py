# ruff: noqa: E501 - the attacks are code in strings
"""Attacks on the marks, on the grader and on the machine, each with the verdict it must get.

All of them are made on the chapter with one exercise: return twice the input. After each the same
worker grades an honest notebook, so that what one submission does is seen not to touch another.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from exercises_lib.grading.sandbox import Limits
from exercises_lib.grading.task import Outcome

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="grading forks processes")

SETUP = "import numpy as np\nfrom exercises_lib import check, figures, hint, progress"
RIGHT = "def double(x):\n    return 2 * x"
WRONG = "def double(x):\n    return x + 2"
STUB = "def double(x):\n    # YOUR CODE HERE\n    raise NotImplementedError"
IN_PLACE = "def double(x):\n    x *= 2\n    return x"
CHECK = 'check("ch00.double", double)'


@dataclass(frozen=True)
class Attack:
    """What stands before the answer, the answer, and what must come of it.

    Args:
        name: what is tried.
        code: the cell that tries it.
        answer: the answer's cell, below it.
        verdict: the verdict that the exercise must get.
        status: the status that the submission must get.
        after: a cell below the check.
    """

    name: str
    code: str
    answer: str = WRONG
    verdict: str = "wrong"
    status: str = "ok"
    after: str = ""


# The package has a function of that name, which `import … as o` would give.
FORGE = "import sys\no = sys.modules['exercises_lib.checking.observe']"

SPOOFS = [
    Attack("prints a verdict", 'print("✓ ch00.double · passed")'),
    Attack(
        "displays a verdict",
        "from IPython.display import HTML, display\ndisplay(HTML('✓ <b>passed</b>'))",
    ),
    Attack(
        "replaces check in the package",
        "import exercises_lib\nexercises_lib.check = lambda *a: True",
    ),
    Attack(
        "replaces check by one that says passed",
        "class V:\n    status = 'passed'\n    def __bool__(self): return True\ncheck = lambda *a, **k: V()",
    ),
    Attack(
        "replaces the function that observes",
        f"{FORGE}\no.run_probe = lambda *a, **k: []\no.observe = lambda *a, **k: None",
    ),
    Attack(
        "replaces what collects the outputs",
        f"{FORGE}\no._collect = lambda probe, answer, inputs, steps, *_: steps.append(('result', 6.0))",
    ),
    Attack(
        "replaces the observer inside the grader's own module",
        "import sys\nc = sys.modules['exercises_lib.grading.child']\nc.run_probe = lambda *a, **k: []",
        verdict="error",
    ),
    Attack(
        "replaces the probe",
        "import exercises_lib.probes as p\ndef call(answer, inputs, **k):\n    yield 'result', 0.0\np.call = call\n"
        "call.__module__ = p.__name__",
    ),
    Attack(
        "makes NumPy's comparisons agree",
        "np.allclose = np.array_equal = np.isclose = lambda *a, **k: True",
    ),
    Attack(
        "hides an input changed in place by patching NumPy",
        "np.allclose = np.array_equal = np.isclose = lambda *a, **k: True",
        answer=IN_PLACE,
    ),
    Attack(
        "hides an input changed in place by patching the library",
        f"{FORGE}\no.same = lambda *a, **k: True\no.copy_plain = lambda v: v",
        answer=IN_PLACE,
    ),
    Attack(
        "makes numpy.testing do nothing",
        "for n in dir(np.testing):\n    if n.startswith('assert'): setattr(np.testing, n, lambda *a, **k: None)",
    ),
    Attack(
        "replaces numpy in sys.modules",
        "import sys, types\nfake = types.ModuleType('numpy')\nfake.__getattr__ = lambda n: (lambda *a, **k: True)\n"
        "sys.modules['numpy'] = fake",
    ),
    Attack(
        "empties later cells with a transformer",
        "import ast\nclass T(ast.NodeTransformer):\n    def visit_Module(self, node):\n        node.body = []\n"
        "        return node\nget_ipython().ast_transformers.append(T())",
        answer=RIGHT,
        verdict="unanswered",
    ),
    Attack("swallows tracebacks", "get_ipython().showtraceback = lambda *a, **k: None"),
    Attack(
        "replaces run_cell",
        "class R:\n    success = True\n    error_before_exec = error_in_exec = None\n"
        "get_ipython().run_cell = lambda *a, **k: R()",
        answer=RIGHT,
        verdict="unanswered",
    ),
    Attack(
        "replaces the display hook", "import sys\nsys.displayhook = lambda v: print('✓ passed')"
    ),
    Attack("makes assert true", "import builtins\nbuiltins.AssertionError = ZeroDivisionError"),
    Attack(
        "replaces builtins",
        "import builtins\nbuiltins.isinstance = lambda *a: True\nbuiltins.all = builtins.any = lambda *a: True",
        status="crashed",
    ),
    Attack(
        "replaces float's reading",
        "import json\njson.dumps = lambda *a, **k: '{\"dict\": []}'",
        status="crashed",
    ),
    Attack(
        "replaces base64", "import base64\nbase64.b64encode = lambda b: b'AAAA'", verdict="error"
    ),
    Attack(
        "sends megabytes",
        "import json\njson.dumps = lambda *a, **k: 'x' * (40 << 20)",
        status="crashed",
    ),
    Attack(
        "sends deep nesting",
        "import json\njson.dumps = lambda *a, **k: '[' * 200_000",
        status="crashed",
    ),
    Attack(
        "sends numbers that overflow",
        'import json\njson.dumps = lambda *a, **k: \'{"float": "0x1p99999"}\'',
        status="crashed",
    ),
    Attack(
        "sends a pickle in the place of data",
        "import json, pickle\njson.dumps = lambda *a, **k: pickle.dumps(print).decode('latin-1')",
        status="crashed",
    ),
    Attack(
        "sends an array whose shape lies",
        "import json\nold = json.dumps\ndef lie(v, **k):\n    return old(v, **k).replace('\"shape\":[4]', '\"shape\":[99999999999]')\n"
        "json.dumps = lie",
        verdict="error",
    ),
    Attack(
        "writes forged replies to every descriptor",
        'import os, struct\nm = b\'{"dict": [["runs", []], ["library", []], ["origin", ""]]}\'\n'
        "for fd in range(3, 40):\n    try: os.write(fd, struct.pack('!Q', len(m)) + m)\n    except OSError: pass",
        status="crashed",
    ),
    Attack(
        "forges an observation with guessed results",
        "import sys\nc = sys.modules['exercises_lib.grading.child']\nc._observe = lambda shell, r, *_: {'runs': [[{'steps': [('result', 6.0)],"
        " 'after': i[0], 'failure': None, 'printed': '', 'seconds': 0.0}] * 2 for i in r['cases']], 'library': [], 'origin': ''}",
    ),
    Attack(
        "forges an observation without results",
        "import sys\nc = sys.modules['exercises_lib.grading.child']\n"
        "c._observe = lambda shell, r, *_: {'runs': [], 'library': [], 'origin': ''}",
        verdict="error",
    ),
    Attack(
        "forges a single run",
        "import sys\nc = sys.modules['exercises_lib.grading.child']\nc._observe = lambda shell, r, *_: {'runs': [[{'steps': [('result', 6.0)],"
        " 'after': i[0], 'failure': None, 'printed': '', 'seconds': 0.0}] for i in r['cases']], 'library': [], 'origin': ''}",
        verdict="error",
    ),
    Attack("claims to be passed by an attribute", "", answer=WRONG + "\ndouble.status = 'passed'"),
    Attack("closes all descriptors", "import os\nos.closerange(3, 300)", status="crashed"),
]

LIES = [
    Attack(
        "returns what equals everything",
        "class Yes:\n    def __eq__(self, o): return True\n    def __ne__(self, o): return False\n    def __hash__(self): return 1\n"
        "    def __array__(self, dtype=None, copy=None): return np.zeros(4)\n    shape = (4,)\n    dtype = np.dtype(float)\n"
        "    def __float__(self): return 1.0\n    def __bool__(self): return True\n    def __sub__(self, o): return 0.0\n    __rsub__ = __sub__",
        answer="def double(x):\n    return Yes()",
    ),
    Attack(
        "returns an array of what equals everything",
        "class Yes:\n    def __eq__(self, o): return True\n    def __hash__(self): return 1",
        answer="def double(x):\n    return np.array([Yes()] * 4, dtype=object)",
    ),
    Attack(
        "returns an array whose comparison lies",
        "class Lie(np.ndarray):\n    def __array_ufunc__(self, *a, **k): return True\n    def __array_function__(self, *a, **k): return True\n"
        "    def __eq__(self, o): return True\n    def __deepcopy__(self, m): return self",
        answer="def double(x):\n    return np.zeros(np.shape(x)).view(Lie)",
    ),
    Attack(
        "returns an array whose shape lies",
        "class Lie(np.ndarray):\n    @property\n    def shape(self): return (4,)\n    @property\n    def size(self): return 4",
        answer="def double(x):\n    return np.zeros((2, 3)).view(Lie)",
    ),
    Attack(
        "returns a float that lies",
        "class F(float):\n    def __eq__(self, o): return True\n    def __float__(self): return 1.0\n    def hex(self): return '0x0p0'\n    __hash__ = float.__hash__",
        answer="def double(x):\n    return F(1)",
    ),
    Attack(
        "returns an object that lies about its class",
        "class L:\n    @property\n    def __class__(self): return float\n    def __eq__(self, o): return True\n    __hash__ = None",
        answer="def double(x):\n    return L()",
    ),
    Attack(
        "returns a dict that lies",
        "class D(dict):\n    def __eq__(self, o): return True\n    def items(self): return []\n    __hash__ = None",
        answer="def double(x):\n    return D(a=1)",
    ),
    Attack(
        "returns a list that contains itself",
        "",
        answer="def double(x):\n    a = []\n    a.append(a)\n    return a",
    ),
    Attack("returns a generator", "", answer="def double(x):\n    yield 2 * x"),
    Attack(
        "returns a huge array",
        "",
        answer="def double(x):\n    return np.zeros(30_000_000)",
        verdict="*",
    ),
    Attack("returns a huge integer", "", answer="def double(x):\n    return 10 ** 100_000"),
    Attack("returns NaN", "", answer="def double(x):\n    return x * np.nan"),
    Attack(
        "remembers between the cases",
        "memory = []",
        answer="def double(x):\n    memory.append(x)\n    return memory[0]",
    ),
    Attack(
        "answers right once, then no more",
        "calls = []",
        answer="def double(x):\n    calls.append(1)\n    return 2 * x if len(calls) < 2 else 0 * x",
    ),
    Attack("raises that it is not answered", "", answer=STUB, verdict="unanswered"),
    Attack(
        "exits in the answer",
        "",
        answer="def double(x):\n    import sys\n    sys.exit(0)",
        verdict="error",
    ),
    Attack(
        "raises what cannot be shown",
        "class E(Exception):\n    def __str__(self): raise RuntimeError('no')",
        answer="def double(x):\n    raise E",
        verdict="error",
    ),
    Attack(
        "raises half a surrogate pair and a null",
        "",
        answer="def double(x):\n    raise ValueError('\\ud800\\x00\\x1b[31m')",
        verdict="error",
    ),
    Attack(
        "is a callable that lies about everything",
        "class C:\n    def __getattribute__(self, n): raise KeyboardInterrupt\n    def __call__(self, x): return 0",
        answer="double = C()",
        verdict="*",
    ),
]

SEARCH = """
import os, sys
found = []
for top, folders, files in os.walk('/'):
    if top.startswith(('/proc', '/usr', sys.base_prefix)) or 'site-packages' in top:
        folders.clear()
        continue
    for f in files:
        if f.endswith('.ipynb'): found.append(f)
        if f in ('ch00_welcome.py', 'manifest.py', 'marks.db'): found.append(f)
assert not found, found
"""
PEEK = """
import gc
names = [type(o).__name__ for o in gc.get_objects()]
assert 'Exercise' not in names and 'Mistake' not in names
"""
MUST_RAISE = """
def refused(f, *a, **k):
    try: f(*a, **k)
    except Exception: return
    raise AssertionError(repr(f))
"""

READS = [
    Attack("searches the disk for answers", SEARCH),
    Attack("looks for the exercises in memory", PEEK),
    Attack(
        "imports the exercises",
        "import importlib, sys\nsys.modules.pop('exercises_lib.exercises', None)\ntry:\n    import exercises_lib.exercises as e\n"
        "    double = e.get('ch00.double').reference\nexcept ImportError:\n    pass\n",
        answer="pass",
        verdict="unanswered",
    ),
    Attack(
        "reads the exercises' source",
        "import exercises_lib, pathlib\np = pathlib.Path(exercises_lib.__file__).parent\n"
        "assert not list((p / 'exercises').glob('*')), 'readable'\nassert not list((p / 'nn').glob('*')), 'readable'",
    ),
    Attack(
        "looks for the grader's processes",
        "import os\npids = [p for p in os.listdir('/proc') if p.isdigit()]\nassert pids == [str(os.getpid())], pids",
    ),
    Attack(
        "walks the stack to the judge",
        "import sys\nf = sys._getframe()\nwhile f:\n    assert 'reference' not in f.f_locals and 'exercise' not in f.f_locals\n    f = f.f_back",
    ),
    Attack(
        "reads the environment of the grader",
        "import os\nassert not any('SECRET' in k for k in os.environ)\nassert os.environ['HOME'] == '/student'",
    ),
]

HARM = [
    Attack("ends the process in a cell", "import os\nos._exit(0)", RIGHT, "passed", "crashed"),
    Attack("ends the process in the answer", "", "def double(x):\n    import os\n    os._exit(0)", "error"),
    Attack("raises SystemExit in a cell", "import sys\nsys.exit(1)", RIGHT, "passed"),
    Attack("segmentation fault", "import ctypes\nctypes.string_at(0)", RIGHT, "passed", "crashed"),
    Attack("aborts", "import os, signal\nos.kill(os.getpid(), signal.SIGABRT)\nimport ctypes\nctypes.CDLL(None).abort()", RIGHT, "passed", "crashed"),
    Attack("loops in a cell", "while True: pass", RIGHT, "passed", "timeout"),
    Attack(
        "loops and swallows interrupts",
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        RIGHT,
        "passed",
        "timeout",
    ),
    Attack("sleeps", "import time\ntime.sleep(1000)", RIGHT, "passed", "timeout"),
    Attack("ignores signals and loops", "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass", RIGHT, "passed", "timeout"),
    Attack("loops in the answer", "", "def double(x):\n    while True: pass", "error"),
    Attack(
        "loops in the answer and swallows interruptions",
        "",
        "def double(x):\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass",
        "error",
    ),
    Attack("loops in C", "sum(range(10**15))", RIGHT, "passed", "timeout"),
    Attack("catastrophic regular expression", "import re\nre.match('(a+)+$', 'a' * 60 + 'b')", RIGHT, "passed", "timeout"),
    Attack("recurses without end", "import sys\nsys.setrecursionlimit(10**6)\ndef f(): return f()\nf()", RIGHT, "passed", "*"),
    Attack("takes 3 GB", "x = np.ones(3 << 27)", RIGHT, "passed"),
    Attack("takes memory bit by bit", "x = []\nwhile True: x.append(bytearray(1 << 20))", RIGHT, "passed", "*"),
    Attack("prints 200 MB", "for _ in range(200): print('x' * (1 << 20))", RIGHT, "passed", "*"),
    Attack("prints 200 MB past Python", "import os\nfor _ in range(200): os.write(1, b'x' * (1 << 20))", RIGHT, "passed"),
    Attack("prints for ever", "while True: print('x' * 1000)", RIGHT, "passed", "timeout"),
    Attack("fills the disk", "open('big', 'wb').write(b'x' * (64 << 20))", RIGHT, "passed"),
    Attack("fills the disk with many files", "for n in range(10**5): open(f'f{n}', 'w').write('x' * 4096)", RIGHT, "passed", "*"),
    Attack("fork bomb", "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", RIGHT, "passed", "*"),
    Attack("starts many threads", "import threading, time\nfor _ in range(10_000): threading.Thread(target=time.sleep, args=(99,)).start()", RIGHT, "passed", "*"),
    Attack("asks for input", "input('marks? ')", RIGHT, "passed"),
    Attack("kills everybody", "import os, signal\nos.kill(-1, signal.SIGKILL)", RIGHT, "passed", "*"),
    Attack("kills its parent", "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)", RIGHT, "passed", "*"),
    Attack("deletes everything", "import shutil\nshutil.rmtree('/', ignore_errors=True)", RIGHT, "passed", "*"),
    Attack("connects to a network", MUST_RAISE + "import socket\nrefused(socket.create_connection, ('127.0.0.1', 22), 1)\nrefused(socket.socket, socket.AF_UNIX)\n", RIGHT, "passed"),
    Attack("opens a port", MUST_RAISE + "import socket\nrefused(socket.create_server, ('', 8099))", RIGHT, "passed"),
    Attack("writes to the system", MUST_RAISE + "import sys\nfor p in ('/usr/x', '/etc/passwd', sys.prefix + '/x', np.__file__): refused(open, p, 'w')", RIGHT, "passed"),
    Attack("raises its limits", MUST_RAISE + "import resource\nfor k in (resource.RLIMIT_AS, resource.RLIMIT_NPROC):\n    refused(resource.setrlimit, k, (resource.RLIM_INFINITY,) * 2)", RIGHT, "passed"),
    Attack("becomes root", MUST_RAISE + "import os\nrefused(os.setuid, 0) if os.getuid() else None", RIGHT, "passed"),
    Attack("leaves its root folder", MUST_RAISE + "import os\nrefused(os.chroot, '/student')", RIGHT, "passed"),
    Attack(
        "makes namespaces, mounts, traces",
        "import ctypes\nl = ctypes.CDLL(None)\nassert l.unshare(0x10000000) == -1\nassert l.mount(b'x', b'/usr', b'tmpfs', 0, None) == -1\n"
        "assert l.ptrace(16, 1, 0, 0) == -1\nassert l.umount2(b'/usr', 2) == -1",
        RIGHT,
        "passed",
    ),
    Attack("leaves a process behind", "import subprocess, sys\np = subprocess.Popen(['sleep', '4242'], start_new_session=True)", RIGHT, "passed"),
    Attack(
        "leaves a daemon behind",
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        os.execv('/bin/sleep', ['sleep', '4243'])\n    os._exit(0)\ntime.sleep(.05)",
        RIGHT,
        "passed",
    ),
    Attack("stops itself", "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", RIGHT, "passed", "*"),
    Attack("runs on in a forked copy", "import os\nos.fork()", RIGHT, "*", "*"),
]  # fmt: skip

PARSERS = [
    Attack("nests brackets", "(" * 5000, RIGHT, "passed"),
    Attack("nests signs", "-" * 100_000 + "1", RIGHT, "passed", "*"),
    Attack("nests attributes", "a" + ".a" * 50_000, RIGHT, "passed", "*"),
    Attack("nests signs in a copy of the check", 'check("ch00.double", ' + "-" * 500 + "double)", RIGHT, "passed"),
    Attack("has a null and half a surrogate", "x = '\x00\ufffd'", RIGHT, "passed"),
]  # fmt: skip

FAIR = [
    Attack("warns on stderr", "import warnings, sys\nwarnings.warn('careful')\nprint('note', file=sys.stderr)", RIGHT, "passed"),
    Attack("has an error in another cell", "1 / 0", RIGHT, "passed"),
    Attack("has a syntax error in another cell", "def (:", RIGHT, "passed"),
    Attack("prints in the answer", "", "def double(x):\n    print('x is', x)\n    return 2 * x", "passed"),
    Attack("uses magics", "%matplotlib inline\n%time 1 + 1\n!echo hello\n", RIGHT, "passed"),
    Attack("draws", "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\nplt.savefig('x.png')", RIGHT, "passed"),
    Attack("redefines the answer afterwards", "", RIGHT, "passed", after="double = None"),
    Attack("answers below the check", "", "pass", "passed", after=RIGHT),
    Attack("calls check with something else", 'check("ch00.double", None)', RIGHT, "passed"),
    Attack("writes and reads a file", "open('a.txt', 'w').write('1')\nassert open('a.txt').read() == '1'", RIGHT, "passed"),
    Attack("uses a subprocess", "import subprocess\nassert subprocess.run(['echo', 'x'], capture_output=True).stdout == b'x\\n'", RIGHT, "passed"),
    Attack("is a lambda with a default", "k = 2", "double = lambda x, k=k: k * x", "passed"),
    Attack("asks for the time", "import time, random\ntime.sleep(.01)\nrandom.random(), np.random.rand()", RIGHT, "passed"),
]  # fmt: skip


def cells(attack: Attack) -> list[tuple[str, str]]:
    """Lay out the notebook of an attack; one that succeeds ends its kernel, which is seen."""
    code = attack.code
    if "assert " in code or "refused" in code:
        code = f"import os\ntry:\n    exec({code!r})\nexcept AssertionError:\n    os._exit(9)"
    return [
        ("ch00-setup", SETUP),
        ("attack", code),
        ("ch00-double", attack.answer),
        ("ch00-double-check", CHECK),
        ("after", attack.after),
    ]


def limits(attack: Attack) -> Limits:
    """Give time to what comes to an end by itself, and little to what does not."""
    endless = attack.status in ("timeout", "*") or "loops" in attack.name
    return Limits(1.0 if endless else 5.0, 12.0, memory=512 << 20, disk=16 << 20)


@pytest.mark.parametrize(
    "attack", [*SPOOFS, *LIES, *READS, *HARM, *PARSERS, *FAIR], ids=lambda attack: attack.name
)
def test_an_attack_gets_its_verdict_and_touches_nobody_else(
    attack: Attack, grade: Callable[..., Outcome]
) -> None:
    outcome = grade(cells(attack), limits=limits(attack))
    verdict = outcome.verdict("ch00.double")
    assert outcome.status == attack.status or attack.status == "*", outcome
    if attack.verdict == "*":
        assert verdict.status != "passed" or attack.answer == RIGHT, outcome
    else:
        assert verdict.status == attack.verdict, outcome
    assert verdict.earned == (1 if verdict.status == "passed" else 0)
    assert outcome.seconds < 25
    for seconds in re.findall(r"'sleep', '(\d+)'", attack.code):
        until = time.monotonic() + 5
        while running(seconds):
            assert time.monotonic() < until, "a process outlives its submission"
            time.sleep(0.02)
    honest = grade(cells(replace(attack, code="", answer=RIGHT, after="")))
    assert (honest.status, honest.verdict("ch00.double").status) == ("ok", "passed")


def running(seconds: str) -> bool:
    """Whether a ``sleep`` of so many seconds runs."""
    lines = [p.read_bytes() for p in Path("/proc").glob("[0-9]*/cmdline") if _readable(p)]
    return any(f"sleep\0{seconds}".encode() in line for line in lines)


def _readable(path: Path) -> bool:
    try:
        return bool(path.read_bytes())
    except OSError:
        return False
