// Edits that are not saved yet, kept for this tab alone: a reload brings them back, closing the tab ends them.
// sessionStorage, not localStorage: what one has written about a patient is not left on the machine for whoever uses the
// browser next, and two tabs that edit the same draft cannot overwrite each other.

const HEAD = "readingroom-edits";
const keyOf = (run, version) => `${HEAD}:${run}:${version}`;
const TEXTS = ["id", "section", "text", "original", "state"];

const isRow = (row) =>
  row && TEXTS.every((name) => typeof row[name] === "string") && Array.isArray(row.cites) && row.cites.every((id) => typeof id === "string");

export function keep(run, version, rows) {
  const told = rows.map((row) => Object.fromEntries([...TEXTS, "cites"].map((name) => [name, row[name]])));
  try {
    sessionStorage.setItem(keyOf(run, version), JSON.stringify(told));
  } catch {
    /* no store, or a full one: then a reload asks first */
  }
}

// The rows as they were left, or null.
export function left(run, version) {
  try {
    const rows = JSON.parse(sessionStorage.getItem(keyOf(run, version)) || "null");
    return Array.isArray(rows) && rows.every(isRow) ? rows : null;
  } catch {
    return null;
  }
}

// Of one version, or of all of a run where none is named.
export function forget(run, version = "") {
  try {
    const mine = (key) => (version === "" ? key.startsWith(keyOf(run, "")) : key === keyOf(run, version));
    for (const key of Object.keys(sessionStorage).filter(mine)) sessionStorage.removeItem(key);
  } catch {
    /* no store */
  }
}
