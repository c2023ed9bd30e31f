// What this browser remembers of how its reader likes the page; never anything of a patient.

import { signal } from "./signal.js";

const KEY = "readingroom";

function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEY) || "{}") || {};
  } catch {
    return {};
  }
}

const first = kept();

function preference(name, otherwise) {
  const value = signal(typeof first[name] === typeof otherwise ? first[name] : otherwise);
  value.watch(
    (now) => {
      try {
        localStorage.setItem(KEY, JSON.stringify({ ...kept(), [name]: now }));
      } catch {
        /* private windows have no store */
      }
    },
    { now: false },
  );
  return value;
}

export const theme = preference("theme", "");
export const singleKeys = preference("singleKeys", true);
export const opacity = preference("opacity", 0.18);
export const overlayMode = preference("overlayMode", "all");
export const values = preference("values", true);
export const approvePlans = preference("approvePlans", false);
export const deidentify = preference("deidentify", true);
export const linked = preference("linked", true);
export const wide = preference("wide", 0);
