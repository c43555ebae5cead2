// A phone's page: photograph, send at once, see what the picture is worth, again if need be.
import { Refused, sendFile } from "./sending.js";

const page = document.querySelector(".phone");
const words = JSON.parse(page.dataset.words);
const where = { base: "/phone/uploads", token: page.dataset.token, part: Number(page.dataset.part) };
const input = page.querySelector('input[type="file"]');
const list = document.querySelector("#sent");
const count = document.querySelector("#count");
let again = 0; // number of the page that the next picture is to replace
let line = Promise.resolve();

input.addEventListener("change", () => {
  for (const file of input.files) {
    const row = document.createElement("li");
    row.textContent = words.sending;
    list.prepend(row);
    const replaced = again;
    again = 0;
    line = line.then(() => send(file, replaced, row));
  }
  input.value = "";
});

async function send(file, replaced, row) {
  const told = (share, isWaiting) => {
    row.textContent = isWaiting ? words.waiting : `${words.sending} ${Math.round(share * 100)} %`;
  };
  try {
    show(row, await sendFile(file, where, { again: replaced }, told), replaced);
  } catch (error) {
    row.className = "trouble";
    row.textContent = error instanceof Refused ? error.message : words.failed;
  }
}

function show(row, outcome, replaced) {
  row.replaceChildren();
  if (!outcome.pages.length) {
    row.className = outcome.refused.length ? "trouble" : "note";
    row.textContent = outcome.refused.join(" ") || words.known;
    return;
  }
  for (const one of outcome.pages) {
    row.className = { good: "done", look: "note", rescan: "trouble" }[one.grade];
    row.append(`${words.page} ${one.place}: ${one.sentences.join("; ") || words.good} `);
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = words.again;
    button.addEventListener("click", () => {
      again = one.number;
      input.click();
    });
    row.append(button);
    if (!replaced) count.textContent = Number(count.textContent) + 1;
  }
}
