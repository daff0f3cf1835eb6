"""The widgets: the same bytes every time, nothing heavy before it is needed."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from exercises_lib import figures
from exercises_lib.figures import palette
from exercises_lib.figures.widget import STATIC, stable, styles

STATE = """
import hashlib, json
from exercises_lib import figures
from exercises_lib.nn import Value
made = [figures.price_slider(), figures.optimiser_race(), figures.activation_histograms(),
        figures.graph_player((Value(3.0, "x") * Value(2.0, "y")).named("z"), title="T")]
state = [[widget.model_id, widget.layout.model_id, widget.get_state()] for widget in made]
print(hashlib.sha256(json.dumps(state, sort_keys=True, default=str).encode()).hexdigest())
"""


def python(code: str) -> str:
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return run.stdout.strip()


def test_the_styles_touch_nothing_outside_a_figure():
    classes = set(re.findall(r"\.([A-Za-z][\w-]*)", styles()))
    assert len(classes) > 50
    assert {
        name for name in classes if not name.startswith("bp-")
    } == set()  # .bp is Pygments' self
    rules = re.findall(r"^[^{}@/]+(?=\{)", styles(), re.MULTILINE)
    assert [rule for rule in rules if ".bp-" not in rule and rule.strip()] == []


def test_colours_are_the_same_in_python_styles_and_scripts():
    day, night = (dict(re.findall(r"--bp-([\w-]+): (#\w{6});", block)) for block in themes())
    assert day.keys() == night.keys()
    assert [day["value"], day["gradient"], day["neutral"]] == [
        palette.VALUE,
        palette.GRADIENT,
        palette.NEUTRAL,
    ]
    assert [day["ink"], day["paper"], day["second"]] == [
        palette.INK,
        palette.PAPER,
        palette.NEGATIVE,
    ]
    series = [day[name] for name in ("value", "second", "third", "fourth", "fifth", "neutral")]
    assert series == palette.SERIES
    script = (STATIC / "palette.js").read_text(encoding="utf-8")
    painted = dict(re.findall(r"export const ([A-Z]+) = \[(.*)\];", script))
    as_hex = {
        name: "#" + "".join(f"{int(channel):02x}" for channel in channels.split(","))
        for name, channels in painted.items()
    }
    assert as_hex == {"VALUE": palette.VALUE, "NEGATIVE": palette.NEGATIVE}


def themes() -> list[str]:
    """The blocks of figures.css that set the colours: by day, by night."""
    return re.findall(r"\{[^}]*--bp-value:[^}]*\}", styles())


def test_every_import_names_what_the_other_file_exports():
    for path in STATIC.glob("*.js"):
        text = path.read_text(encoding="utf-8")
        for names, other in re.findall(r'import \{([^}]*)\} from "\./(\w+)\.js";', text):
            exported = (STATIC / f"{other}.js").read_text(encoding="utf-8")
            for name in filter(None, map(str.strip, names.split(","))):
                assert f"export const {name} " in exported, (path.name, name)


def test_importing_the_figures_loads_neither_matplotlib_nor_widgets():
    heavy = python(
        "import sys, exercises_lib.figures\n"
        "heavy = ('matplotlib', 'anywidget', 'ipywidgets', 'IPython')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    assert heavy == "[]"


def test_two_runs_make_the_same_ids_and_the_same_state():
    assert python(STATE) == python(STATE)


def test_the_same_figure_is_one_widget_and_another_is_another():
    assert figures.price_slider() is figures.price_slider()
    ids = {
        figures.price_slider().model_id,
        figures.price_slider(count=3).model_id,
        figures.price_slider(name="second").model_id,
    }
    assert len(ids) == 3


def test_a_closed_figure_can_be_shown_again():
    first = figures.price_slider(name="to be closed")
    first.close()
    again = figures.price_slider(name="to be closed")
    assert again is not first
    assert again.comm is not None


def test_every_figure_brings_a_view_a_text_and_a_picture(all_figures):
    for widget in all_figures.values():
        data, metadata = widget._repr_mimebundle_()
        assert set(data) == {
            "text/plain",
            "application/vnd.jupyter.widget-view+json",
            "image/png",
        }
        assert data["text/plain"] == repr(widget)
        assert data["image/png"].startswith(b"\x89PNG")
        assert metadata["image/png"]["width"] > 200


def test_pictures_can_be_turned_off_where_nobody_looks(monkeypatch):
    monkeypatch.setenv("BACKPROP_PICTURES", "off")
    data, _ = figures.price_slider()._repr_mimebundle_()
    assert "image/png" not in data


def test_the_text_of_a_figure_says_what_it_is(apples):
    widget = figures.graph_player(apples(), title="Two apples")
    assert repr(widget) == "<graph player: Two apples>"


def test_the_state_is_plain_json(all_figures):
    for widget in all_figures.values():
        json.dumps(widget.spec, allow_nan=False)


def test_each_script_is_one_small_module(all_figures):
    for widget in all_figures.values():
        script = str(widget._esm)
        assert script.count("export default") == 1
        assert "import " not in script.replace("@import", "")
        assert len(script) < 44_000


def test_rounding_hides_the_last_bits_only():
    assert stable({"a": [0.1 + 0.2, -0.0, 2.0, float("inf")], "b": True, "c": None}) == {
        "a": [0.3, 0.0, 2, None],
        "b": True,
        "c": None,
    }


def test_live_training_grows_and_begins_again_when_shown_again():
    live = figures.live_training(4, name="test")
    live(1, {"loss": [2.0, 1.0], "test_accuracy": [0.5]})
    assert live.figure.spec["epoch"] == 1
    assert [curve["panel"] for curve in live.figure.spec["curves"]] == ["loss", "accuracy"]
    assert figures.live_training(4, name="test").figure.spec["curves"] == []


def test_live_training_keeps_long_histories_short():
    live = figures.live_training(2, name="long")
    live(1, {"loss": [1.0] * 10_000})
    assert len(live.figure.spec["curves"][0]["values"]) <= 210


def test_a_wrong_weight_matrix_is_refused_with_its_shape():
    with pytest.raises(ValueError, match=r"\(10, 3\).*8 × 8.*64 rows"):
        figures.first_layer_weights([[0.0] * 3] * 10)


def test_an_unknown_activation_is_refused():
    with pytest.raises(ValueError, match="softplus"):
        figures.activation_explorer("softplus")
