// node pack.mjs KIT: compiles the modules in a kit's archives with the Python that will import
// them, so that no reader waits for that: what is imported when a page starts Python. What is
// compiled and is not ours goes without its source.
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { boot } from "./boot.mjs";

const kit = `${resolve(process.argv[2])}/`;
const python = await boot(kit);
const ARCHIVES = ["python_stdlib.zip", "numpy.zip", "course.zip"];
for (const name of ARCHIVES) python.FS.writeFile(`/${name}`, readFileSync(kit + name));
const PACK = `
import importlib._bootstrap_external as external, importlib.util, pathlib, sys, zipfile
import exercises_lib.in_page.kernel, exercises_lib.exercises, exercises_lib.figures, exercises_lib.data
import numpy.random, numpy.linalg
exercises_lib.exercises.all_exercises()

def compiled(source, name, optimize):
    code = compile(source, name, "exec", dont_inherit=True, optimize=optimize)
    # Taken as it is: neither the source's time nor its hash is asked for.
    return external._code_to_hash_pyc(code, importlib.util.source_hash(source), False)

# What is not ours goes without its docstrings, but for those that NumPy itself reads.
DOCUMENTED = {"numpy/_core/multiarray.py", "numpy/lib/_shape_base_impl.py"}
site, stdlib = "/lib/python3.12/site-packages/", "/lib/python312.zip/"
loaded = {getattr(module, "__file__", None) or "" for module in list(sys.modules.values())}
homes = {"python_stdlib.zip": stdlib, "numpy.zip": site, "course.zip": site}
for archive, home in homes.items():
    with zipfile.ZipFile(f"/{archive}") as old:
        entries = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(f"/{archive}", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as new:
        def write(name, content):
            # One date for all, so that the same files give the same bytes.
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, content)
        for name, content in sorted(entries.items()):
            path = pathlib.PurePosixPath(name)
            if home + name not in loaded or path.suffix != ".py":
                write(name, content)
            elif archive == "course.zip":  # an exercise reads the source of its own answers
                write(name, content)
                cached = path.parent / "__pycache__" / f"{path.stem}.cpython-312.pyc"
                write(str(cached), compiled(content, home + name, 0))
            else:
                bare = 0 if name in DOCUMENTED else 2
                write(f"{name}c", compiled(content, home + name, bare))
`;
try {
  python.runPython(PACK);
} catch (error) {
  console.error(String(error));
  process.exit(1);
}
for (const name of ARCHIVES) writeFileSync(kit + name, python.FS.readFile(`/${name}`));
