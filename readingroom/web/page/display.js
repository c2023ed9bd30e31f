// How each image is shown: its window, and whether it is inverted; the films of one image share it.

const shown = new Map();

export function displayOf(study, image) {
  const key = `${study}/${image.id}`;
  if (!shown.has(key)) shown.set(key, first(image));
  return shown.get(key);
}

const first = (image) => ({ low: image.window.low, high: image.window.high, name: image.window.name || "", invert: false });

export function reset(study, image) {
  Object.assign(displayOf(study, image), first(image));
}

const span = (image) => Math.max(image.range[1] - image.range[0], 1);

// As in every viewer: to the right widens, downwards darkens; the whole range is a film's width or so.
export function dragged(display, image, across, down, size) {
  const width = display.high - display.low,
    centre = (display.high + display.low) / 2;
  const per = (Math.max(width, span(image) * 0.05) / Math.max(size, 200)) * 1.6;
  set(display, centre + down * per, Math.max(width + across * per, span(image) * 0.001), "by hand");
}

export function set(display, centre, width, name) {
  Object.assign(display, { low: centre - width / 2, high: centre + width / 2, name });
}

export function presetsFor(image, windows) {
  return image.units === "HU" ? windows : [];
}
