// The events of a conversation as they come; broken off, it goes on after the last one that came.

import { address } from "./api.js";

const NAMES = ["asked", "plan", "waiting", "started", "ended", "said", "judged", "stopped", "answered", "failed", "undone", "removed"];
const AGAIN = 1500;

// told: event(name, data, id), connected(yes), refused(): whether to try again.
export function follow(chat, after, told) {
  let source = null,
    last = after,
    timer = 0,
    over = false;

  function open() {
    // The browser itself sends Last-Event-ID when a connection breaks; `after` is for the first, and after a refusal.
    source = new EventSource(address(["chats", chat, "events"], { after: last }));
    source.addEventListener("open", () => told.connected(true));
    source.addEventListener("error", () => {
      told.connected(false);
      if (source.readyState !== EventSource.CLOSED || over) return;
      clearTimeout(timer);
      timer = setTimeout(async () => {
        if ((await told.refused()) && !over) open();
      }, AGAIN);
    });
    for (const name of NAMES) {
      source.addEventListener(name, (event) => {
        const id = Number(event.lastEventId) || last + 1;
        if (id <= last) return;
        last = id;
        told.event(name, JSON.parse(event.data), id);
      });
    }
  }

  open();
  return () => {
    over = true;
    clearTimeout(timer);
    source.close();
  };
}
