// Makes the code of a chapter's page alive: cells, checks, the reader's notebook.
import { made, RunCell } from "./cells.js";
import { blanks, read, withAnswers } from "./notebook.js";
import { Python } from "./python.js";

const here = document.currentScript.src;
const memory = globalThis.bpMemory;
const place = document.getElementById("bp-cells");
const info = place && JSON.parse(place.textContent);
const tools = document.querySelector(".bp-get");

/** A quiet line at the head of the page. */
const line = made("span", { class: "bp-line-said", role: "status" });
const say = (text) => {
  line.textContent = text;
};

const page = {
  memory,
  cells: [],
  current: null,
  files: { editor: new URL("editor.js", here).href },
  python: new Python(
    new URL("python/", here).href,
    (text) => {
      if (page.current)
        page.current.state.textContent = text || (page.current.busy ? "Running" : "");
    },
    () => ({ passed: memory.passed(), own: memory.state.own }),
  ),
  place: ({ exercise, title }) => ({ page: info.page, anchor: exercise.replace(".", "-"), title }),
  sayMemory: () => {
    if (!memory.works)
      say(
        "This browser keeps nothing of what you write here: download your notebook before you leave.",
      );
  },
  /** Take a message of the kernel. */
  hear: (message, asking) => {
    if (message.kind === "verdict") asking.verdict(message);
    else if (message.kind === "located") asking.located(message);
    else if (message.kind === "attempt") {
      if (message.status === "passed") memory.verdict(message.exercise, message);
    } else if (message.kind === "kept")
      memory.update((state) => {
        state.own[message.exercise] = message.text;
      });
    else if (message.kind === "figure")
      document
        .querySelectorAll(`[data-model="${CSS.escape(message.id)}"]`)
        .forEach((figure) => figure.bpModel?.set("spec", message.spec));
    else page.cells.find((cell) => cell.id === message.cell)?.hear(message);
  },
  /** A value that a cell shows. */
  shown: ({ text, html, figure }) => {
    if (text !== undefined) return made("pre", { class: "bp-print", tabindex: "0" }, text);
    if (html !== undefined) {
      const box = made("div", { class: "bp-html" });
      box.innerHTML = html;
      return box;
    }
    const data = made("script", { type: "application/json" });
    data.textContent = JSON.stringify({ spec: figure.spec });
    const [wide, narrow] = figure.spec.height ?? [0, 0];
    const box = made(
      "div",
      {
        class: "bp-figure",
        "data-module": info.figures[figure.kind],
        "data-model": figure.id,
        style: `--wide:${wide}px;--narrow:${narrow}px`,
      },
      data,
    );
    globalThis.bpMount(box);
    return box;
  },
};

/** What stands in the forms of this page, as Python, by the cell that holds them in the notebook. */
const formValues = () =>
  Object.fromEntries(
    info.forms.map(({ exercise, cell }) => [cell, globalThis.bpQuiz.values(exercise)]),
  );

/** Cells of a loaded notebook that work out what a form asks for; they stay while it is empty. */
const workedOut = (forms) =>
  Object.entries(memory.state.cells).filter(
    ([id]) => forms[id] && Object.values(forms[id]).every((value) => value === null),
  );

const download = async () => {
  try {
    const answer = await fetch(new URL(`notebooks/${info.page}.ipynb`, here));
    if (!answer.ok) throw new Error();
    const given = await answer.json();
    const forms = formValues();
    const written = page.cells.filter((cell) => cell.edited).map((cell) => [cell.id, cell.text]);
    const mine = withAnswers(given, Object.fromEntries([...written, ...workedOut(forms)]), forms);
    const address = URL.createObjectURL(
      new Blob([`${JSON.stringify(mine, null, 1)}\n`], { type: "application/x-ipynb+json" }),
    );
    made("a", { href: address, download: `${info.page}.ipynb` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
    say("");
  } catch {
    say("The chapter could not be fetched. Is the server still there?");
  }
};

const load = async (file) => {
  try {
    const found = read(await file.text(), info.chapter);
    let count = 0;
    for (const cell of page.cells) {
      const text = found.get(cell.id);
      if (text === undefined || text.trimEnd() === cell.text.trimEnd()) continue;
      cell.take(text.trimEnd());
      count += 1;
    }
    for (const { exercise, cell } of info.forms) {
      if (!found.has(cell)) continue;
      memory.update((state) => {
        state.cells[cell] = found.get(cell).trimEnd();
      });
      count += globalThis.bpQuiz.fill(exercise, blanks(found.get(cell)));
    }
    say(
      count
        ? `${file.name}: ${count} cells are yours now. Check them when you like.`
        : `${file.name} says what this page says.`,
    );
  } catch (error) {
    say(error.message);
  }
};

const start = () => {
  tools.append(line);
  const obstacle = Python.obstacle();
  if (obstacle) return say(obstacle);
  for (const entry of info.cells) {
    const element = document.querySelector(`.tag_bp-run-${entry.id}`);
    if (element) page.cells.push(new RunCell(element, entry, page));
  }
  const file = made("input", { type: "file", accept: ".ipynb", hidden: "" });
  file.addEventListener("change", async () => {
    if (file.files[0]) await load(file.files[0]);
    file.value = "";
  });
  const tool = (text, onclick) =>
    made("button", { type: "button", class: "bp-link", onclick }, text);
  tools.querySelector("a").replaceWith(
    tool("Download my notebook", download),
    tool("Load a notebook", () => file.click()),
    file,
  );
  page.sayMemory();
  document.documentElement.dataset.run = "ready";
  return undefined;
};

if (info) start();
