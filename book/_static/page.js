// Formulas that scroll sideways can be reached by keyboard, as the theme does for code and tables.
(() => {
  const wide = () => {
    for (const formula of document.querySelectorAll("div.math")) {
      if (formula.scrollWidth > formula.clientWidth + 1) formula.tabIndex = 0;
      else formula.removeAttribute("tabindex");
    }
  };
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
    page
      .querySelectorAll(".katex-html, annotation, noscript, .bpq-bar, .bp-get")
      .forEach((part) => part.remove());
    return asText(page.documentElement.outerHTML, anchor);
  };
})();
