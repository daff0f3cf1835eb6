// What scrolls sideways can be reached by keyboard; nothing else becomes a stop on the way.
(() => {
  const wide = () => {
    for (const box of document.querySelectorAll(".bd-article :is(div.math, pre, .pst-scrollable-table-container)")) {
      if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  };
  wide();
  addEventListener("resize", wide);
  document.fonts?.ready.then(wide);
})();
