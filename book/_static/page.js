// Formulas that scroll sideways can be reached by keyboard, as the theme does for code and tables,
// and are seen to go on; a line of code that wraps carries a mark.
(() => {
  const wide = () => {
    for (const formula of document.querySelectorAll("div.math")) {
      if (formula.scrollWidth > formula.clientWidth + 1) formula.tabIndex = 0;
      else formula.removeAttribute("tabindex");
      fade(formula);
    }
    for (const line of document.querySelectorAll(".bp-line")) {
      const high = Number.parseFloat(getComputedStyle(line).lineHeight);
      line.classList.toggle("bp-wrapped", line.offsetHeight > 1.5 * high);
    }
  };
  /** A formula that goes on fades out where it does. */
  const fade = (formula) => {
    const { scrollLeft: at, scrollWidth, clientWidth } = formula;
    formula.classList.toggle("bp-more", at + clientWidth < scrollWidth - 2);
    formula.classList.toggle("bp-before", at > 2);
  };
  for (const formula of document.querySelectorAll("div.math"))
    formula.addEventListener("scroll", () => fade(formula), { passive: true });
  wide();
  addEventListener("resize", wide);
  document.fonts?.ready.then(wide);
})();

// A search shows where a word stands. Formulas come once, as text, and not a second time as TeX;
// what is in the page for its scripts, or in their place, is no text of it.
(() => {
  if (typeof Search === "undefined") return;
  const asText = Search.htmlToText;
  Search.htmlToText = (source, anchor) => {
    const page = new DOMParser().parseFromString(source, "text/html");
    const article = page.querySelector(".bd-article");
    if (article) {
      article.setAttribute("role", "main"); // by which Sphinx finds the text
      page.body.replaceChildren(article); // the theme's own words are no text of it
    }
    page
      .querySelectorAll(".katex-html, annotation, noscript, .bpq-bar, .bp-get")
      .forEach((part) => part.remove());
    return asText(page.documentElement.outerHTML, anchor);
  };
})();
