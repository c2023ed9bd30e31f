// Where the names and numbers of outlines stand: inside the film, clear of one another and of what the corners say.

import { svg } from "./dom.js";

const EDGE = 6,
  GAP = 5,
  LEAST = 3,
  SLIDES = [16, 32, 48];
const LINE = 0.5;

// The points of each part of an outline: "M x y L x y ... Z", and boxes in "M x y H x V y H x Z".
function partsOf(path) {
  const parts = [];
  for (const [, sign, rest] of path.matchAll(/([MLHV])([^MLHVZ]*)/g)) {
    const numbers = (rest.match(/-?[\d.]+/g) || []).map(Number);
    if (sign === "M") parts.push([]);
    const points = parts.at(-1);
    if (!points) continue;
    if (sign === "H") points.push([numbers[0], points.at(-1)[1]]);
    else if (sign === "V") points.push([points.at(-1)[0], numbers[0]]);
    else points.push(numbers);
  }
  return parts;
}

const areaOf = (points) => {
  let sum = 0;
  points.forEach(([x, y], at) => {
    const [u, v] = points[(at + 1) % points.length];
    sum += x * v - u * y;
  });
  return Math.abs(sum);
};

const boxOf = (points) => {
  const across = points.map(([x]) => x),
    down = points.map(([, y]) => y);
  return [Math.min(...across), Math.min(...down), Math.max(...across), Math.max(...down)];
};

// The box of the largest part, in pixels of the image; a label beside it says what it means.
export function largestPart(path) {
  const parts = partsOf(path);
  return boxOf(parts.reduce((best, part) => (areaOf(part) > areaOf(best) ? part : best), parts[0]));
}

const shared = (one, two) =>
  Math.max(0, Math.min(one[2], two[2]) - Math.max(one[0], two[0])) *
  Math.max(0, Math.min(one[3], two[3]) - Math.max(one[1], two[1]));

const grown = ([left, top, right, bottom], by) => [left - by, top - by, right + by, bottom + by];

// Places worth a try for words of that size beside a box, the best first; [left, top].
function beside([left, top, right, bottom], width, height) {
  const middle = (left + right - width) / 2,
    level = (top + bottom - height) / 2;
  const above = top - height - GAP,
    below = bottom + GAP;
  return [
    [left, above],
    [left, below],
    [right - width, above],
    [right - width, below],
    ...SLIDES.map((by) => [left + by, above]),
    [right + GAP, level],
    [left - width - GAP, level],
    [middle, level],
    [middle, top + GAP],
    [middle, bottom - height - GAP],
    ...Array.from({ length: 8 }, (_, at) => [left, below + (at + 1) * (height + 2)]),
    ...Array.from({ length: 8 }, (_, at) => [left, above - (at + 1) * (height + 2)]),
  ];
}

// What already stands on the film: its corners and the letters of its sides.
function taken(film) {
  const own = film.node.getBoundingClientRect();
  return [...Object.values(film.corner), ...Object.values(film.edge)]
    .filter((node) => node.textContent && node.offsetParent !== null)
    .map((node) => {
      const box = node.getBoundingClientRect();
      return [box.left - own.left, box.top - own.top, box.right - own.left, box.bottom - own.top];
    });
}

// The name gives way, the number and its unit never do.
function shortened(node, name, number, widest) {
  const whole = number ? `${name}  ${number}` : name;
  node.textContent = whole;
  let rest = name.length;
  while (node.getComputedTextLength() > widest && rest > LEAST) {
    rest -= 1;
    const cut = `${name.slice(0, rest).trimEnd()}…`;
    node.textContent = number ? `${cut}  ${number}` : cut;
  }
  if (node.getComputedTextLength() > widest && number) node.textContent = number;
}

// wanted: [{name, number, colour, path, line}]; draws each once, in the order given, where it is least in the way.
export function place(film, wanted) {
  const nodes = wanted.map(({ colour }) => svg("text", { class: `overlay-label ${colour}` }));
  film.labels.replaceChildren(...nodes);
  if (!nodes.length) return;
  const standing = taken(film);
  const widest = film.width - 2 * EDGE;
  const onFilm = ([x0, y0, x1, y1]) => [...film.map.toScreen(x0, y0), ...film.map.toScreen(x1, y1)];
  // A line is thin: words over it hide all of it.
  const lines = wanted.filter(({ line }) => line).map(({ path }) => grown(onFilm(largestPart(path)), 2));
  nodes.forEach((node, at) => {
    const { name, number, path } = wanted[at];
    shortened(node, name, number, widest);
    const { width, height, y } = node.getBBox();
    const screen = onFilm(largestPart(path));
    const held = ([left, top]) => [
      Math.max(EDGE, Math.min(left, film.width - width - EDGE)),
      Math.max(EDGE, Math.min(top, film.height - height - EDGE)),
    ];
    const boxed = ([left, top]) => [left, top, left + width, top + height];
    const cost = (where) => {
      const box = grown(boxed(where), 2);
      const over = standing.reduce((sum, other) => sum + shared(box, other), 0);
      return over + LINE * lines.reduce((sum, other) => sum + shared(box, other), 0);
    };
    const tries = beside(screen, width, height).map(held);
    const costs = tries.map(cost);
    const best = tries[costs.indexOf(Math.min(...costs))];
    standing.push(boxed(best));
    // A text is placed by its baseline, which is -y below its top.
    node.setAttribute("x", String(best[0]));
    node.setAttribute("y", String(best[1] - y));
  });
}
