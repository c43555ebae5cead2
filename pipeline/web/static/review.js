// The reviewer's desk at the keyboard. Without this file the page is a plain form.
//
// Each field is sent when it is accepted or left changed; answers go one after the other, each with
// a token of its own, so that one that had to be sent twice counts once. What is typed and not sent
// yet stays in this tab (sessionStorage) until it is.
import { send } from "./app.js";

const PLAIN_DIGITS = new Set(["person_name", "person_or_org", "place_text", "enum", "code_list", "text", ""]);
const HOLD_MS = 60_000; // while someone works, the record is kept for them
const RETRY_MS = 3000;
const MOST_PICTURES = 60;
const LEAST_BOX_PX = 120; // a name can be read in it
const MOST_ROOM = 2; // times the screen's width that a row may be drawn
const BOX_LINE_PX = 70;
const pictures = new Map(); // address → promise of a blob's address

let desk;
let words;
let active = null; // the box somebody is in
let untouched = true; // nothing was typed in it since it was entered
let keys = 0; // strokes since then
let waiting = Promise.resolve(); // answers on their way
let pending = 0;
const sending = new Map(); // key → answers about it on their way
let worked = Date.now();

const boxes = () => [...desk.querySelectorAll("input[data-key]")];
const asked = () => boxes().filter((box) => box.dataset.asked);
const holder = (box) => box.closest(".box");
const list = (box, name) => JSON.parse(box.dataset[name] || "[]");
const draft = (box) => `${desk.dataset.record}\n${box.dataset.key}`;
const query = (told) => new URLSearchParams(told).toString();
const composing = (event) => event.isComposing || event.keyCode === 229;

function state(word, lost = false) {
  const place = desk.querySelector("#state");
  place.textContent = word ? words.dataset[word] : "";
  place.classList.toggle("lost", lost);
}

// Pictures: fetched once, shown from memory, so that the next record's are there already.

function picture(address) {
  if (!pictures.has(address)) {
    const made = fetch(address, { credentials: "same-origin" })
      .then((answer) => (answer.ok ? answer.blob() : Promise.reject(new Error(answer.status))))
      .then((blob) => URL.createObjectURL(blob));
    made.catch(() => pictures.delete(address));
    pictures.set(address, made);
    for (const [old, promise] of pictures) {
      if (pictures.size <= MOST_PICTURES) break;
      pictures.delete(old);
      promise.then((blob) => URL.revokeObjectURL(blob), () => {});
    }
  }
  return pictures.get(address);
}

const encoded = (record) => record.split("/").map(encodeURIComponent).join("/");
const rowAddress = (record) => `/entries/${encoded(record)}/picture`;
const cropAddress = (record, key) => `/review/crop/${key}/${encoded(record)}`;

async function show(image, address) {
  image.dataset.wanted = address;
  const found = await picture(address).catch(() => null);
  if (found && image.dataset.wanted === address) image.src = found;
}

async function lookAhead() {
  const record = desk.dataset.record;
  const answer = await fetch(`/review/next?${query({ book: desk.dataset.book, after: record })}`, {
    headers: { Accept: "application/json" },
  }).catch(() => null);
  if (!answer?.ok || desk.dataset.record !== record) return;
  const next = await answer.json();
  if (!next.record || next.record === record) return;
  // One after another: what is on the screen now comes first.
  const addresses = [rowAddress(next.record), ...next.asked.map((key) => cropAddress(next.record, key))];
  for (const address of addresses) await picture(address).catch(() => {});
}

// Boxes

function enter(box) {
  active = box;
  untouched = true;
  keys = 0;
  closeSuggestions();
  const key = box.dataset.key;
  for (const one of desk.querySelectorAll(".places rect")) one.classList.toggle("active", one.dataset.key === key);
  const close = desk.querySelector("#close");
  close.hidden = false;
  desk.querySelector("#title").textContent = holder(box).querySelector("label").textContent;
  show(desk.querySelector("#crop"), cropAddress(desk.dataset.record, key));
  const readers = list(box, "readers");
  desk.querySelector("#others").replaceChildren(
    ...list(box, "others").map((text, index) => {
      const line = document.createElement("li");
      const stroke = document.createElement("kbd");
      stroke.textContent = PLAIN_DIGITS.has(box.dataset.kind) ? index + 1 : `Alt+${index + 1}`;
      const who = readers.length ? `${readers[index] || words.dataset.machine}: ` : "";
      line.append(stroke, `${who}${text}`);
      return line;
    }),
  );
  desk.querySelector("#why").replaceChildren(
    ...list(box, "why").map((text) => Object.assign(document.createElement("li"), { textContent: text })),
  );
  selectDoubtful(box);
  scrollTo(key);
}

