// Judges the forms of number and choice exercises, with the notebook's own fields, tolerances,
// mistakes and messages (exercises_lib/course/quiz.py exports them).
(() => {
  const near = (a, b, rtol, atol) =>
    typeof a === "string" || typeof b === "string" ? a === b : Math.abs(a - b) <= atol + rtol * Math.abs(b);
  const shown = (value) => (typeof value === "string" ? `'${value}'` : String(Number(value.toPrecision(6))));

  const unveil = (text) => {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).reverse();
    return JSON.parse(new TextDecoder().decode(bytes));
  };

  const number = (text) => {
    const clean = text.trim().replace("−", "-").replace(/^([-+]?\d*),(\d+)$/, "$1.$2");
    const parts = clean.split("/");
    if (parts.length === 2 && parts.every((part) => part.trim() !== "" && isFinite(part))) return parts[0] / parts[1];
    return clean !== "" && isFinite(clean) ? Number(clean) : NaN;
  };

  const judge = (exercise, given) => {
    const { fields, mistakes } = exercise;
    const open = fields.filter((f) => given[f.name] === null).map((f) => f.name);
    if (open.length) return { status: "unanswered", lines: [open.length === fields.length ? "Fill in your answer, then check." : `Still open: ${open.join(", ")}.`] };
    const odd = fields.find((f) => Number.isNaN(given[f.name]));
    if (odd) return { status: "wrong", lines: [`${odd.name} is not a number. Write it as 2.5 or 5/2.`] };
    const right = (values) => new Set(fields.filter((f) => values[f.name] !== null && near(values[f.name], f.right, f.rtol, f.atol)).map((f) => f.name));
    const good = right(given);
    const wrong = fields.filter((f) => !good.has(f.name));
    if (!wrong.length) return { status: "passed", lines: exercise.remark ? [exercise.remark] : [], wrong: [] };
    const found = mistakes
      .map((mistake) => {
        const ok = right(mistake.values);
        const faults = fields.filter((f) => mistake.values[f.name] !== null && !ok.has(f.name));
        const explained = wrong.filter((f) => faults.includes(f) && near(given[f.name], mistake.values[f.name], Math.max(f.rtol, 1e-6), Math.max(f.atol, 1e-8)));
        return { mistake, explained, extra: faults.length - explained.length };
      })
      .filter((entry) => entry.explained.length)
      .sort((a, b) => b.explained.length - a.explained.length || a.extra - b.extra);
    const covered = new Set();
    const named = [];
    for (const { mistake, explained } of found) {
      if (explained.every((f) => covered.has(f))) continue;
      named.push(mistake);
      explained.forEach((f) => covered.add(f));
    }
    const first = wrong[0];
    const lead = fields.length === 1 ? "" : `${first.name}: `;
    const lines = [`${lead}${shown(given[first.name])} is not right.`, ...named.map((m) => m.message)];
    if (fields.length > 1) lines.push(`${good.size} of ${fields.length} are right.`);
    return { status: "wrong", lines, wrong: wrong.map((f) => f.name), named: named.map((m) => m.name) };
  };

  const words = { passed: ["✓", "passed"], wrong: ["✗", "not yet"], unanswered: ["○", "not answered yet"] };

  const paragraphs = (element, lines) => {
    for (const line of lines) {
      const p = document.createElement(line.startsWith("    ") ? "pre" : "p");
      line.split("`").forEach((piece, index, all) => {
        if (index % 2 && index < all.length - 1) {
          const code = document.createElement("code");
          code.textContent = piece;
          p.append(code);
        } else p.append(piece);
      });
      element.append(p);
    }
  };

  for (const form of document.querySelectorAll("form.bpq")) {
    const exercise = unveil(form.dataset.key);
    const verdict = form.querySelector(".bpq-verdict");
    const place = (name) => form.querySelector(`[data-field="${CSS.escape(name)}"]`);
    let hints = 0;
    const show = (status, lines, title) => {
      verdict.replaceChildren();
      verdict.dataset.status = status;
      const head = document.createElement("p");
      head.className = "bpq-head";
      head.textContent = title || words[status].join(" ");
      verdict.append(head);
      paragraphs(verdict, lines);
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const given = {};
      for (const { name } of exercise.fields) {
        const box = place(name);
        const chosen = box.querySelector("input[type=radio]:checked");
        const text = box.querySelector("input[type=text]");
        given[name] = text ? (text.value.trim() === "" ? null : number(text.value)) : chosen ? chosen.value : null;
      }
      const result = judge(exercise, given);
      for (const { name } of exercise.fields) {
        const bad = (result.wrong || []).includes(name);
        for (const input of place(name).querySelectorAll("input")) {
          if (bad) input.setAttribute("aria-invalid", "true");
          else input.removeAttribute("aria-invalid");
        }
      }
      show(result.status, result.lines);
    });
    form.querySelector(".bpq-hint").addEventListener("click", () => {
      hints = Math.min(hints + 1, exercise.hints.length);
      show("hint", exercise.hints[hints - 1].split("\n"), `Hint ${hints} of ${exercise.hints.length}`);
    });
  }
})();
