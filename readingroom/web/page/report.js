// The report: what is said, what the checker holds of it, and the editor in which it is put right.

import { get } from "./api.js";
import { bdi, button, el, one } from "./dom.js";
import * as open from "./draft.js";
import { judge, rowLine } from "./editor.js";
import { exportMenu } from "./exporting.js";
import { icon } from "./icons.js";
import { setLedger } from "./light.js";
import { tellError, tellWell, tried } from "./notices.js";
import { drawFor } from "./overlays.js";
import * as stage from "./stage.js";
import { chat, run, study } from "./state.js";
import { compareDrafts, versionDiff } from "./comparing.js";
import { tally, VERDICTS } from "./verdicts.js";

const SECTIONS = ["indication", "technique", "comparison", "findings", "impression"];
const NOTHING = { findings: "No finding.", impression: "No impression." };
const edit = { open: new Set() };
let drawn = null;

function again(row, focus) {
  const now = open.draft.get();
  const old = one(`#report [data-row="${CSS.escape(row.id)}"]`);
  if (!now.rows.includes(row)) {
    draw();
    return;
  }
  if (!old) {
    draw();
  } else old.replaceWith(rowLine(now.run, row, edit, again));
  const line = one(`#report [data-row="${CSS.escape(row.id)}"]`);
  const target = { area: "textarea", act: ".acts button", say: ".say" }[focus];
  if (target) one(target, line)?.focus();
  if (focus === "area") one("textarea", line).setSelectionRange(row.text.length, row.text.length);
  summary();
}

function section(name) {
  const now = open.draft.get();
  const rows = now.rows.filter((row) => row.section === name);
  const head = `h-${name}`;
  return el(
    "section",
    { class: name, "aria-labelledby": head },
    el("h3", { class: "over", id: head, text: name }),
    rows.length
      ? el(
          "ul",
          { class: "sentences" },
          rows.map((row) => rowLine(now.run, row, edit, again)),
        )
      : el("p", { class: "soft", text: NOTHING[name] }),
    !(name in NOTHING)
      ? null
      : button(
          {
            class: "act add",
            "aria-label": `Add a sentence to the ${name}`,
            on: {
              click: () => {
                const row = open.add(name);
                edit.open.add(row.id);
                draw();
                again(row, "area");
              },
            },
          },
          icon("plus"),
          "Add a sentence",
        ),
  );
}

function folded(title, count, ...content) {
  return count
    ? el(
        "details",
        { class: "fold" },
        el("summary", {}, icon("chevron"), el("span", { text: title }), el("span", { class: "count", text: String(count) })),
        ...content,
      )
    : null;
}

function summary() {
  const box = one("#verdicts");
  if (!box) return;
  const now = open.draft.get();
  const rows = now.rows.filter((row) => row.state !== "struck");
  const checks = rows.map(open.checkOf).filter(Boolean);
  const found = tally(checks);
  const omissions = now.verification?.omissions || [];
  const wrong = [
    [found.contradicted, "contradicted"],
    [found.unsupported, "not supported"],
    [omissions.length, "left out"],
  ].filter(([number]) => number);
  box.replaceChildren(
    el(
      "ul",
      { class: "tallies" },
      Object.entries(found)
        .filter(([kind, number]) => number || kind === "supported")
        .map(([kind, number]) => el("li", { class: `v-${kind}` }, icon(kind), `${number} ${VERDICTS[kind]}`)),
    ),
    ...(wrong.length
      ? [
          el(
            "p",
            { class: "alarm", id: "alarm" },
            icon("unsupported"),
            el("span", { text: `Not clean: ${wrong.map(([number, word]) => `${number} ${word}`).join(", ")}.` }),
          ),
        ]
      : []),
    ...omissions.map((each) =>
      el("p", { class: "omission" }, icon("unsupported"), el("b", { text: "left out: " }), bdi(each.reason)),
    ),
  );
  one("#save").disabled = !now.dirty;
  one("#discard").disabled = !now.dirty;
  one(".unsaved-note").hidden = !now.dirty;
  one("#unsaved").textContent =
    open.saving.get() || (now.dirty ? "edited, not saved" : now.version ? `version ${now.version}` : "as drafted");
}

function bar(now) {
  const versions = el(
    "select",
    {
      "aria-label": "Version",
      on: {
        change: () =>
          tried(async () => {
            edit.open.clear();
            await open.show(Number(versions.value));
          }),
      },
    },
    [...now.versions].reverse().map((each) =>
      el("option", {
        value: String(each.version),
        text: each.version ? `Version ${each.version}` : "As drafted",
      }),
    ),
  );
  versions.value = String(now.version);
  const keep = () =>
    tried(async () => {
      edit.open.clear();
      const version = await open.save();
      tellWell(`Saved as version ${version}: still a draft, not final.`);
    });
  return el(
    "div",
    { class: "report-bar" },
    now.versions.length ? versions : null,
    button({ class: "strong", id: "save", title: "Save a version", disabled: !now.dirty, on: { click: keep } }, icon("save"), el("span", { class: "word", text: "Save" })),
    button(
      {
        class: "tool",
        id: "discard",
        "aria-label": "Discard edits",
        title: "Discard edits",
        disabled: !now.dirty,
        on: {
          click: () =>
            tried(async () => {
              edit.open.clear();
              await open.discard();
              one(".report-bar select").focus();
            }),
        },
      },
      icon("undo"),
    ),
    button(
      {
        class: "tool",
        "aria-label": "What changed between versions",
        title: "What changed between versions",
        disabled: now.versions.length < 2,
        on: { click: () => tried(() => versionDiff(now)) },
      },
      icon("diff"),
    ),
    button(
      {
        class: "tool",
        "aria-label": "Beside another draft",
        title: "Beside another draft",
        on: { click: () => tried(() => compareDrafts(now.run)) },
      },
      icon("compare"),
    ),
    exportMenu(now),
  );
}

