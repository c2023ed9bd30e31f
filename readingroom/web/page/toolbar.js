// The tools above the films, and the films' planes and thumbnails below.

import { address } from "./api.js";
import { popover } from "./dialogs.js";
import { presetsFor } from "./display.js";
import { bdi, button, el } from "./dom.js";
import { icon } from "./icons.js";
import { overlayPanel } from "./overlays.js";
import { linked } from "./preferences.js";
import * as stage from "./stage.js";
import { session, study } from "./state.js";

const TOOLS = [
  ["window", "Window", "W"],
  ["pan", "Move", "P"],
  ["zoom", "Zoom", "Z"],
  ["ruler", "Ruler", "M"],
  ["cross", "Crosshair", "C"],
];
const LAYOUTS = [
  ["single", "One film", "1 film"],
  ["pair", "Current beside prior", "2 films"],
  ["mpr", "Three planes", "3 planes"],
];

const toolButton = (name, label, key, act) =>
  button(
    { class: "tool", "aria-label": `${label} (${key})`, title: `${label} · ${key}`, data: { name }, on: { click: act } },
    icon(name),
  );

function tools() {
  const nodes = TOOLS.map(([name, label, key]) => toolButton(name, label, key, () => stage.tool.set(name)));
  const show = () => {
    for (const node of nodes) {
      node.setAttribute("aria-pressed", String(node.dataset.name === stage.tool.get()));
      if (node.dataset.name === "cross") node.hidden = stage.layout.get() !== "mpr";
    }
  };
  stage.tool.watch(show);
  stage.layout.watch(show);
  return el("div", { class: "group", role: "group", "aria-label": "What dragging does" }, nodes);
}

function layouts() {
  const nodes = LAYOUTS.map(([name, label]) => toolButton(name, label, "L", () => stage.arrange(name)));
  const show = () => {
    const film = stage.shown()[0];
    const can = { single: true, pair: stage.images().length > 1, mpr: Boolean(film?.image && film.image.axes.length > 1) };
    for (const node of nodes) {
      node.setAttribute("aria-pressed", String(node.dataset.name === stage.layout.get()));
      node.disabled = !can[node.dataset.name];
    }
  };
  stage.stageChanged.watch(show);
  const link = toolButton("link", "Link films: zoom, place and plane", "K", () => linked.set(!linked.get()));
  linked.watch((on) => link.setAttribute("aria-pressed", String(on)));
  stage.layout.watch((now) => {
    link.hidden = now !== "pair";
  });
  return el("div", { class: "group", role: "group", "aria-label": "Films" }, nodes, link);
}

function presets() {
  const select = el("select", { "aria-label": "Window", on: { change: () => choose(select.value) } });
  const choose = (name) => {
    const film = stage.active.get();
    const found = session.get().windows.find((each) => each.name === name);
    if (found) stage.windowTo(found.low, found.high, `preset ${found.name}`);
    else if (name === "all") stage.windowTo(film.image.range[0], film.image.range[1], "whole range");
    else if (name === "own") stage.windowTo(film.image.window.low, film.image.window.high, film.image.window.name);
  };
  stage.stageChanged.watch(() => {
    const film = stage.active.get();
    if (!film?.image || !session.get()) return;
    const found = presetsFor(film.image, session.get().windows);
    const now = film.display.name;
    const rows = [
      ["own", "Own window"],
      ...found.map((each) => [each.name, each.name[0].toUpperCase() + each.name.slice(1)]),
      ["all", "Whole range"],
    ];
    const known = rows.some(([value]) => now === `preset ${value}`)
      ? now.replace("preset ", "")
      : now === "whole range"
        ? "all"
        : now === (film.image.window.name || "")
          ? "own"
          : "hand";
    if (known === "hand") rows.push(["hand", "By hand"]);
    select.replaceChildren(...rows.map(([value, text]) => el("option", { value, text })));
    select.value = known;
  });
  return select;
}

function axes() {
  const select = el("select", { "aria-label": "Plane", on: { change: () => stage.setAxis(select.value) } });
  const update = () => {
    const film = stage.active.get();
    select.hidden = !film?.image || film.image.axes.length < 2 || stage.layout.get() === "mpr";
    if (select.hidden) return;
    select.replaceChildren(
      ...film.image.axes.map((axis) => el("option", { value: axis, text: axis[0].toUpperCase() + axis.slice(1) })),
    );
    select.value = film.axis;
  };
  stage.stageChanged.watch(update);
  return select;
}

// What is known of the image on the chosen film, and how it is known.
function facts() {
  const list = el("dl", { class: "facts" });
  const panel = el("div", { class: "panel wide-panel" }, el("p", { class: "panel-title", text: "This image" }), list);
  const trigger = button({ class: "tool", "aria-label": "About this image", title: "About this image" }, icon("info"));
  popover(trigger, panel);
  stage.stageChanged.watch(() => {
    const film = stage.active.get();
    if (film?.image) list.replaceChildren(...rowsOf(film));
  });
  return el("div", { class: "pop" }, trigger, panel);
}

