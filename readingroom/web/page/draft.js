// The draft that is open: its report, its versions, and the sentences as they stand in the editor.

import { get, post } from "./api.js";
import * as edits from "./kept_edits.js";
import { signal } from "./signal.js";

const WAIT = 180;

export const draft = signal(null);
export const changed = signal(0);
export const saving = signal("");
let timer = 0,
  stopping = null;

function rowsOf(report) {
  const of = new Map(report.findings.map((finding) => [finding.id, finding.evidence]));
  return [
    ...report.findings.map((each) => ({
      id: each.id,
      section: "findings",
      text: each.text,
      original: each.text,
      state: "kept",
      cites: each.evidence,
    })),
    ...report.impression.map((each) => ({
      id: each.id,
      section: "impression",
      text: each.text,
      original: each.text,
      state: "kept",
      cites: [...new Set(each.derived_from.flatMap((id) => of.get(id) || []))],
    })),
  ];
}

export async function open(run) {
  const [report, versions] = await Promise.all([get(["runs", run, "report"]), get(["runs", run, "versions"])]);
  const next = {
    run,
    report,
    versions,
    version: 0,
    rows: rowsOf(report),
    verification: report.verification,
    dirty: false,
    stale: false,
  };
  if (versions.length) await fill(next, Math.max(...versions.map((each) => each.version)));
  draft.set(next);
  changed.touch();
  if (next.dirty) again();
}

async function fill(into, version) {
  const told = await get(["runs", into.run, "versions", version]);
  // A statement of the impression cites findings: it stands on their evidence.
  const findings = new Map(into.report.findings.map((finding) => [finding.id, finding.evidence]));
  const behind = (cites) => [...new Set(cites.flatMap((id) => findings.get(id) || [id]))];
  into.rows = told.sentences.map((row) => ({ ...row, cites: behind(row.cites), original: row.original ?? "" }));
  const left = edits.left(into.run, version);
  if (left) into.rows = left;
  Object.assign(into, { version, verification: told.verification, dirty: Boolean(left), stale: Boolean(left) });
}

export async function show(version) {
  const now = draft.get();
  await fill(now, version);
  changed.set(changed.get() + 1);
  if (now.dirty) again();
}

// Back to the version that was edited.
export async function discard() {
  const now = draft.get();
  edits.forget(now.run, now.version);
  await show(now.version);
}

export const newest = () => Math.max(0, ...draft.get().versions.map((each) => each.version));

const plain = (text) => text.split(/\s+/).filter(Boolean).join(" ");

export function checkOf(row) {
  if (row.state === "struck") return draft.get().report.struck?.find((each) => each.check.target === row.id)?.check || null;
  const found = draft.get().verification?.checks?.find((check) => check.target === row.id);
  // A verdict on other words is none on these.
  return found && (found.text === undefined || plain(found.text) === plain(row.text)) ? found : null;
}

function edited() {
  const now = draft.get();
  Object.assign(now, { dirty: true, stale: true });
  edits.keep(now.run, now.version, now.rows);
  again();
}

function again() {
  clearTimeout(timer);
  timer = setTimeout(check, WAIT);
}

async function check() {
  const now = draft.get();
  stopping?.abort();
  stopping = new AbortController();
  const sentences = now.rows
    .filter((row) => row.state !== "struck" && row.text.trim())
    .map(({ id, section, text }) => ({ id, section, text }));
  try {
    const verification = await post(["runs", now.run, "check"], { sentences }, stopping.signal);
    if (draft.get() !== now) return;
    Object.assign(now, { verification, stale: false });
    saving.set("");
    changed.set(changed.get() + 1);
  } catch (error) {
    if (error.name !== "AbortError") saving.set(`The checker did not answer: ${error.message}`);
  }
}

export function write(row, text) {
  row.text = text;
  if (row.state !== "added") row.state = text === row.original ? "kept" : "edited";
  edited();
}

export function mark(row, state) {
  if (state === "restored") Object.assign(row, { state: row.original ? "kept" : "added", text: row.original || row.text });
  else row.state = row.state === state ? (row.text === row.original ? "kept" : row.original ? "edited" : "added") : state;
  edited();
  changed.set(changed.get() + 1);
}

export function add(section) {
  const now = draft.get();
  const number = 1 + Math.max(0, ...now.rows.map((row) => Number(/^H(\d+)$/.exec(row.id)?.[1] || 0)));
  const row = { id: `H${number}`, section, text: "", original: "", state: "added", cites: [] };
  const last = now.rows.findLastIndex((each) => each.section === section);
  now.rows.splice(last < 0 ? now.rows.length : last + 1, 0, row);
  now.dirty = true;
  changed.set(changed.get() + 1);
  return row;
}

export function drop(row) {
  const now = draft.get();
  now.rows.splice(now.rows.indexOf(row), 1);
  edited();
  changed.set(changed.get() + 1);
}

export async function save() {
  const now = draft.get();
  const sentences = now.rows
    .filter((row) => row.text.trim())
    .map(({ id, section, text, state }) => ({ id, section, text, state }));
  const made = await post(["runs", now.run, "versions"], { based_on: now.version, sentences });
  edits.forget(now.run, now.version);
  now.versions = await get(["runs", now.run, "versions"]);
  await fill(now, made.version);
  changed.set(changed.get() + 1);
  return now.version;
}

export const forget = () => draft.set(null);

addEventListener("beforeunload", (event) => {
  if (draft.get()?.dirty) event.preventDefault();
});
