// A page of a book with deep zoom; the fields of an entry are outlined, and hovering links both ways.

const paper = document.getElementById("paper");
const width = Number(paper.dataset.width);
const height = Number(paper.dataset.height);
const outlines = JSON.parse(paper.dataset.outlines);
const SVG = "http://www.w3.org/2000/svg";

const viewer = OpenSeadragon({
  element: paper,
  tileSources: { type: "image", url: paper.dataset.picture, buildPyramid: true },
  showNavigationControl: false,
  animationTime: 0.3,
  maxZoomPixelRatio: 3,
  visibilityRatio: 0.5,
  drawer: "canvas",
  gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
});

viewer.addHandler("open", () => {
  paper.dataset.ready = "true";
  if (outlines.length === 0) return;
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.classList.add("outlines");
  for (const one of outlines) {
    const shape = document.createElementNS(SVG, "polygon");
    shape.setAttribute("points", one.points.map(([x, y]) => `${x * width},${y * height}`).join(" "));
    shape.dataset.key = one.key;
    const title = document.createElementNS(SVG, "title");
    title.textContent = one.title;
    shape.append(title);
    svg.append(shape);
  }
  viewer.addOverlay({ element: svg, location: new OpenSeadragon.Rect(0, 0, 1, height / width) });
  const xs = outlines.flatMap((one) => one.points.map(([x]) => x));
  const ys = outlines.flatMap((one) => one.points.map(([, y]) => (y * height) / width));
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const [wide, high] = [Math.max(...xs) - left, Math.max(...ys) - top];
  viewer.viewport.fitBounds(new OpenSeadragon.Rect(left - 0.01, top - 0.02, wide + 0.02, high + 0.04), true);
  for (const shape of svg.children) {
    shape.addEventListener("pointerenter", () => light(shape.dataset.key, true));
    shape.addEventListener("pointerleave", () => light(shape.dataset.key, false));
  }
});

function light(key, isOn) {
  const name = CSS.escape(key);
  document.querySelectorAll(`[data-key="${name}"]`).forEach((one) => one.classList.toggle("lit", isOn));
}

for (const row of document.querySelectorAll("tr[data-key]")) {
  row.tabIndex = 0;
  for (const [on, off] of [["pointerenter", "pointerleave"], ["focusin", "focusout"]]) {
    row.addEventListener(on, () => light(row.dataset.key, true));
    row.addEventListener(off, () => light(row.dataset.key, false));
  }
}
