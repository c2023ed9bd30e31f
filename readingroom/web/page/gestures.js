// Pointer, wheel and touch on a film: one finger or the left button works the tool, two fingers zoom and move.

import { panned, zoomed } from "./geometry.js";

const LEFT = 0,
  MIDDLE = 1,
  RIGHT = 2;
const STILL = 4;
const PER_PLANE = 40;

const place = (film, event) => {
  const box = film.node.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
};

// acts: tool(), level(film, dx, dy, done), view(film, view), step(film, n), measure, cross, chosen, pressed(film, x, y), undone.
export function attach(film, acts) {
  const held = new Map();
  let doing = null,
    last = null,
    pinch = null,
    rest = 0,
    pressed = null;

  const work = {
    window: (x, y) => acts.level(film, x - last[0], y - last[1], false),
    pan: (x, y) => acts.view(film, panned(film.shape, film.view, film.width, film.height, x - last[0], y - last[1])),
    zoom: (x, y) =>
      acts.view(
        film,
        zoomed(film.shape, film.view, film.width, film.height, Math.exp((last[1] - y) / 150), film.width / 2, film.height / 2),
      ),
    ruler: (x, y) => acts.measure.drag(film, x, y),
    cross: (x, y) => acts.cross(film, x, y),
  };

  function chosenTool(event) {
    if (event.button === MIDDLE || event.shiftKey) return "pan";
    if (event.button === RIGHT) return "window";
    return acts.tool();
  }

  function end() {
    if (doing === "window") acts.level(film, 0, 0, true);
    if (doing === "ruler") acts.measure.end(film);
    doing = null;
  }

  film.node.addEventListener("pointerdown", (event) => {
    if (!film.image || event.target.closest(".handle")) return;
    acts.chosen(film);
    held.set(event.pointerId, place(film, event));
    film.node.setPointerCapture(event.pointerId);
    if (held.size === 2) {
      end();
      pinch = spreadOf(held);
      return;
    }
    last = place(film, event);
    pressed = event.button === LEFT ? last : null;
    doing = chosenTool(event);
    if (doing === "ruler") acts.measure.begin(film, ...last);
    if (doing === "cross") acts.cross(film, ...last);
  });

  film.node.addEventListener("pointermove", (event) => {
    if (!film.image) return;
    const [x, y] = (film.pointer = place(film, event));
    film.readout(x, y);
    if (!held.has(event.pointerId)) return;
    held.set(event.pointerId, [x, y]);
    if (pressed && Math.hypot(x - pressed[0], y - pressed[1]) > STILL) pressed = null;
    if (pinch && held.size === 2) {
      const now = spreadOf(held);
      const size = [film.width, film.height];
      const larger = zoomed(film.shape, film.view, ...size, now.far / pinch.far, now.x, now.y);
      acts.view(film, panned(film.shape, larger, ...size, now.x - pinch.x, now.y - pinch.y));
      pinch = now;
    } else if (doing && work[doing]) {
      work[doing](x, y);
      last = [x, y];
    }
  });

  for (const name of ["pointerup", "pointercancel"]) {
    film.node.addEventListener(name, (event) => {
      if (!held.delete(event.pointerId)) return;
      if (pinch && held.size < 2) pinch = null;
      end();
      if (pressed && name === "pointerup") acts.pressed(film, ...pressed);
      pressed = null;
    });
  }
  film.node.addEventListener("pointerleave", () => {
    film.pointer = null;
    film.corner.pixel.textContent = "";
  });
  film.node.addEventListener("contextmenu", (event) => event.preventDefault());
  film.node.addEventListener("dblclick", () => acts.undone(film));
  film.node.addEventListener(
    "wheel",
    (event) => {
      if (!film.image) return;
      event.preventDefault();
      const by = event.deltaMode === 1 ? event.deltaY * 20 : event.deltaY;
      if (film.shape.planes > 1 && !event.ctrlKey && !event.metaKey) {
        rest += by;
        const planes = Math.trunc(rest / PER_PLANE);
        rest -= planes * PER_PLANE;
        if (planes) acts.step(film, planes);
      } else {
        acts.view(film, zoomed(film.shape, film.view, film.width, film.height, Math.exp(-by / 400), ...place(film, event)));
      }
    },
    { passive: false },
  );
}

function spreadOf(held) {
  const [[x0, y0], [x1, y1]] = [...held.values()];
  return { far: Math.max(1, Math.hypot(x1 - x0, y1 - y0)), x: (x0 + x1) / 2, y: (y0 + y1) / 2 };
}
