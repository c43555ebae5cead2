// The scanning desk: a strip that draws only the pages that are seen, files that are dropped on it,
// keys, and news of what comes in.
import { token, send } from "./app.js";
import { Refused, sendFile } from "./sending.js";

const desk = document.querySelector(".desk");
const number = desk.dataset.page;
if (number) watchPage();
else watchDesk();

function watchPage() {
  const split = document.querySelector("#split");
  const figure = document.querySelector(".large");
  if (split) {
    const line = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    line.setAttribute("viewBox", "0 0 100 100");
    line.setAttribute("preserveAspectRatio", "none");
    const drawn = document.createElementNS("http://www.w3.org/2000/svg", "line");
    line.append(drawn);
    figure.append(line);
    const draw = () => {
      const [start, end] = [split.start.value, split.end.value];
      for (const [name, value] of Object.entries(split.across.checked
        ? { x1: 0, y1: start, x2: 100, y2: end }
        : { x1: start, y1: 0, x2: end, y2: 100 })) drawn.setAttribute(name, value);
    };
    split.addEventListener("input", draw);
    draw();
  }
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, select, textarea") || event.altKey || event.ctrlKey) return;
    const way = { ArrowLeft: "#before", ArrowRight: "#after", Escape: "#up" }[event.key];
    if (way) document.querySelector(way)?.click();
  });
}

