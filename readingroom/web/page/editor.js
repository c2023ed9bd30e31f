// One row of the draft: read, edited in place while the checker answers, accepted, struck, restored.

import { button, el } from "./dom.js";
import { checkOf, drop, mark, write } from "./draft.js";
import { icon } from "./icons.js";
import { fill, whyList } from "./sentences.js";
import { verdictMark } from "./verdicts.js";

const STATES = { kept: "", edited: "edited", struck: "struck", added: "added", accepted: "accepted" };
const LONGEST = 2000;

const keyOf = (run, row) => `${run}:${row.id}`;

function grow(area) {
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight + 2}px`;
}

// edit: {open: Set of row ids in the editor}; again(row): draw the row anew.
export function rowLine(run, row, edit, again) {
  const line = el("li", { data: { row: row.id } });
  draw(line, run, row, edit, again);
  return line;
}

function buttons(row, edit, again) {
  const small = (name, label, act, props = {}) =>
    button(
      { class: "act", "aria-label": `${label}: ${row.text.slice(0, 60)}`, title: label, on: { click: act }, ...props },
      icon(name),
      el("span", { class: "unseen", text: label }),
    );
  if (row.state === "struck")
    return [
      small("restore", "Restore", () => {
        mark(row, "restored");
        again(row, "act");
      }),
    ];
  return [
    small("edit", "Edit", () => {
      edit.open.add(row.id);
      again(row, "area");
    }),
    small(
      "accept",
      row.state === "accepted" ? "Accepted" : "Accept",
      () => {
        mark(row, "accepted");
        again(row, "act");
      },
      { "aria-pressed": String(row.state === "accepted") },
    ),
    small("strike", "Strike", () => {
      mark(row, "struck");
      again(row, "act");
    }),
    row.state === "edited"
      ? small("restore", "Restore", () => {
          mark(row, "restored");
          again(row, "act");
        })
      : null,
    row.state === "added"
      ? small("bin", "Remove", () => {
          drop(row);
          again(row);
        })
      : null,
  ];
}

function draw(line, run, row, edit, again) {
  if (edit.open.has(row.id)) {
    area(line, run, row, edit, again);
    return;
  }
  const state = STATES[row.state] ? el("span", { class: `tagged t-${row.state}`, text: STATES[row.state] }) : null;
  const was = row.state === "edited" ? el("p", { class: "was" }, "was: ", el("s", {}, el("bdi", { text: row.original }))) : null;
  fill(
    line,
    {
      key: keyOf(run, row),
      text: row.text,
      cites: row.cites,
      check: row.state === "struck" ? null : checkOf(row),
      struck: row.state === "struck",
    },
    [state, was, row.state === "struck" ? whyList(checkOf(row)) : null].filter(Boolean),
    [el("span", { class: "acts" }, buttons(row, edit, again))],
  );
}

function area(line, run, row, edit, again) {
  const verdict = el("div", { class: "typing", "aria-live": "polite" });
  const input = el("textarea", {
    rows: "1",
    maxlength: String(LONGEST),
    "aria-label": `Sentence ${row.id}`,
    value: row.text,
    placeholder: "A sentence of the report",
    on: {
      input: () => {
        write(row, input.value);
        grow(input);
        judge(verdict, row);
      },
      keydown: (event) => {
        if (event.key === "Escape" || (event.key === "Enter" && !event.shiftKey)) {
          event.preventDefault();
          event.stopPropagation();
          done();
        }
      },
    },
  });
  const done = () => {
    edit.open.delete(row.id);
    if (!row.text.trim() && row.state === "added") drop(row);
    again(row, "say");
  };
  line.className = "line editing";
  line.dataset.row = row.id;
  line.replaceChildren(
    input,
    verdict,
    el(
      "div",
      { class: "acts still" },
      button({ class: "act", on: { click: done } }, icon("accept"), "Done"),
      row.state !== "added"
        ? button(
            {
              class: "act",
              on: {
                click: () => {
                  mark(row, "restored");
                  input.value = row.text;
                  grow(input);
                  input.focus();
                },
              },
            },
            icon("restore"),
            "Restore",
          )
        : null,
    ),
  );
  judge(verdict, row);
  requestAnimationFrame(() => grow(input));
}

// What the checker says of the words as they stand; grey until it has answered.
export function judge(box, row) {
  const check = checkOf(row);
  box.classList.toggle("stale", !check);
  if (!row.text.trim()) {
    box.replaceChildren(el("span", { class: "soft", text: "Type; the checker answers meanwhile." }));
    return;
  }
  if (!check) {
    box.replaceChildren(el("span", { class: "soft", text: "checking" }));
    return;
  }
  const parts = [verdictMark(check.verdict), whyList(check)].filter(Boolean);
  box.parentElement?.classList.toggle("bad", ["contradicted", "unsupported"].includes(check.verdict));
  for (const kind of ["contradicted", "unsupported"]) box.parentElement?.classList.toggle(`v-${kind}`, check.verdict === kind);
  box.replaceChildren(...parts);
}
