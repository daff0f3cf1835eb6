// Shows what the reader has passed: in the navigation, on the list of all exercises, on the road
// map, in Welcome's table; and on the front page the way back to where they were.
(() => {
  const memory = globalThis.bpMemory;
  const course = globalThis.bpCourse;
  const made = (tag, className, text) =>
    Object.assign(document.createElement(tag), { className, textContent: text });
  const done = (number) => course[number].ids.filter((id) => memory.exercise(id).passed).length;

  /** How far a chapter is, behind a link to it; nothing before its first exercise is passed. */
  const mark = (link, number) => {
    link.querySelector(".bp-done")?.remove();
    const [passed, all] = [done(number), course[number].ids.length];
    if (!passed) return;
    const sign = made("span", "bp-done", passed === all ? "✓" : `${passed}/${all}`);
    sign.append(
      made(
        "span",
        "visually-hidden",
        passed === all ? " all exercises passed" : " exercises passed",
      ),
    );
    link.append(sign);
  };

  const marks = () => {
    for (const [number, { page }] of Object.entries(course)) {
      const here = document.querySelectorAll(
        `.bd-links a[href$="${page}.html"], .bp-chapters a[href$="${page}.html"]`,
      );
      here.forEach((link) => mark(link, number));
      if (location.pathname.endsWith(`/${page}.html`))
        document
          .querySelectorAll(".bd-links a.current[href='#']")
          .forEach((link) => mark(link, number));
    }
    for (const link of document.querySelectorAll("[data-exercise-link]")) {
      const { passed } = memory.exercise(link.dataset.exerciseLink);
      link.closest("li").classList.toggle("bp-passed", passed);
      link.previousElementSibling.textContent = passed ? "✓" : "○";
      link.previousElementSibling.ariaLabel = passed ? "passed" : "open";
    }
  };

  /** The course's own table of progress, as `progress()` shows it, becomes the reader's. */
  const table = () => {
    for (const found of document.querySelectorAll("table.bp-progress")) {
      let all = 0;
      for (const row of found.rows) {
        const dots = [...row.querySelectorAll("span[title]")];
        const passed = dots.filter((dot) => {
          const [id] = dot.title.split(":");
          const yes = memory.exercise(id).passed;
          dot.title = `${id}: ${yes ? "passed" : "open"}`;
          const optional = "optional" in dot.dataset;
          dot.textContent = (optional ? "◇◆" : "○●")[Number(yes)];
          dot.style.color = yes ? "var(--bp-good)" : "var(--bp-quiet)";
          return yes && !optional;
        });
        const counting = dots.filter((dot) => !("optional" in dot.dataset));
        if (row.cells.length > 2) row.cells[2].textContent = `${passed.length}/${counting.length}`;
        all += passed.length;
      }
      const head = found.previousElementSibling?.querySelector("b");
      if (head) head.textContent = head.textContent.replace(/^\d+/, all);
    }
  };

  const goOn = () => {
    const begin = document.querySelector(".bp-begin");
    if (!begin) return;
    begin.querySelector(".bp-continue")?.remove();
    const { last } = memory.state;
    if (!last) return;
    const link = made("a", "bp-continue", `Continue: ${last.title}`);
    link.href = `${last.page}.html#${last.anchor}`;
    begin.append(link);
  };

  const summary = () => {
    const place = document.getElementById("bp-summary");
    if (!place) return;
    const all = Object.values(course).flatMap(({ ids }) => ids);
    const passed = all.filter((id) => memory.exercise(id).passed).length;
    const text = made(
      "p",
      "",
      `${passed} of ${all.length} exercises passed. Your answers are kept in this browser, and nowhere else.`,
    );
    const button = made("button", "bp-button", "Delete my answers");
    button.onclick = () => {
      if (confirm("Delete all your answers and your progress in this book?")) memory.clear();
    };
    place.replaceChildren(
      text,
      ...(Object.keys(memory.state.cells).length || passed ? [button] : []),
    );
  };

  /** The road map begins with the reader's own progress. Called before a figure is mounted. */
  globalThis.bpFigureData = (data) => {
    for (const station of data.spec?.stations ?? []) {
      const chapter = course[station.number];
      if (!chapter?.ids.length) continue;
      const passed = done(station.number);
      station.share = passed / chapter.ids.length;
      station.count = passed ? `${passed} of ${chapter.ids.length}` : "";
    }
  };

  memory.watch(() => [marks, table, goOn, summary].forEach((show) => show()));
})();