function watchDesk() {
  const book = encodeURIComponent(desk.dataset.book);
  const base = `/scanning/books/${book}`;
  const words = JSON.parse(desk.dataset.words);
  const strip = document.querySelector("#strip");
  const CELL = { width: 132, height: 196 };
  const WINDOW = 60;
  const known = new Map(); // start of a window → {pages (undefined until told), coming}
  let total = Number(desk.dataset.count);
  let chosen = 1;

  document.querySelector(".plain-pages").hidden = true;
  strip.classList.add("drawn");
  const sheet = document.createElement("div");
  strip.replaceChildren(sheet);
  strip.addEventListener("scroll", draw, { passive: true });
  new ResizeObserver(draw).observe(strip);

  const columns = () => Math.max(1, Math.floor((strip.clientWidth - 4) / CELL.width));

  function windowOf(place) {
    const start = Math.floor((place - 1) / WINDOW) * WINDOW + 1;
    if (!known.has(start)) {
      const here = { start };
      known.set(start, here);
      here.coming = fetch(`${base}/strip?start=${start}&count=${WINDOW}`, { credentials: "same-origin" })
        .then((answer) => (answer.ok ? answer.json() : { pages: [] }))
        .then((told) => {
          here.pages = told.pages;
          if (known.get(start) === here) draw();
        });
    }
    return known.get(start);
  }

  function pageAt(place) {
    const here = windowOf(place);
    return here.pages?.[place - here.start];
  }

  async function pageTold(place) {
    const here = windowOf(place); // news may come meanwhile: a key is for the page that was seen
    await here.coming;
    return here.pages?.[place - here.start];
  }

  const cells = new Map(); // place → element
  function draw() {
    const across = columns();
    sheet.style.height = `${Math.ceil(total / across) * CELL.height}px`;
    const first = Math.max(0, Math.floor(strip.scrollTop / CELL.height) - 1);
    const last = Math.ceil((strip.scrollTop + strip.clientHeight) / CELL.height) + 1;
    const from = first * across + 1;
    const to = Math.min(total, last * across);
    for (const [place, cell] of cells) {
      if (place < from || place > to) {
        cell.remove();
        cells.delete(place);
      }
    }
    for (let place = from; place <= to; place++) {
      let cell = cells.get(place);
      if (!cell) {
        cell = document.createElement("div");
        cell.id = `place-${place}`;
        cell.setAttribute("role", "option");
        cell.addEventListener("click", () => choose(place));
        cell.addEventListener("dblclick", open);
        cells.set(place, cell);
        sheet.append(cell);
      }
      const at = place - 1;
      cell.style.transform = `translate(${(at % across) * CELL.width}px, ${Math.floor(at / across) * CELL.height}px)`;
      fill(cell, place, pageAt(place));
    }
    strip.setAttribute("aria-activedescendant", `place-${chosen}`);
  }

  function fill(cell, place, page) {
    cell.className = `cell ${page ? page.grade : "empty"}${place === chosen ? " chosen" : ""}`;
    cell.setAttribute("aria-selected", String(place === chosen));
    cell.setAttribute("aria-setsize", total);
    cell.setAttribute("aria-posinset", place);
    const shown = page ? `${page.number}|${page.flags.join("|")}` : "";
    if (cell.dataset.shown === shown) return;
    cell.dataset.shown = shown;
    const title = document.createElement("b");
    title.textContent = place;
    cell.replaceChildren(title);
    if (!page) return;
    const image = document.createElement("img");
    image.src = `${base}/pages/${page.number}/thumb.jpg`;
    image.alt = "";
    cell.prepend(image);
    const flag = document.createElement("span");
    flag.textContent = page.flags[0] || "";
    cell.append(flag);
    cell.title = [page.name, ...page.flags].join("\n");
    cell.setAttribute("aria-label", [`${words.page} ${place}`, ...page.flags].join(", "));
  }

  function choose(place) {
    chosen = Math.max(1, Math.min(total || 1, place));
    const top = Math.floor((chosen - 1) / columns()) * CELL.height;
    if (top < strip.scrollTop) strip.scrollTop = top;
    if (top + CELL.height > strip.scrollTop + strip.clientHeight)
      strip.scrollTop = top + CELL.height - strip.clientHeight;
    draw();
  }

  const open = async () => {
    const page = await pageTold(chosen);
    if (page) location.assign(`${base}/pages/${page.number}`);
  };

  async function act(what, fields = {}) {
    const page = await pageTold(chosen);
    if (!page) return;
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    await send("POST", `${base}/pages/${page.number}/${what}`, form);
    await refresh();
  }

  strip.addEventListener("keydown", (event) => {
    const across = columns();
    const step = {
      ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across,
      PageUp: -4 * across, PageDown: 4 * across, Home: -total, End: total,
    }[event.key];
    if (event.altKey && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
      event.preventDefault();
      // Behind a place as the pages stand now: two back is one place further to the front.
      const behind = event.key === "ArrowLeft" ? chosen - 2 : chosen + 1;
      if (behind >= 0 && behind <= total) act("move", { behind }).then(() => choose(chosen + step));
    } else if (event.altKey || event.ctrlKey || event.metaKey) {
      return;
    } else if (step) {
      event.preventDefault();
      choose(chosen + step);
    } else if (event.key === "Enter") {
      event.preventDefault();
      open();
    } else if (event.key === "Delete") {
      act("reject");
    } else if (event.key === "r" || event.key === "R") {
      location.assign(`${base}?instead=${chosen}`);
    } else if (event.key === "i" || event.key === "I") {
      location.assign(`${base}?behind=${chosen}`);
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey && event.key === "z" && !event.target.closest("input, textarea")) {
      event.preventDefault();
      if (!form) document.querySelector("#undo")?.requestSubmit(); // a closed book is opened
      else if (document.querySelector("#undo")) send("POST", `${base}/undo`, new FormData()).then(refresh);
    }
  });

  // News

  async function refresh() {
    const answer = await fetch(`${base}/state`, {
      credentials: "same-origin",
      headers: { "HX-Request": "true" },
    });
    if (!answer.ok) return;
    const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
    const state = parsed.querySelector("#state");
    document.querySelector("#state").replaceWith(state);
    total = Number(state.querySelector(".counter strong").textContent);
    known.clear();
    choose(chosen);
  }

  const PATIENCE_MS = 20 * 60_000;
  let touched = Date.now();
  for (const name of ["keydown", "pointermove", "scroll"])
    document.addEventListener(name, () => (touched = Date.now()), { capture: true, passive: true });

  async function live() {
    let version = "";
    for (;;) {
      try {
        // Asking for news must not keep a session alive that nobody uses.
        if (document.hidden || Date.now() - touched > PATIENCE_MS) throw new Error("nobody looks");
        const answer = await fetch(`${base}/live?after=${encodeURIComponent(version)}`, {
          credentials: "same-origin",
        });
        if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
        const told = (await answer.json()).version;
        if (version && told !== version) await refresh();
        version = told;
      } catch {
        await new Promise((on) => setTimeout(on, 2000));
      }
    }
  }

  // Files

  const where = { base: "/scanning/uploads", token, part: Number(desk.dataset.part) };
  const about = { book: desk.dataset.book, instead: Number(desk.dataset.instead) };
  if (desk.dataset.behind !== undefined) about.behind = Number(desk.dataset.behind);
  const list = document.querySelector("#sent");
  let line = Promise.resolve();

  function take(files) {
    const one = about.instead || about.behind !== undefined;
    const pile = {}; // behind a separator sheet, the rest is its book's
    for (const file of files) {
      const row = document.createElement("li");
      list.append(row);
      row.textContent = file.name;
      const place = { ...about };
      if (one) {
        // The first stands where it was told, each further one behind it.
        if (about.instead) about.behind = about.instead;
        else about.behind += 1;
        about.instead = 0;
      }
      line = line.then(() => sendOne(file, place, row, pile));
    }
  }

  async function sendOne(file, place, row, pile) {
    if (pile.book === "") {
      row.className = "trouble";
      row.textContent = `${file.name}: ${words.lost}`;
      return;
    }
    if (pile.book) place = { book: pile.book };
    const told = (share, isWaiting) => {
      row.textContent = `${file.name}: ${isWaiting ? words.waiting : `${words.sending} ${Math.round(share * 100)} %`}`;
    };
    try {
      const outcome = await sendFile(file, where, place, told);
      if (outcome.leads_to !== place.book) pile.book = outcome.leads_to;
      const sentences = [
        ...outcome.refused,
        ...outcome.already.map(() => words.known),
        ...outcome.pages.flatMap((one) => one.sentences),
      ];
      row.className = outcome.refused.length ? "trouble" : sentences.length ? "note" : "done";
      row.textContent = `${file.name}: ${sentences.join("; ") || words.done}`;
    } catch (error) {
      row.className = "trouble";
      row.textContent = `${file.name}: ${error instanceof Refused ? error.message : words.failed}`;
    }
  }

  const form = document.querySelector("#drop");
  if (form) {
    form.addEventListener("submit", (event) => {
      const files = [...form.elements.files.files];
      event.preventDefault();
      take(files);
      form.elements.files.value = "";
    });
    for (const name of ["dragover", "drop"]) {
      desk.addEventListener(name, (event) => {
        event.preventDefault();
        if (name === "drop") take([...event.dataTransfer.files]);
      });
    }
  }

  draw();
  live();
}
