// Rulers: lines drawn by hand, in millimetres where the spacing is known, in pixels and saying so where it is not.

import { svg } from "./dom.js";
import { lengthOf } from "./geometry.js";

const STEP = 1,
  FAR = 10;
const drawn = new Map();

const keyOf = (film) => `${film.study}/${film.image.id}/${film.axis}/${film.plane}`;
const linesOf = (film) => drawn.get(keyOf(film)) || [];

export function told(film, line) {
  const { value, unit } = lengthOf(line, film.shape);
  const digits = unit === "mm" && value < 100 ? 1 : 0;
  if (unit === "px") return `${value.toFixed(0)} px (spacing not known)`;
  const detector = film.image.spacing?.plane === "detector" ? " at detector" : "";
  return `${value.toFixed(digits)} mm${detector}`;
}

export function begin(film, x, y) {
  const [x0, y0] = film.map.toImage(x, y);
  const key = keyOf(film);
  drawn.set(key, [...(drawn.get(key) || []), { x0, y0, x1: x0, y1: y0 }]);
}

export function drag(film, x, y) {
  const line = linesOf(film).at(-1);
  if (!line) return;
  [line.x1, line.y1] = film.map.toImage(x, y);
  show(film);
}

// A click without a drag leaves no ruler.
export function end(film) {
  const lines = linesOf(film);
  const line = lines.at(-1);
  if (line && Math.hypot(line.x1 - line.x0, line.y1 - line.y0) * film.map.across < 4) lines.pop();
  show(film);
}

// For the keyboard: a level ruler in the middle, its ends to be moved with the arrow keys.
export function place(film) {
  const [x0, y0] = film.map.toImage(film.width * 0.35, film.height / 2);
  const [x1] = film.map.toImage(film.width * 0.65, film.height / 2);
  const key = keyOf(film);
  drawn.set(key, [...(drawn.get(key) || []), { x0, y0, x1, y1: y0 }]);
  show(film);
  film.rulers.querySelector(".ruler:last-child .handle")?.focus();
}

export function clearAll(film) {
  drawn.delete(keyOf(film));
  show(film);
}

const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function handle(film, line, end, at) {
  const label = `${end === "0" ? "First" : "Second"} end of ruler, ${told(film, line)}; arrow keys move it, Delete removes the ruler`;
  const node = svg("circle", { class: "handle", cx: at[0], cy: at[1], r: 6, tabindex: 0, role: "button", "aria-label": label });
  const index = linesOf(film).indexOf(line);
  const again = () => {
    show(film);
    film.rulers.querySelectorAll(".ruler")[index]?.querySelectorAll(".handle")[Number(end)]?.focus();
  };
  node.addEventListener("keydown", (event) => {
    if (event.key === "Delete" || event.key === "Backspace") {
      linesOf(film).splice(index, 1);
      show(film);
      film.node.focus();
    } else if (MOVES[event.key]) {
      const by = event.shiftKey ? FAR : STEP;
      line[`x${end}`] += MOVES[event.key][0] * by;
      line[`y${end}`] += MOVES[event.key][1] * by;
      again();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  node.addEventListener("pointerdown", (event) => {
    event.stopPropagation();
    const box = film.node.getBoundingClientRect();
    const move = (now) => {
      [line[`x${end}`], line[`y${end}`]] = film.map.toImage(now.clientX - box.left, now.clientY - box.top);
      show(film);
    };
    const stop = () => {
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", stop);
    };
    addEventListener("pointermove", move);
    addEventListener("pointerup", stop);
  });
  return node;
}

export function show(film) {
  const { map } = film;
  film.rulers.replaceChildren(
    ...linesOf(film).map((line) => {
      const from = map.toScreen(line.x0, line.y0),
        to = map.toScreen(line.x1, line.y1);
      const text = svg("text", { class: "ruler-label", x: (from[0] + to[0]) / 2 + 8, y: (from[1] + to[1]) / 2 - 8 });
      text.textContent = told(film, line);
      return svg(
        "g",
        { class: "ruler" },
        svg("line", { x1: from[0], y1: from[1], x2: to[0], y2: to[1] }),
        handle(film, line, "0", from),
        handle(film, line, "1", to),
        text,
      );
    }),
  );
}
