// Short notices at the edge of the page: what went wrong stays until it is put away, what went well goes by itself.

import { bdi, button, el, one } from "./dom.js";
import { icon } from "./icons.js";

const STAYS = 5000;

function show(text, kind) {
  const box = one("#notices");
  const away = button({ class: "plain", "aria-label": "Dismiss", title: "Dismiss", on: { click: () => node.remove() } }, icon("close"));
  const node = el("li", { class: `notice-card ${kind}` }, icon(kind === "bad" ? "unsupported" : "supported"), bdi(text), away);
  box.append(node);
  while (box.children.length > 4) box.firstElementChild.remove();
  if (kind !== "bad") setTimeout(() => node.remove(), STAYS);
}

export const tellWell = (text) => show(text, "ok");

export function tellError(error) {
  if (error?.name === "AbortError") return;
  show(String(error?.message || error), "bad");
}

// Runs what may fail; a failure is told and comes to undefined.
export async function tried(act) {
  try {
    return await act();
  } catch (error) {
    tellError(error);
    return undefined;
  }
}