function draw() {
  const box = one("#report");
  const now = open.draft.get();
  if (!now) {
    box.replaceChildren(
      el(
        "div",
        { class: "nothing" },
        icon("report"),
        el("p", { text: "No draft is open." }),
        el("p", { class: "soft", text: "Ask for one in the conversation, or open one from Runs." }),
      ),
    );
    return;
  }
  const { report } = now;
  const told = report.provenance;
  box.replaceChildren(
    ...[
      bar(now),
      el(
        "div",
        { class: "report-body" },
        el(
          "header",
          {},
          el("h2", {}, bdi(report.title)),
          el(
            "p",
            { class: "who" },
            el("span", { class: "badge", text: "Draft, not final" }),
            el("span", {}, "Subject ", bdi(report.subject)),
            el("span", { class: "soft", id: "unsaved" }),
          ),
        ),
        el("div", { id: "verdicts", "aria-live": "polite" }),
        SECTIONS.filter((name) => name in NOTHING || now.rows.some((row) => row.section === name)).map(section),
        report.categories?.length
          ? el(
              "section",
              {},
              el("h3", { class: "over", text: "categories" }),
              el(
                "ul",
                { class: "sentences" },
                report.categories.map((each) => el("li", { class: "line" }, bdi(each.text || `${each.system} ${each.category}`))),
              ),
            )
          : null,
        folded(
          "Limitations",
          report.limitations.length,
          el(
            "ul",
            { class: "limits-list" },
            report.limitations.map((each) => el("li", {}, bdi(each.text))),
          ),
        ),
        folded(
          "How it came about",
          8,
          el(
            "dl",
            { class: "facts" },
            [
              ["run", told.run],
              ["workflow", told.workflow],
              ["template", told.template],
              ["planner", told.planner],
              ["writer", told.writer],
              ["backends", told.backends.join(", ")],
              ["started", told.started],
              ["finished", told.finished],
            ].map(([name, value]) => [el("dt", { text: name }), el("dd", {}, bdi(value))]),
          ),
        ),
        el("p", { class: "soft foot" }, bdi(report.notice)),
      ),
    ].filter(Boolean),
  );
  drawn = now;
  summary();
}

// New verdicts go to where they belong without touching what is being typed.
function judged() {
  const now = open.draft.get();
  if (!now) return;
  if (drawn !== now || !one("#verdicts") || !edit.open.size) {
    const at = focused();
    draw();
    refocus(at);
    return;
  }
  for (const row of now.rows) {
    const line = one(`#report [data-row="${CSS.escape(row.id)}"]`);
    if (!line) continue;
    if (edit.open.has(row.id)) judge(one(".typing", line), row);
    else line.replaceWith(rowLine(now.run, row, edit, again));
  }
  summary();
}

const focused = () => {
  const node = document.activeElement;
  const row = node?.closest?.("[data-row]");
  return row && one("#report").contains(node)
    ? { row: row.dataset.row, place: [...row.querySelectorAll("button, .say, textarea")].indexOf(node) }
    : null;
};

function refocus(at) {
  if (!at) return;
  const row = one(`#report [data-row="${CSS.escape(at.row)}"]`);
  if (row) [...row.querySelectorAll("button, .say, textarea")][at.place]?.focus();
}

async function opened(id) {
  edit.open.clear();
  if (!id) {
    open.forget();
    draw();
    return;
  }
  await open.open(id);
  const now = open.draft.get();
  // A run that was opened by itself brings its own evidence; within its conversation that of the conversation holds.
  const mine = chat.get() && (await get(["chats", chat.get().id])).turns.some((turn) => turn.report_run === id);
  if (!mine) {
    setLedger(now.report.evidence);
    drawFor({ run: id });
    stage.reload();
    const here = new Set((study.get()?.images || []).map((image) => image.sha256));
    if (study.get() && !now.report.images.some((image) => here.has(image.sha256)))
      tellWell("The images of this run are not open: its outlines are not drawn.");
  }
  draw();
  if (now.dirty) tellWell("Edits of this draft that were not saved are back.");
}

export function begin() {
  open.changed.watch(judged, { now: false });
  open.saving.watch(summary, { now: false });
  run.watch(
    (id) => {
      opened(id).catch((error) => {
        tellError(error);
        run.set(null);
      });
    },
    { now: false },
  );
  draw();
}
