// Mounts the figures of a page. Each carries its data; the scripts they share are loaded once.
// A classic script that loads classic scripts, so that it also works when the page is opened as a
// file. No kernel, no library, no request to anywhere else.
(() => {
  const home = document.currentScript.src;
  const modules = new Map();

  /** Load the script of one kind of figure, as text, and make a module of it. */
  const load = (key) => {
    if (!modules.has(key))
      modules.set(
        key,
        new Promise((resolve, reject) => {
          const script = document.createElement("script");
          script.src = new URL(`figures/${key}.js`, home);
          script.onerror = () => reject(new Error(`${script.src} cannot be loaded`));
          script.onload = () => {
            const address = URL.createObjectURL(
              new Blob([globalThis.bpModules[key]], { type: "text/javascript" }),
            );
            import(address).finally(() => URL.revokeObjectURL(address)).then(resolve, reject);
          };
          document.head.append(script);
        }),
      );
    return modules.get(key);
  };

  /** What a figure expects of its model: values, and listeners to their change. */
  const modelOf = (data) => {
    const listeners = new Map();
    const tell = (name, ...words) =>
      (listeners.get(name) || []).slice().forEach((f) => f(...words));
    const model = {
      get: (key) => data[key],
      set: (key, value) => {
        if (data[key] === value) return;
        data[key] = value;
        tell(`change:${key}`, model, value);
        tell("change", model);
      },
      save_changes: () => {},
      send: () => {},
      on: (name, f) => listeners.set(name, [...(listeners.get(name) || []), f]),
      off: (name, f) =>
        listeners.set(name, f ? (listeners.get(name) || []).filter((g) => g !== f) : []),
    };
    return model;
  };

  const mount = async (place) => {
    const data = JSON.parse(place.querySelector("script").textContent);
    globalThis.bpFigureData?.(data); // progress.js knows how far the reader is
    const model = modelOf(data);
    place.bpModel = model; // by which a loop in the page's Python lets its figure grow
    const { default: made } = await load(place.dataset.module);
    const widget = typeof made === "function" ? await made() : made;
    await widget.initialize?.({ model });
    await widget.render?.({ model, el: place });
    place.dataset.mounted = "";
  };

  /** Mount a figure; one that cannot be loaded leaves its picture. */
  globalThis.bpMount = (place) =>
    mount(place).catch((error) => {
      console.error(error);
      const still = place.querySelector("noscript");
      if (still) place.innerHTML = still.textContent;
    });

  const start = async () => {
    await Promise.all([...document.querySelectorAll(".bp-figure")].map(globalThis.bpMount));
    document.documentElement.dataset.figures = "ready";
  };

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