// Where the machine's readings differ is where a letter is likely wrong: the first key replaces it.
function selectDoubtful(box) {
  const text = box.value;
  const other = box.dataset.asked && !list(box, "readers").length ? list(box, "others")[0] : undefined;
  if (other === undefined || !text) return box.select();
  let start = 0;
  while (start < text.length && text[start] === other[start]) start += 1;
  let end = 0;
  while (end < Math.min(text.length, other.length) - start && text.at(-1 - end) === other.at(-1 - end)) end += 1;
  box.setSelectionRange(start, text.length - end);
}

function scrollTo(key) {
  const rect = [...desk.querySelectorAll(".places rect")].find((one) => one.dataset.key === key);
  const paper = desk.querySelector("#row");
  if (!rect) return;
  const inside = rect.getBoundingClientRect();
  const frame = paper.getBoundingClientRect();
  if (inside.left < frame.left || inside.right > frame.right) {
    paper.scrollLeft += inside.left - frame.left - (frame.width - inside.width) / 2;
  }
  if (inside.top < frame.top || inside.bottom > frame.bottom) {
    paper.scrollTop += inside.top - frame.top - (frame.height - inside.height) / 2;
  }
}

// Of a row of a table, each box stands under its own column, and moves along with the picture.
function underColumns() {
  const row = desk.querySelector("#row");
  const boxesOf = desk.querySelector(".boxes");
  const places = new Map(
    [...desk.querySelectorAll(".places rect")].map((one) => [
      one.dataset.key, { left: Number(one.getAttribute("x")), width: Number(one.getAttribute("width")) },
    ]),
  );
  const narrow = Math.min(...[...places.values()].map((one) => one.width).filter((width) => width > 0.02));
  // No wider than its pixels bear, and than can be looked over; narrow columns share lines of boxes.
  const most = Math.max(row.clientWidth, Math.min(Number(row.querySelector(".picture").getAttribute("width")), MOST_ROOM * row.clientWidth));
  const width = Math.round(Math.min(Math.max(row.clientWidth, LEAST_BOX_PX / narrow), most));
  row.classList.add("columns");
  desk.querySelector(".sheet").style.width = `${width}px`;
  boxesOf.style.width = `${width}px`;
  const ends = []; // of each line of boxes, how far it is taken
  for (const frame of boxesOf.querySelectorAll(".box")) {
    const place = places.get(frame.dataset.key);
    const wide = Math.max(LEAST_BOX_PX, place.width * width) - 6;
    const left = Math.min(place.left * width, width - wide);
    let line = ends.findIndex((end) => end <= left);
    if (line < 0) line = ends.push(0) - 1;
    ends[line] = left + wide;
    Object.assign(frame.style, { left: `${left}px`, width: `${wide}px`, top: `${line * BOX_LINE_PX}px` });
  }
  boxesOf.style.height = `${ends.length * BOX_LINE_PX}px`;
  row.append(boxesOf);
}

function put(box, text) {
  box.value = text;
  box.setSelectionRange(text.length, text.length);
  touched(box);
}

function touched(box) {
  untouched = false;
  if (box.value === box.dataset.saved) sessionStorage.removeItem(draft(box));
  else sessionStorage.setItem(draft(box), box.value);
}

function go(box) {
  box.focus();
}

function onward(from) {
  const all = boxes();
  const place = all.indexOf(from);
  const open = asked().filter((box) => box !== from);
  const next = open.find((box) => all.indexOf(box) > place) || open[0];
  if (next) go(next);
  else if (desk.dataset.whole) desk.querySelector("#accept").focus();
  else finish();
}

// Answers

function answer(box, told) {
  const record = desk.dataset.record;
  const body = {
    record, key: box.dataset.key, told, text: box.value, base: Number(box.dataset.base),
    token: crypto.randomUUID(), keys,
  };
  keys = 0;
  settled(box);
  const key = box.dataset.key;
  sending.set(key, (sending.get(key) ?? 0) + 1);
  queue(async () => {
    // The answer before may have been about this very field.
    const base = desk.dataset.record === record ? Number(box.dataset.base) : body.base;
    sending.set(key, sending.get(key) - 1);
    await deliver("/review/answer", { ...body, base }, box);
  });
}

