// Mounts the figures of a page from the state that the notebook stored. A classic script, so that
// it also works when the page is opened as a file. No kernel, no library, no request.
(() => {
  const start = async () => {
    const stateElement = document.querySelector('script[type="application/vnd.jupyter.widget-state+json"]');
    if (!stateElement) return;
    const state = JSON.parse(stateElement.textContent).state;
    const views = document.querySelectorAll('script[type="application/vnd.jupyter.widget-view+json"]');
    for (const view of views) {
      const id = JSON.parse(view.textContent).model_id;
      const stored = state[id];
      if (stored && stored.model_module === "anywidget") {
        try {
          await mount(view, stored.state);
        } catch (error) {
          console.error(error);
        }
      }
    }
    document.documentElement.dataset.figures = "ready";
  };

  const mount = async (view, stored) => {
    const data = { ...stored };
    const listeners = new Map();
    const tell = (name, ...words) => (listeners.get(name) || []).slice().forEach((f) => f(...words));
    const model = {
      get: (key) => data[key],
      set: (key, value) => {
        if (data[key] === value) return;
        data[key] = value;
        tell(`change:${key}`, model, value);
        tell("change", model);
      },
      save_changes: () => {},
      on: (names, f) => names.split(/\s+/).forEach((name) => listeners.set(name, [...(listeners.get(name) || []), f])),
      off: (names, f) => {
        if (!names) return listeners.clear();
        names.split(/\s+/).forEach((name) => listeners.set(name, f ? (listeners.get(name) || []).filter((g) => g !== f) : []));
      },
      send: () => {},
    };
    if (data._css) {
      let style = document.querySelector("style[data-figures]");
      if (!style) {
        style = document.createElement("style");
        style.dataset.figures = "";
        document.head.append(style);
      }
      if (!style.textContent.includes(data._css)) style.append(data._css);
    }
    const element = document.createElement("div");
    element.className = "bp-figure";
    view.after(element);
    const address = URL.createObjectURL(new Blob([data._esm], { type: "text/javascript" }));
    const module = await import(address).finally(() => URL.revokeObjectURL(address));
    const widget = typeof module.default === "function" ? await module.default() : module.default;
    await widget.initialize?.({ model });
    await widget.render?.({ model, el: element });
  };

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
