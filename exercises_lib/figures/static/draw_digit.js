// Chapter 6: draw a digit, and watch a network read it, activations and all.

import { button, choice, frame, html, number, range, widget } from "./common.js";
import { digitFrom } from "./digit_data.js";
import { forward, networkOf, numbers, softmax } from "./network.js";
import { networkPicture } from "./network_picture.js";

const SIDE = 200; // the pad's own pixels

const mountDrawing = (el, spec) => {
  const parts = frame(el, spec, "drawing");
  const pad = html("canvas", {
    width: SIDE,
    height: SIDE,
    class: "bp-pad",
    role: "img",
    tabindex: 0,
    "aria-label": "A pad to draw a digit on; the keys 0 to 9 bring a digit of the data set",
  });
  const small = html("canvas", { width: 8, height: 8, class: "bp-pixels bp-small", role: "img" });
  const picture = html("div", { class: "bp-plot" });
  parts.stage.append(
    html(
      "div",
      { class: "bp-split bp-draw-split" },
      html(
        "div",
        { class: "bp-pads" },
        html("div", {}, pad, html("p", { class: "bp-remark" }, "Draw here")),
        html("div", {}, small, html("p", { class: "bp-remark" }, "What the network sees")),
      ),
      picture,
    ),
  );
  const own = networkOf(spec.net);
  const samples = numbers(spec.samples);
  let net = own;
  let strokes = [];
  let pixels = samples.slice(0, 64);
  let shown = spec.labels[0];
  let drawn = null;
  let picked = null;
  let pen = false;

  const ink = () => getComputedStyle(parts.root).getPropertyValue("--bp-ink");
  const paintPad = () => {
    const context = pad.getContext("2d");
    context.clearRect(0, 0, SIDE, SIDE);
    Object.assign(context, {
      lineWidth: 15,
      lineCap: "round",
      lineJoin: "round",
      strokeStyle: ink(),
    });
    for (const stroke of strokes) {
      context.beginPath();
      stroke.forEach(([x, y], at) => (at ? context.lineTo(x, y) : context.moveTo(x, y)));
      if (stroke.length === 1) context.lineTo(stroke[0][0] + 0.1, stroke[0][1]);
      context.stroke();
    }
  };
  const paintSmall = () => {
    const context = small.getContext("2d");
    const image = context.createImageData(8, 8);
    pixels.forEach((v, at) => image.data.set([...Array(3).fill(255 * (1 - v)), 255], at * 4));
    context.putImageData(image, 0, 0);
    small.setAttribute("aria-label", "The 8 × 8 pixels that the network gets");
  };
  const read = () => {
    paintPad();
    paintSmall();
    const outputs = forward(net, pixels, 1);
    drawn?.show({ outputs, picked });
    if (picked) {
      parts.say(drawn.describe(...picked, { outputs }));
      return;
    }
    const p = softmax(outputs.at(-1), 10);
    const [first, second] = range(10).sort((a, b) => p[b] - p[a]);
    const rounded = number(p[first], 3);
    const sure = rounded === "1" ? "above 0.999" : rounded; // a softmax never says 1
    const what = strokes.length ? "Your drawing" : `A ${shown} of the test set`;
    parts.say(
      `${what}: the network says ${first}, with probability ${sure}; ` +
        `next comes ${second}, with ${number(p[second], 2)}.`,
    );
  };
  const draw = (width) => {
    drawn = networkPicture({
      net,
      width,
      height: 300,
      names: { outputs: range(10).map(String) },
      label: "The network that reads",
      onPick: (column, node) => {
        picked = [column, node];
        read();
      },
    });
    picture.replaceChildren(drawn.picture);
    read();
  };
  const changed = () => {
    picked = null;
    if (strokes.length) pixels = digitFrom(strokes);
    read();
  };

  const at = (event) => {
    const { left, top, width } = pad.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top].map((v) => (v * SIDE) / width);
  };
  pad.addEventListener("pointerdown", (event) => {
    pen = true;
    pad.setPointerCapture(event.pointerId);
    strokes.push([at(event)]);
    changed();
    event.preventDefault();
  });
  pad.addEventListener("pointermove", (event) => {
    if (!pen) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) strokes.at(-1).push(at(each));
    changed();
  });
  for (const kind of ["pointerup", "pointercancel"])
    pad.addEventListener(kind, () => {
      pen = false;
    });
  const bring = (sample) => {
    strokes = [];
    shown = spec.labels[sample];
    pixels = samples.slice(sample * 64, sample * 64 + 64);
    changed();
  };
  let turn = 0;
  const another = () => {
    turn = (turn + 1) % spec.labels.length;
    bring(turn);
  };
  pad.addEventListener("keydown", (event) => {
    const wanted = spec.labels.indexOf(Number(event.key));
    if (event.key === " " || wanted < 0) return;
    bring(wanted);
    event.preventDefault();
    event.stopPropagation();
  });
  const clear = () => {
    strokes = [];
    pixels = new Float64Array(64);
    changed();
    parts.say("The pad is empty. Draw a digit, large and in one go.");
  };
  parts.controls.append(
    html(
      "div",
      { class: "bp-bar" },
      button("Clear", "Clear the pad", clear, { class: "bp-button bp-main" }),
      button("A digit of the test set", null, another),
    ),
  );
  const note = html("p", { class: "bp-remark" }, spec.remark);
  // A network that was trained in this page can read, too: train_digits.js leaves it here.
  let using = "own";
  const use = (which) => {
    using = which;
    net = (which === "page" && globalThis.bpDigitNetwork) || own;
    parts.redraw(picture);
    if (which === "page" && net === own)
      parts.say("There is none yet: train one in the figure where a network is trained.");
  };
  const readers = [
    ["own", spec.whose],
    ["page", "the one trained in this page"],
  ];
  if (spec.whose) parts.controls.append(choice("Read by", readers, using, use).element);
  const offer = () => using === "page" && use(using);
  document.addEventListener("bp-digit-network", offer);
  parts.controls.append(note);
  parts.fit(picture, draw);
  return {
    destroy: () => {
      document.removeEventListener("bp-digit-network", offer);
      parts.destroy();
    },
  };
};

export default widget(mountDrawing);
