// Starts Pyodide with NumPy and the course under Node, for packing, the audit and the tests.
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";
import "./untar.js";

export const SITE = "/lib/python3.12/site-packages";

/** Start it from a kit; while a kit is packed, its archives are still zips. */
export const boot = async (folder) => {
  let home = resolve(folder);
  const packed = join(home, "pyodide.asm.wasm.gz");
  const made = existsSync(packed) ? mkdtempSync(join(tmpdir(), "backprop-kit-")) : null;
  if (made) {
    cpSync(home, made, { recursive: true });
    writeFileSync(join(made, "pyodide.asm.wasm"), gunzipSync(readFileSync(packed)));
    home = made;
  }
  try {
    const { loadPyodide } = await import(pathToFileURL(join(home, "pyodide.mjs")));
    const python = await loadPyodide({ indexURL: `${home}/` });
    for (const name of ["numpy", "course"]) {
      const file = join(home, `${name}.tar.gz`);
      if (existsSync(file)) globalThis.unpackInto(python, SITE, gunzipSync(readFileSync(file)));
      else
        python.unpackArchive(new Uint8Array(readFileSync(join(home, `${name}.zip`))), "zip", {
          extractDir: SITE,
        });
    }
    python.runPython("import sys; sys.path_importer_cache.clear()"); // it saw an empty folder
    // NumPy's build refers to a symbol that this Pyodide does not export; without it np.load of an
    // .npz ends the kernel.
    python._module.mergeLibSymbols({ backtrace: () => 0 }, "shim");
    return python;
  } finally {
    if (made) rmSync(made, { recursive: true, force: true });
  }
};
