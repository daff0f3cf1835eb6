// What ties a figure to an exercise: whether it is passed, and the form of the book's page in
// which it is answered. Forms are made by exercises_lib/course/quiz.py, judged by the page.

/** Whether an exercise is passed: the book remembers, or a verdict on this page says so. */
export const isPassed = (id) => {
  if (globalThis.bpMemory?.exercise(id).passed) return true;
  const own = `[data-exercise="${CSS.escape(id)}"]`;
  const verdict = `${own}[data-status="passed"], ${own} [data-status="passed"]`;
  return document.querySelector(verdict) !== null;
};

/** A name without what tells apart how it is written: "d_apple price" is "dappleprice". */
const plain = (name) => name.replace(/[^\p{L}\p{N}]/gu, "");

/** The node and the kind of number that a field asks for: "price" or "dprice", "u" or "du". */
const target = (name, nodes) => {
  const find = (wanted) => nodes.findIndex(({ label }) => label && plain(label) === wanted);
  const gradient = /^d/.test(name) ? find(plain(name).slice(1)) : -1;
  if (gradient >= 0) return [gradient, "grad"];
  const at = find(plain(name));
  // The value of an input is given, so what is asked for is its gradient.
  return at >= 0 ? [at, nodes[at].role === "input" ? "grad" : "value"] : null;
};

/**
 * The page's form for the figure's exercise, if there is one. Its fields become the blanks of the
 * nodes, and the figure moves into the form, which judges them as before.
 */
export const formOf = (el, { exercise, nodes }) => {
  const form = document.querySelector(`form.bpq[data-exercise="${CSS.escape(exercise)}"]`);
  if (!form) return null;
  const blanks = nodes.map(() => ({}));
  const homes = [];
  for (const field of form.querySelectorAll("[data-field]")) {
    const found = field.querySelector("input[type=text]") && target(field.dataset.field, nodes);
    if (!found) continue;
    const [at, kind] = found;
    homes.push([field, field.nextSibling]);
    field.classList.add("bp-blank", `bp-blank-${kind}`);
    const input = field.querySelector("input");
    input.classList.add("bp-box", `bp-box-${kind}`);
    input.placeholder = kind === "grad" ? "∂" : "?";
    input.addEventListener("keydown", (event) => event.stopPropagation());
    blanks[at][kind] = field;
  }
  if (!homes.length) return null;
  const place = el.parentNode;
  const next = el.nextSibling;
  let watcher = null;
  return {
    blanks,
    adopt: (root, onVerdict) => {
      form.prepend(el);
      form.classList.add("bp-has-figure");
      root.classList.add("bp-answered-here");
      watcher = new MutationObserver(onVerdict);
      watcher.observe(form, { subtree: true, attributes: true, attributeFilter: ["data-status"] });
    },
    release: () => {
      watcher?.disconnect();
      for (const [field, before] of homes) form.insertBefore(field, before);
      place?.insertBefore(el, next);
    },
  };
};
