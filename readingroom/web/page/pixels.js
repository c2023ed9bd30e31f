// Planes of pixels from the server, kept for as long as there is room, the neighbours fetched ahead.

import { bytes } from "./api.js";
import { samples } from "./windowing.js";

const ROOM = 256 * 2 ** 20;
const AHEAD = 3;
const kept = new Map();
const coming = new Map();
let held = 0;

const keyOf = (study, image, axis, plane) => `${study}/${image}/${axis}/${plane}`;

function keep(key, plane) {
  kept.set(key, plane);
  held += plane.data.byteLength;
  for (const [old, one] of kept) {
    if (held <= ROOM || old === key) break;
    kept.delete(old);
    held -= one.data.byteLength;
  }
}

async function fetched(study, image, axis, plane, signal) {
  const answer = await bytes(["studies", study, "images", image, "pixels"], { axis, plane }, signal);
  const type = answer.headers.get("X-Type");
  const rows = Number(answer.headers.get("X-Rows")),
    columns = Number(answer.headers.get("X-Columns"));
  return { type, rows, columns, data: samples(type, await answer.arrayBuffer()) };
}

export function heldPlane(study, image, axis, plane) {
  const key = keyOf(study, image, axis, plane);
  const found = kept.get(key);
  if (found) {
    kept.delete(key);
    kept.set(key, found);
  }
  return found;
}

export function planeOf(study, image, axis, plane) {
  const found = heldPlane(study, image, axis, plane);
  if (found) return Promise.resolve(found);
  const key = keyOf(study, image, axis, plane);
  if (!coming.has(key)) {
    const promise = fetched(study, image, axis, plane)
      .then((one) => {
        keep(key, one);
        return one;
      })
      .finally(() => coming.delete(key));
    coming.set(key, promise);
  }
  return coming.get(key);
}

// The planes that scrolling on will ask for; failures are told when they are asked for in earnest.
export function ahead(study, image, axis, plane, planes, direction) {
  for (let step = 1; step <= AHEAD; step += 1) {
    const next = plane + step * (direction || 1);
    if (next >= 0 && next < planes && coming.size < 6) planeOf(study, image, axis, next).catch(() => {});
  }
}
