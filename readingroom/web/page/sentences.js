// One sentence as the page shows it everywhere: its words, its verdict with the reasons, and what it stands on.

import { all, bdi, el } from "./dom.js";
import { icon } from "./icons.js";
import { clear, colourOf, evidenceOf, hover, lit, pin, pinned, point, renew } from "./light.js";
import { MEANINGS, RULES, TRUSTS, bad, howMeasured, measured, scored, spread, verdictMark, words } from "./verdicts.js";

const LEAVING = 200;
const sentenceOf = new WeakMap();
let leaving = 0;

// sentence: {key, text, check (with verdict and problems, or null), cites, record}.
function evidenceFor(sentence) {
  const against = (sentence.check?.problems || []).flatMap((problem) => problem.evidence || []);
  return [...new Set([...(sentence.cites || []), ...(sentence.check?.evidence || []), ...against])];
}

export function wordsOf(sentence) {
  const spans = (sentence.check?.problems || [])
    .filter((problem) => problem.span)
    .map((problem) => ({ from: problem.span[0], to: problem.span[1], reason: problem.reason }));
  spans.sort((one, two) => one.from - two.from);
  const signs = [...sentence.text];
  const parts = [];
  let at = 0;
  for (const span of spans) {
    if (span.from < at || span.to > signs.length) continue;
    parts.push(
      signs.slice(at, span.from).join(""),
      el("u", { class: "wrong", title: span.reason, text: signs.slice(span.from, span.to).join("") }),
    );
    at = span.to;
  }
  parts.push(signs.slice(at).join(""));
  return el("bdi", {}, parts);
}

export function citeChip(id) {
  const known = evidenceOf(id);
  return el("span", {
    class: `cite ${colourOf(id)}`,
    title: known?.summary,
    data: { evidence: id },
    text: id,
    on: {
      pointerenter: () => {
        clearTimeout(leaving);
        point([id]);
      },
      pointerleave: () => point(null),
    },
  });
}

export function whyList(check) {
  const problems = check?.problems || [];
  return problems.length
    ? el(
        "ul",
        { class: "why" },
        problems.map((problem) =>
          el("li", {}, el("b", { text: `${RULES[problem.rule] || problem.rule} (${problem.rule}): ` }), bdi(problem.reason)),
        ),
      )
    : null;
}

function proof(id) {
  const item = evidenceOf(id);
  if (!item) return el("li", {}, citeChip(id), el("span", { class: "soft", text: "no longer in the record" }));
  const place = [
    words(item.observation),
    words(item.presence),
    ["unspecified", "not_applicable"].includes(item.laterality) ? "" : item.laterality,
    item.zone,
    TRUSTS[item.trust] || "",
  ]
    .filter(Boolean)
    .join(", ");
  const origin = item.origin;
  const backend = String(origin.backend).toLowerCase().startsWith("classical")
    ? "classical baseline (image analysis, not a foundation model)"
    : origin.backend;
  return el(
    "li",
    {},
    citeChip(id),
    el(
      "div",
      {},
      el("p", { class: "sum" }, bdi(item.summary)),
      item.measurements.map((one) =>
        el(
          "p",
          { class: "number" },
          el("b", { text: measured(one) }),
          ` ${words(one.name)} ${spread(one)}`,
          el("span", { class: "soft", text: howMeasured(one) }),
        ),
      ),
      scored(item) ? el("p", { class: "number" }, el("span", { text: scored(item) })) : null,
      el(
        "p",
        { class: "from" },
        place,
        "; ",
        bdi(`${origin.tool} ${origin.tool_version}, ${backend}`),
        item.derived_from.length ? `; from ${item.derived_from.join(", ")}` : "",
      ),
    ),
  );
}

// What opens under a chosen sentence.
function detail(sentence) {
  const verdict = sentence.check?.verdict;
  const ids = evidenceFor(sentence);
  return el(
    "div",
    { class: "detail" },
    el(
      "p",
      { class: "detail-head" },
      sentence.record
        ? el("span", { class: "soft", text: "Copied from the record; says nothing of the image." })
        : verdictMark(verdict),
      sentence.record ? null : el("span", { class: "soft", text: MEANINGS[verdict] || "not checked yet" }),
    ),
    bad(verdict) ? null : whyList(sentence.check),
    ids.length ? el("ul", { class: "proofs" }, ids.map(proof)) : el("p", { class: "soft", text: "Stands on no evidence." }),
  );
}

