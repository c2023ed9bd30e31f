// The HTTP API of this server: the page uses nothing else.

const ROOT = "/api/v1";
const MARK = { "X-Readingroom": "1" };

export class Refused extends Error {
  constructor(status, kind, line) {
    super(line);
    this.status = status;
    this.kind = kind;
  }
}

const path = (parts) => ROOT + parts.map((part) => `/${encodeURIComponent(part)}`).join("");
const query = (words) => {
  const given = Object.entries(words).filter(([, value]) => value !== undefined && value !== null);
  return given.length ? `?${new URLSearchParams(given)}` : "";
};

export const address = (parts, words = {}) => path(parts) + query(words);

async function refusal(answer) {
  const told = await answer.json().catch(() => ({}));
  return new Refused(answer.status, String(told.kind || ""), String(told.error || `the server answered ${answer.status}`));
}

async function send(method, parts, { words = {}, body, signal } = {}) {
  const headers = method === "GET" ? {} : { ...MARK };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(address(parts, words), {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
      credentials: "same-origin",
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, "Offline", "the server does not answer; is `readingroom serve` still running?");
  }
  if (!answer.ok) throw await refusal(answer);
  return answer;
}

const told = async (answer) => (answer.status === 204 ? null : answer.json());

export const get = async (parts, words, signal) => told(await send("GET", parts, { words, signal }));
export const post = async (parts, body, signal) => told(await send("POST", parts, { body, signal }));
export const remove = async (parts) => told(await send("DELETE", parts));
export const bytes = async (parts, words, signal) => send("GET", parts, { words, signal });

// XMLHttpRequest, since only it tells how far an upload is.
export function upload(parts, form, progress) {
  const request = new XMLHttpRequest();
  const done = new Promise((resolve, reject) => {
    request.open("POST", address(parts));
    for (const [name, value] of Object.entries(MARK)) request.setRequestHeader(name, value);
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => progress(event.lengthComputable ? event.loaded / event.total : 0));
    request.addEventListener("load", () => {
      const answer = request.response || {};
      if (request.status >= 200 && request.status < 300) resolve(answer);
      else
        reject(
          new Refused(request.status, String(answer.kind || ""), String(answer.error || `the server answered ${request.status}`)),
        );
    });
    request.addEventListener("error", () =>
      reject(new Refused(0, "Offline", "the upload broke off; is the server still running?")),
    );
    request.addEventListener("abort", () => reject(new DOMException("stopped", "AbortError")));
    request.send(form);
  });
  return { done, abort: () => request.abort() };
}
