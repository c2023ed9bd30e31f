// Outlines of the evidence over a film: boxes, masks and lines, lit with the sentences that stand on them.

import { get } from "./api.js";
import { el, one, svg } from "./dom.js";
import { place } from "./labels.js";
import { colourOfLabel, lit, point } from "./light.js";
import { opacity, overlayMode, values } from "./preferences.js";
import { signal } from "./signal.js";

const MOST = 6;
const kept = new Map();
export const hiddenLabels = new Set();
export const labelsSeen = signal([]);
let source = null;

// Whose evidence is drawn: {chat} or {run}; forgets what was fetched, since a new turn brings new outlines.
export function drawFor(next) {
  source = next;
  kept.clear();
}

async function fetched(film) {
  if (!source) return [];
  const words = { study: film.study, image: film.image.id, axis: film.axis, plane: film.plane, ...source };
  const key = JSON.stringify(words);
  if (!kept.has(key)) {
    kept.set(key, get(["overlays"], words));
    if (kept.size > 400) kept.delete(kept.keys().next().value);
  }
  try {
    return await kept.get(key);
  } catch (error) {
    kept.delete(key);
    throw error;
  }
}

export async function load(film) {
  const { plane, image, axis } = film;
  const found = await fetched(film);
  if (film.plane !== plane || film.image !== image || film.axis !== axis) return;
  film.found = found;
  film.overlays.replaceChildren(...found.map((overlay) => outline(film, overlay)));
  labelsSeen.set([...new Set([...labelsSeen.get(), ...found.map((each) => each.label || each.kind)])]);
  light(film);
  labelled(film);
}

const named = (overlay) => `${overlay.label || overlay.kind} · ${overlay.evidence.join(", ")}`;

function outline(film, overlay) {
  const node = svg(
    "path",
    {
      class: `overlay k-${overlay.kind} ${colourOfLabel(overlay.label || overlay.kind)}`,
      d: overlay.path,
      "fill-rule": "evenodd",
    },
    svg("title"),
  );
  one("title", node).textContent = [named(overlay), ...overlay.measurements.map((each) => `${each.name} ${each.text}`)].join(
    "\n",
  );
  node.dataset.evidence = overlay.evidence.join(" ");
  node.dataset.label = overlay.label || overlay.kind;
  node.addEventListener("pointerenter", () => point(overlay.evidence));
  node.addEventListener("pointerleave", () => point(null));
  return node;
}

// The smallest outline at a point of the film, or null.
export function outlineAt(film, x, y) {
  const [column, row] = film.map.toImage(x, y);
  const near = 5 / film.map.across;
  const point = new DOMPoint(column, row);
  const area = (node) => {
    const box = node.getBBox();
    return box.width * box.height;
  };
  const hits = [...film.overlays.children].filter((node) => {
    if (node.classList.contains("away") || getComputedStyle(node).display === "none") return false;
    if (!node.classList.contains("k-line")) return node.isPointInFill(point);
    const box = node.getBBox();
    return column > box.x - near && column < box.x + box.width + near && row > box.y - near && row < box.y + box.height + near;
  });
  const found = hits.sort((one, two) => area(one) - area(two))[0];
  return found ? film.found.find((each) => each.path === found.getAttribute("d")) : null;
}

export function light(film) {
  const { direct, source: from, by, pointed } = lit.get();
  const active = Boolean((by && direct.size) || pointed);
  film.node.classList.toggle("has-active", active);
  film.node.dataset.outlines = overlayMode.get();
  film.node.style.setProperty("--opacity", String(opacity.get()));
  for (const node of film.overlays.children) {
    const ids = node.dataset.evidence.split(" ");
    const hit = ids.some((id) => direct.has(id));
    node.classList.toggle("lit", hit);
    node.classList.toggle("source", !hit && ids.some((id) => from.has(id)));
    node.classList.toggle("away", hiddenLabels.has(node.dataset.label));
  }
  labelled(film);
}

// What was measured along a line is the measurement of its name; of an outline the first one is told.
function numberOf({ kind, label, measurements }) {
  const found = kind === "line" ? measurements.find((each) => label.includes(each.name)) : measurements[0];
  return found?.text || "";
}

// Names and numbers beside what is lit, once each, on the screen's own scale.
export function labelled(film) {
  const shown = [];
  if (values.get() && film.found && overlayMode.get() !== "none") {
    for (const node of film.overlays.children) {
      if (!node.classList.contains("lit") || node.classList.contains("away")) continue;
      const overlay = film.found.find((each) => each.path === node.getAttribute("d"));
      if (overlay) shown.push([node, overlay]);
    }
  }
  place(
    film,
    shown.slice(0, MOST).map(([, overlay]) => ({
      name: overlay.label || overlay.kind,
      number: numberOf(overlay),
      colour: colourOfLabel(overlay.label || overlay.kind),
      path: overlay.path,
      line: overlay.kind === "line",
    })),
  );
}

// The panel that shows and hides outlines.
export function overlayPanel(changed) {
  const modes = el(
    "div",
    { class: "choice", role: "group", "aria-label": "Which outlines" },
    ["all", "active", "none"].map((mode) =>
      el("button", {
        type: "button",
        "aria-pressed": "false",
        data: { mode },
        text: { all: "All", active: "Active", none: "None" }[mode],
        on: { click: () => overlayMode.set(mode) },
      }),
    ),
  );
  const slider = el("input", {
    type: "range",
    min: "0",
    max: "0.8",
    step: "0.02",
    value: String(opacity.get()),
    on: {
      input: (event) => {
        opacity.set(Number(event.target.value));
        changed();
      },
    },
  });
  const numbers = el("input", {
    type: "checkbox",
    checked: values.get(),
    on: {
      change: (event) => {
        values.set(event.target.checked);
        changed();
      },
    },
  });
  const list = el("ul", { class: "overlay-list" });
  labelsSeen.watch((labels) =>
    list.replaceChildren(
      ...labels.map((label) =>
        el(
          "li",
          {},
          el(
            "label",
            {},
            el("input", {
              type: "checkbox",
              checked: !hiddenLabels.has(label),
              on: {
                change: (event) => {
                  hiddenLabels[event.target.checked ? "delete" : "add"](label);
                  changed();
                },
              },
            }),
            el("span", { class: `swatch ${colourOfLabel(label)}` }),
            el("bdi", { text: label }),
          ),
        ),
      ),
    ),
  );
  overlayMode.watch((mode) => {
    for (const node of modes.children) node.setAttribute("aria-pressed", String(node.dataset.mode === mode));
    changed();
  });
  return el(
    "div",
    { class: "panel" },
    el("p", { class: "panel-title", text: "Outlines" }),
    modes,
    el("label", { class: "row" }, el("span", { text: "Filling" }), slider),
    el("label", { class: "row check" }, numbers, el("span", { text: "Names and numbers" })),
    list,
  );
}
