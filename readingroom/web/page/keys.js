// Keys, and the sheet that tells them. Single keys can be switched off (WCAG 2.1.4).

import { sheet } from "./dialogs.js";
import { el, one, typing } from "./dom.js";
import { linked, overlayMode, singleKeys } from "./preferences.js";
import { move } from "./sentences.js";
import * as stage from "./stage.js";
import { session } from "./state.js";

const MODES = ["all", "active", "none"];
const LAYOUTS = ["single", "pair", "mpr"];

const cycle = (list, now) => list[(list.indexOf(now) + 1) % list.length];

function nextLayout() {
  const before = stage.layout.get();
  let next = cycle(LAYOUTS, before);
  for (let tries = 0; tries < LAYOUTS.length; tries += 1, next = cycle(LAYOUTS, next)) {
    stage.arrange(next);
    if (stage.layout.get() === next) return;
  }
}

function preset(number) {
  const found = session.get()?.windows[number - 1];
  if (found && stage.active.get()?.image?.units === "HU") stage.windowTo(found.low, found.high, `preset ${found.name}`);
}

export const KEYS = [
  [
    "Images",
    [
      [["w"], "Drag changes the window", () => stage.tool.set("window")],
      [["p"], "Drag moves", () => stage.tool.set("pan")],
      [["z"], "Drag zooms", () => stage.tool.set("zoom")],
      [["m"], "Ruler; on a film Enter places one", () => stage.tool.set("ruler")],
      [
        ["c"],
        "Crosshair, in three planes",
        () => {
          if (stage.layout.get() === "mpr") stage.tool.set("cross");
        },
      ],
      [["f"], "Fit", stage.fit],
      [["0"], "Reset window, zoom and rulers", stage.back],
      [["i"], "Invert", stage.invert],
      [["+", "="], "Larger", () => stage.zoomBy(1.25)],
      [["-"], "Smaller", () => stage.zoomBy(0.8)],
      [["["], "Narrower window", () => stage.levelBy(-20, 0)],
      [["]"], "Wider window", () => stage.levelBy(20, 0)],
      [[","], "Level down", () => stage.levelBy(0, -15)],
      [["."], "Level up", () => stage.levelBy(0, 15)],
      [["l"], "Next layout", nextLayout],
      [["k"], "Link films", () => linked.set(!linked.get())],
      [["o"], "Outlines: all, active, none", () => overlayMode.set(cycle(MODES, overlayMode.get()))],
      [["x"], "Full screen", stage.fullScreen],
    ],
  ],
  [
    "Sentences",
    [
      [["j"], "Next sentence", () => move(1)],
      [["h"], "Sentence before", () => move(-1)],
      [["Escape"], "Clear", stage.unlit],
    ],
  ],
  [
    "Page",
    [
      [["/"], "To the question", () => one("#question").focus()],
      [["t"], "Dark or light", () => one("#theme").click()],
      [["?"], "These keys", () => help()],
    ],
  ],
];

const FIXED = [
  ["↑ ↓", "on a film: plane before, next"],
  ["Page up, down", "on a film: ten planes"],
  ["Wheel", "planes, or zoom; with Ctrl always zoom"],
  ["Shift or middle button", "drag moves"],
  ["Right button", "drag changes the window"],
  ["Double click", "larger, and fit again"],
  ["Enter", "on a sentence: hold it; in the editor: done"],
  ["1 … 9", "CT windows in the order of the list"],
  ["Two fingers", "zoom and move"],
];

const table = new Map(KEYS.flatMap(([, rows]) => rows.flatMap(([keys, , act]) => keys.map((key) => [key, act]))));

export function help() {
  const toggle = el("input", {
    type: "checkbox",
    checked: singleKeys.get(),
    on: { change: () => singleKeys.set(toggle.checked) },
  });
  const row = (keys, text) => [
    el(
      "dt",
      {},
      keys.map((key) => el("kbd", { text: key.length === 1 ? key.toUpperCase() : key })),
    ),
    el("dd", { text }),
  ];
  sheet(
    "Keys",
    { size: "large" },
    el("label", { class: "row check" }, toggle, el("span", { text: "Single keys act on the page" })),
    el(
      "div",
      { class: "keys" },
      KEYS.map(([title, rows]) =>
        el(
          "section",
          {},
          el("h3", { class: "over", text: title }),
          el(
            "dl",
            {},
            rows.map(([keys, text]) => row(keys, text)),
          ),
        ),
      ),
      el(
        "section",
        {},
        el("h3", { class: "over", text: "Hands" }),
        el(
          "dl",
          {},
          FIXED.map(([key, text]) => row([key], text)),
        ),
      ),
    ),
  );
}

export function begin() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || typing(event.target) || one("dialog[open]"))
      return;
    if (event.target.matches?.("select, input")) return;
    const digit = /^[1-9]$/.test(event.key) ? () => preset(Number(event.key)) : null;
    const act = table.get(event.key.length === 1 ? event.key.toLowerCase() : event.key) || digit;
    if (!act || (!singleKeys.get() && event.key !== "Escape")) return;
    event.preventDefault();
    act();
  });
}
