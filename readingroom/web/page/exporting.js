// Export in every format that this server can write; the saved version goes out, and stays a draft.

import { address } from "./api.js";
import { popover } from "./dialogs.js";
import { button, el } from "./dom.js";
import { icon } from "./icons.js";
import { tellError, tellWell } from "./notices.js";
import { session, study } from "./state.js";

const KEPT = 10_000;

const nameOf = (answer, otherwise) =>
  /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") || "")?.[1] || otherwise;

async function download(draft, format) {
  const words = { ...(study.get() ? { study: study.get().id } : {}), version: draft.version };
  const answer = await fetch(address(["runs", draft.run, "export", format.id], words), { credentials: "same-origin" });
  if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).error || `the server answered ${answer.status}`);
  const url = URL.createObjectURL(await answer.blob());
  const name = nameOf(answer, `report.${format.id}`);
  const link = el("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT);
  tellWell(`${name} is written. It is a draft.`);
}

export function exportMenu(draft) {
  const rows = (session.get()?.formats || []).map((format) => {
    const row = button(
      { class: "menu-row", disabled: !format.ready, title: format.why || undefined, data: { format: format.id } },
      el("span", { text: format.label || format.id }),
      format.ready ? null : el("span", { class: "soft", text: format.why }),
    );
    row.addEventListener("click", async () => {
      row.setAttribute("aria-busy", "true");
      try {
        await download(draft, format);
        menu.close();
      } catch (error) {
        tellError(error);
      } finally {
        row.removeAttribute("aria-busy");
      }
    });
    return row;
  });
  const panel = el(
    "div",
    { class: "panel menu right" },
    el("p", { class: "panel-title", text: draft.version ? `Export version ${draft.version}` : "Export the draft" }),
    el("p", { class: "soft unsaved-note", text: "Edits that are not saved are not in it." }),
    rows,
  );
  const trigger = button({ class: "tool wide", id: "export", title: "Export" }, icon("export"), el("span", { class: "word", text: "Export" }));
  const menu = popover(trigger, panel);
  return el("div", { class: "pop" }, trigger, panel);
}
