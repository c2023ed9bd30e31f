// A value that tells its watchers when it changes.

export function signal(value) {
  const watchers = new Set();
  return {
    get: () => value,
    set(next) {
      if (next === value) return;
      value = next;
      for (const watch of [...watchers]) watch(value);
    },
    // Tell again: what the value refers to has changed within.
    touch() {
      for (const watch of [...watchers]) watch(value);
    },
    watch(act, { now = true } = {}) {
      watchers.add(act);
      if (now) act(value);
      return () => watchers.delete(act);
    },
  };
}
