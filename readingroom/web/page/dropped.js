// What was dropped on the page, as files with the paths that they have in their folder.

async function entries(folder) {
  const reader = folder.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return found;
    found.push(...some);
  }
}

async function filesOf(entry, into, limit) {
  if (into.length >= limit) return;
  if (entry.isDirectory) {
    for (const each of await entries(entry)) await filesOf(each, into, limit);
  } else {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    into.push({ file, path: entry.fullPath.replace(/^\//, "") });
  }
}

export const chosen = (list) => [...list].map((file) => ({ file, path: file.webkitRelativePath || file.name }));

export async function dropped(transfer, limit) {
  const items = [...transfer.items].filter((item) => item.kind === "file").map((item) => item.webkitGetAsEntry?.());
  if (!items.some(Boolean)) return chosen(transfer.files);
  const found = [];
  for (const entry of items.filter(Boolean)) await filesOf(entry, found, limit);
  return found;
}

export const carriesFiles = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
