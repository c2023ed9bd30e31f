// The films on the light box: one, current beside prior, or three planes of a volume; what is linked moves together.

import { displayOf, dragged, reset } from "./display.js";
import { all, one, svg } from "./dom.js";
import { Film } from "./film.js";
import { placed, voxel, whole, zoomed } from "./geometry.js";
import { attach } from "./gestures.js";
import { clear, lit, placeOf } from "./light.js";
import { tellError } from "./notices.js";
import * as overlays from "./overlays.js";
import { linked, opacity, overlayMode, values } from "./preferences.js";
import * as rulers from "./rulers.js";
import { signal } from "./signal.js";

export const tool = signal("window");
export const layout = signal("single");
export const active = signal(null);
export const stageChanged = signal(0);
const changed = () => stageChanged.set(stageChanged.get() + 1);

const FILMS = { single: 1, pair: 2, mpr: 3 };
const AXES = ["axial", "coronal", "sagittal"];
let study = null,
  cross = { i: 0, j: 0, k: 0 };
const films = [];

export const shown = () => films.slice(0, FILMS[layout.get()]);
export const images = () => study?.images || [];
// Whether a film has to say whether it is the current one.
const alone = () => new Set(images().map((image) => image.role)).size < 2;
export const hasPrior = () => images().some((image) => image.role === "prior");
const isVolume = (image) => image.axes.length > 1;

const told = {
  changed: (film) => {
    film.found = [];
    film.overlays.replaceChildren();
    film.labels.replaceChildren();
    overlays.load(film).catch(tellError);
    changed();
  },
  drawn: (film) => {
    overlays.labelled(film);
    rulers.show(film);
    drawCross(film);
  },
  failed: tellError,
  alone: () => alone(),
};

const acts = {
  tool: () => (tool.get() === "cross" && layout.get() !== "mpr" ? "window" : tool.get()),
  chosen: (film) => {
    if (active.get() !== film) active.set(film);
  },
  level(film, across, down, done) {
    dragged(film.display, film.image, across, down, film.width);
    repaint(film.image, !done);
  },
  view: (film, view) => setView(film, view),
  step: (film, by) => step(film, by),
  cross(film, x, y) {
    if (layout.get() !== "mpr") return;
    const [column, row] = film.map.toImage(x, y);
    setCross(voxel(film.axis, column, row, film.plane, film.image.shape_by_axis), film);
  },
  measure: rulers,
  pressed(film, x, y) {
    if (tool.get() === "ruler" || tool.get() === "cross") return;
    const found = overlays.outlineAt(film, x, y);
    if (found) film.node.dispatchEvent(new CustomEvent("overlaychosen", { bubbles: true, detail: found.evidence }));
  },
  undone: (film) => setView(film, film.view.zoom > 1.01 ? whole() : { ...film.view, zoom: 2 }),
};

export function begin(box) {
  for (let index = 0; index < 3; index += 1) {
    const film = new Film(told);
    attach(film, acts);
    film.node.addEventListener("focus", () => acts.chosen(film));
    film.node.addEventListener("keydown", (event) => keyed(film, event));
    films.push(film);
    box.append(film.node);
  }
  active.watch((film) => {
    for (const each of films) each.node.classList.toggle("chosen", each === film);
  });
  const again = () => {
    for (const film of shown()) if (film.image) overlays.light(film);
  };
  for (const each of [lit, opacity, overlayMode, values]) each.watch(again, { now: false });
  lit.watch(() => reveal(), { now: false });
}

export const relight = () => {
  for (const film of shown()) if (film.image) overlays.light(film);
};

export function reload() {
  overlays.labelsSeen.set([]);
  for (const film of shown()) if (film.image && film.pixels) overlays.load(film).catch(tellError);
}

export function open(next) {
  study = next;
  overlays.labelsSeen.set([]);
  const first = images().find((image) => image.role === "current") || images()[0];
  one("#stage").classList.toggle("empty", !first);
  if (!first) {
    for (const film of films) Object.assign(film, { image: null, pixels: null });
    changed();
    return;
  }
  active.set(films[0]);
  films[0].set(study.id, first, first.axes[0], Math.floor(planes(first) / 2), displayOf(study.id, first));
  arrange(hasPrior() ? "pair" : "single");
}

const planes = (image) => image.shape_by_axis[image.axes[0]].planes;

export function arrange(next) {
  if (!study || !images().length) return;
  const first = films[0].image;
  if (next === "mpr" && !isVolume(first)) next = "single";
  if (next === "pair" && images().length < 2) next = "single";
  layout.set(next);
  one("#films").dataset.layout = next;
  films.forEach((film, index) => {
    film.node.hidden = index >= FILMS[next];
  });
  if (next === "pair") {
    const prior =
      images().find((image) => image.role === "prior" && image !== first) || images().find((image) => image !== first);
    films[1].set(study.id, prior, prior.axes[0], Math.floor(planes(prior) / 2), displayOf(study.id, prior));
    if (linked.get()) films[1].view = { ...films[0].view };
  }
  if (next === "mpr") {
    const { columns, rows, planes: depth } = first.shape_by_axis.axial;
    cross = { i: columns >> 1, j: rows >> 1, k: films[0].axis === "axial" ? films[0].plane : depth >> 1 };
    AXES.forEach((axis, index) =>
      films[index].set(study.id, first, axis, placed(axis, cross, depth).plane, displayOf(study.id, first)),
    );
    tool.set("cross");
  } else if (isVolume(first) && films[0].axis !== "axial" && next === "pair") {
    films[0].set(study.id, first, "axial", films[0].plane, displayOf(study.id, first));
  }
  if (next !== "mpr" && tool.get() === "cross") tool.set("window");
  if (!shown().includes(active.get())) active.set(films[0]);
  for (const film of shown()) film.redraw();
  changed();
}

