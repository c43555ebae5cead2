// Files to our own server over a line that may break: in parts, from where it has them safe.

const WAIT_MS = [1000, 2000, 4000, 8000, 15000];
const READ = 4 << 20;

/** Return the SHA-256 of a file, hex. Only pages of this machine or over TLS have `subtle`. */
async function sum(file) {
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return [...new Uint8Array(digest)].map((one) => one.toString(16).padStart(2, "0")).join("");
}

export class Refused extends Error {}

async function sentence(answer) {
  const text = await answer.text();
  const found = new DOMParser().parseFromString(text, "text/html").querySelector(".trouble, main");
  return (found ? found.textContent : text).trim().slice(0, 300) || String(answer.status);
}

/**
 * Send a file and return what it is worth.
 * where: {base, token, part}; about: what the first request says besides name and size;
 * told(share, isWaiting): called as it goes on.
 */
export async function sendFile(file, where, about, told) {
  const key = `upload:${where.base}:${JSON.stringify(about)}:${file.name}:${file.size}:${file.lastModified}`;
  const ask = (method, path, more = {}) =>
    fetch(where.base + path, {
      method,
      credentials: "same-origin",
      ...more,
      headers: { "X-CSRF-Token": where.token, "HX-Request": "true", ...more.headers },
    });
  const json = (value) => ({
    body: JSON.stringify(value),
    headers: { "Content-Type": "application/json" },
  });

  let tries = 0;
  const patient = async (work) => {
    for (;;) {
      try {
        const done = await work();
        tries = 0;
        return done;
      } catch (error) {
        if (error instanceof Refused) throw error;
        told(null, true);
        await new Promise((on) => setTimeout(on, WAIT_MS[Math.min(tries++, WAIT_MS.length - 1)]));
      }
    }
  };
  const fine = async (answer) => {
    if (answer.status >= 500 && answer.status !== 507) throw new Error(String(answer.status));
    if (!answer.ok) throw new Refused(await sentence(answer));
    return answer;
  };

  for (let round = 0; round < 3; round++) {
    let id = localStorage.getItem(key);
    let offset = -1;
    if (id) {
      const answer = await patient(async () => {
        const told = await ask("HEAD", `/${id}`);
        if (told.status >= 500) throw new Error(String(told.status));
        return told;
      });
      if (answer.ok) offset = Number(answer.headers.get("Upload-Offset"));
      else if (answer.status !== 404) throw new Refused(await sentence(answer));
    }
    if (offset < 0) {
      const begin = { name: file.name, size: file.size, ...about };
      const answer = await patient(async () => fine(await ask("POST", "", json(begin))));
      id = (await answer.json()).id;
      offset = 0;
      localStorage.setItem(key, id);
    }
    while (offset < file.size) {
      told(offset / file.size, false);
      const answer = await patient(async () => {
        const part = file.slice(offset, offset + Math.min(where.part, READ));
        const told = await ask("PATCH", `/${id}`, {
          body: part,
          headers: { "Upload-Offset": String(offset), "Content-Type": "application/octet-stream" },
        });
        if (told.status !== 409) return fine(told);
        return fine(await ask("HEAD", `/${id}`)); // it has more than we think, or less
      });
      offset = Number(answer.headers.get("Upload-Offset"));
    }
    told(1, false);
    const sha256 = await sum(file);
    const answer = await patient(async () => {
      const told = await ask("POST", `/${id}/finish`, json({ sha256 }));
      return told.status === 400 ? told : fine(told);
    });
    if (answer.ok) {
      localStorage.removeItem(key);
      return answer.json();
    }
    if (round === 2) throw new Refused(await sentence(answer)); // it was damaged three times
  }
}