/** What stands in a box was said; whether it was taken, the server tells. */
function settled(box) {
  delete box.dataset.asked;
  box.dataset.saved = box.value;
  holder(box).classList.remove("asked", "conflict");
}

function queue(act) {
  pending += 1;
  state("saving");
  waiting = waiting.then(act).finally(() => {
    pending -= 1;
    if (!pending && !desk.querySelector("#state.lost")) state("saved");
  });
  return waiting;
}

/** Send until the server has answered; a lost line loses nothing. */
async function deliver(path, body, box) {
  for (;;) {
    let reply = null;
    try {
      reply = await send("POST", path, body);
    } catch {
      reply = null;
    }
    if (reply && reply.status < 500) return taken(reply, box);
    state("lost", true);
    await new Promise((done) => setTimeout(done, RETRY_MS));
  }
}

async function taken(reply, box) {
  const told = reply.headers.get("content-type")?.includes("json") ? await reply.json() : {};
  state(null);
  if (reply.ok && told.fields) {
    update(told);
    return true;
  }
  if (!told.sentence) {
    state("lost", true); // signed out, or no more allowed: what was typed stays in this tab
    return false;
  }
  if (told.fields) update(told, told.key);
  const wrong = told.key ? boxes().find((one) => one.dataset.key === told.key) : box;
  if (wrong?.isConnected) {
    holder(wrong).classList.add("conflict");
    wrong.dataset.asked = "1";
    const theirs = "theirs" in told
      ? (told.theirs ? words.dataset.theirs.replace("{text}", told.theirs) : words.dataset.read)
      : told.sentence;
    holder(wrong).querySelector(".why").textContent = `${told.sentence ?? ""} ${theirs ?? ""}`.trim();
    go(wrong);
  }
  return false;
}

/** Take over what the server knows; what somebody is typing stays. */
function update(told, contested = "") {
  if (told.record !== desk.dataset.record) return;
  desk.dataset.wholeBase = told.whole_base;
  for (const field of told.fields) {
    const box = boxes().find((one) => one.dataset.key === field.key);
    if (!box) continue;
    if (sending.get(field.key)) continue;
    const dirty = box.value !== box.dataset.saved;
    const changed = field.base !== Number(box.dataset.base);
    box.dataset.base = field.base;
    if (field.asked) box.dataset.asked = "1";
    else delete box.dataset.asked;
    const frame = holder(box);
    frame.classList.toggle("asked", field.asked);
    frame.classList.toggle("unreadable", field.is_unreadable);
    frame.classList.toggle("is-done", field.is_done);
    frame.classList.toggle("decided", field.is_done && field.base > 0);
    if (field.key === contested) continue;
    if (!changed) continue;
    box.dataset.saved = field.text;
    if (dirty) continue;
    box.value = field.text;
    sessionStorage.removeItem(draft(box));
  }
  desk.dataset.open = told.open ? "1" : "";
}

async function accept() {
  const all = boxes();
  const mine = all.filter((box) => box.dataset.asked || box.value !== box.dataset.saved);
  const answers = mine.map((box) => ({
    record: desk.dataset.record, key: box.dataset.key, told: "text", text: box.value,
    base: Number(box.dataset.base), token: crypto.randomUUID(), keys: box === active ? keys : 0,
  }));
  if (desk.dataset.whole) {
    answers.push({
      record: desk.dataset.record, key: "", told: "text", text: "",
      base: Number(desk.dataset.wholeBase), token: crypto.randomUUID(), keys: 0,
    });
  }
  const record = desk.dataset.record;
  for (const box of mine) if (box.value || !box.dataset.blind) settled(box);
  let good = true;
  await queue(async () => {
    const fresh = answers.map((one) => {
      const box = boxes().find((each) => each.dataset.key === one.key);
      return box ? { ...one, base: Number(box.dataset.base) } : one;
    });
    good = await deliver("/review/accept", { record, answers: fresh }, active);
  });
  if (!good || desk.dataset.record !== record) return;
  desk.dataset.whole = "";
  const open = asked();
  if (open.length) go(open[0]);
  else finish();
}

async function finish() {
  const record = desk.dataset.record;
  await waiting;
  if (desk.dataset.record !== record || asked().length) return;
  await leave();
}

async function leave() {
  const record = desk.dataset.record;
  await waiting;
  const reply = await fetch(`/review/next?${query({ book: desk.dataset.book, after: record })}`, {
    headers: { Accept: "application/json" },
  });
  const next = reply.ok ? await reply.json() : {};
  if (next.record) await open(next.path);
  else window.location.assign("/review?done=1");
}

