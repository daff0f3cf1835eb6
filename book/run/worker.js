// Python in a web worker of a page. It can be ended when an answer does not end, and the page stays
// alive. A classic script: Pyodide loads itself with importScripts.
const SITE = "/lib/python3.12/site-packages";
const ARCHIVES = ["numpy.zip", "course.zip"];
const MOST_MEMORY = 1.25 * 2 ** 30;
const say = (message) => postMessage(JSON.stringify(message));

/** Fetch a file and say how far it is. */
const plainFetch = self.fetch.bind(self);
const fetched = async (name) => {
  const answer = await plainFetch(name);
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  const count = new TransformStream({
    transform(chunk, out) {
      say({ kind: "loaded", bytes: chunk.byteLength });
      out.enqueue(chunk);
    },
  });
  return answer.body.pipeThrough(count);
};

// The WebAssembly comes compressed, whatever the server does.
self.fetch = async (address, ...more) => {
  if (!String(address).endsWith("pyodide.asm.wasm")) return plainFetch(address, ...more);
  const body = (await fetched("pyodide.asm.wasm.gz")).pipeThrough(new DecompressionStream("gzip"));
  return new Response(body, { headers: { "Content-Type": "application/wasm" } });
};

// Memory that grows without end would take the reader's whole machine: Python raises MemoryError.
const grow = WebAssembly.Memory.prototype.grow;
WebAssembly.Memory.prototype.grow = function (pages) {
  if (this.buffer.byteLength + pages * 65536 > MOST_MEMORY) throw new RangeError("enough");
  return grow.call(this, pages);
};

const started = (async () => {
  importScripts("pyodide.js");
  const archives = ARCHIVES.map(async (name) => new Response(await fetched(name)).arrayBuffer());
  const python = await loadPyodide({ packages: [] });
  for (const archive of archives)
    python.unpackArchive(new Uint8Array(await archive), "zip", { extractDir: SITE });
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

self.onmessage = async ({ data }) => {
  try {
    const python = await started;
    if (!kernel) {
      const module = python.pyimport("exercises_lib.in_page.kernel");
      kernel = module.start((text) => postMessage(text), data.memory);
      say({ kind: "ready" });
    }
    kernel.run(data.request);
    say({ kind: "done" });
  } catch (error) {
    died(error);
  }
};
