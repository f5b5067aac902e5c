"""The page draws a figure from its form and its numbers, kept apart: the picture is the same as Vega-Lite's own of the whole."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from labs_py import lab

ROOT = Path(__file__).parents[1]
NODE = Path(sys.executable).with_name("node")

# Draws each specification twice: as a whole, and as the page does it, after a figure of the same form if there was one.
COMPARE = """
import { readFileSync } from "node:fs";
import { compile } from "vega-lite";
import { logger, parse, View, Error as ErrorsOnly } from "vega";
import { svg } from "ROOT/docs/assets/charts.source.js";
import { apart, withSignals } from "ROOT/docs/assets/figure-form.js";

const plain = (text) => text.replace(/live-\\d+-/g, "").replace(/(clip|gradient)_?\\d+/g, "$1");
const compiled = (spec) => compile(spec, { logger: logger(ErrorsOnly) }).spec;
const forms = new Set();
const different = [];
const whole = [];
const specs = JSON.parse(readFileSync(0, "utf8"));
for (const [index, spec] of specs.entries()) {
  const sized = { ...spec, width: 340 };
  const { form, domains } = apart(sized);
  forms.add(JSON.stringify(form));
  if (!withSignals(compiled(form), domains)) whole.push(index);
  const direct = new View(parse(compiled(structuredClone(sized))), { renderer: "none", logLevel: ErrorsOnly });
  if (plain(await direct.toSVG()) !== plain(await svg(spec, 340))) different.push(index);
}
console.log(JSON.stringify({ drawn: specs.length, forms: forms.size, different, whole }));
""".replace("ROOT", ROOT.as_posix())


def compared(specs: list[Any], folder: Path) -> dict[str, Any]:
    """What COMPARE finds."""
    (folder / "compare.mjs").write_text(COMPARE)
    environment = os.environ | {
        "NODE_PATH": str(ROOT / "node_modules"),
        "PATH": f"{NODE.parent}{os.pathsep}{os.environ['PATH']}",
    }
    bundled = folder / "bundled.mjs"
    options = ["--bundle", "--format=esm", "--platform=node", "--log-level=warning", f"--outfile={bundled}"]
    esbuild = ROOT / "node_modules" / ".bin" / "esbuild"
    subprocess.run([esbuild, folder / "compare.mjs", *options], env=environment, check=True)
    done = subprocess.run([NODE, bundled], input=json.dumps(specs), capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def figures(name: str, arguments: dict[str, str]) -> list[Any]:
    return [figure.spec for figure in lab.load(name).report(arguments).figures]


def test_every_lab_is_drawn_as_a_whole_would_be(tmp_path: Path) -> None:
    specs = [spec for name in lab.names() for spec in figures(name, {})]
    found = compared(specs, tmp_path)
    assert (found["drawn"], found["different"], found["whole"]) == (len(specs), [], [])


def test_a_form_serves_other_numbers_too(tmp_path: Path) -> None:
    moves = [{"placement": "value", "round_trip_ms": str(step / 10)} for step in range(10, 18)]
    specs = [spec for move in moves for spec in figures("hop_latency", move)]
    found = compared(specs, tmp_path)
    assert (found["drawn"], found["different"]) == (16, [])
    assert found["forms"] <= 4


def test_domains_of_every_kind_are_drawn_as_a_whole_would_be(tmp_path: Path) -> None:
    def spec(mark: str, domain: list[float]) -> dict[str, Any]:
        x = {"field": "x", "type": "quantitative", "scale": {"domain": domain}}
        y = {"field": "y"}
        return {"data": {"values": [{"x": 3, "y": "a"}]}, "mark": mark, "encoding": {"x": x, "y": y}}

    domains = [[0, 5], [5, 0], [-5, 0], [0, -5], [-3, 4], [4, -3], [2, 5], [5, 2], [-5, -2], [-2, -5], [1, 1], [0, 5.5]]
    specs = [spec(mark, domain) for mark in ("bar", "point") for domain in domains]
    found = compared(specs, tmp_path)
    assert (found["drawn"], found["different"]) == (24, [])


def test_a_domain_that_goes_elsewhere_than_into_a_scale_is_compiled_with_its_numbers(tmp_path: Path) -> None:
    def layer(domain: list[float]) -> dict[str, Any]:
        x = {"field": "x", "type": "quantitative", "scale": {"domain": domain}}
        return {"mark": "point", "encoding": {"x": x}}

    spec = {"data": {"values": [{"x": 3}]}, "layer": [layer([0, 5]), layer([1, 9])]}
    found = compared([spec], tmp_path)
    assert (found["different"], found["whole"]) == ([], [0])
