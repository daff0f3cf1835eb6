// The code cells of a page: each can be edited and run; an answer is checked, and has hints.

const ANSWER_SECONDS = 5;
const EDITED_SECONDS = 20;
const OWN_SECONDS = 120;
const HINTS = 3;

export const made = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else element.setAttribute(name, value);
  element.append(...children);
  return element;
};
const button = (text, onclick, kind = "") =>
  made("button", { type: "button", class: `bp-button ${kind}`, onclick }, text);

let editorLoaded = null;
/** Load the editor, once. */
const loadEditor = (address) =>
  (editorLoaded ??= new Promise((resolve, reject) => {
    const script = made("script", { src: address });
    script.onload = resolve;
    script.onerror = () => {
      editorLoaded = null;
      reject(new Error("The editor could not be loaded."));
    };
    document.head.append(script);
  }));

export class RunCell {
  /**
   * @param {HTMLElement} element the cell in the page
   * @param {object} info id; for an answer exercise, expression, title and hints
   * @param {object} page what all cells of a page share: python, memory, name, files, cells
   */
  constructor(element, info, page) {
    Object.assign(this, { element, info, page, id: info.id });
    this.input = element.querySelector(".cell_input");
    this.pre = this.input.querySelector("pre");
    this.shown = element.querySelector(".cell_output");
    this.original = [...this.pre.querySelectorAll(".bp-line")]
      .map((line) => line.textContent)
      .join("\n");
    this.text = page.memory.state.cells[this.id] ?? this.original;
    this.#build();
    if (this.text !== this.original) this.#draw();
  }

  get edited() {
    return this.text !== this.original;
  }

  /** The cell as the kernel takes it. */
  get request() {
    const seconds = this.info.exercise
      ? ANSWER_SECONDS
      : this.edited
        ? EDITED_SECONDS
        : OWN_SECONDS;
    return { id: this.id, source: this.text, seconds };
  }

  #build() {
    const answer = Boolean(this.info.exercise);
    this.go = button(
      answer ? "Check" : "Run",
      () => this.run(),
      answer ? "bp-primary" : "bp-small",
    );
    this.stop = button("Stop", () => this.page.python.end("stop"), answer ? "" : "bp-small");
    this.hint = button("Hint", () => this.giveHint());
    this.open = button(answer ? "Write" : "Edit", () => this.edit(), answer ? "" : "bp-small");
    this.reset = button(
      answer ? "Start over" : "As it was",
      () => this.restore(),
      answer ? "" : "bp-small",
    );
    this.state = made("span", { class: "bp-state", role: "status" });
    this.bar = made(
      "div",
      { class: "bp-run" },
      this.go,
      this.stop,
      ...(answer ? [this.hint] : []),
      this.open,
      this.reset,
      this.state,
    );
    for (const [one, name] of [
      [this.go, answer ? "Check" : "Run"],
      [this.open, answer ? "Write" : "Edit"],
    ])
      one.setAttribute(
        "aria-label",
        `${name}: ${this.info.title ?? this.original.split("\n")[0].slice(0, 40)}`,
      );
    this.out = made("div", { class: "bp-out" });
    this.said = made("div", { class: "bp-said bp-room", role: "status" });
    this.hints = made("div", { class: "bp-said", role: "status" });
    this.input.after(this.bar, this.out, ...(answer ? [this.said, this.hints] : []));
    this.stop.hidden = true;
    this.pre.classList.add("bp-editable");
    this.pre.addEventListener("click", (event) => {
      if (getSelection().isCollapsed) this.edit(this.#placeOf(event));
    });
    if (answer) this.#showVerdict(this.page.memory.exercise(this.info.exercise));
    this.#mark();
  }

