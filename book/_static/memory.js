// What the book remembers of its reader, in this browser only: answers, verdicts, where they were.
// One entry for each book, read anew before each change, so that two tabs do not undo each other.
globalThis.bpMemory = (() => {
  const VERSION = 1;
  const key = `backprop:${new URL("..", document.currentScript.src).pathname}`;
  const empty = () => ({
    version: VERSION,
    cells: {},
    forms: {},
    exercises: {},
    own: {},
    last: null,
  });
  const listeners = [];
  let state = empty();
  let works = true;

  /** What is remembered under ids of exercises that have moved to another chapter. */
  const carriedOver = (found) => {
    for (const [old, now] of Object.entries(globalThis.bpMoved ?? {})) {
      const kept = found.exercises[old];
      if (kept) found.exercises[now] ??= kept;
      delete found.exercises[old];
    }
    return found;
  };
  const read = () => {
    try {
      const text = localStorage.getItem(key);
      if (text === null) return;
      const found = JSON.parse(text);
      if (found?.version === VERSION) state = carriedOver({ ...empty(), ...found });
      else localStorage.setItem(`${key}:other`, text); // of another version: kept, not understood
    } catch {
      works = false;
    }
  };
  const write = () => {
    try {
      localStorage.setItem(key, JSON.stringify(state));
      works = true;
    } catch {
      works = false;
    }
  };
  const tell = () => listeners.forEach((listener) => listener());

  read();
  addEventListener("storage", (event) => {
    if (event.key !== key) return;
    if (event.newValue === null) state = empty();
    else read();
    tell();
  });

  return {
    /** Everything that is remembered; not to be changed. */
    get state() {
      return state;
    },
    /** Whether the browser keeps it: storage can be full, or blocked. */
    get works() {
      return works;
    },
    /** Change what is remembered: `change(state)`. */
    update(change) {
      if (works) read();
      change(state);
      write();
      tell();
    },
    /** Call a function now and after every change. */
    watch(listener) {
      listeners.push(listener);
      listener();
    },
    /** What is known of an exercise. */
    exercise: (id) =>
      state.exercises[id] ?? { status: null, passed: false, misses: 0, hints: 0, html: "" },
    /** Write down a verdict, and where it was. */
    verdict(id, { status, html = "" }, place) {
      this.update((now) => {
        const old = this.exercise(id);
        const missed = status === "wrong" || status === "error";
        now.exercises[id] = {
          ...old,
          status,
          html,
          passed: old.passed || status === "passed",
          misses: status === "passed" ? 0 : old.misses + missed,
        };
        if (place) now.last = place;
      });
    },
    passed: () => Object.keys(state.exercises).filter((id) => state.exercises[id].passed),
    /** Forget everything of this book. */
    clear() {
      state = empty();
      try {
        localStorage.removeItem(key);
      } catch {
        works = false;
      }
      tell();
    },
  };
})();
