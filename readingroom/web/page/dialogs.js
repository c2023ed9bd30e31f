// Modal sheets: the browser's own dialog element, which keeps the focus inside and gives it back.

import { button, el } from "./dom.js";
import { icon } from "./icons.js";

export function sheet(title, { size = "", foot = [] } = {}, ...content) {
  const close = () => node.close();
  const id = `sheet-${Math.random().toString(36).slice(2)}`;
  const node = el(
    "dialog",
    { class: `sheet ${size}`, "aria-labelledby": id },
    el(
      "header",
      { class: "sheet-head" },
      el("h2", { id, text: title }),
      button({ class: "plain", "aria-label": "Close", title: "Close", on: { click: close } }, icon("close")),
    ),
    el("div", { class: "sheet-body", tabindex: "0", role: "region", "aria-labelledby": id }, ...content),
    foot.length ? el("footer", { class: "sheet-foot" }, ...foot) : null,
  );
  node.addEventListener("close", () => node.remove());
  node.addEventListener("click", (event) => {
    if (event.target === node) close();
  });
  document.body.append(node);
  node.showModal();
  return node;
}

export function confirmed(title, text, word) {
  return new Promise((resolve) => {
    let said = false;
    const yes = button({
      class: "danger",
      text: word,
      on: {
        click: () => {
          said = true;
          node.close();
        },
      },
    });
    const no = button({ text: "Keep", on: { click: () => node.close() } });
    const node = sheet(title, { size: "small", foot: [no, yes] }, el("p", { text }));
    node.addEventListener("close", () => resolve(said));
    no.focus();
  });
}

// A panel under a button; closes on Escape and on a click elsewhere, and gives the focus back.
export function popover(trigger, panel) {
  panel.hidden = true;
  trigger.setAttribute("aria-expanded", "false");
  trigger.setAttribute("aria-haspopup", "true");
  const set = (open) => {
    panel.hidden = !open;
    trigger.setAttribute("aria-expanded", String(open));
  };
  trigger.addEventListener("click", () => set(panel.hidden));
  for (const node of [panel, trigger])
    node.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || panel.hidden) return;
      event.stopPropagation();
      set(false);
      trigger.focus();
    });
  panel.addEventListener("focusout", (event) => {
    const next = event.relatedTarget;
    if (next && next !== trigger && !panel.contains(next)) set(false);
  });
  document.addEventListener("pointerdown", (event) => {
    if (!panel.hidden && !panel.contains(event.target) && !trigger.contains(event.target)) set(false);
  });
  return { close: () => set(false), open: () => set(true) };
}
