// Judges the forms of number and choice exercises, with the notebook's own fields, tolerances,
// mistakes and messages (exercises_lib/course/quiz.py exports them). The rules are those of
// exercises_lib/checking/judge.py; tests/book compares both, word by word.
(() => {
  const near = (a, b, rtol, atol) =>
    typeof a === "string" || typeof b === "string"
      ? a === b
      : a === b || Math.abs(a - b) <= atol + rtol * Math.abs(b);

  /** Write a number as Python's format ".6g" does. */
  const sixDigits = (value) => {
    if (value === 0) return "0";
    const [digits, power] = value.toExponential(5).split("e").map(Number);
    if (power >= -4 && power < 6) return String(Number(value.toFixed(5 - power)));
    return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  };
  const shown = (value) => (typeof value === "string" ? `'${value}'` : sixDigits(value));

  const unveil = (text) => {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).reverse();
    return JSON.parse(new TextDecoder().decode(bytes));
  };

  const THOUSAND = /^\s*[1-9]\d{0,2},\d{3}\s*$/;
  /** Read one number: 2.5, 1e-3; also 2,5, but not 1,000, which may mean a thousand. */
  const single = (text) => {
    const plain = THOUSAND.test(text) ? text : text.replace(/^(\d*),(\d+)$/, "$1.$2");
    return plain !== "" && Number.isFinite(Number(plain)) ? Number(plain) : NaN;
  };

  /** Why a text is no number, and what to do. */
  const unread = (text) =>
    THOUSAND.test(text)
      ? `may be ${text.replace(",", "")} or ${text.replace(",", ".")}. Write it without the comma.`
      : "is not a number. Write it as 2.5 or 5/2.";

  /**
   * Read what was typed: a number, or arithmetic with numbers, as in a cell: 5/2, 0.9*0.2 + 1; also
   * 20% and = 2.2.
   */
  const number = (text) => {
    const SIGNS = { "−": "-", "–": "-", "·": "*", "×": "*", "÷": "/", "^": "**" };
    const plain = text.replace(/^\s*=/, "").replace(/[−–·×÷^]/g, (sign) => SIGNS[sign]);
    const tokens = plain.match(/(?:\d[\d.,]*|[.,]\d+)(?:[eE][-+]?\d+)?|\*\*|[-+*/()]|\S/g) ?? [];
    const next = (...wanted) => (wanted.includes(tokens[0]) ? tokens.shift() : null);
    const sum = () => {
      let value = product();
      for (let sign = next("+", "-"); sign; sign = next("+", "-"))
        value += sign === "+" ? product() : -product();
      return value;
    };
    const product = () => {
      let value = signed();
      for (let sign = next("*", "/"); sign; sign = next("*", "/"))
        value = sign === "*" ? value * signed() : value / signed();
      return value;
    };
    const signed = () => {
      const sign = next("+", "-");
      return sign ? (sign === "-" ? -signed() : signed()) : power();
    };
    const power = () => {
      const base = atom();
      return next("**") ? base ** signed() : base;
    };
    const atom = () => {
      const value = next("(") ? inside() : single(tokens.shift() ?? "");
      return next("%") ? value / 100 : value;
    };
    const inside = () => {
      const value = sum();
      return next(")") ? value : NaN;
    };
    const value = sum();
    return tokens.length || !Number.isFinite(value) ? NaN : value;
  };

  /** Judge what was given; `typed` is how it was written. */
  const judge = ({ fields, mistakes, remark }, given, typed) => {
    const open = fields.filter((f) => given[f.name] === null).map((f) => f.name);
    if (open.length === fields.length)
      return { status: "unanswered", lines: ["Fill in your answer, then check."] };
    if (open.length) return { status: "unanswered", lines: [`Still open: ${open.join(", ")}.`] };
    const odd = fields.filter((f) => Number.isNaN(given[f.name])).map((f) => f.name);
    if (odd.length) {
      const place = fields.length > 1 ? `${odd[0]}: this` : "This";
      return {
        status: "wrong",
        lines: [`${place} ${unread(typed[odd[0]])}`],
        wrong: odd,
      };
    }

    const isRight = (f, values) => near(values[f.name], f.right, f.rtol, f.atol);
    const wrong = fields.filter((f) => !isRight(f, given));
    if (!wrong.length) return { status: "passed", lines: remark ? [remark] : [], wrong: [] };
    // A mistake explains a field if it is wrong there too and has the same value. Fields where it
    // is wrong and the answer is right speak against it.
    const alike = (f, values) =>
      near(given[f.name], values[f.name], Math.max(f.rtol, 1e-6), Math.max(f.atol, 1e-8));
    const found = mistakes
      .map((mistake) => {
        if (mistake.whole) {
          const explained = fields.every((f) => alike(f, mistake.values)) ? wrong : [];
          return { mistake, explained, doubt: -explained.length, more: 0 };
        }
        const faults = fields.filter((f) => !isRight(f, mistake.values));
        const explained = faults.filter((f) => wrong.includes(f) && alike(f, mistake.values));
        const against = faults.filter((f) => !wrong.includes(f)).length;
        return {
          mistake,
          explained,
          doubt: against - explained.length,
          more: faults.length - explained.length,
        };
      })
      .filter(({ explained }) => explained.length)
      .sort((a, b) => a.doubt - b.doubt || a.more - b.more);
    // As few mistakes as explain as much as can be explained.
    const covered = new Set();
    const named = [];
    for (const { mistake, explained, doubt } of found) {
      if (explained.every((f) => covered.has(f)) || (doubt > 0 && named.length)) continue;
      named.push(mistake);
      explained.forEach((f) => covered.add(f));
    }
    const place = fields.length > 1 ? `${wrong[0].name}: ` : "";
    const lines = [
      `${place}${shown(given[wrong[0].name])} is not right.`,
      ...named.map((mistake) => mistake.message),
    ];
    if (fields.length > 1)
      lines.push(`${fields.length - wrong.length} of ${fields.length} are right.`);
    return { status: "wrong", lines, wrong: wrong.map((f) => f.name) };
  };

  const words = { passed: "✓ passed", wrong: "✗ not yet", unanswered: "○ not answered yet" };

  const STRESSED =
    /(?<![\p{L}\p{N}_*])\*(?=[\p{L}\p{N}_])([^*]+?)(?<=[\p{L}\p{N}_])\*(?![\p{L}\p{N}_*])/u;
  const plain = (tag, text) => Object.assign(document.createElement(tag), { textContent: text });
  const element = (tag, className, text) => {
    const made = document.createElement(tag);
    made.className = className;
    // What stands between backticks is code, what stands between asterisks is stressed.
    text.split("`").forEach((piece, index, all) => {
      if (index % 2 && index < all.length - 1) made.append(plain("code", piece));
      else
        piece.split(STRESSED).forEach((part, at) => made.append(at % 2 ? plain("em", part) : part));
    });
    return made;
  };

  /** Lines of text; indented ones together are a block of code. */
  const say = (place, head, text) => {
    const parts = [element("p", "bpq-head", head)];
    let block = null;
    for (const line of text.split("\n")) {
      if (line.startsWith("    ") || (block && line === "")) {
        if (!block) {
          block = element("pre", "", "");
          parts.push(block);
        }
        block.append(`${line.slice(4)}\n`);
      } else if (line.trim()) {
        block = null;
        parts.push(element("p", "", line));
      }
    }
    place.replaceChildren(...parts);
  };

  const forms = new Map();

  const bring = (form) => {
    const exercise = unveil(form.dataset.key);
    const verdict = form.querySelector(".bpq-verdict");
    const place = (name) => form.querySelector(`[data-field="${CSS.escape(name)}"]`);
    const given = (name) => {
      const text = place(name).querySelector("input[type=text]");
      if (text) return text.value.trim() === "" ? null : number(text.value);
      return place(name).querySelector("input:checked")?.value ?? null;
    };

    const memory = globalThis.bpMemory;
    let { hints } = memory.exercise(exercise.id);
    let tried = true;

    /** What stands in the blanks, as text. */
    const written = () =>
      Object.fromEntries(
        exercise.fields.map(({ name }) => {
          const text = place(name).querySelector("input[type=text]");
          return [
            name,
            text ? text.value : (place(name).querySelector("input:checked")?.value ?? ""),
          ];
        }),
      );
    const write = (values) => {
      for (const { name } of exercise.fields) {
        const text = place(name).querySelector("input[type=text]");
        if (values[name] === undefined) continue;
        if (text) text.value = values[name];
        else
          for (const option of place(name).querySelectorAll("input"))
            option.checked = option.value === values[name];
      }
    };
    const keep = () =>
      memory.update((state) => {
        state.forms[exercise.id] = written();
      });

    const check = () => {
      const result = judge(
        exercise,
        Object.fromEntries(exercise.fields.map(({ name }) => [name, given(name)])),
        written(),
      );
      for (const { name } of exercise.fields) {
        const box = place(name);
        const input = box.querySelector("input[type=text]") || box;
        if (result.wrong?.includes(name)) {
          input.setAttribute("aria-invalid", "true");
          input.setAttribute("aria-describedby", verdict.id);
        } else {
          input.removeAttribute("aria-invalid");
          input.removeAttribute("aria-describedby");
        }
      }
      verdict.dataset.status = result.status;
      say(verdict, words[result.status], result.lines.join("\n"));
      return result.status;
    };

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      tried = true;
      keep();
      const status = check();
      const page = location.pathname.split("/").at(-1).replace(".html", "");
      const anchor = exercise.id.replace(".", "-");
      memory.verdict(
        exercise.id,
        { status },
        { page, anchor, title: form.getAttribute("aria-label") },
      );
    });
    form.addEventListener("change", keep);

    const before = memory.state.forms[exercise.id];
    if (before) {
      write(before);
      if (memory.exercise(exercise.id).status) check();
    }
    forms.set(exercise.id, {
      /** The answers as Python writes them; null for a blank. */
      values: () =>
        Object.fromEntries(
          exercise.fields.map(({ name }) => {
            const value = given(name);
            if (value === null || Number.isNaN(value)) return [name, null];
            return [name, typeof value === "string" ? JSON.stringify(value) : String(value)];
          }),
        ),
      /** Take answers from a notebook; tells whether anything is new. */
      fill: (values) => {
        const was = JSON.stringify(written());
        write(values);
        keep();
        return was === JSON.stringify(written()) ? 0 : 1;
      },
    });

    form.querySelector(".bpq-hint").addEventListener("click", () => {
      const all = exercise.hints.length;
      let after = "";
      if (hints < all && tried) {
        hints += 1;
        tried = false;
        memory.update((state) => {
          state.exercises[exercise.id] = { ...memory.exercise(exercise.id), hints };
        });
      } else
        after =
          hints < all
            ? "\nTry this first and run your check once; then the next hint opens."
            : "\nThat was the last hint.";
      say(
        form.querySelector(".bpq-hints"),
        `Hint ${hints} of ${all}`,
        exercise.hints[hints - 1] + after,
      );
    });
  };

  document.querySelectorAll("form.bpq").forEach(bring);

  /** What stands in the forms, for the reader's notebook. */
  globalThis.bpQuiz = {
    values: (id) => forms.get(id).values(),
    fill: (id, values) => forms.get(id).fill(values),
  };
})();