async function undo() {
  await waiting;
  const reply = await send("POST", `/review/undo?${query({ book: desk.dataset.book })}`);
  const told = reply.headers.get("content-type")?.includes("json") ? await reply.json() : {};
  if (told.record) await open(told.path, told.key);
  else if (told.sentence) desk.querySelector("#state").textContent = told.sentence;
}

async function open(path, key = "") {
  const reply = await fetch(path, { headers: { "X-Part": "desk" } });
  if (!reply.ok || reply.redirected) return window.location.assign(path);
  const made = new DOMParser().parseFromString(await reply.text(), "text/html").querySelector("#desk");
  const row = made.querySelector(".picture");
  const address = row.getAttribute("src");
  row.removeAttribute("src");
  desk.replaceWith(made);
  history.replaceState(null, "", path);
  show(row, address);
  begin(key);
}

// Suggestions

let wanted = 0;

async function suggest(box) {
  const mine = ++wanted;
  const text = box.value;
  if (!text.trim() || box.dataset.kind.includes("date")) return closeSuggestions();
  const reply = await fetch(
    `/review/suggestions/${box.dataset.key}/${encoded(desk.dataset.record)}?${query({ text })}`,
  ).catch(() => null);
  if (!reply?.ok || mine !== wanted || box !== active) return;
  const found = await reply.json();
  const shown = desk.querySelector("#suggestions");
  shown.replaceChildren(
    ...found.map((one, index) => {
      const line = Object.assign(document.createElement("li"), { textContent: one, id: `suggestion-${index}` });
      line.setAttribute("role", "option");
      line.addEventListener("mousedown", (event) => {
        event.preventDefault();
        put(box, one);
        closeSuggestions();
      });
      return line;
    }),
  );
  const below = box.getBoundingClientRect();
  shown.style.left = `${below.left}px`;
  const high = 26 * found.length;
  shown.style.top = below.bottom + high > window.innerHeight ? `${below.top - high - 4}px` : `${below.bottom}px`;
  shown.hidden = !found.length;
}

function closeSuggestions() {
  wanted += 1;
  const shown = desk.querySelector("#suggestions");
  shown.hidden = true;
  shown.replaceChildren();
}

function chooseSuggestion(step) {
  const lines = [...desk.querySelectorAll("#suggestions li")];
  if (!lines.length) return false;
  const place = lines.findIndex((one) => one.getAttribute("aria-selected") === "true");
  for (const one of lines) one.removeAttribute("aria-selected");
  const next = lines[(place + step + lines.length + (place < 0 && step < 0 ? 1 : 0)) % lines.length];
  next.setAttribute("aria-selected", "true");
  active.setAttribute("aria-activedescendant", next.id);
  return true;
}

function chosenSuggestion() {
  return desk.querySelector('#suggestions li[aria-selected="true"]')?.textContent;
}

// Keys

function uncertain(box) {
  const { selectionStart: start, selectionEnd: end, value } = box;
  const inside = value.slice(start, end);
  const sign = inside.length > 1 && inside.length <= 8 && !/[\s_[\]]/.test(inside) ? `[${inside}]` : "_";
  box.setRangeText(sign, start, end, "end");
  touched(box);
}

function showPaper() {
  const paper = document.querySelector("#paper");
  if (paper.open) return paper.close();
  show(paper.querySelector("img"), `${desk.querySelector("#see-page").getAttribute("href")}/picture`);
  paper.showModal();
}

function pressed(event) {
  if (composing(event)) return; // the input method's key, not ours
  if (document.querySelector("#help").open) return;
  if (document.querySelector("#paper").open) {
    if (event.key === " ") {
      event.preventDefault();
      showPaper();
    }
    return;
  }
  const box = event.target.matches?.("input[data-key]") ? event.target : null;
  if (!["Shift", "Control", "Alt", "Meta"].includes(event.key)) keys += 1;
  worked = Date.now();
  const act = keyAct(event, box);
  if (act) {
    event.preventDefault();
    act();
  }
}

