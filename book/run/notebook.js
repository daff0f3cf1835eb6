// The reader's notebook: the chapter with their answers in its cells, out of the page and back.

const sourceOf = ({ source }) => (Array.isArray(source) ? source.join("") : String(source ?? ""));
const asLines = (text) => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
/** A cell's name; Colab keeps it only where nbgrader has it, too. */
const nameOf = (cell) => cell.metadata?.nbgrader?.grade_id ?? cell.id ?? "";

/** Write the answers of a form into the blanks of its cell: `"dx": None` becomes `"dx": 2.5`. */
export const fill = (source, values) =>
  Object.entries(values).reduce((text, [name, value]) => {
    const blank = new RegExp(`("${name}":\\s*)[^,}\\n]+`);
    return value === null ? text : text.replace(blank, (_, before) => before + value);
  }, source);

/** Read the blanks of a cell; a blank that is still None is left out. */
export const blanks = (source) =>
  Object.fromEntries(
    [...source.matchAll(/"(\w+)":\s*([^,}\n]+)/g)]
      .map(([, name, value]) => [name, value.trim().replace(/^(["'])(.*)\1$/, "$2")])
      .filter(([, value]) => value !== "None"),
  );

/**
 * Put answers into the chapter as it was handed out.
 * @param {object} notebook
 * @param {Record<string, string>} cells source by the cell's name
 * @param {Record<string, Record<string, string|null>>} forms values as Python, by the cell's name
 */
export const withAnswers = (notebook, cells, forms) => ({
  ...notebook,
  cells: notebook.cells.map((cell) => {
    const name = nameOf(cell);
    if (name in cells) return { ...cell, source: asLines(cells[name]) };
    if (name in forms) return { ...cell, source: asLines(fill(sourceOf(cell), forms[name])) };
    return cell;
  }),
});

/**
 * Read a notebook that a reader brings.
 * @param {string} text the file
 * @param {string} chapter the page's chapter, two digits
 * @returns {Map<string, string>} the source of each code cell by its name
 * @throws {Error} whose message is a sentence for the reader
 */
export const read = (text, chapter) => {
  let notebook;
  try {
    notebook = JSON.parse(text);
  } catch {
    throw new Error("This file is not a notebook.");
  }
  if (!Array.isArray(notebook?.cells)) throw new Error("This file is not a notebook.");
  const code = notebook.cells.filter((cell) => cell?.cell_type === "code");
  const found = new Map(code.map((cell) => [nameOf(cell), sourceOf(cell)]));
  const chapters = [...found.keys()].map((name) => /^ch(\d\d)-/.exec(name)?.[1]).filter(Boolean);
  if (!chapters.length)
    throw new Error("This notebook is not one of this course; nothing was changed.");
  if (!chapters.includes(chapter))
    throw new Error(
      `This is the notebook of chapter ${chapters[0]}, and this page is chapter ${chapter}. Load it there.`,
    );
  return found;
};