  /** Where in the code a click was. */
  #placeOf({ clientX, clientY }) {
    const caret = document.caretPositionFromPoint?.(clientX, clientY);
    const [node, offset] = caret
      ? [caret.offsetNode, caret.offset]
      : (({ startContainer, startOffset }) => [startContainer, startOffset])(
          document.caretRangeFromPoint(clientX, clientY),
        );
    if (!this.pre.contains(node)) return undefined;
    const range = document.createRange();
    range.setStart(this.pre, 0);
    range.setEnd(node, offset);
    return range.toString().length;
  }

  /** Show the text of a cell that no editor is open for. */
  #draw() {
    if (this.editor) {
      if (this.editor.text() !== this.text) this.editor.write(this.text);
      return;
    }
    const lines = this.text.split("\n").map((line) => {
      const box = made("span", { class: "bp-line" }, line);
      box.style.setProperty("--in", `${line.length - line.trimStart().length}ch`);
      return box;
    });
    this.pre.replaceChildren(...lines.flatMap((line) => [line, "\n"]));
  }

  /** Open the editor, at a place in the text. */
  async edit(at) {
    if (this.editor) return this.editor.focus(at);
    try {
      await loadEditor(this.page.files.editor);
    } catch (error) {
      this.state.textContent = error.message;
      return undefined;
    }
    if (!this.editor) {
      const place = made("div", { class: "bp-editor" });
      this.pre.closest("[class^=highlight-], .highlight").hidden = true;
      this.input.append(place);
      this.editor = globalThis.bpEditor(place, {
        text: this.text,
        label: `Code: ${this.info.title ?? "this cell"}`,
        run: () => this.run(),
        change: (text) => this.#changed(text),
      });
      this.open.hidden = true;
    }
    this.#prepare();
    return this.editor.focus(at);
  }

  /** Have Python ready when the reader is. */
  #prepare() {
    const { cells, python } = this.page;
    if (!this.info.exercise || cells.some((cell) => cell.busy)) return;
    this.page.current = this;
    python.prepare(this.info.exercise);
  }

  #changed(text) {
    if (text === this.text) return;
    this.text = text;
    this.page.memory.update((state) => {
      if (this.edited) state.cells[this.id] = text;
      else delete state.cells[this.id];
      if (this.info.exercise) state.last = this.page.place(this.info);
    });
    this.page.sayMemory();
    this.#mark();
  }

  /** Take another text: the reader's own from a notebook, or the original. */
  take(text) {
    this.#changed(text);
    this.#draw();
  }

  restore() {
    this.take(this.original);
    this.out.replaceChildren();
    if (this.shown) this.shown.hidden = false;
    (this.editor ? this.editor : this.open).focus();
  }

  #mark() {
    this.element.classList.toggle("bp-edited", this.edited);
    this.reset.hidden = !this.edited;
  }

  /** Run the cell; an answer is checked too. */
  async run() {
    if (this.busy) return;
    this.busy = true;
    this.told = false;
    this.element.classList.add("bp-busy");
    this.go.disabled = true;
    this.stop.hidden = false;
    this.state.textContent = "Waiting";
    this.page.current = this;
    const above = this.page.cells.slice(0, this.page.cells.indexOf(this) + 1);
    const { exercise, expression } = this.info;
    const request = {
      cells: above.map((cell) => cell.request),
      ...(exercise ? { check: { exercise, expression } } : {}),
    };
    const sentence = await this.page.python.run(request, (message) =>
      this.page.hear(message, this),
    );
    this.busy = false;
    this.element.classList.remove("bp-busy");
    this.go.disabled = false;
    this.stop.hidden = true;
    this.state.textContent = "";
    if (!sentence || this.told) return; // with a verdict there, only the search for its line ended
    this.out.append(made("p", { class: "bp-note bp-bad", role: "status" }, sentence));
    this.element.classList.remove("bp-running");
    if (exercise) this.#record({ status: "error", html: "" });
  }

  /** Take one message of the kernel about this cell. */
  hear(message) {
    const show = {
      start: () => {
        this.out.replaceChildren();
        if (this.shown) this.shown.hidden = true;
        this.element.classList.add("bp-running");
        if (this.busy) this.state.textContent = "Running";
      },
      print: () => {
        const last = this.out.lastElementChild;
        if (last?.dataset.stream === message.stream) last.append(message.text);
        else
          this.out.append(
            made(
              "pre",
              { class: "bp-print", "data-stream": message.stream, tabindex: "0" },
              message.text,
            ),
          );
      },
      show: () => this.out.append(this.page.shown(message)),
      error: () =>
        this.out.append(made("pre", { class: "bp-print bp-bad", tabindex: "0" }, message.text)),
      note: () => this.out.append(made("p", { class: "bp-note", role: "status" }, message.text)),
      absent: () => {
        if (this.shown) this.shown.hidden = false;
        const what = this.shown ? "What you see here was made when the book was built." : "";
        this.out.append(
          made(
            "p",
            { class: "bp-note" },
            `This cell needs ${message.library}, which is not in the page. ${what}`,
          ),
        );
      },
      end: () => this.element.classList.remove("bp-running"),
    };
    show[message.kind]?.();
  }

  /** Take the verdict on this answer. */
  verdict({ status, html }) {
    const text = html.replace(' role="status"', "");
    this.told = true;
    this.#record({ status, html: text });
  }

  /** Take the same verdict with the line where to look. */
  located({ html }) {
    const { exercise } = this.info;
    this.page.memory.update((state) => {
      state.exercises[exercise].html = html.replace(' role="status"', "");
    });
    this.#showVerdict(this.page.memory.exercise(exercise));
  }

  #record(verdict) {
    this.page.memory.verdict(this.info.exercise, verdict, this.page.place(this.info));
    this.tried = true;
    this.page.sayMemory();
    this.#showVerdict(this.page.memory.exercise(this.info.exercise));
  }

  #showVerdict({ html, misses, hints, passed }) {
    const before = this.said.offsetHeight;
    this.said.innerHTML = html;
    this.#grow(before);
    this.element.classList.toggle("bp-has-passed", passed);
    const offered = misses >= 2 && hints < HINTS;
    this.hint.classList.toggle("bp-offered", offered);
    this.hint.textContent = offered ? `Hint ${hints + 1} of ${HINTS}?` : "Hint";
  }

  /** What is below a verdict gives way to it slowly. */
  #grow(before) {
    const { said } = this;
    if (!said.isConnected || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const [height, overflow] = [said.offsetHeight, "clip"];
    if (height === before) return;
    const steps = [
      { height: `${before}px`, overflow },
      { height: `${height}px`, overflow },
    ];
    said.animate(steps, { duration: 250, easing: "ease-out" });
  }

  /** Show the next hint; a new one opens after another try. */
  giveHint() {
    const known = this.page.memory.exercise(this.info.exercise);
    let { hints } = known;
    let after = "";
    if (hints === 0 || (hints < HINTS && this.tried)) {
      hints += 1;
      this.tried = false;
      this.page.memory.update((state) => {
        state.exercises[this.info.exercise] = { ...known, hints };
      });
    } else
      after =
        hints < HINTS
          ? "Try this first and check once; then the next hint opens."
          : "That was the last hint.";
    this.hints.innerHTML = this.info.hints[hints - 1];
    if (after) this.hints.firstElementChild.append(made("p", { class: "bp-after" }, after));
    this.hint.classList.remove("bp-offered");
    this.hint.textContent = "Hint";
  }
}
