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
