// Cells in which the reader predicts before looking: their output is hidden until something has
// been predicted. Without this script it is shown.
(() => {
  for (const cell of document.querySelectorAll("div.cell.tag_predict")) {
    const output = cell.querySelector(".cell_output");
    if (!output) continue;
    const form = document.createElement("form");
    form.className = "bp-predict";
    const label = document.createElement("label");
    const text = document.createElement("input");
    const button = document.createElement("button");
    label.textContent = "Your prediction ";
    text.type = "text";
    text.required = true;
    text.autocomplete = "off";
    button.textContent = "Show the output";
    label.append(text);
    form.append(label, button);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const said = document.createElement("p");
      said.className = "bp-predict";
      said.textContent = `You predicted: ${text.value}`;
      form.replaceWith(said);
      output.hidden = false;
      output.tabIndex = -1;
      output.focus();
    });
    output.hidden = true;
    output.before(form);
  }
})();
