// Elements from data: text only ever becomes text, never markup.

const SVG = "http://www.w3.org/2000/svg";

function put(node, name, value) {
  if (value === undefined || value === null || value === false) return;
  if (name === "class") node.setAttribute("class", value);
  else if (name === "text") node.textContent = value;
  else if (name === "on") for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
  else if (name === "data") Object.assign(node.dataset, value);
  else if (name in node && typeof value !== "string" && !name.startsWith("aria")) node[name] = value;
  else node.setAttribute(name, value === true ? "" : String(value));
}

function filled(node, props, children) {
  for (const [name, value] of Object.entries(props || {})) put(node, name, value);
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  if (props && "value" in props) node.value = props.value;
  return node;
}

export const el = (tag, props, ...children) => filled(document.createElement(tag), props, children);

export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null) node.setAttribute(name, String(value));
  }
  node.append(...children);
  return node;
}

export const one = (selector, within = document) => within.querySelector(selector);
export const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// Text from outside, kept from turning round what stands beside it.
export const bdi = (text, props) => el("bdi", { ...props, text });

export function button(props, ...children) {
  return el("button", { type: "button", ...props }, ...children);
}

export const typing = (target) =>
  Boolean(target.closest?.("input:not([type=checkbox], [type=radio], [type=range]), textarea, select, [contenteditable]"));
