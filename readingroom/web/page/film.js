// One film: a plane of an image on a canvas, with its marks over it and what is known of it in the corners.

import { el, svg } from "./dom.js";
import { mapping, whole } from "./geometry.js";
import { ahead, heldPlane, planeOf } from "./pixels.js";
import { paint, valueAt } from "./windowing.js";

const AXES = { axial: "axial", coronal: "coronal", sagittal: "sagittal", stored: "" };
const ROLES = { prior: "Prior", lateral: "Lateral", current: "Current" };
const UNITS = { HU: "HU", grey: "", colour: "" };

const short = (number) => (Math.abs(number) >= 100 ? number.toFixed(0) : Number(number.toPrecision(4)).toString());

export class Film {
  // `told`: what the stage wants to hear of: changed(film) after a new plane is there, drawn(film), failed(error); alone(): no other role.
  constructor(told) {
    this.told = told;
    this.image = null;
    this.view = whole();
    this.pixels = null;
    this.pointer = null;
    this.queued = 0;
    this.stale = { paint: false, rough: false };
    this.picture = document.createElement("canvas");
    this.canvas = el("canvas", { class: "film-canvas", "aria-hidden": "true" });
    this.overlays = svg("g", { class: "overlays" });
    this.labels = svg("g", { class: "overlay-labels" });
    this.cross = svg("g", { class: "cross", "aria-hidden": "true" });
    this.rulers = svg("g", { class: "rulers" });
    this.marks = svg("svg", { class: "marks" }, this.overlays, this.labels, this.cross, this.rulers);
    this.corner = Object.fromEntries(
      ["name", "place", "window", "pixel"].map((name) => [name, el("span", { class: `corner ${name}` })]),
    );
    this.edge = Object.fromEntries(
      ["left", "right", "top", "bottom"].map((name) => [name, el("span", { class: `side at-${name}` })]),
    );
    this.waiting = el("span", { class: "film-waiting", hidden: true, text: "loading" });
    this.node = el(
      "div",
      { class: "film", tabindex: "0", role: "application", "aria-roledescription": "image viewer" },
      this.canvas,
      this.marks,
      Object.values(this.corner),
      Object.values(this.edge),
      this.waiting,
    );
    new ResizeObserver(() => this.resize()).observe(this.node);
  }

  get shape() {
    return this.image.shape_by_axis[this.axis] || Object.values(this.image.shape_by_axis)[0];
  }

  get map() {
    return mapping(this.shape, this.view, this.width || 1, this.height || 1);
  }

  set(study, image, axis, plane, display) {
    const other = !this.image || this.image.id !== image.id || this.study !== study || this.axis !== axis;
    Object.assign(this, { study, image, axis, display });
    if (other) {
      this.view = whole();
      this.pixels = null;
    }
    this.plane = Math.min(Math.max(0, plane), this.shape.planes - 1);
    this.named();
    return this.load(1);
  }

  async load(direction) {
    const { study, image, axis, plane } = this;
    const held = heldPlane(study, image.id, axis, plane);
    if (!held) this.waiting.hidden = false;
    try {
      const pixels = held || (await planeOf(study, image.id, axis, plane));
      if (this.plane !== plane || this.image !== image || this.axis !== axis) return;
      this.pixels = pixels;
      this.waiting.hidden = true;
      this.repaint();
      if (this.pointer) this.readout(...this.pointer);
      this.told.changed(this);
      ahead(study, image.id, axis, plane, this.shape.planes, direction);
    } catch (error) {
      this.waiting.hidden = true;
      this.told.failed(error);
    }
  }

  step(by) {
    const next = Math.min(Math.max(0, this.plane + by), this.shape.planes - 1);
    if (next === this.plane) return false;
    this.plane = next;
    this.named();
    this.load(Math.sign(by));
    return true;
  }

  named() {
    const { image, shape } = this;
    const role = ROLES[image.role] || "";
    const axis = AXES[this.axis] || (image.kind === "frames" ? "frame" : "plane");
    const plane = shape.planes > 1 ? `${axis} ${this.plane + 1} of ${shape.planes}` : "";
    this.corner.name.textContent = [this.told.alone() ? "" : role, image.name || image.modality].filter(Boolean).join(" · ");
    this.corner.place.textContent = plane;
    const sides = {
      left: shape.left ?? image.sides.left,
      right: shape.right ?? image.sides.right,
      top: shape.top || "",
      bottom: shape.bottom || "",
    };
    for (const [edge, letter] of Object.entries(sides)) {
      // A picture in colour, of skin or of a slide, has no sides of the patient to be in doubt about.
      this.edge[edge].textContent = letter === "?" && image.colour ? "" : letter || "";
      this.edge[edge].hidden = !this.edge[edge].textContent;
      this.edge[edge].title = letter === "?" ? "The side is not known" : "Side of the patient";
    }
    this.node.classList.toggle("lettered", Boolean(sides.top));
    this.node.dataset.image = image.id;
    this.node.dataset.role = image.role;
    this.node.setAttribute(
      "aria-label",
      [role, image.name, plane, sides.left ? `image left is ${sides.left}` : ""].filter(Boolean).join(", "),
    );
  }

  resize() {
    const box = this.node.getBoundingClientRect();
    const dense = Math.min(devicePixelRatio || 1, 2);
    this.width = box.width;
    this.height = box.height;
    Object.assign(this.canvas, {
      width: Math.max(1, Math.round(box.width * dense)),
      height: Math.max(1, Math.round(box.height * dense)),
    });
    this.marks.setAttribute("viewBox", `0 0 ${box.width} ${box.height}`);
    this.redraw();
  }

  // Through the window again: once a frame at most, coarser while a drag goes on.
  repaint(rough = false) {
    this.stale = { paint: true, rough };
    this.redraw();
  }

  redraw() {
    if (this.queued) return;
    this.queued = requestAnimationFrame(() => {
      this.queued = 0;
      this.draw();
    });
  }

  draw() {
    if (!this.image || !this.width) return;
    const { display } = this;
    if (this.stale.paint && this.pixels) {
      paint(this.pixels, display, this.picture, this.stale.rough);
      this.stale.paint = false;
    }
    const context = this.canvas.getContext("2d");
    const dense = this.canvas.width / this.width;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    const map = this.map;
    if (this.pixels) {
      context.setTransform(dense, 0, 0, dense, 0, 0);
      context.imageSmoothingEnabled = map.across * dense < 6;
      context.imageSmoothingQuality = "high";
      context.drawImage(this.picture, map.left, map.top, this.shape.columns * map.across, this.shape.rows * map.down);
    }
    const still = `matrix(${map.across} 0 0 ${map.down} ${map.left} ${map.top})`;
    this.overlays.setAttribute("transform", still);
    this.told.drawn(this);
    const width = display.high - display.low;
    const level = `W ${short(width)}  L ${short((display.high + display.low) / 2)}${display.invert ? "  inverted" : ""}`;
    const zoom = Math.round(this.view.zoom * 100);
    this.corner.window.textContent = zoom === 100 ? level : `${level}  ·  ${zoom} %`;
  }

  // The value under the pointer; (x, y) on the film.
  readout(x, y) {
    if (!this.pixels) return;
    const [column, row] = this.map.toImage(x, y);
    const value = valueAt(this.pixels, column, row);
    const unit = UNITS[this.image.units] || "";
    const told = Array.isArray(value) ? `RGB ${value.join(" ")}` : value === null ? "" : `${short(value)} ${unit}`.trim();
    this.corner.pixel.textContent = told ? `x ${Math.floor(column)}  y ${Math.floor(row)}  ·  ${told}` : "";
  }
}
