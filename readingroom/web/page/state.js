// What is open: one study, one conversation, one run; the address carries it, so that a reload comes back to it.

import { signal } from "./signal.js";

export const session = signal(null);
// The server knows this browser no longer.
export const shutOut = signal(false);
export const study = signal(null);
export const studies = signal([]);
export const chat = signal(null);
export const chats = signal([]);
export const run = signal(null);
export const tab = signal("chat");

export function readAddress() {
  const told = new URLSearchParams(location.hash.slice(1));
  return { study: told.get("study"), chat: told.get("chat"), run: told.get("run"), tab: told.get("tab") };
}

export function writeAddress() {
  const now = new URLSearchParams();
  const open = { study: study.get()?.id, chat: chat.get()?.id, run: run.get(), tab: tab.get() };
  for (const [name, value] of Object.entries(open)) if (value) now.set(name, value);
  const next = `#${now}`;
  if (next !== location.hash) history.replaceState(null, "", next);
}

for (const each of [study, chat, run, tab]) each.watch(writeAddress, { now: false });
