// Where one asks: the question, suggestions, a draft with its words, and stop.

import * as conversation from "./conversation.js";
import { sheet } from "./dialogs.js";
import { bdi, button, el, one } from "./dom.js";
import { icon } from "./icons.js";
import { approvePlans } from "./preferences.js";
import { chat, session, study } from "./state.js";

const TALLEST = 160;

function grow(area) {
  area.style.height = "auto";
  area.style.height = `${Math.min(area.scrollHeight, TALLEST)}px`;
}

async function send() {
  const area = one("#question");
  const text = area.value.trim();
  if (!text || !study.get() || conversation.working.get()) return;
  area.value = "";
  grow(area);
  await conversation.ask(text);
}

const field = (label, node) => el("label", { class: "field" }, el("span", { text: label }), node);

// Words that come with a draft; all of them may stay empty.
export function draftSheet() {
  const now = session.get();
  const indication = el("textarea", { rows: "2", maxlength: "2000", placeholder: "Why the examination was asked for" });
  const targets = el("input", { type: "text", placeholder: "lung, heart; empty: what fits the image" });
  const categories = el("input", { type: "text", placeholder: "lung-rads, bi-rads, ti-rads; empty: none" });
  const template = el(
    "select",
    {},
    el("option", { value: "", text: "Chosen by the image" }),
    now.templates.map((each) => el("option", { value: each.id, text: each.title })),
  );
  const language = el(
    "select",
    {},
    now.languages.map((each) =>
      el("option", { value: each, text: new Intl.DisplayNames(["en"], { type: "language" }).of(each) }),
    ),
  );
  if (now.languages.includes("en")) language.value = "en";
  const list = (node) =>
    node.value
      .split(",")
      .map((each) => each.trim())
      .filter(Boolean);
  const start = button({
    class: "strong",
    text: "Draft a report",
    on: {
      click: () => {
        node.close();
        conversation.draft({
          indication: indication.value.trim() || null,
          template: template.value || null,
          language: language.value,
          targets: list(targets),
          categories: list(categories),
        });
      },
    },
  });
  const node = sheet(
    "Draft a report",
    { size: "small", foot: [start] },
    field("Indication", indication),
    field("Template", template),
    field("Language", language),
    field("Outline and measure", targets),
    field("Categories", categories),
  );
  indication.focus();
}

export function configureSheet() {
  sheet(
    "Configure a model",
    { size: "medium" },
    el("pre", { class: "how" }, bdi(session.get().configure || "A model is configured.")),
  );
}

export function begin() {
  const area = one("#question");
  area.addEventListener("input", () => grow(area));
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  });
  one("#send").addEventListener("click", send);
  one("#stop").addEventListener("click", conversation.stop);
  one("#undo").addEventListener("click", conversation.undo);
  one("#draft").addEventListener("click", draftSheet);
  const approve = one("#approve");
  approve.checked = approvePlans.get();
  approve.addEventListener("change", () => approvePlans.set(approve.checked));
  const usable = () => {
    const busy = conversation.working.get(),
      open = Boolean(study.get());
    one("#stop").hidden = !busy;
    one("#send").hidden = busy;
    for (const id of ["#send", "#draft"]) one(id).disabled = !open || busy;
    one("#undo").disabled = busy || !chat.get();
    area.disabled = !open;
    area.placeholder = open ? "Ask about this study" : "Open a study first";
    one("#suggestions").hidden = !open || Boolean(one("#turns").children.length);
    one("#begin").hidden = open;
  };
  for (const each of [conversation.working, study, chat]) each.watch(usable);
  const offer = () => {
    const now = session.get();
    if (!now) return;
    one("#suggestions").replaceChildren(
      el("p", { class: "soft", text: "Try one of these:" }),
      el(
        "div",
        { class: "chips" },
        now.suggestions
          .filter(fits)
          .map((text) => button({ class: "chip", on: { click: () => conversation.ask(text) } }, bdi(text))),
      ),
      now.configure
        ? el(
            "p",
            { class: "model-note" },
            icon("gear"),
            el("span", { text: "Questions are planned by rules, no language model is configured. " }),
            button({ class: "link", text: "Configure one", on: { click: configureSheet } }),
          )
        : null,
    );
  };
  for (const each of [session, study]) each.watch(offer);
}

// What this study can be asked: nothing of a prior that is not there, nothing of a chest in another image.
function fits(text) {
  const found = study.get()?.images || [];
  const needs = [
    [/\bE\d+\b/, () => false],
    [/prior/i, () => found.some((image) => image.role === "prior")],
    [/heart|lung/i, () => found.some((image) => image.anatomy === "chest")],
  ];
  return needs.every(([words, met]) => !words.test(text) || met());
}
