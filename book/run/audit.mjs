// node audit.mjs KIT [CHAPTER …]: the course's own audit in the Python of the book's pages. Prints a
// line of JSON for each exercise.
import { readFileSync } from "node:fs";
import { boot, SITE } from "./boot.mjs";

const [kit, ...names] = process.argv.slice(2);
const python = await boot(kit);
python.setStdout({ batched: (text) => console.log(text) });
// The audit is the author's and does not come with the pages.
const home = `${SITE}/exercises_lib/course`;
python.FS.mkdirTree(home);
for (const name of ["__init__.py", "audit.py"])
  python.FS.writeFile(
    `${home}/${name}`,
    readFileSync(new URL(`../../exercises_lib/course/${name}`, import.meta.url)),
  );
python.globals.set("names", python.toPy(names));
try {
  python.runPython(`
import json
from exercises_lib import exercises
from exercises_lib.in_page.kernel import start

start(lambda message: None)
from exercises_lib.course.audit import audit
for name in names:
    asked = [exercises.get(name)] if "." in name else exercises.chapter_exercises(name)
    for exercise in asked:
        found = audit(exercise)
        print(json.dumps({
            "id": exercise.id, "right": found.right, "accepted": found.accepted,
            "rejected": found.rejected, "named": found.named,
            "faults": found.faults, "skipped": found.skipped,
        }), flush=True)
`);
} catch (error) {
  console.error(String(error));
  process.exit(1);
}