const from = (source) => (source && source !== "none" ? ` (from ${source})` : "");

function rowsOf({ image, shape }) {
  const mm = (value) => (value ? `${Number(value.toPrecision(4))} mm` : "");
  const rows = [
    ["name", image.name],
    ["modality", `${image.modality.replace("_", "-")}${from(image.modality_source)}`],
    ["anatomy", `${image.anatomy}${from(image.anatomy_source)}`],
    ["view", `${image.view}${from(image.view_source)}`],
    [
      "image left",
      image.image_left === "unknown" ? "not known" : `patient's ${image.image_left}${from(image.image_left_source)}`,
    ],
    ["size", `${shape.columns} by ${shape.rows}${shape.planes > 1 ? `, ${shape.planes} planes` : ""}`],
    [
      "spacing",
      image.spacing
        ? `${mm(image.spacing.row)}, ${mm(image.spacing.column)}${image.spacing.slice ? `, ${mm(image.spacing.slice)}` : ""} (${image.spacing.source})`
        : "not known: lengths are in pixels",
    ],
    ["", image.spacing_note],
    ["values", `${image.range.map((one) => Number(one.toPrecision(5))).join(" to ")} ${image.units}`],
    ["window", image.window.name],
    ["notes", (image.notes || []).join("; ")],
  ];
  return rows
    .filter(([, value]) => value)
    .map(([name, value]) => [el("dt", { text: name }), el("dd", {}, bdi(value))])
    .flat();
}

function outlines() {
  const panel = overlayPanel(stage.relight);
  const trigger = button({ class: "tool", "aria-label": "Outlines (O)", title: "Outlines · O", id: "outlines" }, icon("layers"));
  popover(trigger, panel);
  return el("div", { class: "pop" }, trigger, panel);
}

export function toolbar(box, openHelp) {
  const invert = toolButton("invert", "Invert", "I", stage.invert);
  stage.stageChanged.watch(() => invert.setAttribute("aria-pressed", String(Boolean(stage.active.get()?.display?.invert))));
  box.append(
    tools(),
    layouts(),
    el("div", { class: "group" }, presets(), axes()),
    el(
      "div",
      { class: "group", role: "group", "aria-label": "View" },
      outlines(),
      facts(),
      invert,
      toolButton("fit", "Fit", "F", stage.fit),
      toolButton("reset", "Reset window, zoom and rulers", "0", stage.back),
      toolButton("full", "Full screen", "X", stage.fullScreen),
      toolButton("help", "Keys", "?", openHelp),
    ),
  );
}

// A slider through the planes, with play for frames.
export function planeSlider(box) {
  let timer = 0;
  const slider = el("input", {
    type: "range",
    min: "0",
    step: "1",
    "aria-label": "Plane",
    on: {
      input: () => {
        const film = stage.active.get();
        stage.step(film, Number(slider.value) - film.plane);
      },
    },
  });
  const told = el("span", { class: "count" });
  const named = (word) => {
    play.setAttribute("aria-label", word);
    play.title = word;
  };
  const halt = () => {
    clearInterval(timer);
    timer = 0;
    play.replaceChildren(icon("play"));
    named("Play");
  };
  const play = button(
    {
      class: "tool",
      "aria-label": "Play",
      title: "Play",
      on: {
        click: () => {
          if (timer) {
            halt();
            return;
          }
          play.replaceChildren(icon("pause"));
          named("Pause");
          timer = setInterval(() => {
            const film = stage.active.get();
            if (!film?.image || film.shape.planes < 2) {
              halt();
              return;
            }
            stage.step(film, film.plane + 1 < film.shape.planes ? 1 : -film.plane);
          }, 90);
        },
      },
    },
    icon("play"),
  );
  box.append(play, slider, told);
  stage.stageChanged.watch(() => {
    const film = stage.active.get();
    box.hidden = !film?.image || film.shape.planes < 2;
    if (box.hidden) {
      if (timer) halt();
      return;
    }
    slider.max = String(film.shape.planes - 1);
    slider.value = String(film.plane);
    slider.setAttribute("aria-valuetext", `plane ${film.plane + 1} of ${film.shape.planes}`);
    told.textContent = `${film.plane + 1} / ${film.shape.planes}`;
  });
  stage.active.watch(() => stage.stageChanged.touch(), { now: false });
}

export function filmstrip(box) {
  study.watch((open) => {
    const found = open?.images || [];
    box.hidden = found.length < 2;
    box.replaceChildren(
      ...found.map((image) =>
        button(
          { class: "thumb", data: { image: image.id }, on: { click: () => stage.choose(image.id) }, "aria-pressed": "false" },
          el("img", { src: address(["studies", open.id, "images", image.id, "thumbnail"]), alt: "", loading: "lazy" }),
          el("span", { class: `role r-${image.role}`, text: image.role }),
          bdi(image.name || image.modality),
        ),
      ),
    );
  });
  stage.stageChanged.watch(() => {
    const shown = new Set(stage.shown().map((film) => film.image?.id));
    for (const node of box.children) node.setAttribute("aria-pressed", String(shown.has(node.dataset.image)));
  });
}