const target = (sentence) => ({ key: sentence.key, evidence: evidenceFor(sentence) });

function attend(say, line) {
  const now = () => target(sentenceOf.get(line));
  say.addEventListener("pointerenter", (event) => {
    if (event.pointerType === "touch") return;
    clearTimeout(leaving);
    hover(now());
  });
  say.addEventListener("pointerleave", () => {
    clearTimeout(leaving);
    leaving = setTimeout(() => hover(null), LEAVING);
  });
  say.addEventListener("focus", () => {
    if (pinned() && pinned().key !== now().key) clear();
    hover(now());
  });
  say.addEventListener("blur", () => hover(null));
  say.addEventListener("click", () => {
    if (String(getSelection()) === "") pin(now());
  });
  say.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    pin(now());
  });
}

// beside: goes with the citations; extra: comes after them.
export function fill(line, sentence, extra = [], beside = []) {
  sentenceOf.set(line, sentence);
  const verdict = sentence.check?.verdict;
  line.className = `line${bad(verdict) ? ` bad v-${verdict}` : ""}${sentence.struck ? " struck" : ""}`;
  line.dataset.key = sentence.key;
  line.dataset.evidence = evidenceFor(sentence).join(" ");
  const say = el(
    "p",
    { class: "say", role: "button", tabindex: "0", "aria-pressed": "false", data: { key: sentence.key } },
    wordsOf(sentence),
  );
  attend(say, line);
  const mark = sentence.record
    ? el(
        "span",
        { class: "verdict v-not_checkable", title: "copied from the record" },
        icon("runs"),
        el("span", { class: "unseen", text: "from the record" }),
      )
    : sentence.struck
      ? null
      : verdictMark(verdict, { quiet: !bad(verdict) });
  line.replaceChildren(
    say,
    " ",
    mark || "",
    " ",
    el(
      "span",
      { class: (sentence.cites || []).length > 3 ? "cites" : "cites together" },
      (sentence.cites || []).map(citeChip),
      beside,
    ),
    ...extra,
    ...(bad(verdict) ? [whyList(sentence.check)] : []),
  );
  show(line);
  if (pinned()?.key === sentence.key) renew(target(sentence));
}

export function sentenceLine(sentence, extra = []) {
  const line = el("li");
  fill(line, sentence, extra);
  return line;
}

function show(line) {
  const { by, direct, pointed } = lit.get();
  const sentence = sentenceOf.get(line);
  if (!sentence) return;
  const mine = by?.key === sentence.key;
  const held = pinned()?.key === sentence.key;
  line.classList.toggle("active", mine && !pointed);
  line.classList.toggle("pinned", held);
  line.classList.toggle("echo", Boolean(pointed) && line.dataset.evidence.split(" ").some((id) => direct.has(id)));
  const say = line.querySelector(".say");
  say?.setAttribute("aria-pressed", String(held));
  const old = line.querySelector(":scope > .detail");
  if (held && !old) line.append(detail(sentence));
  if (!held && old) old.remove();
}

lit.watch(
  () => {
    for (const line of all(".line[data-key]")) show(line);
  },
  { now: false },
);

// The lines that are in sight, for stepping from one to the next.
const inSight = () => all(".say").filter((say) => say.offsetParent !== null);

export function move(by) {
  const found = inSight();
  if (!found.length) return;
  const here = found.findIndex((say) => say === document.activeElement || say.closest(".line")?.classList.contains("active"));
  const next = here < 0 ? (by > 0 ? 0 : found.length - 1) : Math.min(Math.max(here + by, 0), found.length - 1);
  found[next].focus();
}

// The next sentence that speaks of an evidence, chosen when its outline is.
export function chooseFor(evidence) {
  const citing = inSight().filter((say) =>
    say
      .closest(".line")
      .dataset.evidence.split(" ")
      .some((id) => evidence.includes(id)),
  );
  if (!citing.length) return;
  const next = citing[(citing.findIndex((say) => say.dataset.key === pinned()?.key) + 1) % citing.length];
  const sentence = sentenceOf.get(next.closest(".line"));
  clear();
  pin(target(sentence));
  next.scrollIntoView({ block: "nearest" });
}
