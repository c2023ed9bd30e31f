// Images on their way in: dropped anywhere or chosen, current and prior, de-identified on arrival where wished.

import { upload } from "./api.js";
import { sheet } from "./dialogs.js";
import { button, el, one } from "./dom.js";
import { carriesFiles, chosen, dropped } from "./dropped.js";
import { icon } from "./icons.js";
import { openStudy, refresh } from "./library.js";
import { tellError, tellWell } from "./notices.js";
import { deidentify } from "./preferences.js";
import * as stage from "./stage.js";
import { session, study } from "./state.js";

const ROLES = [
  ["current", "Images", "DICOM, NIfTI, PNG, JPEG, TIFF; several files, a folder, or a zip"],
  ["prior", "Earlier images of the same patient (optional)", "to compare with"],
  ["lateral", "Lateral view (optional)", "of a radiograph"],
];

const size = (bytes) =>
  bytes > 1e9
    ? `${(bytes / 1e9).toFixed(1)} GB`
    : bytes > 1e6
      ? `${(bytes / 1e6).toFixed(1)} MB`
      : `${Math.ceil(bytes / 1e3)} kB`;
const weight = (files) => files.reduce((sum, each) => sum + each.file.size, 0);
const limits = () => session.get()?.limits || { upload_bytes: Infinity, files: Infinity };

function slot([role, title, hint], held, changed) {
  const told = el("p", { class: "soft slot-told" });
  const input = (folder) => {
    const node = el("input", {
      type: "file",
      multiple: true,
      hidden: true,
      on: {
        change: () => {
          add(chosen(node.files));
          node.value = "";
        },
      },
    });
    if (folder) node.setAttribute("webkitdirectory", "");
    return node;
  };
  const files = input(false),
    folder = input(true);
  files.dataset.role = role;
  const add = (found) => {
    held[role].push(...found);
    show();
    changed();
  };
  const show = () => {
    const many = held[role];
    told.textContent = many.length ? `${many.length === 1 ? many[0].path : `${many.length} files`}, ${size(weight(many))}` : hint;
    node.classList.toggle("full", many.length > 0);
    empty.hidden = !many.length;
  };
  const empty = button({
    class: "act",
    text: "Clear",
    on: {
      click: () => {
        held[role] = [];
        show();
        changed();
      },
    },
  });
  const node = el(
    "section",
    { class: "slot", "aria-label": title },
    el("div", {}, el("h3", { text: title }), told),
    el(
      "div",
      { class: "slot-acts" },
      empty,
      button({ class: "act", on: { click: () => files.click() } }, icon("image"), "Files"),
      button({ class: "act", on: { click: () => folder.click() } }, icon("folder"), "Folder"),
      files,
      folder,
    ),
  );
  node.addEventListener("dragover", (event) => {
    event.preventDefault();
    node.classList.add("over");
  });
  node.addEventListener("dragleave", () => node.classList.remove("over"));
  node.addEventListener("drop", async (event) => {
    event.preventDefault();
    event.stopPropagation();
    node.classList.remove("over");
    add(await dropped(event.dataTransfer, limits().files));
  });
  show();
  return node;
}

function refusal(held) {
  const many = Object.values(held).flat();
  if (many.length > limits().files) return `These are ${many.length} files; this server takes ${limits().files} at once.`;
  if (weight(many) > limits().upload_bytes)
    return `These are ${size(weight(many))}; this server takes ${size(limits().upload_bytes)} at once.`;
  return "";
}

function formOf(held, clean) {
  const form = new FormData();
  form.append("deidentify", clean ? "1" : "0");
  for (const [role, files] of Object.entries(held)) for (const { file, path } of files) form.append(role, file, path);
  return form;
}

export function chooseFiles(first = [], asPrior = false) {
  const held = { current: asPrior ? [] : [...first], prior: asPrior ? [...first] : [], lateral: [] };
  const clean = el("input", {
    type: "checkbox",
    checked: deidentify.get(),
    id: "deidentify",
    on: { change: () => deidentify.set(clean.checked) },
  });
  const told = el("p", { class: "soft", role: "status" });
  const progress = el("progress", { max: "1", hidden: true, "aria-label": "Upload" });
  const toStudy = el("input", { type: "checkbox", checked: asPrior, on: { change: () => changed() } });
  const start = button({ class: "strong", text: "Read them", disabled: true, on: { click: () => send() } });
  const changed = () => {
    const wrong = refusal(held);
    told.textContent = wrong;
    start.disabled = Boolean(wrong) || !(toStudy.checked ? held.prior.length : held.current.length);
    for (const node of box.querySelectorAll(".slot")) node.hidden = toStudy.checked && node.dataset.role !== "prior";
  };
  let going = null;
  async function send() {
    start.disabled = true;
    progress.hidden = false;
    const prior = toStudy.checked;
    const parts = prior ? ["studies", study.get().id, "priors"] : ["studies"];
    told.className = "soft";
    going = upload(parts, formOf(prior ? { prior: held.prior } : held, clean.checked), (share) => {
      progress.value = share;
      told.textContent = share < 1 ? `Sending, ${Math.round(share * 100)} %` : "Reading the images";
    });
    try {
      const made = await going.done;
      box.close();
      await refresh();
      if (prior) {
        study.set(made);
        stage.open(made);
        stage.reload();
      } else await openStudy(made.id);
      tellWell(`${made.title} is open${clean.checked ? ", de-identified" : ""}.`);
    } catch (error) {
      progress.hidden = true;
      start.disabled = false;
      told.textContent = "";
      if (error.name === "AbortError") return;
      if (!box.open) tellError(error);
      told.className = "alarm small";
      told.replaceChildren(icon("unsupported"), el("bdi", { text: error.message }));
    } finally {
      going = null;
    }
  }
  const slots = ROLES.map((role) => {
    const node = slot(role, held, () => changed());
    node.dataset.role = role[0];
    return node;
  });
  const box = sheet(
    "Add images",
    { size: "medium", foot: [start] },
    study.get()
      ? el(
          "label",
          { class: "row check" },
          toStudy,
          el("span", {}, "As an earlier study of ", el("bdi", { text: study.get().title })),
        )
      : null,
    slots,
    el(
      "label",
      { class: "row check" },
      clean,
      el(
        "span",
        {},
        "De-identify on arrival",
        el("span", {
          class: "soft",
          text: " names, numbers and dates leave the files before anything reads them; text burned into the pixels stays",
        }),
      ),
    ),
    progress,
    told,
  );
  box.addEventListener("close", () => going?.abort());
  changed();
}

// Anywhere on the page; the page never opens a dropped file itself.
export function begin() {
  const veil = one("#veil");
  let depth = 0;
  addEventListener("dragenter", (event) => {
    if (carriesFiles(event)) {
      event.preventDefault();
      depth += 1;
      veil.hidden = Boolean(one("dialog[open]"));
    }
  });
  addEventListener("dragleave", (event) => {
    if (carriesFiles(event)) {
      depth -= 1;
      if (depth <= 0) {
        depth = 0;
        veil.hidden = true;
      }
    }
  });
  addEventListener("dragover", (event) => {
    if (carriesFiles(event)) event.preventDefault();
  });
  addEventListener("drop", async (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    depth = 0;
    veil.hidden = true;
    if (one("dialog[open]")) return;
    try {
      const found = await dropped(event.dataTransfer, limits().files + 1);
      if (found.length) chooseFiles(found);
    } catch (error) {
      tellError(error);
    }
  });
}