// An image by its id on the chosen film.
export function choose(id, film = active.get() || films[0]) {
  const image = images().find((each) => each.id === id);
  if (!image) return;
  if (layout.get() === "mpr") {
    films[0].set(study.id, image, image.axes[0], Math.floor(planes(image) / 2), displayOf(study.id, image));
    arrange(isVolume(image) ? "mpr" : "single");
    return;
  }
  film.set(study.id, image, image.axes[0], Math.floor(planes(image) / 2), displayOf(study.id, image));
  changed();
}

export function setAxis(axis) {
  const film = active.get();
  if (layout.get() === "mpr" || !film) return;
  film.set(study.id, film.image, axis, Math.floor(film.image.shape_by_axis[axis].planes / 2), film.display);
  changed();
}

function setView(film, view) {
  const together = linked.get() && layout.get() === "pair";
  for (const each of together ? shown() : [film]) {
    each.view = { ...view };
    each.redraw();
  }
}

export function repaint(image, rough = false) {
  for (const film of shown()) if (film.image === image) film.repaint(rough);
  if (!rough) changed();
}

export function step(film, by) {
  if (!film.image || !film.step(by)) return;
  if (layout.get() === "mpr") {
    setCross({ ...cross, [{ axial: "k", coronal: "j", sagittal: "i" }[film.axis]]: film.plane }, film);
  } else if (layout.get() === "pair" && linked.get()) {
    const other = shown().find((each) => each !== film);
    if (other?.image && other.shape.planes > 1) {
      const share = film.shape.planes > 1 ? film.plane / (film.shape.planes - 1) : 0;
      other.step(Math.round(share * (other.shape.planes - 1)) - other.plane);
    }
  }
  changed();
}

function setCross(next, from) {
  cross = next;
  for (const film of shown()) {
    const { plane } = placed(film.axis, cross, film.image.shape_by_axis.axial.planes);
    if (film !== from && plane !== film.plane) film.step(plane - film.plane);
    film.redraw();
  }
  changed();
}

function drawCross(film) {
  if (layout.get() !== "mpr" || !shown().includes(film)) {
    film.cross.replaceChildren();
    return;
  }
  const at = placed(film.axis, cross, film.image.shape_by_axis.axial.planes);
  const [x, y] = film.map.toScreen(at.x, at.y);
  const others = { axial: ["sagittal", "coronal"], coronal: ["sagittal", "axial"], sagittal: ["coronal", "axial"] }[film.axis];
  const gap = 14;
  const lines = [
    [others[0], x, 0, x, y - gap],
    [others[0], x, y + gap, x, film.height],
    [others[1], 0, y, x - gap, y],
    [others[1], x + gap, y, film.width, y],
  ];
  film.cross.replaceChildren(...lines.map(([axis, x1, y1, x2, y2]) => svg("line", { class: `of-${axis}`, x1, y1, x2, y2 })));
}

// Brings what is lit into sight: its image onto a film, its plane to the front.
function reveal() {
  const { direct, by, pointed } = lit.get();
  if (!by || pointed || !direct.size || !study) return;
  const place = placeOf(direct);
  if (!place || !images().some((image) => image.id === place.image)) return;
  let film = shown().find((each) => each.image?.id === place.image);
  if (!film) {
    film = layout.get() === "pair" && images().find((image) => image.id === place.image)?.role === "prior" ? films[1] : films[0];
    choose(place.image, film);
  }
  if (
    place.plane !== null &&
    film.shape.planes > 1 &&
    film.axis !== "coronal" &&
    film.axis !== "sagittal" &&
    film.plane !== place.plane
  ) {
    step(film, place.plane - film.plane);
  }
}

const STEPS = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10, ArrowLeft: -1, ArrowRight: 1 };

function keyed(film, event) {
  if (event.target !== film.node || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key in STEPS && film.shape.planes > 1) step(film, STEPS[event.key]);
  else if (event.key === "Enter" && tool.get() === "ruler") rulers.place(film);
  else if (event.key === "+" || event.key === "=") zoomBy(1.25);
  else if (event.key === "-") zoomBy(0.8);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

const on = (act) => {
  const film = active.get();
  if (film?.image) act(film);
};

export const zoomBy = (factor) =>
  on((film) => setView(film, zoomed(film.shape, film.view, film.width, film.height, factor, film.width / 2, film.height / 2)));
export const actual = () => on((film) => setView(film, { ...film.view, zoom: 1 / film.map.fit }));
export const fit = () => on((film) => setView(film, whole()));
export const invert = () =>
  on((film) => {
    film.display.invert = !film.display.invert;
    repaint(film.image);
  });
export const stepActive = (by) => on((film) => step(film, by));
export const windowTo = (low, high, name) =>
  on((film) => {
    Object.assign(film.display, { low, high, name });
    repaint(film.image);
  });
export const levelBy = (across, down) => on((film) => acts.level(film, across, down, true));
export const back = () =>
  on((film) => {
    reset(study.id, film.image);
    setView(film, whole());
    rulers.clearAll(film);
    repaint(film.image);
  });

export function fullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else one("#stage").requestFullscreen().catch(tellError);
}

export function unlit() {
  clear();
  for (const node of all(".overlay.lit")) node.classList.remove("lit");
}
