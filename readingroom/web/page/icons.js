// Line icons, drawn here so that nothing is fetched; 16 units square.

import { svg } from "./dom.js";

const PATHS = {
  supported: "M3 8.5l3.2 3.2L13 4.8",
  contradicted: "M4 4l8 8M12 4l-8 8",
  unsupported: "M8 2.2L14.6 13.6H1.4zM8 6.4v3.4M8 11.7v.2",
  not_checkable: "M8 2.4a5.6 5.6 0 1 0 .01 0M5.5 8h5",
  theme: "M8 2.2a5.8 5.8 0 1 0 .01 0M8 2.2v11.6M8 4.4h3.4M8 8h5.6M8 11.6h3.4",
  fit: "M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3",
  window: "M8 2.5a5.5 5.5 0 1 0 .01 0zM8 2.5v11M8 5h4.4M8 8h5.4M8 11h4.4",
  pan: "M8 2v12M2 8h12M6 4l2-2 2 2M6 12l2 2 2-2M4 6L2 8l2 2M12 6l2 2-2 2",
  zoom: "M7 2.5a4.5 4.5 0 1 0 .01 0M10.3 10.3L14 14M5 7h4M7 5v4",
  ruler: "M2 11L11 2l3 3-9 9zM4.5 8.5L6 10M6.8 6.2l2 2M9 4l1.5 1.5",
  cross: "M8 1.5v5M8 9.5v5M1.5 8h5M9.5 8h5",
  invert: "M2.5 2.5h11v11h-11zM2.5 13.5l11-11",
  reset: "M3 8a5 5 0 1 0 1.6-3.7M3 2.5V5.4h2.9",
  full: "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10M6 6L3 3M10 6l3-3M10 10l3 3M6 10l-3 3",
  layers: "M8 2l6 3.2-6 3.2-6-3.2zM2 8.3l6 3.2 6-3.2M2 11.2l6 3.2 6-3.2",
  link: "M6.8 9.2l2.6-2.6M7 5l1.6-1.6a2.6 2.6 0 0 1 3.8 3.8L10.8 8.8M9 11l-1.6 1.6a2.6 2.6 0 0 1-3.8-3.8L5.2 7.2",
  single: "M2.5 3h11v10h-11z",
  pair: "M2.5 3h11v10h-11zM8 3v10",
  mpr: "M2.5 3h11v10h-11zM8.5 3v10M8.5 8h5",
  play: "M5 3l8 5-8 5z",
  pause: "M5 3v10M11 3v10",
  plus: "M8 3v10M3 8h10",
  bin: "M3 4.5h10M6.5 4.5V3h3v1.5M4.3 4.5l.6 8.5h6.2l.6-8.5M6.8 7v3.6M9.2 7v3.6",
  help: "M5.8 6.2a2.2 2.2 0 1 1 3.2 2c-.8.4-1 .8-1 1.6M8 12.2v.3",
  send: "M8 13.5v-11M3.5 7L8 2.5 12.5 7",
  stop: "M4 4h8v8H4z",
  edit: "M3 13l.6-2.8L10.8 3 13 5.2 5.8 12.4zM9.4 4.4l2.2 2.2",
  strike:
    "M2.5 8h11M11 4.6c-.5-1-1.6-1.6-3-1.6-1.8 0-3 .9-3 2.2 0 .9.5 1.5 1.3 2M5 11.2c.5 1.1 1.6 1.8 3.1 1.8 1.8 0 3-.9 3-2.3 0-.5-.1-.9-.4-1.2",
  restore: "M3 6.5h6.2a3.3 3.3 0 0 1 0 6.6H6M3 6.5L6 3.5M3 6.5l3 3",
  accept: "M8 2.3a5.7 5.7 0 1 0 .01 0M5.4 8.2l1.9 1.9 3.4-3.8",
  save: "M3 3h8l2 2v8H3zM5.5 3v3.2h4.5V3M5.5 13V9.5h5V13",
  export: "M8 2.5v7.5M5 7l3 3 3-3M3 11.5v2h10v-2",
  compare: "M6.5 3H3v10h3.5M9.5 3H13v10H9.5M8 1.5v13",
  diff: "M4 3.5h8M8 1.5v4M4 11.5h8",
  upload: "M8 10.5V3M5 6l3-3 3 3M3 11v2.5h10V11",
  chat: "M2.5 3h11v7.5H7L4 13v-2.5H2.5z",
  report: "M4 2h5.5L12.5 5v9H4zM9.3 2v3.2h3.2M6 8h4.5M6 10.8h4.5",
  runs: "M3 4h2M3 8h2M3 12h2M7 4h6.5M7 8h6.5M7 12h6.5",
  image: "M2.5 3h11v10h-11zM2.5 11l3.2-3.4 2.6 2.6 1.9-1.8 3.3 2.8M10.3 5.9v.2",
  info: "M8 2.2a5.8 5.8 0 1 0 .01 0M8 7.4v3.8M8 4.9v.2",
  folder: "M2 4.2h4l1.4 1.6H14v7H2z",
  chevron: "M6 3.5L10.5 8 6 12.5",
  close: "M4 4l8 8M12 4l-8 8",
  tool: "M10.2 2.6a3.4 3.4 0 0 0-3.6 4.7L2.6 11.3l2.1 2.1 4-4a3.4 3.4 0 0 0 4.7-3.6L11.2 8 9 7l-1-2.2z",
  spark: "M8 2l1.5 4.5L14 8l-4.5 1.5L8 14l-1.5-4.5L2 8l4.5-1.5z",
  undo: "M3.5 6h6a3.4 3.4 0 0 1 0 6.8H6M3.5 6l2.8-2.8M3.5 6l2.8 2.8",
  shield: "M8 1.8l5 1.9v4c0 3-2 5.2-5 6.5-3-1.3-5-3.5-5-6.5v-4z",
  gear: "M3 5h6M12 5h1M3 11h1M7 11h6M10.5 3.4v3.2M5.5 9.4v3.2",
};

export function icon(name) {
  return svg(
    "svg",
    { class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true", focusable: "false" },
    svg("path", { d: PATHS[name] }),
  );
}