function keyAct(event, box) {
  const plain = !event.ctrlKey && !event.altKey && !event.metaKey;
  if (event.key === "Enter" && event.ctrlKey) return accept;
  if ((event.key === "z" || event.key === "Z") && event.ctrlKey && !event.shiftKey) {
    return box && box.value !== box.dataset.saved ? null : undo; // the browser takes back typing
  }
  if (event.key === "F1") return showHelp;
  if (!box) return plain && event.key === " " && event.target === document.body ? showPaper : null;
  if (event.key === "Enter" && plain) {
    return () => {
      const suggestion = chosenSuggestion();
      if (suggestion !== undefined) put(box, suggestion);
      closeSuggestions();
      const conflict = holder(box).classList.contains("conflict");
      if (box.dataset.blind && box.dataset.asked && !box.value.trim() && !box.dataset.empty) {
        box.dataset.empty = "1"; // nothing may be written there, but a hasty Enter must not say so
        holder(box).querySelector(".why").textContent = words.dataset.empty;
        return;
      }
      if (box.dataset.asked || conflict || box.value !== box.dataset.saved) answer(box, "text");
      onward(box);
    };
  }
  if (event.key === "F4") return () => answerAnd(box, "ditto");
  if (event.key === "F8") return () => answerAnd(box, "unreadable");
  if (event.key === "F9") return () => uncertain(box);
  if (event.key === "Escape") {
    return () => {
      closeSuggestions();
      box.value = box.dataset.saved;
      touched(box);
      untouched = true;
      box.select();
    };
  }
  if (event.key === "ArrowDown") return () => chooseSuggestion(1);
  if (event.key === "ArrowUp") return () => chooseSuggestion(-1);
  const digit = /^Digit[1-5]$|^Numpad[1-5]$/.test(event.code) ? Number(event.code.at(-1)) : 0;
  const other = digit ? list(box, "others")[digit - 1] : undefined;
  const takes = event.altKey || (plain && untouched && PLAIN_DIGITS.has(box.dataset.kind));
  if (other !== undefined && takes && !event.ctrlKey) return () => put(box, other);
  if (plain && untouched && event.key === " ") return showPaper;
  if (plain && untouched && event.key === "?") return showHelp;
  return null;
}

function answerAnd(box, told) {
  box.value = box.dataset.saved;
  answer(box, told);
  onward(box);
}

function showHelp() {
  document.querySelector("#help").showModal();
}

// Life of the page

function begin(key = "") {
  desk = document.querySelector("#desk");
  words = desk.querySelector("#words");
  document.documentElement.classList.add("scripted");
  desk.querySelector("#see-help").hidden = false;
  active = null;
  for (const box of boxes()) {
    box.removeAttribute("list"); // our own suggestions take its place
    const kept = sessionStorage.getItem(draft(box));
    if (kept !== null && kept !== box.value) box.value = kept;
  }
  if (!desk.querySelector("#row").classList.contains("tall")) underColumns();
  const first = boxes().find((box) => box.dataset.key === key) || asked()[0] || boxes()[0];
  if (first) go(first);
  if (first && desk.dataset.whole && !asked().length) desk.querySelector("#accept").focus();
  for (const box of asked()) picture(cropAddress(desk.dataset.record, box.dataset.key)).catch(() => {});
  lookAhead();
}

document.addEventListener("keydown", pressed);
document.addEventListener("focusin", (event) => {
  if (event.target.matches("input[data-key]")) enter(event.target);
});
document.addEventListener("focusout", (event) => {
  const box = event.target;
  if (!box.matches("input[data-key]") || !box.isConnected) return;
  closeSuggestions();
  if (!untouched && box.value !== box.dataset.saved) answer(box, "text");
});
document.addEventListener("input", (event) => {
  if (!event.target.matches("input[data-key]")) return;
  touched(event.target);
  if (!event.isComposing) suggest(event.target);
});
document.addEventListener("compositionend", (event) => {
  if (event.target.matches("input[data-key]")) suggest(event.target);
});
document.addEventListener("submit", (event) => {
  if (event.target.id !== "fields") return;
  event.preventDefault();
  if (event.submitter?.id === "undo") undo();
  else accept();
});
document.addEventListener("click", (event) => {
  const what = event.target.closest("#leave, #see-page, #see-help")?.id;
  if (!what) return;
  event.preventDefault();
  if (what === "leave") leave();
  else if (what === "see-page") showPaper();
  else showHelp();
});
window.addEventListener("beforeunload", (event) => {
  if (pending) event.preventDefault();
});
setInterval(() => {
  if (Date.now() - worked < HOLD_MS * 3) send("POST", "/review/hold", { record: desk.dataset.record }).catch(() => {});
}, HOLD_MS);

begin();
