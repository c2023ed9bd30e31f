// From image pixels to the screen and back: zoom about a centre, true proportions, planes of a volume through a point.

// view: zoom (1 fits), x and y of the image at the middle of the film, as fractions; shape: rows, columns, row_mm, column_mm.
export function mapping(shape, view, width, height) {
  const aspect = shape.row_mm && shape.column_mm ? shape.row_mm / shape.column_mm : 1;
  const fit = Math.min(width / shape.columns, height / (shape.rows * aspect));
  const across = fit * view.zoom,
    down = across * aspect;
  const left = width / 2 - view.x * shape.columns * across,
    top = height / 2 - view.y * shape.rows * down;
  return {
    across,
    down,
    left,
    top,
    fit,
    aspect,
    toScreen: (x, y) => [left + x * across, top + y * down],
    toImage: (x, y) => [(x - left) / across, (y - top) / down],
  };
}

export const whole = () => ({ zoom: 1, x: 0.5, y: 0.5 });

export const clampZoom = (zoom) => Math.min(40, Math.max(0.25, zoom));

// Zooms about a point of the screen, which stays where it is.
export function zoomed(shape, view, width, height, factor, atX, atY) {
  const [x, y] = mapping(shape, view, width, height).toImage(atX, atY);
  const zoom = clampZoom(view.zoom * factor);
  const now = mapping(shape, { ...view, zoom }, width, height);
  return {
    zoom,
    x: (width / 2 - atX) / now.across / shape.columns + x / shape.columns,
    y: (height / 2 - atY) / now.down / shape.rows + y / shape.rows,
  };
}

export function panned(shape, view, width, height, byX, byY) {
  const now = mapping(shape, view, width, height);
  const held = (value) => Math.min(1.25, Math.max(-0.25, value));
  return { ...view, x: held(view.x - byX / now.across / shape.columns), y: held(view.y - byY / now.down / shape.rows) };
}

// A volume's voxel (i to the left, j to the back, k upwards) in the pixels of a plane, and which plane goes through it.
// Coronal and sagittal planes stand head up: their rows run down from the top.
export function placed(axis, cross, depth) {
  if (axis === "coronal") return { x: cross.i + 0.5, y: depth - cross.k - 0.5, plane: cross.j };
  if (axis === "sagittal") return { x: cross.j + 0.5, y: depth - cross.k - 0.5, plane: cross.i };
  return { x: cross.i + 0.5, y: cross.j + 0.5, plane: cross.k };
}

export function voxel(axis, x, y, plane, shapes) {
  const held = (value, size) => Math.min(size - 1, Math.max(0, Math.floor(value)));
  const { columns, rows, planes } = shapes.axial;
  if (axis === "coronal") return { i: held(x, columns), j: plane, k: planes - 1 - held(y, planes) };
  if (axis === "sagittal") return { i: plane, j: held(x, rows), k: planes - 1 - held(y, planes) };
  return { i: held(x, columns), j: held(y, rows), k: plane };
}

// The length of a line in millimetres where both directions are known, else in pixels.
export function lengthOf(line, shape) {
  const across = line.x1 - line.x0,
    down = line.y1 - line.y0;
  if (shape.row_mm && shape.column_mm) return { value: Math.hypot(across * shape.column_mm, down * shape.row_mm), unit: "mm" };
  return { value: Math.hypot(across, down), unit: "px" };
}
