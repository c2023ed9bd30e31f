// What is lit up: a sentence and the evidence it stands on, or an evidence and the sentences that speak of it.

import { signal } from "./signal.js";

const NONE = new Set();
const COLOURS = 8;
const state = { pinned: null, hovered: null, evidence: null };
let ledger = new Map();

export const lit = signal({ by: null, direct: NONE, source: NONE });
export const ledgerChanged = signal(0);

export function setLedger(evidence) {
  ledger = new Map(evidence.map((item) => [item.id, item]));
  ledgerChanged.set(ledgerChanged.get() + 1);
}

export const evidenceOf = (id) => ledger.get(id);

// One colour for one structure, in every image and however often it was outlined.
const colours = new Map();
export function colourOfLabel(label) {
  if (!colours.has(label)) colours.set(label, colours.size % COLOURS);
  return `c${colours.get(label)}`;
}
export const colourOf = (id) => {
  const region = ledger.get(id)?.regions?.[0];
  return region ? colourOfLabel(region.label || region.kind) : "c-none";
};

// All that an evidence was computed from, however far back.
function sources(ids) {
  const found = new Set();
  const ahead = [...ids];
  while (ahead.length) {
    for (const id of ledger.get(ahead.pop())?.derived_from || []) {
      if (!found.has(id)) {
        found.add(id);
        ahead.push(id);
      }
    }
  }
  return found;
}

function say() {
  const by = state.pinned || state.hovered;
  const direct = state.evidence || new Set(by?.evidence || []);
  lit.set({ by, direct, source: state.evidence ? NONE : sources(direct), pointed: Boolean(state.evidence) });
}

export const pinned = () => state.pinned;

export function pin(sentence) {
  state.pinned = state.pinned?.key === sentence?.key ? null : sentence;
  state.evidence = null;
  say();
}

// The same sentence, with other evidence after an edit.
export function renew(sentence) {
  for (const name of ["pinned", "hovered"]) if (state[name]?.key === sentence.key) state[name] = sentence;
  say();
}

export function hover(sentence) {
  state.hovered = sentence;
  say();
}

export function point(evidence) {
  state.evidence = evidence ? new Set(evidence) : null;
  say();
}

export function clear() {
  Object.assign(state, { pinned: null, hovered: null, evidence: null });
  say();
}

// Where evidence is to be seen: [image id, plane or null], its own region first, then those it was computed from.
export function placeOf(ids) {
  for (const id of [...ids, ...sources(ids)]) {
    for (const region of ledger.get(id)?.regions || []) return { image: region.image_id, plane: region.plane, region };
  }
  const id = [...ids].find((name) => ledger.has(name));
  return id ? { image: ledger.get(id).image_id, plane: null, region: null } : null;
}
