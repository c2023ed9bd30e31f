// Runs, cohorts and experiments of this home: opened, compared, told again from their records.

import { address, get, post } from "./api.js";
import { compareDrafts } from "./comparing.js";
import { bdi, button, el, one } from "./dom.js";
import { icon } from "./icons.js";
import { tellError, tried } from "./notices.js";
import { run, tab } from "./state.js";

const SIGNS = { done: "supported", failed: "contradicted", running: "tool", interrupted: "stop" };
const EVERY = 5000;
const chosen = new Set();
let timer = 0;

const day = (text) => (text ? text.slice(0, 16).replace("T", " ") : "");

function said(node, text, good) {
  node.replaceChildren(icon(good ? "supported" : "unsupported"), bdi(text));
  node.className = `said ${good ? "v-supported" : "v-unsupported"}`;
  node.hidden = false;
}

function row(each) {
  const told = el("p", { hidden: true, "aria-live": "polite" });
  const pick = el("input", {
    type: "checkbox",
    checked: chosen.has(each.id),
    disabled: !each.report_sha256,
    "aria-label": `Compare run ${each.id}`,
    on: {
      change: (event) => {
        if (event.target.checked) chosen.add(each.id);
        else chosen.delete(each.id);
        pair();
      },
    },
  });
  const replay = () =>
    tried(async () => {
      const found = await post(["runs", each.id, "replay"], {});
      const same = found.same ?? found.identical ?? found.recorded_sha256 === found.replayed_sha256;
      said(told, same ? "Told again from its record: the same, word for word." : `Told again, it differs: ${found.why}`, same);
    });
  const verify = () =>
    tried(async () => {
      const found = await post(["runs", each.id, "verify"], {});
      const faults = found.faults || [];
      said(
        told,
        faults.length
          ? faults.map((fault) => `${fault.where}: ${fault.what}`).join("; ")
          : `Its record is whole: ${found.entries} entries, ${found.files} files.`,
        !faults.length,
      );
    });
  return el(
    "li",
    { class: "run", data: { run: each.id } },
    pick,
    el(
      "div",
      { class: "run-text" },
      el(
        "p",
        {},
        el("span", { class: `run-state r-${each.status}` }, icon(SIGNS[each.status] || "not_checkable"), each.status),
        " ",
        bdi(each.workflow),
      ),
      el(
        "p",
        { class: "soft" },
        `${day(each.started)} · `,
        el("span", { class: "mono", title: each.id, text: each.id.slice(-8) }),
      ),
      each.error ? el("p", { class: "soft" }, bdi(each.error)) : null,
      told,
    ),
    el(
      "div",
      { class: "run-acts" },
      button({
        class: "act",
        text: "Open",
        "aria-label": `Open run ${each.id}`,
        disabled: !each.report_sha256,
        on: {
          click: () => {
            run.set(null);
            run.set(each.id);
            tab.set("report");
          },
        },
      }),
      button({ class: "act", text: "Replay", "aria-label": `Replay run ${each.id}`, on: { click: replay } }),
      button({ class: "act", text: "Verify", "aria-label": `Verify the record of run ${each.id}`, on: { click: verify } }),
    ),
  );
}

function pair() {
  const node = one("#compare-runs");
  node.disabled = chosen.size !== 2;
  node.textContent = chosen.size === 2 ? "Compare the two" : `Compare: choose ${2 - Math.min(chosen.size, 2) || "only two"}`;
}

function cohort(each) {
  const share = each.total ? (each.done + each.failed) / each.total : 0;
  const bar = el("progress", { max: "1", "aria-label": `Progress of ${each.name}` });
  bar.value = share;
  const eta = each.eta ? `, ${Math.ceil(each.eta / 60)} min to go` : "";
  return el(
    "li",
    { class: "cohort" },
    el("p", {}, el("b", {}, bdi(each.name)), el("span", { class: "soft", text: ` ${each.state}` })),
    bar,
    el("p", {
      class: "soft",
      text: `${each.done} of ${each.total} done${each.failed ? `, ${each.failed} failed` : ""}${each.rate ? `, ${Math.round(each.rate)} an hour` : ""}${eta}`,
    }),
  );
}

const experiment = (each) =>
  el(
    "li",
    { class: "experiment" },
    el(
      "div",
      {},
      el("b", {}, bdi(each.name)),
      el("p", { class: "soft", text: `${each.done} of ${each.cells} cells · ${day(each.updated)}` }),
    ),
    el(
      "a",
      {
        class: "act",
        href: address(["experiments", each.id, "view"]),
        target: "_blank",
        rel: "noopener noreferrer",
        "aria-label": `Open the viewer of ${each.name}`,
      },
      "Open the viewer",
    ),
  );

const part = (title, list, make, nothing) =>
  el(
    "section",
    {},
    el("h3", { class: "over", text: title }),
    list.length ? el("ul", { class: "rows" }, list.map(make)) : el("p", { class: "soft", text: nothing }),
  );

export async function draw() {
  const [runs, cohorts, experiments] = await Promise.all([get(["runs"], { limit: 50 }), get(["cohorts"]), get(["experiments"])]);
  const compare = button({ class: "act", id: "compare-runs", on: { click: () => tried(() => compareDrafts(...chosen)) } });
  one("#runs").replaceChildren(
    el(
      "div",
      { class: "runs-head" },
      el("h2", { text: "Runs" }),
      compare,
      button({ class: "act", text: "Refresh", on: { click: () => tried(draw) } }),
    ),
    runs.length
      ? el("ul", { class: "rows" }, runs.map(row))
      : el("p", { class: "soft", text: "No run yet: ask a question or draft a report." }),
    part("Cohorts", cohorts, cohort, "No cohort in this home."),
    part("Experiments", experiments, experiment, "No experiment in this home."),
  );
  pair();
  clearTimeout(timer);
  if (cohorts.some((each) => each.state === "running"))
    timer = setTimeout(() => {
      if (tab.get() === "runs") draw().catch(() => {});
    }, EVERY);
}

export function begin() {
  tab.watch((now) => {
    if (now === "runs") draw().catch(tellError);
  });
}
