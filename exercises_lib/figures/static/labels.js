// Labels that stand where nothing covers them.

/** Estimate a text's width: measuring would force a layout for each label. */
export const textWidth = (text, size) => [...String(text)].length * size * 0.6;

/** How much of a box [left, top, right, bottom] the taken ones cover. */
export const overlap = (taken, box) =>
  taken.reduce(
    (sum, [left, top, right, bottom]) =>
      sum +
      Math.max(0, Math.min(right, box[2]) - Math.max(left, box[0])) *
        Math.max(0, Math.min(bottom, box[3]) - Math.max(top, box[1])),
    0,
  );

/** The first of some places [x, y] where a label hides least; its box is taken then. */
export const freePlace = (taken, places, [wide, high], room) => {
  let best = null;
  places.forEach(([x, y], order) => {
    const box = [x - wide / 2, y - high / 2, x + wide / 2, y + high / 2];
    const outside = room && (box[0] < 0 || box[2] > room ? 1e3 : 0);
    const cost = overlap(taken, box) + (outside || 0) + order * 0.1;
    if (!best || cost < best.cost) best = { x, y, box, cost };
  });
  taken.push(best.box);
  return best;
};
