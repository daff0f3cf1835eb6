// The page's side of its Python: starts the worker when it is first needed, hands it one request at
// a time, and ends it when it does not end by itself.

const SENTENCES = {
  time: (seconds) =>
    `Stopped after ${seconds} seconds. Do all loops end? Python starts anew with your next run.`,
  stop: () => "Stopped. Python starts anew with your next run.",
  exit: () => "Your code has ended Python itself. It starts anew with your next run.",
  fatal: () =>
    "Python has broken off: your code calls itself without end, perhaps, or needs more memory than " +
    "a page has. It starts anew with your next run.",
  memory: () =>
    "Your code asks for more memory than a page has. Python starts anew with your next run.",
  load: () => "Python could not be loaded. Is the server still there? Your next run tries again.",
};

export class Python {
  /**
   * @param {string} home address of the folder with the kit
   * @param {(text: string) => void} tell says how far loading is; an empty text when it is done
   * @param {() => object} memory what the kernel is told of the reader: passed and own
   */
  constructor(home, tell, memory) {
    Object.assign(this, {
      home,
      tell,
      memory,
      worker: null,
      queue: Promise.resolve(),
      current: null,
    });
  }

  /** Why this page cannot run Python, as a sentence; null if it can. */
  static obstacle() {
    if (location.protocol === "file:")
      return "To run code in the page, open the book from a web server, such as python -m http.server.";
    if (typeof WebAssembly !== "object" || typeof DecompressionStream !== "function")
      return "Code cannot be run in this page: this browser lacks WebAssembly or is too old.";
    return null;
  }

  /** Begin to load, without anything to do yet. */
  load() {
    if (this.worker) return;
    this.tell("Python is loading");
    this.worker = new Worker(new URL("worker.js", this.home));
    this.sizes ??= fetch(new URL("kit.json", this.home)).then((answer) => answer.json());
    let bytes = 0;
    const worker = this.worker;
    const own = () => this.worker === worker;
    worker.onmessage = async ({ data }) => {
      if (!own()) return;
      const message = JSON.parse(data);
      if (message.kind === "loaded") {
        bytes += message.bytes;
        const { sizes } = await this.sizes;
        const all = sizes["pyodide.asm.wasm.gz"] + sizes["numpy.tar.gz"] + sizes["course.tar.gz"];
        if (own() && !this.ready)
          this.tell(
            `Python is loading: ${(bytes / 1e6).toFixed(1)} of ${(all / 1e6).toFixed(1)} MB`,
          );
      } else if (message.kind === "ready") {
        this.ready = true;
        this.tell("");
      } else if (message.kind === "limit") this.#wait(message.seconds);
      else if (message.kind === "died") this.end(this.ready ? message.why : "load");
      else if (message.kind === "full") this.end("memory");
      else if (message.kind === "done") this.#finish(null);
      else if (message.kind === "looking") this.tell("Looking for the line");
      else if (message.kind === "looked") {
        clearTimeout(this.timer);
        this.tell("");
      } else this.hear?.(message);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      if (own()) this.end(this.ready ? "fatal" : "load");
    };
  }

  /** Load Python, and what a check of an exercise needs, while the reader is still writing. */
  prepare(exercise) {
    if (this.worker) return;
    this.load();
    this.#send({ exercise });
  }

  #send(more) {
    this.worker.postMessage({ ...more, memory: JSON.stringify(this.memory()) });
  }

  /**
   * Run a request, after those that were asked for before.
   * @returns {Promise<string|null>} what ended the worker, as a sentence; null if it came to its end
   */
  run(request, hear) {
    // A search for a line that goes on after its verdict sees that this address is gone.
    if (this.wanted) URL.revokeObjectURL(this.wanted);
    const turn = this.queue.then(
      () =>
        new Promise((resolve) => {
          this.current = { resolve };
          this.hear = hear;
          this.wanted = URL.createObjectURL(new Blob());
          this.load();
          this.#send({ request: JSON.stringify(request), wanted: this.wanted });
        }),
    );
    this.queue = turn;
    return turn;
  }

  /** End the worker; the next run starts a new one. */
  end(why, seconds = 0) {
    this.worker?.terminate();
    this.worker = null;
    this.ready = false;
    this.tell("");
    this.#finish(SENTENCES[why](seconds));
  }

  #wait(seconds) {
    clearTimeout(this.timer);
    // A message may be on its way: half a second more.
    this.timer = setTimeout(() => this.end("time", Math.round(seconds)), seconds * 1000 + 500);
  }

  #finish(sentence) {
    clearTimeout(this.timer);
    const { current } = this;
    this.current = null;
    current?.resolve(sentence);
  }
}
