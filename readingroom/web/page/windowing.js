// Grey values to what is seen: the window as a table over every value, so that a drag costs one look-up a pixel.

const OPAQUE = 0xff000000;
const LIMIT = 1_500_000;

const KINDS = { u8: Uint8Array, u16: Uint16Array, i16: Int16Array, f32: Float32Array, rgb8: Uint8Array };

// Little-endian bytes as typed samples of one plane.
export function samples(kind, buffer) {
  const Kind = KINDS[kind];
  if (!Kind) throw new Error(`the server sent pixels of an unknown type ${String(kind).slice(0, 20)}`);
  return new Kind(buffer);
}

const level = (value, low, scale) => Math.min(255, Math.max(0, Math.round((value - low) * scale)));

function table(first, size, { low, high, invert }) {
  const scale = 255 / Math.max(high - low, 1e-6);
  const out = new Uint32Array(size);
  for (let index = 0; index < size; index += 1) {
    const grey = level(index + first, low, scale);
    const shown = invert ? 255 - grey : grey;
    out[index] = (OPAQUE | (shown << 16) | (shown << 8) | shown) >>> 0;
  }
  return out;
}

function greys(plane, window, out, columns, rows, step) {
  const { data, type } = plane;
  const first = type === "i16" ? -32768 : 0;
  let at = 0;
  if (type === "f32") {
    const scale = 255 / Math.max(window.high - window.low, 1e-6);
    for (let row = 0; row < rows; row += 1) {
      let from = row * step * plane.columns;
      for (let column = 0; column < columns; column += 1, from += step, at += 1) {
        const grey = level(data[from], window.low, scale);
        const shown = window.invert ? 255 - grey : grey;
        out[at] = OPAQUE | (shown << 16) | (shown << 8) | shown;
      }
    }
    return;
  }
  const lut = table(first, type === "u8" ? 256 : 65536, window);
  for (let row = 0; row < rows; row += 1) {
    let from = row * step * plane.columns;
    for (let column = 0; column < columns; column += 1, from += step, at += 1) out[at] = lut[data[from] - first];
  }
}

function colours(plane, window, out, columns, rows, step) {
  const lut = table(0, 256, window);
  const { data } = plane;
  let at = 0;
  for (let row = 0; row < rows; row += 1) {
    let from = row * step * plane.columns * 3;
    for (let column = 0; column < columns; column += 1, from += step * 3, at += 1) {
      out[at] = OPAQUE | ((lut[data[from + 2]] & 255) << 16) | ((lut[data[from + 1]] & 255) << 8) | (lut[data[from]] & 255);
    }
  }
}

// Paints a plane through its window onto a canvas of its own size; `rough`: while dragging, large ones on a coarser grid.
export function paint(plane, window, canvas, rough = false) {
  let step = 1;
  while (rough && (plane.rows * plane.columns) / (step * step) > LIMIT) step += 1;
  const columns = Math.max(1, Math.floor(plane.columns / step));
  const rows = Math.max(1, Math.floor(plane.rows / step));
  if (canvas.width !== columns || canvas.height !== rows) Object.assign(canvas, { width: columns, height: rows });
  const context = canvas.getContext("2d");
  const picture = new ImageData(columns, rows);
  const out = new Uint32Array(picture.data.buffer);
  (plane.type === "rgb8" ? colours : greys)(plane, window, out, columns, rows, step);
  context.putImageData(picture, 0, 0);
}

// What stands at a pixel: one number, or three of a colour; null outside.
export function valueAt(plane, x, y) {
  const column = Math.floor(x),
    row = Math.floor(y);
  if (column < 0 || row < 0 || column >= plane.columns || row >= plane.rows) return null;
  const at = row * plane.columns + column;
  return plane.type === "rgb8" ? [...plane.data.subarray(at * 3, at * 3 + 3)] : plane.data[at];
}
