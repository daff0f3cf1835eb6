// Ties text to figures and to the glossary. A symbol or a name in the text lights up its node in a
// graph of the same section; a word of the glossary shows what it means, and links to it.
(() => {
  const article = document.querySelector(".bd-article");
  if (!article) return;

  /** A name as a figure and as a formula would both write it: w_{0}, w0 and `w0` are w0. */
  const plain = (text) => text.replace(/\\(?:mathrm|text|mathit|operatorname)|[\s{}_\\$,.]/g, "");

  /** The variable that a formula is about: of ∂f/∂x it is x. */
  const variable = (tex) => plain(/\\partial\s*([^/}]+)\}?\s*$/.exec(tex)?.[1] ?? tex);

  const tie = () => {
    for (const frame of article.querySelectorAll(".bp-frame[data-names]")) {
      const names = JSON.parse(frame.dataset.names).filter(Boolean);
      const known = new Map(names.map((name) => [plain(name), name]));
      const light = (name) => frame.dispatchEvent(new CustomEvent("bp-light", { detail: name }));
      const section = frame.closest("section");
      if (!section) continue;
      const reached = new Set();
      for (const symbol of section.querySelectorAll("p code, li code, p span.math, li span.math")) {
        if (symbol.closest("section") !== section || symbol.closest(".bp-frame, form, a")) continue;
        const tex = symbol.querySelector("annotation")?.textContent;
        const name = known.get(tex === undefined ? plain(symbol.textContent) : variable(tex));
        if (name === undefined) continue;
        symbol.classList.add("bp-tied");
        symbol.addEventListener("pointerenter", () => light(name));
        symbol.addEventListener("pointerleave", () => light(null));
        symbol.addEventListener("click", () => light(name));
        // By keyboard, the first place of each name is enough.
        if (reached.has(name)) continue;
        reached.add(name);
        symbol.tabIndex = 0;
        symbol.setAttribute("role", "button");
        symbol.setAttribute("aria-label", `${name}: show it in the figure`);
        symbol.addEventListener("focus", () => light(name));
        symbol.addEventListener("blur", () => light(null));
        symbol.addEventListener("keydown", (event) => {
          if (event.key !== "Enter" && event.key !== " ") return;
          event.preventDefault();
          frame.scrollIntoView({ block: "nearest" });
        });
      }
    }
  };

  /** Words of the glossary become links at their first place in each section of the text. */
  const words = () => {
    const terms = globalThis.bpTerms ?? {};
    if (/\/glossary\.html$/.test(location.pathname) || !Object.keys(terms).length) return;
    const all = Object.keys(terms).sort((a, b) => b.length - a.length);
    const escaped = all.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    const found = new RegExp(
      `(?<![\\p{L}\\p{N}-])(${escaped.join("|")})(s?)(?![\\p{L}\\p{N}-])`,
      "iu",
    );
    const home = document.documentElement.dataset.content_root ?? "";
    const tip = document.createElement("div");
    tip.className = "bp-tip";
    tip.id = "bp-tip";
    tip.role = "tooltip";
    tip.hidden = true;
    document.body.append(tip);
    const hide = () => {
      tip.hidden = true;
    };
    const show = (link, meaning) => {
      tip.innerHTML = meaning;
      tip.hidden = false;
      const { left, bottom, top } = link.getBoundingClientRect();
      const { width, height } = tip.getBoundingClientRect();
      const below = bottom + height + 12 < innerHeight;
      tip.style.left = `${scrollX + Math.max(8, Math.min(left, innerWidth - width - 12))}px`;
      tip.style.top = `${scrollY + (below ? bottom + 6 : top - height - 6)}px`;
    };
    addEventListener("keydown", ({ key }) => key === "Escape" && hide());

    const said = new Set();
    for (const place of article.querySelectorAll(
      "section > p, section > ul > li, section > ol > li",
    )) {
      if (place.closest(".bp-get, .bp-begin")) continue;
      const walker = document.createTreeWalker(place, NodeFilter.SHOW_TEXT, (node) =>
        node.parentElement.closest("a, code, .math, .bp-frame, form, b, strong")
          ? NodeFilter.FILTER_REJECT
          : NodeFilter.FILTER_ACCEPT,
      );
      const texts = [];
      while (walker.nextNode()) texts.push(walker.currentNode);
      for (let text of texts) {
        for (let match = found.exec(text.data); match; match = found.exec(text.data)) {
          const rest = text.splitText(match.index + match[0].length);
          const key = match[1].toLowerCase();
          if (!said.has(key)) {
            said.add(key);
            const word = text.splitText(match.index);
            const link = document.createElement("a");
            link.className = "bp-term";
            link.href = `${home}glossary.html#${terms[key].at}`;
            link.setAttribute("aria-describedby", "bp-tip");
            word.replaceWith(link);
            link.append(word);
            for (const kind of ["pointerenter", "focus"])
              link.addEventListener(kind, () => show(link, terms[key].is));
            for (const kind of ["pointerleave", "blur"]) link.addEventListener(kind, hide);
          }
          text = rest;
        }
      }
    }
  };

  words();
  // Figures are mounted by embed.js, which says when they are ready.
  if (document.documentElement.dataset.figures) tie();
  else {
    const watcher = new MutationObserver(() => {
      watcher.disconnect();
      tie();
    });
    watcher.observe(document.documentElement, { attributeFilter: ["data-figures"] });
  }
})();
