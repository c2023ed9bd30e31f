// Two versions of a draft, or two drafts, side by side.

import { get } from "./api.js";
import { sheet } from "./dialogs.js";
import { bdi, el } from "./dom.js";
import { newest } from "./draft.js";
import { sentenceLine } from "./sentences.js";

const KINDS = {
  same: "as before",
  kept: "as before",
  edited: "edited",
  struck: "struck",
  added: "added",
  removed: "removed",
  accepted: "accepted",
  restored: "restored",
};

// The words of one text that the other lacks, by the longest common run of words.
export function wordDiff(before, after) {
  const one = before.split(/(\s+)/),
    two = after.split(/(\s+)/);
  const size = Array.from({ length: one.length + 1 }, () => new Uint16Array(two.length + 1));
  for (let i = one.length - 1; i >= 0; i -= 1) {
    for (let j = two.length - 1; j >= 0; j -= 1)
      size[i][j] = one[i] === two[j] ? size[i + 1][j + 1] + 1 : Math.max(size[i + 1][j], size[i][j + 1]);
  }
  const out = [];
  let i = 0,
    j = 0;
  while (i < one.length || j < two.length) {
    if (i < one.length && j < two.length && one[i] === two[j]) {
      out.push(["same", one[i]]);
      i += 1;
      j += 1;
    } else if (j < two.length && (i >= one.length || size[i][j + 1] > size[i + 1][j])) {
      out.push(["ins", two[j]]);
      j += 1;
    } else {
      out.push(["del", one[i]]);
      i += 1;
    }
  }
  return out;
}

function diffRow(row) {
  const before = row.before?.text || "",
    after = row.kind === "struck" ? "" : row.after?.text || "";
  const words =
    before && after
      ? wordDiff(before, after).map(([kind, text]) => (kind === "same" ? text : el(kind, { text })))
      : after
        ? el("ins", { text: after })
        : el("del", { text: before });
  return el(
    "li",
    { class: `diff-row d-${row.kind}` },
    el("span", { class: "tagged", text: KINDS[row.kind] || row.kind }),
    el("bdi", {}, words),
  );
}

export async function versionDiff(draft) {
  const numbers = draft.versions.map((each) => each.version);
  const options = () =>
    numbers.map((number) => el("option", { value: String(number), text: number ? `Version ${number}` : "As drafted" }));
  const first = el("select", { "aria-label": "From version" }, options()),
    second = el("select", { "aria-label": "To version" }, options());
  const list = el("ul", { class: "diff" });
  const show = async () => {
    const rows = await get(["runs", draft.run, "versions", first.value, "diff", second.value]);
    list.replaceChildren(...(rows.length ? rows.map(diffRow) : [el("li", { class: "soft", text: "They say the same." })]));
  };
  first.value = String(Math.min(...numbers));
  second.value = String(newest());
  for (const each of [first, second]) each.addEventListener("change", show);
  await show();
  sheet("What changed", { size: "medium" }, el("p", { class: "row" }, first, " to ", second), list);
}

function column(report, only) {
  const checks = new Map((report.verification?.checks || []).map((check) => [check.target, check]));
  const cites = new Map(report.findings.map((each) => [each.id, each.evidence]));
  const line = (each) => {
    const node = sentenceLine({
      key: `beside:${report.provenance.run}:${each.id}`,
      text: each.text,
      check: checks.get(each.id) || null,
      cites: each.evidence || each.derived_from.flatMap((id) => cites.get(id) || []),
    });
    node.classList.toggle("only", only.has(each.text));
    return node;
  };
  return el(
    "article",
    { class: "beside-draft", "aria-label": `Draft ${report.id}` },
    el("h3", {}, bdi(report.title)),
    el("p", { class: "soft" }, bdi(`${report.provenance.finished} · ${report.provenance.writer}`)),
    ["findings", "impression"].map((name) => [
      el("h4", { class: "over", text: name }),
      report[name].length
        ? el("ul", { class: "sentences" }, report[name].map(line))
        : el("p", { class: "soft", text: "Nothing." }),
    ]),
  );
}

export async function compareDrafts(run, other = "") {
  const runs = (await get(["runs"], { limit: 50 })).filter((each) => each.report_sha256);
  const ids = runs.map((each) => each.id);
  const options = () =>
    runs.map((each) =>
      el("option", { value: each.id, text: `${each.started.slice(0, 16).replace("T", " ")} · ${each.id.slice(-8)}` }),
    );
  const first = el("select", { "aria-label": "First draft" }, options()),
    second = el("select", { "aria-label": "Second draft" }, options());
  const box = el("div", { class: "beside-box" }),
    line = el("p", { class: "soft" });
  const show = async () => {
    const [one, two, difference] = await Promise.all([
      get(["runs", first.value, "report"]),
      get(["runs", second.value, "report"]),
      get(["runs", first.value, "diff", second.value]),
    ]);
    line.textContent = difference.line;
    box.replaceChildren(column(one, new Set(difference.only_first)), column(two, new Set(difference.only_second)));
  };
  for (const each of [first, second]) each.addEventListener("change", show);
  if (ids.length < 2) {
    sheet(
      "Beside another draft",
      { size: "small" },
      el("p", { text: "There is only one draft yet. Draft another to see them side by side." }),
    );
    return;
  }
  first.value = ids.includes(run) ? run : ids[0];
  // Rather one of the same patient.
  const subject = runs.find((each) => each.id === first.value).subject;
  const rest = runs.filter((each) => each.id !== first.value);
  second.value = other || (rest.find((each) => each.subject === subject) || rest[0]).id;
  await show();
  sheet("Two drafts", { size: "large" }, el("p", { class: "row" }, first, " beside ", second), line, box);
}
