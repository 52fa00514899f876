"""A headless Chromium, where the machine has one: pictures of pages, and what differs between two pictures."""

import json
import os
import re
import shutil
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Sequence
from html import unescape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.looks.fonts import config

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
"""None: there is none on this machine, and nothing needs one but pictures."""
_LONGEST = 120
_SCHEMES = {"dark": "0", "light": "1"}
_RESULT = re.compile(r'<pre id="result">(.*?)</pre>', re.DOTALL)
_LOADED = """<!doctype html><meta charset="utf-8"><pre id="result"></pre><script>
const pixels = image => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  const context = canvas.getContext("2d", {willReadFrequently: true});
  context.drawImage(image, 0, 0);
  return {canvas, width: canvas.width, height: canvas.height,
    data: context.getImageData(0, 0, canvas.width, canvas.height).data};
};
const load = source => new Promise((done, failed) => {
  const image = new Image();
  image.onload = () => done(image);
  image.onerror = failed;
  image.src = source;
});
Promise.all(SOURCES.map(load)).then(images => {
  document.getElementById("result").textContent = JSON.stringify((TASK)(images.map(pixels)));
});
</script>"""
_SMALL = "images => images.map(image => image.canvas.toDataURL('image/webp', 0.5))"
_DIFFERENCE = """([one, other]) => {
  if (one.width !== other.width || one.height !== other.height) return 1;
  const size = 8, columns = Math.floor(one.width / size), rows = Math.floor(one.height / size);
  let different = 0;
  for (let row = 0; row < rows; row++) for (let column = 0; column < columns; column++) {
    const sums = [0, 0, 0];
    for (let y = row * size; y < (row + 1) * size; y++) for (let x = column * size; x < (column + 1) * size; x++)
      for (let part = 0; part < 3; part++) {
        const at = 4 * (y * one.width + x) + part;
        sums[part] += one.data[at] - other.data[at];
      }
    if (sums.some(sum => Math.abs(sum) > 14 * size * size)) different++;
  }
  return different / (columns * rows);
}"""


def picture(page: str, scheme: str, size: tuple[int, int]) -> bytes:
    """A PNG of a page in a window of `size` (CSS pixels), in the `light` or `dark` colour scheme."""
    with TemporaryDirectory(prefix="looks-") as folder:
        file, made = Path(folder) / "page.html", Path(folder) / "page.png"
        file.write_text(page, encoding="utf-8")
        width, height = size
        window = f"--window-size={width},{height}"
        _run(folder, file, f"--screenshot={made}", window, f"--blink-settings=preferredColorScheme={_SCHEMES[scheme]}")
        return made.read_bytes()


def small(pictures: Sequence[bytes]) -> list[bytes]:
    """The same pictures as lossy WebP, a fraction of the size."""
    found: list[str] = _asked(_SMALL, pictures)
    return [b64decode(each.split(",", 1)[1]) for each in found]


def difference(now: bytes, before: bytes) -> float:
    """Which share of the area looks different: squares of 8 pixels whose mean colour is another. 1: other sizes."""
    found: float = _asked(_DIFFERENCE, [now, before])
    return found


def _asked(task: str, pictures: Sequence[bytes]) -> Any:
    sources = [f"data:image/{_kind(each)};base64,{b64encode(each).decode()}" for each in pictures]
    page = _LOADED.replace("SOURCES", json.dumps(sources)).replace("TASK", task)
    with TemporaryDirectory(prefix="looks-") as folder:
        file = Path(folder) / "page.html"
        file.write_text(page, encoding="utf-8")
        found = _RESULT.search(_run(folder, file, "--dump-dom"))
    assert found
    return json.loads(unescape(found[1]))


def _kind(picture: bytes) -> str:
    return "png" if picture.startswith(b"\x89PNG") else "webp"


def _run(folder: str, file: Path, *options: str) -> str:
    assert CHROMIUM
    usual = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=20000"]
    command = [CHROMIUM, *usual, f"--user-data-dir={folder}/profile", *options, file.as_uri()]
    around = {**os.environ, "FONTCONFIG_FILE": str(config(Path(folder)))}
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_LONGEST, env=around)
    return done.stdout
