// Python in a web worker of a page. It can be ended when an answer does not end, and the page stays
// alive. A classic script: Pyodide loads itself with importScripts.
const SITE = "/lib/python3.12/site-packages";
const ARCHIVES = ["numpy.tar.gz", "course.tar.gz"];
const MOST_MEMORY = 1.25 * 2 ** 30;
const say = (message) => postMessage(JSON.stringify(message));

const plainFetch = self.fetch.bind(self);
/** Fetch a compressed file, say how far it is, and decompress it, unless the server did. */
const fetched = async (name) => {
  const answer = await plainFetch(name);
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  const count = new TransformStream({
    transform(chunk, out) {
      say({ kind: "loaded", bytes: chunk.byteLength });
      out.enqueue(chunk);
    },
  });
  const body = answer.body.pipeThrough(count);
  const plain = answer.headers.get("Content-Encoding") === "gzip";
  return plain ? body : body.pipeThrough(new DecompressionStream("gzip"));
};

// Pyodide asks for its WebAssembly, which comes compressed.
self.fetch = async (address, ...more) => {
  if (!String(address).endsWith("pyodide.asm.wasm")) return plainFetch(address, ...more);
  const body = await fetched("pyodide.asm.wasm.gz");
  return new Response(body, { headers: { "Content-Type": "application/wasm" } });
};

// Memory that grows without end would take the reader's whole machine: Python raises MemoryError.
const grow = WebAssembly.Memory.prototype.grow;
WebAssembly.Memory.prototype.grow = function (pages) {
  if (this.buffer.byteLength + pages * 65536 > MOST_MEMORY) throw new RangeError("enough");
  return grow.call(this, pages);
};

const started = (async () => {
  importScripts("untar.js", "pyodide.js");
  const archives = ARCHIVES.map(async (name) => new Response(await fetched(name)).arrayBuffer());
  archives.forEach((archive) => archive.catch(() => {})); // what fails is met below
  const python = await loadPyodide({ packages: [] });
  for (const archive of archives) self.unpackInto(python, SITE, new Uint8Array(await archive));
  python.runPython("import sys; sys.path_importer_cache.clear()"); // it saw an empty folder
  // NumPy's build refers to a symbol that this Pyodide does not export; without it np.load of an
  // .npz ends the kernel.
  python._module.mergeLibSymbols({ backtrace: () => 0 }, "shim");
  return python;
})();

let kernel = null;
const died = (error) => {
  // An exception of Python's own was shown by the kernel: what comes here has ended it.
  const text = String(error?.message ?? error);
  const exit = error?.name === "ExitStatus" || /exit/i.test(`${error?.name} ${text}`.slice(0, 200));
  say({ kind: "died", why: exit ? "exit" : "fatal", text: text.slice(-400) });
};

/** Whether the page does not want to wait: it has withdrawn the address that it gave. */
const withdrawn = (address) => {
  try {
    const ask = new XMLHttpRequest();
    ask.open("GET", address, false);
    ask.send();
    return false;
  } catch {
    return true;
  }
};

let soon = 0;
self.onmessage = async ({ data }) => {
  clearTimeout(soon);
  try {
    const python = await started;
    if (!kernel) {
      const module = python.pyimport("exercises_lib.in_page.kernel");
      kernel = module.start((text) => postMessage(text), data.memory);
      say({ kind: "ready" });
    }
    if (!data.request) {
      if (data.exercise) kernel.prepare(data.exercise);
      return;
    }
    const looks = kernel.run(data.request);
    say({ kind: "done" });
    // The verdict stands. Where to look comes after it, unless there is something else to do.
    if (looks)
      soon = setTimeout(() => {
        say({ kind: "looking" });
        kernel.look(() => withdrawn(data.wanted));
        say({ kind: "looked" });
      }, 50);
  } catch (error) {
    died(error);
  }
};
